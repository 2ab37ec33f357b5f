//! Clients that ask again as soon as they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use smsgrid_proto::v1::{SubmitBatchRequest, SubmitRequest, submit_result};
use smsgrid_tests::cluster::ask;
use smsgrid_tests::http;
use smsgrid_tests::spread::Spread;

/// How many submissions wait at once.
const CLIENTS: usize = 64;
const BATCH_CLIENTS: usize = 16;
/// Most messages of a batch.
const BATCH: usize = 500;

/// How many messages a node has not written to its store.
const UNWRITTEN: &str = "smsgrid_store_unwritten_current";
/// How often nodes are asked whether they are done, and how long they may take.
const SETTLE_LOOK: Duration = Duration::from_millis(500);
const SETTLE_PATIENCE: Duration = Duration::from_secs(300);

/// What clients in a closed loop have seen.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Answers.
    pub(crate) done: usize,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// How long each answer took.
    pub(crate) latency: Spread,
}

impl Run {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

/// `clients` of them call `act(client, number)` one after the other, each its own, for `span`.
pub(crate) async fn closed_loop<F>(
    clients: usize,
    span: Duration,
    act: impl Fn(usize, usize) -> F + Send + Sync + 'static,
) -> Run
where
    F: Future<Output = ()> + Send,
{
    let act = Arc::new(act);
    let begun = Instant::now();
    let running: Vec<_> = (0..clients)
        .map(|client| {
            let act = act.clone();
            tokio::spawn(async move {
                let mut latency = Vec::new();
                while begun.elapsed() < span {
                    let asked = Instant::now();
                    act(client, latency.len()).await;
                    latency.push(asked.elapsed());
                }
                latency
            })
        })
        .collect();
    let mut latency = Vec::new();
    for client in running {
        latency.extend(client.await.expect("no client panics"));
    }
    Run { done: latency.len(), elapsed: begun.elapsed(), latency: latency.into_iter().collect() }
}

/// Lets time pass: for a pause that is measured, and between two looks at a condition.
#[allow(clippy::disallowed_methods, reason = "what happens meanwhile is in other processes")]
pub(crate) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Looks at a condition so often until it holds; panics with `what` when `patience` is over.
pub(crate) async fn until(
    what: &str,
    patience: Duration,
    every: Duration,
    mut condition: impl FnMut() -> bool,
) {
    let waiting = async {
        while !condition() {
            pass(every).await;
        }
    };
    tokio::time::timeout(patience, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// Waits until the nodes have written their history: what they put off must not burden what is
/// measured next.
pub(crate) async fn written(apis: &[SocketAddr]) {
    let is_written = |api: &SocketAddr| {
        let answer = http::get(*api, "/metrics", SETTLE_LOOK * 10);
        answer.and_then(|(_, text)| http::metric(&text, UNWRITTEN)) == Some(0.0)
    };
    until("the history to be written", SETTLE_PATIENCE, SETTLE_LOOK, || apis.iter().all(is_written)).await;
}

/// A message with this text.
pub(crate) fn request(text: String) -> SubmitRequest {
    SubmitRequest { to: "+4915112345678".to_owned(), text, ..SubmitRequest::default() }
}

/// Submits `count` messages, spread over the nodes: `name 0`, `name 1`, …
pub(crate) async fn submit(apis: &[SocketAddr], name: &'static str, count: usize) {
    let services: Vec<_> = apis.iter().map(|api| MessageServiceClient::new(ask::channel(*api))).collect();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let mut service = services[client % services.len()].clone();
            tokio::spawn(async move {
                for number in (client..count).step_by(CLIENTS) {
                    service.submit(request(format!("{name} {number}"))).await.expect("accepted");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client panics");
    }
}

/// Submits `count` messages in the largest batches there are, spread over the nodes.
pub(crate) async fn submit_batched(apis: &[SocketAddr], count: usize) {
    let services: Vec<_> = apis.iter().map(|api| MessageServiceClient::new(ask::channel(*api))).collect();
    let clients: Vec<_> = (0..BATCH_CLIENTS)
        .map(|client| {
            let mut service = services[client % services.len()].clone();
            tokio::spawn(async move {
                for first in (client * BATCH..count).step_by(BATCH_CLIENTS * BATCH) {
                    let messages =
                        (first..count.min(first + BATCH)).map(|number| request(format!("message {number}")));
                    let request = SubmitBatchRequest { messages: messages.collect() };
                    let answer = service.submit_batch(request).await.expect("answered").into_inner();
                    let refused = answer.messages.iter().find_map(|item| match &item.result {
                        Some(submit_result::Result::Problem(problem)) => Some(problem),
                        Some(submit_result::Result::Message(_)) | None => None,
                    });
                    assert!(refused.is_none(), "refused: {refused:?}");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client panics");
    }
}

/// The time of day of a moment of the ledger, in RFC 3339 with milliseconds.
pub(crate) fn since_midnight(moment: &str) -> Duration {
    let number = |range: std::ops::Range<usize>| -> u64 {
        moment.get(range).and_then(|digits| digits.parse().ok()).expect("a moment of the ledger")
    };
    Duration::from_millis(
        ((number(11..13) * 60 + number(14..16)) * 60 + number(17..19)) * 1000 + number(20..23),
    )
}

/// The time of day of a moment since 1970.
pub(crate) fn of_day(since_epoch: Duration) -> Duration {
    const DAY_MS: u128 = 86_400_000;
    Duration::from_millis(u64::try_from(since_epoch.as_millis() % DAY_MS).unwrap_or_default())
}
