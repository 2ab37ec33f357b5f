//! Durable replicated submissions in batches: each message is taken or refused for itself, and they share entries and syncs.

use std::time::Duration;

use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use smsgrid_proto::v1::{SubmitBatchRequest, SubmitRequest, submit_result};
use smsgrid_tests::cluster::ask;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::load::{Run, closed_loop};
use crate::results::Results;

const BATCH: usize = 50;
const CLIENTS: usize = 32;
const SPAN: Duration = Duration::from_secs(4);
const PER_SECOND: f64 = 50_000.0;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime, results: &mut Results) {
    let cluster = crate::start(0, "fast");
    let channels: Vec<Channel> = {
        let _inside = runtime.enter();
        cluster.apis().into_iter().map(ask::channel).collect()
    };
    let rate = runtime.block_on(batched(&channels)).rate() * BATCH as f64;
    results.at_least(
        format!("messages in batches of {BATCH}, {CLIENTS} clients"),
        rate,
        PER_SECOND,
        "a second",
    );
}

async fn batched(channels: &[Channel]) -> Run {
    let services: Vec<_> = channels.iter().cloned().map(MessageServiceClient::new).collect();
    closed_loop(CLIENTS, SPAN, move |client, number| {
        let mut service = services[client % services.len()].clone();
        let messages = (0..BATCH).map(|item| request(client, number * BATCH + item)).collect();
        async move {
            let answer =
                service.submit_batch(SubmitBatchRequest { messages }).await.expect("answered").into_inner();
            let accepted = answer.messages.iter();
            let accepted = accepted
                .filter(|item| matches!(item.result, Some(submit_result::Result::Message(_))))
                .count();
            assert_eq!(accepted, BATCH, "an item of a batch was refused");
        }
    })
    .await
}

fn request(client: usize, number: usize) -> SubmitRequest {
    let text = format!("message {number} of client {client}");
    SubmitRequest { to: "+4915112345678".to_owned(), text, ..SubmitRequest::default() }
}
