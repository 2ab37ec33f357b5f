//! The queue as the log's state machine: how commands are stamped, ordered and written.

use std::time::Duration;

use smsgrid::model::{Name, Position, Timestamp};
use smsgrid::queue::codec::Decoded;
use smsgrid::queue::{self, Body, Command, Event, Queue, Reply};

use tokio::time::sleep;

use crate::raft::{self, Lane, ProposeError, Rejection, StateMachine};

/// A handle for writes.
pub type Proposer = raft::Proposer<Queue>;
/// How long one try of a proposal may take.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Wait before a proposal that was not answered is repeated.
const PROPOSE_AGAIN: Duration = Duration::from_millis(100);

/// Rule 1 of the claim protocol: a proposal is repeated unchanged until it is answered. None when the log has stopped.
/// The caller's command must be one that is applied once however often it is proposed.
pub async fn propose_until_answered(proposer: &Proposer, client: &Name, body: &Body) -> Option<Reply> {
    loop {
        let command = Command { client: client.clone(), now: Timestamp::ZERO, body: body.clone() };
        match proposer.propose(command, PROPOSE_TIMEOUT).await {
            Ok(reply) => return Some(reply),
            Err(ProposeError::Rejected(Rejection::Stopped)) => return None,
            Err(ProposeError::Rejected(_) | ProposeError::Unknown(_)) => sleep(PROPOSE_AGAIN).await,
        }
    }
}

/// A handle for reads.
pub type View = raft::View<Queue>;

impl StateMachine for Queue {
    type Command = Command;
    type Reply = Reply;
    type Event = Event;
    type DecodeError = queue::codec::CodecError;

    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply {
        Queue::apply(self, position, command, events)
    }

    fn now(&self) -> Timestamp {
        Queue::now(self)
    }

    fn stamp(command: &mut Command, now: Timestamp) {
        command.now = now;
    }

    fn lane(command: &Command) -> Lane {
        match command.body {
            Body::Submit(_) => Lane::Submit,
            Body::RegisterSession { .. }
            | Body::ExpireSession { .. }
            | Body::RegisterModem { .. }
            | Body::UnregisterModem { .. }
            | Body::Ready { .. }
            | Body::Withdraw { .. }
            | Body::Start { .. }
            | Body::Outcome { .. }
            | Body::NotWritten { .. }
            | Body::Resolve { .. }
            | Body::Cancel { .. }
            | Body::Hold { .. }
            | Body::Release { .. }
            | Body::BlockModem { .. }
            | Body::UnblockModem { .. }
            | Body::Retry { .. }
            | Body::Discard { .. }
            | Body::SetPolicy(_)
            | Body::Tick => Lane::Settle,
        }
    }

    fn encode(commands: &[Command]) -> Vec<u8> {
        queue::codec::encode_entry(commands)
    }

    fn decode(entry: &[u8]) -> Result<Vec<Option<Command>>, Self::DecodeError> {
        let decoded = queue::codec::decode_entry(entry)?;
        let commands = decoded.into_iter().map(|decoded| match decoded {
            Decoded::Command(command) => Some(command),
            Decoded::Skipped { .. } => None,
        });
        Ok(commands.collect())
    }
}
