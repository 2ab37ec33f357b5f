//! What consensus says about itself.

use std::collections::BTreeMap;
use std::time::Duration;

use openraft::ServerState;
use openraft::async_runtime::Instant;
use openraft::async_runtime::watch::WatchReceiver;
use smsgrid::model::NodeId;

use super::core::Core;
use super::{Member, StateMachine};

/// What a node is in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It leads.
    Leader,
    /// It asks to be elected.
    Candidate,
    /// It votes and follows.
    Follower,
    /// It follows without a vote, or does not belong to the cluster yet.
    Learner,
    /// It has stopped.
    Stopped,
}

/// Consensus as one node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The highest term known.
    pub term: u64,
    /// Who leads it, if known.
    pub leader: Option<NodeId>,
    /// What this node is.
    pub role: Role,
    /// Index of the last entry in its log.
    pub last_log: Option<u64>,
    /// Index of the last entry that a majority is known to have.
    pub committed: Option<u64>,
    /// Index of the last entry applied.
    pub applied: Option<u64>,
    /// Index of the last entry in its newest snapshot.
    pub snapshot: Option<u64>,
    /// Index of the last entry its log has given up.
    pub purged: Option<u64>,
    /// Who belongs to the cluster.
    pub members: BTreeMap<NodeId, Member>,
    /// How the others are doing; only a leader knows.
    pub peers: BTreeMap<NodeId, PeerStatus>,
}

/// Another node as its leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Index of the last entry it is known to have.
    pub matched: Option<u64>,
    /// How long ago it answered last; none when it has not answered this leader.
    pub answered_ago: Option<Duration>,
}

impl<M: StateMachine> Core<M> {
    pub(super) fn status(&self) -> Status {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let index = |id: &Option<super::types::LogId>| id.as_ref().map(super::types::LogId::index);
        let mut peers = BTreeMap::new();
        for (node, matched) in metrics.replication.iter().flatten() {
            peers.insert(NodeId(*node), PeerStatus { matched: index(matched), answered_ago: None });
        }
        for (node, answered) in metrics.heartbeat.iter().flatten() {
            if let Some(peer) = peers.get_mut(&NodeId(*node)) {
                peer.answered_ago = answered.map(|answered| answered.elapsed());
            }
        }
        peers.remove(&self.node);
        Status {
            term: metrics.current_term,
            leader: metrics.current_leader.map(NodeId),
            role: role(metrics.state),
            last_log: metrics.last_log_index,
            committed: index(&metrics.local_committed),
            applied: index(&metrics.last_applied),
            snapshot: index(&metrics.snapshot),
            purged: index(&metrics.purged),
            members: self.members(),
            peers,
        }
    }

    pub(super) fn members(&self) -> BTreeMap<NodeId, Member> {
        let metrics = self.raft.server_metrics();
        let metrics = metrics.borrow_watched();
        let nodes = metrics.membership_config.membership().nodes();
        nodes.map(|(node, member)| (NodeId(*node), member.clone())).collect()
    }
}

fn role(state: ServerState) -> Role {
    match state {
        ServerState::Leader => Role::Leader,
        ServerState::Candidate => Role::Candidate,
        ServerState::Follower => Role::Follower,
        ServerState::Learner => Role::Learner,
        ServerState::Shutdown => Role::Stopped,
    }
}
