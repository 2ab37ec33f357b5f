//! A port that is closed whenever its modem has nothing to do.
//!
//! ```text
//!  Open ──nothing to do──▶ Resting ──claim, or a node's `stop`─────▶ Opening ──▶ Open: set up again
//!                             │ the session ended, or the modem is given back: suspended, or without a `stop`
//!                             ▼
//!                          Closed
//! ```
//!
//! The registration stands meanwhile, and with it the standing claim, so that the next message is claimed as fast as
//! ever; it is written once the modem is set up. Another SIM found then ends the registration, and the claim with it.

use super::{Context, Effect, Link, ModemWorker};

impl ModemWorker {
    /// Closes the port of a modem that has nothing to do, where that is wanted. Whether it did. A modem without a network
    /// stays open: it has to look for one.
    pub(super) fn rest(&mut self, context: &Context<'_>) -> bool {
        let may_rest = !self.settings.keep_open
            && self.has_network()
            && self.engine.is_settled()
            && !self.asking.lingers(context.now);
        if may_rest {
            self.effects.push_back(Effect::ClosePort);
            self.link = Link::Resting;
            self.engine.port_lost(context.now);
            self.facts = None;
        }
        may_rest
    }

    pub(super) fn step_resting(&mut self, context: &Context<'_>) -> bool {
        let registration = self.registered.and_then(|registered| context.queue.registration(registered.id));
        // A port may be asked for whose SIM is being changed: only a node that stops opens it to say `stop`.
        let says_stop = self.suspended.is_none() && self.settings.profile.stop.is_some();
        let Some(registration) = registration.filter(|_| !self.is_leaving() || says_stop) else {
            self.link = Link::Closed;
            self.not_before = context.now;
            return true;
        };
        if registration.claim.is_none() && !self.asking.is_waiting() && !self.is_leaving() {
            self.keep_standing(registration, context);
            return false;
        }
        // What another node may have registered since is known once the lease is renewed.
        let may_open = context.lease.permits_writing(context.now);
        if may_open {
            self.is_waking = true;
            self.request_port();
        }
        false
    }
}
