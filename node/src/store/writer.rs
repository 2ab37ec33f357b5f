//! Brings rows up to date: slice by slice, each one batch with all index keys of its rows and the mark, each made durable
//! before the next begins.
//!
//! How much a slice may hold follows from what the last ones made sled write: a page is written anew after ten changes
//! and moved when its segment is half empty, so a row costs several times its own octets.

use std::collections::BTreeSet;
use std::sync::Arc;

use smsgrid::model::{MessageId, Position, Timestamp};
use smsgrid::queue::Record;

use super::head::Head;
use super::key;
use super::mark::Mark;
use super::row;
use super::rows::{Batch, PIECE_OCTETS, Rows, RowsError, SLICE_OCTETS_MAX};
use super::stored::{self, Stored};

/// What a slice may hold, in octets of keys and values, before anything is known, and at least and most.
const SLICE_OCTETS_FIRST: usize = 64 << 10;
const SLICE_OCTETS_LEAST: usize = 8 << 10;
const SLICE_OCTETS_MOST: usize = 512 << 10;

/// What becomes of a row.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The message is now like this.
    Put(Arc<Record>, Position),
    /// The row is dropped.
    Drop(MessageId),
}

/// What was done with one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// It is in the slice.
    Taken,
    /// The row says so already.
    Unchanged,
    /// The row is newer.
    Older,
}

/// Writes the rows. There is one at a time.
#[derive(Debug)]
pub(super) struct Writer {
    mark: Mark,
    batch: Batch,
    /// Messages in the batch: each at most once.
    inside: BTreeSet<MessageId>,
    slice_octets: usize,
    pub(super) written: Written,
}

/// What was written so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) slices: u64,
    pub(super) slice_octets_max: u64,
}

impl Writer {
    /// Goes on from this mark.
    pub(super) fn new(mark: Mark) -> Writer {
        Writer {
            mark,
            batch: Batch::default(),
            inside: BTreeSet::new(),
            slice_octets: SLICE_OCTETS_FIRST,
            written: Written::default(),
        }
    }

    /// The writer itself, leaving one that is not used in its place.
    pub(super) fn take_over(&mut self) -> Writer {
        let unused = Writer { written: self.written, ..Writer::new(self.mark.clone()) };
        std::mem::replace(self, unused)
    }

    /// What the rows amount to.
    pub(super) fn into_mark(self) -> Mark {
        self.mark
    }

    /// What the rows amount to once the slice is committed.
    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Changes what the mark says beside the content.
    pub(super) fn note(&mut self, act: impl FnOnce(&mut Mark)) {
        act(&mut self.mark);
    }

    /// Whether the slice holds as much as it may.
    pub(super) fn is_full(&self) -> bool {
        self.batch.octets() >= self.slice_octets
    }

    /// Whether the slice holds anything.
    pub(super) fn is_begun(&self) -> bool {
        self.batch.octets() > 0
    }

    /// Takes a change into the slice. A message whose row is in the slice already must wait for the next.
    pub(super) fn take(&mut self, rows: &Rows, change: Change) -> Result<Done, RowsError> {
        match change {
            Change::Put(record, position) => {
                let old = stored::read(rows, record.id)?;
                self.put(&record, position, old)
            }
            Change::Drop(id) => match stored::read(rows, id)? {
                Some(old) => {
                    self.inside.insert(id);
                    self.remove(id, &old);
                    Ok(Done::Taken)
                }
                None => Ok(Done::Unchanged),
            },
        }
    }

    /// Whether the message's row is in the slice.
    pub(super) fn holds(&self, id: MessageId) -> bool {
        self.inside.contains(&id)
    }

    /// What the slice holds, taken out of it.
    #[cfg(test)]
    pub(super) fn begun(&mut self) -> Batch {
        self.inside.clear();
        std::mem::take(&mut self.batch)
    }

    /// Writes the slice with the mark, all or nothing, and makes it durable. `exclude` keeps readers away while the
    /// batch is applied.
    pub(super) fn commit<T>(&mut self, rows: &Rows, exclude: impl FnOnce() -> T) -> Result<(), RowsError> {
        let mut batch = std::mem::take(&mut self.batch);
        let octets = batch.octets();
        let count = std::mem::take(&mut self.inside).len() as u64;
        batch.put(&key::MARK, &self.mark.encode());
        {
            let _alone = exclude();
            rows.apply(batch)?;
        }
        let written = rows.sync()?;
        self.pace(octets, written);
        self.written.rows += count;
        self.written.slices += 1;
        Ok(())
    }

    /// What makes sled write more than half of what may be at risk makes the next slice smaller.
    fn pace(&mut self, octets: usize, written: u64) {
        self.written.slice_octets_max = self.written.slice_octets_max.max(written);
        let factor = written.div_ceil(octets.max(1) as u64).max(1);
        let allowed = usize::try_from(SLICE_OCTETS_MAX / 2 / factor).unwrap_or(SLICE_OCTETS_MOST);
        let grown = self.slice_octets + self.slice_octets / 4;
        self.slice_octets = allowed.min(grown).clamp(SLICE_OCTETS_LEAST, SLICE_OCTETS_MOST);
    }

    fn put(&mut self, record: &Record, position: Position, old: Option<Stored>) -> Result<Done, RowsError> {
        let octets = row::encode(record, position);
        if let Some(old) = &old {
            if row::is_same(&old.octets, &octets) {
                return Ok(Done::Unchanged);
            }
            if old.head.position > position {
                return Ok(Done::Older);
            }
        }
        let mut head = Head::of(record, position);
        let pieces: Vec<&[u8]> = octets.chunks(PIECE_OCTETS).collect();
        head.pieces =
            u16::try_from(pieces.len()).map_err(|_| RowsError::TooLarge { octets: octets.len() })?;
        let values = Stored::values(record.id, &head, &pieces);
        self.inside.insert(record.id);
        self.replace(record.id, old.as_ref(), &head, values);
        Ok(Done::Taken)
    }

    /// Puts the values of a row and the keys that lead to it, and takes away what the old row had beyond them.
    fn replace(&mut self, id: MessageId, old: Option<&Stored>, head: &Head, values: Vec<(Vec<u8>, Vec<u8>)>) {
        let is_new = old.is_none();
        let keys: BTreeSet<Vec<u8>> = head.index_keys(id).into_iter().collect();
        let old_keys: BTreeSet<Vec<u8>> =
            old.map(|old| old.head.index_keys(id)).into_iter().flatten().collect();
        for (key, value) in old.into_iter().flat_map(|old| &old.values) {
            self.mark.content.remove(key, value);
            if !values.iter().any(|(kept, _)| kept == key) {
                self.batch.remove(key);
            }
        }
        for (key, value) in values {
            self.mark.content.put(&key, &value);
            self.batch.put(&key, &value);
        }
        for key in old_keys.difference(&keys) {
            self.mark.content.remove(key, &[]);
            self.batch.remove(key);
        }
        for key in keys.difference(&old_keys) {
            self.mark.content.put(key, &[]);
            self.batch.put(key, &[]);
        }
        self.mark.content.rows += u64::from(is_new);
    }

    fn remove(&mut self, id: MessageId, old: &Stored) {
        for (key, value) in &old.values {
            self.mark.content.remove(key, value);
            self.batch.remove(key);
        }
        for key in old.head.index_keys(id).into_iter().collect::<BTreeSet<Vec<u8>>>() {
            self.mark.content.remove(&key, &[]);
            self.batch.remove(&key);
        }
        self.mark.content.rows = self.mark.content.rows.saturating_sub(1);
    }
}

/// Whether a record is past keeping.
pub(super) fn is_over(ended: Option<Timestamp>, horizon: Timestamp) -> bool {
    ended.is_some_and(|ended| ended < horizon)
}
