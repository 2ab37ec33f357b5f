//! Who is asked, what is believed and what is told when nobody answers, for a node whose store stays closed.

mod kept;
mod live;
mod sound;

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::FutureExt;
use smsgrid::log::Owner;
use smsgrid::model::{Position, ResendLimit, Timestamp, UncertainPolicy};
use smsgrid::queue::{Body, Command, Policy, Queue, Submit};
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::fixture;
use crate::store::{Applied, Change, Changes};

/// What this node has applied.
const APPLIED: u64 = 40;
/// How long one member is waited for in vain.
const EACH: Duration = Duration::from_millis(100);
/// Longer than all of them take.
const ALL: Duration = Duration::from_secs(600);

#[tokio::test]
async fn those_that_give_no_answer_are_passed_over_and_named_when_there_is_no_other() {
    let deaf = rig(vec![Answer::Refused("busy"), Answer::Never, Answer::Unreachable]);

    let unanswered = deaf.get().await.expect_err("nobody answers");
    assert_eq!(
        unanswered.to_string(),
        "the history of this node is opening; gw-b: the node refused the call: busy; gw-c: no answer within 100ms; \
         gw-d: the node cannot be reached: no connection"
    );
    let listed = deaf.list(&Query::default()).await;
    assert_eq!((listed.page.complete, listed.unanswered), (false, Some(unanswered)));

    let last = rig(vec![Answer::Refused("busy"), Answer::Never, Answer::Nothing(APPLIED)]);
    assert_eq!(last.get().await, Ok(None));
    let listed = last.list(&Query::default()).await;
    assert_eq!((listed.page.complete, listed.unanswered), (true, None));
    assert_eq!(last.asked(), ["gw-b", "gw-c", "gw-d", "gw-b", "gw-c", "gw-d"]);
}

#[tokio::test]
async fn the_first_answer_is_the_last_question() {
    let rig = rig(vec![Answer::Nothing(APPLIED), Answer::Refused("asked in vain")]);

    assert_eq!(rig.get().await, Ok(None));
    assert_eq!(rig.asked(), ["gw-b"]);
}

#[tokio::test]
async fn an_answer_from_before_what_this_node_has_applied_is_none() {
    let rig = rig(vec![Answer::Nothing(APPLIED - 1)]);

    let told = rig.get().await.expect_err("it is older").to_string();
    assert!(told.contains("gw-b: its answer is from before entry 40: it had applied 39"), "{told}");
    let listed = rig.list(&Query::default()).await;
    assert!(!listed.page.complete && listed.unanswered.is_some());
}

#[tokio::test]
async fn octets_that_are_no_row_are_no_answer() {
    let rig = rig(vec![Answer::Octets(b"a row that was damaged on its way")]);

    let told = rig.get().await.expect_err("no row").to_string();
    assert!(told.contains("gw-b: its answer cannot be read: the checksum of a row"), "{told}");
    let listed = rig.list(&Query::default()).await;
    let told = listed.unanswered.expect("no page").to_string();
    assert!(told.contains("gw-b: its answer is no page of this list: the checksum of a row"), "{told}");
}

#[tokio::test]
async fn all_members_together_have_no_more_time_than_a_client_waits() {
    let mut rig = rig(vec![Answer::Never, Answer::Never, Answer::Never, Answer::Nothing(APPLIED)]);
    rig.history.all = EACH * 5 / 2;

    let told = rig.get().await.expect_err("no time is left").to_string();

    assert!(told.contains("gw-b: no answer within 100ms; gw-c: "), "{told}");
    assert!(told.ends_with("; gw-e: not asked: no time was left for it"), "{told}");
}

#[tokio::test]
async fn reads_that_find_too_many_others_waiting_are_told_so() {
    let mut rig = rig(vec![Answer::Never]);
    rig.history.all = EACH;
    let _all = rig.history.turns.acquire_many(ASKING_MAX as u32).await.expect("nobody else reads");

    let told = rig.get().await.expect_err("no turn").to_string();

    assert!(told.contains("gw-b: not asked: 8 reads"), "{told}");
    assert!(rig.asked().is_empty());
}

#[tokio::test]
async fn a_node_that_is_alone_asks_nobody() {
    let rig = rig(Vec::new());
    let alone = History::new(rig.history.store.clone(), None);

    let told = alone.get(id(), APPLIED, alone.until()).await.expect_err("its store is not open").to_string();

    assert_eq!(told, "the history of this node is opening, and there is no other node");
}

// A node whose store is never opened, and members that do as they are told.

struct Rig {
    history: History,
    scripted: Arc<Scripted>,
    applied: watch::Sender<Position>,
    _folder: TempDir,
}

impl Rig {
    /// What is told of the message.
    async fn get(&self) -> Result<Option<Row>, Unanswered> {
        self.history.get(id(), APPLIED, self.history.until()).await
    }

    /// The first page of a list.
    async fn list(&self, query: &Query) -> Listed {
        self.history.list(query, None, 10, APPLIED, self.history.until()).await
    }

    fn asked(&self) -> Vec<String> {
        self.scripted.asked.lock().expect("no holder panics").clone()
    }
}

fn rig(answers: Vec<Answer>) -> Rig {
    rig_with(Queue::new(Policy::default()), answers)
}

/// The same, with this state in memory.
fn rig_with(queue: Queue, answers: Vec<Answer>) -> Rig {
    let folder = TempDir::new().expect("a folder");
    let scripted = Arc::new(Scripted { answers, asked: Mutex::default() });
    let applied = watch::Sender::new(Position { index: APPLIED, offset: 0 });
    let still = Still(queue, applied.clone());
    let store = Store::open(folder.path(), Owner::default(), still).expect("a usable folder");
    let history = History { each: EACH, all: ALL, ..History::new(store, Some(scripted.clone())) };
    Rig { history, scripted, applied, _folder: folder }
}

fn id() -> MessageId {
    MessageId::from_bytes([7; 16])
}

/// A state in which this message was accepted with this entry, and waits.
fn queue_with(id: MessageId, entry: u64) -> Queue {
    let mut queue = Queue::new(Policy::default());
    let message = fixture::submit(id, "358401234567", 1, &[0x41]);
    let message = Submit { uncertain: UncertainPolicy::Hold, resend_limit: ResendLimit(0), ..message };
    let body = Body::Submit(Box::new(message));
    let now = Timestamp::from_unix_millis(1_700_000_000_000);
    let command = Command { client: Name::new("api").expect("a name"), now, body };
    queue.apply(Position { index: entry, offset: 0 }, &command, &mut Vec::new());
    queue
}

/// Its row by the state after the entry `index`, as it goes over the wire.
fn row(queue: &Queue, id: MessageId, index: u64) -> Bytes {
    let record = queue.message(id).cloned().expect("it was accepted");
    Row { record, position: Position { index, offset: 0 } }.encode().into()
}

/// What a member does when it is asked.
#[derive(Clone)]
enum Answer {
    Never,
    Refused(&'static str),
    Unreachable,
    /// There is no such message, by the state after this entry.
    Nothing(u64),
    Octets(&'static [u8]),
    /// This row, by the state after this entry.
    Row(Bytes, u64),
}

struct Scripted {
    answers: Vec<Answer>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn answer(&self, to: NodeId, member: &Member) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        self.asked.lock().expect("no holder panics").push(member.name.to_string());
        let answer = self.answers[to.0 as usize - 2].clone();
        async move {
            match answer {
                Answer::Never => std::future::pending().await,
                Answer::Refused(why) => Err(TransportError::Refused(why.to_owned())),
                Answer::Unreachable => Err(TransportError::Unreachable("no connection".to_owned())),
                Answer::Nothing(applied) => Ok(RowFound { row: None, applied }),
                Answer::Octets(row) => Ok(RowFound { row: Some(Bytes::from_static(row)), applied: APPLIED }),
                Answer::Row(row, applied) => Ok(RowFound { row: Some(row), applied }),
            }
        }
        .boxed()
    }
}

impl Others for Scripted {
    fn members(&self) -> Vec<(NodeId, Member)> {
        let name =
            |node: u64| Name::new(&format!("gw-{}", char::from(b'a' + node as u8 - 1))).expect("a name");
        let member = |node| Member { name: name(node), peer: String::new(), api: String::new() };
        (2..).take(self.answers.len()).map(|node| (NodeId(node), member(node))).collect()
    }

    fn get_row(
        &self,
        to: NodeId,
        member: &Member,
        _: RowWanted,
        _: Duration,
    ) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        self.answer(to, member)
    }

    fn list_rows(
        &self,
        to: NodeId,
        member: &Member,
        _: RowsWanted,
        _: Duration,
    ) -> BoxFuture<'static, Result<RowsFound, TransportError>> {
        let answer = self.answer(to, member);
        async move {
            let RowFound { row, applied } = answer.await?;
            Ok(RowsFound { rows: row.into_iter().collect(), next: None, applied })
        }
        .boxed()
    }
}

/// An empty state to which nothing happens.
struct Still(Queue, watch::Sender<Position>);

impl Applied for Still {
    fn position(&self) -> Position {
        *self.1.borrow()
    }

    fn read(&self, act: &mut dyn FnMut(&Queue)) {
        act(&self.0);
    }

    fn wakes(&self) -> watch::Receiver<Position> {
        self.1.subscribe()
    }

    fn changes(&self) -> Box<dyn Changes> {
        Box::new(Nothing)
    }
}

struct Nothing;

impl Changes for Nothing {
    fn next(&mut self) -> Option<Change> {
        None
    }
}
