//! What the owner of a claim says: a part starts, has come to something, or was never written.

use super::arena::Slot;
use super::backoff;
use super::claim::{AttemptRecord, AttemptState, Claim, Failing, Source};
use super::record::{Avoid, Failure, Record};
use super::state::{Effects, Queue};
use super::{Body, Rearm, Reply, StartReply, StateCause};
use crate::model::{
    Attempt, Disposition, Epoch, ModemIdentity, NotWrittenReason, PartNumber, PartOutcome, Refusal,
    RegistrationId, Timestamp,
};

/// Most modem faults a message meets, whether they count against it or not, before it is given up.
const FAULTS_SEEN_MAX: u8 = 200;
/// Most modems remembered as faulty.
const FAULTY_MAX: usize = 4096;

impl Queue {
    pub(super) fn start(&mut self, attempt: Attempt, effects: &mut Effects<'_>) -> Reply {
        let Some(slot) = self.epochs.get(&attempt.epoch).copied() else {
            return Reply::Start(StartReply::Closed);
        };
        self.expire_unexposed(slot, effects);
        let now = self.now;
        let Some(record) = self.messages.get_mut(slot) else { return Reply::Start(StartReply::Closed) };
        let reply = start_reply(record, attempt);
        let fresh =
            record.claim_of(attempt.epoch).is_some_and(|c| c.state(attempt.part) == AttemptState::None);
        if reply == StartReply::Go && fresh {
            begin_attempt(record, attempt, now);
            self.reindex(slot, effects);
        }
        Reply::Start(reply)
    }

    pub(super) fn outcome(
        &mut self,
        attempt: Attempt,
        outcome: PartOutcome,
        next: Option<PartNumber>,
        rearm: Option<Rearm>,
        effects: &mut Effects<'_>,
    ) -> Reply {
        let state = self.attempt(attempt);
        if let Some(slot) = self.epochs.get(&attempt.epoch).copied() {
            if state == AttemptState::InFlight {
                self.end_attempt(slot, attempt, outcome, next, rearm, effects);
            } else if state.is_doubtful() {
                self.take_evidence(slot, attempt, outcome, effects);
            }
        }
        let next_started = next
            .is_some_and(|part| self.attempt(Attempt { epoch: attempt.epoch, part }) != AttemptState::None);
        let armed = rearm.is_some_and(|rearm| {
            self.registrations.get(&rearm.registration).is_some_and(|modem| modem.ready_seq == rearm.seq)
        });
        Reply::Outcome { next_started, armed, fetched: None }
    }

    pub(super) fn not_written(
        &mut self,
        attempt: Attempt,
        reason: NotWrittenReason,
        effects: &mut Effects<'_>,
    ) -> Reply {
        let Some(slot) = self.epochs.get(&attempt.epoch).copied() else { return Reply::Done };
        let (now, policy) = (self.now, &self.policy);
        let Some(record) = self.messages.get_mut(slot) else { return Reply::Done };
        let Some(claim) = record.claim_mut(attempt.epoch) else { return Reply::Done };
        let unstarted = claim.open && claim.in_flight().is_none();
        let (identity, ended) = (claim.identity.clone(), Failing::NotWritten(reason));
        match claim.state(attempt.part) {
            AttemptState::InFlight => {
                claim
                    .record_mut(attempt.part)
                    .into_iter()
                    .for_each(|a| a.not_aired(ended, Source::Modem, now));
            }
            AttemptState::Uncertain | AttemptState::Released => {
                let late = claim.record_mut(attempt.part).into_iter();
                late.for_each(|a| a.not_aired(ended, Source::LateEvidence, now));
                self.settle_because(slot, StateCause::Attempt(ended), effects);
                return Reply::Done;
            }
            AttemptState::None if unstarted => {}
            AttemptState::None | AttemptState::Sent | AttemptState::NotAired => return Reply::Done,
        }
        if is_fault(reason) {
            record.faults_seen = record.faults_seen.saturating_add(1);
            let until = now + backoff::rest(policy, record.faults_seen);
            record.avoid = Some(Box::new(Avoid { modem: identity, until }));
        }
        let poison = record.faults_seen >= FAULTS_SEEN_MAX && !record.is_all_sent();
        self.close(slot, effects);
        match poison {
            true => self.fail(slot, Failure::Poison, effects),
            false => self.settle_because(slot, StateCause::Attempt(ended), effects),
        }
        Reply::Done
    }

    /// Something is known of a part in flight.
    fn end_attempt(
        &mut self,
        slot: Slot,
        attempt: Attempt,
        outcome: PartOutcome,
        next: Option<PartNumber>,
        rearm: Option<Rearm>,
        effects: &mut Effects<'_>,
    ) {
        let now = self.now;
        let Some(record) = self.messages.get_mut(slot) else { return };
        let Some(claim) = record.claim_mut(attempt.epoch) else { return };
        let (registration, identity) = (claim.registration, claim.identity.clone());
        let open = claim.open;
        claim
            .record_mut(attempt.part)
            .into_iter()
            .for_each(|a| record_outcome(a, outcome, Source::Modem, now));
        let follows = next.map(|part| Attempt { epoch: attempt.epoch, part });
        match outcome {
            PartOutcome::Sent { .. } | PartOutcome::Called(_) => {
                self.faulty.remove(&identity);
                if let Some(next) = follows.filter(|next| may_start(record, *next)) {
                    begin_attempt(record, next, now);
                } else {
                    self.close(slot, effects);
                }
                self.settle(slot, effects);
            }
            PartOutcome::Refused(refusal) => {
                self.close(slot, effects);
                self.refuse(slot, refusal, identity, effects);
            }
            PartOutcome::Uncertain(_) => {
                self.close(slot, effects);
                self.settle(slot, effects);
                return;
            }
        }
        if open {
            self.rearm(registration, rearm, effects);
        }
    }

    /// A final result of an attempt nobody knew about any more. It says something about its own attempt only.
    fn take_evidence(
        &mut self,
        slot: Slot,
        attempt: Attempt,
        outcome: PartOutcome,
        effects: &mut Effects<'_>,
    ) {
        let now = self.now;
        let Some(record) = self.messages.get_mut(slot) else { return };
        let Some(late) = record.claim_mut(attempt.epoch).and_then(|c| c.record_mut(attempt.part)) else {
            return;
        };
        record_outcome(late, outcome, Source::LateEvidence, now);
        match late.failing {
            Some(failing) => self.settle_because(slot, StateCause::Attempt(failing), effects),
            None => self.settle(slot, effects),
        }
    }

    /// What a refusal means for a message whose claim is closed.
    fn refuse(&mut self, slot: Slot, refusal: Refusal, modem: ModemIdentity, effects: &mut Effects<'_>) {
        let counts = self.count_fault(refusal.disposition, &modem);
        let (now, policy) = (self.now, &self.policy);
        let Some(record) = self.messages.get_mut(slot) else { return };
        let failure = match refusal.disposition {
            Disposition::Permanent => Some(Failure::Refused(refusal)),
            Disposition::Temporary => {
                record.refusals = record.refusals.saturating_add(1);
                record.not_before = now + backoff::retry(policy, record.id, record.refusals);
                (record.refusals >= record.attempts_max).then_some(Failure::AttemptsUsed(refusal))
            }
            Disposition::ModemFault => {
                record.faults = record.faults.saturating_add(u8::from(counts));
                record.faults_seen = record.faults_seen.saturating_add(1);
                let until = now + backoff::rest(policy, record.faults_seen);
                record.avoid = Some(Box::new(Avoid { modem, until }));
                let poison = record.faults >= policy.faults_max || record.faults_seen >= FAULTS_SEEN_MAX;
                poison.then_some(Failure::Poison)
            }
        };
        match failure.filter(|_| !record.is_all_sent()) {
            Some(failure) => self.fail(slot, failure, effects),
            None => self.settle_because(slot, StateCause::Attempt(Failing::Refused(refusal)), effects),
        }
    }

    /// Whether a fault of this modem counts against its message: only when its last answer was no fault. A modem
    /// that is broken for hours so costs each message one fault, not one for every try.
    fn count_fault(&mut self, disposition: Disposition, modem: &ModemIdentity) -> bool {
        match disposition {
            Disposition::Permanent | Disposition::Temporary => {
                self.faulty.remove(modem);
                false
            }
            Disposition::ModemFault => {
                let counts = self.faulty.insert(modem.clone());
                if self.faulty.len() > FAULTY_MAX {
                    self.faulty.pop_first();
                }
                counts
            }
        }
    }

    /// What is in flight on the modem that this outcome has re-armed and asked to be given something started.
    pub(super) fn fetched(&self, body: &Body) -> Option<Attempt> {
        let Body::Outcome { rearm: Some(Rearm { registration, start: true, .. }), .. } = body else {
            return None;
        };
        let epoch = self.registrations.get(registration)?.claim?;
        Some(Attempt { epoch, part: self.claim(epoch)?.in_flight()? })
    }

    /// Starts the first missing part of a claim that was given just now.
    pub(super) fn start_claimed(&mut self, slot: Slot, epoch: Epoch, effects: &mut Effects<'_>) {
        let now = self.now;
        let Some(record) = self.messages.get_mut(slot) else { return };
        let missing = record.missing_part().map(|part| Attempt { epoch, part });
        if let Some(attempt) = missing.filter(|attempt| may_start(record, *attempt)) {
            begin_attempt(record, attempt, now);
            self.reindex(slot, effects);
        }
    }

    fn rearm(&mut self, registration: RegistrationId, rearm: Option<Rearm>, effects: &mut Effects<'_>) {
        let Some(rearm) = rearm.filter(|rearm| rearm.registration == registration) else { return };
        let Some(modem) = self.registrations.get_mut(&registration) else { return };
        if rearm.seq > modem.ready_seq && modem.claim.is_none() {
            modem.ready_seq = rearm.seq;
            effects.starting = rearm.start.then_some(registration);
            self.arm(registration, effects);
        }
    }
}

fn start_reply(record: &Record, attempt: Attempt) -> StartReply {
    let Some(claim) = record.claim_of(attempt.epoch).filter(|claim| claim.open) else {
        return StartReply::Closed;
    };
    if claim.in_flight() == Some(attempt.part) || may_start(record, attempt) {
        StartReply::Go
    } else if record.is_part_sent(attempt.part) {
        StartReply::PartSent
    } else {
        StartReply::Closed
    }
}

/// Whether this attempt may be made: its claim is open with nothing in flight, it was not made before, and the
/// part is missing.
fn may_start(record: &Record, attempt: Attempt) -> bool {
    let claim = |claim: &Claim| {
        claim.open && claim.in_flight().is_none() && claim.state(attempt.part) == AttemptState::None
    };
    (1..=record.parts_count()).contains(&attempt.part.0)
        && record.claim == Some(attempt.epoch)
        && record.claim_of(attempt.epoch).is_some_and(claim)
        && !record.is_part_sent(attempt.part)
}

fn begin_attempt(record: &mut Record, attempt: Attempt, now: Timestamp) {
    debug_assert!(may_start(record, attempt));
    if let Some(claim) = record.claim_mut(attempt.epoch) {
        claim.attempts.push(AttemptRecord::started(attempt.part, now));
    }
}

/// Writes a result down. Of an attempt that is uncertain already, another doubt says nothing new.
fn record_outcome(attempt: &mut AttemptRecord, outcome: PartOutcome, source: Source, now: Timestamp) {
    match outcome {
        PartOutcome::Sent { message_reference, service_centre_time } => {
            attempt.sent(Some(message_reference), service_centre_time, source, now);
        }
        PartOutcome::Called(end) => attempt.called(end, source, now),
        PartOutcome::Refused(refusal) => attempt.not_aired(Failing::Refused(refusal), source, now),
        PartOutcome::Uncertain(doubt) if attempt.state == AttemptState::InFlight => {
            attempt.doubt(doubt, Some(source), now);
        }
        PartOutcome::Uncertain(_) => {}
    }
}

/// Whether the reason lies in the modem, so that another one should have the message for a while.
fn is_fault(reason: NotWrittenReason) -> bool {
    match reason {
        NotWrittenReason::NoPrompt | NotWrittenReason::PortLost => true,
        NotWrittenReason::LeaseLost | NotWrittenReason::SimChanged | NotWrittenReason::Draining => false,
    }
}
