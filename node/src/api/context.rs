//! What the API works on: handles to the rest of the node.

use std::sync::Arc;

use smsgrid::model::{Name, NodeId, Timestamp};
use smsgrid::queue::Queue;
use smsgrid_proto::Reason;
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;
use crate::clock::Clock;
use crate::history::History;
use crate::machine::{Proposer, View};
use crate::raft::Consensus;
use crate::store::Store;
use crate::submit::Submitter;

/// Handles to the rest of the node. Clones are the same node.
#[derive(Clone)]
pub struct Context {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: Name,
    /// The name of the cluster; the node's own when it is alone.
    pub cluster: String,
    /// The identity of the cluster.
    pub cluster_id: String,
    /// For reads.
    pub view: View,
    /// For what people ask.
    pub proposer: Proposer,
    /// For new messages.
    pub submitter: Submitter,
    /// Who leads, and how far the log is.
    pub consensus: Consensus<Queue>,
    /// Messages that have left memory: how many of them wait to be written.
    pub store: Store,
    /// The same, to be read.
    pub history: History,
    /// The node's date.
    pub clock: Clock,
    /// What the modems of this node last said of themselves.
    pub modems: Arc<dyn Modems>,
    /// Cancelled when the node begins to stop: it is not ready any more, and watches end.
    pub draining: CancellationToken,
    /// What the node counts.
    pub metrics: Metrics,
    /// When the node was started.
    pub started: Timestamp,
}

/// What the modems of this node last said of themselves, as far as no log entry tells it.
pub trait Modems: Send + Sync + 'static {
    /// The modems this node is configured with, and what is known of each.
    fn news(&self) -> Vec<(Name, ModemNews)>;
}

/// What one modem last said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModemNews {
    /// How it is.
    pub condition: ModemCondition,
    /// Since when.
    pub since: Timestamp,
    /// Received signal strength in dBm.
    pub signal: Option<i32>,
    /// Class of the bit errors it receives, 0 to 7, when it tells.
    pub bit_errors: Option<u8>,
    /// The network it is registered with.
    pub operator: Option<String>,
    /// Whose network that is; none when the modem does not tell.
    pub network: Option<Network>,
    /// Why it is not ready, in words.
    pub why: Option<String>,
    /// The word of the catalogue for its trouble.
    pub reason: Option<Reason>,
}

/// Whose network a modem is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// With none.
    None,
    /// With that of its SIM.
    Home,
    /// With another one.
    Roaming,
}

/// How a modem is, as its own node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModemCondition {
    /// Being set up, or coming to rest after a doubtful answer.
    Starting,
    /// Set up; whether it is at work is in the log.
    Ready,
    /// Waits for a PIN.
    Pin,
    /// Without a network.
    NoNetwork,
    /// Its device is not there.
    Unplugged,
    /// Takes nothing for a while after errors.
    Blocked,
    /// In trouble.
    Trouble,
    /// Takes nothing new and finishes what it has.
    Draining,
}

/// No modem says anything of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoModems;

impl Modems for NoModems {
    fn news(&self) -> Vec<(Name, ModemNews)> {
        Vec::new()
    }
}
