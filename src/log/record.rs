//! One record: guarded length, checksum, kind, body.
//!
//! ```text
//!  0        4        8        12    13    16            16 + len
//! ┌────────┬────────┬────────┬─────┬─────┬─────────────┬─────────┐
//! │ len    │ !len   │ crc    │kind │ 0   │ body        │ 0 to 8n │      numbers little-endian
//! └────────┴────────┴────────┴─────┴─────┴─────────────┴─────────┘
//! ```
//!
//! The checksum (CRC-32) covers everything but itself and the filling, and starts from the segment's salt,
//! its number and the record's octet: bytes left over from another place or another life of the file are
//! never taken for a record. The length is written twice, once inverted, so that one wrong bit in it is damage and
//! not a different end of the record.

use super::{LogId, Place, Vote};
use crate::model::NodeId;

/// Most octets of an entry's payload.
pub const PAYLOAD_OCTETS_MAX: usize = 1 << 20;
/// What an entry takes besides its payload and up to 7 octets of filling.
pub const ENTRY_OCTETS: usize = HEAD_OCTETS + LOG_ID_OCTETS;
/// Records begin at multiples of this.
pub(super) const ALIGNMENT: usize = 8;

const HEAD_OCTETS: usize = 16;
const LOG_ID_OCTETS: usize = 24;
const PLACE_OCTETS: usize = 12;
const VOTE_OCTETS: usize = 17;
const BODY_OCTETS_MAX: usize = LOG_ID_OCTETS + PAYLOAD_OCTETS_MAX;

const FLOOR: u8 = 1;
const ENTRY: u8 = 2;
const VOTE: u8 = 3;
const TRUNCATE: u8 = 4;
const PURGE: u8 = 5;
const SEAL: u8 = 6;
/// Since format 2 of the header; a program that knows only format 1 refuses the segment.
const COMMITTED: u8 = 7;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// Everything before this place is durable.
    Floor(Place),
    /// An entry is appended.
    Entry {
        /// Its id.
        id: LogId,
        /// What it carries; opaque here.
        payload: &'a [u8],
    },
    /// The node votes.
    Vote(Vote),
    /// Every entry after this one is taken back; `None` takes all back.
    Truncate(Option<LogId>),
    /// Every entry up to and including this one is no longer needed.
    Purge(LogId),
    /// The segment is closed and its successor is durable.
    Seal,
    /// Every entry up to and including this one is agreed on.
    Committed(LogId),
}

/// Why no record stands at an octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The two lengths do not agree, or the length is beyond every record or the end of the segment.
    #[error("the length is not a record's")]
    Length,
    /// The checksum is another.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum holds, but no record of this format reads so.
    #[error("kind {kind} with {octets} octets is no record of this format")]
    Form {
        /// The kind found.
        kind: u8,
        /// Length of the body.
        octets: usize,
    },
}

/// Where the checksums of one segment start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Number of the segment.
    pub segment: u64,
    /// Drawn at random when the segment was created, so that no payload can imitate a record.
    pub salt: u64,
}

/// Octets that `record` takes, filling included.
pub(super) fn size(record: &Record<'_>) -> usize {
    let body = match record {
        Record::Floor(_) => PLACE_OCTETS,
        Record::Entry { payload, .. } => LOG_ID_OCTETS + payload.len(),
        Record::Vote(_) => VOTE_OCTETS,
        Record::Truncate(None) | Record::Seal => 0,
        Record::Truncate(Some(_)) | Record::Purge(_) | Record::Committed(_) => LOG_ID_OCTETS,
    };
    (HEAD_OCTETS + body).next_multiple_of(ALIGNMENT)
}

/// Appends `record` to `out` as it stands at `octet` of the segment.
pub fn encode(seed: Seed, octet: u32, record: &Record<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.reserve(size(record));
    out.extend_from_slice(&[0; HEAD_OCTETS]);
    let kind = encode_body(record, out);
    let len = u32::try_from(out.len() - start - HEAD_OCTETS).unwrap_or(u32::MAX);
    let Some((head, body)) = out.get_mut(start..).and_then(|record| record.split_at_mut_checked(HEAD_OCTETS))
    else {
        return;
    };
    let crc = checksum(seed, octet, len, kind, body);
    head.copy_from_slice(&head_of(len, crc, kind));
    out.resize(start + (out.len() - start).next_multiple_of(ALIGNMENT), 0);
}

fn encode_body(record: &Record<'_>, out: &mut Vec<u8>) -> u8 {
    match record {
        Record::Floor(place) => {
            put_place(out, *place);
            FLOOR
        }
        Record::Entry { id, payload } => {
            put_log_id(out, *id);
            out.extend_from_slice(payload);
            ENTRY
        }
        Record::Vote(vote) => {
            put_vote(out, *vote);
            VOTE
        }
        Record::Truncate(last) => {
            last.iter().for_each(|last| put_log_id(out, *last));
            TRUNCATE
        }
        Record::Purge(upto) => {
            put_log_id(out, *upto);
            PURGE
        }
        Record::Seal => SEAL,
        Record::Committed(upto) => {
            put_log_id(out, *upto);
            COMMITTED
        }
    }
}

/// The record that `bytes` begin with, which stand at `octet` of the segment, and how many octets it takes.
pub fn decode(seed: Seed, octet: u32, bytes: &[u8]) -> Result<(Record<'_>, usize), DecodeError> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_OCTETS>().ok_or(DecodeError::Length)?;
    let [l0, l1, l2, l3, n0, n1, n2, n3, _, _, _, _, kind, ..] = *head;
    let len = u32::from_le_bytes([l0, l1, l2, l3]);
    if u32::from_le_bytes([n0, n1, n2, n3]) != !len || len as usize > BODY_OCTETS_MAX {
        return Err(DecodeError::Length);
    }
    let body = rest.get(..len as usize).ok_or(DecodeError::Length)?;
    if *head != head_of(len, checksum(seed, octet, len, kind, body), kind) {
        return Err(DecodeError::Checksum);
    }
    let record = decode_body(kind, body).ok_or(DecodeError::Form { kind, octets: body.len() })?;
    Ok((record, (HEAD_OCTETS + body.len()).next_multiple_of(ALIGNMENT)))
}

fn decode_body(kind: u8, mut body: &[u8]) -> Option<Record<'_>> {
    let record = match kind {
        FLOOR => Record::Floor(take_place(&mut body)?),
        ENTRY => {
            let id = take_log_id(&mut body)?;
            return Some(Record::Entry { id, payload: body });
        }
        VOTE => Record::Vote(take_vote(&mut body)?),
        TRUNCATE if body.is_empty() => Record::Truncate(None),
        TRUNCATE => Record::Truncate(Some(take_log_id(&mut body)?)),
        PURGE => Record::Purge(take_log_id(&mut body)?),
        SEAL => Record::Seal,
        COMMITTED => Record::Committed(take_log_id(&mut body)?),
        _ => return None,
    };
    body.is_empty().then_some(record)
}

fn head_of(len: u32, crc: u32, kind: u8) -> [u8; HEAD_OCTETS] {
    let ([l0, l1, l2, l3], [n0, n1, n2, n3]) = (len.to_le_bytes(), (!len).to_le_bytes());
    let [c0, c1, c2, c3] = crc.to_le_bytes();
    [l0, l1, l2, l3, n0, n1, n2, n3, c0, c1, c2, c3, kind, 0, 0, 0]
}

fn checksum(seed: Seed, octet: u32, len: u32, kind: u8, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&seed.salt.to_le_bytes());
    crc.update(&seed.segment.to_le_bytes());
    crc.update(&octet.to_le_bytes());
    crc.update(&len.to_le_bytes());
    crc.update(&[kind]);
    crc.update(body);
    crc.finalize()
}

pub(super) fn put_log_id(out: &mut Vec<u8>, id: LogId) {
    for number in [id.term, id.node.0, id.index] {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

pub(super) fn put_vote(out: &mut Vec<u8>, vote: Vote) {
    out.extend_from_slice(&vote.term.to_le_bytes());
    out.extend_from_slice(&vote.node.0.to_le_bytes());
    out.push(u8::from(vote.committed));
}

pub(super) fn put_place(out: &mut Vec<u8>, place: Place) {
    out.extend_from_slice(&place.segment.to_le_bytes());
    out.extend_from_slice(&place.octet.to_le_bytes());
}

pub(super) fn take_log_id(bytes: &mut &[u8]) -> Option<LogId> {
    let (term, node, index) = (take_u64(bytes)?, take_u64(bytes)?, take_u64(bytes)?);
    Some(LogId { term, node: NodeId(node), index })
}

pub(super) fn take_vote(bytes: &mut &[u8]) -> Option<Vote> {
    let (term, node) = (take_u64(bytes)?, take_u64(bytes)?);
    let committed = match take::<1>(bytes)? {
        [0] => false,
        [1] => true,
        [_] => return None,
    };
    Some(Vote { term, node: NodeId(node), committed })
}

pub(super) fn take_place(bytes: &mut &[u8]) -> Option<Place> {
    let segment = take_u64(bytes)?;
    let octet = u32::from_le_bytes(take(bytes)?);
    Some(Place { segment, octet })
}

pub(super) fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    take(bytes).map(u64::from_le_bytes)
}

pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed { segment: 3, salt: 0x5EED };

    #[test]
    fn every_record_reads_back_as_it_was_written() {
        for record in samples() {
            let mut bytes = Vec::new();
            encode(SEED, 512, &record, &mut bytes);

            assert_eq!(decode(SEED, 512, &bytes), Ok((record, bytes.len())));
            assert_eq!(bytes.len(), size(&record), "{record:?}");
        }
    }

    #[test]
    fn a_record_taken_to_another_place_is_no_record() {
        let mut bytes = Vec::new();
        encode(SEED, 512, &Record::Seal, &mut bytes);

        for seed in [Seed { segment: 4, ..SEED }, Seed { salt: 1, ..SEED }] {
            assert_eq!(decode(seed, 512, &bytes), Err(DecodeError::Checksum));
        }
        assert_eq!(decode(SEED, 520, &bytes), Err(DecodeError::Checksum));
    }

    #[test]
    fn any_flipped_bit_outside_the_filling_is_seen() {
        for record in samples() {
            let mut bytes = Vec::new();
            encode(SEED, 0, &record, &mut bytes);
            for bit in 0..unfilled(&record) * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(decode(SEED, 0, &bytes).is_err(), "{record:?} {bit}");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn zeros_the_end_of_the_bytes_and_impossible_lengths_are_no_record() {
        let too_long = u32::try_from(BODY_OCTETS_MAX + 1).expect("fits");
        let hostile = head_of(too_long, 0, ENTRY);
        let no_kind = head_of(0, checksum(SEED, 8, 0, 99, &[]), 99);

        for bytes in [&[0; 64][..], &[0xFF; 64], &[1, 0, 0], &[], &hostile] {
            assert_eq!(decode(SEED, 8, bytes), Err(DecodeError::Length));
        }
        assert_eq!(decode(SEED, 8, &no_kind), Err(DecodeError::Form { kind: 99, octets: 0 }));
    }

    fn samples() -> Vec<Record<'static>> {
        let id = LogId { term: 7, node: NodeId(2), index: 4711 };
        let vote = Vote { term: 7, node: NodeId(2), committed: true };
        vec![
            Record::Floor(Place { segment: 3, octet: 4096 }),
            Record::Entry { id, payload: b"hello" },
            Record::Entry { id, payload: b"" },
            Record::Vote(vote),
            Record::Vote(Vote { committed: false, ..vote }),
            Record::Truncate(None),
            Record::Truncate(Some(id)),
            Record::Purge(id),
            Record::Seal,
            Record::Committed(id),
        ]
    }

    fn unfilled(record: &Record<'_>) -> usize {
        let mut body = Vec::new();
        encode_body(record, &mut body);
        HEAD_OCTETS + body.len()
    }
}
