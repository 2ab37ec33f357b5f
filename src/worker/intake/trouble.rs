//! What the system refuses: told once, tried again later, and never in the way of other files.
//!
//! Where a whole folder cannot be used, the files in hand wait in hand: the next ones would fare no better. A single
//! file that cannot be locked, moved or read leaves the hand, and its waits grow.

use std::time::Duration;

use super::entry::Stage;
use super::machine::RETRY;
use super::{Alarm, Effect, Fault, Folder, FolderFailures, FolderTrouble, Halt, Intake, IntakeId};

/// Most files of `outgoing` that are remembered as refused; those beyond are met again by the next pass.
const HINDERED_MAX: usize = 4_096;

impl Intake {
    /// Lets the entry go on from `stage` after `wait`.
    pub(super) fn wait(&mut self, id: IntakeId, stage: Stage, wait: Duration) {
        let until = self.moment.now + wait;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.stage = Stage::Waiting(until, Box::new(stage));
            self.timers.insert((until, id));
        }
    }

    pub(super) fn wait_in_stage(&mut self, id: IntakeId) {
        if let Some(stage) = self.entries.get(&id).map(|entry| entry.stage.clone()) {
            self.wait(id, stage, RETRY);
        }
    }

    /// The system refused a step of this file, which stands in `folder`.
    pub(super) fn hinder(&mut self, id: IntakeId, folder: Folder, fault: &Fault) {
        if let Fault::Folder(..) = fault {
            self.trouble(folder, fault);
            return self.wait_in_stage(id);
        }
        self.release_from_hand(id);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let (wait, stage) = (entry.next_retry(), entry.stage.clone());
        let in_outgoing = !entry.in_checked && !entry.claimed;
        let name = if folder == Folder::Checked { &entry.place } else { &entry.name };
        let alarm = Alarm::FileFailed { folder, name: name.clone(), what: fault.to_string() };
        self.tell_once(id, alarm);
        if in_outgoing && !self.hindered.contains(&id) {
            if self.hindered.len() >= HINDERED_MAX {
                self.unlock(id);
                return self.finish(id);
            }
            self.hindered.insert(id);
        }
        self.wait(id, stage, wait);
    }

    /// Tells the trouble of a file, unless it was told already.
    pub(super) fn tell_once(&mut self, id: IntakeId, alarm: Alarm) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.told.as_ref() != Some(&alarm) {
            entry.told = Some(alarm.clone());
            self.effects.push_back(Effect::Alarm(alarm));
        }
    }

    /// Tells once that a folder cannot be used; `folder` where the fault names none.
    pub(super) fn trouble(&mut self, folder: Folder, fault: &Fault) {
        let (folder, trouble) = match fault {
            Fault::Folder(folder, trouble) => (*folder, trouble.clone()),
            Fault::Exists | Fault::Missing | Fault::OtherFileSystem | Fault::Irregular(_) | Fault::Io(_) => {
                (folder, FolderTrouble::System(fault.to_string()))
            }
        };
        if !self.troubled.insert(folder) {
            return;
        }
        let alarm = Alarm::FolderFailed { folder, trouble: trouble.clone() };
        match self.settings.folder_failures {
            FolderFailures::Stop if trouble != FolderTrouble::Full => {
                self.halt(Halt::Folder(folder, trouble), Some(alarm));
            }
            FolderFailures::Stop | FolderFailures::Wait => self.effects.push_back(Effect::Alarm(alarm)),
        }
    }

    /// The folder was used.
    pub(super) fn well(&mut self, folder: Folder) {
        self.troubled.remove(&folder);
    }

    /// A pass over `outgoing` did not see everything: nothing is forgotten, and another pass follows.
    pub(super) fn scan_broke(&mut self, fault: &Fault) {
        if !std::mem::replace(&mut self.scan_troubled, true) {
            self.troubled.remove(&Folder::Outgoing);
            self.trouble(Folder::Outgoing, fault);
        }
    }

    /// `checked` could not be listed: nothing is taken before it could.
    pub(super) fn list_again(&mut self, fault: &Fault) {
        self.trouble(Folder::Checked, fault);
        self.list_within(RETRY);
    }

    /// Lets `checked` be listed after this time, or earlier where that is due already.
    pub(super) fn list_within(&mut self, wait: Duration) {
        let at = self.moment.now + wait;
        self.relist = Some(self.relist.map_or(at, |due| due.min(at)));
    }
}
