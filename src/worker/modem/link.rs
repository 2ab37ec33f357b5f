//! The port: opening it, losing it, and the resets of a modem that does not answer.

use std::time::Duration;

use super::{Context, Effect, Link, ModemWorker, Notice, PlannedReset};
use crate::at::{Procedure, Registration, Rung};
use crate::model::Time;

/// Longest wait before a port is tried again.
const REOPEN_MAX: Duration = Duration::from_secs(60);

impl ModemWorker {
    pub(super) fn open_port(&mut self) {
        self.open = self.open.next();
        self.request_port();
    }

    pub(super) fn request_port(&mut self) {
        self.link = Link::Opening;
        self.stop_said = false;
        self.effects.push_back(Effect::OpenPort);
    }

    pub(super) fn link_opened(&mut self) {
        if self.link == Link::Opening {
            self.link = Link::Open;
            // A port that is shared may have been taken from another node that is about to take it back.
            if !self.settings.is_shared {
                self.failures_to_open = 0;
            }
        }
    }

    /// The port failed: whatever the engine was at ends now, and the port is tried again after a while.
    pub(super) fn link_lost(&mut self, now: Time) {
        let wait = self.settings.reopen_min.saturating_mul(1 << self.failures_to_open.min(8)).min(REOPEN_MAX);
        match self.link {
            Link::Closed | Link::LookingUp | Link::Resting => return,
            Link::Opening => {
                self.failures_to_open = self.failures_to_open.saturating_add(1);
                self.not_before = now + wait;
            }
            Link::Open => {
                let sending = self.job.filter(|job| job.is_on_wire()).map(|job| job.message);
                self.notify(Notice::PortLost { sending });
                self.not_before = now + self.settings.reopen_min;
                if self.settings.is_shared && self.registered.is_none() {
                    self.failures_to_open = self.failures_to_open.saturating_add(1);
                    self.not_before = now + wait + self.settings.turn;
                }
            }
        }
        self.forget_dialogue(now);
    }

    /// Closes the port on purpose and opens it again not before `reopen`.
    pub(super) fn close_port(&mut self, reopen: Time, now: Time) {
        match self.link {
            Link::Closed => {}
            Link::LookingUp | Link::Resting => self.link = Link::Closed,
            Link::Opening | Link::Open => self.forget_dialogue(now),
        }
        self.not_before = reopen;
    }

    fn forget_dialogue(&mut self, now: Time) {
        self.round = None;
        self.effects.push_back(Effect::ClosePort);
        self.link = Link::Closed;
        self.is_waking = false;
        self.quiet_first |= self.job.is_some_and(|job| job.is_on_wire());
        self.engine.port_lost(now);
        self.facts = None;
        self.network = Registration::Unknown;
    }

    /// The dialogue failed: the next rung of the ladder is due.
    pub(super) fn dialogue_failed(&mut self, now: Time) {
        let step = self.ladder.failed(now);
        self.reset = Some(PlannedReset { rung: step.rung, not_before: step.not_before });
        self.notify(Notice::Resetting { rung: step.rung });
    }

    /// Takes a reset that is due. Whether something was begun.
    pub(super) fn begin_reset(&mut self, context: &Context<'_>) -> bool {
        let Some(reset) = self.reset.filter(|reset| reset.not_before <= context.now) else { return false };
        self.reset = None;
        match reset.rung {
            Rung::Resynchronise => self.start(Procedure::Resynchronise, context),
            Rung::RadioCycle | Rung::Restart => self.start(Procedure::Reset(reset.rung), context),
            Rung::Reopen | Rung::PowerCycle => {
                self.close_port(context.now, context.now);
                true
            }
            Rung::Quarantine => {
                let after = self.ladder.failed(context.now);
                self.close_port(after.not_before, context.now);
                true
            }
        }
    }

    /// Starts a procedure; one the engine will not take is a failed dialogue.
    pub(super) fn start(&mut self, procedure: Procedure, context: &Context<'_>) -> bool {
        if self.engine.start(procedure, context.now).is_err() {
            self.dialogue_failed(context.now);
        }
        true
    }
}
