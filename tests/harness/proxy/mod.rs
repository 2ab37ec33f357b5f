//! The network between the nodes: a TCP proxy that can cut, hold, delay and half-open each direction by itself.
//!
//! ```text
//! node a ──connects──▶ advertised address of b ──proxy──▶ where b listens
//!              octets a→b obey the rule of the link a→b, answers the rule of the link b→a
//! ```
//!
//! All nodes name each other by the same addresses, as they must. Who connects is told by the socket's owner, which the
//! kernel knows. A held link keeps its octets, as a real cut does for as long as TCP retransmits: they arrive late.
//! Bounded: what a link does not pass stays in the sender's own buffers.

mod connection;
mod owner;
pub mod plan;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, broadcast, watch};

pub use owner::Owners;

/// Most connections through the proxy of one node; more are refused.
const CONNECTIONS_MAX: usize = 256;

/// What becomes of octets that go from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// They pass.
    Pass,
    /// They pass after this time.
    Delay(Duration),
    /// They wait until the rule changes. Connections stay, and nobody is told.
    Hold,
    /// Connections break, and new ones are closed at once.
    Refuse,
}

/// The directed links between nodes.
#[derive(Debug)]
pub struct Network {
    links: Arc<Links>,
    runtime: Option<Runtime>,
}

/// The rules of all links, shared with the connections.
#[derive(Debug)]
struct Links {
    rules: Vec<Vec<watch::Sender<Rule>>>,
    /// Tells connections from the first node to the second one to go half open.
    half_open: broadcast::Sender<(usize, usize)>,
    owners: Owners,
}

impl Network {
    /// Listens on `advertised[n]` for whoever wants node n, and passes it on to `real[n]`. `owners` tells who connects.
    pub fn start(advertised: &[SocketAddr], real: &[SocketAddr], owners: Owners) -> Network {
        let rules = || advertised.iter().map(|_| watch::Sender::new(Rule::Pass)).collect();
        let links = Arc::new(Links {
            rules: advertised.iter().map(|_| rules()).collect(),
            half_open: broadcast::Sender::new(64),
            owners,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("network")
            .enable_all()
            .build()
            .expect("a runtime");
        for (node, (listen, target)) in advertised.iter().zip(real).enumerate() {
            let listener = runtime.block_on(TcpListener::bind(listen)).expect("an address of our own");
            runtime.spawn(serve(listener, links.clone(), node, *target));
        }
        Network { links, runtime: Some(runtime) }
    }

    /// Octets from node `from` to node `to` obey `rule` from now on.
    pub fn set(&self, from: usize, to: usize, rule: Rule) {
        self.links.rules[from][to].send_replace(rule);
    }

    /// The same in both directions between `node` and every other one.
    pub fn set_around(&self, node: usize, rule: Rule) {
        for other in (0..self.links.rules.len()).filter(|other| *other != node) {
            self.set(node, other, rule);
            self.set(other, node, rule);
        }
    }

    /// Everything passes again.
    pub fn heal(&self) {
        for rule in self.links.rules.iter().flatten() {
            rule.send_replace(Rule::Pass);
        }
    }

    /// Connections that `from` opened to `to` end on the side of `to`; `from` is not told and waits for answers.
    pub fn half_open(&self, from: usize, to: usize) {
        // An error means that there is no connection.
        let _ = self.links.half_open.send((from, to));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, links: Arc<Links>, node: usize, target: SocketAddr) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, from)) = listener.accept().await else { continue };
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        let links = links.clone();
        tokio::spawn(async move {
            let _place = place;
            let owners = links.owners.clone();
            let owner = tokio::task::spawn_blocking(move || owners.of(from)).await.ok().flatten();
            if let Some(owner) = owner {
                connection::carry(stream, target, &links, owner, node).await;
            }
        });
    }
}

impl Links {
    fn rule(&self, from: usize, to: usize) -> watch::Receiver<Rule> {
        self.rules[from][to].subscribe()
    }
}

/// The pids of the nodes, for telling who connects; nothing for a node that does not run.
pub type Pids = Arc<Mutex<Vec<Option<u32>>>>;
