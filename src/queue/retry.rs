//! What people ask of messages that were given up: retry, discard.

use super::record::{Failure, Record, Stage};
use super::state::{Effects, Queue};
use super::{DiscardReply, Event, Reply, RetryReply, StateCause};
use crate::model::{MessageId, Name, Timestamp};

/// Most generations of a message: the claims under which something may have left a modem are kept from each.
const GENERATIONS_MAX: u8 = 32;

impl Queue {
    /// Queues a failed or expired message again, whole and under the next generation.
    ///
    /// What was exposed before may so be sent twice: it is marked, and each such attempt counts as uncertain from
    /// now on. Evidence about it still says how the message fails when it fails again.
    pub(super) fn retry(
        &mut self,
        client: &Name,
        id: MessageId,
        generation: u8,
        effects: &mut Effects<'_>,
    ) -> Reply {
        let Some(slot) = self.messages.find(id) else { return Reply::NoMessage };
        let Some(record) = self.messages.get(slot) else { return Reply::NoMessage };
        if record.generation > generation {
            return Reply::Retry(RetryReply::Retried);
        }
        if record.generation < generation || !may_be_retried(record) {
            return Reply::Retry(RetryReply::Refused(record.state()));
        }
        if generation >= GENERATIONS_MAX || !self.has_room_for(&record.route) {
            return Reply::Full;
        }
        let Some(record) = self.messages.get_mut(slot) else { return Reply::NoMessage };
        debug_assert!(record.claim.is_none(), "a final message has no open claim");
        if let Some(ended) = record.ended.take() {
            self.settled.remove(&(ended, slot));
        }
        revive(record, self.now);
        self.keys.revive(record);
        *self.routes.entry(record.route.clone()).or_insert(0) += 1;
        effects.events.push(Event::Retried {
            message: id,
            generation: record.generation,
            client: client.clone(),
        });
        self.enter(slot, Stage::Queued);
        self.reindex_because(slot, StateCause::Retried, effects);
        Reply::Retry(RetryReply::Retried)
    }

    /// Acknowledges a failed message: it is failed as before, and no dead letter any more.
    pub(super) fn discard(
        &mut self,
        client: &Name,
        id: MessageId,
        generation: u8,
        effects: &mut Effects<'_>,
    ) -> Reply {
        let Some(slot) = self.messages.find(id) else { return Reply::NoMessage };
        let Some(record) = self.messages.get_mut(slot) else { return Reply::NoMessage };
        let failed = matches!(record.stage, Stage::Failed(_));
        if !failed || record.generation != generation {
            return Reply::Discard(DiscardReply::Refused(record.state()));
        }
        if !record.discarded {
            record.discarded = true;
            self.reindex(slot, effects);
            effects.events.push(Event::Discarded { message: id, client: client.clone() });
        }
        Reply::Discard(DiscardReply::Discarded)
    }
}

fn may_be_retried(record: &Record) -> bool {
    match record.stage {
        Stage::Failed(
            Failure::Refused(_)
            | Failure::AttemptsUsed(_)
            | Failure::Poison
            | Failure::Partial
            | Failure::Uncertain,
        )
        | Stage::Expired => true,
        Stage::Queued
        | Stage::Claimed
        | Stage::Uncertain
        | Stage::Sent
        | Stage::Canceled
        | Stage::Rejected(_) => false,
    }
}

/// As new, but for what is known of its attempts. A deadline that has passed does not end it a second time.
fn revive(record: &mut Record, now: Timestamp) {
    record.possible_duplicate |= record.is_exposed();
    record.generation = record.generation.saturating_add(1);
    record.deadline = record.deadline.filter(|deadline| *deadline > now);
    record.held = false;
    record.discarded = false;
    record.refusals = 0;
    record.faults = 0;
    record.faults_seen = 0;
    record.avoid = None;
    record.not_before = Timestamp::ZERO;
    record.place = None;
    record.pin_check = None;
    record.pin_lost = None;
    let attempts = record.claims.iter_mut().flat_map(|claim| claim.attempts.iter_mut());
    for attempt in attempts.filter(|attempt| attempt.state.is_exposed()) {
        attempt.was_uncertain = true;
    }
}
