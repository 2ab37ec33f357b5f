//! When the folders of smsd's queues are looked at: at the start, soon after the check handler took a file over, and now and
//! then. What is found there comes into `checked`, and is listed there.
//!
//! A file is brought when it was the same in two passes: they lie so far apart that a growing file differs.

use std::time::Duration;

use crate::model::Time;

use super::machine::RESCAN;
use super::{Alarm, Effect, Intake, QueueLook, QueueRest, Staying};

/// How far two passes lie apart at least.
const APART: Duration = Duration::from_millis(600);

/// When the next look is.
#[derive(Debug)]
pub(super) struct NextLook {
    /// None while one is under way, and where there are no such folders.
    at: Option<Time>,
    /// Not before.
    earliest: Time,
    /// In this pass files were brought.
    has_brought: bool,
}

impl NextLook {
    /// The first is at once.
    pub(super) fn of(has_queues: bool, now: Time) -> NextLook {
        NextLook { at: has_queues.then_some(now), earliest: now, has_brought: false }
    }

    pub(super) fn at(&self) -> Option<Time> {
        self.at
    }
}

impl Intake {
    /// Looks, when it is time. Where `checked` is full enough, later.
    pub(super) fn look_at_queues(&mut self) {
        let now = self.moment.now;
        if self.is_closed() || self.queue_look.at.is_none_or(|at| at > now) {
            return;
        }
        if self.live() + self.strangers.len() >= self.settings.live_max {
            self.queue_look.at = Some(now + APART);
            return;
        }
        self.queue_look.at = None;
        self.effects.push_back(Effect::LookAtQueues);
    }

    /// The check handler may have put a file there.
    pub(super) fn look_at_queues_soon(&mut self) {
        let soon = self.queue_look.earliest.max(self.moment.now);
        self.queue_look.at = self.queue_look.at.map(|at| at.min(soon));
    }

    pub(super) fn on_queues_looked(&mut self, look: QueueLook) {
        let QueueLook { brought, rest, stays } = look;
        let alarms = stays.into_iter().map(|Staying { path, why }| Alarm::NotBrought { path, why });
        self.effects.extend(alarms.map(Effect::Alarm));
        self.queue_look.has_brought |= brought > 0;
        let now = self.moment.now;
        self.queue_look.at = Some(match rest {
            QueueRest::Slices => now,
            QueueRest::Files => now + APART,
            QueueRest::Nothing => now + RESCAN,
        });
        if rest == QueueRest::Slices {
            return;
        }
        self.queue_look.earliest = now + APART;
        if std::mem::take(&mut self.queue_look.has_brought) {
            self.effects.push_back(Effect::ListChecked);
        }
    }
}
