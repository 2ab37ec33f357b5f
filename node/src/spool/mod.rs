//! The spool: message files of SMS Server Tools in and out, on real folders.
//!
//! ```text
//! inotify --hints--> task --inputs--> worker::intake --effects--> disk (blocking thread)
//!                     ^                                    \----> Submitter, Outcomes, Listener
//!                     +------------- replies ------------------------/
//! ```
//!
//! `disk` carries out what the machine decides and decides nothing; it never follows a link, never waits for a FIFO and
//! never overwrites. `journal` remembers which files were taken. `handles` is all the spool knows of the cluster.

mod copying;
mod disk;
mod file;
mod folders;
mod handles;
mod include;
mod journal;
mod kept;
mod pass;
mod queue_folder;
mod queue_looks;
mod result_copy;
mod task;
mod watch;

pub use disk::{Disk, Done, Outside};
pub use folders::{FolderError, FolderFault, FolderPaths, Folders, Owner, Strictness};
pub use handles::{Listener, Outcomes, SpoolMessage, Submitter};
pub use journal::{Journal, OpenError};
pub use queue_folder::QueueFolder;
pub use task::{Parts, SpoolError, run};
pub use watch::Watch;
