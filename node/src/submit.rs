//! The one door in: a message gets its id and its digest here, and is proposed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use smsgrid::model::{
    Content, MessageId, MessageState, Name, Origin, Priority, ResendLimit, Timestamp, UncertainPolicy,
};
use smsgrid::queue::{self, Body, Command, Digest, IdempotencyKey, Rejection, Reply, Route, Submit};
use ulid::Ulid;

use crate::machine::Proposer;
use crate::raft::ProposeError;

/// How long a submission may wait for the log.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A message somebody wants sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks; owner of the key.
    pub client: Name,
    /// The client's name for the request: asking again under it makes no second message.
    pub key: Option<IdempotencyKey>,
    /// What to send to whom.
    pub content: Content,
    /// The way it came in.
    pub origin: Origin,
    /// How urgent it is.
    pub priority: Priority,
    /// What becomes of it when nobody knows whether a part was sent.
    pub uncertain: UncertainPolicy,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
    /// Not after this moment.
    pub deadline: Option<Timestamp>,
    /// Which modems may carry it.
    pub route: Route,
    /// How many refusals it survives.
    pub attempts_max: Option<u8>,
}

/// A message in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub state: MessageState,
    /// Whether an earlier request under the same key made it.
    pub replayed: bool,
}

/// Why a message is not in the log, or not known to be.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The key stands for another request. Nothing was accepted.
    #[error("the key was used for a different message, {id}")]
    KeyReused {
        /// The message it stands for.
        id: MessageId,
    },
    /// A bound is reached. Nothing was accepted.
    #[error("the queue is full; nothing was accepted")]
    Full,
    /// It has more parts than this node accepts. Nothing was accepted.
    #[error("the text needs {parts} parts, the limit is {parts_max}; nothing was accepted")]
    TooLong {
        /// Parts it needs.
        parts: usize,
        /// Most parts this node accepts.
        parts_max: u8,
    },
    /// Refused for good.
    #[error("the message was refused: {reason}; nothing is sent")]
    Rejected {
        /// Why.
        reason: Rejection,
    },
    /// Not taken, or nobody knows: ask again under the same key.
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

/// Takes messages.
#[derive(Clone, Debug)]
pub struct Submitter {
    proposer: Proposer,
    /// The same for all clones.
    parts_max: Arc<AtomicU8>,
}

impl Submitter {
    /// A door to the log behind `proposer` for messages of at most `parts_max` parts.
    pub fn new(proposer: Proposer, parts_max: u8) -> Submitter {
        Submitter { proposer, parts_max: Arc::new(AtomicU8::new(parts_max)) }
    }

    /// From now on messages of at most `parts_max` parts are taken, by clones too.
    pub(crate) fn allow(&self, parts_max: u8) {
        self.parts_max.store(parts_max, Ordering::Relaxed);
    }

    /// Most parts of a message it takes.
    pub fn parts_max(&self) -> u8 {
        self.parts_max.load(Ordering::Relaxed)
    }

    /// Accepts a message: durable in the log when this returns.
    pub async fn submit(&self, request: Request) -> Result<Accepted, SubmitError> {
        self.submit_as(MessageId::from_bytes(Ulid::new().to_bytes()), request).await
    }

    /// Accepts a message under an id its caller drew, so that the caller can look for it should the answer be lost.
    pub async fn submit_as(&self, id: MessageId, request: Request) -> Result<Accepted, SubmitError> {
        let (parts, parts_max) = (request.content.parts.len(), self.parts_max());
        if parts > usize::from(parts_max) {
            return Err(SubmitError::TooLong { parts, parts_max });
        }
        let mut submit = Submit {
            id,
            key: request.key,
            digest: Digest([0; 16]),
            content: request.content,
            origin: request.origin,
            priority: request.priority,
            uncertain: request.uncertain,
            resend_limit: ResendLimit::default(),
            not_before: request.not_before,
            deadline: request.deadline,
            route: request.route,
            attempts_max: request.attempts_max,
        };
        submit.digest = queue::digest(&submit);
        let body = Body::Submit(Box::new(submit));
        let command = Command { client: request.client, now: Timestamp::ZERO, body };
        answer(self.proposer.propose(command, SUBMIT_TIMEOUT).await?)
    }
}

fn answer(reply: Reply) -> Result<Accepted, SubmitError> {
    match reply {
        Reply::Accepted { id, state, replayed } => Ok(Accepted { id, state, replayed }),
        Reply::KeyReused { id } => Err(SubmitError::KeyReused { id }),
        Reply::Rejected { reason } => Err(SubmitError::Rejected { reason }),
        Reply::Full
        | Reply::Session(_)
        | Reply::Modem(_)
        | Reply::Ready(_)
        | Reply::Withdrawn(_)
        | Reply::Start(_)
        | Reply::Outcome { .. }
        | Reply::Done
        | Reply::Busy
        | Reply::Cancel(_)
        | Reply::Hold(_)
        | Reply::Retry(_)
        | Reply::Discard(_)
        | Reply::NoMessage => Err(SubmitError::Full),
    }
}
