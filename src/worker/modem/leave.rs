//! Leaving the modem: everything is given back, the operator's `stop` is said, the port is closed.

use super::sim_check::SimLooks;
use super::{Context, ModemWorker, Notice};
use crate::at::{Procedure, ProcedureKind};
use crate::model::Time;

impl ModemWorker {
    /// Whether the modem is to be given back: the node stops, or the modem is suspended.
    pub(super) fn is_leaving(&self) -> bool {
        self.draining || (self.suspended.is_some() && self.round.is_none())
    }

    /// Takes the operator's wish. A modem that was out of use is told its `start` again, at once, and its `stop` the next
    /// time; one that was still at work when the wish was taken back was never out of use.
    pub(super) fn suspend(&mut self, reason: Option<&str>, now: Time) {
        // The file changed for another modem: that ends no round.
        if self.suspended.as_deref() == reason {
            return;
        }
        self.suspended = reason.map(str::to_owned);
        self.round = None;
        if self.suspended.is_some() {
            return;
        }
        let was_told = std::mem::take(&mut self.is_told_suspended);
        if was_told || std::mem::take(&mut self.stop_said) {
            self.engine.forget_start();
            self.sim_looks = SimLooks::default();
        }
        if was_told {
            self.not_before = now;
            self.notify(Notice::Resumed);
        }
    }

    /// Nothing is left to be given back, the port is closed.
    pub(super) fn stay_away(&mut self) {
        if self.draining {
            self.stopped = true;
            self.notify(Notice::Stopped);
        } else if let Some(reason) = self.suspended.clone()
            && !std::mem::replace(&mut self.is_told_suspended, true)
        {
            self.notify(Notice::Suspended { reason });
        }
    }

    /// Setting up, looking round and resetting serve what comes after; a stop does not wait for their end. A PIN that
    /// is about to be used, or that the SIM is checking, is waited for: no mark may stay of a PIN that is right.
    pub(super) fn cut_short(&mut self, context: &Context<'_>) -> bool {
        let now = self.may_cut_short();
        if now {
            self.close_port(context.now, context.now);
        }
        now
    }

    /// Whether nothing is lost when the port is closed now.
    pub(super) fn may_cut_short(&self) -> bool {
        self.engine.is_settled() && !self.pin_marking && !self.pin_checking && !self.is_saying_stop()
    }

    /// Everything that was under way is over.
    pub(super) fn step_leaving(&mut self, context: &Context<'_>) -> bool {
        if let Some(registered) = self.registered {
            self.propose_unregister(registered, context);
            return false;
        }
        // A modem that could not be set up is not told anything; one that rested was set up before.
        let is_set_up = self.facts.is_some() || self.is_waking;
        if self.settings.profile.stop.is_some() && is_set_up && !self.stop_said {
            self.stop_said = true;
            return self.start(Procedure::Stop, context);
        }
        self.close_port(context.now, context.now);
        true
    }

    fn is_saying_stop(&self) -> bool {
        self.engine.is_running(ProcedureKind::Stop)
    }
}
