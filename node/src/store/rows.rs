//! The rows on disk: the only file that names sled, and what is done so that it keeps what it acknowledges.
//!
//! sled 0.34 calls no fsync when it flushes, and begins to write over old places as soon as it believes new ones to be
//! safe. With less than one segment written between two real syncs nothing was ever lost in simulated power cuts; with
//! more, databases could not be opened, or were wrong and did not say so. Therefore:
//!
//! - this room opens sled's file itself and calls `fdatasync` after each flush, and callers keep what they write in
//!   between below [`SLICE_OCTETS_MAX`], measured by sled's own log position;
//! - values stay below [`PIECE_OCTETS`]: sled puts a page that grows past a quarter of a segment into a file of its
//!   own, which is never synced;
//! - a half-written `snap.*.generating`, which sled would take for its newest snapshot, is removed before opening, and
//!   when opening fails all snapshots are, since sled can do without;
//! - the flushing thread of sled is off: an idle store writes nothing.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use smsgrid::model::MessageId;

use super::key;
use super::mark::Mark;

/// Octets of a segment of sled's file. Fixed when a store is created.
const SEGMENT_OCTETS: usize = 2 << 20;
/// Most octets that may be written between two syncs.
pub(super) const SLICE_OCTETS_MAX: u64 = SEGMENT_OCTETS as u64 * 3 / 4;
/// Most octets of a piece of a row. Sixteen of them and their heads share a page.
pub(super) const PIECE_OCTETS: usize = 2 << 10;
/// What sled keeps of its pages in memory; not all that it takes.
const CACHE_OCTETS: u64 = 16 << 20;
/// sled's file.
const FILE: &str = "db";
/// What sled says when its file is still held, by threads of an earlier handle that have not ended yet.
const HELD: &str = "could not acquire lock";

/// Why rows cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowsError {
    /// Another handle has them.
    #[error("the rows are in use")]
    Held,
    /// sled failed.
    #[error("the rows failed: {0}")]
    Sled(#[source] sled::Error),
    /// A row is not what was written.
    #[error("the row of message {id} is damaged")]
    Damaged {
        /// The message.
        id: MessageId,
    },
    /// The rows as a whole are not what was written.
    #[error("the rows are not those that were written: {what}")]
    Doubtful {
        /// How that shows.
        what: &'static str,
    },
    /// A row takes more pieces than can be counted.
    #[error("a row of {octets} octets is too large")]
    TooLarge {
        /// Its octets.
        octets: usize,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
    /// The thread that read or wrote them ended.
    #[error("the code that reads or writes the rows panicked")]
    Panicked,
    /// A file beside or below sled failed.
    #[error("cannot {deed} the rows")]
    File {
        /// What was attempted.
        deed: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The rows, open.
pub(super) struct Rows {
    db: sled::Db,
    /// sled's own file, opened here to be synced.
    file: File,
    /// Real syncs so far.
    syncs: AtomicU64,
    /// How far sled's log was at the last of them.
    synced: AtomicU64,
}

/// Changes that become true together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    batch: sled::Batch,
    octets: usize,
}

impl RowsError {
    /// Whether what is on the disk is not what was written.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            RowsError::Damaged { .. } | RowsError::Doubtful { .. } => true,
            RowsError::Sled(_) => !self.is_of_the_disk(),
            RowsError::Held
            | RowsError::TooLarge { .. }
            | RowsError::Stopped
            | RowsError::Panicked
            | RowsError::File { .. } => false,
        }
    }

    /// Whether the disk refuses for now, and what is on it may be whole.
    pub(super) fn is_of_the_disk(&self) -> bool {
        let source = match self {
            RowsError::Sled(sled::Error::Io(source)) | RowsError::File { source, .. } => source,
            RowsError::Held
            | RowsError::Sled(_)
            | RowsError::Damaged { .. }
            | RowsError::Doubtful { .. }
            | RowsError::TooLarge { .. }
            | RowsError::Stopped
            | RowsError::Panicked => return false,
        };
        matches!(
            source.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::OutOfMemory
        )
    }
}

impl Rows {
    /// Opens the rows in `folder`, or creates them.
    pub(super) fn open(folder: &Path) -> Result<Rows, RowsError> {
        clean(folder, ".generating").map_err(|source| RowsError::File { deed: "clean", source })?;
        let db = match open_sled(folder) {
            Err(RowsError::Sled(_)) => {
                clean(folder, "").map_err(|source| RowsError::File { deed: "clean", source })?;
                open_sled(folder)?
            }
            other => other?,
        };
        let file =
            File::open(folder.join(FILE)).map_err(|source| RowsError::File { deed: "open", source })?;
        sync_tree(folder).map_err(|source| RowsError::File { deed: "sync", source })?;
        let rows = Rows { db, file, syncs: AtomicU64::new(0), synced: AtomicU64::new(0) };
        rows.sync()?;
        Ok(rows)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Ok(self.db.get(key).map_err(RowsError::Sled)?.map(|value| value.to_vec()))
    }

    /// Keys and values in order. What is changed meanwhile may or may not be seen.
    pub(super) fn range(&self, keys: Range<Vec<u8>>) -> impl DoubleEndedIterator<Item = Pair> {
        let is_empty = keys.start >= keys.end;
        let range = if is_empty { self.db.range(vec![]..vec![]) } else { self.db.range(keys) };
        range.map(|pair| {
            let (key, value) = pair.map_err(RowsError::Sled)?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// Every key and value in order.
    pub(super) fn all(&self) -> impl Iterator<Item = Pair> {
        self.range(vec![]..vec![u8::MAX; 2])
    }

    /// Makes the changes, all or none; durable after [`sync`](Rows::sync).
    pub(super) fn apply(&self, batch: Batch) -> Result<(), RowsError> {
        self.db.apply_batch(batch.batch).map_err(RowsError::Sled)
    }

    /// Makes durable whatever was changed. The octets that were written since the last time.
    pub(super) fn sync(&self) -> Result<u64, RowsError> {
        self.db.flush().map_err(RowsError::Sled)?;
        self.file.sync_data().map_err(|source| RowsError::File { deed: "sync", source })?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let position = self.position();
        let before = self.synced.swap(position, Ordering::Relaxed);
        // Before the first sync everything that is there counts as written.
        Ok(if before == 0 { 0 } else { position.saturating_sub(before) })
    }

    /// What sled takes for durable, and is not.
    #[cfg(test)]
    pub(super) fn flush_only(&self) -> Result<(), RowsError> {
        self.db.flush().map(|_| ()).map_err(RowsError::Sled)
    }

    /// Real syncs so far.
    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Whether this is the mark among them.
    pub(super) fn has_mark(&self, mark: &Mark) -> Result<bool, RowsError> {
        Ok(self.get(&key::MARK)?.is_some_and(|octets| octets == mark.encode()))
    }

    /// Closes sled and makes durable what it writes last. The file is free soon after.
    pub(super) fn close(self) -> Result<(), RowsError> {
        self.sync()?;
        let Rows { db, file, .. } = self;
        drop(db);
        file.sync_data().map_err(|source| RowsError::File { deed: "sync", source })
    }

    /// How far sled's log is: it only grows, whatever place in the file is written.
    fn position(&self) -> u64 {
        u64::try_from(self.db.context.pagecache.log.stable_offset()).unwrap_or_default()
    }
}

/// A key with its value, or why it cannot be read.
pub(super) type Pair = Result<(Vec<u8>, Vec<u8>), RowsError>;

impl Batch {
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.octets += key.len() + value.len();
        self.batch.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        self.octets += key.len();
        self.batch.remove(key);
    }

    /// Octets of the keys and values in it.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("syncs", &self.syncs).finish_non_exhaustive()
    }
}

fn open_sled(folder: &Path) -> Result<sled::Db, RowsError> {
    let config = sled::Config::new()
        .path(folder)
        .segment_size(SEGMENT_OCTETS)
        .cache_capacity(CACHE_OCTETS)
        .flush_every_ms(None);
    config.open().map_err(|error| match &error {
        sled::Error::Io(io) if io.to_string().contains(HELD) => RowsError::Held,
        sled::Error::Io(_)
        | sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => RowsError::Sled(error),
    })
}

/// Removes the snapshots of sled whose names end like this.
fn clean(folder: &Path, end: &str) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("snap.") && name.ends_with(end)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes the files of a folder durable, and their names, and its own.
fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    sync_folder(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
