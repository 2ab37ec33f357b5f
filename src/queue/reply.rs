//! What the queue answers. A refusal is a value; every answer is computed from the state after the command,
//! so a repetition gets the same one.

use crate::model::{Attempt, Epoch, MessageId, MessageState, NodeId, RegistrationId, SessionId};

/// The answer to one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `Submit`: the message is in the log.
    Accepted {
        /// Its id; that of the first request when this one is a repetition.
        id: MessageId,
        /// Where it stands.
        state: MessageState,
        /// Whether the request was already known.
        replayed: bool,
    },
    /// `Submit`: the key, or the id, already stands for another request.
    KeyReused {
        /// The message it stands for.
        id: MessageId,
    },
    /// `Submit`, `RegisterSession`, `RegisterModem`, `BlockModem`, `Resolve`, `Retry`: a bound is reached; nothing was taken.
    Full,
    /// `Submit`: refused.
    Rejected {
        /// Why.
        reason: Rejection,
    },
    /// `RegisterSession`.
    Session(SessionReply),
    /// `RegisterModem`.
    Modem(RegisterReply),
    /// `Ready`.
    Ready(ReadyReply),
    /// `Withdraw`: the claim the modem had already got.
    Withdrawn(Option<Epoch>),
    /// `Start`.
    Start(StartReply),
    /// `Outcome`: recorded, as far as it tells anything new.
    Outcome {
        /// The part named as next is started.
        next_started: bool,
        /// What was started for the modem that was re-armed, while it is in flight.
        fetched: Option<Attempt>,
        /// The modem is ready again, or has got its next claim already.
        armed: bool,
    },
    /// The command has had its effect, now or before.
    Done,
    /// `UnregisterModem`: a part is in flight.
    Busy,
    /// `Cancel`.
    Cancel(CancelReply),
    /// `Hold`.
    Hold(HoldReply),
    /// `Retry`.
    Retry(RetryReply),
    /// `Discard`.
    Discard(DiscardReply),
    /// `Cancel`, `Hold`, `Release`, `Resolve`, `Retry`, `Discard`: there is no such message, or it has left memory.
    NoMessage,
}

/// Why a message was refused when applied.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error, serde::Serialize, serde::Deserialize,
)]
pub enum Rejection {
    /// No parts, parts not numbered 1 to n, or a field longer than the standard allows. Not kept.
    #[error("it is not a message that can be sent")]
    Malformed,
    /// More parts than policy allows. Kept, state `rejected`.
    #[error("it has more parts than are allowed")]
    TooManyParts,
}

/// Answer to `RegisterSession`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionReply {
    /// The session of this start.
    Registered(SessionId),
    /// The start number is used up: take a higher one and try again.
    Used,
}

/// Answer to `RegisterModem`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterReply {
    /// The modem is this node's under this number.
    Registered(RegistrationId),
    /// A live session of this node has the modem or its SIM: close the port, retry with back-off.
    Held(NodeId),
    /// The session is over, or the open number was overtaken.
    Stale,
}

/// Answer to `Ready`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyReply {
    /// The modem is ready, or has got its claim already.
    Done,
    /// The registration is over, has a claim, or has seen a higher number.
    Stale,
}

/// Answer to `Start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartReply {
    /// The part is in flight: write it.
    Go,
    /// The part turned out to be sent already: take the next missing one.
    PartSent,
    /// The claim is over: idle.
    Closed,
}

/// Answer to `Cancel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReply {
    /// Certainly never sent.
    Canceled,
    /// It may have been sent, or has been; the message is in this state now.
    TooLate(MessageState),
}

/// Answer to `Hold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReply {
    /// No new claim until it is released. A part in flight still ends as it ends.
    Held,
    /// The message is in this final state.
    TooLate(MessageState),
}

/// Answer to `Retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReply {
    /// It was queued again, by this command or by one like it before.
    Retried,
    /// It has not failed or expired under that generation; the message is in this state.
    Refused(MessageState),
}

/// Answer to `Discard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscardReply {
    /// It is no dead letter any more.
    Discarded,
    /// It has not failed under that generation; the message is in this state.
    Refused(MessageState),
}
