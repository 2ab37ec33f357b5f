//! Snapshots: the applied state in a file of checked blocks, so that the log before it can go and a node that is
//! far behind can catch up.
//!
//! ```text
//! applied state ──image──▶ TERM-INDEX.tmp ──synced, renamed──▶ TERM-INDEX.snap ──block by block──▶ a follower
//!                                                                                                      │
//! applied state ◀──restored, renamed── ID.part ◀──each block checked, goes on where it was cut off ────┘
//! ```
//!
//! A file counts once it has its last name; the newest two are kept.

mod blocks;
mod file;
mod folder;
mod incoming;

pub(super) use file::SnapshotFile;
pub(super) use folder::Folder;
pub(super) use incoming::{Block, Incoming, Received, block_at};
