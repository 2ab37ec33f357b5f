//! One file between its intake and its filing.

use std::time::Duration;

use crate::model::Time;
use crate::worker::handlers;

use super::outcome;
use super::recipients::Recipients;
use super::{Alarm, Copy, Effect, FileName, Filing, Identity, IntakeId};

/// First wait before a step is repeated that the system refused.
const RETRY_MIN: Duration = Duration::from_secs(10);
/// Longest wait before it is repeated.
const RETRY_MAX: Duration = Duration::from_secs(300);
/// First wait before a submission is repeated.
const SUBMIT_RETRY_MIN: Duration = Duration::from_millis(250);
/// Longest wait before a submission is repeated.
const SUBMIT_RETRY_MAX: Duration = Duration::from_secs(10);

/// A file that was taken.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name in `outgoing`.
    pub(super) name: FileName,
    /// Its name in `checked`.
    pub(super) place: FileName,
    /// The name of its result, as soon as that is being written.
    pub(super) result: Option<FileName>,
    pub(super) identity: Identity,
    /// Who owned it when it was taken, where that is known.
    pub(super) owner: Option<u32>,
    /// It stands in `checked`.
    pub(super) in_checked: bool,
    /// It waits in `outgoing` under its temporary name, since `checked` gets a copy.
    pub(super) claimed: bool,
    /// That copy.
    pub(super) copy: Option<Copy>,
    /// `checked/NAME.LOCK` is ours, or may be.
    pub(super) owns_lock: bool,
    /// It was found in the journal of an earlier run.
    pub(super) recovered: bool,
    /// Its trouble that was told last.
    pub(super) told: Option<Alarm>,
    /// That its name is taken was told.
    pub(super) told_conflict: bool,
    /// It was submitted, or may have been.
    pub(super) submitted: bool,
    /// What it was when it was read last and had changed.
    pub(super) seen: Option<Identity>,
    /// What the check handler said of it in this run.
    pub(super) checked: Option<handlers::Verdict>,
    /// It includes other files, which are kept beside it.
    pub(super) includes: bool,
    /// Its recipients, as soon as they are known.
    pub(super) recipients: Recipients,
    pub(super) submit_retry: Duration,
    /// Submissions that ended without an answer.
    pub(super) submits_lost: u8,
    /// The wait before the next step the system refuses is repeated.
    pub(super) retry: Duration,
    pub(super) stage: Stage,
}

/// How far a file got; the figure of the module shows the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// After a restart: being looked for, and its result too where one was recorded.
    Examining(Option<Filing>),
    /// Waits for the journal.
    Recorded,
    /// The check handler is asked about it.
    Checking,
    /// The check handler had it: looked at again.
    Checked,
    Locking,
    Moving,
    /// `checked` lies on another file system: nobody else shall touch the file while it is copied.
    Claiming,
    Copying,
    /// Waits for the journal.
    CopyRecorded,
    Adopting,
    /// Read to be submitted.
    Reading,
    Submitting,
    /// The cluster has it; waits for its outcome.
    Live,
    /// Read again to be filed.
    Rereading(outcome::Verdict),
    Staging(outcome::Verdict),
    /// The result is on disk; waits for its folder.
    Staged(outcome::Verdict, Filing),
    /// Waits for the journal.
    FilingRecorded(Option<outcome::Verdict>, Filing),
    Publishing(Option<outcome::Verdict>, Filing),
    /// Waits for the folder of the result.
    Published(Filing),
    /// No result is kept, and the event handler has the file.
    Telling,
    /// The file of `checked` is being removed; none when no result is kept.
    Unlinking(Option<Filing>),
    /// Waits for the folder `checked`, then for `outgoing`.
    Clearing,
    ClearingOutgoing,
    /// Waits until then to go on with the step.
    Waiting(Time, Box<Stage>),
}

impl Entry {
    pub(super) fn new(name: FileName, identity: Identity) -> Entry {
        Entry {
            place: name.clone(),
            result: None,
            name,
            identity,
            owner: None,
            in_checked: false,
            claimed: false,
            copy: None,
            owns_lock: false,
            recovered: false,
            told: None,
            told_conflict: false,
            submitted: false,
            seen: None,
            checked: None,
            includes: false,
            recipients: Recipients::default(),
            submit_retry: SUBMIT_RETRY_MIN,
            submits_lost: 0,
            retry: RETRY_MIN,
            stage: Stage::Recorded,
        }
    }

    /// Finds out where it stands.
    pub(super) fn examination(&self, id: IntakeId, filing: Option<Filing>) -> Effect {
        Effect::Examine { id, name: self.name.clone(), place: self.place.clone(), filing }
    }

    /// The inode that stands for it in `checked`.
    pub(super) fn inode(&self) -> u64 {
        self.copy.map_or(self.identity.inode, |copy| copy.inode)
    }

    /// Something of it may stand under hidden names.
    pub(super) fn has_hidden(&self) -> bool {
        self.recovered || self.includes
    }

    /// Nothing can have become of it yet.
    pub(super) fn is_new(&self) -> bool {
        !self.submitted && !self.recovered
    }

    /// The wait before the next submission, longer each time.
    pub(super) fn next_submit_retry(&mut self) -> Duration {
        let wait = self.submit_retry;
        self.submit_retry = (wait * 2).min(SUBMIT_RETRY_MAX);
        wait
    }

    /// The wait before a step the system refused is repeated, longer each time.
    pub(super) fn next_retry(&mut self) -> Duration {
        let wait = self.retry;
        self.retry = (wait * 2).min(RETRY_MAX);
        wait
    }

    /// Its result is being made or filed.
    pub(super) fn is_filing(&self) -> bool {
        match self.stage {
            Stage::Rereading(_)
            | Stage::Staging(_)
            | Stage::Staged(..)
            | Stage::FilingRecorded(..)
            | Stage::Publishing(..)
            | Stage::Published(_)
            | Stage::Unlinking(_)
            | Stage::Clearing
            | Stage::ClearingOutgoing => true,
            Stage::Examining(_)
            | Stage::Recorded
            | Stage::Checking
            | Stage::Checked
            | Stage::Telling
            | Stage::Locking
            | Stage::Moving
            | Stage::Claiming
            | Stage::Copying
            | Stage::CopyRecorded
            | Stage::Adopting
            | Stage::Reading
            | Stage::Submitting
            | Stage::Live
            | Stage::Waiting(..) => false,
        }
    }
}
