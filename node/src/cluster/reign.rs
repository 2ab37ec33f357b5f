//! The leader's part: it renews leases, ends the sessions of silent nodes, and says that time passes.
//!
//! ```text
//! node ──renewal──▶ Leases ──is a majority still with us?──▶ table ──▶ answered
//!                                                             │ silent for 1.02 lease and the margin
//!                                                             ▼
//!                                                    the same question ──▶ ExpireSession
//! ```
//!
//! All of it is asked of the leader alone, and answered only when a majority has confirmed it after the question.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smsgrid::model::{Name, SessionId};
use smsgrid::queue::{Body, Command};
use smsgrid::worker::{LeaseTerms, Renewals};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use super::Barrier;
use crate::clock::Clock;
use crate::machine::{Proposer, View};
use crate::peer::Renewal;
use crate::raft::{Leadership, ProposeError, Rejection};

/// How long one try to end a session may take.
const EXPIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Leases, as the leader keeps them. Clones are the same.
#[derive(Clone, Debug)]
pub struct Leases {
    length: Duration,
    table: Arc<Mutex<Renewals>>,
    leadership: watch::Receiver<Leadership>,
    barrier: Barrier,
    view: View,
    clock: Clock,
}

impl Leases {
    /// Leases on these terms, kept while this node leads.
    pub fn new(
        terms: LeaseTerms,
        leadership: watch::Receiver<Leadership>,
        barrier: Barrier,
        view: View,
        clock: Clock,
    ) -> Leases {
        let table = Arc::new(Mutex::new(Renewals::new(terms)));
        Leases { length: terms.length, table, leadership, barrier, view, clock }
    }

    /// Renews the lease of `session`, if this node leads, a majority says so, and the session lives.
    pub async fn renew(&self, session: SessionId) -> Renewal {
        let received = self.clock.now();
        let reign = *self.leadership.borrow();
        if !reign.ready || !self.is_confirmed(&reign).await {
            return Renewal::NotLeader { leader: self.leadership.borrow().leader };
        }
        let live = self.view.read(|queue| queue.session_by_id(session).is_some());
        if !live {
            return Renewal::Ended;
        }
        match self.table().handle_renewal(session, received) {
            true => Renewal::Renewed { length: Some(self.length) },
            false => Renewal::NotLeader { leader: None },
        }
    }

    /// Ends the sessions of silent nodes while this node leads, until the log stops.
    pub async fn expire(self, client: Name, proposer: Proposer) {
        let mut leadership = self.leadership.clone();
        loop {
            let reign = match leadership.wait_for(|now| now.ready).await {
                Ok(reign) => *reign,
                Err(_) => return,
            };
            self.table().handle_leading(self.clock.now());
            debug!(term = reign.term, "leads; sessions not heard of for a whole lease will end");
            let over = self.reign(&reign, &mut leadership, &client, &proposer).await;
            self.table().handle_deposed();
            if over {
                return;
            }
        }
    }

    /// One reign, to its end. Whether the log has stopped.
    async fn reign(
        &self,
        reign: &Leadership,
        leadership: &mut watch::Receiver<Leadership>,
        client: &Name,
        proposer: &Proposer,
    ) -> bool {
        let mut look = interval(self.table().look_interval());
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = leadership.changed() => {
                    if changed.is_err() {
                        return true;
                    }
                    if !continues(reign, &leadership.borrow()) {
                        return false;
                    }
                }
                _ = look.tick() => {
                    if self.overdue().is_empty() || !self.is_confirmed(reign).await {
                        continue;
                    }
                    // Looked at again: a renewal may have come while the majority answered.
                    for session in self.overdue() {
                        if !self.end(session, client, proposer).await {
                            return true;
                        }
                    }
                }
            }
        }
    }

    /// Whether the log goes on.
    async fn end(&self, session: SessionId, client: &Name, proposer: &Proposer) -> bool {
        let node = self.view.read(|queue| queue.session_by_id(session).map(|session| session.node.0));
        let body = Body::ExpireSession { session };
        let command = Command { client: client.clone(), now: Default::default(), body };
        match proposer.propose(command, EXPIRE_TIMEOUT).await {
            Ok(_) => {
                warn!(
                    event = "session.expired",
                    session = session.0,
                    node,
                    "a node was silent for a whole lease; what it had claimed goes to other modems"
                );
                true
            }
            Err(ProposeError::Rejected(Rejection::Stopped)) => false,
            // Named again at the next look.
            Err(failure) => {
                info!(session = session.0, %failure, "a silent session could not be ended yet");
                true
            }
        }
    }

    fn overdue(&self) -> Vec<SessionId> {
        let live: Vec<SessionId> =
            self.view.read(|queue| queue.sessions().map(|session| session.id).collect());
        self.table().overdue(live, self.clock.now())
    }

    /// Whether a majority has just confirmed that this node still leads as it did in `reign`.
    async fn is_confirmed(&self, reign: &Leadership) -> bool {
        let within = self.table().confirm_within();
        self.barrier.reach(within).await && continues(reign, &self.leadership.borrow())
    }

    fn table(&self) -> MutexGuard<'_, Renewals> {
        // Nothing that can panic happens under this lock.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn continues(reign: &Leadership, now: &Leadership) -> bool {
    now.ready && now.term == reign.term
}
