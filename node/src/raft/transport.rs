//! How consensus reaches the other nodes: a call with a body, an answer with a body. What carries them is not
//! known here.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use smsgrid::model::NodeId;

use super::Member;

/// What is asked of another node. The numbers go over the wire: append, never change a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Call {
    /// Entries for a follower, or a heartbeat.
    AppendEntries = 1,
    /// A vote in an election.
    Vote = 2,
    /// Whether a vote would be given, before anybody raises the term.
    PreVote = 3,
    /// A block of a snapshot, or the question which block is wanted.
    SnapshotBlock = 4,
    /// The leader asks another node to lead.
    TransferLeader = 5,
    /// A batch of commands for the leader.
    Propose = 6,
    /// How far a linearizable read must have applied, asked of the leader.
    ReadIndex = 7,
}

/// Moves calls to other nodes.
pub trait Transport: Send + Sync + 'static {
    /// Sends `body` to the node `to` and waits at most `within` for its answer.
    ///
    /// The other side hands it to [`Consensus::serve`](super::Consensus::serve) of exactly that node of exactly this
    /// cluster, or refuses. Dropping the future gives the answer up; the call may be delivered all the same.
    fn call(
        &self,
        to: NodeId,
        member: &Member,
        call: Call,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>>;
}

/// Reaches nobody: what a node that is alone needs.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

/// Why there is no answer. What matters is whether the call may have been delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Certainly not delivered.
    #[error("the node cannot be reached: {0}")]
    Unreachable(String),
    /// May have been delivered.
    #[error("the answer did not come: {0}")]
    Broken(String),
    /// Delivered and refused: another cluster, another node, or not served. It had no effect.
    #[error("the node refused the call: {0}")]
    Refused(String),
}

impl Call {
    /// The call with this number.
    pub fn from_number(number: u8) -> Option<Call> {
        let calls = [
            Call::AppendEntries,
            Call::Vote,
            Call::PreVote,
            Call::SnapshotBlock,
            Call::TransferLeader,
            Call::Propose,
            Call::ReadIndex,
        ];
        calls.into_iter().find(|call| call.number() == number)
    }

    /// Its number on the wire.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl Transport for Alone {
    fn call(
        &self,
        to: NodeId,
        _: &Member,
        _: Call,
        _: Bytes,
        _: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let error = TransportError::Unreachable(format!("this node knows of no node {to}"));
        Box::pin(std::future::ready(Err(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_its_number_and_no_other_number_is_one() {
        let known: Vec<u8> = (0..=u8::MAX).filter_map(Call::from_number).map(Call::number).collect();
        assert_eq!(known, [1, 2, 3, 4, 5, 6, 7]);
    }
}
