//! The states of an outgoing message; the same words everywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a message stands, as people and programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// Accepted and durable, not before its time.
    Scheduled,
    /// Waiting for a modem.
    Queued,
    /// One node owns it for one named modem.
    Claimed,
    /// Handed to the radio, or some of its parts are.
    Sending,
    /// The network took every part.
    Sent,
    /// The handset's report arrived.
    Delivered,
    /// The network reported that it will not arrive.
    Undelivered,
    /// Given up.
    Failed,
    /// May or may not have been sent.
    Uncertain,
    /// Its validity ended before it was sent.
    Expired,
    /// Withdrawn.
    Canceled,
    /// Refused by policy or quota when applied.
    Rejected,
}

impl MessageState {
    /// Every state, in the order a message may go through them.
    pub const ALL: [MessageState; 12] = [
        MessageState::Scheduled,
        MessageState::Queued,
        MessageState::Claimed,
        MessageState::Sending,
        MessageState::Sent,
        MessageState::Delivered,
        MessageState::Undelivered,
        MessageState::Failed,
        MessageState::Uncertain,
        MessageState::Expired,
        MessageState::Canceled,
        MessageState::Rejected,
    ];

    /// The word people and programs see.
    pub const fn word(self) -> &'static str {
        match self {
            MessageState::Scheduled => "scheduled",
            MessageState::Queued => "queued",
            MessageState::Claimed => "claimed",
            MessageState::Sending => "sending",
            MessageState::Sent => "sent",
            MessageState::Delivered => "delivered",
            MessageState::Undelivered => "undelivered",
            MessageState::Failed => "failed",
            MessageState::Uncertain => "uncertain",
            MessageState::Expired => "expired",
            MessageState::Canceled => "canceled",
            MessageState::Rejected => "rejected",
        }
    }

    /// Whether the message is out of the modems' hands for good: only a report or a person moves it on.
    pub const fn is_final(self) -> bool {
        match self {
            MessageState::Scheduled
            | MessageState::Queued
            | MessageState::Claimed
            | MessageState::Sending
            | MessageState::Uncertain => false,
            MessageState::Sent
            | MessageState::Delivered
            | MessageState::Undelivered
            | MessageState::Failed
            | MessageState::Expired
            | MessageState::Canceled
            | MessageState::Rejected => true,
        }
    }
}

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
