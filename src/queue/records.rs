//! All messages in memory. Inside the queue a message is known by its slot, which is found without a search;
//! its id is for those outside.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;

use super::arena::{Arena, Slot};
use super::record::Record;
use crate::model::MessageId;

/// Messages by slot and by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Records {
    by_id: BTreeMap<MessageId, Slot>,
    arena: Arena<Record>,
}

impl Records {
    /// The messages of an image. None when two have one id.
    pub(super) fn from_arena(arena: Arena<Record>) -> Option<Records> {
        let by_id: BTreeMap<_, _> = arena.iter().map(|(slot, record)| (record.id, slot)).collect();
        (by_id.len() == arena.len() as usize).then_some(Records { by_id, arena })
    }

    /// The messages by slot: what an image keeps.
    pub(super) fn arena(&self) -> &Arena<Record> {
        &self.arena
    }

    /// Whether one more message has a slot.
    pub(super) fn has_room(&self) -> bool {
        self.arena.has_room()
    }

    /// Takes a message in. None when its id is taken, or there is no room.
    pub(super) fn insert(&mut self, record: Record) -> Option<Slot> {
        if self.by_id.contains_key(&record.id) {
            return None;
        }
        let id = record.id;
        let slot = self.arena.insert(record)?;
        self.by_id.insert(id, slot);
        Some(slot)
    }

    /// Takes a message out for good.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Arc<Record>> {
        let record = self.arena.remove(slot)?;
        self.by_id.remove(&record.id);
        Some(record)
    }

    /// Takes a record out of its slot for a moment, to be put back with [`Records::lower`].
    pub(super) fn lift(&mut self, slot: Slot) -> Option<Arc<Record>> {
        self.arena.lift(slot)
    }

    /// Puts a record back that was lifted.
    pub(super) fn lower(&mut self, slot: Slot, record: Arc<Record>) {
        self.arena.lower(slot, record);
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Record> {
        self.arena.get(slot)
    }

    /// A message as it is now, which stays so.
    pub(super) fn shared(&self, slot: Slot) -> Option<&Arc<Record>> {
        self.arena.shared(slot)
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Record> {
        self.arena.get_mut(slot)
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
        let ids = self.by_id.iter().all(|(id, slot)| self.get(*slot).is_some_and(|record| record.id == *id));
        ids && self.by_id.len() == self.arena.len() as usize && self.arena.is_consistent()
    }
}
