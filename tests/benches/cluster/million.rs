//! A million waiting messages: what they cost, whether a claim takes longer than among a thousand, and how soon the nodes
//! serve again when all were killed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use smsgrid_proto::v1::modem_service_client::ModemServiceClient;
use smsgrid_proto::v1::{BlockModemRequest, UnblockModemRequest};
use smsgrid_tests::cluster::{Cluster, ask};
use smsgrid_tests::cost;
use smsgrid_tests::lines::Lines;
use tokio::runtime::Runtime;

use crate::load;
use crate::results::Results;

const MESSAGES: usize = 1_000_000;
/// Among how many a claim is measured first.
const FEW: usize = 1_000;
/// Messages sent to measure what one takes; fewer than `FEW`.
const SENT: usize = 900;
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const MEMORY_TARGET_GIB: f64 = 1.5;
const RESTART_TARGET_S: f64 = 30.0;
const RATIO_TARGET: f64 = 1.2;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime, results: &mut Results) {
    let mut cluster = crate::start(3, "fast");
    let mut sent = Lines::of(cluster.simulator().ledger().path());
    let apis = cluster.apis();
    let status = cluster.asker().status(0, ask::stale()).expect("a stale read needs nobody");
    let modems: Vec<String> = status.modems.into_iter().map(|modem| modem.name).collect();
    runtime.block_on(block(apis[0], &modems, true));
    runtime.block_on(load::submit_batched(&apis, FEW));
    let among_few = runtime.block_on(send(apis[0], &modems, &mut sent));

    let begun = Instant::now();
    runtime.block_on(load::submit_batched(&apis, MESSAGES));
    let taken = begun.elapsed();
    results.note(
        format!("{MESSAGES} messages queued, in batches of 500"),
        format!("{:.1} s, {:.0} a second", taken.as_secs_f64(), MESSAGES as f64 / taken.as_secs_f64()),
    );
    results.at_most("the same, most memory of a node", most_gib(&cluster), MEMORY_TARGET_GIB, "GiB");
    // What is put off is written first: the figure is of claims, not of what else was to be done.
    runtime.block_on(load::written(&apis));
    let among_all = runtime.block_on(send(apis[0], &modems, &mut sent));
    let ratio = among_all.as_secs_f64() / among_few.as_secs_f64();
    results.at_most(
        format!("claim, start and outcome among {MESSAGES} waiting against {FEW}"),
        ratio,
        RATIO_TARGET,
        "times",
    );

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

/// How long the modems take for `SENT` messages, between two blocks of all.
async fn send(api: SocketAddr, modems: &[String], sent: &mut Lines) -> Duration {
    let before = sent.count();
    let begun = Instant::now();
    block(api, modems, false).await;
    load::until("the ledger", PATIENCE, LOOK_EVERY, || sent.count() >= before + SENT).await;
    let taken = begun.elapsed();
    block(api, modems, true).await;
    taken
}

/// Blocks every modem, or lets every one go on.
async fn block(api: SocketAddr, modems: &[String], is_blocked: bool) {
    let mut service = ModemServiceClient::new(ask::channel(api));
    for name in modems.iter().cloned() {
        if is_blocked {
            service.block(BlockModemRequest { name }).await.expect("blocked");
        } else {
            service.unblock(UnblockModemRequest { name }).await.expect("unblocked");
        }
    }
}

/// The most any node has occupied since it started.
fn most_gib(cluster: &Cluster) -> f64 {
    let most = cluster.nodes().iter().filter_map(|node| node.pid()).map(|pid| cost::memory(pid).1).max();
    most.unwrap_or_default() as f64 / f64::from(1 << 30)
}
