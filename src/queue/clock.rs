//! What time alone changes: schedules, retries, deadlines, evidence windows, lost SIMs, and what is forgotten.

use super::arena::Slot;
use super::claim::AttemptState;
use super::record::{Failure, Record, Stage};
use super::state::{Effects, Queue};
use super::{PinLost, StateCause};
use crate::model::{Timestamp, UncertainPolicy};

impl Queue {
    /// Does what is due at `now`, as far as the bound on work of one command allows; the rest stays due.
    pub(super) fn pass_time(&mut self, effects: &mut Effects<'_>) {
        while effects.budget > 0
            && let Some((_, slot)) = self.timers.first().copied().filter(|(at, _)| *at <= self.now)
        {
            effects.budget -= 1;
            self.wake(slot, effects);
        }
        self.forget_settled(effects);
        self.forget_keys(effects);
    }

    /// A message whose deadline has passed before anything of it was started is over.
    pub(super) fn expire_unexposed(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let Some(record) = self.messages.get(slot) else { return };
        let waits = matches!(record.stage, Stage::Queued | Stage::Claimed);
        if waits && record.is_past_deadline(self.now) && !record.is_exposed() {
            self.close(slot, effects);
            self.settle(slot, effects);
        }
    }

    fn wake(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let now = self.now;
        let Some(record) = self.messages.get_mut(slot) else { return };
        match record.stage {
            Stage::Queued => {
                record.avoid = record.avoid.take().filter(|avoid| avoid.until > now);
                self.check_pin(slot, effects);
            }
            Stage::Claimed => self.expire_unexposed(slot, effects),
            Stage::Uncertain => {
                self.decide_uncertain(slot, effects);
                return self.settle_because(slot, StateCause::Resend, effects);
            }
            Stage::Sent | Stage::Failed(_) | Stage::Expired | Stage::Canceled | Stage::Rejected(_) => {}
        }
        self.settle(slot, effects);
    }

    /// The evidence window of an uncertain message is over: its own policy decides.
    fn decide_uncertain(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let now = self.now;
        let Some(record) = self.messages.get_mut(slot) else { return };
        if record.evidence_until.is_none_or(|until| until > now) {
            return;
        }
        if may_resend(record, now) {
            grant_resend(record);
        } else {
            self.fail(slot, Failure::Uncertain, effects);
        }
    }

    /// Whether the SIM a message of several parts has started on has been away too long: not registered, or in a
    /// modem that may not carry the message.
    fn check_pin(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let now = self.now;
        let timeout = self.policy.pin_timeout.max(std::time::Duration::from_millis(1));
        let Some(record) = self.messages.get_mut(slot) else { return };
        if record.pin_check.is_none_or(|check| check > now) || record.is_past_deadline(now) {
            return;
        }
        let Some(imsi) = record.pin() else { return };
        let present = self.sims.get(imsi).and_then(|modem| self.registrations.get(modem));
        if present.is_some_and(|modem| record.is_carried_by(modem)) {
            record.pin_lost = None;
            record.pin_check = Some(now + timeout);
            return;
        }
        let gone = self.sims_gone.get(imsi).copied();
        let lost = gone.unwrap_or_else(|| *record.pin_lost.get_or_insert(now));
        if lost + timeout > now {
            record.pin_check = Some(lost + timeout);
        } else if self.policy.pin_lost == PinLost::RestartWhole && may_resend(record, now) {
            restart_whole(record);
        } else {
            self.fail(slot, Failure::Partial, effects);
        }
    }

    fn forget_settled(&mut self, effects: &mut Effects<'_>) {
        while effects.budget > 0 {
            let too_many = self.settled.len() > self.policy.retained_max as usize;
            let too_old = self.next_forgotten().is_some_and(|at| at <= self.now);
            let Some((_, slot)) = self.settled.first().copied().filter(|_| too_many || too_old) else {
                return;
            };
            effects.budget -= 1;
            self.forget(slot, effects);
        }
    }

    fn forget_keys(&mut self, effects: &mut Effects<'_>) {
        let retention = self.policy.keys_retention;
        while effects.budget > 0 && self.keys.next_expiry(retention).is_some_and(|at| at <= self.now) {
            effects.budget -= 1;
            self.keys.expire_oldest();
        }
    }
}

fn may_resend(record: &Record, now: Timestamp) -> bool {
    record.uncertain == UncertainPolicy::Resend && record.resends_left > 0 && !record.is_past_deadline(now)
}

/// Uncertain attempts may be made again; evidence about them still counts.
fn grant_resend(record: &mut Record) {
    record.resends_left -= 1;
    record.possible_duplicate = true;
    let attempts = record.claims.iter_mut().flat_map(|claim| claim.attempts.iter_mut());
    for attempt in attempts.filter(|attempt| attempt.state == AttemptState::Uncertain) {
        attempt.state = AttemptState::Released;
    }
}

/// All parts are missing again, on whatever SIM. What was sent before may be sent twice, and is marked as such.
fn restart_whole(record: &mut Record) {
    record.resends_left -= 1;
    record.possible_duplicate = true;
    record.generation = record.generation.saturating_add(1);
    record.pin_check = None;
    record.pin_lost = None;
    let attempts = record.claims.iter_mut().flat_map(|claim| claim.attempts.iter_mut());
    for attempt in attempts.filter(|attempt| attempt.state.is_exposed()) {
        attempt.was_uncertain = true;
    }
}
