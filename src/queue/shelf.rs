//! Messages that wait for a person's word: uncertain ones, and failed ones that nobody has discarded.

use std::collections::BTreeSet;

use serde::Serialize;

use super::arena::Slot;
use super::record::Record;
use super::state::Queue;
use crate::model::{MessageState, Timestamp};

/// Where a message stands on the shelf: its state, and since when.
pub(super) type ShelfPlace = (MessageState, Timestamp);

/// Such messages by state, the least recently changed first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Shelf(BTreeSet<(ShelfPlace, Slot)>);

impl Shelf {
    /// Puts a message there, if it has a place.
    pub(super) fn extend(&mut self, place: Option<ShelfPlace>, slot: Slot) {
        self.0.extend(place.map(|place| (place, slot)));
    }

    /// Takes a message from there.
    pub(super) fn remove(&mut self, place: ShelfPlace, slot: Slot) {
        self.0.remove(&(place, slot));
    }

    /// Whether a message stands there.
    pub(super) fn contains(&self, place: ShelfPlace, slot: Slot) -> bool {
        self.0.contains(&(place, slot))
    }

    /// Those in this state, the least recently changed first.
    pub(super) fn slots(&self, state: MessageState) -> impl Iterator<Item = Slot> + '_ {
        let from = ((state, Timestamp::ZERO), Slot::FIRST);
        self.0.range(from..).take_while(move |((of, _), _)| *of == state).map(|(_, slot)| *slot)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Queue {
    /// How many messages failed that nobody has retried or discarded.
    pub fn dead_letters(&self) -> u64 {
        let uncertain = self.counts.get(&MessageState::Uncertain).copied().unwrap_or_default();
        (self.shelf.len() as u64).saturating_sub(uncertain)
    }

    /// Puts a record on the shelf, elsewhere on it, or takes it off.
    pub(super) fn move_shelf(&mut self, record: &mut Record, slot: Slot) {
        let state = record.state();
        let was = record.indexed.shelf;
        if record.is_on_shelf() && was.is_some_and(|(shown, _)| shown == state) {
            return;
        }
        record.indexed.shelf = record.is_on_shelf().then_some((state, self.now));
        if let Some(was) = was {
            self.shelf.remove(was, slot);
        }
        self.shelf.extend(record.indexed.shelf, slot);
    }
}
