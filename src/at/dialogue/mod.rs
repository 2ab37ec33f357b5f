//! The procedures, each a machine that is told what came back and says what is to be done next.
//!
//! ```text
//!            Ask ─────────▶ one command in flight ──Reply──▶┐
//!            Write, Wait ─▶ nothing in flight ────Elapsed──▶┤
//! advance ──▶Confirm ─────▶ the host is asked ────Confirmed▶├─▶ advance
//!            Continue ────▶ another dialogue takes over      │
//!            End ─────────▶ idle                             │
//!            port lost, aborted, overdue ────────────────────┴─▶ abandoned
//! ```

mod ask;
mod call;
mod check_sim;
mod configure;
mod initialise;
mod list;
mod recover;
mod reset;
mod send;
mod slot;
mod stop;
mod stored;
mod survey;
mod synchronise;
mod unlock;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::model::{Attempt, NotWrittenReason, Time};

use super::command::Command;
use super::driver::{Driver, Optional};
use super::exchange::{Exchange, Reply};
use super::{Event, Failure, Memory, Procedure, ProcedureKind, Profile};

pub(super) use ask::is_askable;
pub(super) use call::longest as longest_call;
pub(super) use recover::Recover;

/// One running procedure.
pub(super) trait Dialogue: fmt::Debug + Send {
    /// Which procedure it is.
    fn kind(&self) -> ProcedureKind;

    /// What to do next, given what came of the last step.
    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step;

    /// It ends here. Says so with an event. `exchange` is the command in flight, if there is one.
    fn abandoned(&mut self, why: Abandoned, exchange: Option<Exchange>, context: &mut Context<'_>) {
        let _ = exchange;
        context.events.push_back(Event::Failed { procedure: self.kind(), failure: why.failure() });
    }

    /// The modem said that its software has just started. Whether a question to the host has lost its point by that.
    fn restarted(&mut self) -> bool {
        false
    }

    /// The modem is to be left: it ends as soon as may be. Whether what it waits for is to end now.
    fn cut_short(&mut self) -> bool {
        false
    }

    /// Whether it has done what cannot be taken back, so that it runs to its end.
    fn is_committed(&self) -> bool {
        false
    }
}

/// What came of the last step.
#[derive(Debug)]
pub(super) enum Input {
    /// Nothing was done yet.
    Begin,
    /// A command ended.
    Reply(Reply),
    /// A pause is over.
    Elapsed,
    /// The host said yes.
    Confirmed,
    /// The host said nothing in time.
    Unconfirmed,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Send a command and wait for its answer.
    Ask(Command),
    /// Write bytes that have no answer, then pause.
    Write(Vec<u8>, Duration),
    /// Send nothing for a while.
    Wait(Duration),
    /// Wait for the host's word.
    Confirm,
    /// Go on with another dialogue.
    Continue(Box<dyn Dialogue>),
    /// Nothing: it is done.
    End,
}

/// What a part of a dialogue does next, or what it found.
#[derive(Debug)]
pub(super) enum Flow<T> {
    Next(Step),
    Done(T),
}

/// Why a dialogue ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abandoned {
    PortLost,
    Aborted(NotWrittenReason),
    /// It took longer than any such procedure may.
    Overdue,
}

/// What a dialogue sees and changes.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) profile: &'a Profile,
    pub(super) modem: &'a mut Knowledge,
    pub(super) events: &'a mut VecDeque<Event>,
    pub(super) now: Time,
}

/// What is known about the modem between procedures.
#[derive(Debug)]
pub(super) struct Knowledge {
    pub(super) driver: &'static Driver,
    /// Whether the full configuration was made since the port was opened or the modem restarted.
    pub(super) configured: bool,
    /// Whether the profile's `start` is still to be said.
    pub(super) start_due: bool,
    /// Whether the SIM was found ready by the profile's `check_sim`.
    pub(super) sim_checked: bool,
    /// The memory commands refer to now.
    pub(super) selected: Option<Memory>,
    /// What this modem refused once is not asked again.
    pub(super) unsupported: Vec<Optional>,
    /// The uncertain attempt whose answer may still come.
    pub(super) unsettled: Option<Unsettled>,
    /// The PIN was used and what the SIM made of it was not read yet. A SIM found ready then was unlocked by it;
    /// not so when the modem restarted, the SIM was away or the port was lost in between: it may be another SIM.
    pub(super) pin_on_trial: bool,
    /// Until when nothing is sent, after an uncertain part; outlives the port.
    pub(super) quiet_until: Option<Time>,
    /// TP-MR of the part sent last.
    pub(super) reference: Option<u8>,
    /// The answer to a PDU once came with that to the next command: PDUs are lost that come at once after
    /// the prompt.
    pub(super) slow_at_prompt: bool,
    /// `AT+CMGL` was not answered once.
    pub(super) listing_hangs: bool,
    /// The answer to a question of the operator's may still come: any line may be a text or a name.
    pub(super) is_questioned: bool,
    /// A call was dialled and not hung up: it may go on, on whatever port the modem comes back.
    pub(super) in_call: bool,
}

/// An uncertain attempt whose answer may still come.
#[derive(Clone, Debug)]
pub(super) struct Unsettled {
    pub(super) part: super::SendPart,
    /// Whether a refusal can be its answer: not when it was answered already.
    pub(super) unanswered: bool,
}

impl Unsettled {
    pub(super) fn attempt(&self) -> Attempt {
        self.part.attempt
    }
}

impl Abandoned {
    pub(super) fn failure(self) -> Failure {
        match self {
            Abandoned::PortLost => Failure::PortLost,
            Abandoned::Aborted(_) => Failure::Aborted,
            Abandoned::Overdue => Failure::Silent,
        }
    }
}

impl Knowledge {
    pub(super) fn new(driver: &'static Driver) -> Knowledge {
        Knowledge {
            driver,
            configured: false,
            start_due: true,
            sim_checked: false,
            selected: None,
            unsupported: Vec::new(),
            unsettled: None,
            pin_on_trial: false,
            quiet_until: None,
            reference: None,
            slow_at_prompt: false,
            listing_hangs: false,
            is_questioned: false,
            in_call: false,
        }
    }

    /// What was true of the modem on a port that is lost.
    pub(super) fn forget_port(&mut self) {
        self.configured = false;
        self.selected = None;
        self.unsettled = None;
        self.pin_on_trial = false;
        self.is_questioned = false;
    }

    /// Whether to ask for something that is not necessary.
    pub(super) fn may_ask(&self, optional: Optional) -> bool {
        self.driver.permits(optional) && !self.unsupported.contains(&optional)
    }
}

/// The dialogue that carries a procedure out.
pub(super) fn of(procedure: Procedure) -> Box<dyn Dialogue> {
    match procedure {
        Procedure::Initialise { pin, quiet, resets_sim } => {
            Box::new(initialise::Initialise::new(pin, quiet, resets_sim))
        }
        Procedure::Survey => Box::new(survey::Surveying::default()),
        Procedure::SendPart(part) => Box::new(send::Send::new(part)),
        Procedure::Call(place) => Box::new(call::Calls::new(place)),
        Procedure::List { memory } => Box::new(list::List::new(memory)),
        Procedure::Read { slot } => Box::new(slot::ReadSlot::new(slot)),
        Procedure::Delete { slot, only_if } => Box::new(slot::DeleteSlot::new(slot, only_if)),
        Procedure::Ask { line, expects, patience } => Box::new(ask::Ask::new(line, expects, patience)),
        Procedure::Stop => Box::new(stop::Stop::default()),
        Procedure::Resynchronise => Box::new(Recover::new(Duration::ZERO)),
        Procedure::Reset(rung) => Box::new(reset::Reset::new(rung)),
    }
}

/// Ends a dialogue that got no answer: its late answer must not become that of the next command.
fn silent(kind: ProcedureKind, context: &mut Context<'_>) -> Step {
    context.events.push_back(Event::Failed { procedure: kind, failure: Failure::Silent });
    Step::Continue(Box::new(Recover::new(Duration::ZERO)))
}

/// Ends a dialogue without its result.
fn failed(kind: ProcedureKind, failure: Failure, context: &mut Context<'_>) -> Step {
    context.events.push_back(Event::Failed { procedure: kind, failure });
    Step::End
}
