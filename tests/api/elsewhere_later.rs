//! Reads that another node answers from a later state than this node has applied, with pages that never end, or not at all.
//!
//! The other node does as the test says; this one's store is never opened.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::{MessageId, NodeId, Position, Timestamp};
use smsgrid::queue::{Command, Policy, Queue};
use smsgrid_node::history::Others;
use smsgrid_node::peer::{RowFound, RowWanted, RowsFound, RowsWanted};
use smsgrid_node::raft::{Member, TransportError};
use smsgrid_node::store::Row;
use smsgrid_proto::v1;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use super::calls::call;
use super::served::{Elsewhere, Served, named};
use super::{fact, hello, reason};

/// When the other node's messages are accepted, and their ids drawn.
const MOMENT_MS: u64 = 1_700_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_later_state_is_not_there_yet() {
    let there = There::new(Answers::Rows);
    let served = beside(&there).await;
    let at = served.view.revision().index;
    let (earlier, later) = (there.accept(1, at), there.accept(2, at + 1));

    let got = served.messages().get(get(&earlier.to_string())).await.expect("it was there").into_inner();
    let refused = served.messages().get(get(&later.to_string())).await.expect_err("it comes later");

    assert_eq!(got.message.expect("a message").id, earlier.to_string());
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(fact(&refused, "revision"), got.freshness.expect("freshness").revision);
    assert_eq!(there.asked(), 2);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_list_is_told_once_this_node_is_as_far_with_the_revision_of_each_message() {
    let there = There::new(Answers::Rows);
    let served = beside(&there).await;
    let at = served.view.revision().index;
    let (earlier, later) = (there.accept(1, at), there.accept(2, at + 1));
    let mut messages = served.messages();
    let listing = tokio::spawn(async move { messages.list(list(10)).await });
    there.was_asked.notified().await;

    served.messages().submit(hello("k1")).await.expect("accepted");

    let page = listing.await.expect("no panic").expect("a page").into_inner();
    assert!(!page.incomplete, "{}", page.incomplete_why);
    assert!(served.view.applied().index > at);
    let told: Vec<(&str, &str)> =
        page.messages.iter().map(|message| (message.id.as_str(), message.revision.as_str())).collect();
    let list_at = page.freshness.expect("freshness").revision;
    let [(first, first_at), (second, second_at)] = told[..] else { panic!("{told:?}") };
    assert_eq!((first, second), (later.to_string().as_str(), earlier.to_string().as_str()));
    assert!(first_at > list_at.as_str(), "{first_at} {list_at}");
    assert_eq!(second_at, list_at);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_list_that_this_node_does_not_reach_is_not_told() {
    let there = There::new(Answers::Rows);
    let served = beside(&there).await;
    there.accept(1, served.view.revision().index + 100);

    let page = served.messages().list(list(10)).await.expect("a page").into_inner();

    assert_eq!((page.messages.len(), page.incomplete), (0, true));
    assert!(page.incomplete_why.contains("gw-b: its answer is of entry"), "{}", page.incomplete_why);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_among_too_many_to_be_looked_through_is_not_taken_for_the_one_meant() {
    let there = There::new(Answers::WithoutEnd);
    let served = beside(&there).await;
    let id = there.accept(1, served.view.revision().index).to_string();

    let short = served.messages().get(get(&id[..9])).await.expect_err("there may be others");
    let long = served.messages().get(get(&id[..20])).await.expect_err("there may be others");

    for (refused, fix) in [(short, "write more of the id"), (long, "write the whole id")] {
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "AMBIGUOUS"));
        assert!(refused.message().contains("among too many messages"), "{}", refused.message());
        assert_eq!(fact(&refused, "fix"), fix);
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_by_the_beginning_of_an_id_while_another_message_may_have_it() {
    let there = There::new(Answers::Refused);
    let served = beside(&there).await;
    let mut messages = served.messages();
    let id = messages.submit(hello("k1")).await.expect("accepted").into_inner().id;

    for refused in changes(&served, &id[..25]).await {
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "BEHIND"));
        assert!(refused.message().contains("another"), "{}", refused.message());
        assert!(refused.message().ends_with("nothing was changed"), "{}", refused.message());
        assert!(fact(&refused, "why").contains("gw-b: the node refused the call: busy"));
        assert!(fact(&refused, "fix").starts_with("write the whole id"), "{}", fact(&refused, "fix"));
    }
    let shown = messages.get(get(&id[..25])).await.expect("it is shown").into_inner().message;
    assert_eq!(shown.expect("a message").state(), v1::MessageState::Queued);
    let canceled = messages.cancel(v1::CancelMessageRequest { id }).await.expect("its whole id was named");
    assert_eq!(canceled.into_inner().message.expect("a message").state(), v1::MessageState::Canceled);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_of_an_id_is_asked_for_no_further_once_nobody_answered() {
    let there = There::new(Answers::Refused);
    let served = beside(&there).await;
    for batch in 0..3 {
        let messages = (0..500).map(|number| hello(&format!("{batch}-{number}"))).collect();
        served.messages().submit_batch(v1::SubmitBatchRequest { messages }).await.expect("accepted");
    }
    let one = served.view.read(|queue| queue.messages_after(None).next().map(|record| record.id.to_string()));

    let refused = served.messages().get(get(&one.expect("some")[..6])).await.expect_err("many begin so");

    assert_eq!(reason(&refused), "AMBIGUOUS");
    assert_eq!(there.asked(), 1, "memory has two pages of them");
    served.stop().await;
}

async fn changes(served: &Served, id: &str) -> [Status; 6] {
    let (mut messages, id) = (served.messages(), id.to_owned());
    let resolve = v1::ResolveMessageRequest { id: id.clone(), part: 0, verdict: v1::Verdict::Sent.into() };
    [
        messages.cancel(v1::CancelMessageRequest { id: id.clone() }).await.expect_err("cancel"),
        messages.retry(v1::RetryMessageRequest { id: id.clone() }).await.expect_err("retry"),
        messages.discard(v1::DiscardMessageRequest { id: id.clone() }).await.expect_err("discard"),
        messages.hold(v1::HoldMessageRequest { id: id.clone() }).await.expect_err("hold"),
        messages.release(v1::ReleaseMessageRequest { id }).await.expect_err("release"),
        messages.resolve(resolve).await.expect_err("resolve"),
    ]
}

fn get(id: &str) -> v1::GetMessageRequest {
    v1::GetMessageRequest { id: id.to_owned(), read: stale() }
}

fn list(page_size: u32) -> v1::ListMessagesRequest {
    v1::ListMessagesRequest { page_size, read: stale(), ..Default::default() }
}

fn stale() -> Option<v1::Read> {
    Some(v1::Read { level: v1::ReadLevel::Stale.into(), min_revision: String::new() })
}

/// A node that lacks its history, beside that one.
async fn beside(there: &Arc<There>) -> Served {
    let elsewhere =
        Elsewhere { begins: CancellationToken::new(), source: None, history: Some(there.clone()) };
    let served = Served::beside(elsewhere).await;
    // Something is applied.
    served.session(1).await;
    served
}

/// How the other node answers.
#[derive(Clone, Copy)]
enum Answers {
    /// From its state.
    Rows,
    /// The same, and after each page of a list there is one more.
    WithoutEnd,
    /// Not at all.
    Refused,
}

/// The other node.
struct There {
    answers: Answers,
    state: Mutex<(Queue, u64)>,
    asked: Mutex<usize>,
    was_asked: Notify,
}

impl There {
    fn new(answers: Answers) -> Arc<There> {
        let state = Mutex::new((Queue::new(Policy::default()), 0));
        Arc::new(There { answers, state, asked: Mutex::default(), was_asked: Notify::new() })
    }

    /// A message it accepts with this entry.
    fn accept(&self, number: u8, entry: u64) -> MessageId {
        let mut id = [number; 16];
        id[..6].copy_from_slice(&MOMENT_MS.to_be_bytes()[2..]);
        let id = MessageId::from_bytes(id);
        let (client, now) = (named("api"), Timestamp::from_unix_millis(MOMENT_MS));
        let (queue, applied) = &mut *self.state.lock().expect("no holder panics");
        let command = Command { client, now, body: call(id) };
        queue.apply(Position { index: entry, offset: 0 }, &command, &mut Vec::new());
        *applied = entry;
        id
    }

    fn asked(&self) -> usize {
        *self.asked.lock().expect("no holder panics")
    }

    /// Its messages, the newest first, and what it has applied.
    fn answer(&self, least: u64) -> Result<(Vec<Row>, u64), TransportError> {
        *self.asked.lock().expect("no holder panics") += 1;
        self.was_asked.notify_one();
        if matches!(self.answers, Answers::Refused) {
            return Err(TransportError::Refused("busy".to_owned()));
        }
        let (queue, applied) = &*self.state.lock().expect("no holder panics");
        let applied = least.max(*applied);
        let position = Position { index: applied, offset: 0 };
        let mut rows: Vec<Row> =
            queue.messages_after(None).map(|record| Row { record: record.clone(), position }).collect();
        rows.reverse();
        Ok((rows, applied))
    }
}

impl Others for There {
    fn members(&self) -> Vec<(NodeId, Member)> {
        vec![(NodeId(2), Member { name: named("gw-b"), peer: String::new(), api: String::new() })]
    }

    fn get_row(
        &self,
        _: NodeId,
        _: &Member,
        wanted: RowWanted,
        _: Duration,
    ) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        let answer = self.answer(wanted.applied).map(|(rows, applied)| {
            let row = rows.into_iter().find(|row| row.record.id == wanted.id);
            RowFound { row: row.map(|row| Bytes::from(row.encode())), applied }
        });
        async { answer }.boxed()
    }

    fn list_rows(
        &self,
        _: NodeId,
        _: &Member,
        wanted: RowsWanted,
        _: Duration,
    ) -> BoxFuture<'static, Result<RowsFound, TransportError>> {
        let answer = self.answer(wanted.applied).map(|(rows, applied)| {
            let rows = if wanted.cursor.is_some() { Vec::new() } else { rows };
            let rows = rows.into_iter().map(|row| Bytes::from(row.encode())).collect();
            // Each of these places is a little before the one before.
            let place =
                |_| format!("{:012x}{}", MOMENT_MS - self.asked() as u64, "0".repeat(26)).parse().ok();
            let next = Some(()).filter(|()| matches!(self.answers, Answers::WithoutEnd)).and_then(place);
            RowsFound { rows, next, applied }
        });
        async { answer }.boxed()
    }
}
