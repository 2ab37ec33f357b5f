//! How the log can end, and what it refuses.

use std::io;
use std::sync::Arc;

use smsgrid::log::{self, DecodeError, Refused};
use tokio::sync::watch;

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be used: held by another process, on a network mount, or not readable.
    #[error("the directory of the log cannot be used")]
    Directory(#[source] io::Error),
    /// A segment cannot be read.
    #[error("segment {segment} of the log cannot be read")]
    Read {
        /// The segment.
        segment: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Acknowledged bytes are missing or damaged: this node must be replaced under a new id.
    #[error("the log has lost acknowledged data; replace this node, never empty its directory")]
    Refused(#[from] log::Error),
    /// What recovery decided could not be carried out.
    #[error("the log cannot be made ready")]
    Repair(#[source] io::Error),
    /// The thread of the log cannot be started, or no salt could be drawn.
    #[error("the log cannot be started")]
    Start(#[source] io::Error),
}

/// Why the log has ended for good. The node must stop: nothing is tried again, and what is in memory may be ahead
/// of the disk.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// A write, a sync or a file operation failed.
    #[error("the log could not {deed} segment {segment}")]
    Write {
        /// What was attempted.
        deed: &'static str,
        /// The segment; 0 for the directory.
        segment: u64,
        /// Why it failed.
        #[source]
        source: Arc<io::Error>,
    },
    /// An entry could not be read.
    #[error("entry {index} could not be read from segment {segment}")]
    Read {
        /// The entry.
        index: u64,
        /// The segment.
        segment: u64,
        /// Why it failed.
        #[source]
        source: Arc<io::Error>,
    },
    /// An entry was acknowledged and is damaged.
    #[error("entry {index} is damaged at octet {octet} of segment {segment}: {reason}")]
    Damaged {
        /// The entry.
        index: u64,
        /// The segment.
        segment: u64,
        /// Where the record stands.
        octet: u32,
        /// What is wrong; another record stands there when it is `None`.
        reason: Damage,
    },
    /// A flush takes longer than 30 s.
    #[error("the log has been flushing for {seconds} s")]
    Stalled {
        /// Since when.
        seconds: u64,
    },
    /// A record that was checked when it was taken cannot follow.
    #[error("the log was given a record that cannot follow")]
    Order(#[source] Refused),
    /// The log was closed before the records were written.
    #[error("the log is closed")]
    Closed,
    /// An entry holds what this program does not know; a newer one wrote it.
    #[error("entry {index} cannot be applied by this program")]
    Decode {
        /// The entry.
        index: u64,
        /// Why.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A snapshot could not be written or read.
    #[error("a snapshot could not be {deed}")]
    Snapshot {
        /// What was attempted.
        deed: &'static str,
        /// Why it failed.
        #[source]
        source: Arc<io::Error>,
    },
    /// Consensus has stopped for another reason.
    #[error("consensus has stopped: {0}")]
    Stopped(String),
}

/// Remembers why the node must end; the first reason stays.
#[derive(Debug)]
pub(super) struct Ended(watch::Sender<Option<Failure>>);

impl Ended {
    pub(super) fn new() -> Ended {
        Ended(watch::Sender::new(None))
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(failure);
            is_first
        });
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        self.0.borrow().clone()
    }

    /// Waits for the reason. Safe to drop.
    pub(super) async fn wait(&self) -> Failure {
        let mut first = self.0.subscribe();
        let failure = first.wait_for(Option::is_some).await.ok().and_then(|first| first.clone());
        failure.unwrap_or(Failure::Closed)
    }
}

/// What stands where an entry should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// No record.
    #[error(transparent)]
    Record(#[from] DecodeError),
    /// Another record.
    #[error("another record stands there")]
    Other,
}

/// Why records were not taken.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// They cannot follow what is there; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The log has ended.
    #[error(transparent)]
    Failed(#[from] Failure),
}
