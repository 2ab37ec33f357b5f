//! New messages: one, or many at once.

use std::time::Instant;

use futures_util::future::join_all;
use prost::Message as _;
use smsgrid::model::MessageId;
use smsgrid_proto::{Reason, v1};
use tonic::Code;
use ulid::Ulid;

use super::Api;
use super::limits::{BATCH_MESSAGES_MAX, BATCH_OCTETS_MAX};
use super::message;
use super::refusal::Refusal;
use super::request::Asker;
use super::{revision, words};
use crate::raft::Revision;
use crate::submit::{Accepted, SubmitError};

impl Api {
    /// Takes a message.
    pub(super) async fn submit(&self, request: v1::SubmitRequest) -> Result<v1::SubmitResponse, Refusal> {
        let begun = Instant::now();
        let taken = self.take(request).await;
        match &taken {
            Ok(response) => self.metrics.accepted(response.replayed, begun.elapsed()),
            Err(refusal) => self.metrics.rejected(refusal.reason()),
        }
        taken
    }

    /// Takes several messages, each for itself. They are proposed at the same time, so that they share entries.
    pub(super) async fn submit_batch(
        &self,
        request: v1::SubmitBatchRequest,
    ) -> Result<v1::SubmitBatchResponse, Refusal> {
        let octets = request.encoded_len();
        let count = request.messages.len();
        if count == 0 {
            return Err(Refusal::field("messages", "is empty"));
        }
        if count > BATCH_MESSAGES_MAX {
            let fault = format!("holds {count} messages, at most {BATCH_MESSAGES_MAX} are taken");
            return Err(Refusal::field("messages", fault));
        }
        if octets > BATCH_OCTETS_MAX {
            let fault = format!("takes {octets} octets, at most {BATCH_OCTETS_MAX} are taken");
            return Err(Refusal::field("messages", fault));
        }
        let items = request.messages.into_iter().enumerate().map(|(index, item)| async move {
            let result = match self.submit(item).await {
                Ok(message) => v1::submit_result::Result::Message(message),
                Err(refusal) => {
                    let refusal = refusal.inside(&format!("messages[{index}]"));
                    v1::submit_result::Result::Problem(refusal.into_item())
                }
            };
            v1::SubmitResult { result: Some(result) }
        });
        Ok(v1::SubmitBatchResponse { messages: join_all(items).await })
    }

    async fn take(&self, request: v1::SubmitRequest) -> Result<v1::SubmitResponse, Refusal> {
        let id = MessageId::from_bytes(Ulid::new().to_bytes());
        let asker = Asker {
            client: self.client.clone(),
            parts_max: self.submitter.parts_max(),
            now: self.clock.utc(),
        };
        let read = asker.read(id, &request)?;
        let parts = u32::try_from(read.content.parts.len()).unwrap_or(u32::MAX);
        let to = message::to(&read.content.destination);
        match self.submitter.submit_as(id, read).await {
            Ok(accepted) => Ok(v1::SubmitResponse {
                id: accepted.id.to_string(),
                to,
                state: words::state(accepted.state).into(),
                parts,
                replayed: accepted.replayed,
                revision: self.taken_at(&accepted),
                key: request.key,
            }),
            Err(error) => Err(self.refused(id, &request.key, &error)),
        }
    }

    /// A watch after this revision tells everything that happens to the message from now on, and a read with it sees
    /// the message.
    fn taken_at(&self, accepted: &Accepted) -> String {
        let accepted_at =
            |queue: &smsgrid::queue::Queue| queue.message(accepted.id).map(|record| record.accepted_at);
        match self.view.read(accepted_at) {
            Some(position) if !accepted.replayed => revision::word(Revision::after(position)),
            Some(_) | None => revision::word(self.view.revision()),
        }
    }

    fn refused(&self, id: MessageId, key: &str, error: &SubmitError) -> Refusal {
        let refusal = match error {
            SubmitError::KeyReused { id } => {
                let title = "the key was used for a different message; nothing was accepted";
                return Refusal::new(Code::AlreadyExists, Reason::KeyReused, title)
                    .at("key")
                    .fact("id", id.to_string())
                    .fact("key", key);
            }
            SubmitError::Full => Refusal::new(Code::ResourceExhausted, Reason::QueueFull, error.to_string()),
            SubmitError::TooLong { .. } => {
                Refusal::new(Code::InvalidArgument, Reason::MessageTooLong, error.to_string()).at("text")
            }
            SubmitError::Rejected { .. } => {
                Refusal::new(Code::FailedPrecondition, Reason::MessageRejected, error.to_string())
            }
            SubmitError::Propose(error) => Refusal::proposal(error, self.is_electing()),
        };
        if refusal.reason() != Reason::OutcomeUnknown {
            return refusal;
        }
        let refusal = refusal.fact("id", id.to_string());
        if key.is_empty() {
            refusal.fix(format!(
                "look whether message {id} exists before you send it again; with a key it is safe"
            ))
        } else {
            refusal.fact("key", key).fix(format!("ask again with the key {key}: it is not sent twice"))
        }
    }
}
