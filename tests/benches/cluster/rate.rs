//! Messages a second with modems that take no time, on three nodes: what the nodes themselves can do.

use std::time::{Duration, Instant};

use smsgrid_tests::lines::Lines;
use tokio::runtime::Runtime;

use crate::load;
use crate::results::Results;

const MODEMS: usize = 32;
const WARM_UP: usize = 1_000;
const MESSAGES: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const TARGET: f64 = 1_000.0;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime, results: &mut Results) {
    let cluster = crate::start(MODEMS, "fast");
    let mut lines = Lines::of(cluster.simulator().ledger().path());
    let apis = cluster.apis();
    let mut send = |name: &'static str, count: usize, wanted: usize| {
        let begun = Instant::now();
        runtime.block_on(async {
            load::submit(&apis, name, count).await;
            load::until("the ledger", PATIENCE, LOOK_EVERY, || lines.count() >= wanted).await;
        });
        begun.elapsed()
    };
    send("warm-up", WARM_UP, WARM_UP);
    let elapsed = send("message", MESSAGES, WARM_UP + MESSAGES);

    let copies = cluster.simulator().ledger().copies();
    let not_once = copies.values().filter(|copies| **copies != 1).count();
    results.at_least(
        format!("{MODEMS} modems that take no time on three nodes"),
        MESSAGES as f64 / elapsed.as_secs_f64(),
        TARGET,
        "SMS/s",
    );
    results.at_most("texts of that run not exactly once in the ledger", not_once as f64, 0.0, "");
}
