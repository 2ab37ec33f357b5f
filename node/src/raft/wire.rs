//! What calls between nodes carry. Consensus' own messages are CBOR; a batch goes as the octets it is.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::payload::Payload;

/// The answer to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Handed {
    /// The leader has written it, and a majority has it.
    Taken = 0,
    /// It is certainly not written.
    Refused = 1,
    /// The same batch came before and nothing is certain yet.
    Pending = 2,
}

/// Octets of a message for the wire.
pub(super) fn encode(message: &impl Serialize) -> Bytes {
    encode_about(message, 0)
}

/// The same, of a message that takes about so many octets: room is made once.
pub(super) fn encode_about(message: &impl Serialize, octets: usize) -> Bytes {
    let octets = cbor4ii::serde::to_vec(Vec::with_capacity(octets), message);
    octets.expect("messages have a CBOR form, and memory takes them").into()
}

/// The message in these octets.
pub(super) fn decode<T: DeserializeOwned>(octets: &[u8]) -> Option<T> {
    cbor4ii::serde::from_slice(octets).ok()
}

/// A batch for the leader of `term`.
pub(super) fn encode_batch(term: u64, batch: &[u8]) -> Bytes {
    let mut octets = Vec::with_capacity(8 + batch.len());
    octets.extend_from_slice(&term.to_be_bytes());
    octets.extend_from_slice(batch);
    octets.into()
}

/// The term and the batch.
pub(super) fn decode_batch(octets: &[u8]) -> Option<(u64, Payload)> {
    let (term, batch) = octets.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*term), Payload::parse(batch.into())?))
}

/// How far to apply; none when this node does not lead with a majority behind it.
pub(super) fn encode_index(index: Option<u64>) -> Bytes {
    index.map(|index| Bytes::copy_from_slice(&index.to_be_bytes())).unwrap_or_default()
}

/// How far to apply, if the other node knows.
pub(super) fn decode_index(octets: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(octets.try_into().ok()?))
}

impl Handed {
    pub(super) fn encode(self) -> Bytes {
        Bytes::copy_from_slice(&[self as u8])
    }

    pub(super) fn decode(octets: &[u8]) -> Option<Handed> {
        match octets {
            [0] => Some(Handed::Taken),
            [1] => Some(Handed::Refused),
            [2] => Some(Handed::Pending),
            _ => None,
        }
    }
}
