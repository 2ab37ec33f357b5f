//! Messages a second with modems that take no time: what the node itself can do.

use std::path::Path;
use std::time::{Duration, Instant};

use smsgrid_node::node::{Figures, Node};
use smsgrid_tests::cost::Cost;
use smsgrid_tests::sim::Simulator;

use crate::load;
use crate::show;
use smsgrid_tests::lines::Lines;

const MODEMS: usize = 32;
const WARM_UP: usize = 1000;
const MESSAGES: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the ledger is looked at, which is all that the end may be late.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) {
    let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
    let mut simulator = Simulator::start(smsnode, folder, MODEMS, "fast");
    let mut ledger = Lines::of(simulator.ledger().path());
    let node = load::start(folder, simulator.ports()).await;
    send(&node, "warm-up", WARM_UP, &mut ledger).await;

    let pids = [std::process::id(), simulator.process().pid()];
    let (costs, figures, begun) = (pids.map(Cost::of), node.figures(), Instant::now());
    send(&node, "message", MESSAGES, &mut ledger).await;
    let (elapsed, later) = (begun.elapsed(), node.figures());
    let [own, simulated] = [0, 1].map(|of| Cost::of(pids[of]).since(costs[of]));

    let entries = simulator.ledger().copies();
    let doubled = entries.values().filter(|copies| **copies != 1).count();
    let rate = MESSAGES as f64 / elapsed.as_secs_f64();
    println!("\n{MODEMS} modems that take no time, submitted in process: {rate:.0} SMS/s (target 1000)");
    println!(
        "  {MESSAGES} messages in {:.2} s, {:.1} ms a message and modem; {} texts in the ledger, {doubled} not once",
        elapsed.as_secs_f64(),
        MODEMS as f64 * 1e3 / rate,
        entries.len(),
    );
    show::cost("node and submitters", own, MESSAGES, elapsed);
    show::cost("simulator", simulated, MESSAGES, elapsed);
    show_syncs(&figures, &later);
    node.drain().await;
}

/// Submits messages and waits until the network has them all.
async fn send(node: &Node, name: &str, count: usize, ledger: &mut Lines) {
    let wanted = ledger.count() + count;
    load::submit(node, name, count).await;
    load::until("the ledger", PATIENCE, LOOK_EVERY, || ledger.count() >= wanted).await;
}

fn show_syncs(earlier: &Figures, later: &Figures) {
    let each = |count: u64| count as f64 / MESSAGES as f64;
    let log = later.log.syncs - earlier.log.syncs;
    let outbox = later.outbox.syncs - earlier.outbox.syncs;
    println!(
        "  disk: {:.3} syncs a message ({:.3} log, {:.3} outbox), {:.0} octets of log and {:.0} of outbox a message",
        each(log + outbox),
        each(log),
        each(outbox),
        each(later.log.octets - earlier.log.octets),
        each(later.outbox.octets - earlier.outbox.octets),
    );
}
