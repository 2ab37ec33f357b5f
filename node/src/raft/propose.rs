//! The door for writes: one command in, its reply out, or a clear word on what is certain.
//!
//! ```text
//!             taken into an entry      durable and applied
//! waiting ──────────────────────▶ taken ──────────────────▶ replied
//!    │ deadline, caller gone        │ deadline, log failed
//!    ▼                              ▼
//! withdrawn: certainly not written  unknown: it may be, or become, part of the log
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::{Failure, Lane, StateMachine};

/// Most commands waiting in each lane. A full [`Lane::Submit`] refuses, a full [`Lane::Settle`] makes callers wait.
pub(super) const LANE_COMMANDS_MAX: usize = 4096;

/// Why there is no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProposeError {
    /// The command is certainly not in the log and never will be.
    #[error("the command was not taken: {0}")]
    Rejected(#[from] Rejection),
    /// Nobody knows; propose the same command again, unchanged, to find out.
    #[error("it is not known whether the command was taken")]
    Unknown(#[source] Option<Failure>),
}

/// Why a command was certainly not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Too many commands are waiting.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The deadline came before its turn.
    #[error("the deadline passed before its turn came")]
    Late,
    /// No entry can hold it.
    #[error("it takes {octets} octets, an entry holds {octets_max}")]
    TooLarge {
        /// Octets of an entry that holds only this command.
        octets: usize,
        /// Most octets of an entry.
        octets_max: usize,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

/// A handle for writes; clones share the lanes.
#[derive(Debug)]
pub struct Proposer<M: StateMachine> {
    settle: mpsc::Sender<Ticket<M>>,
    submit: mpsc::Sender<Ticket<M>>,
}

/// The lanes' other ends.
#[derive(Debug)]
pub(super) struct Lanes<M: StateMachine> {
    pub(super) settle: mpsc::Receiver<Ticket<M>>,
    pub(super) submit: mpsc::Receiver<Ticket<M>>,
}

/// A command on its way, and where its reply goes.
pub(super) struct Ticket<M: StateMachine> {
    pub(super) command: M::Command,
    pub(super) answer: Answer<M>,
    stage: Arc<Stage>,
}

pub(super) type Answer<M> = oneshot::Sender<Result<<M as StateMachine>::Reply, ProposeError>>;

/// Who decides over a command: its caller while it waits, the driver once it is taken.
#[derive(Debug, Default)]
struct Stage(AtomicU8);

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

pub(super) fn lanes<M: StateMachine>() -> (Proposer<M>, Lanes<M>) {
    let (settle, settle_receiver) = mpsc::channel(LANE_COMMANDS_MAX);
    let (submit, submit_receiver) = mpsc::channel(LANE_COMMANDS_MAX);
    (Proposer { settle, submit }, Lanes { settle: settle_receiver, submit: submit_receiver })
}

impl<M: StateMachine> Proposer<M> {
    /// Writes `command` and returns its reply once it is durable and applied here. Dropping the future withdraws a
    /// command whose turn has not come; one already taken is written all the same.
    pub async fn propose(&self, command: M::Command, within: Duration) -> Result<M::Reply, ProposeError> {
        let deadline = Instant::now() + within;
        let stage = Arc::new(Stage::default());
        let caller = Caller(stage.clone());
        let lane = M::lane(&command);
        let (answer, answered) = oneshot::channel();
        self.enter(lane, Ticket { command, answer, stage }, deadline).await?;
        match timeout_at(deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) if caller.0.withdraw() => Err(Rejection::Stopped.into()),
            Err(_) if caller.0.withdraw() => Err(Rejection::Late.into()),
            Ok(Err(_)) | Err(_) => Err(ProposeError::Unknown(None)),
        }
    }

    async fn enter(&self, lane: Lane, ticket: Ticket<M>, deadline: Instant) -> Result<(), Rejection> {
        match lane {
            Lane::Submit => self.submit.try_send(ticket).map_err(|error| match error {
                TrySendError::Full(_) => Rejection::Overloaded,
                TrySendError::Closed(_) => Rejection::Stopped,
            }),
            Lane::Settle => match timeout_at(deadline, self.settle.send(ticket)).await {
                Ok(sent) => sent.map_err(|_| Rejection::Stopped),
                Err(_) => Err(Rejection::Late),
            },
        }
    }
}

impl<M: StateMachine> Clone for Proposer<M> {
    fn clone(&self) -> Proposer<M> {
        Proposer { settle: self.settle.clone(), submit: self.submit.clone() }
    }
}

impl<M: StateMachine> Lanes<M> {
    /// The commands for the next entry: those that settle first; waits for one, then takes what is there, at most
    /// `commands_max`. `None` when every proposer is gone. Safe to drop only before the first command came.
    pub(super) async fn collect(&mut self, commands_max: usize) -> Option<Vec<Ticket<M>>> {
        let mut taken = Vec::new();
        while taken.is_empty() {
            let first = tokio::select! {
                biased;
                Some(ticket) = self.settle.recv() => ticket,
                Some(ticket) = self.submit.recv() => ticket,
                else => return None,
            };
            taken.extend(first.take());
            while taken.len() < commands_max
                && let Some(ticket) = self.settle.try_recv().or_else(|_| self.submit.try_recv()).ok()
            {
                taken.extend(ticket.take());
            }
        }
        Some(taken)
    }
}

impl<M: StateMachine> Ticket<M> {
    fn take(self) -> Option<Ticket<M>> {
        self.stage.moves(TAKEN).then_some(self)
    }
}

impl Stage {
    /// Whether the caller may still be sure that the command is not written.
    fn withdraw(&self) -> bool {
        self.moves(WITHDRAWN)
    }

    fn moves(&self, to: u8) -> bool {
        self.0.compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Withdraws when the caller goes away.
struct Caller(Arc<Stage>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.withdraw();
    }
}

impl<M: StateMachine> std::fmt::Debug for Ticket<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("stage", &self.stage).finish_non_exhaustive()
    }
}
