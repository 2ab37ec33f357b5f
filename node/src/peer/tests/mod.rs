//! Calls between two nodes over real sockets.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, join_all};
use smsgrid::model::{MessageId, Name, NodeId, SessionId};
use smsgrid_proto::internal::CallRequest;
use smsgrid_proto::internal::peer_service_client::PeerServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

use super::*;
use crate::identity::ClusterId;
use crate::raft::{Call, Member, Transport, TransportError};

mod of_rows;
mod on_a_line;

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_call_is_answered_by_the_node_it_is_meant_for() {
    let pair = Pair::start().await;

    let answer = pair.call(Call::Propose, b"commands").await;

    assert_eq!(answer, Ok(Bytes::from_static(b"1 Propose commands")));
}

#[tokio::test]
async fn a_node_of_another_cluster_is_refused() {
    let pair = Pair::start().await;
    let stranger = Client::new(Belonging::of(ClusterId::draw(), A), None);

    let refused = stranger.call(B, &pair.member, Call::Vote, Bytes::new(), SOON).await;

    says(refused, "refused the call: the caller is of cluster");
    assert_eq!(pair.served(), 0);
}

#[tokio::test]
async fn a_call_for_another_node_at_this_address_is_refused() {
    let pair = Pair::start().await;

    let refused = pair.client.call(NodeId(3), &pair.member, Call::Vote, Bytes::new(), SOON).await;

    says(refused, "refused the call: the call is for node 3, this is node 2");
    assert_eq!(pair.served(), 0);
}

#[tokio::test]
async fn a_caller_without_a_cluster_is_served_founding_alone() {
    let pair = Pair::start().await;
    let stranger = Client::new(Belonging::none(), None);

    says(
        stranger.call(B, &pair.member, Call::Vote, Bytes::new(), SOON).await,
        "cannot be reached: this node has no cluster yet",
    );
    let standing = stranger.probe(&pair.member.peer, &founder("gw-c"), "gw-b", SOON).await;
    assert_eq!(standing.map(|standing| standing.stage), Ok(Stage::Empty));
    says(
        stranger.probe(&pair.member.peer, &founder("gw-c"), "gw-x", SOON).await,
        "refused the call: this is gw-b, not gw-x",
    );
}

#[tokio::test]
async fn what_a_starting_node_does_not_serve_yet_was_certainly_not_done() {
    let server = Server::start(|_| {}).await;
    let client = Client::new(Belonging::of(server.cluster, A), None);
    let member = member(server.address);

    says(
        client.call(B, &member, Call::Propose, Bytes::new(), SOON).await,
        "does not serve its consensus yet",
    );
    says(client.renew(B, &member, SessionId(1), SOON).await, "does not serve leases yet");
    says(client.history(B, &member, None, 1, SOON).await, "does not serve its history yet");
}

#[tokio::test]
async fn a_renewal_and_a_page_of_history_come_back_whole() {
    let pair = Pair::start().await;

    let renewals = [SessionId(7), SessionId(8), SessionId(9)]
        .map(|session| pair.client.renew(B, &pair.member, session, SOON));
    let after = MessageId::from_bytes([5; 16]);
    let page = pair.client.history(B, &pair.member, Some(after), 3, SOON).await;

    let led_by = |leader| Ok(Renewal::NotLeader { leader });
    let renewed = Ok(Renewal::Renewed { length: Some(Duration::from_millis(2500)) });
    assert_eq!(join_all(renewals).await, [renewed, Ok(Renewal::Ended), led_by(Some(NodeId(3)))]);
    let row = Bytes::from(format!("{after} 3"));
    assert_eq!(page, Ok(HistoryPage { rows: vec![row], more: true }));
}

#[tokio::test]
async fn a_peer_that_accepts_and_says_nothing_costs_no_more_than_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = Client::new(Belonging::of(ClusterId::draw(), A), None);
    let member = member(silent.local_addr().expect("its address"));
    let begun = Instant::now();

    let answer = client.call(B, &member, Call::Propose, Bytes::new(), Duration::from_millis(200)).await;

    // HTTP/2 lets a caller write before the peer has said anything, so the request has left.
    says(answer, "no answer within 200ms");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_node_that_takes_a_call_and_dies_may_have_done_it() {
    let pair = Pair::start().await;
    let under_way = pair.call(Call::TransferLeader, b"");
    let killed = async {
        pair.wait_served(1).await;
        pair.server.kill();
    };

    let (answer, ()) = tokio::join!(under_way, killed);

    assert!(matches!(answer, Err(TransportError::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn nobody_at_the_address_means_not_delivered() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("its address")
    };
    let client = Client::new(Belonging::of(ClusterId::draw(), A), None);

    let calls = join_all((0..64).map(|_| client.call(B, &member(closed), Call::Vote, Bytes::new(), SOON)));

    let answers = timeout(SOON, calls).await.expect("none waits for the others");
    for answer in answers {
        assert!(matches!(answer, Err(TransportError::Unreachable(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_message_too_large_is_refused_on_both_sides() {
    let pair = Pair::start().await;
    let whole = vec![0; 16 << 20];

    says(pair.call(Call::AppendEntries, &whole).await, "16777216 octets are more than a call may have");
    let largest = pair.call(Call::AppendEntries, &whole[..(16 << 20) - 64]).await;
    assert_eq!(largest.map(|answer| answer.len()), Ok("1 AppendEntries ".len() + (16 << 20) - 64));
    let beyond = pair.unbounded_call(vec![0; (16 << 20) + 1]).await;
    assert_eq!(beyond, tonic::Code::OutOfRange);
    assert_eq!(pair.served(), 1);
}

#[tokio::test]
async fn a_caller_of_another_version_is_refused_with_both_versions() {
    let pair = Pair::start().await;

    let (code, why) = pair.call_with("smsgrid-protocol", "3").await;

    assert_eq!(code, tonic::Code::FailedPrecondition);
    assert_eq!(why, "the caller speaks protocol 3, this node 2");
    assert_eq!(pair.served(), 0);
}

#[tokio::test]
async fn a_server_that_was_started_again_on_its_port_is_found_again() {
    let pair = Pair::start().await;
    let (address, cluster) = (pair.server.address, pair.server.cluster);
    assert!(pair.call(Call::Vote, b"1").await.is_ok());
    pair.server.kill();

    let again = Server::on(address, cluster, serves_all(&pair.echo)).await;
    let answer = timeout(SOON, async {
        loop {
            // The first calls may meet the connection that was there before.
            if let Ok(answer) = pair.call(Call::Vote, b"2").await {
                return answer;
            }
        }
    });

    assert_eq!(answer.await.expect("found again"), Bytes::from_static(b"1 Vote 2"));
    drop(again);
}

#[tokio::test]
async fn a_connection_that_was_cut_is_made_anew() {
    let (pair, proxy) = Pair::behind_a_proxy().await;
    assert!(pair.call(Call::Vote, b"").await.is_ok());

    proxy.order(Order::Cut);
    let second = timeout(SOON, async {
        // Until the cut is seen a call is lost on the way, and is told as such.
        loop {
            match pair.call(Call::Vote, b"").await {
                Ok(answer) => return answer,
                Err(TransportError::Broken(_)) => {}
                Err(failure @ (TransportError::Unreachable(_) | TransportError::Refused(_))) => {
                    panic!("{failure}")
                }
            }
        }
    });

    assert!(second.await.is_ok());
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn a_connection_that_fell_silent_is_given_up_before_the_deadline() {
    let (pair, proxy) = Pair::behind_a_proxy().await;
    assert!(pair.call(Call::Vote, b"").await.is_ok());

    proxy.order(Order::Freeze);
    let lost = pair.client.call(B, &pair.member, Call::Vote, Bytes::new(), Duration::from_secs(60));

    let lost = timeout(SOON, lost).await.expect("its keep-alive ends it");
    assert!(matches!(lost, Err(TransportError::Broken(_))), "{lost:?}");
    assert!(pair.call(Call::Vote, b"").await.is_ok(), "the next connection passes");
}

#[tokio::test]
async fn a_member_that_moved_is_called_where_it_is_now() {
    let pair = Pair::start().await;
    assert!(pair.call(Call::Vote, b"").await.is_ok());
    let moved = Server::new(pair.server.cluster, serves_all(&pair.echo)).await;

    let answer =
        pair.client.call(B, &member(moved.address), Call::Vote, Bytes::from_static(b"x"), SOON).await;

    assert_eq!(answer, Ok(Bytes::from_static(b"1 Vote x")));
}

#[tokio::test]
async fn more_calls_than_are_served_at_once_wait_for_their_turn() {
    let pair = Pair::start().await;

    let calls = (0..1000).map(|number: u32| {
        let pair = &pair;
        async move { pair.call(Call::Propose, number.to_string().as_bytes()).await }
    });
    let answers = timeout(SOON * 3, join_all(calls)).await.expect("all are answered");

    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Ok(Bytes::from(format!("1 Propose {number}"))));
    }
}

#[tokio::test]
async fn a_caller_that_speaks_no_http2_is_hung_up_on() {
    let server = Server::start(|_| {}).await;
    let mut caller = TcpStream::connect(server.address).await.expect("connects");

    caller.write_all(&[0xFF; 256]).await.expect("written");

    let mut octets = Vec::new();
    let ended = timeout(SOON, caller.read_to_end(&mut octets)).await;
    assert!(ended.is_ok(), "the server keeps the connection");
}

// What stands on both sides.

/// Node 1 as the caller, node 2 as the called.
struct Pair {
    client: Client,
    member: Member,
    server: Server,
    echo: Arc<Echo>,
}

impl Pair {
    async fn start() -> Pair {
        let echo = Arc::new(Echo::default());
        let server = Server::start(serves_all(&echo)).await;
        let client = Client::new(Belonging::of(server.cluster, A), None);
        Pair { client, member: member(server.address), server, echo }
    }

    async fn behind_a_proxy() -> (Pair, Proxy) {
        let mut pair = Pair::start().await;
        let proxy = Proxy::start(pair.server.address).await;
        pair.member = member(proxy.address);
        (pair, proxy)
    }

    async fn call(&self, call: Call, body: &[u8]) -> Result<Bytes, TransportError> {
        self.client.call(B, &self.member, call, Bytes::copy_from_slice(body), SOON).await
    }

    fn served(&self) -> usize {
        self.echo.served.load(Ordering::SeqCst)
    }

    async fn wait_served(&self, calls: usize) {
        let served = async {
            while self.served() < calls {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, served).await.expect("it is served");
    }

    /// A call past the bounds of the client: what the server says to it.
    async fn unbounded_call(&self, body: Vec<u8>) -> tonic::Code {
        let request = CallRequest { call: 1, body: body.into() };
        let belonging = Belonging::of(self.server.cluster, A);
        let mut service = self.raw();
        let answer = service.call(belonging.stamp(B, request).expect("it has a cluster")).await;
        answer.expect_err("it is too large").code()
    }

    /// A call with one key of its metadata changed: what the server says to it.
    async fn call_with(&self, key: &'static str, value: &'static str) -> (tonic::Code, String) {
        let request = CallRequest::default();
        let belonging = Belonging::of(self.server.cluster, A);
        let mut request = belonging.stamp(B, request).expect("it has a cluster");
        request.metadata_mut().insert(key, value.parse().expect("ASCII"));
        let refused = self.raw().call(request).await.expect_err("it is refused");
        (refused.code(), refused.message().to_owned())
    }

    fn raw(&self) -> PeerServiceClient<link::Link> {
        let link = link::Link::new(&self.member.peer, None, false);
        let origin = format!("http://{}", self.member.peer).parse().expect("a URI");
        PeerServiceClient::with_origin(link, origin)
    }
}

/// A killed runtime lets its port go a moment later.
async fn listen(address: SocketAddr) -> TcpListener {
    let bound = timeout(SOON, async {
        loop {
            if let Ok(listener) = TcpListener::bind(address).await {
                return listener;
            }
            tokio::task::yield_now().await;
        }
    });
    bound.await.expect("a port")
}

/// A node that answers, on a runtime of its own: ended like a process that is killed, it leaves no connection behind.
struct Server {
    address: SocketAddr,
    cluster: ClusterId,
    runtime: Mutex<Option<Runtime>>,
}

impl Server {
    async fn start(equip: impl FnOnce(&Desk)) -> Server {
        Server::new(ClusterId::draw(), equip).await
    }

    async fn new(cluster: ClusterId, equip: impl FnOnce(&Desk)) -> Server {
        Server::on("127.0.0.1:0".parse().expect("an address"), cluster, equip).await
    }

    async fn on(address: SocketAddr, cluster: ClusterId, equip: impl FnOnce(&Desk)) -> Server {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let desk = Desk::new(Arc::new(GwB));
        equip(&desk);
        let belonging = Belonging::of(cluster, B);
        let (told, bound) = oneshot::channel();
        runtime.spawn(async move {
            let listener = listen(address).await;
            told.send(listener.local_addr().expect("its address")).expect("somebody waits");
            serve(listener, belonging, desk, pending()).await.expect("served");
        });
        let address = bound.await.expect("it is bound");
        Server { address, cluster, runtime: Mutex::new(Some(runtime)) }
    }

    fn kill(&self) {
        let runtime = self.runtime.lock().expect("whole").take();
        runtime.into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Answers with who called what, and never to a call that hands leadership over.
#[derive(Default)]
struct Echo {
    served: AtomicUsize,
}

impl Calls for Echo {
    fn call(&self, from: NodeId, call: Call, body: Bytes) -> BoxFuture<'static, Result<Bytes, NotServed>> {
        self.served.fetch_add(1, Ordering::SeqCst);
        let answer = [format!("{from} {call:?} ").as_bytes(), body.as_ref()].concat();
        async move {
            if call == Call::TransferLeader {
                pending::<()>().await;
            }
            Ok(answer.into())
        }
        .boxed()
    }
}

struct Leases;

impl Renewals for Leases {
    fn renew(&self, from: NodeId, session: SessionId) -> BoxFuture<'static, Result<Renewal, NotServed>> {
        assert_eq!(from, A);
        let renewal = match session.0 {
            7 => Renewal::Renewed { length: Some(Duration::from_millis(2500)) },
            8 => Renewal::Ended,
            _ => Renewal::NotLeader { leader: Some(NodeId(3)) },
        };
        async move { Ok(renewal) }.boxed()
    }
}

struct Rows;

impl Histories for Rows {
    fn history(
        &self,
        after: Option<MessageId>,
        limit: u32,
    ) -> BoxFuture<'static, Result<HistoryPage, NotServed>> {
        let row = Bytes::from(format!("{} {limit}", after.expect("a message")));
        async move { Ok(HistoryPage { rows: vec![row], more: true }) }.boxed()
    }

    fn get_row(&self, wanted: RowWanted) -> BoxFuture<'static, Result<RowFound, NotServed>> {
        let row = Some(Bytes::from(format!("{wanted:?}")));
        async move { Ok(RowFound { row, applied: wanted.applied }) }.boxed()
    }

    fn list_rows(&self, wanted: RowsWanted) -> BoxFuture<'static, Result<RowsFound, NotServed>> {
        let rows = vec![Bytes::from(format!("{wanted:?}"))];
        async move { Ok(RowsFound { rows, next: None, applied: wanted.applied }) }.boxed()
    }
}

struct GwB;

impl Founding for GwB {
    fn probe(&self, _: Founder, to: &str) -> BoxFuture<'static, Result<Standing, NotServed>> {
        let answer = match to {
            "gw-b" => {
                Ok(Standing { from: founder("gw-b"), stage: Stage::Empty, knows_caller: false, life: 1 })
            }
            other => Err(NotServed(format!("this is gw-b, not {other}"))),
        };
        async move { answer }.boxed()
    }

    fn form(&self, _: Forming) -> BoxFuture<'static, Result<(), NotServed>> {
        async { Err(NotServed("not by this test".to_owned())) }.boxed()
    }
}

fn serves_all(echo: &Arc<Echo>) -> impl FnOnce(&Desk) {
    let echo = echo.clone();
    move |desk| {
        desk.serve_calls(echo);
        desk.serve_renewals(Arc::new(Leases));
        desk.serve_histories(Arc::new(Rows));
    }
}

fn founder(own: &str) -> Founder {
    let name = |text| Name::new(text).expect("a name");
    Founder { name: name(own), cluster_name: name("prod-sms"), members: [7; 32] }
}

fn member(address: SocketAddr) -> Member {
    Member { name: Name::new("gw-b").expect("a name"), peer: address.to_string(), api: String::new() }
}

/// That the call failed, in these words.
fn says<T: std::fmt::Debug>(answer: Result<T, TransportError>, words: &str) {
    let told = answer.expect_err("it fails").to_string();
    assert!(told.contains(words), "{told}");
}

/// Passes octets on until it is frozen or cut.
struct Proxy {
    address: SocketAddr,
    order: watch::Sender<Order>,
    accepted: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Pass,
    Freeze,
    Cut,
}

impl Proxy {
    async fn start(to: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (order, orders) = watch::channel(Order::Pass);
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let called = TcpStream::connect(to).await.expect("connects");
                let mut orders = orders.clone();
                // What was ordered before does not concern this connection.
                orders.mark_unchanged();
                tokio::spawn(pass(caller, called, orders));
            }
        });
        Proxy { address, order, accepted }
    }

    fn order(&self, order: Order) {
        self.order.send_replace(order);
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn pass(mut caller: TcpStream, mut called: TcpStream, mut orders: watch::Receiver<Order>) {
    tokio::select! {
        _ = copy_bidirectional(&mut caller, &mut called) => {}
        _ = orders.changed() => {}
    }
    if *orders.borrow() == Order::Freeze {
        // Both connections stay open and nothing passes.
        pending::<()>().await;
    }
}
