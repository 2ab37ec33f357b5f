//! What the log of a stopped node says, read with the node's own code.

use std::path::Path;

use smsgrid::log::{Known, Owner, SEGMENT_OCTETS};
use smsgrid::queue::{Policy, Queue};
use smsgrid_node::identity::DataDir;
use smsgrid_node::raft::{Options, SegmentLog, replay};

/// Replays the log below `data_dir` and gives `act` the state it leads to. The node must have stopped.
pub fn read<T>(data_dir: &Path, name: &str, act: impl FnOnce(&Queue) -> T) -> T {
    let data_dir = DataDir::of_stopped(data_dir).expect("the node has stopped");
    let identity = data_dir.identity();
    assert_eq!(identity.name.as_str(), name);
    let cluster = identity.phase.cluster().expect("it has one").octets();
    let owner = Owner { cluster, node: identity.node.0.to_be_bytes() };
    let options = Options { owner, segment_octets: SEGMENT_OCTETS, known: Known::default() };
    let log = SegmentLog::open(&data_dir.path().join("log"), &options).expect("the log opens");
    let snapshots = data_dir.path().join("snap");
    act(&replay(&log, &snapshots, Queue::new(Policy::default())).expect("the log replays"))
}
