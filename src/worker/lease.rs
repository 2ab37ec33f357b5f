//! A node's own view of its lease: how long it may still hand bytes to a modem.
//!
//! Safety does not rest on it (the log decides); it keeps a node that was cut off or paused from
//! sending into a future in which the cluster has given its claims away.

use std::time::Duration;

use crate::model::Time;

/// Share of the lease a node trusts: its clock and the leader's may drift apart by 2 %.
const TRUSTED_PERCENT: u32 = 98;
const NANOS_PER_MS: u32 = 1_000_000;

/// Length of the lease, how often it is renewed, and the margin at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// How long a renewal lasts at the leader. Default 2.5 s.
    pub length: Duration,
    /// How often it is renewed. Default 0.5 s.
    pub renewal: Duration,
    /// What must be left of the lease when the first byte of a part is written. Default 0.75 s.
    pub guard: Duration,
}

impl Default for LeaseTerms {
    fn default() -> LeaseTerms {
        LeaseTerms {
            length: Duration::from_millis(2500),
            renewal: Duration::from_millis(500),
            guard: Duration::from_millis(750),
        }
    }
}

impl LeaseTerms {
    /// The part of the lease that a node trusts.
    pub fn trusted(&self) -> Duration {
        self.length * TRUSTED_PERCENT / 100
    }

    /// The shortest lease, in whole milliseconds, of which so much is trusted.
    pub fn length_to_trust(trusted: Duration) -> Duration {
        let length = trusted * 100 / TRUSTED_PERCENT;
        let over = length.subsec_nanos() % NANOS_PER_MS;
        length + Duration::from_nanos(u64::from((NANOS_PER_MS - over) % NANOS_PER_MS))
    }

    /// For how long after a renewal was sent a first byte may be written.
    pub fn writable(&self) -> Duration {
        self.trusted().saturating_sub(self.guard)
    }
}

/// The lease of one session as its node knows it.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    terms: LeaseTerms,
    /// When the newest renewal that was answered had been sent.
    renewed: Option<Time>,
}

impl Lease {
    /// A lease that was never renewed: nothing may be written.
    pub fn new(terms: LeaseTerms) -> Lease {
        Lease { terms, renewed: None }
    }

    /// A renewal sent at `sent` was answered. An older answer that arrives late changes nothing.
    pub fn handle_renewed(&mut self, sent: Time) {
        self.renewed = self.renewed.max(Some(sent));
    }

    /// The session ended: nothing may be written until the next one is renewed.
    pub fn handle_lost(&mut self) {
        self.renewed = None;
    }

    /// Until when a first byte, or Ctrl-Z, may be written. Counted from when the renewal was sent, since
    /// the leader counts from when it arrived.
    pub fn writable_until(&self) -> Option<Time> {
        self.renewed.map(|sent| sent + self.terms.writable())
    }

    /// Whether bytes may be handed to a modem at `now`.
    pub fn permits_writing(&self, now: Time) -> bool {
        self.writable_until().is_some_and(|until| now < until)
    }

    /// When the next renewal is due.
    pub fn renewal_due(&self) -> Time {
        self.renewed.map_or(Time::ZERO, |sent| sent + self.terms.renewal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn nothing_is_written_before_the_first_renewal() {
        assert!(!Lease::new(LeaseTerms::default()).permits_writing(at(0)));
    }

    #[test]
    fn the_shortest_lease_to_trust_for_a_while_is_long_enough_and_one_less_is_not() {
        let trusted =
            |ms| LeaseTerms { length: Duration::from_millis(ms), ..LeaseTerms::default() }.trusted();

        assert_eq!(LeaseTerms::length_to_trust(trusted(2500)), Duration::from_millis(2500));
        assert_eq!(LeaseTerms::length_to_trust(Duration::from_millis(2250)), Duration::from_millis(2296));
        assert!(trusted(2296) >= Duration::from_millis(2250) && trusted(2295) < Duration::from_millis(2250));
    }

    #[test]
    fn writing_ends_a_guard_before_the_lease_does() {
        let mut lease = Lease::new(LeaseTerms::default());

        lease.handle_renewed(at(1000));

        assert!(lease.permits_writing(at(1000 + 2450 - 750 - 1)));
        assert!(!lease.permits_writing(at(1000 + 2450 - 750)));
    }

    #[test]
    fn a_late_answer_to_an_older_renewal_shortens_nothing() {
        let mut lease = Lease::new(LeaseTerms::default());

        lease.handle_renewed(at(5000));
        lease.handle_renewed(at(1000));

        assert!(lease.permits_writing(at(6000)));
    }

    #[test]
    fn a_lost_session_stops_writing_at_once() {
        let mut lease = Lease::new(LeaseTerms::default());
        lease.handle_renewed(at(1000));

        lease.handle_lost();

        assert!(!lease.permits_writing(at(1001)));
    }
}
