//! Spool intake: which file is taken next, what follows what, and what goes on after a crash.
//!
//! ```text
//! outgoing/NAME --chosen--> Recorded ==journal==> Locking --> Moving --> Reading --> Submitting --> Live
//!                                                                           | refused       | refused  | settled
//!                                                                           v               v          v
//!     Staging (result complete under a temporary name) <------------------ Rereading <----------------+
//!        ==folder==> FilingRecorded ==journal==> Publishing ==folder==> Unlinking ==checked, outgoing==> done
//! ```
//!
//! A double line waits for the disk. Every step may be the last before a crash: the journal knows the file by an id
//! before it is moved, the id is the key under which it is submitted again and again, and the result is named in the
//! journal before it gets its name. So each file becomes one message and has one result, wherever the crash was.
//!
//! The machine does nothing itself. It is told what happened ([`Input`]) and says what is to be done ([`Effect`]), one
//! thing after the other. It never looks into a folder, knows no clock and chooses no id.
//!
//! What a file costs: the journal and the file's content are brought to disk before it is submitted (two syncs), and the
//! result, its folder, the journal, the folder again, `checked` and `outgoing` when it is filed. Files that go the same
//! way at the same time share all syncs but those of their contents.

mod alarm;
mod candidates;
mod checking;
mod conflict;
mod copying;
mod entry;
mod estate;
mod event;
mod file_name;
mod filing;
mod gone;
mod journal;
mod machine;
mod names;
mod naming;
mod observation;
mod outcome;
mod queue_looks;
mod recipients;
mod recovery;
mod settings;
mod submitting;
mod taking;
mod telling;
mod trouble;

pub use alarm::{Alarm, FolderTrouble};
pub use estate::{Estate, Inherited, Progress};
pub use event::{
    Contents, Copied, Destination, Effect, Fault, Filed, Folder, Halt, Hint, Input, Moment, Ownership,
    Places, QueueLook, QueueRest, Reach, Staying, SubmitReply,
};
pub use file_name::{FileName, FileNameError, LOCK_SUFFIX};
pub use gone::Gone;
pub use journal::{Copy, Filing, IntakeId, JournalError, MAGIC, Pending, Record, Replayed, frame, replay};
pub use machine::Intake;
pub use naming::Place;
pub use observation::{Identity, Inspection, Irregularity, Kind, Observation};
pub use outcome::{GivenUp, KeepPdus, Outcome, PartResult};
pub use settings::{Conflicts, FolderFailures, Order, Settings};
pub use telling::Account;
