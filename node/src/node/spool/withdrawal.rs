//! Withdraws the messages of files that are gone, before a modem of this node can take them: smsd has sent them
//! meanwhile, or somebody removed them from `checked` because they shall not be sent.

use smsgrid::model::{MessageId, Name, Origin};
use smsgrid::queue::{Body, CancelReply, Queue, Reply};
use smsgrid::worker::intake::Gone;
use tracing::warn;

use crate::machine::{Proposer, View, propose_until_answered};

/// Withdraws what was accepted of these files. What may have been sent already is held: its policy would send it again.
pub(in crate::node) async fn withdraw(gone: &Gone, view: &View, proposer: &Proposer, client: &Name) {
    if gone.is_empty() {
        return;
    }
    for message in view.read(|queue| accepted(queue, gone)) {
        let reply = propose_until_answered(proposer, client, &Body::Cancel { message }).await;
        let Some(Reply::Cancel(reply)) = reply else { continue };
        match reply {
            CancelReply::Canceled => {
                warn!(event = "message.withdrawn", message_id = %message, "withdrawn: its file is gone from `checked`");
            }
            CancelReply::TooLate(state) if state.is_final() => {}
            CancelReply::TooLate(state) => {
                propose_until_answered(proposer, client, &Body::Hold { message }).await;
                warn!(
                    event = "message.withdrawn",
                    message_id = %message,
                    %state,
                    "held: its file is gone from `checked`, and it may have been sent; release it to send it again"
                );
            }
        }
    }
}

/// The messages of these files that could still be sent.
fn accepted(queue: &Queue, gone: &Gone) -> Vec<MessageId> {
    let is_theirs = |origin: &Origin| match origin {
        Origin::Api => false,
        Origin::Spool { intake, .. } => gone.holds(intake),
    };
    let open = queue.messages().filter(|record| !record.state().is_final());
    open.filter(|record| is_theirs(&record.origin)).map(|record| record.id).collect()
}
