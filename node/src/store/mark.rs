//! The mark: one value beside the rows, written in the same batch as they are. It says up to where they go and what
//! they amount to, so that a row that was lost, or an older one that came back, is noticed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smsgrid::log::Owner;
use smsgrid::model::{MessageId, Position, Timestamp};

/// Raised with every change of the layout; a store of another format is set aside and rebuilt.
const FORMAT: u16 = 1;

/// What the store says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    format: u16,
    cluster: [u8; 16],
    node: [u8; 8],
    /// The rows are as of this position, or newer.
    pub(super) applied: Position,
    /// The calendar then.
    pub(super) now: Timestamp,
    /// How many messages had left memory then.
    pub(super) forgotten: u64,
    /// What is in the store.
    pub(super) content: Content,
    /// Rows that ended before this moment are dropped.
    pub(super) dropped_before: Timestamp,
    /// What must still be fetched from another node; none when nothing is missing.
    pub(super) missing: Option<Missing>,
}

/// Rows were lost, and memory does not hold all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Missing {
    /// Rows up to this id were fetched.
    pub(super) after: Option<MessageId>,
    /// Those that are there may be older than what was applied: messages came and went unseen.
    #[serde(default)]
    pub(super) is_stale: bool,
}

/// How much there is, and what it amounts to: the sum does not depend on the order in which things came, so it is
/// carried forward with every change and can be taken again from what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    /// Rows.
    pub(super) rows: u64,
    /// Keys of all kinds, the mark's own not counted.
    pub(super) keys: u64,
    /// The sum of the digests of all keys with their values, modulo 2^64.
    pub(super) sum: u64,
}

impl Mark {
    /// The mark of an empty store; `missing` when there were rows before it.
    pub(super) fn new(owner: Owner, missing: Option<Missing>) -> Mark {
        Mark {
            format: FORMAT,
            cluster: owner.cluster,
            node: owner.node,
            applied: Position::default(),
            now: Timestamp::ZERO,
            forgotten: 0,
            content: Content::default(),
            dropped_before: Timestamp::ZERO,
            missing,
        }
    }

    /// Whether this program and this node wrote it.
    pub(super) fn is_of(&self, owner: Owner) -> bool {
        self.format == FORMAT && self.cluster == owner.cluster && self.node == owner.node
    }

    /// Rows with ids above `after` may be missing, or older than what was applied.
    pub(super) fn misses(&mut self, after: Option<MessageId>) {
        let before = self.missing.map(|missing| missing.after);
        let after = before.map_or(after, |before| before.min(after));
        self.missing = Some(Missing { after, is_stale: true });
    }

    /// Rows up to and including this id have come from another node; none when these were the last.
    pub(super) fn fetched(&mut self, last: Option<MessageId>) {
        self.missing = match (self.missing, last) {
            (Some(missing), Some(last)) => Some(Missing { after: Some(last), ..missing }),
            (_, None) | (None, _) => None,
        };
    }

    /// The mark in octets, its checksum first.
    pub(super) fn encode(&self) -> Vec<u8> {
        let body =
            cbor4ii::serde::to_vec(vec![0; 4], self).expect("its fields say their lengths, and memory grows");
        let crc = crc32fast::hash(body.get(4..).unwrap_or_default());
        let mut octets = body;
        octets.splice(..4, crc.to_le_bytes());
        octets
    }

    /// The mark in these octets; none when they are not what was written.
    pub(super) fn decode(octets: &[u8]) -> Option<Mark> {
        let (crc, body) = octets.split_first_chunk::<4>()?;
        let is_whole = crc32fast::hash(body) == u32::from_le_bytes(*crc);
        if is_whole { cbor4ii::serde::from_slice(body).ok() } else { None }
    }
}

impl Content {
    /// Counts a key that is new.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.keys = self.keys.wrapping_add(1);
        self.sum = self.sum.wrapping_add(digest(key, value));
    }

    /// Counts a key that is gone.
    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.keys = self.keys.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(digest(key, value));
    }
}

fn digest(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(key);
    hasher.update(crc32fast::hash(value).to_le_bytes());
    let digest = hasher.finalize();
    digest.first_chunk::<8>().map_or(0, |octets| u64::from_le_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_does_not_depend_on_the_order_and_misses_nothing() {
        let (mut one, mut other) = (Content::default(), Content::default());
        one.put(b"ra", b"1");
        one.put(b"rb", b"2");
        one.put(b"rc", b"3");
        one.remove(b"rb", b"2");
        other.put(b"rc", b"3");
        other.put(b"ra", b"1");

        assert_eq!(one, other);
        other.remove(b"ra", b"1");
        other.put(b"ra", b"0");
        assert_ne!(one, other, "an older value has come back");
    }

    #[test]
    fn a_mark_that_was_changed_is_none() {
        let mark = Mark::new(
            Owner::default(),
            Some(Missing { after: Some(MessageId::from_bytes([7; 16])), is_stale: true }),
        );
        let octets = mark.encode();

        assert_eq!(Mark::decode(&octets), Some(mark));
        for at in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at] ^= 1;
            assert_eq!(Mark::decode(&changed), None, "octet {at}");
        }
    }
}
