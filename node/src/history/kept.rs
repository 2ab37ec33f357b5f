//! What this node answers to others that lack rows: from its own store alone, so that no question goes round.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::MessageId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::peer::{Histories, HistoryPage, NotServed, RowFound, RowWanted, RowsFound, RowsWanted};
use crate::store::{Incomplete, Store};

/// How long this node takes to apply what a question is about: less than whoever asks waits, who is then told.
const CATCH_UP: Duration = Duration::from_secs(1);
/// Most lists that are made for others at once, whether they are still waited for or not: as many as one node asks for.
const LISTS_MAX: usize = super::ASKING_MAX;

/// The history this node has.
pub struct Kept {
    store: Store,
    turns: Arc<Semaphore>,
}

impl Kept {
    /// What `store` has.
    pub fn new(store: Store) -> Kept {
        Kept { store, turns: Arc::new(Semaphore::new(LISTS_MAX)) }
    }
}

impl Histories for Kept {
    fn history(
        &self,
        after: Option<MessageId>,
        limit: u32,
    ) -> BoxFuture<'static, Result<HistoryPage, NotServed>> {
        let store = self.store.clone();
        async move {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let rows = store.page(after, limit).await.map_err(|failure| NotServed(failure.to_string()))?;
            let rows: Vec<Bytes> = rows.iter().map(|row| Bytes::from(row.encode())).collect();
            // A page that is not full is the last one; one that is may have nothing behind it.
            Ok(HistoryPage { more: rows.len() >= limit, rows })
        }
        .boxed()
    }

    fn get_row(&self, wanted: RowWanted) -> BoxFuture<'static, Result<RowFound, NotServed>> {
        let store = self.store.clone();
        async move {
            is_whole(&store)?;
            catch_up(&store, wanted.applied).await?;
            let row = store.get(wanted.id).await.map_err(not_served)?;
            let row = row.map(|row| Bytes::from(row.encode()));
            Ok(RowFound { row, applied: store.applied() })
        }
        .boxed()
    }

    fn list_rows(&self, wanted: RowsWanted) -> BoxFuture<'static, Result<RowsFound, NotServed>> {
        let (store, turns) = (self.store.clone(), self.turns.clone());
        async move {
            is_whole(&store)?;
            catch_up(&store, wanted.applied).await?;
            let turn = turns
                .try_acquire_owned()
                .map_err(|_| NotServed(format!("busy: it makes {LISTS_MAX} lists for others already")))?;
            // What the disk is asked for goes on when the caller has given up, so it does not end with the call.
            let made = tokio::spawn(page(store, wanted, turn)).await;
            made.map_err(|_| NotServed("its rows could not be read".to_owned()))?
        }
        .boxed()
    }
}

/// A page of a list; the turn is over when nothing is read for it any more.
async fn page(store: Store, wanted: RowsWanted, _turn: OwnedSemaphorePermit) -> Result<RowsFound, NotServed> {
    let RowsWanted { query, cursor, limit, .. } = wanted;
    let page = store.list(&query, cursor, usize::try_from(limit).unwrap_or(usize::MAX)).await;
    if !page.complete {
        return Err(NotServed("its history is incomplete".to_owned()));
    }
    // Encoding a page takes a while, which the calls of others need not wait for.
    let packed = tokio::task::spawn_blocking(move || page.pack()).await;
    let (rows, next) = packed.map_err(|_| NotServed("its rows could not be encoded".to_owned()))?;
    let rows = rows.into_iter().map(Bytes::from).collect();
    Ok(RowsFound { rows, next, applied: store.applied() })
}

/// Said before anything is waited for: what memory has let go of is in the rows or nowhere.
fn is_whole(store: &Store) -> Result<(), NotServed> {
    let own = store.completeness();
    if own.is_complete() { Ok(()) } else { Err(not_served(Incomplete(own))) }
}

async fn catch_up(store: &Store, entry: u64) -> Result<(), NotServed> {
    if store.reaches(entry, CATCH_UP).await {
        return Ok(());
    }
    Err(NotServed(format!("it is behind: it has applied entry {}, not yet {entry}", store.applied())))
}

fn not_served(Incomplete(own): Incomplete) -> NotServed {
    NotServed(format!("its history is {}", own.word()))
}
