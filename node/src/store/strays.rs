//! Messages whose ids do not tell when they were accepted, by the places they have in lists.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::model::{MessageId, Timestamp};

use super::Cursor;

/// Such messages, by id and by place; as many as whoever keeps them has messages.
#[derive(Debug, Default)]
pub(super) struct Strays {
    of: BTreeMap<MessageId, Cursor>,
    places: BTreeSet<Cursor>,
}

impl Strays {
    /// Takes in those of `places` that are none of their ids.
    pub(super) fn extend(&mut self, places: impl Iterator<Item = Cursor>) {
        for place in places.filter(|place| place.is_stray()) {
            self.of.insert(place.id, place);
            self.places.insert(place);
        }
    }

    pub(super) fn remove(&mut self, id: MessageId) {
        if let Some(place) = self.of.remove(&id) {
            self.places.remove(&place);
        }
    }

    /// Their places in `since` or later and before `upto`, the newest first.
    pub(super) fn before(&self, since: Timestamp, upto: Cursor) -> impl Iterator<Item = Cursor> {
        self.places.range(Cursor::at(since).min(upto)..upto).rev().copied()
    }
}
