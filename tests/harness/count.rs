//! The least of all state machines: it counts. For whoever measures what is around one.

use smsgrid::model::{Position, Timestamp};
use smsgrid_node::raft::{Lane, StateMachine};

/// Octets of every command.
pub const COMMAND_OCTETS: usize = 300;

/// Counts commands of [`COMMAND_OCTETS`] octets each.
#[derive(Debug, Default)]
pub struct Count(u64);

/// An entry of something else.
#[derive(Debug, thiserror::Error)]
#[error("no entry of this machine")]
pub struct Foreign;

impl StateMachine for Count {
    type Command = Vec<u8>;
    type Reply = u64;
    type Event = ();
    type Image = u64;
    type DecodeError = Foreign;

    fn apply(&mut self, _: Position, _: &Vec<u8>, _: &mut Vec<()>) -> u64 {
        self.0 += 1;
        self.0
    }

    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }

    fn lane(_: &Vec<u8>) -> Lane {
        Lane::Submit
    }

    fn encode(commands: &[Vec<u8>]) -> Vec<u8> {
        commands.concat()
    }

    fn stamp(_: &mut [u8], _: Timestamp) -> Result<(), Foreign> {
        Ok(())
    }

    fn decode(entry: &[u8]) -> Result<Vec<Option<Vec<u8>>>, Foreign> {
        match entry.len() % COMMAND_OCTETS {
            0 => Ok(entry.chunks(COMMAND_OCTETS).map(|command| Some(command.to_vec())).collect()),
            _ => Err(Foreign),
        }
    }

    fn image(&self) -> u64 {
        self.0
    }

    fn write_image(image: &u64, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        out.write_all(&image.to_le_bytes())
    }

    fn restore(input: &mut dyn std::io::Read) -> Result<Count, Foreign> {
        let mut octets = [0; 8];
        input.read_exact(&mut octets).map_err(|_| Foreign)?;
        Ok(Count(u64::from_le_bytes(octets)))
    }
}
