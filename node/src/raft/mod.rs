//! The log on disk, and the two handles through which everything else writes to it and reads from it.
//!
//! ```text
//! Proposer ──command──▶ Driver ──entry──▶ SegmentLog ──job──▶ thread "log" ──step──▶ Disk
//!     ▲                   │ apply                ▲                 │ one fdatasync a group
//!     └──── reply ────────┤                      └── durable ──────┘
//! View ◀── state, wake ───┘
//! ```
//!
//! [`SegmentLog`] is the only code that touches the log's files; what to write and what to accept at opening
//! is decided by `smsgrid::log`. The [`Driver`] orders the commands of one node, writes them and applies them.
//!
//! The files need a file system that orders its metadata and never reorders unlinks: ext4 with data=ordered (its
//! default) or XFS. Network and FUSE mounts are refused.

mod completion;
mod disk;
mod driver;
mod failure;
mod machine;
mod propose;
mod reader;
mod segments;
mod tail;
mod transport;
mod view;
mod writer;

pub use completion::{Completed, Completion};
pub use disk::{Directory, Disk};
pub use driver::{Clock, Driver, StartError, start};
pub use failure::{AppendError, Damage, Failure, OpenError};
pub use machine::{Lane, StateMachine};
pub use propose::{ProposeError, Proposer, Rejection};
pub use reader::{Entry, ReadError};
pub use segments::{Figures, Options, SegmentLog};
pub use transport::{Call, Member, Transport, TransportError};
pub use view::{NotApplied, View};
