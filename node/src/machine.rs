//! The queue as the log's state machine: how commands are stamped, ordered and written.

use std::io;
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
    propose_while(proposer, client, body, || true).await
}

/// The same, given up when no majority answers in time and `goes_on` says so. None then, and when the log has
/// stopped.
pub async fn propose_while(
    proposer: &Proposer,
    client: &Name,
    body: &Body,
    goes_on: impl Fn() -> bool,
) -> Option<Reply> {
    loop {
        let command = Command { client: client.clone(), now: Timestamp::ZERO, body: body.clone() };
        match proposer.propose(command, PROPOSE_TIMEOUT).await {
            Ok(reply) => return Some(reply),
            Err(ProposeError::Rejected(Rejection::Stopped)) => return None,
            Err(ProposeError::Rejected(Rejection::NoLeader) | ProposeError::Unknown(_)) if !goes_on() => {
                return None;
            }
            Err(ProposeError::Rejected(_) | ProposeError::Unknown(_)) => sleep(PROPOSE_AGAIN).await,
        }
    }
}

/// A handle on consensus.
pub type Consensus = raft::Consensus<Queue>;

/// A handle for reads.
pub type View = raft::View<Queue>;

impl StateMachine for Queue {
    type Command = Command;
    type Reply = Reply;
    type Event = Event;
    type Image = queue::Image;
    type DecodeError = Unreadable;

    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply {
        Queue::apply(self, position, command, events)
    }

    fn now(&self) -> Timestamp {
        Queue::now(self)
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
            | Body::Retry { .. }
            | Body::Discard { .. }
            | Body::Told { .. }
            | Body::BlockModem { .. }
            | Body::UnblockModem { .. }
            | Body::SetPolicy(_)
            | Body::Tick => Lane::Settle,
        }
    }

    fn encode(commands: &[Command]) -> Vec<u8> {
        queue::codec::encode_entry(commands)
    }

    fn stamp(entry: &mut [u8], now: Timestamp) -> Result<(), Self::DecodeError> {
        Ok(queue::codec::stamp(entry, now)?)
    }

    fn decode(entry: &[u8]) -> Result<Vec<Option<Command>>, Self::DecodeError> {
        let decoded = queue::codec::decode_entry(entry)?;
        let commands = decoded.into_iter().map(|decoded| match decoded {
            Decoded::Command(command) => Some(command),
            Decoded::Skipped { .. } => None,
        });
        Ok(commands.collect())
    }

    fn image(&self) -> queue::Image {
        Queue::image(self)
    }

    fn write_image(image: &queue::Image, out: &mut dyn io::Write) -> io::Result<()> {
        image.write(out)
    }

    fn restore(input: &mut dyn io::Read) -> Result<Queue, Unreadable> {
        Ok(Queue::restore(input)?)
    }
}

/// Why an entry or a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The entry.
    #[error(transparent)]
    Entry(#[from] queue::codec::CodecError),
    /// The snapshot.
    #[error(transparent)]
    Image(#[from] queue::ImageError),
}
