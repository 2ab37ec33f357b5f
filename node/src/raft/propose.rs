//! The door for writes: one command in, its reply out, or a clear word on what is certain.
//!
//! ```text
//!             taken into a batch      its entry is applied here
//! waiting ──────────────────────▶ taken ────────────────────────▶ replied
//!    │ ▲                            │ │ deadline, log failed, snapshot installed over it
//!    │ └── the batch is certainly ──┘ ▼
//!    │     not in the log           unknown: it may be, or become, part of the log
//!    │ deadline, no leader, caller gone
//!    ▼
//! withdrawn: certainly not written
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::stranded::Stranded;
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
    /// For two seconds no leader with a majority could be reached.
    #[error("no leader with a majority can be reached")]
    NoLeader,
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
    stranded: Arc<Stranded>,
}

/// The lanes' other ends.
#[derive(Debug)]
pub(super) struct Lanes<M: StateMachine> {
    settle: mpsc::Receiver<Ticket<M>>,
    submit: mpsc::Receiver<Ticket<M>>,
}

/// A command on its way, and who waits for its reply.
pub(super) struct Ticket<M: StateMachine> {
    pub(super) command: M::Command,
    pub(super) waiter: Waiter<M>,
}

/// Who waits for a reply.
pub(super) struct Waiter<M: StateMachine> {
    answer: oneshot::Sender<Result<M::Reply, ProposeError>>,
    stage: Arc<Stage>,
}

/// Who decides over a command: its caller while it waits, the coalescer once it is taken.
#[derive(Debug, Default)]
struct Stage(AtomicU8);

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

pub(super) fn lanes<M: StateMachine>(stranded: Arc<Stranded>) -> (Proposer<M>, Lanes<M>) {
    let (settle, settle_receiver) = mpsc::channel(LANE_COMMANDS_MAX);
    let (submit, submit_receiver) = mpsc::channel(LANE_COMMANDS_MAX);
    (Proposer { settle, submit, stranded }, Lanes { settle: settle_receiver, submit: submit_receiver })
}

impl<M: StateMachine> Proposer<M> {
    /// Writes `command` and returns its reply once a majority has it and it is applied here. Dropping the future
    /// withdraws a command whose turn has not come; one already taken is written all the same.
    pub async fn propose(&self, command: M::Command, within: Duration) -> Result<M::Reply, ProposeError> {
        let entered = Instant::now();
        let deadline = entered + within;
        let stage = Arc::new(Stage::default());
        let caller = Caller(stage.clone());
        let lane = M::lane(&command);
        let (answer, answered) = oneshot::channel();
        self.enter(lane, Ticket { command, waiter: Waiter { answer, stage } }, deadline).await?;
        self.wait(answered, &caller.0, entered, deadline).await
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

    async fn wait(
        &self,
        mut answered: oneshot::Receiver<Result<M::Reply, ProposeError>>,
        stage: &Stage,
        entered: Instant,
        deadline: Instant,
    ) -> Result<M::Reply, ProposeError> {
        let mut look = self.stranded.first_look(entered);
        loop {
            match timeout_at(look.min(deadline), &mut answered).await {
                Ok(Ok(result)) => return result,
                Ok(Err(_)) if stage.withdraw() => return Err(Rejection::Stopped.into()),
                Ok(Err(_)) => return Err(ProposeError::Unknown(None)),
                Err(_) if look >= deadline => {
                    return match stage.withdraw() {
                        true => Err(Rejection::Late.into()),
                        false => Err(ProposeError::Unknown(None)),
                    };
                }
                Err(_) if self.stranded.is_hopeless() && stage.withdraw() => {
                    return Err(Rejection::NoLeader.into());
                }
                Err(_) => look = self.stranded.next_look(),
            }
        }
    }
}

impl<M: StateMachine> Clone for Proposer<M> {
    fn clone(&self) -> Proposer<M> {
        Proposer { settle: self.settle.clone(), submit: self.submit.clone(), stranded: self.stranded.clone() }
    }
}

impl<M: StateMachine> Lanes<M> {
    /// Waits for the next command, what settles first; it is taken when this returns. `None` when every proposer is
    /// gone. Safe to drop.
    pub(super) async fn next(&mut self) -> Option<Ticket<M>> {
        loop {
            let ticket = tokio::select! {
                biased;
                Some(ticket) = self.settle.recv() => ticket,
                Some(ticket) = self.submit.recv() => ticket,
                else => return None,
            };
            if let Some(taken) = ticket.take() {
                return Some(taken);
            }
        }
    }

    /// Gives what waits to `keep`, what settles first, without taking the decision from its caller; `keep` says whether
    /// it has room for another.
    pub(super) fn empty_into(&mut self, mut keep: impl FnMut(Ticket<M>) -> bool) {
        while let Ok(ticket) = self.settle.try_recv().or_else(|_| self.submit.try_recv())
            && (ticket.waiter.is_gone() || keep(ticket))
        {}
    }

    /// Takes what waits, what settles first, until `tickets` holds `commands_max`.
    pub(super) fn fill(&mut self, tickets: &mut Vec<Ticket<M>>, commands_max: usize) {
        while tickets.len() < commands_max
            && let Some(ticket) = self.settle.try_recv().or_else(|_| self.submit.try_recv()).ok()
        {
            tickets.extend(ticket.take());
        }
    }
}

impl<M: StateMachine> Ticket<M> {
    /// The ticket, unless its caller has withdrawn it or gone.
    pub(super) fn take(self) -> Option<Ticket<M>> {
        (!self.waiter.answer.is_closed() && self.waiter.stage.moves(WAITING, TAKEN)).then_some(self)
    }

    /// Gives the decision back to the caller: the command is certainly not written.
    pub(super) fn give_back(self) -> Ticket<M> {
        self.waiter.stage.moves(TAKEN, WAITING);
        self
    }
}

impl<M: StateMachine> Waiter<M> {
    pub(super) fn answer(self, result: Result<M::Reply, ProposeError>) {
        // Whoever asked is gone when this fails.
        drop(self.answer.send(result));
    }

    pub(super) fn is_gone(&self) -> bool {
        self.answer.is_closed()
    }
}

impl Stage {
    /// Whether the caller may still be sure that the command is not written.
    fn withdraw(&self) -> bool {
        self.moves(WAITING, WITHDRAWN)
    }

    fn moves(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
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
        f.debug_struct("Ticket").field("stage", &self.waiter.stage).finish_non_exhaustive()
    }
}
