//! Opening what a node keeps on disk: each step refuses before the next touches anything.

use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::log::{Known, Owner, Place, SEGMENT_OCTETS};
use smsgrid::queue::{Policy, Queue};
use tokio::net::TcpListener;

use super::found::{self, Founded};
use super::peers::Served;
use super::{Addresses, Listeners, listed, listen};
use crate::clock::Clock;
use crate::cluster::{FormationError, SessionError};
use crate::config::{self, Config};
use crate::identity::{ClusterId, DataDir, Identity, IdentityError};
use crate::machine::{Consensus, Proposer, View};
use crate::modem::OutcomesError;
use crate::outbox::{Outbox, OutboxError};
use crate::raft::{self, Alone, InitialiseError, OpenError, Options, SegmentLog, Settings, Transport};
use crate::tasks::Tasks;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A listener cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No runtime can be had for it.
    #[error("the node cannot be run")]
    Runtime(#[source] std::io::Error),
    /// The node does not become a member of its cluster.
    #[error(transparent)]
    Formation(#[from] FormationError),
    /// The cluster has formed, and this node has nothing of its log.
    #[error("the log is empty though the cluster has formed")]
    LogLost,
    /// The log cannot be opened.
    #[error("the log in {path} cannot be opened")]
    Log {
        /// Its directory.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The log cannot be replayed.
    #[error("the log cannot be replayed")]
    Replay(#[from] raft::StartError),
    /// The log cannot be begun.
    #[error("the log cannot be begun")]
    Begin(#[from] InitialiseError),
    /// The outbox cannot be opened.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The outbox cannot be read.
    #[error(transparent)]
    Outcomes(#[from] OutcomesError),
    /// No session could be registered.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] crate::store::OpenError),
    /// A simulated modem cannot be started.
    #[error("modem {modem} cannot be simulated")]
    Simulator {
        /// The modem.
        modem: smsgrid::model::Name,
        /// Why.
        #[source]
        failure: crate::sim::SimError,
    },
    /// A program of the operator cannot be run.
    #[error(transparent)]
    Handlers(#[from] crate::handlers::HandlersError),
    /// A spool folder cannot be used.
    #[error(transparent)]
    Folder(#[from] crate::spool::FolderError),
    /// A list of numbers cannot be read.
    #[error(transparent)]
    NumberList(#[from] super::spool::ListFault),
    /// The spool journal cannot be opened.
    #[error(transparent)]
    SpoolJournal(#[from] crate::spool::OpenError),
    /// The process stops.
    #[error("starting was abandoned")]
    Abandoned,
}

/// Everything a node keeps on disk, open and replayed.
pub(super) struct Opened {
    pub(super) data_dir: Arc<Mutex<DataDir>>,
    pub(super) identity: Identity,
    pub(super) owner: Owner,
    pub(super) founded: Founded,
    pub(super) addresses: Addresses,
    pub(super) proposer: Proposer,
    pub(super) view: View,
    pub(super) consensus: Consensus,
    pub(super) log: SegmentLog,
    pub(super) outbox: Outbox,
}

pub(super) async fn open(
    config: &Config,
    clock: &Clock,
    listeners: Listeners,
    tasks: &Tasks,
) -> Result<(Opened, TcpListener), StartError> {
    let bound = listen::bind(config, listeners).await?;
    let founders = found::founders(config, &bound.addresses);
    let (path, own) = (config.node.data_dir.clone(), founders.clone());
    let data_dir = blocking(move || Ok(DataDir::open(&path, &own)?)).await?;
    let data_dir = Arc::new(Mutex::new(data_dir));
    let founded = found::found(config, founders, data_dir.clone(), bound.peer, tasks).await?;

    let directory = data_dir.clone();
    let (identity, log, outbox) = blocking(move || logs(&directory)).await?;
    let owner = owner(&identity);
    let transport: Arc<dyn Transport> = match &founded.client {
        Some(client) => Arc::new(client.clone()),
        None => Arc::new(Alone),
    };
    let start = raft::Start {
        node: identity.node,
        start: identity.start,
        log: log.clone(),
        snapshots: config.node.data_dir.join("snap"),
        transport,
        clock: calendar(clock),
        settings: settings(&config.raft),
        tasks: tasks.clone(),
    };
    let (proposer, view, consensus) = raft::start(start, Queue::new(Policy::default())).await?;
    founded.desk.serve_calls(Arc::new(Served(consensus.clone())));
    founded.begin(&consensus, tasks).await?;
    if config.cluster.is_some() {
        listed::tell(&founded.listed, &consensus.members());
    }
    let opened = Opened {
        data_dir,
        identity,
        owner,
        founded,
        addresses: bound.addresses,
        proposer,
        view,
        consensus,
        log,
        outbox,
    };
    Ok((opened, bound.api))
}

/// Opens the message log and the outbox of `data_dir`.
fn logs(data_dir: &Mutex<DataDir>) -> Result<(Identity, SegmentLog, Outbox), StartError> {
    let mut data_dir = data_dir.lock().unwrap_or_else(PoisonError::into_inner);
    let owner = owner(data_dir.identity());
    let options = Options { owner, segment_octets: SEGMENT_OCTETS, known: known(data_dir.identity()) };
    let folder = data_dir.path().join("log");
    let log =
        SegmentLog::open(&folder, &options).map_err(|source| StartError::Log { path: folder, source })?;
    data_dir.log_is_there()?;
    let outbox = Outbox::open(&data_dir.path().join("outbox"), owner)?;
    Ok((data_dir.identity().clone(), log, outbox))
}

/// Does what waits for the disk on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StartError> + Send + 'static,
) -> Result<T, StartError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StartError::Abandoned)?
}

fn calendar(clock: &Clock) -> raft::Clock {
    let clock = clock.clone();
    Arc::new(move || clock.utc())
}

fn settings(config: &config::Raft) -> Settings {
    let config::Raft { heartbeat, election_min, election_max } = *config;
    Settings { heartbeat, election_min, election_max, ..Settings::default() }
}

fn owner(identity: &Identity) -> Owner {
    let cluster = identity.phase.cluster().map(ClusterId::octets).unwrap_or_default();
    Owner { cluster, node: identity.node.0.to_be_bytes() }
}

/// What is known of the log before it is opened: once it was there, its first segment is.
fn known(identity: &Identity) -> Known {
    let floor = identity.log_begun.then_some(Place { segment: 1, octet: 0 });
    Known { floor: floor.unwrap_or_default(), ..Known::default() }
}
