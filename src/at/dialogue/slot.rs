//! Reading and freeing one slot. Freed is one slot at a time, never a range, and only what was read.

use crate::at::command::Command;
use crate::at::exchange::{End, Reply};
use crate::at::response::FinalResult;
use crate::at::{Event, Failure, Memory, ProcedureKind, Slot};
use crate::model::Cause;

use super::{Context, Dialogue, Input, Step, failed, silent, stored};

/// "Invalid memory index": nothing is there.
const INVALID_INDEX: Cause = Cause::Cms(321);

/// Reads a slot.
#[derive(Debug)]
pub(super) struct ReadSlot {
    slot: Slot,
    selecting: bool,
}

/// Frees a slot, after reading it again when its content is given.
#[derive(Debug)]
pub(super) struct DeleteSlot {
    slot: Slot,
    only_if: Option<String>,
    stage: DeleteStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeleteStage {
    Select,
    Compare,
    Delete,
}

impl ReadSlot {
    pub(super) fn new(slot: Slot) -> ReadSlot {
        ReadSlot { slot, selecting: false }
    }
}

impl Dialogue for ReadSlot {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Read
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let Input::Reply(reply) = input else {
            self.selecting = context.modem.selected != Some(self.slot.memory);
            return Step::Ask(match self.selecting {
                true => Command::select(self.slot.memory),
                false => Command::read(self.slot),
            });
        };
        if std::mem::take(&mut self.selecting) {
            return match selected(&reply, self.slot.memory, context) {
                Ok(()) => Step::Ask(Command::read(self.slot)),
                Err(failure) => ended(self.kind(), failure, context),
            };
        }
        match content(&reply, self.slot) {
            Ok(message) => {
                context.events.push_back(Event::Read { slot: self.slot, message });
                Step::End
            }
            Err(failure) => ended(self.kind(), failure, context),
        }
    }
}

impl DeleteSlot {
    pub(super) fn new(slot: Slot, only_if: Option<String>) -> DeleteSlot {
        DeleteSlot { slot, only_if, stage: DeleteStage::Select }
    }
}

impl Dialogue for DeleteSlot {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Delete
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let Input::Reply(reply) = input else {
            return match context.modem.selected == Some(self.slot.memory) {
                true => self.after_selection(),
                false => Step::Ask(Command::select(self.slot.memory)),
            };
        };
        let result = match self.stage {
            DeleteStage::Select => {
                selected(&reply, self.slot.memory, context).map(|()| self.after_selection())
            }
            DeleteStage::Compare => self.compare(&reply, context),
            DeleteStage::Delete => accepted(&reply).map(|()| self.deleted(context)),
        };
        result.unwrap_or_else(|failure| ended(self.kind(), failure, context))
    }
}

impl DeleteSlot {
    fn after_selection(&mut self) -> Step {
        if self.only_if.is_some() {
            self.stage = DeleteStage::Compare;
            return Step::Ask(Command::read(self.slot));
        }
        self.delete()
    }

    fn delete(&mut self) -> Step {
        self.stage = DeleteStage::Delete;
        Step::Ask(Command::delete(self.slot))
    }

    fn compare(&mut self, reply: &Reply, context: &mut Context<'_>) -> Result<Step, Failure> {
        let Some(message) = content(reply, self.slot)? else { return Ok(self.deleted(context)) };
        let expected = self.only_if.as_deref().unwrap_or_default();
        match message.pdu_hex.eq_ignore_ascii_case(expected) {
            true => Ok(self.delete()),
            false => Err(Failure::Changed),
        }
    }

    fn deleted(&self, context: &mut Context<'_>) -> Step {
        context.events.push_back(Event::Deleted { slot: self.slot });
        Step::End
    }
}

/// Notes the memory that is selected now.
pub(super) fn selected(reply: &Reply, memory: Memory, context: &mut Context<'_>) -> Result<(), Failure> {
    context.modem.selected = None;
    accepted(reply)?;
    context.modem.selected = Some(memory);
    Ok(())
}

/// The content of a slot, as the answer to reading it tells.
pub(super) fn content(reply: &Reply, slot: Slot) -> Result<Option<crate::at::StoredMessage>, Failure> {
    match accepted(reply) {
        Ok(()) => stored::read(&reply.lines, slot).map_err(|()| Failure::Malformed),
        Err(Failure::Refused(Some(INVALID_INDEX))) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Ends a dialogue without its result; one that got no answer also has to get in step again.
pub(super) fn ended(kind: ProcedureKind, failure: Failure, context: &mut Context<'_>) -> Step {
    match failure == Failure::Silent {
        true => silent(kind, context),
        false => failed(kind, failure, context),
    }
}

pub(super) fn accepted(reply: &Reply) -> Result<(), Failure> {
    match reply.end {
        End::Result(FinalResult::Ok) | End::Numeric(FinalResult::Ok) => Ok(()),
        End::Result(FinalResult::Error(cause)) | End::Numeric(FinalResult::Error(cause)) => {
            Err(Failure::Refused(cause))
        }
        End::Prompt => Err(Failure::Malformed),
        End::Silent | End::Restarted | End::PortLost => Err(Failure::Silent),
    }
}
