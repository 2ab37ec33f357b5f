//! Renews the lease of this node's session at the leader, wherever that is.
//!
//! Several renewals may be under way: one that got lost must not delay the next. Each counts from when it was sent, so
//! a node that was paused writes nothing until the leader has answered it anew. The answer says how long the leader keeps
//! the lease: of a shorter one than this node's own no more is trusted than that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use smsgrid::model::{NodeId, SessionId, Time};
use smsgrid::worker::{Lease, LeaseTerms};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::differing::Differing;
use crate::clock::Clock;
use crate::peer::Renewal;
use crate::raft::Leadership;

/// Most renewals under way at once.
const UNDER_WAY_MAX: u32 = 4;
/// Wait after a renewal that was not taken, unless a new leader is known sooner.
const AGAIN: Duration = Duration::from_millis(100);

/// Asks a node, which should be the leader, to renew the lease of a session; none when it does not answer.
pub type AskLeader = dyn Fn(NodeId, SessionId, Duration) -> BoxFuture<'static, Option<Renewal>> + Send + Sync;

/// Keeps the lease of this node.
pub struct Holder {
    /// The lease that is kept.
    pub lease: Arc<Mutex<Lease>>,
    /// The session it belongs to.
    pub session: watch::Receiver<Option<SessionId>>,
    /// Who leads.
    pub leadership: watch::Receiver<Leadership>,
    /// The way to the leader, which may be this node.
    pub leader: Arc<AskLeader>,
    /// What leaders say of their leases.
    pub differing: Differing,
    /// Called when parts may be written again.
    pub regained: Box<dyn Fn() + Send + Sync>,
    /// Time.
    pub clock: Clock,
}

/// A renewal that has come to its end.
struct Answer {
    leader: NodeId,
    session: SessionId,
    sent: Time,
    renewal: Option<Renewal>,
}

impl Holder {
    /// Renews until the task is dropped. Writes nothing to disk.
    pub async fn keep(mut self) {
        let mut under_way = FuturesUnordered::new();
        let mut due = Instant::now();
        loop {
            let can_ask = self.session.borrow().is_some() && under_way.len() < UNDER_WAY_MAX as usize;
            tokio::select! {
                () = sleep_until(due), if can_ask => {
                    due = self.next();
                    match self.ask() {
                        Some(renewal) => under_way.push(renewal),
                        None => due = Instant::now() + AGAIN,
                    }
                }
                Some(answer) = under_way.next(), if !under_way.is_empty() => {
                    // A leader may want the next one sooner than was known when this one was sent.
                    let again = if self.take(&answer) { self.next() } else { Instant::now() + AGAIN };
                    due = due.min(again);
                }
                Ok(()) = self.session.changed() => due = Instant::now(),
                // Both senders live as long as the node.
                Ok(()) = self.leadership.changed() => due = Instant::now(),
            }
        }
    }

    /// A renewal of the session there is, by the leader that is known; none when either is not there.
    fn ask(&self) -> Option<BoxFuture<'static, Answer>> {
        let session = (*self.session.borrow())?;
        let leader = self.leadership.borrow().leader?;
        let sent = self.clock.now();
        // What a leader said counts for as long as its lease, and for no other leader.
        let is_over = self.lease().is_over(sent);
        let terms = if is_over { self.differing.own() } else { self.differing.under(leader) };
        let within = worth_waiting(terms);
        let asked = (self.leader)(leader, session, within);
        Some(Box::pin(async move {
            let renewal = timeout(within, asked).await.ok().flatten();
            Answer { leader, session, sent, renewal }
        }))
    }

    /// When the next renewal is due.
    fn next(&self) -> Instant {
        Instant::now() + self.lease().terms().renewal
    }

    /// What an answer changes; whether it was the one hoped for. The answer for an earlier session says nothing.
    fn take(&mut self, answer: &Answer) -> bool {
        if *self.session.borrow() != Some(answer.session) {
            return true;
        }
        match answer.renewal {
            Some(Renewal::Renewed { length }) => {
                self.differing.tell(answer.leader, length);
                if self.renewed(answer.sent, length) {
                    info!(session = answer.session.0, "lease renewed; parts may be sent");
                    (self.regained)();
                }
                true
            }
            Some(Renewal::Ended) => {
                warn!(session = answer.session.0, "the leader has ended this node's session");
                self.lease().handle_lost();
                false
            }
            Some(Renewal::NotLeader { .. }) | None => {
                debug!(session = answer.session.0, answer = ?answer.renewal, "lease not renewed");
                false
            }
        }
    }

    /// Whether the lease permits writing now and did not before.
    fn renewed(&self, sent: Time, length: Option<Duration>) -> bool {
        let (mut lease, now) = (self.lease(), self.clock.now());
        let before = lease.permits_writing(now);
        lease.handle_renewed(sent, length);
        !before && lease.permits_writing(now)
    }

    fn lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long an answer is of use under `terms`. One that comes late harms nothing, and a call that is given up may not
/// count at the leader: so it is waited for until as many are under way as may be, as long as a leader waits for its
/// majority, and while something may be written under it.
fn worth_waiting(terms: LeaseTerms) -> Duration {
    (terms.renewal * UNDER_WAY_MAX).max(terms.confirm_within()).max(terms.writable())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use smsgrid::model::Timestamp;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::clock::Hand;

    const LEADER: NodeId = NodeId(2);
    const SUCCESSOR: NodeId = NodeId(3);
    const SESSION: SessionId = SessionId(7);
    /// Far more than is waited for, far less than the renewal of the node's own file.
    const PATIENCE: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(500);

    fn led_by(leader: NodeId) -> Leadership {
        Leadership { term: 1, leader: Some(leader), leads: false, ready: false, since: Instant::now() }
    }

    fn terms(length: u64, renewal: u64, guard: u64) -> LeaseTerms {
        let [length, renewal, guard] = [length, renewal, guard].map(Duration::from_millis);
        LeaseTerms { length, renewal, guard }
    }

    /// What a holder is between. Its clock stands until the hand moves it.
    struct Around {
        lease: Arc<Mutex<Lease>>,
        leadership: watch::Sender<Leadership>,
        hand: Hand,
        /// Who was asked, for which session, and how long the answer is waited for.
        asks: UnboundedReceiver<(NodeId, SessionId, Duration)>,
        _session: watch::Sender<Option<SessionId>>,
    }

    impl Around {
        async fn next(&mut self) -> (NodeId, SessionId, Duration) {
            let asked =
                timeout(PATIENCE, self.asks.recv()).await.expect("long before the next of its own file");
            asked.expect("the holder lives")
        }
    }

    /// A holder on its `own` terms; whoever leads renews at once and says that it keeps leases for `kept`.
    fn holder(own: LeaseTerms, kept: Duration) -> (Holder, Around) {
        let (asked, asks) = unbounded_channel();
        let lease = Arc::new(Mutex::new(Lease::new(own)));
        let (keeper, session) = watch::channel(Some(SESSION));
        let (raft, leadership) = watch::channel(led_by(LEADER));
        let (clock, hand) = Clock::manual(Time::from_millis(1000), Timestamp::ZERO);
        let holder = Holder {
            lease: lease.clone(),
            session,
            leadership,
            leader: Arc::new(move |leader, session, within| {
                let _ = asked.send((leader, session, within));
                async move { Some(Renewal::Renewed { length: Some(kept) }) }.boxed()
            }),
            differing: Differing::new(own, |_| None),
            regained: Box::new(|| {}),
            clock,
        };
        (holder, Around { lease, leadership: raft, hand, asks, _session: keeper })
    }

    #[tokio::test]
    async fn of_a_leader_with_a_shorter_lease_no_more_is_trusted_and_it_is_asked_as_often_as_that_needs() {
        let (holder, mut around) = holder(terms(2_000_000, 500_000, 100), SHORT);

        let renewing = tokio::spawn(holder.keep());
        for _ in 0..3 {
            let (leader, session, _) = around.next().await;
            assert_eq!((leader, session), (LEADER, SESSION));
        }
        renewing.abort();

        // Every renewal counts from the same moment.
        let lease = around.lease.lock().expect("nothing panics");
        assert_eq!(lease.writable_until(), Some(Time::from_millis(1000 + 490 - 100)));
    }

    #[test]
    fn an_answer_is_waited_for_while_it_is_of_use() {
        let waited = |length, renewal, guard| worth_waiting(terms(length, renewal, guard)).as_millis();

        assert_eq!(waited(2500, 500, 750), 2000, "until the fifth renewal is due");
        assert_eq!(waited(2500, 50, 2000), 900, "as long as the leader waits for its majority");
        assert_eq!(waited(2500, 50, 100), 2350, "while something may be written under it");
    }

    #[tokio::test]
    async fn what_a_leader_with_a_shorter_lease_said_does_not_hurry_its_successor() {
        let (holder, mut around) = holder(LeaseTerms::default(), SHORT);

        let renewing = tokio::spawn(holder.keep());
        let mut asked = vec![around.next().await, around.next().await];
        around.leadership.send_replace(led_by(SUCCESSOR));
        asked.push(around.next().await);
        renewing.abort();

        let asked: Vec<_> = asked.iter().map(|(leader, _, within)| (*leader, within.as_millis())).collect();
        assert_eq!(asked, [(LEADER, 2000), (LEADER, 400), (SUCCESSOR, 2000)]);
    }

    #[tokio::test]
    async fn when_the_lease_is_over_the_leader_has_as_much_time_as_if_it_had_said_nothing() {
        let (holder, mut around) = holder(LeaseTerms::default(), SHORT);

        let renewing = tokio::spawn(holder.keep());
        let mut waited = Vec::new();
        for passed in [0, 0, 489, 490, 0] {
            around.hand.advance(Duration::from_millis(passed));
            waited.push(around.next().await.2.as_millis());
        }
        renewing.abort();

        assert_eq!(waited, [2000, 400, 400, 2000, 400]);
    }
}
