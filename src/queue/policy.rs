//! What `apply` reads of the cluster's policy. It is replicated: all replicas read the same numbers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Numbers that decide how messages wait, are tried again and are forgotten.
///
/// `SetPolicy` replaces them as a whole. Times already set (a retry, an evidence window) stay as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Most messages that are not final; one more is answered `Full`. Default 2,000,000, about 1 KB each.
    pub messages_max: u32,
    /// Most distinct routes messages wait on; a message on one more is answered `Full`. Default 1,024.
    /// Finding the next message of a modem looks at each of its routes.
    pub routes_max: u32,
    /// Most parts of a message; one more is rejected. Default 255, as many as a concatenated message can have: each node
    /// refuses earlier, by what its own configuration allows.
    pub parts_max: u8,
    /// Temporary refusals a message survives plus one: the last fails it. Default 5.
    pub attempts_max: u8,
    /// Modem faults that count against a message before it is failed as poison. Default 5.
    pub faults_max: u8,
    /// Wait after the first temporary refusal. Default 30 s.
    pub backoff_min: Duration,
    /// Each further wait is this many times longer. Default 2.
    pub backoff_factor: u32,
    /// Longest wait between attempts. Default 1 hour.
    pub backoff_max: Duration,
    /// How long a message avoids a modem that was at fault, doubled with each fault up to `backoff_max`.
    /// Default 1 minute.
    pub fault_rest: Duration,
    /// How long evidence may come in before an uncertain part is decided by its message's policy. Default 120 s.
    /// Shorter sends more possible duplicates; longer keeps messages waiting.
    pub evidence_window: Duration,
    /// How long a message of several parts waits for the SIM it has started on. Default 10 minutes.
    pub pin_timeout: Duration,
    /// What follows when that SIM does not come back. Default fail.
    pub pin_lost: PinLost,
    /// After each interval of waiting a message counts one class more urgent; zero switches it off.
    /// Default 10 minutes.
    pub ageing_interval: Duration,
    /// How long a final message stays in memory. Default 7 days.
    pub retention: Duration,
    /// Most final messages in memory, the oldest leave first. Default 200,000.
    pub retained_max: u32,
    /// How long a message that has left memory is found in the history on disk. Default 90 days.
    pub history_retention: Duration,
    /// How long an idempotency key is kept after its message ended. Default 7 days.
    pub keys_retention: Duration,
    /// Most idempotency keys of all clients; the oldest ended leave first. Default 2,000,000.
    pub keys_max: u32,
    /// Most idempotency keys of one client; the oldest ended leave first. Default 200,000.
    pub keys_per_client_max: u32,
}

/// What becomes of a message of several parts when the SIM it has started on is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PinLost {
    /// Send all parts again on another SIM, flagged as a possible duplicate: once per resend left, and only
    /// when the message's own policy is to resend.
    RestartWhole,
    /// Give up.
    #[default]
    Fail,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            messages_max: 2_000_000,
            routes_max: 1024,
            parts_max: 255,
            attempts_max: 5,
            faults_max: 5,
            backoff_min: Duration::from_secs(30),
            backoff_factor: 2,
            backoff_max: HOUR,
            fault_rest: MINUTE,
            evidence_window: 2 * MINUTE,
            pin_timeout: 10 * MINUTE,
            pin_lost: PinLost::Fail,
            ageing_interval: 10 * MINUTE,
            retention: 7 * DAY,
            retained_max: 200_000,
            history_retention: 90 * DAY,
            keys_retention: 7 * DAY,
            keys_max: 2_000_000,
            keys_per_client_max: 200_000,
        }
    }
}
