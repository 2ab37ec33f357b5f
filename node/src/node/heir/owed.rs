//! Which events are still to be told: a list of the history first, then what ends, in the order of the log.
//!
//! ```text
//! list: everything that ended up to a revision ──▶ follow: what changed since ──▶ follow …
//!   ▲                                                        │ more than memory keeps, or more than there is room for
//!   └───────────────── when all else is told ────────────────┘
//! ```
//!
//! All that ended up to `seen` is here or told, so telling in any order never passes one that is missing.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::model::{MessageId, MessageState, Position};
use smsgrid::queue::Event;
use smsgrid::worker::intake::Estate;

use crate::machine::View;
use crate::raft::Revision;
use crate::store::{Cursor, Incomplete, Query, Store};

/// Most events that wait; those behind them are listed when these are told.
const OWED_MAX: usize = 100_000;
/// Messages of a page of the list.
const PAGE: usize = 1_000;

/// What is owed.
#[derive(Default)]
pub(super) struct Owed {
    events: BTreeMap<Position, MessageId>,
    /// All changes up to here were looked at; none when something is missing behind what is here.
    seen: Option<Revision>,
}

impl Owed {
    /// The next one to tell.
    pub(super) fn pop_first(&mut self) -> Option<(Position, MessageId)> {
        self.events.pop_first()
    }

    /// One that could not be told waits again.
    pub(super) fn again(&mut self, position: Position, message: MessageId) {
        self.events.insert(position, message);
    }

    /// Whether something is missing that only the history has.
    pub(super) fn needs_list(&self) -> bool {
        self.seen.is_none()
    }

    /// Reads what the history and memory know. Nothing when that is not all there is; it is tried again then.
    pub(super) async fn list(&mut self, estate: &Estate, store: &Store, view: &View) {
        let seen = view.revision();
        let query = Query { states: finals(), after: Some(estate.accepted_after()), ..Query::default() };
        let mut listed = Owed { events: BTreeMap::new(), seen: Some(seen) };
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = store.list(&query, cursor, PAGE).await;
            if !page.complete {
                return;
            }
            for row in page.rows.iter().filter(|row| estate.owes(&row.record)) {
                // What ended meanwhile is followed: the list may lack another one that ended before it.
                if row.record.changed_at <= seen.position() {
                    listed.insert(row.record.changed_at, row.record.id);
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        listed.events.append(&mut self.events);
        *self = listed;
    }

    /// Adds what has ended since it was looked last.
    pub(super) async fn follow(&mut self, estate: &Estate, store: &Store, view: &View) {
        let Some(seen) = self.seen else { return };
        let Ok(changes) = view.events_since(seen) else {
            self.seen = None;
            return;
        };
        for (revision, change) in changes {
            self.seen = Some(revision);
            let Event::Changed { message, to, .. } = change else { continue };
            let owing = if to.is_final() { position(estate, store, view, message).await } else { Ok(None) };
            let Ok(owing) = owing else {
                // Told without it, it would be taken for told.
                self.seen = None;
                return;
            };
            // One that has ended once more since has a change of its own.
            if owing == Some(revision.position()) {
                self.insert(revision.position(), message);
                if self.seen.is_none() {
                    return;
                }
            }
        }
    }

    fn insert(&mut self, position: Position, message: MessageId) {
        self.events.insert(position, message);
        while self.events.len() > OWED_MAX {
            self.events.pop_last();
            self.seen = None;
        }
    }
}

/// Where the end of this message is in the log, if it is one of the estate's.
async fn position(
    estate: &Estate,
    store: &Store,
    view: &View,
    message: MessageId,
) -> Result<Option<Position>, Incomplete> {
    let known = view
        .read(|queue| queue.message(message).map(|record| estate.owes(record).then_some(record.changed_at)));
    match known {
        Some(position) => Ok(position),
        // It has left memory already.
        None => {
            let record = store.get(message).await?.map(|row| row.record);
            Ok(record.filter(|record| estate.owes(record)).map(|record| record.changed_at))
        }
    }
}

fn finals() -> BTreeSet<MessageState> {
    MessageState::ALL.into_iter().filter(|state| state.is_final()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> MessageId {
        MessageId::from_bytes([7; 16])
    }

    #[test]
    fn what_there_is_no_room_for_is_the_last_and_asks_for_a_list() {
        let at = |index| Position { index, offset: 0 };
        let mut owed = Owed { seen: Some(Revision::default()), ..Owed::default() };
        for index in (1..=OWED_MAX as u64).rev() {
            owed.insert(at(index), message());
        }
        assert!(!owed.needs_list());
        owed.insert(at(1_000_000), message());

        assert!(owed.needs_list());
        assert_eq!(owed.events.last_key_value().map(|(last, _)| *last), Some(at(OWED_MAX as u64)));
        assert_eq!(owed.pop_first(), Some((at(1), message())));
    }
}
