//! What the log carries and the driver applies, seen from here.

use smsgrid::model::{Position, Timestamp};

/// A deterministic state machine and the form of its entries. All replicas apply the same commands in the same
/// order; whatever may differ between them is in the command.
pub trait StateMachine: Send + Sync + 'static {
    /// What can be asked of it.
    type Command: Send + Sync + 'static;
    /// What it answers.
    type Reply: Send + 'static;
    /// What it tells local listeners.
    type Event: Clone + Send + 'static;
    /// Why an entry cannot be read.
    type DecodeError: std::error::Error + Send + Sync + 'static;

    /// Applies one command. Total: a refusal is a reply.
    fn apply(
        &mut self,
        position: Position,
        command: &Self::Command,
        events: &mut Vec<Self::Event>,
    ) -> Self::Reply;
    /// The calendar as the commands applied so far tell it.
    fn now(&self) -> Timestamp;
    /// Writes the proposer's calendar into the command.
    fn stamp(command: &mut Self::Command, now: Timestamp);
    /// Which lane the command takes.
    fn lane(command: &Self::Command) -> Lane;
    /// The entry that carries these commands.
    fn encode(commands: &[Self::Command]) -> Vec<u8>;
    /// The commands an entry carries; none in the place of one this program does not know and may skip.
    fn decode(entry: &[u8]) -> Result<Vec<Option<Self::Command>>, Self::DecodeError>;
}

/// How a command waits for its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Ends something that is under way (an outcome, a report, a session, a cancel): goes first, and waits for room.
    Settle,
    /// Brings new work: is refused at once when there is too much.
    Submit,
}
