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
//! linear read has waited for. A page of a list is no later either: this node applies what it is of before it is told. What
//! has not ended is in memory, so a list of nothing else asks nobody.

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
const ASK_WITHIN: Duration = Duration::from_secs(2);
/// How long all of them may take together for one request: `smsctl` gives a server up after 5 s when it has another, and
/// after 10 s when it has none, of which a linear read may take 4 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
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
    #[error("its answer is of entry {of}, this node has applied entry {applied}")]
    Later { of: u64, applied: u64 },
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

    /// When a request that begins now asks others no longer.
    pub fn until(&self) -> Instant {
        Instant::now() + self.all
    }

    /// What is known of one message, by a state that has the entry `applied` of the log and may be later. None when there
    /// is no such message. Others are asked `until` then.
    pub async fn get(&self, id: MessageId, applied: u64, until: Instant) -> Result<Option<Row>, Unanswered> {
        let own = match self.store.get(id).await {
            Ok(row) => return Ok(row),
            Err(Incomplete(own)) => own,
        };
        let wanted = RowWanted { id, applied };
        let asked = self.ask(until, move |others, to, member, within| {
            let answer = others.get_row(to, member, wanted, within);
            Box::pin(async move { sound_row(answer.await, wanted) })
        });
        asked.await.map_err(|asked| Unanswered { own, asked })
    }

    /// At most `limit` (at most 1000) of the messages asked for, the newest first, from behind `cursor` on, by a state
    /// that has the entry `applied` of the log. Others are asked `until` then.
    pub async fn list(
        &self,
        query: &Query,
        cursor: Option<Cursor>,
        limit: usize,
        applied: u64,
        until: Instant,
    ) -> Listed {
        if self.store.completeness().is_complete() {
            let page = self.store.list(query, cursor, limit).await;
            if page.complete {
                return Listed { page, unanswered: None };
            }
        }
        if is_of_what_lives(query) {
            // Memory has everything of it; what the rows say of a message that memory does not know is left out of a list.
            let page = Page { complete: true, ..self.own(query, cursor, limit).await };
            return Listed { page, unanswered: None };
        }
        let wanted = RowsWanted {
            query: query.clone(),
            cursor,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            applied,
        };
        let asked = self.ask(until, move |others, to, member, within| {
            let (wanted, store, by) = (wanted.clone(), self.store.clone(), Instant::now() + within);
            let answer = others.list_rows(to, member, wanted.clone(), within);
            Box::pin(async move { sound_page(answer.await, wanted, &store, by).await })
        });
        match asked.await {
            Ok(page) => Listed { page, unanswered: None },
            Err(asked) => self.own_page(query, cursor, limit, asked).await,
        }
    }

    /// The same as far as this node has it by itself.
    pub async fn own(&self, query: &Query, cursor: Option<Cursor>, limit: usize) -> Page {
        self.store.list(query, cursor, limit).await
    }

    /// What this node has of a list that nobody gave whole.
    async fn own_page(
        &self,
        query: &Query,
        cursor: Option<Cursor>,
        limit: usize,
        asked: Vec<(Name, String)>,
    ) -> Listed {
        let page = self.own(query, cursor, limit).await;
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
        until: Instant,
        question: impl Fn(&dyn Others, NodeId, &Member, Duration) -> BoxFuture<'static, Result<T, String>>,
    ) -> Result<T, Vec<(Name, String)>> {
        let Some(others) = &self.others else { return Err(Vec::new()) };
        let members = others.members();
        let Ok(Ok(_turn)) = timeout_at(until, self.turns.acquire()).await else {
            let why = || format!("not asked: {ASKING_MAX} reads of this node wait for others already");
            return Err(members.into_iter().map(|(_, member)| (member.name, why())).collect());
        };
        let mut asked = Vec::new();
        for (to, member) in members {
            let within = until.saturating_duration_since(Instant::now()).min(self.each);
            if within.is_zero() {
                asked.push((member.name, "not asked: no time was left for it".to_owned()));
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

/// The same of a page, which this node has applied by then. Decoding it takes a while, which the calls of others need not
/// wait for.
async fn sound_page(
    answer: Result<RowsFound, TransportError>,
    wanted: RowsWanted,
    store: &Store,
    by: Instant,
) -> Result<Page, String> {
    let found = answer.map_err(|failure| failure.to_string())?;
    let page = tokio::task::spawn_blocking(move || page_of(&found, &wanted)).await;
    let page = page.map_err(|_| "its answer could not be looked at".to_owned())?;
    let (page, of) = page.map_err(|unsound| unsound.to_string())?;
    // Otherwise this node would show these messages as they were before when it is asked again.
    if store.reaches(of, by.saturating_duration_since(Instant::now())).await {
        return Ok(page);
    }
    Err(Unsound::Later { of, applied: store.applied() }.to_string())
}

/// The page, and the entry it is of.
fn page_of(found: &RowsFound, wanted: &RowsWanted) -> Result<(Page, u64), Unsound> {
    is_fresh(found.applied, wanted.applied)?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let page = Page::unpack(&found.rows, found.next, &wanted.query, wanted.cursor, limit)?;
    page.rows.iter().try_for_each(|row| is_applied(row, found.applied))?;
    // What is read may be of an entry that is just being applied.
    let changed = page.rows.iter().map(|row| row.record.changed_at.index).max();
    let of = changed.map_or(found.applied, |changed| changed.max(found.applied));
    Ok((page, of))
}

/// Whether only messages that have not ended are asked for.
fn is_of_what_lives(query: &Query) -> bool {
    !query.states.is_empty() && !query.states.iter().any(|state| state.is_final())
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
