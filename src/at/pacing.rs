//! A command on its way to a modem that wants pauses: one before it, and one after each of its characters.
//!
//! ```text
//!  pause before it ──▶ piece ──pause──▶ piece ──pause──▶ the last one: in flight
//! ```
//!
//! Only with its last piece it is in flight, so that nothing the modem says before can be its answer.

use std::collections::VecDeque;

use crate::model::Time;

use super::command::Command;
use super::{Chunking, Profile};

/// A command that is not written whole yet.
#[derive(Debug)]
pub(super) struct Paced {
    command: Command,
    left: VecDeque<Vec<u8>>,
    chunking: Option<Chunking>,
    until: Time,
}

impl Paced {
    /// Nothing of `command` is written. The end of a PDU follows at once: the pauses before it were the dialogue's.
    pub(super) fn new(command: Command, profile: &Profile, now: Time) -> Paced {
        let whole = command.pieces();
        if command.hands_over() {
            return Paced { command, left: whole.into(), chunking: None, until: now };
        }
        let left = match profile.chunking {
            Some(chunking) => {
                whole.iter().flat_map(|line| line.chunks(chunking.characters.max(1))).map(Vec::from).collect()
            }
            None => whole.into(),
        };
        Paced { command, left, chunking: profile.chunking, until: now + profile.command_pause }
    }

    /// When something of it is due.
    pub(super) fn until(&self) -> Time {
        self.until
    }

    /// The piece that is due now, if it is not the last.
    pub(super) fn next_piece(&mut self, now: Time) -> Option<Vec<u8>> {
        let chunking = self.chunking.filter(|_| self.until <= now && self.left.len() > 1)?;
        self.until = now + chunking.pause;
        self.left.pop_front()
    }

    /// The command, and what is left to be written of it.
    pub(super) fn into_rest(self) -> (Command, VecDeque<Vec<u8>>) {
        (self.command, self.left)
    }
}
