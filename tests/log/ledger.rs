//! A small state machine for tests of consensus: it adds up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smsgrid::model::{Position, Timestamp};
use smsgrid_node::raft::{Clock, Lane, StateMachine};

/// Adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) total: u64,
    pub(crate) stamps: Vec<Timestamp>,
    pub(crate) kept: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) amount: u64,
    pub(crate) now: Timestamp,
    pub(crate) lane: Lane,
    pub(crate) ballast: Vec<u8>,
}

/// The amount that stands for a command a later program wrote and this one may skip.
pub(crate) const SKIPPED: u64 = u64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) position: Position,
    pub(crate) total: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("no ledger wrote this")]
pub(crate) struct NoLedger;

impl StateMachine for Ledger {
    type Command = Command;
    type Reply = Reply;
    type Event = u64;
    type Image = Ledger;
    type DecodeError = NoLedger;

    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<u64>) -> Reply {
        self.total += command.amount;
        self.stamps.push(command.now);
        self.kept.extend(&command.ballast);
        events.push(self.total);
        Reply { position, total: self.total }
    }

    fn now(&self) -> Timestamp {
        self.stamps.last().copied().unwrap_or_default()
    }

    fn lane(command: &Command) -> Lane {
        command.lane
    }

    fn encode(commands: &[Command]) -> Vec<u8> {
        let mut entry = Vec::new();
        for command in commands {
            entry.extend(command.amount.to_le_bytes());
            entry.extend(command.now.as_unix_millis().to_le_bytes());
            entry.extend((command.ballast.len() as u64).to_le_bytes());
            entry.extend(&command.ballast);
        }
        entry
    }

    fn stamp(entry: &mut [u8], now: Timestamp) -> Result<(), NoLedger> {
        let mut rest = entry;
        while !rest.is_empty() {
            let (fields, after) = rest.split_first_chunk_mut::<24>().ok_or(NoLedger)?;
            fields[8..16].copy_from_slice(&now.as_unix_millis().to_le_bytes());
            let octets = u64::from_le_bytes(fields[16..].try_into().expect("eight octets"));
            rest = after.get_mut(octets as usize..).ok_or(NoLedger)?;
        }
        Ok(())
    }

    fn decode(mut entry: &[u8]) -> Result<Vec<Option<Command>>, NoLedger> {
        let mut commands = Vec::new();
        while !entry.is_empty() {
            let (fields, rest) = entry.split_first_chunk::<24>().ok_or(NoLedger)?;
            let number = |at: usize| u64::from_le_bytes(fields[at..at + 8].try_into().expect("eight octets"));
            let (ballast, rest) = rest.split_at_checked(number(16) as usize).ok_or(NoLedger)?;
            let now = Timestamp::from_unix_millis(number(8));
            let ballast = ballast.to_vec();
            let command = Command { amount: number(0), now, lane: Lane::Submit, ballast };
            commands.push((command.amount != SKIPPED).then_some(command));
            entry = rest;
        }
        Ok(commands)
    }

    fn image(&self) -> Ledger {
        self.clone()
    }

    fn write_image(image: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(&image.total.to_le_bytes())?;
        out.write_all(&(image.kept.len() as u64).to_le_bytes())?;
        out.write_all(&image.kept)?;
        for stamp in &image.stamps {
            out.write_all(&stamp.as_unix_millis().to_le_bytes())?;
        }
        Ok(())
    }

    fn restore(input: &mut dyn io::Read) -> Result<Ledger, NoLedger> {
        let mut octets = Vec::new();
        input.read_to_end(&mut octets).map_err(|_| NoLedger)?;
        let (total, rest) = octets.split_first_chunk::<8>().ok_or(NoLedger)?;
        let (kept, rest) = rest.split_first_chunk::<8>().ok_or(NoLedger)?;
        let kept = usize::try_from(u64::from_le_bytes(*kept)).map_err(|_| NoLedger)?;
        let (kept, stamps) = rest.split_at_checked(kept).ok_or(NoLedger)?;
        let (stamps, []) = stamps.as_chunks::<8>() else { return Err(NoLedger) };
        let stamp = |octets: &[u8; 8]| Timestamp::from_unix_millis(u64::from_le_bytes(*octets));
        Ok(Ledger {
            total: u64::from_le_bytes(*total),
            stamps: stamps.iter().map(stamp).collect(),
            kept: kept.to_vec(),
        })
    }
}

pub(crate) fn add(amount: u64) -> Command {
    Command { amount, now: Timestamp::ZERO, lane: Lane::Submit, ballast: Vec::new() }
}

pub(crate) fn clock_at(ms: u64) -> Clock {
    clock_of(Arc::new(AtomicU64::new(ms)))
}

pub(crate) fn clock_of(calendar: Arc<AtomicU64>) -> Clock {
    Arc::new(move || Timestamp::from_unix_millis(calendar.load(Ordering::SeqCst)))
}
