//! One node: what it opens, in which order, and how it stops.
//!
//! ```text
//! start  listeners ─▶ data directory, identity ─▶ log, consensus ─▶ API ─▶ spool folders
//!                                                      │ a majority, as long as it takes
//!                                                      ▼
//!                                   outbox told to the log ─▶ session ─▶ spool and modems work
//! drain  not ready ─▶ no new files ─▶ modems: parts of started messages end ─▶ results filed ─▶ session ended
//!        ─▶ leadership handed over ─▶ outbox ─▶ everything else
//! ```

mod apart;
mod begin;
mod death;
mod doubts;
mod drain;
mod found;
mod handlers;
mod heir;
mod intake;
mod listed;
mod listen;
mod membership;
mod modems;
mod open;
mod peers;
mod profile;
mod reload;
mod serve;
mod spool;
mod waiters;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use smsgrid::model::NodeId;
use smsgrid::worker::handlers::Alarm;
use smsgrid::worker::intake::Gone;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::administrator::Administrator;
use crate::api::Metrics;
use crate::clock::Clock;
use crate::cluster::SessionKeeper;
use crate::config::Config;
use crate::handlers::Installed;
use crate::history::Kept;
use crate::machine::{Consensus, View};
use crate::modem::{Board, Breaks, Outcomes, Places, Questions, Shared, SuspendFile, Suspended, Wakers};
use crate::raft::{self, SegmentLog};
use crate::submit::Submitter;
use crate::tasks::{Tasks, UnexpectedEnd};
use apart::{Apart, Sockets};
use begin::{Beginning, Begun};
use handlers::HandlerTasks;
use heir::HeirTask;
use intake::{Around, Intake};
use membership::Membership;
use modems::ModemTasks;
use peers::Renewed;
use reload::Working;
use waiters::Waiters;

pub use modems::Differences;
pub use open::StartError;
pub use reload::Taken;
pub(crate) use spool::list_faults;

/// How long an alarm handler is waited for before the node stops.
const LAST_ALARM_WITHIN: Duration = Duration::from_secs(20);
/// How long a node lets the one before it go first to a modem that both reach.
const TURN: Duration = Duration::from_secs(2);
/// Most turns that are waited for.
const TURNS_MAX: u32 = 8;

/// A running node.
pub struct Node {
    id: NodeId,
    drain_timeout: Duration,
    /// What a reload replaces.
    working: Mutex<Working>,
    tasks: Tasks,
    intake: Tasks,
    /// Cancelled, it ends the taking of new files.
    closing: CancellationToken,
    /// Cancelled, it tells whoever asks that the node is not ready any more.
    draining: CancellationToken,
    modems: Tasks,
    /// The programs of the operator.
    handlers: Installed,
    submitter: Submitter,
    /// Keeps the session.
    session: Tasks,
    /// Shows the node to clients.
    shown: Tasks,
    keeper: Arc<SessionKeeper>,
    is_alone: bool,
    view: View,
    consensus: Consensus,
    outcomes: Outcomes,
    /// Counts how often a round was wanted of the suspended modems.
    breaks: watch::Sender<u64>,
    log: SegmentLog,
    board: Board,
    metrics: Metrics,
    addresses: Addresses,
    /// The runtime it is in, when that is its own.
    apart: Option<Apart>,
}

/// Listeners that are bound already; those that are missing are bound as the configuration says.
#[derive(Debug, Default)]
pub struct Listeners {
    /// For clients.
    pub api: Option<TcpListener>,
    /// For the other nodes.
    pub peer: Option<TcpListener>,
}

/// Where a node really listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// For clients.
    pub api: SocketAddr,
    /// For the other nodes; none when it is alone.
    pub peer: Option<SocketAddr>,
}

/// What a node has written to its disk since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The message log.
    pub log: raft::Figures,
    /// The outbox.
    pub outbox: raft::Figures,
}

/// Why a task ends.
type Failed = Box<dyn Error + Send + Sync>;

impl Node {
    /// Opens everything and starts every task. When it returns, messages are taken; modems and their networks may
    /// take longer. A node of a larger cluster needs a majority for both and does not wait for it here: it says that
    /// it is not ready, and goes on by itself. Dropping the future leaves tasks running that end with the runtime.
    pub async fn start(config: Config, clock: Clock) -> Result<Node, StartError> {
        Box::pin(Node::start_here(config, clock, Listeners::default())).await
    }

    /// The same, in a runtime of its own and on these listeners: for several nodes in one process, each of which can be
    /// killed.
    pub async fn start_on(config: Config, clock: Clock, listeners: Listeners) -> Result<Node, StartError> {
        let apart = Apart::new(config.node.name.as_str())?;
        let sockets = Sockets::of(listeners).map_err(StartError::Runtime)?;
        let Some(runtime) = apart.handle().cloned() else { return Err(StartError::Abandoned) };
        let starting = async move {
            let listeners = sockets.enter().map_err(StartError::Runtime)?;
            Box::pin(Node::start_here(config, clock, listeners)).await
        };
        let started = runtime.spawn(starting.instrument(Span::current())).await;
        match started.map_err(|_| StartError::Abandoned).and_then(|started| started) {
            Ok(node) => Ok(Node { apart: Some(apart), ..node }),
            Err(failure) => {
                apart.end().await;
                Err(failure)
            }
        }
    }

    async fn start_here(config: Config, clock: Clock, listeners: Listeners) -> Result<Node, StartError> {
        let tasks = Tasks::new();
        match Node::assemble(config, clock, listeners, &tasks).await {
            Ok(node) => Ok(node),
            Err(failure) => {
                tasks.abort().await;
                Err(failure)
            }
        }
    }

    async fn assemble(
        config: Config,
        clock: Clock,
        listeners: Listeners,
        tasks: &Tasks,
    ) -> Result<Node, StartError> {
        let (administrator, errand) = Administrator::of(&config, &clock);
        let installed = Installed::new(handlers::open(&config, &clock, &administrator).await?);
        let (opened, listener) = open::open(&config, &clock, listeners, tasks).await?;
        let (log, outbox) = (opened.log.clone(), opened.outbox.clone());
        watch_disk(tasks, "disk of the log", async move { log.fatal().await });
        watch_disk(tasks, "disk of the outbox", async move { outbox.fatal().await });
        let wakers = Wakers::default();
        let member = Membership::start(&config, &opened, &wakers, tasks, &clock);
        opened.founded.desk.serve_renewals(Arc::new(Renewed(member.leases.clone())));
        let outcomes = Outcomes::new(opened.outbox.clone());
        let (beginning, has_begun) = beginning(&config, &opened, &member, &outcomes, &clock);
        let (intake, modems, session) = (tasks.group(), tasks.group(), tasks.group());
        let metrics = Metrics::new();
        let (board, questions) = (Board::default(), Questions::default());
        let handlers = HandlerTasks::start(
            installed.clone(),
            tasks,
            administrator.clone(),
            (&clock, &has_begun),
            (&board, &questions),
        );
        let submitter = Submitter::new(opened.proposer.clone(), config.limits.max_parts);
        handlers::start_errand(errand, submitter.clone(), tasks, &has_begun);
        let around = around(&config, &opened, tasks, &has_begun, (&clock, &metrics, &installed, &submitter));
        let closing = CancellationToken::new();
        let (taking, gone) = Intake::start(&config, around.clone(), &intake, &closing).await?;
        let beginning = Beginning { gone, ..beginning };
        let (draining, shown) = (CancellationToken::new(), tasks.group());
        let store = serve::start_store(&config, &opened, tasks).await?;
        let mut heir = HeirTask::new(&opened, &store, &installed, &clock, &intake);
        heir.start(&config);
        opened.founded.desk.serve_histories(Arc::new(Kept::new(store.clone())));
        let told = (board.clone(), metrics.clone(), draining.clone(), clock.clone());
        serve::start_api((&config, submitter.clone()), &opened, listener, store, told, &shown);
        let (breaks, suspended) = follow_suspensions(&config, tasks).await?;
        let told = ((board.clone(), questions), metrics.clone(), administrator, suspended);
        let shared = shared(&opened, &member, &outcomes, told, &around);
        background(tasks, "wakers", wakers.clone().dispatch(opened.view.clone()));
        let place = (opened.identity.node, turn(opened.identity.node));
        let mut of_modems = ModemTasks::new(&config, (&modems, tasks), shared, wakers, place, has_begun);
        of_modems.start_all(&config.modems)?;
        let is_alone = opened.founded.client.is_none();
        keep_session(&session, beginning, member.keeper.clone(), is_alone).await?;
        Ok(Node {
            handlers: installed,
            submitter,
            id: opened.identity.node,
            drain_timeout: config.node.drain_timeout,
            working: Mutex::new(Working { config, modems: of_modems, intake: taking, handlers, heir }),
            tasks: tasks.clone(),
            intake,
            closing,
            draining,
            modems,
            session,
            shown,
            keeper: member.keeper,
            is_alone,
            view: opened.view,
            consensus: opened.consensus,
            outcomes,
            breaks,
            log: opened.log,
            board,
            metrics,
            addresses: opened.addresses,
            apart: None,
        })
    }

    /// Takes messages.
    pub fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    /// The applied state.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Its number in the cluster.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Who leads, and how far the log is.
    pub fn consensus(&self) -> &Consensus {
        &self.consensus
    }

    /// What its modems say of themselves.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What it has written so far.
    pub fn figures(&self) -> Figures {
        Figures { log: self.log.figures(), outbox: self.outcomes.outbox().figures() }
    }

    /// Runs the alarm handler, where there is one, before the node stops: nothing new is sent from now on. Waits until it
    /// has returned, but not for ever. Whether it has. Safe to drop.
    pub async fn last_alarm(&self, alarm: &Alarm) -> bool {
        self.withdraw();
        tokio::time::timeout(LAST_ALARM_WITHIN, self.alarm_heard(alarm)).await.is_ok()
    }

    /// Takes every suspended modem into use for one round: one message, when one waits for it.
    pub fn break_suspensions(&self) {
        self.breaks.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Runs the alarm handler, where there is one, and waits until it has returned.
    pub async fn alarm_heard(&self, alarm: &Alarm) {
        if let Some(handlers) = self.handlers.get() {
            handlers.alarm_heard(alarm).await;
        }
    }

    /// How long a handler may run, where there are any.
    fn longest_handler(&self) -> Option<Duration> {
        self.handlers.get().map(|handlers| handlers.settings().time_limit)
    }

    /// Waits until a task ends that should not: the node must stop then.
    pub async fn unexpected_end(&self) -> UnexpectedEnd {
        self.tasks.unexpected_end().await
    }
}

/// How long this node lets those with lower numbers go first to a modem that several reach: longer than setting one up
/// usually takes.
fn turn(node: NodeId) -> Duration {
    let rank = u32::try_from(node.0.saturating_sub(1)).unwrap_or(u32::MAX);
    TURN.saturating_mul(rank.min(TURNS_MAX))
}

/// What each spool of the node shares.
fn around(
    config: &Config,
    opened: &open::Opened,
    tasks: &Tasks,
    begun: &Begun,
    (clock, metrics, handlers, submitter): (&Clock, &Metrics, &Installed, &Submitter),
) -> Around {
    let waiters = Waiters::default();
    background(tasks, "waiters", waiters.clone().dispatch(opened.view.clone()));
    Around {
        node: opened.identity.node,
        client: config.node.name.clone(),
        view: opened.view.clone(),
        proposer: opened.proposer.clone(),
        submitter: submitter.clone(),
        waiters,
        metrics: metrics.clone(),
        handlers: handlers.clone(),
        clock: clock.clone(),
        begun: begun.clone(),
    }
}

/// What each modem of the node shares.
fn shared(
    opened: &open::Opened,
    member: &Membership,
    outcomes: &Outcomes,
    ((board, questions), metrics, administrator, (suspended, breaks)): (
        (Board, Questions),
        Metrics,
        Administrator,
        (Suspended, Breaks),
    ),
    around: &Around,
) -> Shared {
    Shared {
        client: around.client.clone(),
        proposer: opened.proposer.clone(),
        view: opened.view.clone(),
        barrier: member.barrier.clone(),
        outcomes: outcomes.clone(),
        lease: member.lease.clone(),
        session: member.session.clone(),
        board,
        places: Places::new(opened.founded.client.is_none()),
        questions,
        metrics,
        handlers: around.handlers.clone(),
        administrator,
        suspended,
        breaks,
        clock: around.clock.clone(),
    }
}

/// What is done before the node takes part, and whether it is done.
fn beginning(
    config: &Config,
    opened: &open::Opened,
    member: &Membership,
    outcomes: &Outcomes,
    clock: &Clock,
) -> (Beginning, Begun) {
    let (begun, has_begun) = watch::channel(None);
    let beginning = Beginning {
        node: opened.identity.node,
        client: config.node.name.clone(),
        barrier: member.barrier.clone(),
        view: opened.view.clone(),
        proposer: opened.proposer.clone(),
        outcomes: outcomes.clone(),
        keeper: member.keeper.clone(),
        clock: clock.clone(),
        quiet_times: config.modems.iter().map(|(name, modem)| (name.clone(), modem.quiet_time)).collect(),
        gone: Gone::default(),
        begun,
    };
    (beginning, has_begun)
}

/// A node that is alone has begun when this returns; a member of a larger cluster begins when a majority is there.
async fn keep_session(
    tasks: &Tasks,
    beginning: Beginning,
    keeper: Arc<SessionKeeper>,
    is_alone: bool,
) -> Result<(), StartError> {
    if is_alone {
        beginning.run().await?;
    }
    tasks.spawn("session", move |cancel| async move {
        let kept = async {
            if !is_alone {
                beginning.run().await?;
            }
            keeper.keep().await?;
            Ok::<(), Failed>(())
        };
        cancel.run_until_cancelled(kept).await.unwrap_or(Ok(()))
    });
    Ok(())
}

/// A task that goes on until it is cancelled; should it end by itself, the node stops.
fn background(tasks: &Tasks, name: &str, work: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(name, |cancel| async move {
        cancel.run_until_cancelled(work).await;
        Ok(())
    });
}

/// Reads the suspend file before a modem is touched, and follows it.
async fn follow_suspensions(
    config: &Config,
    tasks: &Tasks,
) -> Result<(watch::Sender<u64>, (Suspended, Breaks)), StartError> {
    let path = config.node.suspend.clone();
    let (file, suspended) = open::blocking(move || Ok(SuspendFile::open(path.as_deref()))).await?;
    background(tasks, "suspensions", file.follow());
    let (breaks, broken) = watch::channel(0);
    Ok((breaks, (suspended, broken)))
}

/// A disk that fails, or does not answer for half a minute, stops the node.
fn watch_disk(tasks: &Tasks, name: &str, fatal: impl Future<Output = raft::Failure> + Send + 'static) {
    tasks.spawn(name, |cancel| async move {
        cancel.run_until_cancelled(fatal).await.map_or(Ok(()), |failure| Err(failure.into()))
    });
}
