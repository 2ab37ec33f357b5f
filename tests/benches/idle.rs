//! What a node costs while nothing is to be sent: processor, disk, memory. It prints figures and asserts nothing
//! about them.
//!
//! `cargo bench -p smsgrid-tests --bench idle [-- SECONDS]`; 60 seconds without a number, so that each modem is asked
//! once for its signal and network.

#![allow(clippy::print_stdout)] // the figures are what it is for

use std::path::Path;
use std::time::{Duration, Instant};

use smsgrid_tests::cost::{self, Cost};
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

const MODEMS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(60);
/// Until what a start leaves behind is done: the log says its durable end a second after its last entry.
const SETTLE: Duration = Duration::from_secs(5);

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let span = Duration::from_secs(seconds.unwrap_or(60));
    let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut simulator = Simulator::start(smsnode, folder.path(), MODEMS, "fast");
    let modems: Vec<(String, String)> = simulator
        .ports()
        .iter()
        .enumerate()
        .map(|(number, port)| (format!("GSM{number}"), format!("port = \"{}\"", port.display())))
        .collect();
    let mut gateway = Gateway::prepare(smsnode, folder.path(), &modems);
    gateway.start();
    wait::until_true("the modems to be ready", PATIENCE, || {
        let output = gateway.process().output();
        output.iter().filter(|line| line.contains("modem.up")).count() == MODEMS
    });
    pass(SETTLE);

    let pids = [gateway.process().pid(), simulator.process().pid()];
    let (before, begun) = (pids.map(Cost::of), Instant::now());
    pass(span);
    let elapsed = begun.elapsed();
    let [node, simulated] = [0, 1].map(|of| Cost::of(pids[of]).since(before[of]));

    println!("an idle node with {MODEMS} modems over {:.0} s:", elapsed.as_secs_f64());
    println!("  processor: {:.3} % of one (target 0.5 %)", share(node.cpu, elapsed));
    println!("  octets to disk: {}", node.written);
    let each = |count: u64| count as f64 / elapsed.as_secs_f64();
    println!(
        "  calls a second: {:.1} reads, {:.1} writes (to modems, and of the runtime to wake itself), {:.1} waits",
        each(node.reads),
        each(node.writes),
        each(node.waits)
    );
    let (resident, most) = cost::memory(pids[0]);
    println!("  memory: {:.1} MiB, {:.1} at most (target 20 MiB)", mib(resident), mib(most));
    println!("  its simulator: {:.3} % of a processor", share(simulated.cpu, elapsed));
    gateway.stop();
}

/// Lets time pass: there is no condition to wait for, idleness is what is measured.
fn pass(span: Duration) {
    wait::poll(span, || None::<()>);
}

fn share(cpu: Duration, elapsed: Duration) -> f64 {
    cpu.as_secs_f64() / elapsed.as_secs_f64() * 100.0
}

fn mib(octets: u64) -> f64 {
    octets as f64 / f64::from(1 << 20)
}
