//! Telling the events of files whose node stays dead: the leader's part, where it has an event handler.
//!
//! ```text
//! session of a node lost ──takeover_after──▶ its files listed ──▶ owed ──a few at once──▶ event handler
//!                                                                  ▲                          │
//!                                               messages that end ─┘                          ▼
//!          the next leader goes on there ◀── Told, in the log: never further than the first that is not done
//! ```
//!
//! It ends when the node has a session again, or when this one leads no more. What a change of leader or a crash leaves
//! unsaid is told again, under the same id.

mod owed;
mod telling;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use smsgrid::model::{Name, NodeId, Position};
use smsgrid::queue::{Body, Command};
use smsgrid::worker::intake::{Estate, Settings};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::drain::HANDLERS_DRAIN;
use super::open::Opened;
use super::spool::Own;
use crate::clock::Clock;
use crate::config::Config;
use crate::handlers::{Handlers, Installed};
use crate::machine::{Consensus, Proposer, View};
use crate::store::Store;
use crate::tasks::Tasks;

/// How often it is looked whether a node has been dead for long enough, or lives again.
const LOOK: Duration = Duration::from_secs(1);
/// How long one try of a proposal may take.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// The folder below `data_dir` with the files that are told.
const FOLDER: &str = "inherited";

/// Whoever tells for dead nodes.
pub(super) struct Heir {
    client: Name,
    own: Own,
    view: View,
    store: Store,
    consensus: Consensus,
    proposer: Proposer,
    handlers: Handlers,
    after: Duration,
    settings: Settings,
    folder: PathBuf,
    clock: Clock,
}

/// What tells for others, and what another in its place is made with.
pub(super) struct HeirTask {
    node: NodeId,
    has_others: bool,
    view: View,
    store: Store,
    consensus: Consensus,
    proposer: Proposer,
    installed: Installed,
    clock: Clock,
    /// The set of tasks it is started in.
    around: Tasks,
    /// That of now.
    tasks: Tasks,
}

impl HeirTask {
    /// Nothing is told yet; it will be in `tasks`.
    pub(super) fn new(
        opened: &Opened,
        store: &Store,
        installed: &Installed,
        clock: &Clock,
        tasks: &Tasks,
    ) -> HeirTask {
        HeirTask {
            node: opened.identity.node,
            has_others: opened.founded.client.is_some(),
            view: opened.view.clone(),
            store: store.clone(),
            consensus: opened.consensus.clone(),
            proposer: opened.proposer.clone(),
            installed: installed.clone(),
            clock: clock.clone(),
            around: tasks.clone(),
            tasks: tasks.group(),
        }
    }

    /// Starts to tell for others, where there are others and an event handler.
    pub(super) fn start(&mut self, config: &Config) {
        let handlers = self.installed.get().filter(|handlers| handlers.settings().hears_events());
        let Some(handlers) = handlers.filter(|_| self.has_others) else { return };
        let heir = Heir {
            client: config.node.name.clone(),
            own: Own { node: self.node, modems: config.modems.clone() },
            view: self.view.clone(),
            store: self.store.clone(),
            consensus: self.consensus.clone(),
            proposer: self.proposer.clone(),
            handlers,
            after: config.handlers.takeover_after,
            settings: Settings {
                message_ids: config.files.message_ids,
                keep_pdus: config.files.keep_pdus,
                messages: config.files.settings.clone(),
                ..Settings::default()
            },
            folder: config.node.data_dir.join(FOLDER),
            clock: self.clock.clone(),
        };
        self.tasks = self.around.group();
        self.tasks.spawn("heir", |stop| async move {
            heir.serve(&stop).await;
            Ok(())
        });
    }

    /// Ends the telling; a handler that runs is waited for, as at a stop.
    pub(super) async fn end(&self) {
        self.tasks.drain(HANDLERS_DRAIN).await;
    }
}

impl Heir {
    /// Tells for every node that stays dead, until `stop`; a handler that runs then is waited for.
    async fn serve(&self, stop: &CancellationToken) {
        self.clear().await;
        let (mut told_for, mut telling) = (BTreeSet::new(), FuturesUnordered::new());
        while !stop.is_cancelled() {
            for node in self.dead() {
                if told_for.insert(node) {
                    telling.push(self.tell_for(node, stop));
                }
            }
            tokio::select! {
                Some(node) = telling.next() => { told_for.remove(&node); }
                () = sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
        while telling.next().await.is_some() {}
    }

    /// Removes files that a crash left: each is written anew for its event.
    async fn clear(&self) {
        let folder = self.folder.clone();
        let cleared = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
        if let Ok(Err(failure)) = cleared
            && failure.kind() != io::ErrorKind::NotFound
        {
            warn!(folder = %self.folder.display(), %failure, "files of events told before cannot be removed");
        }
    }

    /// The nodes that have been dead for long enough; none when this node does not lead.
    fn dead(&self) -> Vec<NodeId> {
        let lost: Vec<NodeId> = self
            .view
            .read(|queue| queue.nodes().filter_map(|(id, node)| node.lost.is_some().then_some(id)).collect());
        lost.into_iter().filter(|id| self.estate(*id).is_some()).collect()
    }

    /// What a node leaves; none while it lives, is dead for too short a time, or is not for this node to tell for.
    fn estate(&self, id: NodeId) -> Option<Estate> {
        if !self.consensus.leadership().borrow().ready {
            return None;
        }
        let node = self.consensus.members().remove(&id)?.name;
        let (lost, told) =
            self.view.read(|queue| queue.node(id).and_then(|node| Some((node.lost?, node.told))))?;
        (self.clock.utc().since(lost) >= self.after).then_some(Estate { node, lost, told })
    }

    /// Says in the log how far it is. What is not taken is said with the next.
    async fn report(&self, node: NodeId, up_to: Position) {
        let body = Body::Told { node, up_to };
        let command = Command { client: self.client.clone(), now: Default::default(), body };
        if let Err(failure) = self.proposer.propose(command, PROPOSE_TIMEOUT).await {
            debug!(%failure, "how far the events of a dead node are told could not be said");
        }
    }
}
