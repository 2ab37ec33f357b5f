//! What people ask of messages and modems: cancel, retry, discard, hold, release, resolve, block, unblock.

use smsgrid::model::{MessageId, Name, PartNumber, Timestamp};
use smsgrid::queue::{
    AttemptState, Body, CancelReply, Command, DiscardReply, HoldReply, Record, Reply, RetryReply, Verdict,
};
use smsgrid_proto::{Reason, v1};
use tonic::Code;

use super::Api;
use super::find::Purpose;
use super::limits::ACT_TIMEOUT;
use super::message::{self, Detail};
use super::refusal::Refusal;
use super::revision;

/// What is asked of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Withdraw it.
    Cancel,
    /// Send it again.
    Retry,
    /// Take it from the dead letters.
    Discard,
    /// Keep it from the modems.
    Hold,
    /// Give it back to the modems.
    Release,
}

impl Api {
    /// Does it, and shows the message afterwards.
    pub(super) async fn act(&self, act: Act, id: &str) -> Result<v1::Message, Refusal> {
        let id = self.find(id, Purpose::Change, self.history.until()).await?;
        if matches!(act, Act::Retry | Act::Discard) {
            // What was given up is named by its generation, which has to be the newest.
            self.fresh(None).await?;
        }
        let generation = self.view.read(|queue| queue.message(id).map(|record| record.generation));
        let generation = generation.unwrap_or_default();
        let body = match act {
            Act::Cancel => Body::Cancel { message: id },
            Act::Retry => Body::Retry { message: id, generation },
            Act::Discard => Body::Discard { message: id, generation },
            Act::Hold => Body::Hold { message: id },
            Act::Release => Body::Release { message: id },
        };
        let reply = self.propose(body).await?;
        let state = match reply {
            // Only what has ended long ago leaves memory.
            Reply::NoMessage => self.stored(id, self.view.revision(), self.history.until()).await?.state(),
            Reply::Cancel(CancelReply::TooLate(state))
            | Reply::Hold(HoldReply::TooLate(state))
            | Reply::Retry(RetryReply::Refused(state))
            | Reply::Discard(DiscardReply::Refused(state)) => state,
            Reply::Full => return Err(full(id)),
            Reply::Done
            | Reply::Cancel(CancelReply::Canceled)
            | Reply::Hold(HoldReply::Held)
            | Reply::Retry(RetryReply::Retried)
            | Reply::Discard(DiscardReply::Discarded)
            | Reply::Accepted { .. }
            | Reply::KeyReused { .. }
            | Reply::Rejected { .. }
            | Reply::Session(_)
            | Reply::Modem(_)
            | Reply::Ready(_)
            | Reply::Withdrawn(_)
            | Reply::Start(_)
            | Reply::Outcome { .. }
            | Reply::Busy => return self.shown(id),
        };
        let title = format!("message {id} is {state}; {} nothing was changed", refused(act));
        Err(Refusal::new(Code::FailedPrecondition, Reason::TooLate, title).fact("state", state.word()))
    }

    /// Says what became of an uncertain part, or of all of them, and shows the message afterwards.
    pub(super) async fn resolve(&self, request: &v1::ResolveMessageRequest) -> Result<v1::Message, Refusal> {
        let verdict = match super::request::known::<v1::Verdict>(request.verdict, "verdict")? {
            v1::Verdict::Sent => Verdict::Sent,
            v1::Verdict::NotSent => Verdict::NotSent,
            v1::Verdict::Unspecified => {
                return Err(Refusal::field("verdict", "is missing: sent, or not sent"));
            }
        };
        let part =
            u8::try_from(request.part).map_err(|_| Refusal::field("part", "is no part of a message"))?;
        let id = self.find(&request.id, Purpose::Change, self.history.until()).await?;
        self.fresh(None).await?;
        let uncertain = self.view.read(|queue| queue.message(id).map(uncertain_parts)).unwrap_or_default();
        let wanted: Vec<PartNumber> =
            uncertain.into_iter().filter(|number| part == 0 || number.0 == part).collect();
        if wanted.is_empty() {
            let title = format!("no such part of message {id} is uncertain; nothing was changed");
            return Err(Refusal::new(Code::FailedPrecondition, Reason::TooLate, title));
        }
        for part in wanted {
            if self.propose(Body::Resolve { message: id, part, verdict }).await? == Reply::Full {
                return Err(full(id));
            }
        }
        self.shown(id)
    }

    /// Gives a modem nothing new, or messages again; the revision shows it.
    pub(super) async fn block(&self, modem: Name, is_blocked: bool) -> Result<String, Refusal> {
        let body = if is_blocked { Body::BlockModem { modem } } else { Body::UnblockModem { modem } };
        if self.propose(body).await? == Reply::Full {
            let title = "as many modems are blocked as can be; nothing was changed";
            return Err(Refusal::new(Code::ResourceExhausted, Reason::QueueFull, title));
        }
        Ok(revision::word(self.view.revision()))
    }

    async fn propose(&self, body: Body) -> Result<Reply, Refusal> {
        let command = Command { client: self.client.clone(), now: Timestamp::ZERO, body };
        let reply = self.proposer.propose(command, ACT_TIMEOUT).await;
        reply.map_err(|error| {
            let refusal = Refusal::proposal(&error, self.is_electing());
            if refusal.reason() == Reason::OutcomeUnknown {
                return refusal.fix("look at what it is now, and ask again if need be");
            }
            refusal
        })
    }

    /// The message as it is applied here.
    fn shown(&self, id: MessageId) -> Result<v1::Message, Refusal> {
        let names = self.names();
        let (shown, revision) = self.view.read_at(|queue| {
            let waiting = queue.waiting_for(id);
            queue.message(id).map(|record| message::message(record, waiting.as_ref(), &names, Detail::Whole))
        });
        let shown = shown.ok_or_else(|| absent(id))?;
        Ok(v1::Message { revision: revision::word(revision), ..shown })
    }
}

/// There is no such message.
pub(super) fn absent(id: impl std::fmt::Display) -> Refusal {
    Refusal::not_found(format!("there is no message {id}")).at("id")
}

fn full(id: MessageId) -> Refusal {
    let title = format!("a bound is reached; message {id} was not changed");
    Refusal::new(Code::ResourceExhausted, Reason::QueueFull, title)
}

fn uncertain_parts(record: &Record) -> Vec<PartNumber> {
    let uncertain = record.parts().filter(|part| part.state == AttemptState::Uncertain);
    uncertain.map(|part| part.number).collect()
}

fn refused(act: Act) -> &'static str {
    match act {
        Act::Cancel => "it may have been sent already, or has ended;",
        Act::Retry => "only what failed or expired is sent again;",
        Act::Discard => "only what failed is a dead letter;",
        Act::Hold => "it has ended;",
        Act::Release => "",
    }
}
