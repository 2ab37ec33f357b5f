//! The share of what modems that take 300 ms a message could send at best, and what was given back unwritten.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid_proto::v1::{
    GetMessageRequest, ListMessagesRequest, Outcome, message_service_client::MessageServiceClient,
};
use smsgrid_tests::cluster::ask;
use smsgrid_tests::lines::Lines;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::load;
use crate::results::Results;

const MODEMS: usize = 9;
const MESSAGES: usize = 1_000;
const LATENCY: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(180);
/// How often the ledger is looked at; seldom, so that it costs nothing beside the nodes.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const PAGE: u32 = 500;
const TARGET: f64 = 98.0;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime, results: &mut Results) {
    let cluster = crate::start(MODEMS, "steady");
    let mut lines = Lines::of(cluster.simulator().ledger().path());
    let apis = cluster.apis();
    runtime.block_on(async {
        load::submit(&apis, "message", MESSAGES).await;
        load::until("the ledger", PATIENCE, LOOK_EVERY, || lines.count() >= MESSAGES).await;
    });

    let mut moments: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for entry in cluster.simulator().ledger().entries() {
        moments.entry(entry.imei).or_default().push(load::since_midnight(&entry.time));
    }
    // From its first message to its last every modem always had another one waiting.
    let busy: Duration = moments.values().map(|moments| LATENCY * (moments.len() as u32 - 1)).sum();
    let passed: Duration =
        moments.values().filter_map(|moments| Some(*moments.last()? - *moments.first()?)).sum();
    let share = busy.as_secs_f64() / passed.as_secs_f64() * 100.0;
    results.at_least(
        format!("{MODEMS} modems that take 300 ms on three nodes, of the ideal rate"),
        share,
        TARGET,
        "%",
    );

    let channel = {
        let _inside = runtime.enter();
        ask::channel(apis[0])
    };
    let given_back = runtime.block_on(attempts_not_written(channel));
    results.at_most(
        format!("attempts given back unwritten, of {MESSAGES} messages without a fault"),
        given_back as f64,
        0.0,
        "",
    );
}

/// How many attempts ended without an octet on the air, over all messages.
async fn attempts_not_written(channel: Channel) -> usize {
    let mut service = MessageServiceClient::new(channel);
    let (mut count, mut page_token) = (0, String::new());
    loop {
        let request = ListMessagesRequest { page_size: PAGE, page_token, ..ListMessagesRequest::default() };
        let page = service.list(request).await.expect("a page").into_inner();
        for listed in page.messages {
            // A list tells no attempts.
            let request = GetMessageRequest { id: listed.id, read: None };
            let message = service.get(request).await.expect("a listed message").into_inner().message;
            let attempts = message.map(|message| message.attempts).unwrap_or_default();
            assert!(!attempts.is_empty(), "a message that was sent has attempts");
            count += attempts.iter().filter(|attempt| attempt.outcome() == Outcome::NotSent).count();
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return count;
        }
    }
}
