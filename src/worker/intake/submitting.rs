//! From a file in `checked` to the ends of its messages.

use std::time::Duration;

use crate::worker::submission::Submission;

use super::entry::Stage;
use super::outcome::Verdict;
use super::{Alarm, Effect, FileName, Folder, Intake, IntakeId, Outcome, Record, SubmitReply};

/// Submissions of one file that may end without an answer.
const SUBMITS_LOST_MAX: u8 = 5;

impl Intake {
    /// The file is in `checked`: it is submitted, unless the journal knows that all of it was accepted.
    pub(super) fn submit_or_follow(&mut self, id: IntakeId) {
        if self.is_unasked(id) {
            return self.check_or_lock(id);
        }
        if self.follows_verdict(id) {
            return;
        }
        if self.entries.get(&id).is_some_and(|entry| entry.recipients.any_open()) {
            self.read(id);
        } else {
            self.follow(id);
        }
    }

    /// Submits what was not accepted yet.
    pub(super) fn submit_each(&mut self, id: IntakeId, submissions: Vec<Submission>, owner: u32) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.recipients.expect(u16::try_from(submissions.len()).unwrap_or(u16::MAX));
        entry.stage = Stage::Submitting;
        entry.submitted = true;
        let (mut asked, count) = (entry.recipients.ask(), entry.recipients.count());
        // Somebody changed the file since the first submission of it.
        for gone in asked.extract_if(.., |recipient| usize::from(*recipient) >= submissions.len()) {
            let reason = "The file names this recipient no longer".to_owned();
            entry.recipients.end(gone, Verdict::Refused(reason));
        }
        for (recipient, submission) in (0..).zip(submissions) {
            if asked.binary_search(&recipient).is_ok() {
                let key = self.key(id, recipient, count);
                let submission = Box::new(submission);
                self.effects.push_back(Effect::Submit { id, recipient, key, submission, owner });
            }
        }
        if asked.is_empty() {
            self.go_on_when_answered(id);
        }
    }

    pub(super) fn on_submitted(&mut self, id: IntakeId, recipient: u16, reply: SubmitReply) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if !entry.recipients.is_asked(recipient) {
            return;
        }
        match reply {
            SubmitReply::Accepted(message) => {
                entry.recipients.accept(recipient, message);
                let recipients = entry.recipients.count();
                let record = Record::Accepted { id, message, recipient, recipients };
                self.effects.push_back(Effect::Append(record));
            }
            SubmitReply::Refused(reason) => entry.recipients.end(recipient, Verdict::Refused(reason)),
            SubmitReply::Later => entry.recipients.reopen(recipient),
            SubmitReply::Lost => self.on_submission_lost(id, recipient),
        }
        self.go_on_when_answered(id);
    }

    /// This file is more than the submission can bear: others go on, and it has a few more tries.
    fn on_submission_lost(&mut self, id: IntakeId, recipient: u16) {
        self.release_from_hand(id);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.submits_lost = entry.submits_lost.saturating_add(1);
        if entry.submits_lost < SUBMITS_LOST_MAX {
            return entry.recipients.reopen(recipient);
        }
        let reason = format!("Submitting it failed {SUBMITS_LOST_MAX} times; it may have been accepted");
        entry.recipients.end(recipient, Verdict::Refused(reason));
    }

    /// Every submission has its answer: what was not accepted is tried again, or all of it is followed.
    fn go_on_when_answered(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.recipients.any_asked() {
            return;
        }
        if entry.recipients.any_open() {
            let wait = entry.next_submit_retry();
            return self.wait(id, Stage::Reading, wait);
        }
        self.follow(id);
    }

    pub(super) fn follow(&mut self, id: IntakeId) {
        self.release_from_hand(id);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = Stage::Live;
        for (recipient, message) in entry.recipients.follow() {
            self.effects.push_back(Effect::Follow(id, recipient, message));
        }
        self.file_when_ended(id);
    }

    pub(super) fn on_settled(&mut self, id: IntakeId, recipient: u16, outcome: Box<Outcome>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.recipients.is_followed(recipient) {
            self.effects.extend(given_up(&entry.place, &outcome).map(Effect::Alarm));
            entry.recipients.end(recipient, Verdict::Outcome(outcome));
            self.file_when_ended(id);
        }
    }

    /// The message is in the cluster, only nobody waits for it any more: it is asked for again.
    pub(super) fn on_follow_lost(&mut self, id: IntakeId, recipient: u16) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if !entry.recipients.is_followed(recipient) {
            return;
        }
        entry.recipients.lose(recipient);
        let what = "what became of its message cannot be told".to_owned();
        let alarm = Alarm::FileFailed { folder: Folder::Checked, name: entry.place.clone(), what };
        let (wait, is_waiting) = (entry.next_retry(), entry.stage != Stage::Live);
        self.tell_once(id, alarm);
        if !is_waiting {
            self.wait(id, Stage::Live, wait);
        }
    }

    /// The file comes to rest when all its messages have.
    fn file_when_ended(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Some(verdict) = entry.recipients.ends().and_then(Verdict::of_all) else { return };
        let (name, reread) = (entry.name.clone(), entry.reread(id));
        if let Some(reason) = verdict.refusal() {
            self.effects.push_back(Effect::Alarm(Alarm::BadFile { name, reason }));
        }
        entry.stage = Stage::Rereading(verdict);
        self.filing_effects.push_back(reread);
    }
}

/// What is told of a message that a modem tried in vain.
fn given_up(name: &FileName, outcome: &Outcome) -> Option<Alarm> {
    let what = outcome.given_up.clone()?;
    let lasted = outcome.started.map_or(Duration::ZERO, |started| outcome.ended.since(started));
    let (name, modem) = (name.clone(), outcome.device.modem.clone()?);
    Some(Alarm::GivenUp { name, modem, what, lasted })
}
