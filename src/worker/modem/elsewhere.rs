//! Rule 2: a port that other nodes reach too is opened only when none of them holds its modem.
//!
//! Such a port allows one connection and drops the older one, so opening it would cut the holder's dialogue off. What
//! another node had on the wire when its session ended is uncertain before anybody else may open the port, because
//! the registration and the claim end in the same step.

use std::time::Duration;

use super::{Context, Effect, Link, ModemWorker, Notice};
use crate::model::{MessageState, NodeId, RegistrationId, Time};
use crate::queue::{AttemptRecord, Queue, Registration};

/// Wait before a port whose modem another node holds is looked at again, unless that node gives it back sooner.
const HELD_AGAIN: Duration = Duration::from_secs(30);
/// Wait before a look-up that nobody answered is repeated.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(1);

impl ModemWorker {
    /// Opens the port, or asks first where others could have it.
    pub(super) fn approach_port(&mut self, context: &Context<'_>) {
        if !self.settings.is_shared {
            return self.open_port();
        }
        let is_first = !std::mem::replace(&mut self.had_turn, true);
        if is_first && !self.settings.turn.is_zero() {
            self.not_before = context.now + self.settings.turn;
        } else if context.session.is_some() {
            self.held = None;
            self.link = Link::LookingUp;
            self.effects.push_back(Effect::LookUp);
        }
    }

    /// The holder has given the modem back, or its session ended: this node may try after its turn.
    pub(super) fn take_turn(&mut self, context: &Context<'_>) {
        let gone = self.held.is_some_and(|held| context.queue.registration(held).is_none());
        if gone {
            self.held = None;
            self.not_before = context.now + self.settings.turn;
        }
    }

    /// A process that was paused since it asked may know too little: its lease tells.
    pub(super) fn looked_up(&mut self, context: &Context<'_>) {
        if self.link != Link::LookingUp {
            return;
        }
        self.link = Link::Closed;
        if context.session.is_none() || !context.lease.permits_writing(context.now) {
            return self.not_before = context.now + LOOK_UP_AGAIN;
        }
        if let Some(holder) = self.holder_elsewhere(context) {
            let node = context.queue.session_by_id(holder.session).map(|session| session.node);
            return self.leave_to(node.unwrap_or_default(), Some(holder.id), context.now);
        }
        self.quiet_first |= self.is_in_doubt(context.queue);
        self.open_port();
    }

    pub(super) fn look_up_failed(&mut self, now: Time) {
        if self.link == Link::LookingUp {
            self.link = Link::Closed;
            self.not_before = now + LOOK_UP_AGAIN;
        }
    }

    /// Another node has the modem: the port stays closed until that ends, or for a while.
    pub(super) fn leave_to(&mut self, node: NodeId, holder: Option<RegistrationId>, now: Time) {
        if self.told_holder != Some(node) {
            self.told_holder = Some(node);
            self.notify(Notice::HeldElsewhere { node });
        }
        self.close_port(now + HELD_AGAIN, now);
        self.held = holder;
    }

    fn holder_elsewhere<'a>(&self, context: &Context<'a>) -> Option<&'a Registration> {
        let name = &self.settings.name;
        let mut others = context
            .queue
            .registrations()
            .filter(|registration| Some(registration.session) != context.session);
        others.find(|registration| registration.name == *name)
    }

    /// Whether the late answer to a part of another node may still come out of this modem.
    fn is_in_doubt(&self, queue: &Queue) -> bool {
        let recent = |attempt: &AttemptRecord| {
            let ended = attempt.ended.map(|ended| queue.now().since(ended));
            attempt.state.is_doubtful() && ended.is_none_or(|ended| ended < self.settings.profile.quiet)
        };
        let uncertain = queue.in_state(MessageState::Uncertain);
        let mut claims = uncertain.flat_map(|record| record.claims());
        claims.any(|claim| claim.modem == self.settings.name && claim.attempts.iter().any(recent))
    }
}
