//! Where a message stands after something about its attempts has changed.

use super::arena::Slot;
use super::claim::{AttemptState, Claim};
use super::record::{Failure, Record, Stage};
use super::state::{Effects, Queue};
use super::{Event, StateCause};
use crate::model::{Doubt, Epoch, RegistrationId, SessionId, Timestamp, UncertainPolicy};

/// Most claims a message keeps. Those under which nothing can have left a modem are dropped beyond it, the
/// oldest first; the others are few, since each of them used up a resend or a person's word.
const CLAIMS_KEPT_MAX: usize = 32;

impl Queue {
    /// Ends a session: what is in flight becomes uncertain, what was not started goes back, its modems are gone.
    pub(super) fn lose(&mut self, session: SessionId, effects: &mut Effects<'_>) {
        let Some(lost) = self.sessions.get(&session) else { return };
        let node = lost.node;
        let registrations: Vec<_> = lost.registrations().collect();
        for registration in &registrations {
            self.abandon_claim(*registration, effects);
        }
        for registration in registrations {
            self.delete_registration(registration, effects);
        }
        self.sessions.remove(&session);
        if let Some(node) = self.nodes.get_mut(&node) {
            node.session = None;
            node.lost = Some(self.now);
        }
        effects.events.push(Event::SessionEnded { session, node });
    }

    /// Closes the open claim of a registration whose owner will not end it: in flight becomes uncertain.
    pub(super) fn abandon_claim(&mut self, registration: RegistrationId, effects: &mut Effects<'_>) {
        let Some(epoch) = self.registrations.get(&registration).and_then(|modem| modem.claim) else { return };
        let Some(slot) = self.epochs.get(&epoch).copied() else { return };
        let now = self.now;
        if let Some(claim) = self.messages.get_mut(slot).and_then(|record| record.claim_mut(epoch)) {
            let in_flight = claim.attempts.iter_mut().filter(|a| a.state == AttemptState::InFlight);
            in_flight.for_each(|attempt| attempt.doubt(Doubt::SessionLost, None, now));
        }
        self.close(slot, effects);
        self.settle_because(slot, StateCause::ModemGone, effects);
    }

    /// Closes the open claim of a message, if it has one. To be followed by `settle` or `fail`.
    pub(super) fn close(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let Some(record) = self.messages.get_mut(slot) else { return };
        let Some(epoch) = record.claim.take() else { return };
        if record.stage == Stage::Claimed {
            record.stage = Stage::Queued;
        }
        let Some(claim) = record.claim_mut(epoch) else { return };
        debug_assert!(
            claim.open && claim.in_flight().is_none(),
            "a claim closes once, with nothing in flight"
        );
        claim.open = false;
        let (registration, session) = (claim.registration, claim.session);
        let dropped = drop_claims(record);
        dropped.iter().for_each(|epoch| {
            self.epochs.remove(epoch);
        });
        if let Some(modem) = self.registrations.get_mut(&registration).filter(|m| m.claim == Some(epoch)) {
            modem.claim = None;
        }
        effects.events.push(Event::Unarmed { registration, session, epoch });
    }

    /// Decides where the message stands now, closes its claim if it moves, and brings the indexes up to date.
    pub(super) fn settle(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let Some(record) = self.messages.get(slot) else { return };
        if let Some(stage) = settled(record, self.now) {
            self.close(slot, effects);
            self.enter(slot, stage);
        }
        self.reindex(slot, effects);
    }

    /// The same, and why it is queued again if it is.
    pub(super) fn settle_because(&mut self, slot: Slot, cause: StateCause, effects: &mut Effects<'_>) {
        effects.moved = Some(cause);
        self.settle(slot, effects);
        effects.moved = None;
    }

    /// Gives the message up, in the words that are true of it.
    pub(super) fn fail(&mut self, slot: Slot, otherwise: Failure, effects: &mut Effects<'_>) {
        let Some(record) = self.messages.get(slot) else { return };
        let failure = failure(record, otherwise);
        self.close(slot, effects);
        self.enter(slot, Stage::Failed(failure));
        self.reindex(slot, effects);
    }

    /// Sets the stage and the moments that go with it.
    pub(super) fn enter(&mut self, slot: Slot, stage: Stage) {
        let Some(record) = self.messages.get_mut(slot) else { return };
        let (now, policy) = (self.now, &self.policy);
        record.stage = stage;
        let decides = stage == Stage::Uncertain && record.uncertain != UncertainPolicy::Hold;
        let until = record.evidence_until.unwrap_or(now + policy.evidence_window);
        record.evidence_until = decides.then_some(until);
        let pinned = stage == Stage::Queued && record.pin().is_some();
        let check = record.pin_check.unwrap_or(now + policy.pin_timeout);
        record.pin_check = pinned.then_some(check);
        record.pin_lost = record.pin_lost.filter(|_| pinned);
    }
}

/// Where a message moves, rule by rule, the first that fits; none when it stays.
fn settled(record: &Record, now: Timestamp) -> Option<Stage> {
    let in_flight = record.open_claim().and_then(Claim::in_flight).is_some();
    let may_be_sent = !record.is_final() || record.stage == Stage::Failed(Failure::Uncertain);
    if !may_be_sent {
        None
    } else if record.is_all_sent() && !in_flight {
        Some(Stage::Sent)
    } else if record.is_final() || in_flight {
        None
    } else if record.has_open_doubt() {
        Some(Stage::Uncertain)
    } else if record.claim.is_some() {
        None
    } else if !record.is_past_deadline(now) {
        Some(Stage::Queued)
    } else if !record.is_exposed() {
        Some(Stage::Expired)
    } else {
        Some(Stage::Failed(failure(record, Failure::Partial)))
    }
}

/// How a message is given up: never with more certainty than there is.
fn failure(record: &Record, otherwise: Failure) -> Failure {
    if record.is_doubtful() {
        Failure::Uncertain
    } else if record.is_exposed() {
        Failure::Partial
    } else {
        otherwise
    }
}

/// Drops claims that no evidence can refer to: those without attempts, and the oldest beyond the bound.
fn drop_claims(record: &mut Record) -> Vec<Epoch> {
    let mut surplus = record.claims.len().saturating_sub(CLAIMS_KEPT_MAX);
    let mut dropped = Vec::new();
    record.claims.retain(|claim| {
        let certain = !claim.open && !claim.is_exposed();
        let drops = certain && (claim.attempts.is_empty() || surplus > 0);
        if drops {
            surplus = surplus.saturating_sub(1);
            dropped.push(claim.epoch);
        }
        !drops
    });
    dropped
}
