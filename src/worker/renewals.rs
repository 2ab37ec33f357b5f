//! The leader's view of everybody's lease: who was heard of lately, and whose session has to end.
//!
//! ```text
//!            leads, first entry applied             a renewal, or the session's first sight
//!  (silent) ───────────────────────────▶ reign ─────────────────────────────▶ heard now
//!     ▲                                    │ ▲                                    │ 1.02 lease + margin
//!     └───────────── deposed ──────────────┘ └── stood still: all heard now       ▼
//!                                                                        overdue: ExpireSession
//! ```
//!
//! The table lives in the leader's memory, on its clock that counts suspended time too. A new leader knows nothing of
//! what the one before was told, nor for how long that one gave leases, so it takes everybody as heard of at the
//! beginning of its reign and waits as its own terms say. Safety rests on the log alone: a session that ends too early
//! costs at most one uncertain part for each of its modems.

use std::collections::BTreeMap;
use std::time::Duration;

use super::LeaseTerms;
use crate::model::{SessionId, Time};

/// The leader waits longer than the lease by this share: its clock and the holder's may drift apart by 2 %.
const PATIENCE_PERCENT: u32 = 102;
/// What is waited beyond that: a renewal may have waited in this process while it was not scheduled.
const MARGIN: Duration = Duration::from_millis(100);
/// A leader that did not look for this share of a lease stood still: what it should have heard may still wait in its
/// sockets.
const STILL_PERCENT: u32 = 40;

/// Who was heard of, in the reign of this leader.
#[derive(Clone, Debug)]
pub struct Renewals {
    terms: LeaseTerms,
    reign: Option<Reign>,
}

#[derive(Clone, Debug)]
struct Reign {
    looked: Time,
    /// When each live session was heard of last. As large as the sessions it was last shown.
    heard: BTreeMap<SessionId, Time>,
}

impl Renewals {
    /// The table of a node that does not lead.
    pub fn new(terms: LeaseTerms) -> Renewals {
        Renewals { terms, reign: None }
    }

    /// The node leads and has applied an entry of its own term: every session has a whole lease from now on.
    pub fn handle_leading(&mut self, now: Time) {
        self.reign = Some(Reign { looked: now, heard: BTreeMap::new() });
    }

    /// The node leads no more, or is not sure of it: nobody is expired.
    pub fn handle_deposed(&mut self) {
        self.reign = None;
    }

    /// A renewal came at `received`, and this node was confirmed as the leader after that. Whether it counts: the node
    /// must be in its reign. The caller has seen that the session is live.
    pub fn handle_renewal(&mut self, session: SessionId, received: Time) -> bool {
        let Some(reign) = &mut self.reign else { return false };
        let heard = reign.heard.entry(session).or_insert(received);
        *heard = received.max(*heard);
        true
    }

    /// Looks at the live sessions: the new ones are heard of now, the ended ones are forgotten, and those not heard of
    /// for too long are returned. None of them after the node stood still: they get another lease.
    pub fn overdue(&mut self, live: impl IntoIterator<Item = SessionId>, now: Time) -> Vec<SessionId> {
        let patience = self.patience();
        let still = self.terms.length * STILL_PERCENT / 100;
        let Some(reign) = &mut self.reign else { return Vec::new() };
        if now.since(reign.looked) > still {
            reign.heard.clear();
        }
        reign.looked = now;
        let known = std::mem::take(&mut reign.heard);
        let seen = live.into_iter().map(|session| (session, known.get(&session).copied().unwrap_or(now)));
        reign.heard = seen.collect();
        let overdue = reign.heard.iter().filter(|(_, heard)| now.since(**heard) > patience);
        overdue.map(|(session, _)| *session).collect()
    }

    /// How often [`Renewals::overdue`] has to be asked at least, so that a leader at work never counts as one that
    /// stood still.
    pub fn look_interval(&self) -> Duration {
        self.terms.length / 10
    }

    /// How long the leader waits at most for a majority to confirm it, before it looks again.
    pub fn confirm_within(&self) -> Duration {
        self.terms.confirm_within()
    }

    /// How long a session may be silent.
    pub fn patience(&self) -> Duration {
        self.terms.length * PATIENCE_PERCENT / 100 + MARGIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SessionId = SessionId(1);
    const TWO: SessionId = SessionId(2);

    #[test]
    fn a_silent_session_is_named_after_the_lease_its_drift_and_the_margin_and_no_earlier() {
        let mut leader = Leader::new(0);
        leader.look(&[ONE], 0);

        assert_eq!(leader.look(&[ONE], 2650), []);
        assert_eq!(leader.look(&[ONE], 2651), [ONE]);
    }

    #[test]
    fn who_renews_stays_and_who_does_not_goes() {
        let mut leader = Leader::new(0);
        leader.look(&[ONE, TWO], 0);

        leader.look(&[ONE, TWO], 2000);
        assert!(leader.table.handle_renewal(ONE, Time::from_millis(2000)));

        assert_eq!(leader.look(&[ONE, TWO], 2700), [TWO]);
        assert_eq!(leader.look(&[ONE], 4650), []);
        assert_eq!(leader.look(&[ONE], 4651), [ONE]);
    }

    #[test]
    fn a_new_leader_waits_a_whole_lease_for_sessions_it_never_heard_of() {
        let mut leader = Leader::new(0);
        leader.look(&[ONE], 0);
        leader.look(&[ONE], 2600);

        leader.table.handle_deposed();
        leader.now = 10_000;
        leader.table.handle_leading(Time::from_millis(10_000));
        leader.look(&[ONE], 10_000);

        assert_eq!(leader.look(&[ONE], 12_650), []);
        assert_eq!(leader.look(&[ONE], 12_651), [ONE]);
    }

    #[test]
    fn who_does_not_lead_answers_no_renewal_and_names_nobody() {
        let mut table = Renewals::new(LeaseTerms::default());
        assert!(!table.handle_renewal(ONE, Time::ZERO));
        assert_eq!(table.overdue([ONE], Time::from_millis(60_000)), []);

        table.handle_leading(Time::from_millis(60_000));
        assert!(table.handle_renewal(ONE, Time::from_millis(60_000)));
        table.handle_deposed();

        assert!(!table.handle_renewal(ONE, Time::from_millis(60_001)));
    }

    #[test]
    fn a_session_registered_during_the_reign_has_its_lease_from_its_first_sight() {
        let mut leader = Leader::new(0);
        leader.look(&[], 10_000);
        leader.look(&[TWO], 10_100);

        assert_eq!(leader.look(&[TWO], 12_750), []);
        assert_eq!(leader.look(&[TWO], 12_751), [TWO]);
    }

    #[test]
    fn a_leader_that_stood_still_gives_everybody_another_lease() {
        let mut leader = Leader::new(0);
        leader.look(&[ONE], 0);

        let woken = leader.table.overdue([ONE], Time::from_millis(60_000));

        assert_eq!(woken, []);
        leader.now = 60_000;
        assert_eq!(leader.look(&[ONE], 62_650), []);
        assert_eq!(leader.look(&[ONE], 62_651), [ONE]);
    }

    #[test]
    fn an_older_renewal_that_is_confirmed_late_shortens_nothing() {
        let mut leader = Leader::new(0);
        leader.look(&[ONE], 2000);

        leader.table.handle_renewal(ONE, Time::from_millis(2000));
        leader.table.handle_renewal(ONE, Time::from_millis(500));

        assert_eq!(leader.look(&[ONE], 4650), []);
    }

    #[test]
    fn the_table_holds_no_session_that_has_ended() {
        let mut leader = Leader::new(0);
        leader.look(&[ONE], 100);
        for ended in 2..1000 {
            leader.table.handle_renewal(SessionId(ended), Time::from_millis(100));
        }

        leader.look(&[ONE], 200);

        assert_eq!(leader.table.reign.expect("it leads").heard.len(), 1);
    }

    /// A leader at work: it looks as often as it has to.
    struct Leader {
        table: Renewals,
        now: u64,
    }

    impl Leader {
        fn new(now: u64) -> Leader {
            let mut table = Renewals::new(LeaseTerms::default());
            table.handle_leading(Time::from_millis(now));
            Leader { table, now }
        }

        /// What the look at `until` names.
        fn look(&mut self, live: &[SessionId], until: u64) -> Vec<SessionId> {
            let step = u64::try_from(self.table.look_interval().as_millis()).expect("a short span");
            while self.now + step < until {
                self.now += step;
                self.table.overdue(live.iter().copied(), Time::from_millis(self.now));
            }
            self.now = until;
            self.table.overdue(live.iter().copied(), Time::from_millis(until))
        }
    }
}
