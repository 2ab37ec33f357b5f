//! Reads of a node whose own history is incomplete: another node answers them over a real connection, or they are refused.
//!
//! Its rows stay lost for as long as a test wants: the source they are rebuilt from never answers. The other node's store
//! is over the same applied state, and its peer port is served as a node serves it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::{MessageId, NodeId, PartOutcome};
use smsgrid::queue::{Body, Policy};
use smsgrid_node::history::{Kept, Others};
use smsgrid_node::identity::ClusterId;
use smsgrid_node::peer::{
    self, Belonging, Client, Desk, Forming, Founder, Founding, NotServed, RowFound, RowWanted, RowsFound,
    RowsWanted, Standing,
};
use smsgrid_node::raft::{Member, Options, TransportError};
use smsgrid_node::store::{Completeness, Row, Source, SourceError, Store};
use smsgrid_proto::v1;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::served::{Elsewhere, Served, named, reaches};
use super::{fact, hello, reason};

/// The other node.
const OTHER: NodeId = NodeId(2);
/// How many messages memory keeps once they have ended.
const RETAINED: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn while_rows_are_missing_another_node_tells_what_memory_has_let_go_of() {
    let there = There::default();
    let served = Served::beside(there.elsewhere(0)).await;
    there.open(&served).await;
    let sent = send(&served, &there).await;
    there.begins.cancel();
    served.history_is(Completeness::Rebuilding).await;
    let old = &sent[0];
    assert!(served.view.read(|queue| queue.message(id(old)).is_none()), "memory still has it");

    for level in [v1::ReadLevel::Linear, v1::ReadLevel::Stale] {
        let read = Some(v1::Read { level: level.into(), min_revision: String::new() });
        let got = served.messages().get(v1::GetMessageRequest { id: old.clone(), read: read.clone() }).await;
        let message = got.expect("another node has it").into_inner().message.expect("a message");
        assert_eq!((message.id.as_str(), message.state()), (old.as_str(), v1::MessageState::Sent));
        assert_eq!((message.attempts.len(), message.events.is_empty()), (1, false));
        let shortened = v1::GetMessageRequest { id: old[..25].to_owned(), read };
        assert!(served.messages().get(shortened).await.is_ok());
    }
    assert_eq!(all(&served, 2).await, sent.iter().rev().cloned().collect::<Vec<_>>());
    let nothing = v1::GetMessageRequest { id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(), read: None };
    assert_eq!(served.messages().get(nothing).await.expect_err("nobody has it").code(), Code::NotFound);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_to_ask_what_is_missing_is_said_and_what_has_not_ended_is_shown() {
    let there = There::default();
    let served = Served::beside(there.elsewhere(0)).await;
    let sent = send(&served, &there).await;
    there.begins.cancel();
    served.history_is(Completeness::Rebuilding).await;
    let waiting = served.messages().submit(hello("waits")).await.expect("accepted").into_inner().id;
    let get = |id: &str| v1::GetMessageRequest { id: id.to_owned(), read: None };

    for text in [&sent[0][..], &sent[0][..25]] {
        let refused = served.messages().get(get(text)).await.expect_err("nobody has it");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "BEHIND"));
        let why = fact(&refused, "why");
        assert!(
            why.starts_with("the history of this node is rebuilding; gw-b: the node cannot be reached"),
            "{why}"
        );
        assert!(fact(&refused, "fix").contains("look at the nodes named"), "{refused:?}");
    }
    for text in [&waiting[..], &waiting[..25]] {
        assert!(served.messages().get(get(text)).await.is_ok(), "it has not ended");
    }
    let page = served.messages().list(v1::ListMessagesRequest::default()).await.expect("a page").into_inner();
    assert_eq!((page.messages.len(), page.incomplete), (RETAINED + 1, true));
    assert!(page.incomplete_why.contains("gw-b: the node cannot be reached"), "{}", page.incomplete_why);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_that_has_applied_less_is_no_witness() {
    let there = There::default();
    let served = Served::beside(there.elsewhere(1000)).await;
    there.open(&served).await;
    let sent = send(&served, &there).await;
    there.begins.cancel();
    served.history_is(Completeness::Rebuilding).await;

    let get = v1::GetMessageRequest { id: sent[0].clone(), read: None };
    let refused = served.messages().get(get).await.expect_err("the answer would be too old");
    let page = served.messages().list(v1::ListMessagesRequest::default()).await.expect("a page").into_inner();

    assert_eq!(reason(&refused), "BEHIND");
    for why in [fact(&refused, "why"), page.incomplete_why] {
        assert!(why.contains("gw-b: the node refused the call: it is behind: it has applied entry"), "{why}");
    }
    served.stop().await;
}

/// Submits messages, sends them all, and lets memory keep the last only; their ids, the oldest first. The other node, if
/// it is there, writes each.
async fn send(served: &Served, there: &There) -> Vec<String> {
    let policy = Policy { retained_max: RETAINED as u32, ..Policy::default() };
    served.propose(Body::SetPolicy(policy)).await;
    let session = served.session(1).await;
    let registration = served.modem(session).await;
    let mut ids = Vec::new();
    for number in 1..=6 {
        let taken =
            served.messages().submit(hello(&format!("k{number}"))).await.expect("accepted").into_inner();
        served.ready(registration, number).await;
        let epoch = served.claim(&taken.id);
        served.start(epoch).await;
        served.outcome(epoch, PartOutcome::Sent { message_reference: 1, service_centre_time: None }).await;
        there.flush().await;
        ids.push(taken.id);
    }
    // Memory lets go of what is too much with the next command.
    served.ready(registration, 7).await;
    ids
}

async fn all(served: &Served, page_size: u32) -> Vec<String> {
    let mut request = v1::ListMessagesRequest { page_size, ..Default::default() };
    let mut ids = Vec::new();
    loop {
        let page = served.messages().list(request.clone()).await.expect("a page").into_inner();
        assert!(!page.incomplete, "{}", page.incomplete_why);
        ids.extend(page.messages.into_iter().map(|message| message.id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return ids;
        }
    }
}

fn id(text: &str) -> MessageId {
    text.parse().expect("an id")
}

/// The other node: nobody listens at its address until it is opened.
#[derive(Clone)]
struct There {
    cluster: ClusterId,
    folder: Arc<TempDir>,
    /// Cancelled, the node that lost its rows begins to rebuild them.
    begins: CancellationToken,
    /// Where nobody listens.
    closed: String,
    at: watch::Sender<Option<(String, Store)>>,
}

impl Default for There {
    fn default() -> There {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr());
        There {
            cluster: ClusterId::draw(),
            folder,
            begins: CancellationToken::new(),
            closed: closed.expect("a port").to_string(),
            at: watch::Sender::new(None),
        }
    }
}

impl There {
    fn elsewhere(&self, later: u64) -> Elsewhere {
        let client = Client::new(Belonging::of(self.cluster, super::served::NODE), None);
        Elsewhere {
            begins: self.begins.clone(),
            source: Some(Arc::new(Waiting)),
            history: Some(Arc::new(Asked { client, there: self.clone(), later })),
        }
    }

    /// Opens its store over the state of `served`, and its peer port.
    async fn open(&self, served: &Served) {
        let store = Store::open(self.folder.path(), Options::default().owner, served.view.clone());
        let store = store.expect("a store");
        let running = store.clone();
        tokio::spawn(async move { running.run(None, CancellationToken::new()).await });
        reaches(&store, Completeness::Complete).await;
        let desk = Desk::new(Arc::new(Formed));
        desk.serve_histories(Arc::new(Kept::new(store.clone())));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let belonging = Belonging::of(self.cluster, OTHER);
        tokio::spawn(peer::serve(listener, belonging, desk, pending()));
        self.at.send_replace(Some((address, store)));
    }

    /// Writes what is applied, once it is open.
    async fn flush(&self) {
        let at = self.at.borrow().clone();
        if let Some((_, store)) = at {
            assert!(store.flush_now().await, "its store is closed");
        }
    }

    fn member(&self) -> Member {
        let peer = self.at.borrow().as_ref().map_or(self.closed.clone(), |(address, _)| address.clone());
        Member { name: named("gw-b"), peer, api: String::new() }
    }
}

/// The source of rows that never answers: what is lost stays lost.
struct Waiting;

impl Source for Waiting {
    fn page(&self, _: Option<MessageId>, _: usize) -> BoxFuture<'_, Result<Vec<Row>, SourceError>> {
        pending().boxed()
    }
}

/// Asks the other node, for an entry this much later than the one that is wanted.
struct Asked {
    client: Client,
    there: There,
    later: u64,
}

impl Others for Asked {
    fn members(&self) -> Vec<(NodeId, Member)> {
        vec![(OTHER, self.there.member())]
    }

    fn get_row(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        let wanted = RowWanted { applied: wanted.applied + self.later, ..wanted };
        self.client.get_row(to, member, wanted, within)
    }

    fn list_rows(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowsWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowsFound, TransportError>> {
        let wanted = RowsWanted { applied: wanted.applied + self.later, ..wanted };
        self.client.list_rows(to, member, wanted, within)
    }
}

struct Formed;

impl Founding for Formed {
    fn probe(&self, _: Founder, _: &str) -> BoxFuture<'static, Result<Standing, NotServed>> {
        async { Err(NotServed("it has formed".to_owned())) }.boxed()
    }

    fn form(&self, _: Forming) -> BoxFuture<'static, Result<(), NotServed>> {
        async { Err(NotServed("it has formed".to_owned())) }.boxed()
    }
}
