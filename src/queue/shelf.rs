//! Messages that wait for a person's word: uncertain ones, and failed ones that nobody has discarded.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::arena::Slot;
use super::record::Record;
use super::state::Queue;
use crate::model::{MessageState, Timestamp};

/// Where a message stands on the shelf: its state, and since when.
pub(super) type ShelfPlace = (MessageState, Timestamp);

/// Where a failed message stands among those that nobody has retried or discarded. All replicas have it at the same place.
///
/// What fails at a later time stands behind. What fails at the same time, which stands still while the clock of the one
/// that leads is behind, may stand before: whoever goes on from a place comes to it when he begins anew. A message that
/// is retried and fails again stands behind once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetterPlace {
    since: Timestamp,
    slot: Slot,
}

/// A text is no place of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no place among the failed messages")]
pub struct DeadLetterPlaceError;

/// Digits of each half of a place as text.
const SINCE_DIGITS: usize = 16;
const SLOT_DIGITS: usize = 8;

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
        let first = ((state, Timestamp::ZERO), Slot::FIRST);
        self.places(state, Bound::Included(first)).map(|(_, slot)| slot)
    }

    fn places(
        &self,
        state: MessageState,
        from: Bound<(ShelfPlace, Slot)>,
    ) -> impl Iterator<Item = (Timestamp, Slot)> + '_ {
        let places = self.0.range((from, Bound::Unbounded)).take_while(move |((of, _), _)| *of == state);
        places.map(|((_, since), slot)| (*since, *slot))
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

    /// The messages that failed and that nobody has retried or discarded, the least recently changed first, with their
    /// places; from behind `after` on.
    pub fn dead_letters_after(
        &self,
        after: Option<DeadLetterPlace>,
    ) -> impl Iterator<Item = (DeadLetterPlace, &Arc<Record>)> {
        let place = |since, slot| ((MessageState::Failed, since), slot);
        let from = match after {
            Some(DeadLetterPlace { since, slot }) => Bound::Excluded(place(since, slot)),
            None => Bound::Included(place(Timestamp::ZERO, Slot::FIRST)),
        };
        let places = self.shelf.places(MessageState::Failed, from);
        places
            .filter_map(|(since, slot)| Some((DeadLetterPlace { since, slot }, self.messages.shared(slot)?)))
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

impl fmt::Display for DeadLetterPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeadLetterPlace { since, slot } = self;
        write!(f, "{:0SINCE_DIGITS$x}{:0SLOT_DIGITS$x}", since.as_unix_millis(), slot.0)
    }
}

impl FromStr for DeadLetterPlace {
    type Err = DeadLetterPlaceError;

    fn from_str(text: &str) -> Result<DeadLetterPlace, DeadLetterPlaceError> {
        let is_place =
            text.len() == SINCE_DIGITS + SLOT_DIGITS && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        let (since, slot) =
            text.split_at_checked(SINCE_DIGITS).filter(|_| is_place).ok_or(DeadLetterPlaceError)?;
        let since = u64::from_str_radix(since, 16).map_err(|_| DeadLetterPlaceError)?;
        let slot = u32::from_str_radix(slot, 16).map_err(|_| DeadLetterPlaceError)?;
        Ok(DeadLetterPlace { since: Timestamp::from_unix_millis(since), slot: Slot(slot) })
    }
}
