//! A node's own view of its lease: how long it may still hand bytes to a modem.
//!
//! Safety does not rest on it (the log decides); it keeps a node that was cut off or paused from
//! sending into a future in which the cluster has given its claims away.

use std::time::Duration;

use crate::model::Time;

/// Share of the lease a node trusts: its clock and the leader's may drift apart by 2 %.
const TRUSTED_PERCENT: u32 = 98;
/// Share of a lease the leader waits for a majority between two looks: less than what counts as standing still.
const CONFIRM_PERCENT: u32 = 36;
const NANOS_PER_MS: u32 = 1_000_000;

/// Shortest time between two renewals, whatever a leader says of its lease.
pub const RENEWAL_MIN: Duration = Duration::from_millis(50);

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
    /// How long a leader keeps leases that says so, or does not: who does not say it knows no length but the default.
    pub fn kept(said: Option<Duration>) -> Duration {
        said.unwrap_or(LeaseTerms::default().length)
    }

    /// These terms under a leader that keeps leases for `kept`: of a shorter one only so much is left, and it is renewed
    /// in proportion. A longer one changes nothing. The guard stays: writing takes as long as ever.
    pub fn under(self, kept: Duration) -> LeaseTerms {
        if kept >= self.length {
            return self;
        }
        let nanos = self.renewal.as_nanos() * kept.as_nanos() / self.length.as_nanos();
        let renewal = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        LeaseTerms { length: kept, renewal: renewal.max(RENEWAL_MIN), ..self }
    }

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

    /// How long a leader waits at most for a majority to confirm it, for a renewal or before it looks again.
    pub fn confirm_within(&self) -> Duration {
        self.length * CONFIRM_PERCENT / 100
    }

    /// For how long after a renewal was sent a first byte may be written.
    pub fn writable(&self) -> Duration {
        self.trusted().saturating_sub(self.guard)
    }
}

/// The lease of one session as its node knows it.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    own: LeaseTerms,
    renewed: Option<Renewed>,
}

/// The newest renewal that was answered.
#[derive(Clone, Copy, Debug)]
struct Renewed {
    sent: Time,
    terms: LeaseTerms,
}

impl Lease {
    /// A lease on this node's `own` terms that was never renewed: nothing may be written.
    pub fn new(own: LeaseTerms) -> Lease {
        Lease { own, renewed: None }
    }

    /// A renewal sent at `sent` was answered by a leader that `said` how long it keeps leases, or did not. An older answer
    /// that arrives late changes nothing.
    pub fn handle_renewed(&mut self, sent: Time, said: Option<Duration>) {
        if self.renewed.is_none_or(|renewed| renewed.sent <= sent) {
            self.renewed = Some(Renewed { sent, terms: self.own.under(LeaseTerms::kept(said)) });
        }
    }

    /// The session ended: nothing may be written until the next one is renewed.
    pub fn handle_lost(&mut self) {
        self.renewed = None;
    }

    /// The terms that count: this node's own, or what its leader leaves of them.
    pub fn terms(&self) -> LeaseTerms {
        self.renewed.map_or(self.own, |renewed| renewed.terms)
    }

    /// Until when a first byte, or Ctrl-Z, may be written. Counted from when the renewal was sent, since
    /// the leader counts from when it arrived.
    pub fn writable_until(&self) -> Option<Time> {
        self.renewed.map(|renewed| renewed.sent + renewed.terms.writable())
    }

    /// Whether nothing is left at `now` of what the newest answer gave.
    pub fn is_over(&self, now: Time) -> bool {
        self.renewed.is_none_or(|renewed| now >= renewed.sent + renewed.terms.trusted())
    }

    /// Whether bytes may be handed to a modem at `now`.
    pub fn permits_writing(&self, now: Time) -> bool {
        self.writable_until().is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Renewals;

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

        lease.handle_renewed(at(1000), None);

        assert!(lease.permits_writing(at(1000 + 2450 - 750 - 1)));
        assert!(!lease.permits_writing(at(1000 + 2450 - 750)));
    }

    #[test]
    fn a_lease_is_over_when_the_trusted_part_is_and_that_of_a_shorter_one_sooner() {
        let mut lease = Lease::new(LeaseTerms::default());
        assert!(lease.is_over(at(0)), "never renewed");

        lease.handle_renewed(at(1000), None);
        assert!(!lease.is_over(at(1000 + 2449)));
        assert!(lease.is_over(at(1000 + 2450)));

        lease.handle_renewed(at(1000), Some(Duration::from_secs(1)));
        assert!(!lease.is_over(at(1000 + 979)));
        assert!(lease.is_over(at(1000 + 980)));
    }

    #[test]
    fn a_late_answer_to_an_older_renewal_shortens_nothing() {
        let mut lease = Lease::new(LeaseTerms::default());

        lease.handle_renewed(at(5000), None);
        lease.handle_renewed(at(1000), None);

        assert!(lease.permits_writing(at(6000)));
    }

    #[test]
    fn a_lost_session_stops_writing_at_once() {
        let mut lease = Lease::new(LeaseTerms::default());
        lease.handle_renewed(at(1000), None);

        lease.handle_lost();

        assert!(!lease.permits_writing(at(1001)));
    }

    #[test]
    fn of_a_leader_with_a_shorter_lease_no_more_is_trusted_than_it_keeps() {
        let mut lease = Lease::new(LeaseTerms::default());

        lease.handle_renewed(at(1000), Some(Duration::from_secs(1)));

        assert!(lease.permits_writing(at(1000 + 980 - 750 - 1)));
        assert!(!lease.permits_writing(at(1000 + 980 - 750)));
        assert_eq!(
            lease.terms().renewal,
            Duration::from_millis(200),
            "five of them, as in a lease of its own"
        );
    }

    #[test]
    fn a_node_that_believed_in_a_longer_lease_would_write_when_its_session_has_ended() {
        let kept = Duration::from_secs(1);
        let terms = LeaseTerms { length: kept, ..LeaseTerms::default() };
        let ended = at(1000) + Renewals::new(terms).patience();
        let (mut told, mut untold) = (Lease::new(LeaseTerms::default()), Lease::new(LeaseTerms::default()));

        told.handle_renewed(at(1000), Some(kept));
        untold.handle_renewed(at(1000), None);

        assert!(untold.permits_writing(ended), "a part begun before the end would be in doubt");
        assert!(!told.permits_writing(ended));
    }

    #[test]
    fn of_a_leader_that_does_not_say_how_long_it_keeps_a_lease_no_more_is_trusted_than_the_default() {
        let own = LeaseTerms {
            length: Duration::from_secs(20),
            renewal: Duration::from_secs(4),
            ..LeaseTerms::default()
        };
        let ended = at(1000) + Renewals::new(LeaseTerms::default()).patience();
        let mut lease = Lease::new(own);

        lease.handle_renewed(at(1000), None);

        assert!(!lease.permits_writing(ended), "a part begun then would be in doubt");
        assert_eq!(lease.terms(), LeaseTerms::default(), "renewed as often too");
    }

    #[test]
    fn a_longer_lease_of_the_leader_changes_nothing() {
        for kept in [Some(Duration::from_millis(2500)), Some(Duration::from_secs(9))] {
            let mut lease = Lease::new(LeaseTerms::default());

            lease.handle_renewed(at(1000), kept);

            assert_eq!(lease.writable_until(), Some(at(1000 + 2450 - 750)), "{kept:?}");
            assert_eq!(lease.terms(), LeaseTerms::default(), "{kept:?}");
        }
    }

    #[test]
    fn the_newest_answer_says_what_counts_whichever_comes_last() {
        let (short, long) = (Some(Duration::from_secs(1)), Some(Duration::from_millis(2500)));
        let mut lease = Lease::new(LeaseTerms::default());

        lease.handle_renewed(at(5000), short);
        lease.handle_renewed(at(4900), long);
        assert_eq!(lease.writable_until(), Some(at(5000 + 980 - 750)));

        lease.handle_renewed(at(5100), long);
        assert_eq!(lease.writable_until(), Some(at(5100 + 2450 - 750)));

        lease.handle_lost();
        assert_eq!((lease.writable_until(), lease.terms()), (None, LeaseTerms::default()));
    }

    #[test]
    fn a_lease_that_the_guard_fills_permits_nothing_and_is_renewed_all_the_same() {
        let mut lease = Lease::new(LeaseTerms::default());

        lease.handle_renewed(at(1000), Some(Duration::from_millis(1)));

        assert!(!lease.permits_writing(at(1000)));
        assert_eq!(lease.terms().renewal, RENEWAL_MIN);
    }
}
