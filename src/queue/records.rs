//! All messages in memory. Inside the queue a message is known by its slot, which is found without a search;
//! its id is for those outside.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::model::MessageId;

/// Where a record lives. Another message gets the slot when this one has left memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Slot(u32);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Records {
    by_id: BTreeMap<MessageId, Slot>,
    slots: Vec<Option<Box<Record>>>,
    /// Empty slots; the one emptied last is filled first.
    empty: Vec<Slot>,
}

impl Slot {
    /// The lowest slot there is.
    pub(super) const FIRST: Slot = Slot(0);

    fn index(self) -> usize {
        self.0 as usize
    }

    #[cfg(test)]
    pub(super) fn for_test(number: u8) -> Slot {
        Slot(u32::from(number))
    }
}

impl Records {
    /// Whether one more message has a slot.
    pub(super) fn has_room(&self) -> bool {
        !self.empty.is_empty() || u32::try_from(self.slots.len()).is_ok()
    }

    /// Takes a message in. None when its id is taken, or there is no room.
    pub(super) fn insert(&mut self, record: Record) -> Option<Slot> {
        if self.by_id.contains_key(&record.id) {
            return None;
        }
        let next = u32::try_from(self.slots.len()).ok().map(Slot);
        let slot = self.empty.pop().or(next)?;
        self.by_id.insert(record.id, slot);
        match self.slots.get_mut(slot.index()) {
            Some(place) => *place = Some(Box::new(record)),
            None => self.slots.push(Some(Box::new(record))),
        }
        Some(slot)
    }

    /// Takes a message out for good.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Box<Record>> {
        let record = self.lift(slot)?;
        self.by_id.remove(&record.id);
        self.empty.push(slot);
        Some(record)
    }

    /// Takes a record out of its slot for a moment, to be put back with [`Records::lower`].
    pub(super) fn lift(&mut self, slot: Slot) -> Option<Box<Record>> {
        self.slots.get_mut(slot.index())?.take()
    }

    /// Puts a record back that was lifted.
    pub(super) fn lower(&mut self, slot: Slot, record: Box<Record>) {
        if let Some(place) = self.slots.get_mut(slot.index()) {
            debug_assert!(place.is_none(), "a record is put back where it was");
            *place = Some(record);
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Record> {
        self.slots.get(slot.index())?.as_deref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Record> {
        self.slots.get_mut(slot.index())?.as_deref_mut()
    }

    /// The slot of a message.
    pub(super) fn find(&self, id: MessageId) -> Option<Slot> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Every message, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Record)> {
        self.by_id.values().filter_map(|slot| Some((*slot, self.get(*slot)?)))
    }

    /// Every message with an id above `after`, by id.
    pub(super) fn after(&self, after: Option<MessageId>) -> impl Iterator<Item = &Record> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_id.range((from, Bound::Unbounded)).filter_map(|(_, slot)| self.get(*slot))
    }

    /// Whether ids, slots and empty slots agree.
    pub(super) fn is_consistent(&self) -> bool {
        let filled = self.slots.iter().filter(|place| place.is_some()).count();
        let empty = self.empty.iter().all(|slot| self.get(*slot).is_none());
        let ids = self.by_id.iter().all(|(id, slot)| self.get(*slot).is_some_and(|record| record.id == *id));
        filled == self.by_id.len() && filled + self.empty.len() == self.slots.len() && empty && ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_never_was_holds_nothing() {
        let mut records = Records::default();

        assert!(records.get(Slot(7)).is_none());
        assert!(records.remove(Slot(7)).is_none());
        assert!(records.is_consistent());
    }
}
