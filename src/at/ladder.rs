//! Which reset comes next for a modem whose dialogue failed.
//!
//! ```text
//! ground ─failed▶ Resynchronise ─▶ Reopen ─▶ RadioCycle ─▶ Restart ─▶ PowerCycle ─▶ Quarantine ─▶ Reopen …
//!    ▲                                                                                  
//!    └── recovered, and well for `steady`; a failure before that climbs on from where it was
//! ```
//!
//! Rungs the modem or the host cannot do are stepped over. The wait before a rung doubles with each.

use std::time::Duration;

use crate::model::Time;

/// One kind of reset, the gentlest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// ESC, AT, echo off, verify.
    Resynchronise,
    /// Close the port and open it again; the host's work.
    Reopen,
    /// Radio off and on (`AT+CFUN=4`, `=1`).
    RadioCycle,
    /// `AT+CFUN=1,1` or the vendor's reset; the device may come back under another name.
    Restart,
    /// Cut the power of the device or its USB port; the host's hook.
    PowerCycle,
    /// Leave it alone for a while and call a person.
    Quarantine,
}

/// What the ladder may do, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LadderLimits {
    /// Whether the driver survives a radio cycle.
    pub radio_cycle: bool,
    /// Whether the host has a power hook.
    pub power_cycle: bool,
    /// Wait before the second rung; doubles with every rung. Default 1 s.
    pub backoff_min: Duration,
    /// Longest wait between rungs. Default 60 s.
    pub backoff_max: Duration,
    /// How long a quarantine lasts before the ladder begins again at `Reopen`. Default 10 min.
    pub quarantine: Duration,
    /// How long a modem has to be well to start from the ground again. Default 5 min.
    pub steady: Duration,
}

/// The next reset, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub rung: Rung,
    /// Not before this moment.
    pub not_before: Time,
}

/// How far up the ladder a modem is.
#[derive(Clone, Debug)]
pub struct Ladder {
    limits: LadderLimits,
    rung: Option<Rung>,
    backoff: Duration,
    well_since: Option<Time>,
}

impl Default for LadderLimits {
    fn default() -> LadderLimits {
        LadderLimits {
            radio_cycle: true,
            power_cycle: false,
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            quarantine: Duration::from_secs(600),
            steady: Duration::from_secs(300),
        }
    }
}

impl Ladder {
    /// A ladder nobody stands on.
    pub fn new(limits: LadderLimits) -> Ladder {
        Ladder { limits, rung: None, backoff: Duration::ZERO, well_since: None }
    }

    /// The rung reached, none on the ground.
    pub fn rung(&self) -> Option<Rung> {
        self.rung
    }

    /// The dialogue failed, or the last rung did not help: the next thing to do.
    pub fn failed(&mut self, now: Time) -> Step {
        let steady = self.well_since.take().is_some_and(|since| now.since(since) >= self.limits.steady);
        if steady {
            self.ground();
        }
        let rung = self.next_rung();
        let step = Step { rung, not_before: now + self.wait_before(rung) };
        self.rung = Some(rung);
        self.backoff = self.next_backoff(rung);
        step
    }

    /// The modem works again, since `now`.
    pub fn recovered(&mut self, now: Time) {
        self.well_since = self.well_since.or(Some(now));
    }

    /// A person looked after the modem: everything before is forgotten.
    pub fn ground(&mut self) {
        self.rung = None;
        self.backoff = Duration::ZERO;
        self.well_since = None;
    }

    fn next_rung(&self) -> Rung {
        match self.rung {
            None => Rung::Resynchronise,
            Some(Rung::Resynchronise | Rung::Quarantine) => Rung::Reopen,
            Some(Rung::Reopen) if self.limits.radio_cycle => Rung::RadioCycle,
            Some(Rung::Reopen | Rung::RadioCycle) => Rung::Restart,
            Some(Rung::Restart) if self.limits.power_cycle => Rung::PowerCycle,
            Some(Rung::Restart | Rung::PowerCycle) => Rung::Quarantine,
        }
    }

    fn wait_before(&self, rung: Rung) -> Duration {
        // The end of a quarantine is the wait before what follows it.
        match (self.rung, rung) {
            (Some(Rung::Quarantine), _) => self.limits.quarantine,
            (_, Rung::Quarantine) => Duration::ZERO,
            (_, _) => self.backoff,
        }
    }

    fn next_backoff(&self, rung: Rung) -> Duration {
        match rung {
            Rung::Resynchronise => self.limits.backoff_min,
            Rung::Quarantine => Duration::ZERO,
            Rung::Reopen | Rung::RadioCycle | Rung::Restart | Rung::PowerCycle => {
                self.backoff.saturating_mul(2).clamp(self.limits.backoff_min, self.limits.backoff_max)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn climb(ladder: &mut Ladder, now: Time, rungs: usize) -> Vec<(Rung, u64)> {
        (0..rungs)
            .map(|_| ladder.failed(now))
            .map(|step| (step.rung, step.not_before.since(now).as_secs()))
            .collect()
    }

    #[test]
    fn the_ladder_climbs_to_quarantine_and_begins_again_after_it() {
        let mut ladder = Ladder::new(LadderLimits { power_cycle: true, ..LadderLimits::default() });

        let steps = climb(&mut ladder, Time::from_millis(1000), 8);

        let expected = [
            (Rung::Resynchronise, 0),
            (Rung::Reopen, 1),
            (Rung::RadioCycle, 2),
            (Rung::Restart, 4),
            (Rung::PowerCycle, 8),
            (Rung::Quarantine, 0),
            (Rung::Reopen, 600),
            (Rung::RadioCycle, 1),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_modem_that_never_returns_from_radio_off_is_not_radio_cycled() {
        let mut ladder = Ladder::new(LadderLimits { radio_cycle: false, ..LadderLimits::default() });

        let rungs: Vec<Rung> = climb(&mut ladder, Time::ZERO, 4).into_iter().map(|(rung, _)| rung).collect();

        assert_eq!(rungs, [Rung::Resynchronise, Rung::Reopen, Rung::Restart, Rung::Quarantine]);
    }

    #[test]
    fn a_modem_that_fails_again_soon_climbs_on_and_one_long_well_starts_anew() {
        let mut ladder = Ladder::new(LadderLimits::default());
        climb(&mut ladder, Time::ZERO, 2);

        ladder.recovered(Time::from_millis(10_000));
        ladder.recovered(Time::from_millis(20_000));
        assert_eq!(ladder.failed(Time::from_millis(60_000)).rung, Rung::RadioCycle);

        ladder.recovered(Time::from_millis(70_000));
        assert_eq!(ladder.failed(Time::from_millis(370_000)).rung, Rung::Resynchronise);
    }
}
