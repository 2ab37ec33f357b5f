//! Renews the lease of this node's session at the leader, wherever that is.
//!
//! Several renewals may be under way: one that got lost must not delay the next. Each counts from when it was sent, so
//! a node that was paused writes nothing until the leader has answered it anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use smsgrid::model::{NodeId, SessionId, Time};
use smsgrid::worker::{Lease, LeaseTerms};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::Leases;
use crate::clock::Clock;
use crate::peer::Renewal;
use crate::raft::Leadership;

/// Most renewals under way at once.
const UNDER_WAY_MAX: usize = 4;
/// Wait after a renewal that was not taken, unless a new leader is known sooner.
const AGAIN: Duration = Duration::from_millis(100);

/// Asks another node, which should be the leader, to renew the lease of a session; none when it does not answer.
pub type AskLeader = dyn Fn(NodeId, SessionId, Duration) -> BoxFuture<'static, Option<Renewal>> + Send + Sync;

/// Keeps the lease of this node.
pub struct Holder {
    /// This node.
    pub node: NodeId,
    /// The lease that is kept.
    pub lease: Arc<Mutex<Lease>>,
    /// How long it lasts.
    pub terms: LeaseTerms,
    /// The session it belongs to.
    pub session: watch::Receiver<Option<SessionId>>,
    /// Who leads.
    pub leadership: watch::Receiver<Leadership>,
    /// Leases as this node keeps them when it leads itself.
    pub own: Leases,
    /// The way to another leader.
    pub others: Arc<AskLeader>,
    /// Called when parts may be written again.
    pub regained: Box<dyn Fn() + Send + Sync>,
    /// Time.
    pub clock: Clock,
}

/// A renewal that has come to its end.
struct Answer {
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
                    due = Instant::now() + self.terms.renewal;
                    match self.ask() {
                        Some(renewal) => under_way.push(renewal),
                        None => due = Instant::now() + AGAIN,
                    }
                }
                Some(answer) = under_way.next(), if !under_way.is_empty() => {
                    if !self.take(&answer) {
                        due = due.min(Instant::now() + AGAIN);
                    }
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
        let within = self.terms.length.saturating_sub(self.terms.guard);
        let (own, others, sent) = (self.own.clone(), self.others.clone(), self.clock.now());
        let is_own = leader == self.node;
        Some(Box::pin(async move {
            let asked = async {
                if is_own { Some(own.renew(session).await) } else { others(leader, session, within).await }
            };
            let renewal = timeout(within, asked).await.ok().flatten();
            Answer { session, sent, renewal }
        }))
    }

    /// What an answer changes; whether it was the one hoped for. The answer for an earlier session says nothing.
    fn take(&self, answer: &Answer) -> bool {
        if *self.session.borrow() != Some(answer.session) {
            return true;
        }
        match answer.renewal {
            Some(Renewal::Renewed) => {
                if self.renewed(answer.sent) {
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
    fn renewed(&self, sent: Time) -> bool {
        let (mut lease, now) = (self.lease(), self.clock.now());
        let before = lease.permits_writing(now);
        lease.handle_renewed(sent);
        !before && lease.permits_writing(now)
    }

    fn lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
