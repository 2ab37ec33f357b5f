//! The first sector of a segment: whose it is, and everything the log knew when it was opened.
//!
//! A segment can be read without those before it, so they may be unlinked once all their entries are
//! purged. It fits one sector of 512 octets, which a disk writes whole or not at all.

use super::record::{put_log_id, put_place, put_vote, take, take_log_id, take_place, take_u64, take_vote};
use super::{Committed, LogId, Owner, Place, Seed, State, Vote};

/// Octets of the header; the first record follows.
pub const HEADER_OCTETS: usize = 512;

const MAGIC: &[u8; 8] = b"smsgrid\x01";
/// The format of new segments.
pub(super) const FORMAT: u32 = 2;
/// Before it nothing was said of what is agreed on.
const FORMAT_SILENT: u32 = 1;
const CRC_AT: usize = HEADER_OCTETS - 4;

/// What the header of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How it and its records are written.
    pub format: u32,
    /// The node whose log it is.
    pub owner: Owner,
    /// Number of the segment, and the salt of its checksums.
    pub seed: Seed,
    /// Size the file was created with; a smaller one has lost its end.
    pub octets: u32,
    /// Vote, last entry and purge mark before the first record.
    pub state: State,
    /// What was known to be agreed on; nothing in the first format.
    pub committed: Committed,
    /// Where the segment before ends; everything before it was durable when this one was created.
    pub floor: Place,
}

/// Why the first sector is not the header of the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Missing, torn or damaged.
    #[error("the header is damaged")]
    Damaged,
    /// Written by a program that knows another format.
    #[error("the segment has format {found}, this program reads formats {FORMAT_SILENT} and {FORMAT}")]
    Format {
        /// The format it has.
        found: u32,
    },
}

impl Header {
    /// The sector that says this.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_OCTETS);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.format.to_le_bytes());
        out.extend_from_slice(&self.owner.cluster);
        out.extend_from_slice(&self.owner.node);
        out.extend_from_slice(&self.seed.segment.to_le_bytes());
        out.extend_from_slice(&self.seed.salt.to_le_bytes());
        out.extend_from_slice(&self.octets.to_le_bytes());
        put_place(&mut out, self.floor);
        put_option(&mut out, self.state.vote, put_vote);
        put_option(&mut out, self.state.last, put_log_id);
        put_option(&mut out, self.state.purged, put_log_id);
        if self.says_committed() {
            put_option(&mut out, self.committed.id(), put_log_id);
        }
        out.resize(CRC_AT, 0);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Whether what is agreed on may be said in the segment.
    pub fn says_committed(&self) -> bool {
        self.format > FORMAT_SILENT
    }

    /// The header in the first sector of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Header, HeaderError> {
        let (mut fields, crc) = bytes
            .get(..HEADER_OCTETS)
            .and_then(|sector| sector.split_last_chunk::<4>())
            .ok_or(HeaderError::Damaged)?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(fields) {
            return Err(HeaderError::Damaged);
        }
        if take::<8>(&mut fields).as_ref() != Some(MAGIC) {
            return Err(HeaderError::Damaged);
        }
        match take(&mut fields).map(u32::from_le_bytes) {
            Some(format @ (FORMAT_SILENT | FORMAT)) => {
                decode_fields(format, fields).ok_or(HeaderError::Damaged)
            }
            Some(found) => Err(HeaderError::Format { found }),
            None => Err(HeaderError::Damaged),
        }
    }
}

fn decode_fields(format: u32, mut fields: &[u8]) -> Option<Header> {
    let from = &mut fields;
    let owner = Owner { cluster: take(from)?, node: take(from)? };
    let seed = Seed { segment: take_u64(from)?, salt: take_u64(from)? };
    let octets = u32::from_le_bytes(take(from)?);
    let floor = take_place(from)?;
    let vote: Option<Vote> = take_option(from, take_vote)?;
    let last: Option<LogId> = take_option(from, take_log_id)?;
    let purged = take_option(from, take_log_id)?;
    let mut header = Header {
        format,
        owner,
        seed,
        octets,
        state: State { vote, last, purged },
        committed: Committed::default(),
        floor,
    };
    if header.says_committed()
        && let Some(id) = take_option(from, take_log_id)?
    {
        header.committed.note(id, header.state);
    }
    Some(header)
}

fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: fn(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

fn take_option<T>(from: &mut &[u8], take_value: fn(&mut &[u8]) -> Option<T>) -> Option<Option<T>> {
    match take::<1>(from)? {
        [0] => Some(None),
        [1] => take_value(from).map(Some),
        [_] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NodeId;

    #[test]
    fn a_header_reads_back_and_any_flipped_bit_is_seen() {
        let empty = Header { state: State::default(), committed: Committed::default(), ..full() };
        let silent = Header { format: FORMAT_SILENT, committed: Committed::default(), ..full() };
        for header in [full(), empty, silent] {
            let mut sector = header.encode();
            assert_eq!(Header::decode(&sector), Ok(header));
            for bit in 0..sector.len() * 8 {
                sector[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Header::decode(&sector), Err(HeaderError::Damaged), "bit {bit}");
                sector[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn a_later_format_is_named_and_not_taken_for_damage() {
        let mut sector = full().encode();
        sector[8] = 9;
        let crc = crc32fast::hash(&sector[..CRC_AT]);
        sector[CRC_AT..].copy_from_slice(&crc.to_le_bytes());

        assert_eq!(Header::decode(&sector), Err(HeaderError::Format { found: 9 }));
        assert_eq!(Header::decode(&[0; HEADER_OCTETS]), Err(HeaderError::Damaged));
        assert_eq!(Header::decode(&sector[..100]), Err(HeaderError::Damaged));
    }

    fn full() -> Header {
        let id = LogId { term: 3, node: NodeId(1), index: 99 };
        let last = State { last: Some(id), ..State::default() };
        let mut committed = Committed::default();
        committed.note(LogId { index: 98, ..id }, last);
        Header {
            format: FORMAT,
            committed,
            owner: Owner { cluster: [7; 16], node: [8; 8] },
            seed: Seed { segment: 5, salt: 0xABCD },
            octets: 65_536,
            state: State {
                vote: Some(Vote { term: 3, node: NodeId(1), committed: true }),
                last: Some(id),
                purged: Some(LogId { index: 12, ..id }),
            },
            floor: Place { segment: 4, octet: 65_000 },
        }
    }
}
