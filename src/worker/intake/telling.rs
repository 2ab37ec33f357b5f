//! Results that an event handler is told: the journal keeps such a file until the handler has returned, so that after a
//! crash it is told again, under the same id.
//!
//! ```text
//! filed ──▶ waiting ──▶ under way ──told──▶ over: `Done`, when the file itself is done with too
//!                           └──the node stops──▶ left for the next start
//! ```

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::entry::Stage;
use super::{Alarm, Destination, Effect, Filed, Filing, Folder, Intake, IntakeId, Record};

/// Most results whose handler runs or waits to be run again.
const UNDER_WAY_MAX: usize = 1_000;
/// Most results that wait for that.
const WAITING_MAX: usize = 100_000;

/// What is told of how a message was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The modem that had it last; none when no modem had it.
    pub modem: Option<String>,
    /// TP-MR of each part that was sent, in order.
    pub references: Vec<u8>,
}

/// What is owed to the event handler.
#[derive(Debug, Default)]
pub(super) struct Telling {
    waiting: VecDeque<Filed>,
    /// Results that wait or are under way, and whether their files are done with.
    owed: BTreeMap<IntakeId, bool>,
    under_way: usize,
    /// Files that stand in `checked` until their result was told.
    standing: usize,
    /// No more are begun.
    ended: bool,
}

impl Telling {
    /// The next result to tell, if its turn has come.
    fn next(&mut self) -> Option<Filed> {
        if self.ended || self.under_way >= UNDER_WAY_MAX {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.under_way += 1;
        Some(next)
    }
}

impl Intake {
    /// A result stands in its folder: whoever hears of results is told.
    pub(super) fn tell(&mut self, id: IntakeId, filing: &Filing) {
        let Filing { destination, name, account, copy, .. } = filing.clone();
        let copy = copy.filter(|_| self.settings.tell_copies);
        let folder = if copy.is_some() { destination.copy_folder() } else { destination.folder() };
        let filed = Filed { id, destination, folder, name: copy.unwrap_or(name), account };
        if !self.settings.events {
            return self.filing_effects.push_back(Effect::Tell(filed));
        }
        self.owe(filed);
    }

    /// No result is kept: the file goes when the handler has seen it, as with smsd.
    pub(super) fn tell_before_unlinking(&mut self, id: IntakeId, destination: Destination, account: Account) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let name = entry.place.clone();
        entry.stage = Stage::Telling;
        self.telling.standing += 1;
        if !self.settings.events
            || !self.owe(Filed { id, destination, folder: Folder::Checked, name, account })
        {
            self.put_away_told(id);
        }
    }

    /// False when so much is owed already that it is not told.
    fn owe(&mut self, filed: Filed) -> bool {
        if self.telling.owed.contains_key(&filed.id) {
            return true;
        }
        if self.telling.waiting.len() >= WAITING_MAX {
            let alarm = Alarm::Untold { folder: filed.folder, name: filed.name };
            self.filing_effects.push_back(Effect::Alarm(alarm));
            return false;
        }
        self.telling.owed.insert(filed.id, false);
        self.telling.waiting.push_back(filed);
        true
    }

    /// The next result to tell.
    pub(super) fn next_told(&mut self) -> Option<Effect> {
        self.telling.next().map(Effect::Tell)
    }

    /// The handler is done with a result, or the node stops before it was.
    pub(super) fn on_told(&mut self, id: IntakeId, done: bool) {
        self.telling.under_way = self.telling.under_way.saturating_sub(1);
        if !done {
            return;
        }
        let file_done = self.telling.owed.remove(&id);
        if file_done == Some(true) {
            self.filing_effects.push_back(Effect::Append(Record::Done { id }));
        }
        if self.entries.get(&id).is_some_and(|entry| entry.stage == Stage::Telling) {
            self.put_away_told(id);
        }
    }

    fn put_away_told(&mut self, id: IntakeId) {
        self.telling.standing = self.telling.standing.saturating_sub(1);
        self.tell_and_unlink(id, None);
    }

    /// Files that stand in `checked` only until their result was told: they hold no place of those that are sent.
    pub(super) fn standing(&self) -> usize {
        self.telling.standing
    }

    /// Nothing is left to do with the file itself: the journal forgets it, unless its result is still to be told.
    pub(super) fn forget(&mut self, id: IntakeId) {
        match self.telling.owed.get_mut(&id) {
            Some(file_done) => *file_done = true,
            None => self.filing_effects.push_back(Effect::Append(Record::Done { id })),
        }
    }

    /// Begins to tell nothing more; what is under way goes on.
    pub fn end_telling(&mut self) {
        self.telling.ended = true;
    }

    /// Results the event handler is being told, and those that are still to be told in this run.
    pub fn telling(&self) -> usize {
        let waiting = if self.telling.ended { 0 } else { self.telling.waiting.len() };
        self.telling.under_way + waiting
    }
}

impl Destination {
    /// Whether the message was sent.
    pub fn is_sent(self) -> bool {
        match self {
            Destination::Sent => true,
            Destination::Failed => false,
        }
    }
}
