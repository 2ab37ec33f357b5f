//! The history as this node tells it: from its own store, and while that is incomplete from another member's.
//!
//! ```text
//! get, list ──▶ own store: complete? ── yes ──────────────────────────────────────▶ answered
//!                    │ no: opened, rebuilt or closed
//!                    ▼
//!      the leader, then the others, one at a time ──▶ Kept: waits until it has applied as much as this node,
//!                    │                                then its own store or nothing: it asks nobody else
//!                    ▼ nobody has it
//!      what this node has, and who was asked in vain
//! ```
//!
//! An answer is never older than this node's own would be: each question names the entry this node has applied, which a
//! linear read has waited for. What has not ended is in memory and is never asked for.

mod kept;
mod members;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use smsgrid::model::{MessageId, Name, NodeId};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use crate::peer::{RowFound, RowWanted, RowsFound, RowsWanted};
use crate::raft::{Member, TransportError};
use crate::store::{Completeness, Cursor, Incomplete, Page, PageError, Query, Row, RowError, Store};

pub use kept::Kept;
pub use members::Members;

/// How long one member may take for an answer.
const ASK_WITHIN: Duration = Duration::from_secs(3);
/// How long all of them may take together: a client waits for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// Most reads of this node that ask others at once; the next waits for its turn, within the same time.
const ASKING_MAX: usize = 8;

/// The other members, as far as their history can be asked for.
pub trait Others: Send + Sync + 'static {
    /// Who they are, the one to be asked first in front.
    fn members(&self) -> Vec<(NodeId, Member)>;

    /// Asks one of them for the row of a message.
    fn get_row(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowFound, TransportError>>;

    /// Asks one of them for a page of a list.
    fn list_rows(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowsWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowsFound, TransportError>>;
}

/// A handle on the history; clones share it.
#[derive(Clone)]
pub struct History {
    store: Store,
    others: Option<Arc<dyn Others>>,
    turns: Arc<Semaphore>,
    each: Duration,
    all: Duration,
}

/// Nobody could answer: neither this node nor another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// How the history of this node stands.
    pub own: Completeness,
    /// Who was asked, in turn, and why each gave no answer.
    pub asked: Vec<(Name, String)>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The messages.
    pub page: Page,
    /// Why messages may be missing, when the page is not complete.
    pub unanswered: Option<Unanswered>,
}

/// The answer of another member is not believed.
#[derive(Debug, thiserror::Error)]
enum Unsound {
    #[error("its answer is from before entry {wanted}: it had applied {applied}")]
    Older { wanted: u64, applied: u64 },
    #[error("its answer is of a state it had not applied")]
    Ahead,
    #[error("it answered with another message")]
    Another,
    #[error("its answer cannot be read: {0}")]
    Row(#[from] RowError),
    #[error("its answer is no page of this list: {0}")]
    Page(#[from] PageError),
}

impl History {
    /// The history of `store`, and of `others` while that is incomplete; none when this node is alone.
    pub fn new(store: Store, others: Option<Arc<dyn Others>>) -> History {
        let turns = Arc::new(Semaphore::new(ASKING_MAX));
        History { store, others, turns, each: ASK_WITHIN, all: ANSWER_WITHIN }
    }

    /// What is known of one message, by a state that has the entry `applied` of the log. None when there is no such
    /// message.
    pub async fn get(&self, id: MessageId, applied: u64) -> Result<Option<Row>, Unanswered> {
        let own = match self.store.get(id).await {
            Ok(row) => return Ok(row),
            Err(Incomplete(own)) => own,
        };
        let wanted = RowWanted { id, applied };
        let asked = self.ask(move |others, to, member, within| {
            let answer = others.get_row(to, member, wanted, within);
            Box::pin(async move { sound_row(answer.await, wanted) })
        });
        asked.await.map_err(|asked| Unanswered { own, asked })
    }

    /// At most `limit` (at most 1000) of the messages asked for, the newest first, from behind `cursor` on, by a state
    /// that has the entry `applied` of the log.
    pub async fn list(&self, query: &Query, cursor: Option<Cursor>, limit: usize, applied: u64) -> Listed {
        if self.store.completeness().is_complete() {
            let page = self.store.list(query, cursor, limit).await;
            if page.complete {
                return Listed { page, unanswered: None };
            }
        }
        let wanted = RowsWanted {
            query: query.clone(),
            cursor,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            applied,
        };
        let asked = self.ask(move |others, to, member, within| {
            let wanted = wanted.clone();
            let answer = others.list_rows(to, member, wanted.clone(), within);
            Box::pin(async move { sound_page(answer.await, wanted).await })
        });
        match asked.await {
            Ok(page) => Listed { page, unanswered: None },
            Err(asked) => self.own_page(query, cursor, limit, asked).await,
        }
    }

    /// What this node has of a list that nobody gave whole.
    async fn own_page(
        &self,
        query: &Query,
        cursor: Option<Cursor>,
        limit: usize,
        asked: Vec<(Name, String)>,
    ) -> Listed {
        let page = self.store.list(query, cursor, limit).await;
        // It may have become complete while others were asked. It may also count as complete and have missed something
        // just now, which is to be rebuilt.
        let told = self.store.completeness();
        let own = if told.is_complete() { Completeness::Rebuilding } else { told };
        let unanswered = (!page.complete).then_some(Unanswered { own, asked });
        Listed { page, unanswered }
    }

    /// Asks the other members in turn until one answers; else why each did not.
    async fn ask<T>(
        &self,
        question: impl Fn(&dyn Others, NodeId, &Member, Duration) -> BoxFuture<'static, Result<T, String>>,
    ) -> Result<T, Vec<(Name, String)>> {
        let Some(others) = &self.others else { return Err(Vec::new()) };
        let until = Instant::now() + self.all;
        let members = others.members();
        let Ok(Ok(_turn)) = timeout_at(until, self.turns.acquire()).await else {
            let why = || format!("not asked: {ASKING_MAX} reads of this node wait for others already");
            return Err(members.into_iter().map(|(_, member)| (member.name, why())).collect());
        };
        let mut asked = Vec::new();
        for (to, member) in members {
            let within = until.saturating_duration_since(Instant::now()).min(self.each);
            if within.is_zero() {
                asked.push((member.name, "not asked: those before it took all the time there is".to_owned()));
                continue;
            }
            let answer = timeout_at(Instant::now() + within, question(others.as_ref(), to, &member, within));
            match answer.await {
                Ok(Ok(found)) => {
                    debug!(node = %member.name, "another node answered a read of the history");
                    return Ok(found);
                }
                Ok(Err(why)) => asked.push((member.name, why)),
                Err(_) => asked.push((member.name, format!("no answer within {within:?}"))),
            }
        }
        Err(asked)
    }
}

/// The answer of one member; one that is not believed is none, and the reason is said.
fn sound_row(answer: Result<RowFound, TransportError>, wanted: RowWanted) -> Result<Option<Row>, String> {
    let found = answer.map_err(|failure| failure.to_string())?;
    row_of(found, wanted).map_err(|unsound| unsound.to_string())
}

fn row_of(found: RowFound, wanted: RowWanted) -> Result<Option<Row>, Unsound> {
    is_fresh(found.applied, wanted.applied)?;
    let Some(octets) = found.row else { return Ok(None) };
    let row = Row::decode(&octets)?;
    if row.record.id != wanted.id {
        return Err(Unsound::Another);
    }
    is_applied(&row, found.applied)?;
    Ok(Some(row))
}

/// The same of a page. Decoding it takes a while, which the calls of others need not wait for.
async fn sound_page(answer: Result<RowsFound, TransportError>, wanted: RowsWanted) -> Result<Page, String> {
    let found = answer.map_err(|failure| failure.to_string())?;
    let page = tokio::task::spawn_blocking(move || page_of(&found, &wanted)).await;
    let page = page.map_err(|_| "its answer could not be looked at".to_owned())?;
    page.map_err(|unsound| unsound.to_string())
}

fn page_of(found: &RowsFound, wanted: &RowsWanted) -> Result<Page, Unsound> {
    is_fresh(found.applied, wanted.applied)?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let page = Page::unpack(&found.rows, found.next, &wanted.query, wanted.cursor, limit)?;
    page.rows.iter().try_for_each(|row| is_applied(row, found.applied))?;
    Ok(page)
}

fn is_fresh(applied: u64, wanted: u64) -> Result<(), Unsound> {
    if applied >= wanted { Ok(()) } else { Err(Unsound::Older { wanted, applied }) }
}

fn is_applied(row: &Row, applied: u64) -> Result<(), Unsound> {
    if row.position.index <= applied { Ok(()) } else { Err(Unsound::Ahead) }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the history of this node is {}", self.own.word())?;
        if self.asked.is_empty() {
            return f.write_str(", and there is no other node");
        }
        self.asked.iter().try_for_each(|(name, why)| write!(f, "; {name}: {why}"))
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("store", &self.store).finish_non_exhaustive()
    }
}
