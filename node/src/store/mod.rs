//! The message store: every message this cluster has had, written behind the applied state.
//!
//! ```text
//! applied state ── which messages changed ──▶ dirty ids ── when it is quiet ─▶ rows and index keys, in sled
//!       │                                        │                                              │
//!       └──────────── get, list: memory for what is dirty or live ────────── else the rows ─────┘
//! ```
//!
//! The log is what makes messages durable; the store makes them findable by time, state, destination and modem after
//! memory has let go of them. Nothing waits for it: a slow disk makes it late, a failing one closes it, and what it held
//! is built anew from memory and from another node. What it does answer is right: each value has a checksum, and a
//! sum over all keys and values is written with every slice and taken again after an unclean stop.

mod applied;
mod calm;
mod completeness;
mod dirty;
mod head;
mod key;
mod list;
mod mark;
mod opening;
mod pace;
mod query;
mod round;
mod row;
mod rows;
mod source;
mod stored;
mod strays;
mod task;
mod transit;
mod writer;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod power_cut;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use smsgrid::log::Owner;
use smsgrid::model::{MessageId, Position};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::dirty::Dirty;
use self::list::{Found, PAGE_MAX};
use self::mark::{Mark, Missing};
use self::pace::{Load, Pace};
use self::rows::{Rows, RowsError};
use self::task::Ask;
use self::writer::{Writer, Written};

pub use applied::{Applied, Change, Changes};
pub use completeness::Completeness;
pub use query::{Cursor, CursorError, Page, Query};
pub use row::{Row, RowError};
pub use source::{Source, SourceError};
pub use transit::PageError;

/// Most callers that wait for a flush.
const ASKS_MAX: usize = 64;

/// A handle on the store; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
    asks: mpsc::Sender<Ask>,
    /// The other end, until the task takes it.
    asked: Arc<Mutex<Option<mpsc::Receiver<Ask>>>>,
}

struct Inner {
    directory: PathBuf,
    owner: Owner,
    applied: Arc<dyn Applied>,
    dirty: Mutex<Dirty>,
    pace: Mutex<Pace>,
    /// The rows, while they are believed.
    rows: RwLock<Option<Arc<Rows>>>,
    /// Held by readers for as long as they go through the rows, by the writer while it applies a batch.
    gate: RwLock<()>,
    completeness: watch::Sender<Completeness>,
    /// Rows may be older than what was applied. Changed together with the completeness.
    is_stale: AtomicBool,
    durable: watch::Sender<Position>,
    /// What a reader met; the task begins anew.
    failure: watch::Sender<Option<Arc<RowsError>>>,
    written: Mutex<(Written, u64)>,
    rebuilds: AtomicU64,
}

/// The directory of the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the directory of the store, {path}, cannot be used")]
pub struct OpenError {
    /// The directory.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// Nothing is known of a message here, and the history is incomplete: another node may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history of this node is incomplete ({})", .0.word())]
pub struct Incomplete(pub Completeness);

/// What the store has done since the node started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Rows written.
    pub rows: u64,
    /// Slices made durable.
    pub slices: u64,
    /// `fdatasync` calls on the rows since they were opened.
    pub syncs: u64,
    /// Most octets written between two of them.
    pub slice_octets_max: u64,
    /// Messages whose row may be older than the applied state.
    pub dirty: u64,
    /// How often the rows were set aside and begun anew.
    pub rebuilds: u64,
}

impl Store {
    /// A store in `directory`, which is created if it is missing. The rows are opened and checked by
    /// [`run`](Store::run), in the background: reads are answered from memory at once.
    pub fn open(directory: &Path, owner: Owner, applied: impl Applied) -> Result<Store, OpenError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| OpenError { path: directory.to_owned(), source })?;
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let dirty = Mutex::new(Dirty::new(&applied));
        let inner = Inner {
            directory: directory.to_owned(),
            owner,
            applied: Arc::new(applied),
            dirty,
            pace: Mutex::new(Pace::new(Instant::now(), 0)),
            rows: RwLock::new(None),
            gate: RwLock::new(()),
            completeness: watch::Sender::new(Completeness::Opening),
            is_stale: AtomicBool::new(false),
            durable: watch::Sender::new(Position::default()),
            failure: watch::Sender::new(None),
            written: Mutex::default(),
            rebuilds: AtomicU64::new(0),
        };
        Ok(Store { inner: Arc::new(inner), asks, asked: Arc::new(Mutex::new(Some(asked))) })
    }

    /// Opens the rows and writes what is applied into them, until `cancel`; then closes them in order. Never ends by
    /// itself: a failure costs a rebuild. `source` gives what memory no longer has; none in a cluster of one. To be
    /// called once; a second call returns at once.
    pub async fn run(&self, source: Option<Arc<dyn Source>>, cancel: CancellationToken) {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(asked) = asked {
            Box::pin(task::run(self.inner.clone(), source, asked, cancel)).await;
        }
    }

    /// What is known of one message: the newest applied, or its row. None when there is no such message.
    pub async fn get(&self, id: MessageId) -> Result<Option<Row>, Incomplete> {
        let inner = self.inner.clone();
        let position = inner.applied.position();
        let mut known = None;
        inner.applied.read(&mut |queue| known = queue.message(id).cloned());
        if let Some(record) = known {
            return Ok(Some(Row { record, position }));
        }
        let looked = inner.clone().looking(move |_, rows| stored::read_row(rows, id)).await;
        let Some((found, completeness)) = looked else { return Err(Incomplete(self.incomplete())) };
        // What has not ended is in memory: such a row is of a message that went on and left unseen. So may be one that
        // had ended, and was sent after all or tried again.
        match found.filter(|row| row.record.state().is_final()) {
            found if completeness.is_complete() => Ok(found),
            Some(row) if !inner.is_stale() => Ok(Some(row)),
            Some(_) | None => Err(Incomplete(completeness)),
        }
    }

    /// At most `limit` (at most 1000) of the messages asked for, the newest first, from behind `cursor` on. Nothing
    /// that was applied before the call is missed or shown as it was before.
    pub async fn list(&self, query: &Query, cursor: Option<Cursor>, limit: usize) -> Page {
        let (inner, query) = (self.inner.clone(), query.clone());
        let limit = limit.clamp(1, PAGE_MAX);
        let (wanted, way) = (query.clone(), inner.clone());
        let looked =
            inner.clone().looking(move |inner, rows| inner.list(Some(rows), &wanted, cursor, limit)).await;
        let complete = looked.as_ref().is_some_and(|(_, completeness)| completeness.is_complete());
        let found = match looked {
            Some((found, _)) => Some(found),
            None => tokio::task::spawn_blocking(move || way.list(None, &query, cursor, limit).ok())
                .await
                .ok()
                .flatten(),
        };
        let Found { rows, next } = found.unwrap_or_default();
        Page { rows, next, complete }
    }

    /// At most `limit` (at most 1000) rows with ids above `after`, by id, for a node that has lost its own.
    pub async fn page(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<Row>, Incomplete> {
        let completeness = self.completeness();
        if !completeness.is_complete() {
            return Err(Incomplete(completeness));
        }
        let limit = limit.min(PAGE_MAX);
        let looked = self.inner.clone().looking(move |_, rows| stored::page(rows, after, limit)).await;
        match looked {
            Some((page, completeness)) if completeness.is_complete() => Ok(page),
            Some((_, completeness)) => Err(Incomplete(completeness)),
            None => Err(Incomplete(self.incomplete())),
        }
    }

    /// The last entry of the log whose effect is in every answer from now on.
    pub fn applied(&self) -> u64 {
        self.inner.applied.position().index
    }

    /// Waits until that is `entry` or a later one, for at most `within`; false when it is not then. Safe to drop.
    pub async fn reaches(&self, entry: u64, within: Duration) -> bool {
        let mut applied = self.inner.applied.wakes();
        let reached = timeout(within, applied.wait_for(|position| position.index >= entry)).await;
        matches!(reached, Ok(Ok(_)))
    }

    /// Makes durable what is applied now. False when the store is closed or its task does not run.
    pub async fn flush_now(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.asks.send(answer).await.is_ok() && answered.await.unwrap_or(false)
    }

    /// How much of the history this node has.
    pub fn completeness(&self) -> Completeness {
        *self.inner.completeness.borrow()
    }

    /// The same when nothing could be read: that the rows are back meanwhile does not help the reader.
    fn incomplete(&self) -> Completeness {
        let told = self.completeness();
        if told.is_complete() { Completeness::Opening } else { told }
    }

    /// Tells when that changes.
    pub fn completeness_changes(&self) -> watch::Receiver<Completeness> {
        self.inner.completeness.subscribe()
    }

    /// Everything applied up to this position is durable in the store.
    pub fn durable_applied(&self) -> watch::Receiver<Position> {
        self.inner.durable.subscribe()
    }

    /// What the store has done.
    pub fn figures(&self) -> Figures {
        let (written, syncs) = *self.inner.written();
        Figures {
            rows: written.rows,
            slices: written.slices,
            syncs,
            slice_octets_max: written.slice_octets_max,
            dirty: self.inner.load().dirty as u64,
            rebuilds: self.inner.rebuilds.load(Ordering::Relaxed),
        }
    }
}

impl Inner {
    fn dirty(&self) -> MutexGuard<'_, Dirty> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self) -> MutexGuard<'_, (Written, u64)> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits to be written now.
    fn load(&self) -> Load {
        let mut dirty = self.dirty();
        dirty.catch_up(self.applied.as_ref());
        dirty.load()
    }

    /// Keeps readers out.
    fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets readers use the rows.
    fn publish(&self, rows: &Arc<Rows>, mark: &Mark) {
        self.failure.send_replace(None);
        let changes = self.load().changes;
        *self.pace() = Pace::new(Instant::now(), changes);
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = Some(rows.clone());
        self.is_stale.store(mark.missing.is_some_and(|missing| missing.is_stale), Ordering::Release);
        let mut dirty = self.dirty();
        dirty.catch_up(self.applied.as_ref());
        let mut forgotten = 0;
        self.applied.read(&mut |queue| forgotten = queue.forgotten_count());
        // Nothing came and went unseen: what is not in the rows is in memory.
        if mark.missing.is_none() && mark.forgotten == forgotten {
            dirty.take_blind();
            self.completeness.send_replace(Completeness::Complete);
        }
    }

    /// Takes the rows away from readers.
    fn withdraw(&self) {
        self.completeness.send_replace(Completeness::Closed);
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.dirty().doubt();
    }

    /// Notes what was written.
    fn count(&self, writer: &Writer, rows: &Rows) {
        *self.written() = (writer.written, rows.syncs());
    }

    /// Whether rows may be older than what was applied, while the history is not complete.
    fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Acquire) || self.dirty().may_miss()
    }

    /// Tells how things stand.
    fn tell(&self, missing: Option<Missing>) {
        self.is_stale.store(missing.is_some_and(|missing| missing.is_stale), Ordering::Release);
        let completeness = missing.map_or(Completeness::Complete, |_| Completeness::Rebuilding);
        self.completeness.send_if_modified(|told| std::mem::replace(told, completeness) != completeness);
    }

    /// How much of the history there is, with what has happened up to now: the task notices it only at its next round.
    fn completeness_now(&self) -> Completeness {
        let mut dirty = self.dirty();
        dirty.catch_up(self.applied.as_ref());
        let told = *self.completeness.borrow();
        if told.is_complete() && dirty.may_miss() { Completeness::Rebuilding } else { told }
    }

    fn take_failure(&self) -> RowsError {
        let failure = self.failure.send_replace(None);
        failure.and_then(Arc::into_inner).unwrap_or(RowsError::Panicked)
    }

    /// Reads the rows on a thread that may wait for the disk. None when there are none, or they failed: then the task
    /// begins anew.
    async fn reading<T: Send + 'static>(
        self: Arc<Inner>,
        act: impl FnOnce(&Inner, &Rows) -> Result<T, RowsError> + Send + 'static,
    ) -> Option<T> {
        let inner = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let rows = inner.rows.read().unwrap_or_else(PoisonError::into_inner).clone();
            rows.map(|rows| act(&inner, &rows)).transpose()
        });
        let failure = match read.await {
            Ok(Ok(found)) => return found,
            Ok(Err(failure)) => failure,
            Err(_) => RowsError::Panicked,
        };
        self.failure.send_replace(Some(Arc::new(failure)));
        None
    }

    /// The same, with how much of the history there was for as long as it was read.
    async fn looking<T: Send + 'static>(
        self: Arc<Inner>,
        act: impl FnOnce(&Inner, &Rows) -> Result<T, RowsError> + Send + 'static,
    ) -> Option<(T, Completeness)> {
        let looked = self.reading(move |inner, rows| {
            let before = inner.completeness_now();
            let found = act(inner, rows)?;
            let completeness = if before.is_complete() { inner.completeness_now() } else { before };
            Ok((found, completeness))
        });
        looked.await
    }

    fn list(
        &self,
        rows: Option<&Rows>,
        query: &Query,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Found, RowsError> {
        let applied = self.applied.as_ref();
        let upto = query.upto(cursor);
        let _reading = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        self.dirty().catch_up(applied);
        let Some(rows) = rows else {
            let memory = list::in_memory(applied, query, upto, limit);
            return list::join(applied, None, query, memory, list::Search::default(), limit);
        };
        let next = |upto, most| self.dirty().places(query.since(), upto, most);
        // Memory first: what is written meanwhile stands in the rows since before the gate was passed.
        let memory = list::unwritten(applied, &next, query, upto, limit);
        let is_old = |id| self.dirty().contains(id);
        // Nothing before the end of that search is shown.
        let within = (memory.1, upto);
        let disk = list::on_disk(applied, rows, &is_old, query, within, limit)?;
        list::join(applied, Some(rows), query, memory, disk, limit)
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("directory", &self.directory).finish_non_exhaustive()
    }
}
