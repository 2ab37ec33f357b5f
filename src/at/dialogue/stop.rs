//! The operator's `stop` command: `AT` until it is answered, then the command.

use crate::at::command::Command;
use crate::at::exchange::{End, Reply};
use crate::at::response::FinalResult;
use crate::at::{Event, OwnCommand, ProcedureKind};
use crate::model::Cause;

use super::synchronise::Synchronise;
use super::{Context, Dialogue, Flow, Input, Step};

#[derive(Debug, Default)]
pub(super) struct Stop {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Synchronise(Synchronise),
    Said,
}

impl Default for Phase {
    fn default() -> Phase {
        Phase::Synchronise(Synchronise::default())
    }
}

impl Dialogue for Stop {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Stop
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        match &mut self.phase {
            Phase::Synchronise(synchronise) => match synchronise.advance(input, context) {
                Flow::Next(step) => step,
                Flow::Done(Some(_)) => self.say(context),
                Flow::Done(None) => refused(OwnCommand::Stop, None, context),
            },
            Phase::Said => match input {
                Input::Reply(reply) if reply.is_ok() => Step::End,
                Input::Reply(reply) => refused(OwnCommand::Stop, cause(&reply), context),
                Input::Begin | Input::Elapsed | Input::Confirmed | Input::Unconfirmed => Step::End,
            },
        }
    }
}

impl Stop {
    fn say(&mut self, context: &mut Context<'_>) -> Step {
        context.modem.configured = false;
        self.phase = Phase::Said;
        match &context.profile.stop {
            Some(line) => Step::Ask(own(line)),
            None => Step::End,
        }
    }
}

/// A command of the operator's, hidden but for its name: an unlock code of the maker's own looks like any other
/// parameter.
pub(super) fn own(line: &str) -> Command {
    Command::set(line).secret()
}

/// The number a modem gave.
pub(super) fn cause(reply: &Reply) -> Option<Cause> {
    match reply.end {
        End::Result(FinalResult::Error(cause)) | End::Numeric(FinalResult::Error(cause)) => cause,
        End::Result(FinalResult::Ok)
        | End::Numeric(FinalResult::Ok)
        | End::Prompt
        | End::Silent
        | End::Restarted
        | End::PortLost => None,
    }
}

fn refused(command: OwnCommand, cause: Option<Cause>, context: &mut Context<'_>) -> Step {
    context.events.push_back(Event::OwnRefused { command, cause });
    Step::End
}
