//! How a cluster comes into being: once, out of the members that its founders' configurations list.
//!
//! The founders are numbered in order of their names. The first one draws the cluster's id when every other one has
//! answered that its data directory is empty and that it has the same list; it gives the id to all of them; when all have
//! it on disk, it initialises the log. What each node may do next is decided in `decide`, which opens with the figure; here
//! the steps are carried out: calls to the others, and phases written to the data directory, each durable before it counts.
//!
//! A node without a cluster is the only founder of its own and goes the same way, asking nobody.

mod decide;
mod founders;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, join_all};
use smsgrid::model::NodeId;
use smsgrid_proto::{Problem, Reason};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::identity::{ClusterId, DataDir, IdentityError, Phase};
use crate::peer::{Belonging, Client, Forming, Founder, Founding, NotServed, Standing};
use crate::raft::TransportError;
use decide::{Answer, Machine, Step};

pub use decide::{Begin, Fault};
pub use founders::Founders;

/// How long one of the others may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// How often the others are asked.
const ROUND: Duration = Duration::from_millis(200);
/// How often it is told what is waited for.
const TELL: Duration = Duration::from_secs(10);

/// The founding of this node's cluster. Clones are the same.
#[derive(Clone)]
pub struct Formation {
    shared: Arc<Shared>,
}

struct Shared {
    machine: Mutex<Machine>,
    data_dir: Arc<Mutex<DataDir>>,
    belonging: Belonging,
    phase: watch::Sender<Phase>,
}

/// Why a node does not become a member.
#[derive(Debug, thiserror::Error)]
pub enum FormationError {
    /// It must not.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Its data directory cannot be written.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The process stops.
    #[error("the founding was abandoned")]
    Abandoned,
}

impl Formation {
    /// The founding as far as `data_dir` has come. `belonging` is settled when the node may go on.
    pub fn new(founders: Founders, data_dir: Arc<Mutex<DataDir>>, belonging: Belonging) -> Formation {
        let phase = data_dir.lock().unwrap_or_else(PoisonError::into_inner).identity().phase;
        let machine = Mutex::new(Machine::new(founders, phase, draw_life()));
        let (phase, _) = watch::channel(phase);
        Formation { shared: Arc::new(Shared { machine, data_dir, belonging, phase }) }
    }

    /// Forms the cluster, or waits until it is formed around this node; then says how to go on. Goes on where a crash or a
    /// drop has left it. Members that are missing are waited for without end, and named.
    pub async fn run(&self, client: &Client) -> Result<Begin, FormationError> {
        let mut phases = self.shared.phase.subscribe();
        let mut told = Instant::now();
        loop {
            match self.advance().await? {
                Step::Ask(nodes) => self.ask(client, &nodes).await,
                Step::Form(cluster, lives) => self.form(client, cluster, &lives).await,
                Step::Wait(hindrances) => {
                    if told.elapsed() >= TELL {
                        told = Instant::now();
                        let waits_for: Vec<String> = hindrances.iter().map(ToString::to_string).collect();
                        warn!(
                            event = "cluster.forming",
                            ?waits_for,
                            "the cluster has not formed; nothing is sent"
                        );
                    }
                    // The first member may give the id meanwhile.
                    let _ = timeout(ROUND, phases.changed()).await;
                    self.shared.machine().begin_round();
                }
                Step::Refuse(fault) => return Err(fault.into()),
                Step::Begin(begin) => {
                    self.settle();
                    return Ok(begin);
                }
                // Carried out by `advance`.
                Step::Draw | Step::Write(_) => {}
            }
        }
    }

    /// The log was seen initialised: an empty one is lost from now on. Durable when this returns.
    pub async fn formed(&self) -> Result<(), FormationError> {
        let shared = self.shared.clone();
        blocking(move || {
            let mut machine = shared.machine();
            match machine.phase() {
                Phase::Joined(cluster) | Phase::Agreed(cluster) => {
                    shared.write(&mut machine, Phase::Formed(cluster))?;
                    info!(event = "cluster.formed", %cluster, "the cluster has formed");
                    Ok(())
                }
                Phase::Empty | Phase::Drawn(_) | Phase::Formed(_) => Ok(()),
            }
        })
        .await
    }

    /// Carries out every step that needs nobody else, and gives the first one that does.
    async fn advance(&self) -> Result<Step, FormationError> {
        let shared = self.shared.clone();
        blocking(move || {
            let mut machine = shared.machine();
            Ok(advance(&mut machine, |machine, phase| shared.write(machine, phase))?)
        })
        .await
    }

    async fn ask(&self, client: &Client, nodes: &[NodeId]) {
        let founder = self.shared.machine().founders().founder();
        let calls = self.members(nodes).into_iter().map(|(node, name, peer)| {
            let call = client.probe(&peer, &founder, &name, ANSWER_TIMEOUT);
            async move { (node, call.await.map_or_else(none, Answer::Standing)) }
        });
        self.take(join_all(calls).await);
    }

    async fn form(&self, client: &Client, cluster: ClusterId, lives: &[(NodeId, u64)]) {
        let from = self.shared.machine().founders().founder();
        let nodes: Vec<NodeId> = lives.iter().map(|(node, _)| *node).collect();
        let calls = self.members(&nodes).into_iter().zip(lives).map(|((node, to, peer), (_, life))| {
            let forming = Forming { from: from.clone(), to, cluster, life: *life };
            let call = client.form(&peer, &forming, ANSWER_TIMEOUT);
            async move { (node, call.await.map_or_else(none, |()| Answer::HasId)) }
        });
        self.take(join_all(calls).await);
    }

    fn take(&self, answers: Vec<(NodeId, Answer)>) {
        let mut machine = self.shared.machine();
        for (node, answer) in answers {
            machine.handle_answer(node, answer);
        }
    }

    /// Number, name and address of each of `nodes`, in order of the numbers, as the machine gives them.
    fn members(&self, nodes: &[NodeId]) -> Vec<(NodeId, String, String)> {
        let machine = self.shared.machine();
        let members = machine.founders().members().iter().filter(|(node, _)| nodes.contains(node));
        members.map(|(node, member)| (*node, member.name.to_string(), member.peer.clone())).collect()
    }

    /// From now on calls of the cluster are taken, and made.
    fn settle(&self) {
        let data_dir = self.shared.data_dir.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = data_dir.identity();
        if let Some(cluster) = identity.phase.cluster() {
            self.shared.belonging.settle(cluster, identity.node);
        }
    }
}

/// A number by which this process is told from every other one.
fn draw_life() -> u64 {
    // The lower half of the random part; the number is never zero in practice, and nothing rests on that.
    (ulid::Ulid::new().random() & u128::from(u64::MAX)) as u64
}

fn advance(
    machine: &mut Machine,
    mut write: impl FnMut(&mut Machine, Phase) -> Result<(), IdentityError>,
) -> Result<Step, IdentityError> {
    loop {
        match machine.step() {
            Step::Draw => write(machine, Phase::Drawn(ClusterId::draw()))?,
            Step::Write(phase) => write(machine, phase)?,
            step @ (Step::Ask(_) | Step::Form(..) | Step::Wait(_) | Step::Begin(_) | Step::Refuse(_)) => {
                return Ok(step);
            }
        }
    }
}

fn none(failure: TransportError) -> Answer {
    Answer::None(failure.to_string())
}

/// Work that waits for the disk. It ends even when nobody waits for it any more, so that what is known is what is written.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FormationError> + Send + 'static,
) -> Result<T, FormationError> {
    spawn_blocking(work).await.unwrap_or(Err(FormationError::Abandoned))
}

impl Shared {
    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, machine: &mut Machine, phase: Phase) -> Result<(), IdentityError> {
        self.data_dir.lock().unwrap_or_else(PoisonError::into_inner).move_to(phase)?;
        machine.handle_written(phase);
        self.phase.send_replace(phase);
        info!(event = "cluster.phase", ?phase, "the founding has come further");
        Ok(())
    }
}

impl Founding for Formation {
    fn probe(&self, from: Founder, to: &str) -> BoxFuture<'static, Result<Standing, NotServed>> {
        let (shared, to) = (self.shared.clone(), to.to_owned());
        let answer = blocking(move || Ok(shared.machine().handle_probe(&from, &to).map_err(NotServed)));
        async move { answer.await.unwrap_or_else(|failure| Err(NotServed(failure.to_string()))) }.boxed()
    }

    fn form(&self, forming: Forming) -> BoxFuture<'static, Result<(), NotServed>> {
        let shared = self.shared.clone();
        let answer = blocking(move || {
            let mut machine = shared.machine();
            match machine.handle_form(&forming) {
                Ok(Some(phase)) => Ok(Ok(shared.write(&mut machine, phase)?)),
                Ok(None) => Ok(Ok(())),
                Err(why) => Ok(Err(NotServed(why))),
            }
        });
        async move { answer.await.unwrap_or_else(|failure| Err(NotServed(failure.to_string()))) }.boxed()
    }
}

impl FormationError {
    /// What happened, for people.
    pub fn problem(&self) -> Problem {
        match self {
            FormationError::Fault(fault) => fault.problem(),
            FormationError::Identity(error) => error.problem(),
            FormationError::Abandoned => Problem::new(Reason::DiskFailed, self.to_string()),
        }
    }
}

impl Fault {
    /// What happened, for people.
    pub fn problem(&self) -> Problem {
        let problem = |reason| Problem::new(reason, self.to_string());
        match self {
            Fault::Lost { .. } | Fault::Regressed { .. } => problem(Reason::StoreLost)
                .why("with the old content are gone this node's votes and its part of the log")
                .fix("Put the newest content of data_dir back. A node that lost it for good must not come back under its name.")
                .effect("The node stays outside, so that nothing the others rely on is forgotten."),
            Fault::Taken { .. } => problem(Reason::ClusterMismatch),
        }
    }
}

#[cfg(test)]
mod explore;
#[cfg(test)]
mod tests;
