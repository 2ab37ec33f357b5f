//! A cluster of real nodes on addresses of its own, with simulated modems in another process as the truth.
//!
//! ```text
//! client ──gRPC──▶ node a ──▶ proxy ──▶ node b          simulator (its own process)
//!                    └── pty, TCP ────────────────────▶ modems ──▶ ledger
//! ```
//!
//! Every wait has a deadline; one that is over ends the test with the last lines of every node.

pub mod ask;
mod node;
mod setup;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use smsgrid_proto::v1;
use tempfile::TempDir;

use crate::addresses::Addresses;
use crate::checker::Fault;
use crate::history::Moment;
use crate::http;
use crate::proxy::{Network, Owners, Pids};
use crate::sim::Simulator;
use crate::wait;

pub use ask::Asker;
pub use node::Node;
pub use setup::Setup;

/// How long a node may take from its start until it is of use; a slow machine that runs everything at once included.
pub const READY: Duration = Duration::from_secs(60);
/// How long a drain may take.
pub const DRAIN: Duration = Duration::from_secs(60);
/// How long a probe may take.
const PROBE: Duration = Duration::from_secs(2);
/// Port of modems behind TCP.
const MODEM: u16 = 9_000;
/// Host of the first modem behind TCP.
const MODEM_HOST: u8 = 200;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    setup: Setup,
    nodes: Vec<Node>,
    asker: Asker,
    network: Option<Network>,
    simulator: Simulator,
    pids: Pids,
    faults: Vec<Fault>,
    begun: Instant,
    addresses: Addresses,
    dir: Option<TempDir>,
}

impl Cluster {
    /// Writes the files of a cluster, starts its modems and its network, and none of its nodes.
    pub fn prepare(smsnode: &Path, setup: Setup) -> Cluster {
        let dir = tempfile::tempdir().expect("a folder");
        let addresses = Addresses::take();
        let shared: Vec<(SocketAddr, &str)> = (MODEM_HOST..)
            .zip(&setup.shared)
            .map(|(host, personality)| (addresses.at(host, MODEM), personality.as_str()))
            .collect();
        let mut own: Vec<&str> = setup.modems.iter().flatten().map(String::as_str).collect();
        if own.is_empty() && shared.is_empty() {
            // There is no simulator without a modem; nobody opens this one.
            own.push("fast");
        }
        let simulator = Simulator::start_mixed(smsnode, dir.path(), &own, &shared);
        let nodes = prepare_nodes(smsnode, dir.path(), &setup, &addresses, &simulator, &shared);
        let pids: Pids = Arc::new(Mutex::new(vec![None; setup.nodes]));
        let network = setup.is_proxied.then(|| {
            let all = 0..setup.nodes;
            let advertised: Vec<_> = all.clone().map(|node| setup.advertised(&addresses, node)).collect();
            let real: Vec<_> = all.map(|node| Setup::peer(&addresses, node)).collect();
            Network::start(&advertised, &real, Owners::among(pids.clone()))
        });
        let apis: Vec<SocketAddr> = nodes.iter().map(Node::api).collect();
        Cluster {
            asker: Asker::of(&apis),
            setup,
            nodes,
            network,
            simulator,
            pids,
            faults: Vec::new(),
            begun: Instant::now(),
            addresses,
            dir: Some(dir),
        }
    }

    /// Prepares it, starts all nodes and waits until each is of use.
    pub fn start(smsnode: &Path, setup: Setup) -> Cluster {
        let mut cluster = Cluster::prepare(smsnode, setup);
        cluster.start_all();
        cluster
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Its nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node, for looking at it.
    pub fn node(&mut self, node: usize) -> &mut Node {
        &mut self.nodes[node]
    }

    /// Its modems and their ledger.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The network between its nodes; panics when it was set up without.
    pub fn network(&self) -> &Network {
        self.network.as_ref().expect("the cluster was set up with a proxy")
    }

    /// Who asks it.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Where clients reach its nodes.
    pub fn apis(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::api).collect()
    }

    /// The folder of everything.
    pub fn dir(&self) -> &Path {
        self.dir.as_ref().expect("it is kept until the cluster is dropped").path()
    }

    /// Where node number `node` keeps its data.
    pub fn data_dir(&self, node: usize) -> PathBuf {
        self.setup.data_dir(self.dir(), node)
    }

    /// Where node number `node` listens for the others, behind the proxy.
    pub fn peer(&self, node: usize) -> SocketAddr {
        Setup::peer(&self.addresses, node)
    }

    /// The beginning of the run's clock.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// The moment on the run's clock.
    pub fn now(&self) -> Moment {
        self.begun.elapsed()
    }

    /// What was done to it so far.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Writes down that something was done to it that may catch this many modems at work.
    pub fn note_fault(&mut self, what: &str, modems: usize) {
        let at = self.now();
        self.faults.push(Fault { at, what: what.to_owned(), modems });
    }

    /// How many modems a node may have at work: its own and those it shares.
    pub fn modems_of(&self, node: usize) -> usize {
        self.setup.modems.get(node).map_or(0, Vec::len) + self.setup.shared.len()
    }

    /// Starts a node; does not wait.
    pub fn start_node(&mut self, node: usize) {
        self.nodes[node].start(&self.setup.environment);
        self.tell_pids();
    }

    /// Starts every node that does not run, and waits until all are of use.
    pub fn start_all(&mut self) {
        for node in 0..self.size() {
            if !self.nodes[node].is_started() {
                self.start_node(node);
            }
        }
        for node in 0..self.size() {
            self.wait_ready(node, READY);
        }
    }

    /// Kills a node with SIGKILL, and writes the fault down.
    pub fn kill(&mut self, node: usize) {
        self.note_fault(&format!("kill {}", Setup::name(node)), self.modems_of(node));
        self.nodes[node].kill();
        self.tell_pids();
    }

    /// Kills every node at the same time, as near as it goes.
    pub fn kill_all(&mut self) {
        for node in 0..self.size() {
            self.kill(node);
        }
    }

    /// Drains a node; panics when it does not end well.
    pub fn stop(&mut self, node: usize) {
        let status = self.nodes[node].stop(DRAIN);
        self.tell_pids();
        assert!(status.success(), "{} ended with {status}\n{}", Setup::name(node), self.report());
    }

    /// Stops a node's process without its knowledge, and writes the fault down.
    pub fn pause(&mut self, node: usize) {
        self.note_fault(&format!("pause {}", Setup::name(node)), self.modems_of(node));
        self.nodes[node].pause();
    }

    /// Lets a paused node run again.
    pub fn resume(&mut self, node: usize) {
        self.nodes[node].resume();
    }

    /// Whether a node says that it is of use.
    pub fn is_ready(&self, node: usize) -> bool {
        http::get(self.nodes[node].api(), "/readyz", PROBE).is_some_and(|(status, _)| status == 200)
    }

    /// Waits until a node says that it is of use.
    pub fn wait_ready(&mut self, node: usize, patience: Duration) {
        let api = self.nodes[node].api();
        let ended = wait::poll(patience, || {
            if let Some(status) = self.nodes[node].exit_status() {
                return Some(Err(status));
            }
            let answer = http::get(api, "/readyz", PROBE);
            answer.is_some_and(|(status, _)| status == 200).then_some(Ok(()))
        });
        match ended {
            Some(Ok(())) => {}
            Some(Err(status)) => {
                panic!("{} ended with {status} while it started\n{}", Setup::name(node), self.report())
            }
            None => panic!("{} is not ready after {patience:?}\n{}", Setup::name(node), self.report()),
        }
    }

    /// Waits until a node that runs leads, and says which.
    pub fn leader(&self, patience: Duration) -> usize {
        self.until("a leader", patience, || self.leader_now())
    }

    /// The node that leads, if one that runs says so of itself; of several the one in the newest term.
    pub fn leader_now(&self) -> Option<usize> {
        let mut leaders: Vec<(u64, usize)> = Vec::new();
        for node in self.running() {
            let consensus = self.asker.status(node, ask::stale()).ok().and_then(|status| status.consensus);
            if let Some(consensus) = consensus.filter(|it| it.role() == v1::NodeRole::Leader) {
                leaders.push((consensus.term, node));
            }
        }
        leaders.into_iter().max().map(|(_, node)| node)
    }

    /// Waits until a modem is at work on a message, and says on which node.
    pub fn owner_at_work(&self, patience: Duration) -> usize {
        self.until("a modem at work", patience, || self.owners_now().first().copied())
    }

    /// The running nodes that have a modem at work on a message.
    pub fn owners_now(&self) -> Vec<usize> {
        let running = self.running();
        let status = running.iter().find_map(|node| self.asker.status(*node, ask::stale()).ok());
        let modems = status.map(|status| status.modems).unwrap_or_default();
        let at_work = modems.iter().filter(|modem| modem.state() == v1::ModemState::Sending);
        let mut owners: Vec<usize> = at_work.filter_map(|modem| self.number(&modem.node)).collect();
        owners.retain(|owner| running.contains(owner));
        owners.dedup();
        owners
    }

    /// The number of the node of this name.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name() == name)
    }

    /// The nodes that were started and are not paused.
    pub fn running(&self) -> Vec<usize> {
        let is_running = |node: &usize| self.nodes[*node].is_started() && !self.nodes[*node].is_paused();
        (0..self.size()).filter(is_running).collect()
    }

    /// Looks at `condition` until it gives a value; panics with the report when `patience` is over.
    pub fn until<T>(&self, what: &str, patience: Duration, condition: impl FnMut() -> Option<T>) -> T {
        wait::poll(patience, condition)
            .unwrap_or_else(|| panic!("waited {patience:?} in vain for {what}\n{}", self.report()))
    }

    /// The last lines of every node.
    pub fn report(&self) -> String {
        let tails =
            self.nodes.iter().map(|node| format!("--- end of the log of {}\n{}\n", node.name(), node.tail()));
        tails.collect()
    }

    fn tell_pids(&self) {
        let pids = self.nodes.iter().map(Node::pid).collect();
        *self.pids.lock().expect("no holder panics") = pids;
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Whole logs and data are worth keeping when something went wrong.
        if let Some(dir) = self.dir.take().filter(|_| std::thread::panicking()) {
            let path = dir.keep();
            // A report that cannot be written must not hide the failure it belongs to.
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("logs, data and ledger are kept in {}\n", path.display()),
            );
        }
    }
}

fn prepare_nodes(
    smsnode: &Path,
    dir: &Path,
    setup: &Setup,
    addresses: &Addresses,
    simulator: &Simulator,
    shared: &[(SocketAddr, &str)],
) -> Vec<Node> {
    let mut ptys = simulator.ports().iter();
    let mut nodes = Vec::new();
    for node in 0..setup.nodes {
        let own = setup.modems.get(node).map_or(0, Vec::len);
        let mut ports: Vec<(String, String)> = (1..=own)
            .zip(&mut ptys)
            .map(|(number, pty)| (format!("{}-m{number}", Setup::name(node)), pty.display().to_string()))
            .collect();
        ports.extend(
            (1..)
                .zip(shared)
                .map(|(number, (address, _))| (format!("shared{number}"), format!("tcp:{address}"))),
        );
        let config = setup.config(addresses, dir, node, &ports);
        nodes.push(Node::prepare(smsnode, dir, &Setup::name(node), Setup::api(addresses, node), &config));
    }
    nodes
}
