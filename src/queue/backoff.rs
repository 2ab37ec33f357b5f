//! How long a message waits before it is tried again. Without randomness: every replica waits the same.

use std::time::Duration;

use super::Policy;
use crate::model::MessageId;

/// The wait before the attempt after `refusals` temporary refusals: exponential, and between half and the whole
/// of that by a hash of message and number, so that messages refused together do not come back together.
pub(super) fn retry(policy: &Policy, message: MessageId, refusals: u8) -> Duration {
    let whole = grown(policy.backoff_min, policy.backoff_factor, refusals, policy.backoff_max);
    let half = whole / 2;
    half + jitter(message, refusals, whole.saturating_sub(half))
}

/// How long a message avoids a modem after `faults` modem faults.
pub(super) fn rest(policy: &Policy, faults: u8) -> Duration {
    grown(policy.fault_rest, 2, faults, policy.backoff_max)
}

fn grown(first: Duration, factor: u32, count: u8, longest: Duration) -> Duration {
    let mut wait = first.min(longest);
    for _ in 1..count {
        wait = wait.saturating_mul(factor.max(1)).min(longest);
    }
    wait
}

/// At most `most`, in whole milliseconds.
fn jitter(message: MessageId, count: u8, most: Duration) -> Duration {
    let most_ms = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    let hash = message
        .to_bytes()
        .into_iter()
        .chain([count])
        .fold(FNV_OFFSET, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(FNV_PRIME));
    // The low bits of this hash follow the last octet closely; the high ones do not.
    Duration::from_millis((hash ^ (hash >> 32)).checked_rem(most_ms.saturating_add(1)).unwrap_or(0))
}

/// FNV-1a, 64 bits.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay_within_half_and_whole() {
        let policy = Policy::default();
        for (refusals, whole) in [(1, 30), (2, 60), (3, 120), (8, 3600), (255, 3600)] {
            let whole = Duration::from_secs(whole);
            for number in 0..50 {
                let wait = retry(&policy, MessageId::from_bytes([number; 16]), refusals);
                assert!(wait >= whole / 2 && wait <= whole, "{refusals} refusals: {wait:?}");
            }
        }
    }

    #[test]
    fn messages_refused_together_come_back_apart() {
        let policy = Policy::default();
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|number| retry(&policy, MessageId::from_bytes([number; 16]), 1)).collect();

        assert!(waits.len() > 90, "{} different waits of 100", waits.len());
    }

    #[test]
    fn absurd_policies_do_not_overflow() {
        let policy = Policy {
            backoff_min: Duration::MAX,
            backoff_max: Duration::MAX,
            backoff_factor: u32::MAX,
            fault_rest: Duration::MAX,
            ..Policy::default()
        };

        assert!(retry(&policy, MessageId::from_bytes([1; 16]), 255) >= Duration::MAX / 2);
        assert_eq!(rest(&policy, 255), Duration::MAX);
    }
}
