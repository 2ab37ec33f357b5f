//! Asking the check handler about a file, before it is read.
//!
//! ```text
//! Recorded ──▶ Checking ──accepted, rejected, spooled──▶ Checked: looked at again
//!                                                          │ changed: journal    │ the same    │ gone
//!                                                          ▼                     ▼             ▼
//!                                                       Recorded ──▶ ──▶ ──▶ Locking ──▶ …   done with
//! ```
//!
//! The handler may write the file anew; the journal then takes note of that file, so that after a crash it is known for
//! what it is. No verdict is kept: after a crash the handler is asked again, unless the message was accepted already.

use std::time::Duration;

use super::entry::Stage;
use super::outcome::Verdict;
use super::{Alarm, Effect, FileName, Folder, Intake, IntakeId, Ownership, Places, Record};
use crate::worker::handlers;

/// Verdicts within this time share one look into `checked`.
const SPOOLED_LISTING: Duration = Duration::from_secs(1);

impl Intake {
    /// Asks the check handler, where there is one and it has not said anything of this file; goes on otherwise.
    pub(super) fn check_or_lock(&mut self, id: IntakeId) {
        if !self.is_unasked(id) {
            return self.lock(id);
        }
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Checking;
        let folder = entry.folder();
        let name = entry.standing_name().clone();
        self.effects.push_back(Effect::Check { id, folder, name });
    }

    /// Whether the check handler is still to be asked. No file is submitted before.
    pub(super) fn is_unasked(&self, id: IntakeId) -> bool {
        let entry = self.entries.get(&id);
        self.settings.checks
            && entry.is_some_and(|entry| entry.checked.is_none() && !entry.recipients.has_message())
    }

    pub(super) fn on_checked(&mut self, id: IntakeId, verdict: handlers::Verdict) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.stage == Stage::Checking) else {
            return;
        };
        if verdict == handlers::Verdict::Spooled {
            let alarm = Alarm::Spooled { name: entry.name.clone() };
            self.effects.push_back(Effect::Alarm(alarm));
        }
        // It may have gone where only the start looks.
        let is_listed = verdict == handlers::Verdict::Spooled;
        entry.checked = Some(verdict);
        entry.stage = Stage::Checked;
        self.effects.push_back(entry.examination(id, None));
        if is_listed {
            self.list_within(SPOOLED_LISTING);
            self.look_at_queues_soon();
        }
    }

    /// Where the file stands after the check handler had it.
    pub(super) fn on_seen_after_check(&mut self, id: IntakeId, places: &Places) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let found = if entry.in_checked { places.checked } else { places.outgoing };
        let Some(identity) = found else {
            if entry.checked != Some(handlers::Verdict::Spooled) {
                let alarm = entry.vanished();
                self.effects.push_back(Effect::Alarm(alarm));
            }
            self.unlock(id);
            return self.finish(id);
        };
        let is_copy = entry.in_checked && entry.copy.is_some_and(|copy| copy.inode == identity.inode);
        if identity == entry.identity || is_copy {
            return self.lock(id);
        }
        entry.stage = Stage::Recorded;
        let copy = entry.copy.as_mut().filter(|_| entry.in_checked);
        let record = if let Some(copy) = copy {
            copy.inode = identity.inode;
            Record::Copied { id, copy: *copy }
        } else {
            entry.identity = identity;
            Record::taken(id, &entry.name, &entry.place, identity, entry.owner)
        };
        self.effects.push_back(Effect::Append(record));
        self.recorded.push(id);
    }

    /// What the check handler decided about a file that stands in `checked` now. False when it decided nothing.
    pub(super) fn follows_verdict(&mut self, id: IntakeId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        match entry.checked.clone() {
            None | Some(handlers::Verdict::Accepted) => false,
            Some(handlers::Verdict::Rejected { reason }) => {
                let (name, reread) = (entry.name.clone(), entry.reread(id));
                entry.stage = Stage::Rereading(Verdict::Refused(reason.clone()));
                self.release_from_hand(id);
                self.effects.push_back(Effect::Alarm(Alarm::BadFile { name, reason }));
                self.filing_effects.push_back(reread);
                true
            }
            Some(handlers::Verdict::Spooled) => {
                self.release_from_hand(id);
                self.tell_and_unlink(id, None);
                true
            }
        }
    }
}

impl super::entry::Entry {
    pub(super) fn ownership(&self) -> Ownership {
        Ownership { taken: self.owner, copied: self.copy.map(|copy| copy.owner) }
    }

    pub(super) fn reread(&self, id: IntakeId) -> Effect {
        Effect::Reread(id, self.place.clone())
    }

    pub(super) fn folder(&self) -> Folder {
        if self.in_checked { Folder::Checked } else { Folder::Outgoing }
    }

    /// Its name there.
    pub(super) fn standing_name(&self) -> &FileName {
        if self.in_checked { &self.place } else { &self.name }
    }

    pub(super) fn vanished(&self) -> Alarm {
        Alarm::Vanished { folder: self.folder(), name: self.standing_name().clone() }
    }
}
