//! After a restart: where each file of the journal stands, and what goes on with it.
//!
//! | found | goes on with |
//! |---|---|
//! | a filing recorded, the result under its name | removing the file of `checked` |
//! | a filing recorded, the result under its temporary name | giving it its name |
//! | a filing recorded, no result, or no file | removing the file of `checked`: the result was fetched already |
//! | a filing recorded, the very file back in `outgoing` | moving it once more, then as above |
//! | the file in `checked` | submitting under the same key, or following the message |
//! | the very file still in `outgoing` | moving it, under the same id |
//! | the file under its temporary name in `outgoing` | copying it, under the same id |
//! | neither | nothing: it was removed |

use std::collections::BTreeSet;

use super::candidates::CANDIDATES_MAX;
use super::entry::{Entry, Stage};
use super::machine::RETRY;
use super::observation::{Judgement, judge};
use super::recipients::Recipients;
use super::{
    Alarm, Effect, Fault, FileName, Filing, Folder, Intake, IntakeId, Observation, Places, Replayed,
};

impl Intake {
    pub(super) fn recover(&mut self, journal: Replayed) {
        self.unexamined = journal.pending.len();
        for (id, pending) in journal.pending {
            let entry = Entry {
                recovered: true,
                recipients: Recipients::recovered(pending.messages, pending.recipients),
                copy: pending.copy,
                owner: pending.owner,
                place: pending.place.clone(),
                stage: Stage::Examining(None),
                ..Entry::new(pending.name.clone(), pending.identity)
            };
            self.names.leads(pending.name, id);
            self.names.stands(pending.place, id);
            self.entries.insert(id, entry);
            self.examine(id, pending.filing);
        }
        self.effects.push_back(Effect::ListChecked);
    }

    pub(super) fn examine(&mut self, id: IntakeId, filing: Option<Filing>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Examining(filing.clone());
        let examination = entry.examination(id, filing);
        self.effects.push_back(examination);
    }

    pub(super) fn on_examined(&mut self, id: IntakeId, result: Result<Places, Fault>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let (Stage::Examining(_) | Stage::Checked) = entry.stage else { return };
        let places = match result {
            Ok(places) => places,
            Err(fault) => {
                // Nothing is taken before every file of the journal was found or missed.
                self.trouble(Folder::Checked, &fault);
                return self.wait_in_stage(id);
            }
        };
        let Stage::Examining(filing) = entry.stage.clone() else {
            return self.on_seen_after_check(id, &places);
        };
        let in_checked = self.is_in_checked(id, &places);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.in_checked = in_checked;
        entry.claimed = places.claimed.is_some();
        if !in_checked && entry.copy.map(|copy| copy.inode) != places.copied {
            // What stands there may be a later copy, whose record was lost.
            entry.copy = None;
        }
        if places.outgoing == Some(entry.identity) && (filing.is_some() || in_checked) {
            // A disk lost the move, that of the result, or of the copy, kept it: the move is made once more.
            let name = entry.name.clone();
            let claim = entry.copy.is_some();
            let place = entry.place.clone();
            let effect = if claim { Effect::Claim(id, name) } else { Effect::Move(id, name, place) };
            return self.effects.push_back(effect);
        }
        self.unexamined = self.unexamined.saturating_sub(1);
        if places.outgoing == Some(entry.identity) {
            // A later one of the name, which stands in `checked`, does not take it from this one.
            self.names.leads(entry.name.clone(), id);
        }
        // Beside another file of this name the lock may be another's too.
        let is_newest = self.names.in_checked(&entry.place).next_back() == Some(id);
        entry.owns_lock = entry.in_checked || places.checked.is_none() && is_newest;
        match filing {
            Some(filing) => self.resume_filing(id, filing, &places),
            None if entry.in_checked => self.check_or_lock(id),
            // It is asked about when it stands in `checked`.
            None if entry.claimed => self.lock(id),
            None if places.outgoing == Some(entry.identity) => self.check_or_lock(id),
            None => self.abandon(id),
        }
    }

    fn resume_filing(&mut self, id: IntakeId, filing: Filing, places: &Places) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if places.filed == Some(filing.inode) {
            entry.stage = Stage::Published(filing.clone());
            self.await_folder(filing.destination.folder(), id);
        } else if places.staged == Some(filing.inode) {
            entry.stage = Stage::Publishing(None, filing);
            self.publish(id);
        } else if entry.in_checked {
            self.tell_and_unlink(id, Some(filing));
        } else {
            entry.stage = Stage::Clearing;
            if self.settings.events {
                self.tell(id, &filing);
            }
            self.release(id);
            self.unlock(id);
            self.await_folder(Folder::Checked, id);
        }
    }

    /// The move that was lost was made again, or not: looks once more.
    pub(super) fn on_moved_again(&mut self, id: IntakeId, filing: Option<Filing>, result: Result<(), Fault>) {
        match result {
            Ok(()) | Err(Fault::Missing) => self.examine(id, filing),
            Err(Fault::OtherFileSystem) => {
                if let Some(name) = self.entries.get(&id).map(|entry| entry.name.clone()) {
                    self.effects.push_back(Effect::Claim(id, name));
                }
            }
            Err(fault) => {
                self.trouble(Folder::Checked, &fault);
                self.wait(id, Stage::Examining(filing), RETRY);
            }
        }
    }

    /// Nothing is left of the file: it was never moved, or somebody removed it from `checked`.
    fn abandon(&mut self, id: IntakeId) {
        if let Some(entry) = self.entries.get(&id).filter(|entry| entry.recipients.has_message()) {
            self.effects.push_back(Effect::Alarm(Alarm::Vanished {
                folder: Folder::Checked,
                name: entry.place.clone(),
            }));
        }
        self.unlock(id);
        self.finish(id);
    }

    /// Files of `checked` the journal does not know: put there by hand, or left by smsd.
    pub(super) fn on_listed(&mut self, listed: Result<Vec<Observation>, Fault>) {
        let observations = match listed {
            Ok(observations) => observations,
            Err(fault) => return self.list_again(&fault),
        };
        self.well(Folder::Checked);
        self.unlisted = false;
        let strangers: BTreeSet<FileName> = self.strangers.iter().map(|(name, _)| name.clone()).collect();
        for observation in observations.iter().take(CANDIDATES_MAX) {
            let Observation { name, identity, .. } = observation;
            let known = self.names.is_known_in_checked(name);
            if !known && !strangers.contains(name) && judge(observation, &[]) == Judgement::Eligible {
                self.strangers.push_back((name.clone(), *identity));
            }
        }
    }
}
