//! What stands before the record in the store: everything the indexes and a query look at, so that neither has to
//! read the record, and a row can be taken out of its indexes without a search.
//!
//! ```text
//! crc32 of all behind │ pieces │ state │ accepted │ ended + 1 or 0 │ position │ length, destination │ modems, each: length, name │ first piece
//!          4              2        1        8             8            8 + 4         1 + n               1 + each 1 + n
//! ```
//!
//! The pieces, joined, are the row as [`Row`](super::Row) says. Numbers are little-endian.

use smsgrid::model::{MessageId, MessageState, Name, Position, Timestamp};
use smsgrid::queue::Record;

use super::key::{self, Index};
use super::{Cursor, Query};

/// Most modems a row is listed under; a message that met more is found under those it met first.
const MODEMS_MAX: usize = 32;

/// What the indexes hold of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How many values the row is spread over; at least one.
    pub(super) pieces: u16,
    pub(super) state: MessageState,
    pub(super) accepted: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) position: Position,
    /// The digits of the destination.
    pub(super) to: Vec<u8>,
    /// The names of the modems that claimed it.
    pub(super) modems: Vec<Vec<u8>>,
}

impl Head {
    /// What is to be indexed of a record.
    pub(super) fn of(record: &Record, position: Position) -> Head {
        let mut modems: Vec<Vec<u8>> = Vec::new();
        for claim in record.claims() {
            let name = claim.modem.as_str().as_bytes();
            if modems.len() < MODEMS_MAX && !modems.iter().any(|known| known == name) {
                modems.push(name.to_vec());
            }
        }
        Head {
            pieces: 1,
            state: record.state(),
            accepted: record.accepted,
            ended: record.ended(),
            position,
            to: record.content.destination.reveal().as_bytes().to_vec(),
            modems,
        }
    }

    /// The keys that lead to the row of this message, beside its own.
    pub(super) fn index_keys(&self, id: MessageId) -> Vec<Vec<u8>> {
        let place = Cursor::of(id, self.accepted);
        let mut indexes = vec![Index::State(self.state), Index::Destination(self.to.clone())];
        indexes.extend(self.modems.iter().cloned().map(Index::Modem));
        if place.is_stray() {
            indexes.push(Index::Strays);
        }
        indexes.iter().map(|index| index.key(place)).collect()
    }

    /// Whether the row is asked for.
    pub(super) fn answers(&self, query: &Query) -> bool {
        let named = |name: &Name| self.modems.iter().any(|modem| modem == name.as_str().as_bytes());
        query.admits(self.state, self.accepted, &self.to, named)
    }

    /// The value that holds this head and a first piece.
    pub(super) fn encode(&self, piece: &[u8]) -> Vec<u8> {
        let mut octets = Vec::with_capacity(64 + piece.len());
        octets.extend([0; 4]);
        octets.extend(self.pieces.to_le_bytes());
        octets.push(key::state_octet(self.state));
        octets.extend(self.accepted.as_unix_millis().to_le_bytes());
        octets.extend(self.ended.map_or(0, |at| at.as_unix_millis().saturating_add(1)).to_le_bytes());
        octets.extend(self.position.index.to_le_bytes());
        octets.extend(self.position.offset.to_le_bytes());
        push_short(&mut octets, &self.to);
        octets.push(u8::try_from(self.modems.len()).unwrap_or(u8::MAX));
        self.modems.iter().for_each(|name| push_short(&mut octets, name));
        octets.extend(piece);
        let crc = crc32fast::hash(octets.get(4..).unwrap_or_default());
        octets.splice(..4, crc.to_le_bytes());
        octets
    }

    /// The head and the first piece in this value; none when it is not what was written.
    pub(super) fn decode(value: &[u8]) -> Option<(Head, &[u8])> {
        let (crc, body) = value.split_first_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut left = body;
        let pieces = u16::from_le_bytes(*take(&mut left)?);
        let [state] = *take(&mut left)?;
        let accepted = Timestamp::from_unix_millis(u64::from_le_bytes(*take(&mut left)?));
        let ended = u64::from_le_bytes(*take(&mut left)?).checked_sub(1).map(Timestamp::from_unix_millis);
        let index = u64::from_le_bytes(*take(&mut left)?);
        let offset = u32::from_le_bytes(*take(&mut left)?);
        let to = take_short(&mut left)?;
        let [count] = *take(&mut left)?;
        let modems = (0..count).map(|_| take_short(&mut left)).collect::<Option<Vec<Vec<u8>>>>()?;
        let state = key::state_of(state)?;
        let head = Head { pieces, state, accepted, ended, position: Position { index, offset }, to, modems };
        Some((head, left))
    }
}

fn push_short(octets: &mut Vec<u8>, text: &[u8]) {
    octets.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    octets.extend(text);
}

fn take<'a, const N: usize>(left: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = left.split_first_chunk::<N>()?;
    *left = rest;
    Some(taken)
}

fn take_short(left: &mut &[u8]) -> Option<Vec<u8>> {
    let [length] = *take(left)?;
    let (text, rest) = left.split_at_checked(usize::from(length))?;
    *left = rest;
    Some(text.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_as_it_was_written() {
        let head = head();

        assert_eq!(Head::decode(&head.encode(b"piece")), Some((head, &b"piece"[..])));
    }

    #[test]
    fn a_head_with_any_octet_changed_or_missing_is_none() {
        let value = head().encode(b"piece");
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 0x10;

            assert_eq!(Head::decode(&changed), None, "octet {at} changed");
            assert_eq!(Head::decode(&value[..at]), None, "cut at {at}");
        }
    }

    fn head() -> Head {
        Head {
            pieces: 3,
            state: MessageState::Sent,
            accepted: Timestamp::from_unix_millis(1_700_000_000_000),
            ended: Some(Timestamp::from_unix_millis(1_700_000_009_000)),
            position: Position { index: 77, offset: 8 },
            to: b"358401234567".to_vec(),
            modems: vec![b"GSM1".to_vec(), b"GSM2".to_vec()],
        }
    }
}
