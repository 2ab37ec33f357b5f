//! The replicated log: the two handles through which everything else writes to it and reads from it, and what keeps
//! it on disk.
//!
//! ```text
//!                        here, when this node leads
//! Proposer ─▶ Coalescer ─────────────────────────────▶ consensus ──entries──▶ followers
//!     ▲           │ one hop, when another leads            │ ▲
//!     │           └──▶ Transport ──▶ its consensus         │ └──durable── thread "log" ──▶ Disk
//!     │                                                    ▼                 one fdatasync a group
//!     └───────── reply, by the batch's origin ──────── Applier ──▶ View
//! ```
//!
//! A **batch** is what one node proposes at once: one log entry, encoded once; log, wire and followers have the same
//! octets. Its replies are computed where it was proposed, when its entry is applied there: a reply implies that the
//! state here has it. `Flights` knows what is certain of each batch.
//!
//! [`SegmentLog`] is the only code that touches the log's files; what to write and what to accept at opening
//! is decided by `smsgrid::log`. Elections, replication and commits are the library's, which only this folder names.
//!
//! The files need a file system that orders its metadata and never reorders unlinks: ext4 with data=ordered (its
//! default) or XFS. Network and FUSE mounts are refused.

mod applier;
mod coalescer;
mod completion;
mod consensus;
mod core;
mod disk;
mod failure;
mod flights;
mod leadership;
mod machine;
mod member;
mod network;
mod payload;
mod propose;
mod reader;
mod reads;
mod replay;
mod segments;
mod service;
mod settings;
mod snapshot;
mod start;
mod status;
mod store;
mod stranded;
mod tail;
mod transport;
mod types;
mod view;
mod window;
mod wire;
mod writer;

pub use completion::{Completed, Completion};
pub use consensus::{Consensus, InitialiseError};
pub use disk::{Directory, Disk};
pub use failure::{AppendError, Damage, Failure, OpenError};
pub use leadership::Leadership;
pub use machine::{Lane, StateMachine};
pub use member::Member;
pub use propose::{ProposeError, Proposer, Rejection};
pub use reader::{Entry, ReadError};
pub use reads::ReadIndexError;
pub use replay::replay;
pub use segments::{Figures, Options, SegmentLog};
pub use service::ServeError;
pub use settings::{Settings, SettingsError};
pub use start::{Clock, Start, StartError, start};
pub use status::{PeerStatus, Role, Status};
pub use transport::{Alone, Call, Transport, TransportError};
pub use view::{NotApplied, View};
pub use window::{Gone, Revision};

/// Where the lines of the consensus library come from in the process log.
pub(crate) const LOG_TARGET: &str = "openraft";
