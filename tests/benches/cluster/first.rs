//! One message on an idle cluster: from the submission at a node that need not own a modem to the network.
//!
//! The simulated network writes down when it took the part, which is later than the first octet of `AT+CMGS`: the
//! figure is an upper bound, in whole milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use smsgrid_tests::cluster::ask;
use smsgrid_tests::lines::Lines;
use smsgrid_tests::spread::Spread;
use tokio::runtime::Runtime;

use crate::load::{self, request};
use crate::results::Results;

const MESSAGES: usize = 200;
const WARM_UP: usize = 20;
/// How long nothing happens before each message.
const PAUSE: Duration = Duration::from_millis(40);
const LOOK_EVERY: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(20);
const TARGET_MS: f64 = 50.0;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime, results: &mut Results) {
    let cluster = crate::start(3, "fast");
    let mut lines = Lines::of(cluster.simulator().ledger().path());
    let apis = cluster.apis();
    let (mut asked, mut accepted) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let services: Vec<_> =
            apis.into_iter().map(|api| MessageServiceClient::new(ask::channel(api))).collect();
        for number in 0..WARM_UP + MESSAGES {
            load::pass(PAUSE).await;
            let mut service = services[number % services.len()].clone();
            let (now, begun) = (SystemTime::now(), std::time::Instant::now());
            service.submit(request(format!("message {number}"))).await.expect("accepted");
            accepted.push(begun.elapsed());
            asked.push(now.duration_since(UNIX_EPOCH).expect("after 1970"));
            load::until("the ledger", PATIENCE, LOOK_EVERY, || lines.count() > number).await;
        }
    });
    let taken = cluster.simulator().ledger().entries();
    let waits: Spread = asked
        .iter()
        .zip(&taken)
        .skip(WARM_UP)
        .map(|(asked, entry)| load::since_midnight(&entry.time).saturating_sub(load::of_day(*asked)))
        .collect();
    let accepted: Spread = accepted.into_iter().skip(WARM_UP).collect();
    results.note("one message on an idle cluster, submitted to accepted", accepted.to_string());
    results.note("the same, submitted to taken by the network", waits.to_string());
    results.at_most(
        "the same, p99 (first AT octet is earlier)",
        waits.at(99).as_secs_f64() * 1e3,
        TARGET_MS,
        "ms",
    );
}
