//! What can be asked of the queue: the commands of a log entry.

use super::{Policy, Submit, Tags};
use crate::model::{
    Attempt, MessageId, ModemIdentity, Name, NodeId, NotWrittenReason, OpenNumber, PartNumber, PartOutcome,
    Position, ReadyNumber, RegistrationId, SessionId, StartNumber, Timestamp,
};

/// One command of the log: who asks, when the leader saw it, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The client that asks: owner of idempotency keys, named in the audit of what people do.
    pub client: Name,
    /// The leader's calendar when it took the command. `apply` never lets it go back.
    pub now: Timestamp,
    /// What is asked.
    pub body: Body,
}

/// What a command asks for. The variants are a disk format: append, never change a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Take a message.
    Submit(Box<Submit>),
    /// A node has started, or lost its session; ends its older session.
    RegisterSession {
        /// The node.
        node: NodeId,
        /// Its durable start number, higher than ever before.
        start: StartNumber,
    },
    /// The leader has not heard from a session for a whole lease.
    ExpireSession {
        /// The session that ends.
        session: SessionId,
    },
    /// A node has opened a port and read who answers there.
    RegisterModem {
        /// The node's session.
        session: SessionId,
        /// Which opening of this modem under this session, growing.
        open: OpenNumber,
        /// Device and SIM.
        identity: ModemIdentity,
        /// The name people gave the modem.
        name: Name,
        /// What it may carry.
        carries: Tags,
        /// Tags whose messages it takes before those of other tags, whatever their priority; the first before the second.
        prefers: Vec<Name>,
    },
    /// The port is closed, or a person takes the modem away.
    UnregisterModem {
        /// The registration that ends.
        registration: RegistrationId,
        /// Even with a part in flight, which becomes uncertain.
        force: bool,
    },
    /// The modem is free: a standing claim.
    Ready {
        /// The registration.
        registration: RegistrationId,
        /// Orders `Ready`, `Withdraw` and re-arming of one registration.
        seq: ReadyNumber,
    },
    /// The modem is no longer free.
    Withdraw {
        /// The registration.
        registration: RegistrationId,
        /// Orders `Ready`, `Withdraw` and re-arming of one registration.
        seq: ReadyNumber,
    },
    /// The owner of a claim is about to write a part.
    Start {
        /// Claim and part.
        attempt: Attempt,
    },
    /// What became of an attempt, from the owner's outbox.
    Outcome {
        /// Claim and part.
        attempt: Attempt,
        /// What became of it.
        outcome: PartOutcome,
        /// The part to start in the same step when this one was sent.
        next: Option<PartNumber>,
        /// Make the modem ready again in the same step when the claim ends.
        rearm: Option<Rearm>,
    },
    /// No octet of this attempt was or will ever be handed over.
    NotWritten {
        /// Claim and part.
        attempt: Attempt,
        /// Why.
        reason: NotWrittenReason,
    },
    /// A person says what became of an uncertain part.
    Resolve {
        /// The message.
        message: MessageId,
        /// Its uncertain part.
        part: PartNumber,
        /// What the person says.
        verdict: Verdict,
    },
    /// Withdraw a message.
    Cancel {
        /// The message.
        message: MessageId,
    },
    /// Keep a message from the modems until it is released.
    Hold {
        /// The message.
        message: MessageId,
    },
    /// Give a held message back to the modems.
    Release {
        /// The message.
        message: MessageId,
    },
    /// Give nothing new to the modem of this name; it keeps its standing claim.
    BlockModem {
        /// The modem's name.
        modem: Name,
    },
    /// Give messages to the modem of this name again.
    UnblockModem {
        /// The modem's name.
        modem: Name,
    },
    /// Send a message again that failed or expired.
    Retry {
        /// The message.
        message: MessageId,
        /// The generation that was given up: a command that comes late does not send a later one again.
        generation: u8,
    },
    /// Acknowledge that a message failed: it is no dead letter any more.
    Discard {
        /// The message.
        message: MessageId,
        /// The generation that was given up.
        generation: u8,
    },
    /// Another node has told, in the place of one that stays dead, what became of the files that one took.
    Told {
        /// The dead node.
        node: NodeId,
        /// Every end up to here has been told.
        up_to: Position,
    },
    /// Replace what `apply` reads of the cluster's policy.
    SetPolicy(Policy),
    /// Time has passed.
    Tick,
}

/// A `Ready` carried by an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rearm {
    /// The registration.
    pub registration: RegistrationId,
    /// Its next ready number.
    pub seq: ReadyNumber,
    /// Start the first missing part of what the modem is given in the same step, as `Start` would.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub start: bool,
}

/// What a person says about an uncertain part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Verdict {
    /// It was sent.
    Sent,
    /// It was not sent, send it again. A person's word is no proof: the message is marked a possible duplicate.
    NotSent,
}
