//! The handle on consensus for whoever assembles a node or serves its peers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openraft::errors::{InitializeError, RaftError};
use smsgrid::model::{NodeId, Position};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::core::Core;
use super::reads::{self, Read};
use super::{Call, Failure, Figures, Leadership, Member, ReadIndexError, ServeError, StateMachine, Status};

/// A handle on the consensus of this node; clones share it.
pub struct Consensus<M: StateMachine> {
    pub(super) core: Arc<Core<M>>,
    pub(super) reads: mpsc::Sender<Read>,
}

/// Why a cluster could not be begun.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InitialiseError {
    /// It has been begun already; nothing was changed.
    #[error("the cluster has been initialised before")]
    Initialised,
    /// This node is not among the members.
    #[error("this node is not among the members")]
    NotAMember,
    /// Consensus has ended.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl<M: StateMachine> Consensus<M> {
    /// Begins the cluster with these members, on one node once. A cluster of one leads when this returns.
    pub async fn initialise(&self, members: BTreeMap<NodeId, Member>) -> Result<(), InitialiseError> {
        let is_alone = members.len() == 1;
        let members: BTreeMap<u64, Member> =
            members.into_iter().map(|(node, member)| (node.0, member)).collect();
        self.core.raft.initialize(members).await.map_err(|error| match error {
            RaftError::APIError(InitializeError::NotAllowed(_)) => InitialiseError::Initialised,
            RaftError::APIError(InitializeError::NotInMembers(_)) => InitialiseError::NotAMember,
            RaftError::Fatal(fatal) => {
                let failure = self.core.ended.failure();
                failure.unwrap_or_else(|| Failure::Stopped(fatal.to_string())).into()
            }
        })?;
        if is_alone {
            self.core.lead_alone().await?;
        }
        Ok(())
    }

    /// Whether this node belongs to a cluster: it was initialised, or a leader has sent it entries.
    pub fn is_initialised(&self) -> bool {
        self.core.log.state().last.is_some() || self.core.folder.current().is_some()
    }

    /// Who leads, now and from now on.
    pub fn leadership(&self) -> watch::Receiver<Leadership> {
        self.core.leadership.subscribe()
    }

    /// Asks the leader how far a read must have applied to see everything answered before this call, at most
    /// `within`. Then [`View::wait_applied`](super::View::wait_applied) makes the read linearizable. Safe to drop.
    pub async fn read_index(&self, within: Duration) -> Result<Position, ReadIndexError> {
        reads::ask(&self.reads, within).await
    }

    /// Answers a call of another node of this cluster; whoever carries it has made sure that it is one, and that the
    /// call is meant for this node.
    pub async fn serve(&self, from: NodeId, call: Call, body: Bytes) -> Result<Bytes, ServeError> {
        let served = self.core.closing.run_until_cancelled(self.core.serve(from, call, body)).await;
        served.unwrap_or_else(|| Err(ServeError::Stopped("the node is stopping".to_owned())))
    }

    /// Hands leadership to the follower that is furthest, and waits at most `within` until this node does not lead
    /// any more. True when it does not lead.
    pub async fn transfer_leadership(&self, within: Duration) -> bool {
        if !self.core.leadership.borrow().leads {
            return true;
        }
        let Some(to) = self.core.successor() else { return false };
        let mut leadership = self.core.leadership.subscribe();
        if self.core.raft.trigger().transfer_leader(to.0).await.is_err() {
            return true;
        }
        let handed = timeout(within, leadership.wait_for(|led| !led.leads)).await;
        handed.is_ok()
    }

    /// Who belongs to the cluster, as this node knows it.
    pub fn members(&self) -> BTreeMap<NodeId, Member> {
        self.core.members()
    }

    /// How consensus is doing.
    pub fn status(&self) -> Status {
        self.core.status()
    }

    /// What the log on disk has done since it was opened.
    pub fn figures(&self) -> Figures {
        self.core.log.figures()
    }

    /// Makes a snapshot now; returns before it is made.
    pub async fn snapshot(&self) {
        // Consensus has ended when this fails, which `fatal` says.
        let _ = self.core.raft.trigger().snapshot().await;
    }

    /// Waits until consensus has ended because something failed; the node must stop then. Safe to drop.
    pub async fn fatal(&self) -> Failure {
        self.core.ended.wait().await
    }

    /// Stops. Nothing is written afterwards.
    pub async fn shutdown(&self) {
        self.core.closing.cancel();
        // It has ended by itself when this fails.
        let _ = self.core.raft.shutdown().await;
    }
}

impl<M: StateMachine> Core<M> {
    /// Waits until this node, which is alone, leads and has applied its whole log.
    pub(super) async fn lead_alone(&self) -> Result<(), Failure> {
        let mut leadership = self.leadership.subscribe();
        tokio::select! {
            failure = self.ended.wait() => Err(failure),
            led = leadership.wait_for(|led| led.ready) => led.map(|_| ()).map_err(|_| Failure::Closed),
        }
    }

    fn successor(&self) -> Option<NodeId> {
        let status = self.status();
        let lately = self.settings.election_max;
        let answers = |ago: Option<Duration>| ago.is_some_and(|ago| ago <= lately);
        let voters: Vec<u64> = self.raft.voter_ids().collect();
        let able = status.peers.into_iter().filter(|(node, _)| voters.contains(&node.0));
        able.max_by_key(|(_, peer)| (answers(peer.answered_ago), peer.matched)).map(|(node, _)| node)
    }
}

impl<M: StateMachine> Clone for Consensus<M> {
    fn clone(&self) -> Consensus<M> {
        Consensus { core: self.core.clone(), reads: self.reads.clone() }
    }
}

impl<M: StateMachine> std::fmt::Debug for Consensus<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consensus").field("node", &self.core.node).finish_non_exhaustive()
    }
}
