//! What people ask: resolve, cancel, hold, release, block.

use super::claim::{AttemptState, Source};
use super::record::{Failure, Stage};
use super::state::{Effects, Queue};
use super::{CancelReply, Event, HoldReply, Reply, StateCause, Verdict};
use crate::model::{MessageId, Name, PartNumber, RegistrationId};

/// Most names of blocked modems.
const BLOCKED_MAX: usize = 4096;
/// Most attempts a message may have left behind undecided; then a person can only say "sent".
const DOUBTFUL_MAX: usize = 64;

impl Queue {
    pub(super) fn resolve(
        &mut self,
        client: &Name,
        id: MessageId,
        part: PartNumber,
        verdict: Verdict,
        effects: &mut Effects<'_>,
    ) -> Reply {
        let now = self.now;
        let Some(slot) = self.messages.find(id) else { return Reply::NoMessage };
        let Some(record) = self.messages.get_mut(slot) else { return Reply::NoMessage };
        let doubtful = record.attempts().filter(|(_, attempt)| attempt.state.is_doubtful()).count();
        if verdict == Verdict::NotSent && doubtful > DOUBTFUL_MAX {
            return Reply::Full;
        }
        let generation = record.generation;
        let claims = record.claims.iter_mut().filter(|claim| claim.generation == generation);
        let mut attempts = claims.filter_map(|claim| claim.record_mut(part));
        let Some(attempt) = attempts.find(|attempt| attempt.state == AttemptState::Uncertain) else {
            return Reply::Done;
        };
        match verdict {
            Verdict::Sent => attempt.sent(None, None, Source::Operator, now),
            Verdict::NotSent => {
                attempt.state = AttemptState::Released;
                attempt.source = Some(Source::Operator);
                record.possible_duplicate = true;
            }
        }
        effects.events.push(Event::Resolved { message: id, part, verdict, client: client.clone() });
        self.settle_because(slot, StateCause::Resolved(verdict), effects);
        Reply::Done
    }

    pub(super) fn cancel(&mut self, id: MessageId, effects: &mut Effects<'_>) -> Reply {
        let Some(slot) = self.messages.find(id) else { return Reply::NoMessage };
        let Some(record) = self.messages.get(slot) else { return Reply::NoMessage };
        let waits = matches!(record.stage, Stage::Queued | Stage::Claimed);
        if waits && !record.is_exposed() {
            self.close(slot, effects);
            self.enter(slot, Stage::Canceled);
            self.reindex(slot, effects);
        } else if record.stage == Stage::Queued {
            self.fail(slot, Failure::Partial, effects);
        }
        let Some(record) = self.messages.get(slot) else { return Reply::NoMessage };
        Reply::Cancel(match record.stage {
            Stage::Canceled => CancelReply::Canceled,
            Stage::Queued
            | Stage::Claimed
            | Stage::Uncertain
            | Stage::Sent
            | Stage::Failed(_)
            | Stage::Expired
            | Stage::Rejected(_) => CancelReply::TooLate(record.state()),
        })
    }

    pub(super) fn hold(&mut self, id: MessageId, effects: &mut Effects<'_>) -> Reply {
        let Some(slot) = self.messages.find(id) else { return Reply::NoMessage };
        let Some(record) = self.messages.get_mut(slot) else { return Reply::NoMessage };
        if record.is_final() {
            return Reply::Hold(HoldReply::TooLate(record.state()));
        }
        record.held = true;
        if record.open_claim().is_some_and(|claim| claim.attempts.is_empty()) {
            self.close(slot, effects);
        }
        self.settle_because(slot, StateCause::Held, effects);
        Reply::Hold(HoldReply::Held)
    }

    pub(super) fn release(&mut self, id: MessageId, effects: &mut Effects<'_>) -> Reply {
        let Some(slot) = self.messages.find(id) else { return Reply::NoMessage };
        let Some(record) = self.messages.get_mut(slot) else { return Reply::NoMessage };
        record.held = false;
        self.settle(slot, effects);
        Reply::Done
    }

    pub(super) fn block_modem(&mut self, name: &Name) -> Reply {
        if self.blocked.len() >= BLOCKED_MAX && !self.blocked.contains(name) {
            return Reply::Full;
        }
        self.blocked.insert(name.clone());
        let named = self.registrations.values().filter(|modem| modem.name == *name);
        for modem in named {
            self.free.remove(&(modem.armed_order, modem.id));
        }
        Reply::Done
    }

    pub(super) fn unblock_modem(&mut self, name: &Name, effects: &mut Effects<'_>) -> Reply {
        if !self.blocked.remove(name) {
            return Reply::Done;
        }
        let named = self.registrations.values().filter(|modem| modem.name == *name);
        let ids: Vec<RegistrationId> = named.map(|modem| modem.id).collect();
        for id in ids {
            self.offer(id, effects);
        }
        Reply::Done
    }
}
