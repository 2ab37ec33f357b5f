//! One client that submits.

use std::sync::Arc;
use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use tonic::{Request, Status};

use super::{ANSWER, Shared, answer};
use crate::chance::Chance;
use crate::history::{Answer, Revision, Submit};

/// Most tries for one message.
const TRIES_MAX: usize = 200;
/// Rest after a try that was not accepted.
const BACKOFF_MAX: Duration = Duration::from_millis(200);
/// One in so many messages is given up after a try that was not accepted.
const GIVE_UP: usize = 8;
/// Octets of a text that needs two parts.
const LONG: usize = 200;

/// Submits one message after the other until there are enough, or the end.
pub(super) async fn run(shared: Arc<Shared>, mut chance: Chance) {
    while !shared.is_ending() {
        let Some(number) = shared.take_number() else { return };
        submit(&shared, number, &mut chance).await;
        shared.rest(shared.settings.pace).await;
    }
}

async fn submit(shared: &Shared, number: usize, chance: &mut Chance) {
    let (key, to) = (format!("load-{}-{number}", shared.settings.seed), format!("49170{number:07}"));
    let mut text = format!("load {number:06}");
    if chance.below(100) < shared.settings.long_percent {
        text.extend(std::iter::repeat_n('.', LONG - text.len()));
    }
    // A run that has a number of messages to reach wants each of them.
    let may_give_up = shared.settings.messages == usize::MAX;
    for _ in 0..TRIES_MAX {
        let node = chance.below(shared.channels.len());
        let request = v1::SubmitRequest {
            to: format!("+{to}"),
            text: text.clone(),
            key: key.clone(),
            ..Default::default()
        };
        let invoked = shared.now();
        let answer = ask(shared, node, request).await;
        let is_accepted = match &answer {
            Answer::Accepted { id, revision } => {
                shared.know(id, &revision.0);
                true
            }
            Answer::Rejected { .. } | Answer::Unknown { .. } => false,
        };
        let (key, to, text) = (key.clone(), to.clone(), text.clone());
        shared.record_submit(Submit { key, to, text, node, invoked, returned: shared.now(), answer });
        if is_accepted || shared.is_ending() || (may_give_up && chance.below(GIVE_UP) == 0) {
            return;
        }
        shared.rest(chance.up_to(BACKOFF_MAX)).await;
    }
}

async fn ask(shared: &Shared, node: usize, request: v1::SubmitRequest) -> Answer {
    let mut client = MessageServiceClient::new(shared.channels[node].clone());
    let call = tokio::time::timeout(ANSWER, client.submit(Request::new(request)));
    match call.await {
        Ok(Ok(response)) => {
            let response = response.into_inner();
            Answer::Accepted { id: response.id, revision: Revision(response.revision) }
        }
        Ok(Err(status)) => answer::of(&status),
        Err(_) => answer::of(&Status::deadline_exceeded("the client stopped waiting")),
    }
}
