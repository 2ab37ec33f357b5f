//! Who is asked, what is believed and what is told when nobody answers, for a node whose store stays closed.

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::FutureExt;
use smsgrid::log::Owner;
use smsgrid::model::Position;
use smsgrid::queue::{Policy, Queue};
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::peer::{Histories, NotServed};
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

    let unanswered = deaf.history.get(id(), APPLIED).await.expect_err("nobody answers");
    assert_eq!(
        unanswered.to_string(),
        "the history of this node is opening; gw-b: the node refused the call: busy; gw-c: no answer within 100ms; \
         gw-d: the node cannot be reached: no connection"
    );
    let listed = deaf.history.list(&Query::default(), None, 10, APPLIED).await;
    assert_eq!((listed.page.complete, listed.unanswered), (false, Some(unanswered)));

    let last = rig(vec![Answer::Refused("busy"), Answer::Never, Answer::Nothing(APPLIED)]);
    assert_eq!(last.history.get(id(), APPLIED).await, Ok(None));
    let listed = last.history.list(&Query::default(), None, 10, APPLIED).await;
    assert_eq!((listed.page.complete, listed.unanswered), (true, None));
    assert_eq!(last.asked(), ["gw-b", "gw-c", "gw-d", "gw-b", "gw-c", "gw-d"]);
}

#[tokio::test]
async fn the_first_answer_is_the_last_question() {
    let rig = rig(vec![Answer::Nothing(APPLIED), Answer::Refused("asked in vain")]);

    assert_eq!(rig.history.get(id(), APPLIED).await, Ok(None));
    assert_eq!(rig.asked(), ["gw-b"]);
}

#[tokio::test]
async fn an_answer_from_before_what_this_node_has_applied_is_none() {
    let rig = rig(vec![Answer::Nothing(APPLIED - 1)]);

    let told = rig.history.get(id(), APPLIED).await.expect_err("it is older").to_string();
    assert!(told.contains("gw-b: its answer is from before entry 40: it had applied 39"), "{told}");
    let listed = rig.history.list(&Query::default(), None, 10, APPLIED).await;
    assert!(!listed.page.complete && listed.unanswered.is_some());
}

#[tokio::test]
async fn octets_that_are_no_row_are_no_answer() {
    let rig = rig(vec![Answer::Octets(b"a row that was damaged on its way")]);

    let told = rig.history.get(id(), APPLIED).await.expect_err("no row").to_string();
    assert!(told.contains("gw-b: its answer cannot be read: the checksum of a row"), "{told}");
    let listed = rig.history.list(&Query::default(), None, 10, APPLIED).await;
    let told = listed.unanswered.expect("no page").to_string();
    assert!(told.contains("gw-b: its answer is no page of this list: the checksum of a row"), "{told}");
}

#[tokio::test]
async fn all_members_together_have_no_more_time_than_a_client_waits() {
    let mut rig = rig(vec![Answer::Never, Answer::Never, Answer::Never, Answer::Nothing(APPLIED)]);
    rig.history.all = EACH * 5 / 2;

    let told = rig.history.get(id(), APPLIED).await.expect_err("no time is left").to_string();

    assert!(told.contains("gw-b: no answer within 100ms; gw-c: "), "{told}");
    assert!(told.ends_with("; gw-e: not asked: those before it took all the time there is"), "{told}");
}

#[tokio::test]
async fn reads_that_find_too_many_others_waiting_are_told_so() {
    let mut rig = rig(vec![Answer::Never]);
    rig.history.all = EACH;
    let _all = rig.history.turns.acquire_many(ASKING_MAX as u32).await.expect("nobody else reads");

    let told = rig.history.get(id(), APPLIED).await.expect_err("no turn").to_string();

    assert!(told.contains("gw-b: not asked: 8 reads"), "{told}");
    assert!(rig.asked().is_empty());
}

#[tokio::test]
async fn a_node_that_is_alone_asks_nobody() {
    let rig = rig(Vec::new());
    let alone = History::new(rig.history.store.clone(), None);

    let told = alone.get(id(), APPLIED).await.expect_err("its store is not open").to_string();

    assert_eq!(told, "the history of this node is opening, and there is no other node");
}

#[tokio::test]
async fn a_node_whose_own_history_is_incomplete_gives_others_nothing_and_asks_nobody_for_them() {
    let rig = rig(vec![Answer::Nothing(APPLIED)]);
    let kept = Kept(rig.history.store.clone());

    let row = kept.get_row(RowWanted { id: id(), applied: APPLIED }).await.expect_err("it has none");
    let rows =
        kept.list_rows(RowsWanted { limit: 10, ..RowsWanted::default() }).await.expect_err("nor a list");
    let behind = kept.get_row(RowWanted { id: id(), applied: APPLIED + 1 }).await.expect_err("not yet");

    assert_eq!((row.0.as_str(), rows.0.as_str()), ("its history is opening", "its history is opening"));
    assert_eq!(behind.0, "it is behind: it has applied entry 40, not yet 41");
    assert!(rig.asked().is_empty());
}

#[tokio::test]
async fn a_node_that_is_asked_waits_until_it_has_applied_what_the_question_is_about() {
    let rig = rig(Vec::new());
    let kept = Kept(rig.history.store.clone());
    let mut row = kept.get_row(RowWanted { id: id(), applied: APPLIED + 1 });
    let mut rows = kept.list_rows(RowsWanted { applied: APPLIED + 1, ..RowsWanted::default() });
    assert!((&mut row).now_or_never().is_none() && (&mut rows).now_or_never().is_none());

    rig.applied.send_replace(Position { index: APPLIED + 1, offset: 0 });

    let told = [row.await.expect_err("not open"), rows.await.map(|_| ()).expect_err("not open")];
    assert!(told.iter().all(|NotServed(why)| why == "its history is opening"), "{told:?}");
}

// A node whose store is never opened, and members that do as they are told.

struct Rig {
    history: History,
    scripted: Arc<Scripted>,
    applied: watch::Sender<Position>,
    _folder: TempDir,
}

impl Rig {
    fn asked(&self) -> Vec<String> {
        self.scripted.asked.lock().expect("no holder panics").clone()
    }
}

fn rig(answers: Vec<Answer>) -> Rig {
    let folder = TempDir::new().expect("a folder");
    let scripted = Arc::new(Scripted { answers, asked: Mutex::default() });
    let (empty, applied) =
        (Queue::new(Policy::default()), watch::Sender::new(Position { index: APPLIED, offset: 0 }));
    let store =
        Store::open(folder.path(), Owner::default(), Still(empty, applied.clone())).expect("a usable folder");
    let history = History { each: EACH, all: ALL, ..History::new(store, Some(scripted.clone())) };
    Rig { history, scripted, applied, _folder: folder }
}

fn id() -> MessageId {
    MessageId::from_bytes([7; 16])
}

/// What a member does when it is asked.
#[derive(Clone, Copy)]
enum Answer {
    Never,
    Refused(&'static str),
    Unreachable,
    /// There is no such message, by the state after this entry.
    Nothing(u64),
    Octets(&'static [u8]),
}

struct Scripted {
    answers: Vec<Answer>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn answer(&self, to: NodeId, member: &Member) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        self.asked.lock().expect("no holder panics").push(member.name.to_string());
        let answer = self.answers[to.0 as usize - 2];
        async move {
            match answer {
                Answer::Never => std::future::pending().await,
                Answer::Refused(why) => Err(TransportError::Refused(why.to_owned())),
                Answer::Unreachable => Err(TransportError::Unreachable("no connection".to_owned())),
                Answer::Nothing(applied) => Ok(RowFound { row: None, applied }),
                Answer::Octets(row) => Ok(RowFound { row: Some(Bytes::from_static(row)), applied: APPLIED }),
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
