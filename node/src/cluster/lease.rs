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
use smsgrid::worker::Lease;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::differing::Differing;
use crate::clock::Clock;
use crate::peer::Renewal;
use crate::raft::Leadership;

/// Most renewals under way at once.
const UNDER_WAY_MAX: usize = 4;
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
            let can_ask = self.session.borrow().is_some() && under_way.len() < UNDER_WAY_MAX;
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
        let (terms, sent) = (self.lease().terms(), self.clock.now());
        let within = terms.writable().max(terms.renewal);
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use smsgrid::model::Timestamp;
    use smsgrid::worker::LeaseTerms;

    use super::*;

    const LEADER: NodeId = NodeId(2);
    /// Far more than is waited for, far less than the renewal of the node's own file.
    const PATIENCE: Duration = Duration::from_secs(10);

    fn leads() -> Leadership {
        Leadership { term: 1, leader: Some(LEADER), leads: false, ready: false, since: Instant::now() }
    }

    #[tokio::test]
    async fn of_a_leader_with_a_shorter_lease_no_more_is_trusted_and_it_is_asked_as_often_as_that_needs() {
        let own = LeaseTerms {
            length: Duration::from_secs(2000),
            renewal: Duration::from_secs(500),
            guard: Duration::from_millis(100),
        };
        let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
        let lease = Arc::new(Mutex::new(Lease::new(own)));
        let (_session, session) = watch::channel(Some(SessionId(7)));
        let (_leadership, leadership) = watch::channel(leads());
        // The clock stands: every renewal counts from the same moment.
        let (clock, _hand) = Clock::manual(Time::from_millis(1000), Timestamp::ZERO);
        let holder = Holder {
            lease: lease.clone(),
            session,
            leadership,
            leader: Arc::new(move |leader, session, _| {
                let _ = asked.send((leader, session));
                async { Some(Renewal::Renewed { length: Some(Duration::from_millis(500)) }) }.boxed()
            }),
            differing: Differing::new(own, |_| None),
            regained: Box::new(|| {}),
            clock,
        };

        let renewing = tokio::spawn(holder.keep());
        for _ in 0..3 {
            let asked = timeout(PATIENCE, asks.recv()).await.expect("long before the next of its own file");
            assert_eq!(asked, Some((LEADER, SessionId(7))));
        }
        renewing.abort();

        let lease = lease.lock().expect("nothing panics");
        assert_eq!(lease.writable_until(), Some(Time::from_millis(1000 + 490 - 100)));
    }
}
