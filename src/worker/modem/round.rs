//! One round of a suspended modem, though the suspend file still names it: what an operator asks for with a signal.
//!
//! ```text
//!  left alone ──asked for──▶ opened, set up, registered ──▶ one message, when one waits ──▶ left alone again
//!                               │ the port fails, or ROUND_MAX is over                            ▲
//!                               └─────────────────────────────────────────────────────────────────┘
//! ```

use std::time::Duration;

use super::{ModemWorker, Notice};
use crate::model::Time;

/// Longest round: a modem without a network, or one that another node has, is left alone again after it.
const ROUND_MAX: Duration = Duration::from_secs(120);

/// A round under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    until: Time,
    /// Whether its one message was claimed.
    has_message: bool,
}

impl ModemWorker {
    /// Takes a modem that is left alone into use for one round; any other goes on as it does.
    pub(super) fn begin_round(&mut self, now: Time) {
        if self.draining || !std::mem::take(&mut self.is_told_suspended) {
            return;
        }
        self.round = Some(Round { until: now + ROUND_MAX, has_message: false });
        self.engine.forget_start();
        self.not_before = now;
        self.notify(Notice::SuspensionBroken);
    }

    /// Whether a round ended with this.
    pub(super) fn end_round(&mut self) -> bool {
        self.round.take().is_some()
    }

    /// Whether only a pause keeps a round from its message.
    pub(super) fn round_waits(&self, now: Time) -> bool {
        self.round.is_some() && self.round_permits() && self.allowance.is_resting(now)
    }

    pub(super) fn end_overdue_round(&mut self, now: Time) {
        if self.round.is_some_and(|round| round.until <= now) {
            self.round = None;
        }
    }

    pub(super) fn count_for_round(&mut self) {
        if let Some(round) = &mut self.round {
            round.has_message = true;
        }
    }

    /// Whether the round under way, if there is one, may claim a message.
    pub(super) fn round_permits(&self) -> bool {
        self.round.is_none_or(|round| !round.has_message)
    }

    pub(super) fn round_due(&self) -> Option<Time> {
        self.round.map(|round| round.until)
    }
}
