//! Who leads, as this node knows it.

use std::sync::Arc;

use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use smsgrid::model::NodeId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::{Failure, StateMachine};

/// Who leads. A node that is cut off may believe in a leader that is none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// The highest term this node knows.
    pub term: u64,
    /// The leader of that term, if it is known.
    pub leader: Option<NodeId>,
    /// Whether this node is the leader.
    pub leads: bool,
    /// Whether this node leads and has applied an entry of its own term: its state is that of the cluster.
    pub ready: bool,
    /// Since when all this holds.
    pub since: Instant,
}

impl Leadership {
    pub(super) fn unknown() -> Leadership {
        Leadership { term: 0, leader: None, leads: false, ready: false, since: Instant::now() }
    }

    fn is_as(&self, other: &Leadership) -> bool {
        let facts = |of: &Leadership| (of.term, of.leader, of.leads, of.ready);
        facts(self) == facts(other)
    }
}

/// Keeps [`Core::leadership`] and notices when consensus stops, until it is cancelled.
pub(super) async fn follow<M: StateMachine>(
    core: Arc<Core<M>>,
    cancel: CancellationToken,
) -> Result<(), Failure> {
    let mut server = core.raft.server_metrics();
    let mut applied_term = core.flights.applied_term();
    loop {
        let reached = *applied_term.borrow_and_update();
        let now = {
            let metrics = server.borrow_and_update();
            let (term, leads) = (metrics.vote.leader_id.term, metrics.state == ServerState::Leader);
            let leader = metrics.current_leader.map(NodeId);
            Leadership { term, leader, leads, ready: leads && reached == term, since: Instant::now() }
        };
        core.leadership.send_if_modified(|known| {
            let is_news = !known.is_as(&now);
            if is_news {
                *known = now;
            }
            is_news
        });
        tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            failure = core.log.fatal() => return Err(stop(&core, failure)),
            changed = server.changed() => if changed.is_err() {
                if cancel.is_cancelled() {
                    return Ok(());
                }
                let state = core.raft.metrics().borrow_watched().running_state.clone();
                let why = state.err().map(|fatal| fatal.to_string()).unwrap_or_default();
                return Err(stop(&core, Failure::Stopped(why)));
            },
            changed = applied_term.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

fn stop<M: StateMachine>(core: &Core<M>, failure: Failure) -> Failure {
    core.ended.fail(failure.clone());
    core.ended.failure().unwrap_or(failure)
}
