//! What three nodes do together, as processes of their own on this host: durable submissions beside etcd's puts, modems
//! that take no time and modems that take 300 ms, the way of one message through an idle cluster, failover, a million
//! waiting messages, and what idleness costs. It prints figures and asserts nothing about time.
//!
//! `cargo bench -p smsgrid-tests --bench cluster [-- [--write] [--clients=N]... [NAME]...]`; the names are `submits`,
//! `batches`, `first`, `rate`, `steady`, `failover`, `million` and `idle`, all of them without one. `--write` writes the
//! table to `tests/RESULTS.md`; `--clients` chooses with how many clients submits are measured.
//! Data lies in the temporary folder: set `TMPDIR` to measure another disk.

mod batches;
mod etcd;
mod failover;
mod first;
mod idle;
mod load;
mod million;
mod rate;
mod results;
mod steady;
mod submits;

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::cluster::{Cluster, Setup};
use tokio::runtime::Builder;

use results::Results;

/// What can be measured.
const NAMES: [&str; 8] = ["submits", "batches", "first", "rate", "steady", "failover", "million", "idle"];
/// How long nodes may take to form a cluster and to set their modems up.
const READY: Duration = Duration::from_secs(60);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (options, chosen): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with('-'));
    check(&options, &chosen);
    let runs = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| *chosen == name);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut results = Results::default();

    if runs("submits") {
        let clients = options.iter().filter_map(|option| option.strip_prefix("--clients="));
        let clients: Vec<usize> = clients.map(|clients| clients.parse().expect("a number")).collect();
        submits::measure(temporary.path(), &runtime, &clients, &mut results);
    }
    if runs("batches") {
        batches::measure(&runtime, &mut results);
    }
    if runs("first") {
        first::measure(&runtime, &mut results);
    }
    if runs("rate") {
        rate::measure(&runtime, &mut results);
    }
    if runs("steady") {
        steady::measure(&runtime, &mut results);
    }
    if runs("failover") {
        failover::measure(&mut results);
    }
    if runs("million") {
        million::measure(&runtime, &mut results);
    }
    if runs("idle") {
        idle::measure(&mut results);
    }
    if options.iter().any(|option| *option == "--write") {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
        fs::write(page, results.page(temporary.path())).expect("the page can be written");
    }
}

/// What is mistyped is told before anything is measured.
fn check(options: &[&String], chosen: &[&String]) {
    let is_option = |option: &str| option == "--write" || option.starts_with("--clients=");
    let option = options.iter().find(|option| !is_option(option));
    let name = chosen.iter().find(|name| !NAMES.contains(&name.as_str()));
    if let Some(unknown) = option.or(name) {
        panic!("{unknown} is neither --write, --clients=N nor one of {}", NAMES.join(", "));
    }
}

/// Three nodes with `modems` modems in all, at work when this returns.
fn start(modems: usize, personality: &str) -> Cluster {
    let on = |node: usize| vec![personality.to_owned(); modems / 3 + usize::from(node < modems % 3)];
    let setup = Setup { modems: (0..3).map(on).collect(), is_proxied: false, ..Setup::three(0, personality) };
    let mut cluster = Cluster::start(Path::new(env!("CARGO_BIN_EXE_smsnode-under-test")), setup);
    for node in 0..cluster.size() {
        cluster.wait_ready(node, READY);
    }
    cluster.until("the modems to be registered", READY, || {
        let status = cluster.asker().status(0, smsgrid_tests::cluster::ask::stale()).ok()?;
        (status.modems.iter().filter(|modem| !modem.node.is_empty()).count() == modems).then_some(())
    });
    cluster
}
