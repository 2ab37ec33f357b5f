//! How many commands a second three nodes agree on, in one process over a network in memory, each with a real log on
//! this disk. It prints figures and asserts nothing about time.
//!
//! `cargo bench -p smsgrid-tests --bench raft [-- DIRECTORY]`; without a directory the temporary one is used.

#![allow(clippy::print_stdout)] // the figures are what it is for

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use smsgrid::model::{Name, NodeId, StartNumber, Timestamp};
use smsgrid_node::raft::{
    self, Call, Consensus, Figures, Member, Options, Proposer, SegmentLog, Settings, Start, Transport,
    TransportError,
};
use smsgrid_node::tasks::Tasks;
use smsgrid_tests::count::{COMMAND_OCTETS, Count};

const RUN: Duration = Duration::from_secs(3);
const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

#[tokio::main]
async fn main() {
    let parent = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let temporary = match &parent {
        Some(parent) => tempfile::tempdir_in(parent),
        None => tempfile::tempdir(),
    };
    let temporary = temporary.expect("a temporary directory");
    println!("{COMMAND_OCTETS}-octet commands at three nodes, {} s each", RUN.as_secs());
    println!(
        "{:>22} {:>10} {:>12} {:>11} {:>9} {:>9}",
        "", "commands/s", "in an entry", "in a group", "p50 ms", "p99 ms"
    );
    for (name, at) in [("all nodes", &NODES[..]), ("the leader", &NODES[..1]), ("a follower", &NODES[1..2])] {
        for callers in [1, 16, 64, 256] {
            let directory = temporary.path().join(format!("{name}-{callers}"));
            measure(&directory, name, at, callers).await;
        }
    }
}

struct Node {
    proposer: Proposer<Count>,
    consensus: Consensus<Count>,
    log: SegmentLog,
    tasks: Tasks,
}

async fn measure(directory: &Path, name: &str, at: &[NodeId], callers: usize) {
    let cluster = start(directory).await;
    let before = figures(&cluster);
    let end = Instant::now() + RUN;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| tokio::spawn(call(cluster[&at[caller % at.len()]].proposer.clone(), end)))
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("no panic"));
    }
    let after = figures(&cluster);
    waits.sort_unstable();
    let percentile =
        |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)].as_secs_f64() * 1e3;
    let commands = waits.len() as f64;
    println!(
        "{:>22} {:>10.0} {:>12.1} {:>11.1} {:>9.3} {:>9.3}",
        format!("{callers} at {name}"),
        commands / RUN.as_secs_f64(),
        commands / (after.entries - before.entries) as f64,
        commands / (after.groups - before.groups) as f64,
        percentile(50),
        percentile(99)
    );
    for node in cluster.into_values() {
        node.tasks.drain(RUN).await;
        node.consensus.shutdown().await;
    }
}

async fn call(proposer: Proposer<Count>, end: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        proposer.propose(vec![7; COMMAND_OCTETS], Duration::from_secs(10)).await.expect("accepted");
        waits.push(begun.elapsed());
    }
    waits
}

async fn start(directory: &Path) -> BTreeMap<NodeId, Node> {
    let handles: Arc<BTreeMap<NodeId, OnceLock<Consensus<Count>>>> =
        Arc::new(NODES.map(|node| (node, OnceLock::new())).into());
    let mut cluster = BTreeMap::new();
    for node in NODES {
        let tasks = Tasks::new();
        let folder = directory.join(node.to_string());
        std::fs::create_dir_all(&folder).expect("a sound disk");
        let log = SegmentLog::open(&folder.join("log"), &Options::default()).expect("a sound disk");
        let start = Start {
            node,
            start: StartNumber(1),
            log: log.clone(),
            snapshots: folder.join("snap"),
            transport: Arc::new(Wire { from: node, handles: handles.clone() }),
            clock: Arc::new(|| Timestamp::from_unix_millis(1)),
            settings: Settings::default(),
            tasks: tasks.clone(),
        };
        let (proposer, _, consensus) = raft::start(start, Count::default()).await.expect("a new log");
        assert!(handles[&node].set(consensus.clone()).is_ok());
        cluster.insert(node, Node { proposer, consensus, log, tasks });
    }
    let member = |node: NodeId| {
        let name = Name::new(&format!("node-{node}")).expect("a name");
        (node, Member { name, peer: String::new(), api: String::new() })
    };
    let first = &cluster[&NODES[0]];
    first.consensus.initialise(NODES.map(member).into()).await.expect("a new cluster");
    for node in cluster.values() {
        let mut leadership = node.consensus.leadership();
        leadership.wait_for(|led| led.leader == Some(NODES[0])).await.expect("it runs");
    }
    cluster
}

/// What the log of the leader has done.
fn figures(cluster: &BTreeMap<NodeId, Node>) -> Figures {
    cluster[&NODES[0]].log.figures()
}

/// Calls the other nodes at once.
struct Wire {
    from: NodeId,
    handles: Arc<BTreeMap<NodeId, OnceLock<Consensus<Count>>>>,
}

impl Transport for Wire {
    fn call(
        &self,
        to: NodeId,
        _: &Member,
        call: Call,
        body: Bytes,
        _: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let (from, handle) = (self.from, self.handles[&to].get().cloned());
        Box::pin(async move {
            let handle = handle.ok_or_else(|| TransportError::Unreachable("not started".to_owned()))?;
            handle.serve(from, call, body).await.map_err(|error| TransportError::Refused(error.to_string()))
        })
    }
}
