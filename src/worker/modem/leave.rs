//! Leaving the modem: everything is given back, the operator's `stop` is said, the port is closed.

use super::{Context, Link, ModemWorker};
use crate::at::Procedure;

impl ModemWorker {
    /// Setting up, looking round and resetting serve what comes after; a stop does not wait for their end. A PIN that
    /// is about to be used, or that the SIM is checking, is waited for: no mark may stay of a PIN that is right.
    pub(super) fn cut_short(&mut self, context: &Context<'_>) -> bool {
        let now =
            self.engine.is_settled() && !self.pin_marking && !self.pin_checking && !self.is_saying_stop();
        if now {
            self.close_port(context.now, context.now);
        }
        now
    }

    /// Everything that was under way is over.
    pub(super) fn step_leaving(&mut self, context: &Context<'_>) -> bool {
        if let Some(registered) = self.registered {
            self.propose_unregister(registered, context);
            return false;
        }
        // A modem that could not be set up is not told anything.
        if self.settings.profile.stop.is_some() && self.facts.is_some() && !self.stop_said {
            self.stop_said = true;
            return self.start(Procedure::Stop, context);
        }
        self.close_port(context.now, context.now);
        true
    }

    fn is_saying_stop(&self) -> bool {
        self.link == Link::Open && self.stop_said
    }
}
