//! When a modem that keeps failing leaves the pool, and when it is tried again.
//!
//! ```text
//!          3 failures in a row, or 2 uncertain parts in 10 min
//! Closed ───────────────────────────────────────────────────▶ Open ──its time is over──▶ HalfOpen
//!    ▲                                                          ▲                            │
//!    └────────────────────── the probe is sent ─────────────────┼────────────────────────────┤
//!                                                               └── it is not: twice as long ─┘
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{Disposition, NotWrittenReason, PartOutcome, Time};

use super::SendEnd;

/// What one attempt says about the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Sent,
    /// It failed, and certainly sent nothing.
    Failed,
    /// Nobody knows.
    Uncertain,
    /// The attempt says nothing about the modem: a bad number, a lost lease.
    Silent,
}

/// When the breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failures in a row, uncertain parts included. Default 3.
    pub failures_max: u8,
    /// Uncertain parts within `uncertain_window`. Default 2.
    pub uncertain_max: u8,
    /// The window. Default 10 min.
    pub uncertain_window: Duration,
    /// How long it stays open the first time; doubles while probes fail. Default 1 min.
    pub open_min: Duration,
    /// How long it stays open at most. Default 1 h.
    pub open_max: Duration,
}

/// Whether the modem may be given work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Yes.
    Closed,
    /// Not before this moment.
    Open {
        /// The moment.
        until: Time,
    },
    /// One part, as a probe.
    HalfOpen,
}

/// The memory of a modem's last attempts.
#[derive(Clone, Debug)]
pub struct Breaker {
    limits: BreakerLimits,
    failures: u8,
    uncertain: VecDeque<Time>,
    opened: Option<Opened>,
}

#[derive(Clone, Copy, Debug)]
struct Opened {
    until: Time,
    lasts: Duration,
}

impl Verdict {
    /// What the end of an attempt says about the modem.
    pub fn of(end: &SendEnd) -> Verdict {
        match end {
            SendEnd::EarlierCopyAccepted | SendEnd::Outcome(PartOutcome::Sent { .. }) => Verdict::Sent,
            SendEnd::Outcome(PartOutcome::Called(_)) => Verdict::Silent,
            SendEnd::Outcome(PartOutcome::Uncertain(_)) => Verdict::Uncertain,
            SendEnd::Outcome(PartOutcome::Refused(refusal)) => match refusal.disposition {
                Disposition::Permanent => Verdict::Silent,
                Disposition::Temporary | Disposition::ModemFault => Verdict::Failed,
            },
            SendEnd::NotWritten { reason, .. } => match reason {
                NotWrittenReason::NoPrompt | NotWrittenReason::PortLost => Verdict::Failed,
                NotWrittenReason::LeaseLost | NotWrittenReason::SimChanged | NotWrittenReason::Draining => {
                    Verdict::Silent
                }
            },
        }
    }
}

impl Default for BreakerLimits {
    fn default() -> BreakerLimits {
        BreakerLimits {
            failures_max: 3,
            uncertain_max: 2,
            uncertain_window: Duration::from_secs(600),
            open_min: Duration::from_secs(60),
            open_max: Duration::from_secs(3600),
        }
    }
}

impl Breaker {
    /// A closed breaker.
    pub fn new(limits: BreakerLimits) -> Breaker {
        Breaker { limits, failures: 0, uncertain: VecDeque::new(), opened: None }
    }

    /// Whether the modem may be given work at `now`.
    pub fn state(&self, now: Time) -> BreakerState {
        match self.opened {
            None => BreakerState::Closed,
            Some(opened) if now < opened.until => BreakerState::Open { until: opened.until },
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// An attempt ended at `now`.
    pub fn record(&mut self, verdict: Verdict, now: Time) {
        match verdict {
            Verdict::Sent => self.close(),
            Verdict::Failed => self.count(now),
            Verdict::Uncertain => {
                self.uncertain.push_back(now);
                self.count(now);
            }
            Verdict::Silent => {}
        }
    }

    /// A late answer or a report settled an uncertain part: it was sent after all.
    pub fn settled(&mut self) {
        self.uncertain.pop_back();
        self.failures = self.failures.saturating_sub(1);
    }

    /// The modem works, or a person unblocked it.
    pub fn close(&mut self) {
        self.failures = 0;
        self.opened = None;
    }

    fn count(&mut self, now: Time) {
        self.failures = self.failures.saturating_add(1);
        self.uncertain.retain(|at| now.since(*at) < self.limits.uncertain_window);
        let doubts = self.uncertain.len() >= usize::from(self.limits.uncertain_max);
        if self.opened.is_some() || doubts || self.failures >= self.limits.failures_max {
            self.open(now);
        }
    }

    fn open(&mut self, now: Time) {
        let lasts = match self.opened {
            None => self.limits.open_min,
            Some(before) => before.lasts.saturating_mul(2).min(self.limits.open_max),
        };
        self.opened = Some(Opened { until: now + lasts, lasts });
        // What opened it is used up: the probe alone decides about the next step.
        self.uncertain.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: u64 = 60_000;

    fn minute(n: u64) -> Time {
        Time::from_millis(n * MINUTE_MS)
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_a_success_between_does_not() {
        let mut breaker = Breaker::new(BreakerLimits::default());

        for verdict in [Verdict::Failed, Verdict::Failed, Verdict::Sent, Verdict::Failed, Verdict::Failed] {
            breaker.record(verdict, minute(1));
        }
        assert_eq!(breaker.state(minute(1)), BreakerState::Closed);

        breaker.record(Verdict::Failed, minute(1));
        assert_eq!(breaker.state(minute(1)), BreakerState::Open { until: minute(2) });
    }

    #[test]
    fn two_uncertain_parts_open_it_only_within_ten_minutes_of_each_other() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        breaker.record(Verdict::Uncertain, minute(0));
        breaker.record(Verdict::Sent, minute(1));
        breaker.record(Verdict::Uncertain, minute(10));
        assert_eq!(breaker.state(minute(10)), BreakerState::Closed);

        breaker.record(Verdict::Sent, minute(11));
        breaker.record(Verdict::Uncertain, minute(12));
        assert_eq!(breaker.state(minute(12)), BreakerState::Open { until: minute(13) });
    }

    #[test]
    fn a_failed_probe_doubles_the_wait_and_a_sent_one_closes_it() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        (0..3).for_each(|_| breaker.record(Verdict::Failed, minute(0)));
        assert_eq!(breaker.state(minute(1)), BreakerState::HalfOpen);

        breaker.record(Verdict::Failed, minute(1));
        assert_eq!(breaker.state(minute(1)), BreakerState::Open { until: minute(3) });
        assert_eq!(breaker.state(minute(3)), BreakerState::HalfOpen);

        breaker.record(Verdict::Sent, minute(3));
        assert_eq!(breaker.state(minute(3)), BreakerState::Closed);
    }

    #[test]
    fn the_wait_has_an_upper_bound() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        (0..40).for_each(|_| breaker.record(Verdict::Failed, minute(0)));

        assert_eq!(breaker.state(minute(0)), BreakerState::Open { until: minute(60) });
    }

    #[test]
    fn a_bad_number_does_not_count_against_the_modem() {
        use crate::model::{Cause, Refusal};
        let refused = |disposition| {
            SendEnd::Outcome(PartOutcome::Refused(Refusal { cause: Cause::Cms(1), disposition }))
        };

        assert_eq!(Verdict::of(&refused(Disposition::Permanent)), Verdict::Silent);
        assert_eq!(Verdict::of(&refused(Disposition::Temporary)), Verdict::Failed);
        let lease = SendEnd::NotWritten { reason: NotWrittenReason::LeaseLost, cause: None };
        assert_eq!(Verdict::of(&lease), Verdict::Silent);
    }
}
