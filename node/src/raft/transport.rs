//! How the consensus of one node reaches that of another: what it asks of the network, and what the network may answer.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use smsgrid::model::{Name, NodeId};

/// A member of the cluster as the log knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Where other nodes reach it, `host:port`.
    pub peer: String,
    /// What clients are told, `host:port`.
    pub api: String,
}

/// The calls of the consensus, by their number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Call {
    /// Entries of the leader's log, or its heartbeat.
    AppendEntries = 1,
    /// A candidate asks for a vote.
    Vote = 2,
    /// A node asks whether it would get votes.
    PreVote = 3,
    /// One block of a snapshot.
    SnapshotBlock = 4,
    /// The leader hands leadership over.
    TransferLeader = 5,
    /// A batch of commands for the leader.
    Propose = 6,
    /// A read asks the leader how far it must have applied.
    ReadIndex = 7,
}

impl Call {
    /// Every call, in order of the numbers.
    pub const ALL: [Call; 7] = [
        Call::AppendEntries,
        Call::Vote,
        Call::PreVote,
        Call::SnapshotBlock,
        Call::TransferLeader,
        Call::Propose,
        Call::ReadIndex,
    ];

    /// Its number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The call of that number.
    pub fn from_number(number: u8) -> Option<Call> {
        Call::ALL.into_iter().find(|call| call.number() == number)
    }
}

/// Carries calls to other nodes.
pub trait Transport: Send + Sync + 'static {
    /// Calls `to`, known as `member`, and waits at most `within` for the answer.
    fn call(
        &self,
        to: NodeId,
        member: &Member,
        call: Call,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The call was certainly not delivered.
    #[error("not delivered: {0}")]
    Unreachable(String),
    /// The call may have been delivered.
    #[error("no answer: {0}")]
    Broken(String),
    /// The call was delivered and refused, unread: wrong cluster, wrong node, not served.
    #[error("refused: {0}")]
    Refused(String),
}
