//! What the machine is told and what it wants done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{MessageId, Time};
use crate::sms_file::{Included, LocalTime};
use crate::worker::handlers::Verdict;
use crate::worker::submission::Submission;

use super::{
    Account, Alarm, Copy, FileName, Filing, FolderTrouble, Identity, Inspection, IntakeId, Irregularity,
    Observation, Outcome, Place, Record,
};

/// When something happens: `now` drives waiting, `wall` is written into files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The monotonic clock.
    pub now: Time,
    /// The clock on the wall.
    pub wall: LocalTime,
}

/// The folders of a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Folder {
    /// Where users put files.
    Outgoing,
    /// Files that were taken and are not sent yet.
    Checked,
    /// Results of messages that were sent.
    Sent,
    /// Results of messages that were given up.
    Failed,
    /// Copies of the results of sent messages.
    SentCopy,
    /// Copies of the results of messages that were given up.
    FailedCopy,
}

/// Where a result is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Destination {
    /// Folder `sent`.
    Sent,
    /// Folder `failed`.
    Failed,
}

impl Destination {
    /// The folder.
    pub fn folder(self) -> Folder {
        match self {
            Destination::Sent => Folder::Sent,
            Destination::Failed => Folder::Failed,
        }
    }

    /// The folder of its copy, where one is made.
    pub fn copy_folder(self) -> Folder {
        match self {
            Destination::Sent => Folder::SentCopy,
            Destination::Failed => Folder::FailedCopy,
        }
    }
}

/// What the notification of the folder `outgoing` says; it only makes the machine look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A file was moved in under this name; it is complete.
    MovedIn(FileName),
    /// A file was closed after writing.
    Written(FileName),
    /// A name appeared.
    Appeared(FileName),
    /// A name is gone; the file it locked may be free.
    Gone(FileName),
    /// Hints were lost.
    Overflow,
}

/// Why an effect did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The name is taken; nothing was overwritten.
    #[error("the name is taken")]
    Exists,
    /// There is no such file.
    #[error("no such file or folder")]
    Missing,
    /// A file cannot be moved there by renaming it: the folders lie on different file systems.
    #[error("the folder lies on another file system")]
    OtherFileSystem,
    /// The file is not what is taken.
    #[error(transparent)]
    Irregular(Irregularity),
    /// The whole folder cannot be used: another file would fare no better.
    #[error("folder `{0}` {1}")]
    Folder(Folder, FolderTrouble),
    /// The system refused, with its words.
    #[error("{0}")]
    Io(String),
}

/// How far a pass over a folder has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// There is more.
    More,
    /// Every entry was seen.
    Complete,
    /// It is over, and entries may be missing from it: what it did not see may well be there.
    Broken(Fault),
}

/// A file that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its octets, or its start when it is too large for a message, one octet longer than that.
    pub octets: Vec<u8>,
    /// Which file it was.
    pub identity: Identity,
    /// Who sends it: its owner, or the one it had before it was written anew.
    pub owner: u32,
    /// The files it includes, in the order of its headers.
    pub included: Vec<Included>,
}

/// Who owned a file before it was what stands in `checked` now, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// When it was taken, before the check handler had it.
    pub taken: Option<u32>,
    /// When it was copied, where `checked` lies on another file system.
    pub copied: Option<u32>,
}

/// A file that was copied because `checked` lies on another file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What stands in `checked` from now on.
    pub copy: Copy,
    /// What the original was after the last octet was read.
    pub original: Identity,
}

/// What the cluster said to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitReply {
    /// It is this message, now or since an earlier try.
    Accepted(MessageId),
    /// It will never be accepted, for this reason.
    Refused(String),
    /// Nobody knows, or nobody can accept now: to be repeated under the same key.
    Later,
    /// The submission ended without an answer: repeated under the same key, but not for ever.
    Lost,
}

/// What is found of a file after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The file of that name in `outgoing`.
    pub outgoing: Option<Identity>,
    /// The file of that name in `checked`.
    pub checked: Option<Identity>,
    /// The file of `outgoing` under its temporary name, of which `checked` gets a copy.
    pub claimed: Option<Identity>,
    /// Inode of a copy under its temporary name in `checked`.
    pub copied: Option<u64>,
    /// Inode of the result under its temporary name.
    pub staged: Option<u64>,
    /// Inode under the name the result was to get.
    pub filed: Option<u64>,
}

/// Something the machine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The folder changed.
    Hint(Hint),
    /// Reply to [`Effect::Scan`].
    Scanned {
        /// Some entries of the folder.
        observations: Vec<Observation>,
        /// Whether these were the last ones.
        reach: Reach,
    },
    /// Reply to [`Effect::Inspect`].
    Inspected {
        /// The name looked at.
        name: FileName,
        /// What is there.
        found: Result<Option<Inspection>, Fault>,
    },
    /// Reply to [`Effect::Take`]: the record is written, not yet on disk.
    Taken {
        /// The file.
        name: FileName,
        /// Its identity, as it was recorded.
        identity: Identity,
        /// Its name in `checked`, as the effect had it.
        place: Place,
        /// The id it got.
        id: IntakeId,
        /// Its owner, as it was recorded; none when the file was gone or another one already.
        owner: Option<u32>,
    },
    /// Reply to [`Effect::SyncJournal`]: every record written before is on disk.
    JournalSynced,
    /// The journal cannot be written.
    JournalFailed(String),
    /// Reply to [`Effect::Lock`].
    Locked(IntakeId, Result<(), Fault>),
    /// Reply to [`Effect::Move`].
    Moved(IntakeId, Result<(), Fault>),
    /// Reply to [`Effect::Claim`].
    Claimed(IntakeId, Result<(), Fault>),
    /// Reply to [`Effect::Copy`].
    Copied(IntakeId, Result<Copied, Fault>),
    /// Reply to [`Effect::Adopt`].
    Adopted(IntakeId, Result<(), Fault>),
    /// Reply to [`Effect::Read`] and [`Effect::Reread`].
    Read(IntakeId, Result<Contents, Fault>),
    /// Reply to [`Effect::Submit`].
    Submitted(IntakeId, u16, SubmitReply),
    /// What a followed message came to.
    Settled(IntakeId, u16, Box<Outcome>),
    /// Following a message ended without its outcome.
    FollowLost(IntakeId, u16),
    /// Reply to [`Effect::Check`].
    Checked(IntakeId, Verdict),
    /// Reply to [`Effect::Tell`]: whether the event handler is done with it, or it has to be told again.
    Told(IntakeId, bool),
    /// Reply to [`Effect::Handle`]: whoever deals with the alarm has.
    Handled(FileName),
    /// Reply to [`Effect::Stage`]: the inode of the result.
    Staged(IntakeId, Result<u64, Fault>),
    /// Reply to [`Effect::KeepCopy`]: the name the copy got. [`Fault::Missing`] when there is no result to copy.
    CopyKept(IntakeId, Result<FileName, Fault>),
    /// Reply to [`Effect::SyncFolder`].
    FolderSynced(Folder, Result<(), Fault>),
    /// Reply to [`Effect::Publish`].
    Published(IntakeId, Result<(), Fault>),
    /// Reply to [`Effect::Unlink`].
    Unlinked(IntakeId, Result<(), Fault>),
    /// Reply to [`Effect::Examine`].
    Examined(IntakeId, Result<Places, Fault>),
    /// Reply to [`Effect::ListChecked`]; a fault when entries may be missing.
    ListedChecked(Result<Vec<Observation>, Fault>),
    /// Reply to [`Effect::LookAtQueues`].
    QueuesLooked(QueueLook),
}

/// What came of a look at the folders of queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLook {
    /// Files that stand in `checked` now.
    pub brought: usize,
    /// What is left to do.
    pub rest: QueueRest,
    /// What stays, and was not told yet.
    pub stays: Vec<Staying>,
}

/// What a look at the folders of queues leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueRest {
    /// The pass is not over.
    Slices,
    /// The pass is over; files are to be seen once more.
    Files,
    /// Nothing, until somebody puts a file there.
    Nothing,
}

/// A file, or a folder of files, that stays in the folder of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staying {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
}

/// Something to be done. Effects are carried out one after the other; each names its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Read on in the folder `outgoing`, from its beginning after a complete pass. Reply: `Scanned`.
    Scan,
    /// Look at one file of `outgoing`. Reply: `Inspected`.
    Inspect(FileName),
    /// Choose an id and write [`Record::Taken`]. Reply: `Taken` or `JournalFailed`.
    Take {
        /// The file.
        name: FileName,
        /// Which file of that name.
        identity: Identity,
        /// Its name in `checked`.
        place: Place,
    },
    /// Write a record. Reply: none, or `JournalFailed`.
    Append(Record),
    /// Bring the journal to disk. Reply: `JournalSynced` or `JournalFailed`.
    SyncJournal,
    /// Ask the check handler about a file. Reply, later: `Checked`.
    Check {
        /// Which file.
        id: IntakeId,
        /// Where it stands.
        folder: Folder,
        /// Its name.
        name: FileName,
    },
    /// Create `checked/NAME.LOCK`, never over another. Reply: `Locked`.
    Lock(IntakeId, FileName),
    /// Move a file of `outgoing`, the first name, to `checked`, the second one, never over another. Reply: `Moved`.
    Move(IntakeId, FileName, FileName),
    /// Give `outgoing/NAME` the temporary name of this id in `outgoing`: what comes under its name after that is another
    /// file. Reply: `Claimed`.
    Claim(IntakeId, FileName),
    /// Copy the claimed file to `checked` under the temporary name of this id and bring it to disk. Reply: `Copied`.
    Copy(IntakeId),
    /// Give the copy its name in `checked`, never over another. Reply: `Adopted`.
    Adopt(IntakeId, FileName),
    /// Remove the claimed file; what is no plain file, or too large for a message, is renamed to `aside` in `outgoing`
    /// instead. Reply: none.
    Release {
        /// Which file.
        id: IntakeId,
        /// The name of a thing that must not be lost.
        aside: FileName,
    },
    /// Bring the content of `checked/NAME` to disk and read it, and what it includes, which is kept first: read once more, it
    /// includes the same whatever became of those files. Who sends it must
    /// be allowed to read those. Reply: `Read`.
    Read(IntakeId, FileName, Ownership),
    /// Read `checked/NAME` once more, for its result, with what was kept of the files it includes. Reply: `Read`.
    Reread(IntakeId, FileName),
    /// Submit under the key. Reply, later: `Submitted`.
    Submit {
        /// Which file.
        id: IntakeId,
        /// For which of its recipients, from 0.
        recipient: u16,
        /// The idempotency key.
        key: String,
        /// The message.
        submission: Box<Submission>,
        /// Owner of the file: who submits.
        owner: u32,
    },
    /// Tell what becomes of the message of a recipient, also when it is settled already. Reply, later: `Settled`.
    Follow(IntakeId, u16, MessageId),
    /// Write a result under the temporary name of this id and bring it to disk. Reply: `Staged`.
    Stage {
        /// Which file.
        id: IntakeId,
        /// Its name in `checked`, whose permissions the result gets.
        name: FileName,
        /// Where it goes.
        destination: Destination,
        /// The result.
        octets: Vec<u8>,
    },
    /// Copy a result that stands under the temporary name of this id and bring the copy and its name to disk. A copy of
    /// this content that has the name already is that copy. Reply: `CopyKept`.
    KeepCopy {
        /// Which file.
        id: IntakeId,
        /// Where the result goes.
        destination: Destination,
        /// Under which name.
        name: FileName,
        /// Under which one when that is taken; what has it is an older copy of this result, and replaced.
        spare: FileName,
    },
    /// Bring the names of a folder to disk. Reply: `FolderSynced`.
    SyncFolder(Folder),
    /// Give a result its name, never over another. Reply: `Published`.
    Publish {
        /// Which file.
        id: IntakeId,
        /// Where it goes.
        destination: Destination,
        /// Under which name.
        name: FileName,
    },
    /// Remove `checked/NAME`; what is no plain file, or too large for a message, is renamed to `aside` in `checked`
    /// instead. Reply: `Unlinked`.
    Unlink {
        /// Which file.
        id: IntakeId,
        /// Its name in `checked`.
        name: FileName,
        /// The name of a thing that must not be lost.
        aside: FileName,
    },
    /// Remove `checked/NAME.LOCK`, if it is there. Reply: none.
    Unlock(FileName),
    /// Remove copies and results under the temporary names of this id, and what is kept of included files, if any. Reply: none.
    Discard(IntakeId),
    /// Find out how far a file got before a restart. Reply: `Examined`.
    Examine {
        /// Which file.
        id: IntakeId,
        /// Its name in `outgoing`.
        name: FileName,
        /// Its name in `checked`.
        place: FileName,
        /// Where its result was going.
        filing: Option<Filing>,
    },
    /// List the folder `checked`, and remove locks there whose file is gone. Reply: `ListedChecked`.
    ListChecked,
    /// Do a slice of a pass over the folders of queues: bring into `checked` what was the same in the pass before. Reply:
    /// `QueuesLooked`.
    LookAtQueues,
    /// Tell the operator.
    Alarm(Alarm),
    /// Tell the operator, and let the alarm handler help. Reply, when it has returned: `Handled`.
    Handle(FileName, Alarm),
    /// Tell the event handler that a result was filed. Reply, later, where the settings say that there is one: `Told`.
    Tell(Filed),
    /// Nothing may be taken any more. The last effect.
    Halt(Halt),
}

/// Why the machine does nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The journal failed.
    #[error("the spool journal cannot be written: {0}")]
    Journal(String),
    /// The name of a file stayed taken.
    #[error(
        "`outgoing/{0}` cannot be moved to `checked`. why `checked` has a file or lock of this name, and the alarm \
         handler did not help. fix remove it there when no message is left in it, and start again; the file stays in \
         `outgoing` and was not sent"
    )]
    Conflict(FileName),
    /// A folder cannot be used.
    #[error("spool folder `{0}` {1}. fix make it usable and start again; nothing in it is lost")]
    Folder(Folder, FolderTrouble),
}

/// A result stands in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The file's id; equal when the same result is told again after a restart.
    pub id: IntakeId,
    /// What became of the message.
    pub destination: Destination,
    /// Where the file stands: in `checked` still, where no result is kept; or its copy, where that is told.
    pub folder: Folder,
    /// Its name there.
    pub name: FileName,
    /// How it was sent.
    pub account: Account,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Folder::Outgoing => "outgoing",
            Folder::Checked => "checked",
            Folder::Sent => "sent",
            Folder::Failed => "failed",
            Folder::SentCopy => "sent_copy",
            Folder::FailedCopy => "failed_copy",
        })
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets of inode {}", self.octets.len(), self.identity.inode)
    }
}
