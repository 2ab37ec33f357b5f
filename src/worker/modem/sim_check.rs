//! A SIM that the operator's check (smsd's `check_sim`) finds not ready: looked at again after a pause, with resets, up to
//! so many times; then given up, which means looked at once in a while, with no reset and no word any more.
//!
//! ```text
//!  not ready ──try 1──▶ wait ──resets──▶ look ──try 2──▶ … ──retries used up──▶ given up: a look each `person_interval`
//!      ready ◀───────────────────────────────┴───────────────────────────────────────────┘
//! ```

use std::time::Duration;

use super::{Context, ModemWorker, Notice};
use crate::model::{Cause, Time};

/// How often, and after which pauses, a SIM that is not ready is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimRetries {
    /// Most retries; none for no limit.
    pub max: Option<u32>,
    /// Pause before each.
    pub wait: Duration,
    /// Whether the port stays open meanwhile.
    pub keep_open: bool,
}

impl Default for SimRetries {
    fn default() -> SimRetries {
        SimRetries { max: Some(10), wait: Duration::from_secs(30), keep_open: false }
    }
}

/// What became of the looks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SimLooks {
    failed: u32,
    given_up: bool,
    /// The SIM is not looked at before.
    pub(super) not_before: Time,
}

impl SimLooks {
    /// Whether the last look found it not ready.
    pub(super) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Whether the modem is reset before the next look.
    pub(super) fn resets(&self) -> bool {
        self.failed > 0 && !self.given_up
    }
}

impl ModemWorker {
    /// The SIM was looked at and is not ready.
    pub(super) fn sim_not_ready(&mut self, cause: Option<Cause>, context: &Context<'_>) {
        let SimRetries { max, wait, keep_open } = self.settings.sim_retries;
        let looks = &mut self.sim_looks;
        looks.failed = looks.failed.saturating_add(1);
        let tries = looks.failed;
        let is_over = max.is_some_and(|max| tries > max);
        let was_given_up = std::mem::replace(&mut looks.given_up, is_over);
        if !was_given_up {
            self.notify(Notice::SimNotReady { tries, cause, again: (!is_over).then_some(wait) });
        }
        if is_over && !was_given_up {
            self.notify(Notice::SimGivenUp { tries });
        }
        let again = context.now + if is_over { self.settings.person_interval } else { wait };
        if keep_open && !is_over {
            self.sim_looks.not_before = again;
        } else {
            self.close_port(again, context.now);
        }
    }
}
