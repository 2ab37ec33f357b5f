//! What the log of a stopped node says, read with the node's own code.

use std::path::Path;
use std::sync::Arc;

use smsgrid::log::{Known, Owner, SEGMENT_OCTETS};
use smsgrid::model::{Name, Timestamp};
use smsgrid::queue::{Policy, Queue};
use smsgrid_node::identity::DataDir;
use smsgrid_node::machine::View;
use smsgrid_node::raft::{Options, SegmentLog, start};

/// Replays the log below `data_dir` and gives `act` the state it leads to. The node must have stopped.
pub fn read<T>(data_dir: &Path, name: &str, act: impl FnOnce(&Queue) -> T) -> T {
    let view = replay(data_dir, name);
    view.read(act)
}

fn replay(data_dir: &Path, name: &str) -> View {
    let name = Name::new(name).expect("a name");
    let data_dir = DataDir::open(data_dir, &name).expect("the node has stopped");
    let identity = data_dir.identity();
    let cluster = identity.cluster.octets();
    let owner = Owner { cluster, node: identity.node.0.to_be_bytes() };
    let options = Options { owner, segment_octets: SEGMENT_OCTETS, known: Known::default() };
    let log = SegmentLog::open(&data_dir.path().join("log"), &options).expect("the log opens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let calendar = Arc::new(|| Timestamp::ZERO);
    let started = runtime.block_on(start(log, identity.node, Queue::new(Policy::default()), 0, calendar));
    let (_, view, _) = started.expect("the log replays");
    view
}
