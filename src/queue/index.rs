//! Keeps lanes, timers, counters and listeners in step with a record that has changed.

use std::sync::Arc;

use super::arena::Slot;
use super::lane::Place;
use super::record::{Indexed, Record, Stage};
use super::state::{Effects, Queue};
use super::{Event, Route, StateCause};
use crate::model::RegistrationId;

/// Most SIMs whose absence is remembered.
const SIMS_GONE_MAX: usize = 4096;

impl Queue {
    /// To be called after every change of a record, once it is whole again.
    pub(super) fn reindex(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let Some(mut lifted) = self.messages.lift(slot) else { return };
        let record = Arc::make_mut(&mut lifted);
        self.take_place(record);
        self.move_lane(record, slot, effects);
        self.move_timer(record, slot);
        self.move_shelf(record, slot);
        self.show(record, slot, effects);
        self.messages.lower(slot, lifted);
    }

    /// The same, and why it is queued again if it is.
    pub(super) fn reindex_because(&mut self, slot: Slot, cause: StateCause, effects: &mut Effects<'_>) {
        effects.moved = Some(cause);
        self.reindex(slot, effects);
        effects.moved = None;
    }

    /// A modem is ready for its next claim.
    pub(super) fn arm(&mut self, id: RegistrationId, effects: &mut Effects<'_>) {
        self.last_armed += 1;
        let order = self.last_armed;
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        self.free.remove(&(registration.armed_order, id));
        registration.armed = true;
        registration.armed_order = order;
        self.offer(id, effects);
    }

    /// Puts a modem among the free ones if it is.
    pub(super) fn offer(&mut self, id: RegistrationId, effects: &mut Effects<'_>) {
        let Some(registration) = self.registrations.get(&id) else { return };
        if registration.armed && registration.claim.is_none() && !self.blocked.contains(&registration.name) {
            self.free.insert((registration.armed_order, id));
            effects.freed.push(id);
        }
    }

    /// Takes a registration out of every index.
    pub(super) fn delete_registration(&mut self, id: RegistrationId, effects: &mut Effects<'_>) {
        let Some(registration) = self.registrations.remove(&id) else { return };
        self.free.remove(&(registration.armed_order, id));
        self.sims.remove(&registration.identity.imsi);
        self.sims_gone.insert(registration.identity.imsi, self.now);
        if self.sims_gone.len() > SIMS_GONE_MAX {
            self.sims_gone.pop_first();
        }
        if let Some(session) = self.sessions.get_mut(&registration.session) {
            session.registrations.remove(&id);
        }
        effects.events.push(Event::ModemUnregistered { registration: id, session: registration.session });
    }

    /// Takes a final message out of memory.
    pub(super) fn forget(&mut self, slot: Slot, effects: &mut Effects<'_>) {
        let Some(record) = self.messages.remove(slot) else { return };
        debug_assert!(record.is_final(), "only final messages leave memory");
        record.claims.iter().for_each(|claim| {
            self.epochs.remove(&claim.epoch);
        });
        if let Some(ended) = record.ended {
            self.settled.remove(&(ended, slot));
        }
        if let Some(place) = record.indexed.shelf {
            self.shelf.remove(place, slot);
        }
        self.uncount(&record);
        self.forgotten = self.forgotten.saturating_add(1);
        effects.events.push(Event::Forgotten { message: record.id });
    }

    /// The first time a message may be matched it takes its place in the order.
    fn take_place(&mut self, record: &mut Record) {
        if record.stage == Stage::Queued && record.place.is_none() && record.not_before <= self.now {
            self.last_order += 1;
            record.place = Some(Place { order: self.last_order, since: self.now });
        }
    }

    fn move_lane(&mut self, record: &mut Record, slot: Slot, effects: &mut Effects<'_>) {
        let key = record.lane_key(self.now);
        let was = record.indexed.lane;
        if was.is_some() && was.and_then(|lane| self.lanes.key(lane)) == key.as_ref() {
            return;
        }
        let Some(place) = record.place else { return };
        if let Some(lane) = was {
            self.lanes.remove(lane, record.priority, place);
        }
        record.indexed.lane = key.map(|key| self.lanes.insert(key, record.priority, place, slot));
        effects.lanes.extend(record.indexed.lane);
    }

    fn move_timer(&mut self, record: &mut Record, slot: Slot) {
        let wake = record.wake(self.now);
        if wake == record.indexed.wake {
            return;
        }
        if let Some(was) = std::mem::replace(&mut record.indexed.wake, wake) {
            self.timers.remove(&(was, slot));
        }
        if let Some(wake) = wake {
            self.timers.insert((wake, slot));
        }
    }

    fn show(&mut self, record: &mut Record, slot: Slot, effects: &mut Effects<'_>) {
        let to = record.state();
        let from = record.indexed.shown;
        if from == Some(to) {
            effects.events.push(Event::Revised { message: record.id });
            return;
        }
        self.uncount(record);
        *self.counts.entry(to).or_insert(0) += 1;
        record.indexed.shown = Some(to);
        record.changed = self.now;
        record.changed_at = effects.position;
        self.end(record, slot);
        effects.events.push(record.step(from, self.now, effects.position, effects.moved));
    }

    /// What follows when a message becomes final, or moves from one final state to another.
    fn end(&mut self, record: &mut Record, slot: Slot) {
        if !record.is_final() {
            return;
        }
        if record.ended.is_none() {
            record.ended = Some(self.now);
            self.settled.insert((self.now, slot));
            self.leave_route(&record.route);
        }
        self.keys.end(record, self.now);
    }

    fn leave_route(&mut self, route: &Route) {
        let Some(count) = self.routes.get_mut(route) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.routes.remove(route);
        }
    }

    fn uncount(&mut self, record: &Record) {
        let Indexed { shown: Some(state), .. } = record.indexed else { return };
        let Some(count) = self.counts.get_mut(&state) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.counts.remove(&state);
        }
    }
}
