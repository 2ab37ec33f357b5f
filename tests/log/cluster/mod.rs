//! Three nodes in one process over a network in memory: what is certain when links, leaders and disks fail.

#![allow(
    clippy::disallowed_methods,
    reason = "a sleep is a span in which nothing may happen, or a link's delay"
)]

mod alone;
mod faults;
mod net;
mod ordinary;
mod snapshots;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use smsgrid::model::{Name, NodeId, StartNumber};
use smsgrid_node::raft::{
    self, Consensus, Member, OpenError, Options, ProposeError, Proposer, SegmentLog, Settings, Start, View,
};
use smsgrid_node::tasks::Tasks;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::net::{From, Net};
use crate::ledger::{Command, Ledger, Reply, clock_at};

const SOON: Duration = Duration::from_secs(30);
const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

struct Cluster {
    net: Net,
    settings: Settings,
    folders: BTreeMap<NodeId, TempDir>,
    starts: u64,
    nodes: BTreeMap<NodeId, Node>,
}

struct Node {
    tasks: Tasks,
    log: SegmentLog,
    proposer: Proposer<Ledger>,
    view: View<Ledger>,
    consensus: Consensus<Ledger>,
}

impl Cluster {
    async fn start() -> Cluster {
        Cluster::start_with(Settings::default()).await
    }

    /// Three nodes with quick elections, initialised, with a leader.
    async fn start_with(settings: Settings) -> Cluster {
        let settings = Settings {
            heartbeat: Duration::from_millis(60),
            election_min: Duration::from_millis(300),
            election_max: Duration::from_millis(600),
            append_timeout: Duration::from_millis(500),
            ..settings
        };
        let folders = NODES.map(|node| (node, TempDir::new().expect("a temporary directory"))).into();
        let mut cluster =
            Cluster { net: Net::default(), settings, folders, starts: 0, nodes: BTreeMap::new() };
        for node in NODES {
            cluster.begin(node).await;
        }
        let first = &cluster.nodes[&NodeId(1)];
        first.consensus.initialise(members()).await.expect("a new cluster");
        cluster.leader().await;
        cluster
    }

    /// Starts a node over what its folder holds.
    async fn begin(&mut self, node: NodeId) {
        self.starts += 1;
        let tasks = Tasks::new();
        let folder = self.folders[&node].path();
        let log = open(folder).await;
        let start = Start {
            node,
            start: StartNumber(self.starts),
            log: log.clone(),
            snapshots: folder.join("snap"),
            transport: std::sync::Arc::new(From { net: self.net.clone(), node }),
            clock: clock_at(1000),
            settings: self.settings.clone(),
            tasks: tasks.clone(),
        };
        let (proposer, view, consensus) =
            raft::start(start, Ledger::default()).await.expect("a sound folder");
        self.net.plug(node, consensus.clone());
        self.nodes.insert(node, Node { tasks, log, proposer, view, consensus });
    }

    async fn stop(&mut self, node: NodeId) {
        self.net.unplug(node);
        let stopped = self.nodes.remove(&node).expect("a running node");
        stopped.tasks.drain(SOON).await;
        stopped.consensus.shutdown().await;
    }

    /// The node all running nodes that can be reached take for their leader, once it is ready.
    async fn leader(&self) -> NodeId {
        self.leader_of(&self.nodes.keys().copied().collect::<Vec<_>>()).await
    }

    async fn leader_of(&self, nodes: &[NodeId]) -> NodeId {
        let agreed = || {
            let leads = |node: &&NodeId| self[**node].consensus.leadership().borrow().ready;
            let leader = *nodes.iter().find(leads)?;
            let knows = |node: &NodeId| self[*node].consensus.leadership().borrow().leader == Some(leader);
            nodes.iter().all(knows).then_some(leader)
        };
        until("a leader", agreed).await
    }

    /// Two nodes that do not lead.
    async fn followers(&self) -> [NodeId; 2] {
        let leader = self.leader().await;
        let followers: Vec<NodeId> = NODES.into_iter().filter(|node| *node != leader).collect();
        followers.try_into().expect("three nodes")
    }

    /// Waits until all running nodes have the same state, with this total.
    async fn agree(&self, total: u64) {
        until("the same state everywhere", || {
            let ledgers: Vec<Ledger> =
                self.nodes.values().map(|node| node.view.read(Ledger::clone)).collect();
            let is_same = ledgers.iter().all(|ledger| *ledger == ledgers[0]);
            (is_same && ledgers[0].total == total).then_some(())
        })
        .await;
    }
}

impl std::ops::Index<NodeId> for Cluster {
    type Output = Node;

    fn index(&self, node: NodeId) -> &Node {
        &self.nodes[&node]
    }
}

impl Node {
    async fn add(&self, amount: u64) -> Reply {
        self.propose(amount).await.expect("no panic").expect("accepted")
    }

    fn propose(&self, amount: u64) -> JoinHandle<Result<Reply, ProposeError>> {
        self.send(crate::ledger::add(amount))
    }

    fn send(&self, command: Command) -> JoinHandle<Result<Reply, ProposeError>> {
        let proposer = self.proposer.clone();
        tokio::spawn(async move { proposer.propose(command, SOON).await })
    }
}

/// Opens the log once the node before has let go of it: calls of others may still be on their way to it.
async fn open(folder: &Path) -> SegmentLog {
    let options = Options { segment_octets: 4 << 20, ..Options::default() };
    until("the lock", || match SegmentLog::open(&folder.join("log"), &options) {
        Err(OpenError::Directory(error)) if error.kind() == ErrorKind::WouldBlock => None,
        opened => Some(opened.expect("a sound log")),
    })
    .await
}

fn members() -> BTreeMap<NodeId, Member> {
    let member = |node: NodeId| {
        let name = Name::new(&format!("node-{node}")).expect("a name");
        (node, Member { name, peer: String::new(), api: String::new() })
    };
    NODES.map(member).into()
}

/// Waits for a condition; `what` is named when it does not come.
async fn until<T>(what: &str, condition: impl Fn() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(value) = condition() {
                return value;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, waiting).await.unwrap_or_else(|_| panic!("{what} did not come"))
}
