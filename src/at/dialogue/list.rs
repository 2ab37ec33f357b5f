//! Finding all messages of one memory.
//!
//! ```text
//! Select ─▶ Listing ─────────────────────────▶ Listed
//!    │         └─ refused, or empty although slots are taken ────────┐
//!    ├─▶ Deletable ─ the slots named ─────────────────────────────────┤
//!    └────────────── slot by slot ───────────────────────────────────▶ Slots ─▶ Listed
//! ```
//!
//! A listing that never ends is the end of this procedure: its late lines must not become the answers to
//! others. The next time this modem is asked slot by slot.

use std::collections::VecDeque;

use crate::at::command::Command;
use crate::at::exchange::Reply;
use crate::at::facts::MemoryUse;
use crate::at::{Event, Failure, ListMethod, Listing, Memory, ProcedureKind, Slot};

use super::slot::{accepted, content, ended, selected};
use super::{Context, Dialogue, Input, Step, stored};

#[derive(Debug)]
pub(super) struct List {
    stage: Stage,
    listing: Listing,
    slots: VecDeque<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Select,
    Listing,
    Deletable,
    /// One by one; the slot just asked for.
    Slots(u16),
}

impl List {
    pub(super) fn new(memory: Memory) -> List {
        let listing = Listing { memory, used: None, capacity: None, messages: Vec::new(), complete: false };
        List { stage: Stage::Select, listing, slots: VecDeque::new() }
    }
}

impl Dialogue for List {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::List
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let Input::Reply(reply) = input else { return Step::Ask(Command::select(self.listing.memory)) };
        let result = match self.stage {
            Stage::Select => self.after_selection(&reply, context),
            Stage::Listing => self.after_listing(&reply, context),
            Stage::Deletable => Ok(self.after_deletable(&reply, context)),
            Stage::Slots(index) => self.after_slot(index, &reply, context),
        };
        result.unwrap_or_else(|failure| ended(self.kind(), failure, context))
    }
}

impl List {
    fn after_selection(&mut self, reply: &Reply, context: &mut Context<'_>) -> Result<Step, Failure> {
        selected(reply, self.listing.memory, context)?;
        if let Some(MemoryUse { used, capacity, .. }) =
            stored::memory_use(&reply.lines, Some(self.listing.memory))
        {
            (self.listing.used, self.listing.capacity) = (Some(used), Some(capacity));
        }
        let (stage, command) = match context.profile.list_method {
            ListMethod::Listing if context.modem.listing_hangs => return Ok(self.slot_by_slot(0, context)),
            ListMethod::Listing => (Stage::Listing, Command::list()),
            ListMethod::Deletable => (Stage::Deletable, Command::query("AT+CMGD=?", "+CMGD")),
            ListMethod::Slots { first } => return Ok(self.slot_by_slot(first, context)),
        };
        self.stage = stage;
        Ok(Step::Ask(command))
    }

    fn after_listing(&mut self, reply: &Reply, context: &mut Context<'_>) -> Result<Step, Failure> {
        let answer = accepted(reply);
        if answer == Err(Failure::Silent) {
            context.modem.listing_hangs = true;
            return Err(Failure::Silent);
        }
        let (messages, understood) = stored::listed(&reply.lines, self.listing.memory);
        let missed = self.listing.used.is_some_and(|used| used > 0) && messages.is_empty();
        if answer.is_err() || missed {
            return Ok(self.slot_by_slot(0, context));
        }
        self.listing.messages = messages;
        Ok(self.end(understood, context))
    }

    fn after_deletable(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        match stored::deletable(&reply.lines) {
            Some(slots) if accepted(reply).is_ok() => {
                self.slots = slots.into_iter().collect();
                self.next_slot(context)
            }
            Some(_) | None => self.slot_by_slot(0, context),
        }
    }

    fn after_slot(&mut self, index: u16, reply: &Reply, context: &mut Context<'_>) -> Result<Step, Failure> {
        let slot = Slot { memory: self.listing.memory, index };
        match content(reply, slot) {
            Ok(message) => self.listing.messages.extend(message),
            // Another number for an empty slot, or a message to be looked at by itself.
            Err(Failure::Refused(_) | Failure::Malformed) => {}
            Err(failure) => return Err(failure),
        }
        Ok(self.next_slot(context))
    }

    fn slot_by_slot(&mut self, first: u16, context: &mut Context<'_>) -> Step {
        let capacity = self.listing.capacity.unwrap_or(0).min(stored::SLOTS_MAX);
        // Those who count from 1 use the number of the capacity, those who count from 0 the 0.
        self.slots = (first..=capacity).collect();
        self.next_slot(context)
    }

    fn next_slot(&mut self, context: &mut Context<'_>) -> Step {
        if self.has_all() {
            return self.end(true, context);
        }
        let Some(index) = self.slots.pop_front() else { return self.end(false, context) };
        self.stage = Stage::Slots(index);
        Step::Ask(Command::read(Slot { memory: self.listing.memory, index }))
    }

    fn has_all(&self) -> bool {
        self.listing.used.is_some_and(|used| self.listing.messages.len() >= usize::from(used))
    }

    fn end(&mut self, understood: bool, context: &mut Context<'_>) -> Step {
        let all = self.listing.used.is_none() || self.has_all();
        let listing = Listing { complete: understood && all, ..self.listing.clone() };
        context.events.push_back(Event::Listed(listing));
        Step::End
    }
}
