//! From the outcome of a message to its result in `sent` or `failed`.
//!
//! The order decides that a result is filed once: it is complete under a temporary name, on disk, before the journal
//! names it; it gets its own name only when that record is on disk; and the file in `checked` is removed only when
//! the name is.

use super::entry::Stage;
use super::outcome::Verdict;
use crate::sms_file::Included;

use super::{
    Alarm, Contents, Destination, Effect, Fault, FileName, Filing, Folder, Intake, IntakeId, Record, naming,
};

impl Intake {
    pub(super) fn on_reread(&mut self, id: IntakeId, verdict: Verdict, result: Result<Contents, Fault>) {
        match result {
            Ok(contents) => self.stage(id, verdict, &contents.octets, &contents.included),
            Err(Fault::Missing) => self.vanished(id),
            // Its message had its end all the same.
            Err(Fault::Irregular(_)) => self.stage(id, verdict, &[], &[]),
            Err(fault) => self.hinder(id, Folder::Checked, &fault),
        }
    }

    /// Writes the result of a file with these octets, which included others, or removes the file where no result is kept.
    pub(super) fn stage(&mut self, id: IntakeId, verdict: Verdict, octets: &[u8], included: &[Included]) {
        self.release_from_hand(id);
        let destination = verdict.destination();
        let kept = match destination {
            Destination::Sent => self.settings.keep_sent,
            Destination::Failed => self.settings.keep_failed,
        };
        if !kept {
            return self.tell_before_unlinking(id, destination, verdict.account());
        }
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let (octets, result) = verdict.file(
            (&entry.name, &entry.place),
            (octets, included),
            id,
            &self.settings,
            self.moment.wall,
        );
        entry.result = Some(result);
        entry.stage = Stage::Staging(verdict);
        let name = entry.place.clone();
        self.filing_effects.push_back(Effect::Stage { id, name, destination, octets });
    }

    pub(super) fn on_staged(&mut self, id: IntakeId, result: Result<u64, Fault>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Stage::Staging(verdict) = entry.stage.clone() else { return };
        let folder = verdict.destination().folder();
        match result {
            Ok(inode) => {
                let (destination, account) = (verdict.destination(), verdict.account());
                let name = entry.result.clone().unwrap_or_else(|| entry.name.clone());
                let filing = Filing { destination, name, inode, account, copy: None };
                entry.stage = Stage::Staged(verdict, filing);
                self.well(folder);
                self.await_folder(folder, id);
            }
            Err(fault) => {
                self.trouble(folder, &fault);
                self.wait_in_stage(id);
            }
        }
    }

    pub(super) fn folder_is_synced(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if let Stage::Staged(verdict, filing) = entry.stage.clone() {
            self.record_filing(id, Some(verdict), filing);
        } else if let Stage::Published(filing) = entry.stage.clone() {
            self.tell_and_unlink(id, Some(filing));
        } else if entry.stage == Stage::Clearing {
            entry.stage = Stage::ClearingOutgoing;
            self.await_folder(Folder::Outgoing, id);
        } else {
            debug_assert_eq!(entry.stage, Stage::ClearingOutgoing);
            self.finish(id);
        }
    }

    /// Whether a copy of the result must be on disk before the result has its name and anybody hears of it. It is made when
    /// the journal names the result: after a stop the very same is copied, not one that was written anew.
    fn lacks_copy(&self, filing: &Filing) -> bool {
        let is_copied = match filing.destination {
            Destination::Sent => self.settings.sent_copy,
            Destination::Failed => self.settings.failed_copy,
        };
        is_copied && filing.copy.is_none()
    }

    fn keep_copy(&mut self, id: IntakeId, filing: &Filing) {
        let Some(entry) = self.entries.get(&id) else { return };
        let name = naming::of_copy(&entry.name, id, filing.account.modem.as_deref(), &self.settings);
        let (destination, spare) = (filing.destination, name.with_suffix(&id.to_string()));
        self.filing_effects.push_back(Effect::KeepCopy { id, destination, name, spare });
    }

    pub(super) fn on_copy_kept(&mut self, id: IntakeId, result: Result<FileName, Fault>) {
        let Some(entry) = self.entries.get(&id) else { return };
        let Stage::Publishing(verdict, filing) = entry.stage.clone() else { return };
        let folder = filing.destination.copy_folder();
        match result {
            Ok(name) => {
                self.well(folder);
                self.record_filing(id, verdict, Filing { copy: Some(name), ..filing });
            }
            Err(Fault::Missing) => self.stage_again(id, verdict),
            Err(fault) => {
                self.trouble(folder, &fault);
                self.wait_in_stage(id);
            }
        }
    }

    fn record_filing(&mut self, id: IntakeId, verdict: Option<Verdict>, filing: Filing) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Filing { destination, name, inode, account, copy } = filing.clone();
        let record = Record::Filing { id, destination, name, inode, account, copy };
        self.filing_effects.push_back(Effect::Append(record));
        entry.stage = Stage::FilingRecorded(verdict, filing);
        self.filing_recorded.push(id);
    }

    pub(super) fn publish(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let (Stage::FilingRecorded(verdict, filing) | Stage::Publishing(verdict, filing)) =
            entry.stage.clone()
        else {
            return;
        };
        let (destination, name) = (filing.destination, filing.name.clone());
        entry.stage = Stage::Publishing(verdict, filing.clone());
        if self.lacks_copy(&filing) {
            return self.keep_copy(id, &filing);
        }
        self.filing_effects.push_back(Effect::Publish { id, destination, name });
    }

    pub(super) fn on_published(&mut self, id: IntakeId, result: Result<(), Fault>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Stage::Publishing(verdict, filing) = entry.stage.clone() else { return };
        let folder = filing.destination.folder();
        match result {
            Ok(()) => {
                entry.stage = Stage::Published(filing);
                self.await_folder(folder, id);
            }
            Err(Fault::Exists) if !filing.name.ends_with(id) => {
                let filed_as = filing.name.with_suffix(&id.to_string());
                let (destination, name) = (filing.destination, filing.name.clone());
                let alarm = Alarm::Renamed { destination, name, filed_as: filed_as.clone() };
                self.filing_effects.push_back(Effect::Alarm(alarm));
                self.record_filing(id, verdict, Filing { name: filed_as, ..filing });
            }
            Err(Fault::Missing) => self.stage_again(id, verdict),
            Err(fault) => {
                self.trouble(folder, &fault);
                self.wait_in_stage(id);
            }
        }
    }

    /// The result vanished before it got its name: it is written again, after asking again what it is if need be.
    fn stage_again(&mut self, id: IntakeId, verdict: Option<Verdict>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        match verdict {
            Some(verdict) => {
                entry.stage = Stage::Rereading(verdict);
                self.filing_effects.push_back(entry.reread(id));
            }
            None => self.lock(id),
        }
    }

    pub(super) fn tell_and_unlink(&mut self, id: IntakeId, filing: Option<Filing>) {
        if let Some(filing) = &filing {
            self.tell(id, filing);
        }
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Unlinking(filing);
        self.unlink(id);
    }

    pub(super) fn unlink(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get(&id) else { return };
        let (name, aside) = (entry.place.clone(), entry.name.aside(id));
        self.filing_effects.push_back(Effect::Unlink { id, name, aside });
    }

    pub(super) fn on_unlinked(&mut self, id: IntakeId, result: Result<(), Fault>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Stage::Unlinking(_) = entry.stage else { return };
        match result {
            Ok(()) | Err(Fault::Missing) => {
                entry.stage = Stage::Clearing;
                self.release(id);
                self.unlock(id);
                self.await_folder(Folder::Checked, id);
            }
            Err(fault) => {
                self.trouble(Folder::Checked, &fault);
                self.wait_in_stage(id);
            }
        }
    }
}
