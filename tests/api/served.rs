//! One node's API on a port of its own, over a real log and real consensus, without modems: what a modem would say is
//! proposed by the test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use smsgrid::model::{
    Attempt, Epoch, Imei, Imsi, MessageId, ModemIdentity, Name, NodeId, OpenNumber, PartNumber, PartOutcome,
    ReadyNumber, RegistrationId, SessionId, StartNumber, Timestamp,
};
use smsgrid::queue::{Body, Command, Policy, Queue, RegisterReply, Reply, SessionReply};
use smsgrid_node::api::{self, Context, Metrics, Modems, NoModems, ServeError};
use smsgrid_node::clock::Clock;
use smsgrid_node::history::{History, Others};
use smsgrid_node::machine::{Consensus, Proposer, View};
use smsgrid_node::raft::{self, Alone, Member, Options, SegmentLog, Settings};
use smsgrid_node::store::{Completeness, Source, Store};
use smsgrid_node::submit::Submitter;
use smsgrid_node::tasks::Tasks;
use smsgrid_proto::v1::cluster_service_client::ClusterServiceClient;
use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use smsgrid_proto::v1::modem_service_client::ModemServiceClient;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use super::PATIENCE;

/// The node that is served.
pub(crate) const NODE: NodeId = NodeId(1);
/// The modem the tests speak for.
pub(crate) const MODEM: &str = "GSM1";

/// Where the history is besides this node.
pub(crate) struct Elsewhere {
    /// Cancelled, this node begins to write its own; what has left memory before is lost here.
    pub(crate) begins: CancellationToken,
    /// Where lost rows are fetched from.
    pub(crate) source: Option<Arc<dyn Source>>,
    /// Who is asked meanwhile.
    pub(crate) history: Option<Arc<dyn Others>>,
}

impl Default for Elsewhere {
    /// Nowhere: this node has all of it from the start.
    fn default() -> Elsewhere {
        let begins = CancellationToken::new();
        begins.cancel();
        Elsewhere { begins, source: None, history: None }
    }
}

/// A served API.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) channel: Channel,
    pub(crate) proposer: Proposer,
    pub(crate) view: View,
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    pub(crate) draining: CancellationToken,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<Result<(), ServeError>>,
    consensus: Consensus,
    tasks: Tasks,
    _folder: TempDir,
}

impl Served {
    /// A cluster of one.
    pub(crate) async fn alone() -> Served {
        Served::showing(NoModems).await
    }

    /// A cluster of one, whose modems say this of themselves.
    pub(crate) async fn showing(modems: impl Modems) -> Served {
        Served::with_members(&["gw-a"], modems, Elsewhere::default()).await
    }

    /// A cluster of one that takes others for its peers where its history is concerned.
    pub(crate) async fn beside(others: Elsewhere) -> Served {
        Served::with_members(&["gw-a"], NoModems, others).await
    }

    /// One node of three; the others are not there.
    pub(crate) async fn without_majority() -> Served {
        Served::with_members(&["gw-a", "gw-b", "gw-c"], NoModems, Elsewhere::default()).await
    }

    async fn with_members(names: &[&str], modems: impl Modems, others: Elsewhere) -> Served {
        let folder = TempDir::new().expect("a folder");
        let tasks = Tasks::new();
        let log = SegmentLog::open(&folder.path().join("log"), &Options::default()).expect("a log");
        let clock = Clock::system();
        let calendar = clock.clone();
        let start = raft::Start {
            node: NODE,
            start: StartNumber(1),
            log,
            snapshots: folder.path().join("snap"),
            transport: Arc::new(Alone),
            clock: Arc::new(move || calendar.utc()),
            settings: Settings::default(),
            tasks: tasks.clone(),
        };
        let (proposer, view, consensus) =
            raft::start(start, Queue::new(Policy::default())).await.expect("consensus starts");
        let members = (1..).zip(names).map(|(id, name)| {
            let peer = if names.len() > 1 { format!("127.0.0.1:{id}") } else { String::new() };
            (NodeId(id), Member { name: named(name), peer, api: String::new() })
        });
        consensus.initialise(members.collect()).await.expect("a first membership");
        let store = open_store(&folder.path().join("store"), &view, &others, &tasks);
        let context = Context {
            node: NODE,
            name: named("gw-a"),
            cluster: "test".to_owned(),
            cluster_id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            view: view.clone(),
            proposer: proposer.clone(),
            submitter: Submitter::new(proposer.clone(), 10),
            consensus: consensus.clone(),
            history: History::new(store.clone(), others.history),
            store: store.clone(),
            started: clock.utc(),
            clock,
            modems: Arc::new(modems),
            draining: CancellationToken::new(),
            metrics: Metrics::new(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let metrics = context.metrics.clone();
        let (draining, shutdown) = (context.draining.clone(), CancellationToken::new());
        let serving = tokio::spawn(api::serve(listener, context, shutdown.clone()));
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let channel = endpoint.timeout(PATIENCE).connect_lazy();
        let _folder = folder;
        Served {
            address,
            channel,
            proposer,
            view,
            store,
            metrics,
            draining,
            shutdown,
            serving,
            consensus,
            tasks,
            _folder,
        }
    }

    pub(crate) fn messages(&self) -> MessageServiceClient<Channel> {
        MessageServiceClient::new(self.channel.clone())
    }

    pub(crate) fn modems(&self) -> ModemServiceClient<Channel> {
        ModemServiceClient::new(self.channel.clone())
    }

    pub(crate) fn cluster(&self) -> ClusterServiceClient<Channel> {
        ClusterServiceClient::new(self.channel.clone())
    }

    /// Proposes what the rest of a node would.
    pub(crate) async fn propose(&self, body: Body) -> Reply {
        let command = Command { client: named("gw-a"), now: Timestamp::ZERO, body };
        self.proposer.propose(command, PATIENCE).await.expect("a reply")
    }

    /// A session of the node.
    pub(crate) async fn session(&self, start: u64) -> SessionId {
        let reply = self.propose(Body::RegisterSession { node: NODE, start: StartNumber(start) }).await;
        let Reply::Session(SessionReply::Registered(session)) = reply else {
            panic!("no session: {reply:?}")
        };
        session
    }

    /// A modem under a session, not ready yet.
    pub(crate) async fn modem(&self, session: SessionId) -> RegistrationId {
        let identity = ModemIdentity {
            imei: Imei::new("490154203237518").expect("digits"),
            imsi: Imsi::new("262011234567890").expect("digits"),
        };
        let body = Body::RegisterModem {
            session,
            open: OpenNumber(1),
            identity,
            name: named(MODEM),
            carries: Default::default(),
            prefers: Vec::new(),
        };
        let reply = self.propose(body).await;
        let Reply::Modem(RegisterReply::Registered(registration)) = reply else {
            panic!("no modem: {reply:?}")
        };
        registration
    }

    /// The modem is free.
    pub(crate) async fn ready(&self, registration: RegistrationId, seq: u64) {
        self.propose(Body::Ready { registration, seq: ReadyNumber(seq) }).await;
    }

    /// The claim on a message.
    pub(crate) fn claim(&self, id: &str) -> Epoch {
        let id: MessageId = id.parse().expect("an id");
        self.view.read(|queue| queue.message(id).and_then(|record| record.claim)).expect("a claim")
    }

    /// The first part goes on the air.
    pub(crate) async fn start(&self, epoch: Epoch) {
        self.propose(Body::Start { attempt: first(epoch) }).await;
    }

    /// What became of it.
    pub(crate) async fn outcome(&self, epoch: Epoch, outcome: PartOutcome) {
        self.propose(Body::Outcome { attempt: first(epoch), outcome, next: None, rearm: None }).await;
    }

    /// Waits until the store says so of itself.
    pub(crate) async fn history_is(&self, wanted: Completeness) {
        reaches(&self.store, wanted).await;
    }

    /// Stops everything in order.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.serving).await.expect("ends").expect("no panic").expect("well");
        self.tasks.drain(PATIENCE).await;
        self.consensus.shutdown().await;
    }
}

/// The node's store, which runs from when it is to begin.
fn open_store(folder: &Path, view: &View, others: &Elsewhere, tasks: &Tasks) -> Store {
    let store = Store::open(folder, Options::default().owner, view.clone()).expect("a store");
    let (running, source, begins) = (store.clone(), others.source.clone(), others.begins.clone());
    tasks.spawn("store", |cancel| async move {
        cancel.run_until_cancelled(begins.cancelled()).await;
        running.run(source, cancel).await;
        Ok(())
    });
    store
}

/// Waits until a store says so of itself.
pub(crate) async fn reaches(store: &Store, wanted: Completeness) {
    let mut changes = store.completeness_changes();
    let reached = tokio::time::timeout(PATIENCE, changes.wait_for(|told| *told == wanted)).await;
    reached.expect("it takes too long").expect("the store lives");
}

pub(crate) fn named(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn first(epoch: Epoch) -> Attempt {
    Attempt { epoch, part: PartNumber::FIRST }
}
