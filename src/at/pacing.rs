//! A command on its way to a modem that wants pauses: one before it, and one after each of its characters.
//!
//! ```text
//!  pause before it ──▶ piece ──pause──▶ piece ──pause──▶ the last one: in flight
//! ```
//!
//! Only with its last piece it is in flight, so that nothing the modem says before can be its answer.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Time;

use super::command::Command;
use super::exchange::Exchange;
use super::{Chunking, Profile};

/// A command that is not written whole yet.
#[derive(Debug)]
pub(super) struct Paced {
    command: Command,
    left: VecDeque<Vec<u8>>,
    has_begun: bool,
    chunking: Option<Chunking>,
    until: Time,
}

impl Paced {
    /// Nothing of `command` is written. The end of a PDU follows at once: the pauses before it were the dialogue's.
    pub(super) fn new(command: Command, profile: &Profile, now: Time) -> Paced {
        let whole = command.pieces();
        if command.is_pdu() {
            return Paced { command, left: whole.into(), has_begun: false, chunking: None, until: now };
        }
        let left = match profile.chunking {
            Some(chunking) => {
                whole.iter().flat_map(|line| line.chunks(chunking.characters.max(1))).map(Vec::from).collect()
            }
            None => whole.into(),
        };
        let until = now + profile.command_pause;
        Paced { command, left, has_begun: false, chunking: profile.chunking, until }
    }

    /// When something of it is due.
    pub(super) fn until(&self) -> Time {
        self.until
    }

    /// The piece that is due now, if it is not the last.
    pub(super) fn next_piece(&mut self, now: Time) -> Option<Vec<u8>> {
        let chunking = self.chunking.filter(|_| self.until <= now && self.left.len() > 1)?;
        self.until = now + chunking.pause;
        self.has_begun = true;
        self.left.pop_front()
    }

    /// The command on its way.
    pub(super) fn command(&self) -> &Command {
        &self.command
    }

    /// Whether its first characters are written.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Its answer is not waited for longer than this.
    pub(super) fn shorten(&mut self, timeout: Duration) {
        self.command = self.command.clone().within(timeout);
    }

    /// The exchange it becomes with its last piece, and what is left to be written of it.
    pub(super) fn into_exchange(self, profile: &Profile, now: Time) -> (Exchange, VecDeque<Vec<u8>>) {
        let deadline = now + self.command.timeout(profile);
        let mut exchange = Exchange::new(self.command, deadline);
        exchange.has_begun = self.has_begun;
        (exchange, self.left)
    }
}
