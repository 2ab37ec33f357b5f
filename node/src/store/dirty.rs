//! Which messages have changed since their rows were written.
//!
//! Only ids are kept, so the set is never larger than what memory holds anyway, however slow the disk is. Whoever
//! reads or writes rows first takes in what has happened; nothing is missed between an answer and the state it is
//! about.

use std::collections::BTreeSet;

use smsgrid::model::MessageId;

use super::applied::{Applied, Change, Changes};

/// Most messages looked at while the state is held.
const LOOK_MAX: usize = 1024;

/// The set, and where it goes on following.
pub(super) struct Dirty {
    changes: Box<dyn Changes>,
    ids: BTreeSet<MessageId>,
    /// Taken out to be written, and not yet durable.
    taken: BTreeSet<MessageId>,
    /// The lowest id of the messages that left memory before their rows were written.
    lost: Option<MessageId>,
    /// Whether changes were missed, so that messages may have come and gone unseen.
    blind: bool,
}

impl Dirty {
    /// Follows `applied` from now on; everything that is in memory already counts as changed.
    pub(super) fn new(applied: &dyn Applied) -> Dirty {
        let changes = applied.changes();
        let mut dirty =
            Dirty { changes, ids: BTreeSet::new(), taken: BTreeSet::new(), lost: None, blind: true };
        dirty.suspect_all(applied);
        dirty
    }

    /// Takes in what has happened since the last time.
    pub(super) fn catch_up(&mut self, applied: &dyn Applied) {
        while let Some(change) = self.changes.next() {
            match change {
                Change::Revised(id) => {
                    self.ids.insert(id);
                }
                Change::Forgotten(id) => {
                    if self.ids.remove(&id) || self.taken.contains(&id) {
                        self.lost = Some(self.lost.map_or(id, |lost| lost.min(id)));
                    }
                }
                Change::Anything => {
                    self.blind = true;
                    self.suspect_all(applied);
                }
            }
        }
    }

    /// Every message in memory may be another than its row.
    pub(super) fn suspect_all(&mut self, applied: &dyn Applied) {
        let mut after = None;
        loop {
            let mut page: Vec<MessageId> = Vec::new();
            applied.read(&mut |queue| {
                let known = queue.messages_after(after).map(|record| record.id);
                page = known.take(LOOK_MAX).collect();
            });
            let Some(last) = page.last() else { return };
            after = Some(*last);
            self.ids.extend(page);
        }
    }

    /// How many rows are older than the state.
    pub(super) fn len(&self) -> usize {
        self.ids.len() + self.taken.len()
    }

    /// All of them.
    pub(super) fn all(&self) -> BTreeSet<MessageId> {
        self.ids.union(&self.taken).copied().collect()
    }

    /// Takes all of them out to be written.
    pub(super) fn take(&mut self) -> Vec<MessageId> {
        self.taken.append(&mut self.ids);
        self.taken.iter().copied().collect()
    }

    /// The rows of these are durable, as far as they were taken out.
    pub(super) fn written(&mut self, ids: &[MessageId]) {
        for id in ids {
            self.taken.remove(id);
        }
    }

    /// What was taken out may not be written, and messages may come and go before it is known again what is.
    pub(super) fn doubt(&mut self) {
        self.put_back();
        self.blind = true;
    }

    /// This one must be written again.
    pub(super) fn again(&mut self, id: MessageId) {
        self.ids.insert(id);
    }

    /// What was taken out and is not written waits again.
    pub(super) fn put_back(&mut self) {
        self.ids.append(&mut self.taken);
    }

    /// The lowest id of the messages that left memory before their rows were written, since this was asked last.
    pub(super) fn take_lost(&mut self) -> Option<MessageId> {
        self.lost.take()
    }

    /// Whether changes were missed since this was asked last.
    pub(super) fn take_blind(&mut self) -> bool {
        std::mem::take(&mut self.blind)
    }
}

impl std::fmt::Debug for Dirty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dirty")
            .field("ids", &self.ids.len())
            .field("taken", &self.taken.len())
            .finish_non_exhaustive()
    }
}
