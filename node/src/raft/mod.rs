//! The log on disk.
//!
//! [`SegmentLog`] is the only code that touches the log's files; what to write and what to accept at opening
//! is decided by `smsgrid::log`.
//!
//! The files need a file system that orders its metadata and never reorders unlinks: ext4 with data=ordered (its
//! default) or XFS. Network and FUSE mounts are refused.

mod completion;
mod disk;
mod failure;
mod reader;
mod segments;
mod tail;
mod writer;

pub use completion::{Completed, Completion};
pub use disk::{Directory, Disk};
pub use failure::{AppendError, Damage, Failure, OpenError};
pub use reader::{Entry, ReadError};
pub use segments::{Figures, Options, SegmentLog};
