//! One client that submits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
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
/// After one in so many messages an old one is asked for again.
const REPEAT: usize = 10;
/// Octets of a text that needs two parts.
const LONG: usize = 200;

/// Submits one message after the other until there are enough, or the end.
pub(super) async fn run(shared: Arc<Shared>, mut chance: Chance) {
    let mut done = Vec::new();
    while !shared.is_ending() {
        let Some(number) = shared.take_number() else { return };
        let request = request(&shared, number, &mut chance);
        if submit(&shared, &request, &mut chance).await {
            shared.accepted.fetch_add(1, Ordering::Relaxed);
            done.push(request);
        }
        if !done.is_empty() && chance.below(REPEAT) == 0 {
            // A client that forgot that it was answered long ago.
            let again = done[chance.below(done.len())].clone();
            submit(&shared, &again, &mut chance).await;
        }
        shared.rest(shared.settings.pace).await;
    }
}

fn request(shared: &Shared, number: usize, chance: &mut Chance) -> v1::SubmitRequest {
    let mut text = format!("load {number:06}");
    if chance.below(100) < shared.settings.long_percent {
        text.extend(std::iter::repeat_n('.', LONG - text.len()));
    }
    let (to, key) = (format!("+49170{number:07}"), format!("load-{}-{number}", shared.settings.seed));
    v1::SubmitRequest { to, text, key, ..Default::default() }
}

/// Whether it was accepted in the end.
async fn submit(shared: &Shared, request: &v1::SubmitRequest, chance: &mut Chance) -> bool {
    // A run that has a number of messages to reach wants each of them.
    let may_give_up = shared.settings.messages == usize::MAX;
    for _ in 0..TRIES_MAX {
        let node = chance.below(shared.channels.len());
        let invoked = shared.now();
        let answer = ask(shared, node, request.clone()).await;
        let is_accepted = match &answer {
            Answer::Accepted { id, revision } => {
                shared.know(id, &revision.0);
                true
            }
            Answer::Rejected { .. } | Answer::Unknown { .. } => false,
        };
        shared.record_submit(Submit {
            key: request.key.clone(),
            to: request.to.trim_start_matches('+').to_owned(),
            text: request.text.clone(),
            node,
            invoked,
            returned: shared.now(),
            answer,
        });
        if is_accepted || shared.is_ending() || (may_give_up && chance.below(GIVE_UP) == 0) {
            return is_accepted;
        }
        shared.rest(chance.up_to(BACKOFF_MAX)).await;
    }
    false
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
