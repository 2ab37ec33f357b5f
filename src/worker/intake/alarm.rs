//! What the intake tells an operator.

use std::fmt;
use std::time::Duration;

use crate::model::Address;
use crate::sms_file::LocalTime;

use super::{Destination, FileName, Folder, GivenUp, Irregularity};

/// What an operator should know; one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// A file is left where it is.
    Irregular {
        /// The file in `outgoing`.
        name: FileName,
        /// Why.
        why: Irregularity,
    },
    /// More files are left where they are than are told one by one.
    ManyIrregular,
    /// A file waits because its name is taken in `checked`.
    Conflict {
        /// The file in `outgoing`.
        name: FileName,
        /// When that was found.
        at: LocalTime,
    },
    /// The name is free again after the alarm handler returned.
    ConflictSolved {
        /// The file in `outgoing`.
        name: FileName,
    },
    /// The name is still taken after the alarm handler returned: the spool stops.
    Unmovable {
        /// The file, which stays in `outgoing`.
        name: FileName,
        /// To whom it goes, as far as its start tells.
        recipient: Option<Address>,
        /// When it was tried again.
        at: LocalTime,
    },
    /// A result got another name because its own was taken.
    Renamed {
        /// The folder.
        destination: Destination,
        /// The name it should have had.
        name: FileName,
        /// The name it has.
        filed_as: FileName,
    },
    /// A file cannot be sent.
    BadFile {
        /// The file.
        name: FileName,
        /// `Fail_reason:`
        reason: String,
    },
    /// What stood in `outgoing` is no message file: `failed` has a result that says so.
    SetAside {
        /// Its name.
        name: FileName,
        /// Where it is from now on.
        folder: Folder,
        /// Its name there.
        aside: FileName,
        /// The name of its result, where that is free.
        result: FileName,
        /// What it is.
        why: Irregularity,
    },
    /// A file was removed while it was being worked on.
    Vanished {
        /// The folder it stood in.
        folder: Folder,
        /// Its name there.
        name: FileName,
    },
    /// The system refuses to lock, move or read one file; it is tried again.
    FileFailed {
        /// The folder it stands in.
        folder: Folder,
        /// Its name there.
        name: FileName,
        /// What the system said.
        what: String,
    },
    /// A message was refused by the network or its modem until nobody tried again.
    GivenUp {
        /// The file in `checked`.
        name: FileName,
        /// The modem that had it last.
        modem: String,
        /// What was refused.
        what: GivenUp,
        /// From the first attempt to the end.
        lasted: Duration,
    },
    /// The check handler has taken a file over.
    Spooled {
        /// The file in `outgoing`.
        name: FileName,
    },
    /// A file stays in the folder of a queue, or all of the folder do.
    NotBrought {
        /// Where it is.
        path: String,
        /// Why.
        why: String,
    },
    /// So many results wait for the event handler that it is not told of this one.
    Untold {
        /// Where it stands.
        folder: Folder,
        /// Its name.
        name: FileName,
    },
    /// A folder cannot be used; files wait.
    FolderFailed {
        /// The folder.
        folder: Folder,
        /// What is wrong with it.
        trouble: FolderTrouble,
    },
}

/// What is wrong with a folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderTrouble {
    /// This process may not change it.
    #[error("is not writable: {owner}")]
    NotWritable {
        /// Owner and mode of the folder, and who this process is.
        owner: String,
    },
    /// Its file system has no room.
    #[error("has no room left")]
    Full,
    /// Something else, in the words of the system.
    #[error("cannot be used: {0}")]
    System(String),
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Alarm::Irregular { name, why } => {
                write!(
                    f,
                    "`outgoing/{name}` is not taken: {why}. Remove it, or put a plain file in its place"
                )
            }
            Alarm::ManyIrregular => write!(f, "more files in `outgoing` are not taken than are listed"),
            Alarm::Conflict { name, .. } => write!(
                f,
                "`outgoing/{name}` waits: `checked` already has a file or lock of this name. It is taken when that is gone"
            ),
            Alarm::ConflictSolved { name } => {
                write!(f, "`outgoing/{name}` can be taken: its name is free in `checked` again")
            }
            Alarm::Unmovable { name, .. } => write!(
                f,
                "`outgoing/{name}` cannot be moved to `checked`, which still has a file or lock of this name. The spool stops"
            ),
            Alarm::Renamed { destination, name, filed_as } => {
                let folder = destination.folder();
                write!(f, "`{folder}/{name}` exists and was kept; the new result is `{folder}/{filed_as}`")
            }
            Alarm::BadFile { name, reason } => write!(
                f,
                "`outgoing/{name}` moved to `failed`: {reason}. The reason is also inside the file; mend what it names and move the file into `outgoing` again"
            ),
            Alarm::SetAside { name, folder, aside, result, why } => write!(
                f,
                "`outgoing/{name}` is not sent: {why}. Its reason is in `failed/{result}`; the thing itself is `{folder}/{aside}`, unread"
            ),
            Alarm::Vanished { folder, name } => {
                write!(f, "`{folder}/{name}` was removed by somebody else; no result is filed for it")
            }
            Alarm::FileFailed { folder, name, what } => {
                write!(f, "`{folder}/{name}` waits: {what}. It is tried again, other files go on")
            }
            Alarm::GivenUp { name, modem, .. } => write!(
                f,
                "the message of `{name}` was refused and is given up; {modem} had it last. The reason is in its result"
            ),
            Alarm::Spooled { name } => write!(f, "`outgoing/{name}` was taken over by the check handler"),
            Alarm::NotBrought { path, why } => {
                write!(f, "`{path}` stays in the folder of its queue and is not sent: {why}")
            }
            Alarm::Untold { folder, name } => {
                write!(f, "the event handler is not told of `{folder}/{name}`: too many results wait for it")
            }
            Alarm::FolderFailed { folder, trouble } => {
                write!(f, "spool folder `{folder}` {trouble}. Files wait until it can be used")
            }
        }
    }
}
