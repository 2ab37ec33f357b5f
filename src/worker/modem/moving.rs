//! Another port for the same modem section: its SIM is there.
//!
//! ```text
//!  told of it ──▶ Wanted: no new message ──nothing on its way, no PIN in use──▶ closed, LeavePort ──▶ Between
//!                                                        opened anew ◀──the other port is free──────────┘
//! ```
//!
//! What was learned about the device at the old port is none of the device at the new one: it all begins anew. What
//! belongs to the section stays: its PIN, its allowance, its claim under the log.

use super::sim_check::SimLooks;
use super::{Breaker, Context, Effect, Engine, Ladder, Link, ModemWorker};
use crate::model::Time;

/// How far the move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moving {
    /// The old port is left as soon as may be.
    Wanted,
    /// The old port is left, the new one not free yet.
    Between,
}

impl ModemWorker {
    /// Whether the port it has must not be given to another modem: it works there, or a person works on it.
    pub fn keeps_port(&self) -> bool {
        self.registered.is_some() || self.job.is_some() || self.suspended.is_some()
    }

    pub(super) fn move_away(&mut self) {
        self.moving.get_or_insert(Moving::Wanted);
    }

    pub(super) fn arrive(&mut self, now: Time) {
        if self.moving == Some(Moving::Between) {
            self.moving = None;
            self.not_before = now;
        }
    }

    /// Leaves the port when that is wanted and nothing is lost by it. Whether it did. No job is under way.
    pub(super) fn leave_port(&mut self, context: &Context<'_>) -> bool {
        let is_free = match self.link {
            Link::Closed | Link::LookingUp | Link::Resting => true,
            Link::Opening => false,
            // One that is given back is closed soon, after its `stop`.
            Link::Open => !self.is_leaving() && self.may_cut_short(),
        };
        let is_due = self.moving == Some(Moving::Wanted) && is_free;
        if is_due {
            self.close_port(context.now, context.now);
            self.take_events(context);
            self.forget_device();
            self.moving = Some(Moving::Between);
            self.effects.push_back(Effect::LeavePort);
        }
        is_due
    }

    fn forget_device(&mut self) {
        self.engine = Engine::new(self.settings.profile.clone());
        self.breaker = Breaker::new(self.settings.breaker);
        self.ladder = Ladder::new(self.settings.ladder);
        self.sim_looks = SimLooks::default();
        self.reset = None;
        self.last_failure = None;
        self.failures_to_open = 0;
        self.stop_said = false;
        self.is_told_no_network = false;
        self.told_holder = None;
    }
}
