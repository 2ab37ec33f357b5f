//! What the log carries and every node applies, seen from here.

use std::io;

use smsgrid::model::{Position, Timestamp};

/// A deterministic state machine and the form of its entries. All replicas apply the same commands in the same
/// order; whatever may differ between them is in the command.
pub trait StateMachine: Sized + Send + Sync + 'static {
    /// What can be asked of it.
    type Command: Send + Sync + 'static;
    /// What it answers.
    type Reply: Send + 'static;
    /// What it tells local listeners.
    type Event: Clone + Send + Sync + 'static;
    /// A frozen picture of the whole state.
    type Image: Send + Sync + 'static;
    /// Why an entry or an image cannot be read.
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
    /// Which lane the command takes.
    fn lane(command: &Self::Command) -> Lane;

    /// The entry that carries these commands.
    fn encode(commands: &[Self::Command]) -> Vec<u8>;
    /// Writes the leader's calendar into every command of an entry.
    fn stamp(entry: &mut [u8], now: Timestamp) -> Result<(), Self::DecodeError>;
    /// The commands an entry carries; none in the place of one this program does not know and may skip.
    fn decode(entry: &[u8]) -> Result<Vec<Option<Self::Command>>, Self::DecodeError>;

    /// A picture of the state as it is now, cheap to take: nothing is applied meanwhile.
    fn image(&self) -> Self::Image;
    /// Writes a picture out; may take long.
    fn write_image(image: &Self::Image, out: &mut dyn io::Write) -> io::Result<()>;
    /// The state a picture shows. It must answer every later command as the original does.
    fn restore(input: &mut dyn io::Read) -> Result<Self, Self::DecodeError>;
}

/// How a command waits for its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Ends something that is under way (an outcome, a report, a session, a cancel): goes first, and waits for room.
    Settle,
    /// Brings new work: is refused at once when there is too much.
    Submit,
}
