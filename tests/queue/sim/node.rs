//! A node and its workers: what they remember, and what of it outlives a crash.

use std::collections::VecDeque;

use smsgrid::model::{Attempt, Imsi, PartOutcome, RegistrationId, SessionId};
use smsgrid::queue::{Body, Command};

use super::device::Connection;
use super::machine::Machine;

/// A proposal that is repeated unchanged until it is answered.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) ticket: u64,
    pub(crate) command: Command,
}

pub(crate) struct Node {
    pub(crate) alive: bool,
    pub(crate) session: Option<SessionId>,
    pub(crate) pending: Option<Pending>,
    pub(crate) workers: Vec<Worker>,
    /// Commands to propose before the session: the outbox, and guesses of a node that makes some.
    pub(crate) first: VecDeque<Body>,
    /// Durable: how often it has started.
    pub(crate) start: u64,
    /// Durable: results that are not known to be in the log.
    pub(crate) outbox: Vec<Kept>,
    /// Steps it still stands still.
    pub(crate) pause: u32,
    /// The node's replica, durable.
    pub(crate) replica: Box<dyn Machine>,
    pub(crate) applied: usize,
}

/// A result in the outbox.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) device: usize,
    pub(crate) attempt: Attempt,
    pub(crate) outcome: PartOutcome,
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    /// No port.
    Closed,
    /// `RegisterModem` is proposed.
    Registering,
    /// Registered and quiesced.
    Idle,
    /// `Ready` is proposed.
    Readying,
    /// Ready, or has a claim it has not seen yet.
    Waiting,
    /// `Withdraw` is proposed.
    Withdrawing,
    /// `UnregisterModem` is proposed.
    Unregistering,
    /// `Start` is proposed.
    Starting(Attempt),
    /// The part is started and may be written if all is well.
    May(Attempt),
    /// Octets are on their way, Ctrl-Z is not.
    Writing(Attempt),
    /// Ctrl-Z was given.
    Wrote(Attempt),
    /// `Outcome` is proposed; whether the modem must be quiesced after it.
    Reporting { quiesce: bool },
    /// The modem is resynchronised after a part without an answer.
    Quiescing(Attempt),
    /// A late result is proposed.
    Evidence(Attempt),
    /// `NotWritten` is proposed.
    GivingBack,
    /// A result an earlier worker left in the outbox is proposed.
    Recovering,
}

pub(crate) struct Worker {
    pub(crate) phase: Phase,
    pub(crate) pending: Option<Pending>,
    pub(crate) connection: Option<Connection>,
    pub(crate) open: u64,
    pub(crate) imsi: Option<Imsi>,
    pub(crate) registration: Option<RegistrationId>,
    pub(crate) seq: u64,
}

impl Worker {
    pub(crate) fn new() -> Worker {
        Worker {
            phase: Phase::Closed,
            pending: None,
            connection: None,
            open: 0,
            imsi: None,
            registration: None,
            seq: 0,
        }
    }
}

impl Node {
    pub(crate) fn new(devices: usize, replica: Box<dyn Machine>) -> Node {
        Node {
            alive: true,
            session: None,
            pending: None,
            workers: (0..devices).map(|_| Worker::new()).collect(),
            first: VecDeque::new(),
            start: 1,
            outbox: Vec::new(),
            pause: 0,
            replica,
            applied: 0,
        }
    }

    /// Whether it stands still; each look is a step of its standing.
    pub(crate) fn stands_still(&mut self) -> bool {
        let still = self.pause > 0;
        self.pause = self.pause.saturating_sub(1);
        still
    }
}
