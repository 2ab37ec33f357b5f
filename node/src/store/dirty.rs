//! Which messages have changed since their rows were written.
//!
//! Only ids are kept, so the set is never larger than what memory holds anyway, however slow the disk is. Whoever
//! reads or writes rows first takes in what has happened; nothing is missed between an answer and the state it is
//! about.
//!
//! A list goes through them the newest first. Ids stand in the order of their moments; the few that do not tell theirs
//! are kept by their places too.

use std::collections::BTreeSet;

use smsgrid::model::{MessageId, Timestamp};

use super::applied::{Applied, Change, Changes};
use super::pace::Load;
use super::strays::Strays;
use super::{Cursor, key};

/// Most messages looked at while the state is held.
const LOOK_MAX: usize = 1024;

/// What counts for changes that nobody knows: about as many as are kept for whoever is behind.
const UNKNOWN: u64 = 65_536;

/// The set, and where it goes on following.
pub(super) struct Dirty {
    changes: Box<dyn Changes>,
    ids: BTreeSet<MessageId>,
    /// Taken out to be written, and not yet durable.
    taken: BTreeSet<MessageId>,
    /// Those of both that are final, and so the next to leave memory.
    ended: BTreeSet<MessageId>,
    /// Those of both whose ids do not tell their moments.
    strays: Strays,
    /// The lowest id of the messages that left memory before their rows were written.
    lost: Option<MessageId>,
    /// Whether changes were missed, so that messages may have come and gone unseen.
    blind: bool,
    /// Changes taken in so far.
    changes_seen: u64,
}

impl Dirty {
    /// Follows `applied` from now on; everything that is in memory already counts as changed.
    pub(super) fn new(applied: &dyn Applied) -> Dirty {
        let changes = applied.changes();
        let mut dirty = Dirty {
            changes,
            ids: BTreeSet::new(),
            taken: BTreeSet::new(),
            ended: BTreeSet::new(),
            strays: Strays::default(),
            lost: None,
            blind: true,
            changes_seen: 0,
        };
        dirty.suspect_all(applied);
        dirty
    }

    /// Takes in what has happened since the last time.
    pub(super) fn catch_up(&mut self, applied: &dyn Applied) {
        let mut new = Vec::new();
        while let Some(change) = self.changes.next() {
            self.changes_seen += if change == Change::Anything { UNKNOWN } else { 1 };
            match change {
                Change::Revised(id) => new.extend(self.insert(id)),
                Change::Ended(id) => {
                    new.extend(self.insert(id));
                    self.ended.insert(id);
                }
                Change::Forgotten(id) => {
                    self.ended.remove(&id);
                    self.strays.remove(id);
                    if self.ids.remove(&id) || self.taken.contains(&id) {
                        self.lost = Some(self.lost.map_or(id, |lost| lost.min(id)));
                    }
                }
                Change::Anything => {
                    self.blind = true;
                    self.suspect_all(applied);
                }
            }
            if new.len() >= LOOK_MAX {
                self.place(applied, &mut new);
            }
        }
        self.place(applied, &mut new);
    }

    /// Gives the id back when it was not among them.
    fn insert(&mut self, id: MessageId) -> Option<MessageId> {
        (self.ids.insert(id) && !self.taken.contains(&id)).then_some(id)
    }

    /// Finds out which of these do not tell their moments.
    fn place(&mut self, applied: &dyn Applied, new: &mut Vec<MessageId>) {
        if new.is_empty() {
            return;
        }
        applied.read(&mut |queue| {
            let records = new.drain(..).filter_map(|id| queue.message(id));
            self.strays.extend(records.map(|record| Cursor::of(record.id, record.accepted)));
        });
    }

    /// Every message in memory may be another than its row.
    pub(super) fn suspect_all(&mut self, applied: &dyn Applied) {
        let mut after = None;
        loop {
            let mut page: Vec<(Cursor, bool)> = Vec::new();
            applied.read(&mut |queue| {
                let known = queue.messages_after(after).take(LOOK_MAX);
                page = known
                    .map(|record| (Cursor::of(record.id, record.accepted), record.ended().is_some()))
                    .collect();
            });
            let Some((last, _)) = page.last() else { return };
            after = Some(last.id);
            self.strays.extend(page.iter().map(|(place, _)| *place));
            self.ids.extend(page.iter().map(|(place, _)| place.id));
            self.ended.extend(page.iter().filter(|(_, has_ended)| *has_ended).map(|(place, _)| place.id));
        }
    }

    /// How many rows are older than the state.
    pub(super) fn len(&self) -> usize {
        self.ids.len() + self.taken.len()
    }

    /// What waits to be written.
    pub(super) fn load(&self) -> Load {
        Load { dirty: self.len(), ended: self.ended.len(), changes: self.changes_seen }
    }

    /// Whether the row of this message may be older than the state.
    pub(super) fn contains(&self, id: MessageId) -> bool {
        self.ids.contains(&id) || self.taken.contains(&id)
    }

    /// Their places in `since` or later and before `upto`, the newest first: `most` of them unless there are fewer. One
    /// whose id does not tell its moment stands at its own place and at the one its id tells.
    pub(super) fn places(&self, since: Timestamp, upto: Cursor, most: usize) -> Vec<Cursor> {
        let within = key::ids(since, upto);
        let ids = self.ids.range(within.clone()).rev().take(most);
        let taken = self.taken.range(within).rev().take(most);
        let told = ids.chain(taken).map(|id| Cursor::told(*id));
        let all: BTreeSet<Cursor> = told.chain(self.strays.before(since, upto).take(most)).collect();
        all.into_iter().rev().take(most).collect()
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
            if !self.ids.contains(id) {
                self.ended.remove(id);
                self.strays.remove(*id);
            }
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

    /// Whether messages may have left memory whose rows are missing or older.
    pub(super) fn may_miss(&self) -> bool {
        self.blind || self.lost.is_some()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smsgrid::model::Position;
    use smsgrid::queue::{Policy, Queue};
    use tokio::sync::watch;

    use super::super::fixture;
    use super::*;

    #[test]
    fn only_what_has_ended_and_is_not_written_can_leave_memory_too_early() {
        let ids = [1, 2, 3].map(fixture::id);
        let script = Script(vec![Change::Revised(ids[0]), Change::Ended(ids[1]), Change::Ended(ids[2])]);
        let mut dirty = Dirty::new(&script);
        dirty.catch_up(&script);

        assert_eq!(dirty.load(), Load { dirty: 3, ended: 2, changes: 3 });

        let taken = dirty.take();
        dirty.written(&taken[..2]);
        assert_eq!(dirty.load(), Load { dirty: 1, ended: 1, changes: 3 });
    }

    #[test]
    fn what_ends_while_its_row_is_written_still_counts() {
        let id = fixture::id(1);
        let script = Script(vec![Change::Revised(id)]);
        let mut dirty = Dirty::new(&script);
        dirty.catch_up(&script);
        let taken = dirty.take();

        dirty.changes = Script(vec![Change::Ended(id)]).changes();
        dirty.catch_up(&script);
        dirty.written(&taken);

        assert_eq!(dirty.load(), Load { dirty: 1, ended: 1, changes: 2 });
    }

    #[test]
    fn changes_that_nobody_knows_count_as_the_many_they_are() {
        let script = Script(vec![Change::Anything, Change::Revised(fixture::id(1))]);
        let mut dirty = Dirty::new(&script);
        dirty.catch_up(&script);

        assert_eq!(dirty.load().changes, UNKNOWN + 1);
    }

    #[test]
    fn a_list_in_slices_meets_each_place_once_whatever_is_being_written_and_strays() {
        let ids: Vec<MessageId> = (1..=7).map(fixture::id).collect();
        let mut dirty = Dirty::new(&Script(Vec::new()));
        dirty.ids.extend(&ids[..4]);
        dirty.take();
        dirty.ids.extend(&ids[2..]);
        let (day, now) = (Duration::from_secs(24 * 3600), Timestamp::from_unix_millis(fixture::NOW_MS));
        let strays = [(1, 6), (3, 4), (5, 2)].map(|(index, days)| Cursor::of(ids[index], now + day * days));
        dirty.strays.extend(strays.into_iter());
        let mut expected: Vec<Cursor> = ids.iter().map(|id| Cursor::told(*id)).chain(strays).collect();
        expected.sort();
        expected.reverse();

        for most in 1..=12 {
            let (mut met, mut upto) = (Vec::<Cursor>::new(), Cursor::at(now + day * 30));
            loop {
                let some = dirty.places(Timestamp::ZERO, upto, most);
                met.extend(some.iter().copied());
                match some.last() {
                    Some(last) if some.len() == most => upto = *last,
                    Some(_) | None => break,
                }
            }
            assert_eq!(met, expected, "{most} at a time");
        }
    }

    /// Nothing in memory, and these changes.
    #[derive(Clone)]
    struct Script(Vec<Change>);

    impl Applied for Script {
        fn position(&self) -> Position {
            Position::default()
        }

        fn read(&self, act: &mut dyn FnMut(&Queue)) {
            act(&Queue::new(Policy::default()));
        }

        fn wakes(&self) -> watch::Receiver<Position> {
            watch::Sender::new(Position::default()).subscribe()
        }

        fn changes(&self) -> Box<dyn Changes> {
            Box::new(self.clone())
        }
    }

    impl Changes for Script {
        fn next(&mut self) -> Option<Change> {
            (!self.0.is_empty()).then(|| self.0.remove(0))
        }
    }
}
