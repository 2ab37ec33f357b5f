//! The share of what modems that take 300 ms a message could send at best.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::cost::Cost;
use smsgrid_tests::sim::Simulator;

use crate::load;
use smsgrid_tests::lines::Lines;

const MODEMS: usize = 8;
const MESSAGES: usize = MODEMS * 60;
const LATENCY_MS: u64 = 300;
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the ledger is looked at; seldom, so that it costs nothing beside the node.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) {
    let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
    let simulator = Simulator::start(smsnode, folder, MODEMS, "steady");
    let node = load::start(folder, simulator.ports()).await;
    let before = Cost::of(std::process::id());

    load::submit(&node, "message", MESSAGES).await;
    let mut ledger = Lines::of(simulator.ledger().path());
    load::until("the ledger", PATIENCE, LOOK_EVERY, || ledger.count() >= MESSAGES).await;

    let cost = Cost::of(std::process::id()).since(before);
    let mut moments: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for entry in simulator.ledger().entries() {
        moments.entry(entry.imei).or_default().push(ms_of_day(&entry.time));
    }
    // From its first message to its last every modem always had another one waiting.
    let busy = moments.values().map(|moments| (moments.len() as u64 - 1) * LATENCY_MS).sum::<u64>();
    let passed = moments.values().map(|moments| span(moments)).sum::<u64>();
    let gaps = MESSAGES - moments.len();
    println!("\n{MODEMS} modems that take {LATENCY_MS} ms a message, the simulator in its own process:");
    println!(
        "  {:.1} % of the ideal rate (target 98 %); {:.2} ms a message beside the {LATENCY_MS} ms; {:.3} ms of processor a message",
        busy as f64 / passed as f64 * 100.0,
        (passed - busy) as f64 / gaps as f64,
        cost.cpu.as_secs_f64() * 1e3 / MESSAGES as f64,
    );
    node.drain().await;
}

/// From the first to the last of these moments, which may pass midnight.
fn span(moments: &[u64]) -> u64 {
    const DAY_MS: u64 = 86_400_000;
    let (first, last) = (moments.first().copied().unwrap_or(0), moments.last().copied().unwrap_or(0));
    (last + DAY_MS - first) % DAY_MS
}

/// Milliseconds since midnight of a moment in RFC 3339 with milliseconds.
fn ms_of_day(moment: &str) -> u64 {
    let number = |range: std::ops::Range<usize>| -> u64 {
        moment.get(range).and_then(|digits| digits.parse().ok()).expect("a moment of the ledger")
    };
    ((number(11..13) * 60 + number(14..16)) * 60 + number(17..19)) * 1000 + number(20..23)
}
