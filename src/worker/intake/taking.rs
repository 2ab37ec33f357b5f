//! From a name in `outgoing` to a message the cluster has accepted.

use crate::sms_file::{Document, FILE_OCTETS_MAX};
use crate::worker::{handlers, submission};

use super::candidates::Telling;
use super::entry::{Entry, Stage};
use super::machine::Scan;
use super::observation::{Judgement, judge, may_send};
use super::outcome::{Verdict, reference};
use super::{
    Alarm, Contents, Effect, Fault, FileName, Folder, Hint, Identity, Inspection, Intake, IntakeId,
    Irregularity, Observation, Place, Reach, naming,
};

/// Stands for a file nothing could be seen of.
const NO_IDENTITY: Identity = Identity { inode: 0, size: 0, mtime_ns: 0 };

impl Intake {
    pub(super) fn on_hint(&mut self, hint: Hint) {
        if self.is_closed() {
            return;
        }
        match hint {
            Hint::MovedIn(name) if !name.is_ignored() => self.look(name, true),
            Hint::Written(name) | Hint::Appeared(name) if !name.is_ignored() => self.look(name, false),
            Hint::Gone(name) => {
                if let Some(file) = name.locked_file() {
                    self.look(file, false);
                }
            }
            Hint::Overflow if matches!(self.scan, Scan::Resting { .. }) => self.start_scan(),
            // A pass that is under way may have gone by what was lost: another one follows it.
            Hint::Overflow => self.candidates.overflowed = true,
            Hint::MovedIn(_) | Hint::Written(_) | Hint::Appeared(_) => {}
        }
    }

    pub(super) fn on_scanned(&mut self, observations: Vec<Observation>, reach: &Reach) {
        for observation in observations {
            self.sight(observation);
        }
        let Scan::Running { since } = self.scan else { return };
        match reach {
            Reach::More => self.scan = Scan::Wanted { since },
            Reach::Complete => {
                self.scan_troubled = false;
                self.candidates.finish_scan();
                self.rest_after_scan(since);
            }
            Reach::Broken(fault) => {
                self.scan_broke(fault);
                self.candidates.abandon_scan();
                self.rest_after_scan(since);
            }
        }
    }

    /// One entry of a pass: only what is not known as it is gets a closer look.
    fn sight(&mut self, observation: Observation) {
        let Observation { name, identity, .. } = &observation;
        if self.names.is_recorded(name, self.settings.keep_filename) || self.is_being_moved(name) {
            return;
        }
        let known = self.candidates.sighted(name, *identity);
        match judge(&observation, &self.settings.owners) {
            Judgement::Ignore => {}
            Judgement::Unfit(_) | Judgement::Eligible => {
                if !known {
                    self.look(name.clone(), false);
                }
            }
            Judgement::Irregular(why) => self.leave(name, *identity, why),
        }
    }

    pub(super) fn on_inspected(&mut self, name: &FileName, found: Result<Option<Inspection>, Fault>) {
        let complete = self.looking.remove(name).unwrap_or(false) || self.settings.trust_outgoing;
        let inspection = match found {
            Ok(Some(inspection)) => inspection,
            Ok(None) => {
                self.candidates.forget(name);
                return self.end_contest(name);
            }
            Err(fault) => return self.leave_unseen(name, &fault),
        };
        if self.names.is_recorded(name, self.settings.keep_filename) || self.is_being_moved(name) {
            return;
        }
        self.judge_inspected(name, &inspection, complete);
        if !self.candidates.is_held(name) {
            self.end_contest(name);
        }
    }

    fn judge_inspected(&mut self, name: &FileName, inspection: &Inspection, complete: bool) {
        let identity = inspection.observation.identity;
        let judgement = judge(&inspection.observation, &self.settings.owners);
        // A program that publishes by link and unlink gives a file two names for a moment, and a file that is too
        // large may still grow.
        let complete = match judgement {
            Judgement::Unfit(Irregularity::Symlink | Irregularity::Special) => true,
            Judgement::Unfit(_) => false,
            Judgement::Eligible | Judgement::Ignore | Judgement::Irregular(_) => complete,
        };
        match judgement {
            Judgement::Ignore => self.candidates.forget(name),
            Judgement::Irregular(why) => self.leave(name, identity, why),
            Judgement::Eligible | Judgement::Unfit(_) if inspection.locked => self.candidates.forget(name),
            Judgement::Eligible if !inspection.readable => {
                self.leave(name, identity, Irregularity::Unreadable)
            }
            // A name that is made is nobody else's.
            Judgement::Eligible | Judgement::Unfit(_)
                if inspection.conflict && self.settings.keep_filename =>
            {
                self.hold(name, inspection.recipient.clone());
            }
            Judgement::Eligible | Judgement::Unfit(_) => {
                self.candidates.offer(inspection, complete, self.moment.now);
                self.solve_contest(name);
            }
        }
    }

    /// Nobody knows what the file is: the next pass meets it again.
    fn leave_unseen(&mut self, name: &FileName, fault: &Fault) {
        match fault {
            Fault::Folder(folder, _) => {
                self.trouble(*folder, fault);
                self.candidates.let_go(name);
            }
            Fault::Exists | Fault::Missing | Fault::OtherFileSystem | Fault::Irregular(_) | Fault::Io(_) => {
                self.leave(name, NO_IDENTITY, Irregularity::Unreadable);
            }
        }
    }

    fn leave(&mut self, name: &FileName, identity: Identity, why: Irregularity) {
        let alarm = match self.candidates.leave(name, identity.inode, why) {
            Telling::News => Alarm::Irregular { name: name.clone(), why },
            Telling::NewsOfMany => Alarm::ManyIrregular,
            Telling::Old => return,
        };
        self.effects.push_back(Effect::Alarm(alarm));
    }

    /// Whether the name in `outgoing` is that of a file on its way to `checked`.
    fn is_being_moved(&self, name: &FileName) -> bool {
        let entry = self.names.in_outgoing(name).and_then(|id| self.entries.get(&id));
        entry.is_some_and(|entry| !entry.in_checked)
    }

    pub(super) fn on_taken(
        &mut self,
        (name, identity, owner): (FileName, Identity, Option<u32>),
        place: &Place,
        id: IntakeId,
    ) {
        self.names.recorded(&name, place, id);
        let in_checked = matches!(place, Place::Known(_));
        let place = place.name(&name, id);
        // As with smsd, what was found in `checked` is not asked about.
        let is_found = in_checked && self.unasked.remove(&place);
        let checked = is_found.then_some(handlers::Verdict::Accepted);
        let entry =
            Entry { place, in_checked, checked, owner, owns_lock: in_checked, ..Entry::new(name, identity) };
        self.entries.insert(id, entry);
        self.hold_in_hand(id);
        self.recorded.push(id);
    }

    pub(super) fn lock(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Locking;
        self.effects.push_back(Effect::Lock(id, entry.place.clone()));
    }

    pub(super) fn on_locked(&mut self, id: IntakeId, result: Result<(), Fault>) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.stage == Stage::Locking) else {
            return;
        };
        match result {
            Err(Fault::Exists) if !entry.owns_lock => self.conflict(id),
            Ok(()) | Err(Fault::Exists) => {
                entry.owns_lock = true;
                self.move_or_go_on(id);
            }
            Err(fault) => self.hinder(id, Folder::Outgoing, &fault),
        }
    }

    /// The file is locked: moves it, or goes on where a file stands that is in `checked` already.
    fn move_or_go_on(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.in_checked {
            return self.submit_or_follow(id);
        }
        if entry.claimed {
            return if entry.copy.is_some() { self.adopt(id) } else { self.copy(id) };
        }
        entry.stage = Stage::Moving;
        self.effects.push_back(Effect::Move(id, entry.name.clone(), entry.place.clone()));
    }

    /// The answer to a move, if the file is at the stage that waits for it. One that was made while the file was looked
    /// for is looked at again.
    pub(super) fn awaited_move(
        &mut self,
        id: IntakeId,
        stage: &Stage,
        result: Result<(), Fault>,
    ) -> Option<Result<(), Fault>> {
        let entry = self.entries.get(&id)?;
        if let Stage::Examining(filing) = &entry.stage {
            let filing = filing.clone();
            self.on_moved_again(id, filing, result);
            return None;
        }
        (entry.stage == *stage).then_some(result)
    }

    pub(super) fn on_moved(&mut self, id: IntakeId, result: Result<(), Fault>) {
        let Some(result) = self.awaited_move(id, &Stage::Moving, result) else { return };
        match result {
            Ok(()) => self.arrived(id),
            Err(Fault::OtherFileSystem) => self.claim(id),
            Err(Fault::Exists) => {
                self.unlock(id);
                self.conflict(id);
            }
            Err(Fault::Missing) => {
                self.unlock(id);
                self.finish(id);
            }
            Err(fault @ (Fault::Irregular(_) | Fault::Folder(..) | Fault::Io(_))) => {
                self.hinder(id, Folder::Outgoing, &fault);
            }
        }
    }

    /// The file stands in `checked`.
    pub(super) fn arrived(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.in_checked = true;
        let name = entry.name.clone();
        self.hindered.remove(&id);
        self.solve_contest(&name);
        self.well(Folder::Checked);
        self.well(Folder::Outgoing);
        self.submit_or_follow(id);
    }

    pub(super) fn unlock(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.owns_lock) else { return };
        entry.owns_lock = false;
        self.effects.push_back(Effect::Unlock(entry.place.clone()));
    }

    pub(super) fn read(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Reading;
        self.effects.push_back(Effect::Read(id, entry.place.clone(), entry.ownership()));
    }

    pub(super) fn on_read(&mut self, id: IntakeId, result: Result<Contents, Fault>) {
        let Some(entry) = self.entries.get(&id) else { return };
        match (entry.stage.clone(), result) {
            (Stage::Rereading(verdict) | Stage::Staging(verdict), result) => {
                self.on_reread(id, verdict, result);
            }
            (Stage::Reading, Ok(contents)) => self.submit(id, &contents),
            (Stage::Reading, Err(Fault::Missing)) => self.vanished(id),
            (Stage::Reading, Err(Fault::Irregular(why))) => self.refuse_unread(id, why, &[]),
            (Stage::Reading, Err(fault)) => self.hinder(id, Folder::Checked, &fault),
            (_, _) => {}
        }
    }

    fn submit(&mut self, id: IntakeId, contents: &Contents) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.includes = !contents.included.is_empty();
        if contents.identity.inode != entry.inode() {
            return self.exchanged(id, contents.identity);
        }
        if entry.copy.is_none() && contents.identity != entry.identity && entry.is_new() {
            return self.still_written(id, contents.identity);
        }
        let owner = contents.owner;
        if contents.octets.len() > FILE_OCTETS_MAX {
            return self.refuse_unread(id, Irregularity::TooLarge, &contents.octets);
        }
        if !may_send(owner, &self.settings.owners) {
            return self.refuse_unread(id, Irregularity::Owner { owner }, &[]);
        }
        let prepared = Document::read_translated(&contents.octets, &self.settings.messages.translation)
            .and_then(|document| document.with_included(&contents.included))
            .and_then(|document| submission::prepare_each(&document, &self.settings.messages, reference(id)));
        match prepared {
            Ok(submissions) => self.submit_each(id, submissions, owner),
            Err(rejection) => self.refuse(id, rejection.to_string(), &contents.octets),
        }
    }

    /// Somebody went on writing after the file was taken: it is read when it has settled, and recorded anew, so that
    /// what is submitted under an id never changes.
    fn still_written(&mut self, id: IntakeId, identity: Identity) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.seen.replace(identity) == Some(identity) {
            return self.exchanged(id, identity);
        }
        self.release_from_hand(id);
        self.wait(id, Stage::Reading, self.settings.settle_time);
    }

    /// What was taken is no message file: its result tells that, with the headers its start has; the thing itself is
    /// set aside.
    pub(super) fn refuse_unread(&mut self, id: IntakeId, why: Irregularity, start: &[u8]) {
        let Some(entry) = self.entries.get(&id) else { return };
        let (name, aside) = (entry.name.clone(), entry.name.aside(id));
        let folder = entry.folder();
        let reason =
            format!("Not a message file: {why}. It was not sent; it is `{aside}` in the folder `{folder}`");
        let verdict = Verdict::Refused(reason);
        let result = naming::of_result(&name, id, &verdict, None, &self.settings);
        self.effects.push_back(Effect::Alarm(Alarm::SetAside { name, folder, aside, result, why }));
        self.stage(id, verdict, headers_of(start), &[]);
    }

    fn refuse(&mut self, id: IntakeId, reason: String, octets: &[u8]) {
        let Some(entry) = self.entries.get(&id) else { return };
        let alarm = Alarm::BadFile { name: entry.name.clone(), reason: reason.clone() };
        self.effects.push_back(Effect::Alarm(alarm));
        self.stage(id, Verdict::Refused(reason), octets, &[]);
    }

    /// Another file was moved than the one recorded: that one is done with, and this one is recorded anew.
    fn exchanged(&mut self, id: IntakeId, identity: Identity) {
        let Some(entry) = self.entries.get(&id) else { return };
        let (name, place) = (entry.name.clone(), Place::Known(entry.place.clone()));
        self.release(id);
        self.finish(id);
        self.record(name, identity, place);
    }

    pub(super) fn vanished(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get(&id) else { return };
        let alarm = entry.vanished();
        self.effects.push_back(Effect::Alarm(alarm));
        self.release(id);
        self.unlock(id);
        self.finish(id);
    }
}

/// The headers of a file of which only the start is known; nothing when they do not end there.
fn headers_of(start: &[u8]) -> &[u8] {
    let start = start.get(..FILE_OCTETS_MAX).unwrap_or(start);
    let body = Document::read(start).ok().and_then(|document| document.body().map(<[u8]>::len));
    body.and_then(|body| start.get(..start.len() - body)).unwrap_or_default()
}
