//! A million waiting messages: what they cost, and how soon the nodes serve again when all were killed.

use std::time::{Duration, Instant};

use smsgrid_tests::cluster::Cluster;
use smsgrid_tests::cost;
use tokio::runtime::Runtime;

use crate::load;
use crate::results::Results;

const MESSAGES: usize = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(120);
const MEMORY_TARGET_GIB: f64 = 1.5;
const RESTART_TARGET_S: f64 = 30.0;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime, results: &mut Results) {
    let mut cluster = crate::start(0, "fast");
    let apis = cluster.apis();
    let begun = Instant::now();
    runtime.block_on(load::submit_batched(&apis, MESSAGES));
    let taken = begun.elapsed();
    results.note(
        format!("{MESSAGES} messages queued, in batches of 500"),
        format!("{:.1} s, {:.0} a second", taken.as_secs_f64(), MESSAGES as f64 / taken.as_secs_f64()),
    );
    results.at_most("the same, most memory of a node", most_gib(&cluster), MEMORY_TARGET_GIB, "GiB");

    cluster.kill_all();
    let begun = Instant::now();
    cluster.start_all();
    for node in 0..cluster.size() {
        cluster.wait_ready(node, PATIENCE);
    }
    results.at_most(
        "the same, all nodes killed and started again, to serving",
        begun.elapsed().as_secs_f64(),
        RESTART_TARGET_S,
        "s",
    );
    results.at_most("the same, most memory of a node since", most_gib(&cluster), MEMORY_TARGET_GIB, "GiB");
}

/// The most any node has occupied since it started.
fn most_gib(cluster: &Cluster) -> f64 {
    let most = cluster.nodes().iter().filter_map(|node| node.pid()).map(|pid| cost::memory(pid).1).max();
    most.unwrap_or_default() as f64 / f64::from(1 << 30)
}
