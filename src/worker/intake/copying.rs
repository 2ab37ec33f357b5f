//! From `outgoing` to a `checked` on another file system: the file is copied, and the original stays until its end.
//!
//! ```text
//! outgoing/NAME --Claim--> outgoing/.ID.tmp --Copy--> checked/.ID.tmp ==on disk, journal==> --Adopt--> checked/NAME
//!                                |
//!                                +--Release, when the result is filed--> gone
//! ```
//!
//! The journal knows the copy by its inode, and with it who owned the original, before it gets its name. Until the
//! result is filed the original is there, under a name nobody else uses: whatever a power cut takes of `checked`, the
//! file is copied again under the same id.

use super::entry::Stage;
use super::{Copied, Effect, Fault, Folder, Identity, Intake, IntakeId, Record};

impl Intake {
    pub(super) fn claim(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Claiming;
        self.effects.push_back(Effect::Claim(id, entry.name.clone()));
    }

    pub(super) fn on_claimed(&mut self, id: IntakeId, result: Result<(), Fault>) {
        let Some(result) = self.awaited_move(id, &Stage::Claiming, result) else { return };
        let Some(entry) = self.entries.get_mut(&id) else { return };
        match result {
            // The temporary name is this id's alone.
            Ok(()) | Err(Fault::Exists) => {
                entry.claimed = true;
                self.copy(id);
            }
            Err(Fault::Missing) => {
                self.unlock(id);
                self.finish(id);
            }
            Err(fault) => self.hinder(id, Folder::Outgoing, &fault),
        }
    }

    pub(super) fn copy(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Copying;
        self.effects.push_back(Effect::Copy(id));
    }

    pub(super) fn on_copied(&mut self, id: IntakeId, result: Result<Copied, Fault>) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.stage == Stage::Copying) else {
            return;
        };
        match result {
            Ok(copied) if copied.original != entry.identity && entry.is_new() => {
                self.written_while_copied(id, copied);
            }
            Ok(copied) => self.record_copy(id, copied),
            Err(Fault::Missing) => {
                entry.claimed = false;
                self.vanished(id);
            }
            Err(Fault::Irregular(why)) => self.refuse_unread(id, why, &[]),
            Err(fault) => self.hinder(id, Folder::Checked, &fault),
        }
    }

    /// Somebody goes on writing: the file is copied again until it has settled, and then it is recorded as it is.
    fn written_while_copied(&mut self, id: IntakeId, copied: Copied) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let settled = entry.seen.replace(copied.original) == Some(copied.original);
        if !settled {
            self.release_from_hand(id);
            return self.wait(id, Stage::Copying, self.settings.settle_time);
        }
        let Copied { original: identity, .. } = copied;
        entry.identity = identity;
        let record = Record::taken(id, &entry.name, &entry.place, identity, entry.owner);
        self.effects.push_back(Effect::Append(record));
        self.record_copy(id, copied);
    }

    fn record_copy(&mut self, id: IntakeId, copied: Copied) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.copy = Some(copied.copy);
        entry.stage = Stage::CopyRecorded;
        self.effects.push_back(Effect::Append(Record::Copied { id, copy: copied.copy }));
        self.recorded.push(id);
    }

    pub(super) fn adopt(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Adopting;
        self.effects.push_back(Effect::Adopt(id, entry.place.clone()));
    }

    pub(super) fn on_adopted(&mut self, id: IntakeId, result: Result<(), Fault>) {
        if self.entries.get(&id).is_none_or(|entry| entry.stage != Stage::Adopting) {
            return;
        }
        match result {
            Ok(()) => self.arrived(id),
            Err(Fault::Exists) => {
                self.unlock(id);
                self.conflict(id);
            }
            // A power cut took the copy.
            Err(Fault::Missing) => self.copy(id),
            Err(fault) => self.hinder(id, Folder::Checked, &fault),
        }
    }

    /// The original is not needed any more, nor a copy an earlier run left, nor what is kept of included files; the folders are synced after this.
    pub(super) fn release(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.has_hidden() {
            self.filing_effects.push_back(Effect::Discard(id));
        }
        if !std::mem::take(&mut entry.claimed) {
            return;
        }
        let aside = entry.name.aside(id);
        self.filing_effects.push_back(Effect::Release { id, aside });
    }

    /// Whether what stands in `checked` under the name of this file is the file, as far as was found out.
    pub(super) fn is_in_checked(&self, id: IntakeId, places: &super::Places) -> bool {
        let Some((entry, checked)) = self.entries.get(&id).zip(places.checked) else { return false };
        let is_original = |found: &Option<Identity>| *found == Some(entry.identity);
        match entry.copy {
            Some(copy) => copy.inode == checked.inode,
            // Where the original is still in `outgoing`, this is another file with the same number.
            None if places.claimed.is_some() || is_original(&places.outgoing) => false,
            None => checked.inode == entry.identity.inode,
        }
    }
}
