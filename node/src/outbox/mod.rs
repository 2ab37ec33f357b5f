//! The outbox: what this node knows of its attempts and the cluster does not know yet.
//!
//! An outcome is durable here before it is proposed, and leaves only when the reply to its proposal is applied
//! (`protocol.md` 1.4 rules 6, 8 and 9). It is a small [`SegmentLog`] of its own, so the puts of all modem workers share
//! syncs, a torn end is cut and damage is seen. Losing it would cost evidence, never safety.
//!
//! Removals are lazy: they are written with the next put. After a crash a settled record may be there again; it is
//! proposed again and changes nothing. What lives on is copied to the end from time to time, so that old segments
//! can go. The outbox does not know what its records mean.

mod live;
mod record;

use std::path::Path;
use std::sync::Arc;

use smsgrid::log::{LogId, Owner, State};
use smsgrid::model::NodeId;
use tokio::sync::{Mutex, MutexGuard};

use self::live::{Batch, Live};
use self::record::Change;
pub use self::record::{Key, Kind};
use crate::raft::{
    AppendError, Completed, Completion, Failure, Figures, OpenError, Options, ReadError, SegmentLog,
};

/// Most records at once: far above two for each modem of a large host.
pub const RECORDS_MAX: usize = 16_384;
/// Most octets of a record.
pub const RECORD_OCTETS_MAX: usize = 1024;

/// Size of a segment.
const SEGMENT_OCTETS: u32 = 1 << 20;
/// How much of the log is read at once when it is opened.
const READ_OCTETS: usize = 1 << 20;

/// A record in the outbox, as it was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What to remove it by.
    pub receipt: Receipt,
    /// What it says; opaque here.
    pub octets: Arc<[u8]>,
}

/// Names one put. A later put of the same key has another receipt, so that removing the first does not take the
/// second away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the record is about.
    pub key: Key,
    number: u64,
}

/// Why the outbox cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// It holds as many records as it can.
    #[error("the outbox holds {RECORDS_MAX} records, as many as it can")]
    Full,
    /// The record is too large.
    #[error("a record of {octets} octets is larger than {RECORD_OCTETS_MAX}")]
    TooLarge {
        /// Octets of the record.
        octets: usize,
    },
    /// Its directory cannot be opened, or holds damaged records.
    #[error("the outbox cannot be opened")]
    Open(#[from] OpenError),
    /// Its records cannot be read.
    #[error("the outbox cannot be read")]
    Read(#[from] ReadError),
    /// A newer program wrote it.
    #[error("record {index} of the outbox cannot be read by this program")]
    Unknown {
        /// Where it stands.
        index: u64,
    },
    /// It cannot be written any more; the node must stop.
    #[error("the outbox cannot be written")]
    Write(#[from] AppendError),
}

/// A handle on the outbox of this node; clones share it.
#[derive(Clone, Debug)]
pub struct Outbox {
    log: SegmentLog,
    live: Arc<Mutex<Live>>,
}

impl Outbox {
    /// Opens the outbox in `directory`, creating it when it is missing. Blocks on the disk.
    pub fn open(directory: &Path, owner: Owner) -> Result<Outbox, OutboxError> {
        let options = Options { owner, segment_octets: SEGMENT_OCTETS, ..Options::default() };
        Outbox::on(SegmentLog::open(directory, &options)?)
    }

    /// The outbox in any log that holds nothing else.
    pub fn on(log: SegmentLog) -> Result<Outbox, OutboxError> {
        let State { last, purged, .. } = log.state();
        let mut next = purged.map_or(1, |purged| purged.index + 1);
        let end = last.map_or(1, |last| last.index + 1);
        let mut live = Live::new(end);
        while next < end {
            for entry in log.read(next..end, READ_OCTETS)? {
                let index = entry.id.index;
                live.replay(&Change::decode(&entry.payload).ok_or(OutboxError::Unknown { index })?);
                next = index + 1;
            }
        }
        Ok(Outbox { log, live: Arc::new(Mutex::new(live)) })
    }

    /// Every record that was put and not removed, oldest first.
    pub async fn records(&self) -> Vec<Record> {
        self.live.lock().await.records()
    }

    /// Puts a record; it is durable when this returns. A record with the same key is replaced. When the future is dropped
    /// the record may be there or not.
    pub async fn put(&self, key: Key, octets: &[u8]) -> Result<Receipt, OutboxError> {
        if octets.len() > RECORD_OCTETS_MAX {
            return Err(OutboxError::TooLarge { octets: octets.len() });
        }
        let mut live = self.live.lock().await;
        let receipt = live.put(key, octets)?;
        let written = self.write(live).await?;
        written.wait().await.map_err(AppendError::Failed)?;
        Ok(receipt)
    }

    /// Removes the record of this receipt, if it was not replaced since. Not durable before the next put or
    /// [`close`](Outbox::close).
    pub async fn remove(&self, receipt: Receipt) {
        self.live.lock().await.remove(receipt);
    }

    /// Writes what was removed; for an orderly stop.
    pub async fn close(&self) -> Result<(), OutboxError> {
        let live = self.live.lock().await;
        let written = self.write(live).await?;
        written.wait().await.map_err(AppendError::Failed)?;
        Ok(())
    }

    /// Waits until the outbox cannot be written any more; the node must stop then.
    pub async fn fatal(&self) -> Failure {
        self.log.fatal().await
    }

    /// What its log has done.
    pub fn figures(&self) -> Figures {
        self.log.figures()
    }

    /// How many segments it has; compaction keeps it small.
    pub fn segments(&self) -> u64 {
        self.log.segments()
    }

    /// Hands the changes over, in order, under the lock; their sync is waited for without it, so that the next put
    /// joins the same or the next group.
    async fn write(&self, mut live: MutexGuard<'_, Live>) -> Result<Completed, AppendError> {
        let (done, written) = Completion::pair();
        let Batch { first, entries, octets, purge } = live.changes();
        if entries.is_empty() {
            done.complete(Ok(()));
            return Ok(written);
        }
        let next_index = first + entries.len() as u64;
        self.log.append((first..).map(id).zip(entries).collect(), done).await?;
        live.handed_over(next_index, octets, purge.is_some());
        if let Some(upto) = purge {
            self.log.purge(id(upto), Completion::unheard()).await?;
        }
        Ok(written)
    }
}

/// The outbox has no leader: only the index tells its entries apart.
fn id(index: u64) -> LogId {
    LogId { term: 0, node: NodeId(0), index }
}
