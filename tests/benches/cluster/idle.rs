//! What three nodes cost while nothing is to be sent.

use std::time::{Duration, Instant};

use smsgrid_tests::cost::{self, Cost};
use smsgrid_tests::wait;

use crate::results::Results;

const MODEMS: usize = 3;
/// Until what a start leaves behind is done.
const SETTLE: Duration = Duration::from_secs(10);
const SPAN: Duration = Duration::from_secs(30);
const CPU_TARGET: f64 = 1.0;
const MEMORY_TARGET_MIB: f64 = 40.0;

/// Measures and prints.
pub(crate) fn measure(results: &mut Results) {
    let cluster = crate::start(MODEMS, "fast");
    pass(SETTLE);
    let pids: Vec<u32> = cluster.nodes().iter().filter_map(|node| node.pid()).collect();
    let (before, begun) = (pids.iter().map(|pid| Cost::of(*pid)).collect::<Vec<_>>(), Instant::now());
    pass(SPAN);
    let elapsed = begun.elapsed().as_secs_f64();
    let costs: Vec<Cost> =
        pids.iter().zip(before).map(|(pid, before)| Cost::of(*pid).since(before)).collect();

    let most = costs.iter().map(|cost| cost.cpu.as_secs_f64() / elapsed * 100.0).fold(0.0, f64::max);
    results.at_most("idle cluster, processor of the busiest node", most, CPU_TARGET, "% of one");
    let written: u64 = costs.iter().map(|cost| cost.written).sum();
    results.at_most(
        format!("idle cluster, octets written to disk by three nodes in {elapsed:.0} s"),
        written as f64,
        0.0,
        "",
    );
    let memory = pids.iter().map(|pid| cost::memory(*pid).0).max().unwrap_or_default();
    let mib = memory as f64 / f64::from(1 << 20);
    results.at_most("idle cluster, memory of the largest node", mib, MEMORY_TARGET_MIB, "MiB");
}

/// Lets time pass: there is no condition to wait for, idleness is what is measured.
fn pass(span: Duration) {
    wait::poll(span, || None::<()>);
}
