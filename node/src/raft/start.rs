//! Putting consensus together.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use openraft::RaftState;
use openraft::errors::Fatal;
use smsgrid::model::{NodeId, StartNumber, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::applier::{Applier, Weight};
use super::coalescer::Coalescer;
use super::core::{Calendar, Core, Raft};
use super::failure::Ended;
use super::flights::Flights;
use super::leadership::{self, Leadership};
use super::network::Network;
use super::propose::lanes;
use super::reads::{self, READS_MAX};
use super::service::Desk;
use super::settings::SettingsError;
use super::snapshot::Folder;
use super::store::Store;
use super::stranded::Stranded;
use super::types::Types;
use super::{Consensus, Failure, Proposer, ReadError, SegmentLog, Settings, StateMachine, Transport, View};
use crate::tasks::Tasks;

/// A calendar.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What consensus starts with.
pub struct Start {
    /// This node.
    pub node: NodeId,
    /// Which start of its process; higher than ever before.
    pub start: StartNumber,
    /// Its log, open.
    pub log: SegmentLog,
    /// The folder of its snapshots; made when it is missing.
    pub snapshots: PathBuf,
    /// The way to the other nodes.
    pub transport: Arc<dyn Transport>,
    /// Asked once a batch by the leader; what it says never goes back in the log.
    pub clock: Clock,
    /// The numbers to run with.
    pub settings: Settings,
    /// Where the tasks of consensus run. When they are cancelled nothing is proposed any more.
    pub tasks: Tasks,
}

/// Why consensus does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The timings contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An entry cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder of snapshots cannot be used, or the newest snapshot is damaged.
    #[error("the snapshots in {path} cannot be used")]
    Snapshots {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What log and snapshot hold cannot be applied.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Starts consensus from log and snapshot, over `empty` when there is none. A cluster of one leads, and has applied
/// its whole log, when this returns; a member of a larger one has applied what its log says is agreed, and applies the rest
/// when a leader tells it so. Who has voted before gives no vote for one longest election timeout: a leader may still count on the one it gave.
pub async fn start<M: StateMachine>(
    start: Start,
    empty: M,
) -> Result<(Proposer<M>, View<M>, Consensus<M>), StartError> {
    let config = Arc::new(start.settings.config()?);
    let (path, to_open) = (start.snapshots.clone(), start.snapshots.clone());
    let opened = tokio::task::spawn_blocking(move || Folder::open(&to_open)).await;
    let opened = opened.map_err(io::Error::other).and_then(|folder| folder);
    let folder = opened.map_err(|source| StartError::Snapshots { path, source })?;

    let view = View::new(empty);
    let flights = Arc::new(Flights::new(start.node, start.start.0));
    let ended = Arc::new(Ended::new());
    let weight = Arc::new(Weight::new(start.settings.snapshot_octets));
    let applier = Applier::new(view.clone(), flights.clone(), folder.clone(), weight.clone(), ended.clone());
    let network =
        Network { transport: start.transport.clone(), append_timeout: start.settings.append_timeout };
    let store = Store::new(start.log.clone());
    let raft = Raft::new(start.node.0, config, network, store, applier).await;
    let raft =
        raft.map_err(|fatal| ended.failure().unwrap_or_else(|| Failure::Stopped(fatal.to_string())))?;

    let stranded = Arc::new(Stranded::default());
    let (proposer, lanes) = lanes(stranded.clone());
    let (leadership, _) = watch::channel(Leadership::unknown());
    let core = Arc::new(Core {
        node: start.node,
        raft,
        log: start.log,
        folder,
        view: view.clone(),
        flights,
        stranded,
        ended,
        leadership,
        transport: start.transport,
        settings: start.settings,
        desk: Desk::new(),
        calendar: Calendar::new(start.clock),
        closing: CancellationToken::new(),
    });
    let (reads, waiting) = mpsc::channel(READS_MAX);
    spawn(&start.tasks, &core, Coalescer::new(core.clone(), lanes), waiting, weight);
    stand_for_election(&start.tasks, &core).await?;
    Ok((proposer, view, Consensus { core, reads }))
}

fn spawn<M: StateMachine>(
    tasks: &Tasks,
    core: &Arc<Core<M>>,
    coalescer: Coalescer<M>,
    waiting: mpsc::Receiver<reads::Read>,
    weight: Arc<Weight>,
) {
    tasks.spawn("proposals", |cancel| async move { Ok(coalescer.run(cancel).await?) });
    let at = core.clone();
    tasks.spawn("leadership", |cancel| async move { Ok(leadership::follow(at, cancel).await?) });
    let at = core.clone();
    tasks.spawn("reads", |cancel| async move {
        reads::answer(at, waiting, cancel).await;
        Ok(())
    });
    let at = core.clone();
    tasks.spawn("snapshots", |cancel| async move {
        cancel.run_until_cancelled(make_snapshots(at, weight)).await;
        Ok(())
    });
}

/// Makes a snapshot whenever enough was applied.
async fn make_snapshots<M: StateMachine>(core: Arc<Core<M>>, weight: Arc<Weight>) {
    loop {
        weight.due().await;
        // Consensus has ended when this fails.
        let _ = core.raft.trigger().snapshot().await;
    }
}

/// Lets the node be elected: at once when it is alone or has never voted, else when its vote may not count any more.
async fn stand_for_election<M: StateMachine>(tasks: &Tasks, core: &Arc<Core<M>>) -> Result<(), Failure> {
    let ended = |fatal: Fatal<Types>| Failure::Stopped(fatal.to_string());
    let membership = |state: &RaftState<Types>| state.membership_state.effective().clone();
    let members = core.raft.with_raft_state(membership).await.map_err(ended)?;
    if members.voter_ids().eq([core.node.0]) {
        core.raft.runtime_config().elect(true);
        core.raft.trigger().elect(false).await.map_err(ended)?;
        return core.lead_alone().await;
    }
    if core.log.state().vote.is_none() {
        core.raft.runtime_config().elect(true);
        return Ok(());
    }
    let from = Instant::now() + core.settings.election_max;
    core.desk.wait_until(from);
    let core = core.clone();
    tasks.spawn("first vote", move |cancel: CancellationToken| async move {
        if cancel.run_until_cancelled(sleep_until(from)).await.is_some() {
            core.raft.runtime_config().elect(true);
            cancel.cancelled().await;
        }
        Ok(())
    });
    Ok(())
}
