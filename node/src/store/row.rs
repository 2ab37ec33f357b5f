//! A row: one message as it was at one position of the log, and its form in octets.
//!
//! ```text
//! octet 0      4         5             13              17
//!       crc32  format    index of      offset in       record as CBOR, to the end
//!       of all           the entry     the entry
//!       behind
//! ```
//!
//! Numbers are little-endian. The form is the same in the store and between nodes.

use serde::{Deserialize, Serialize};
use smsgrid::model::Position;
use smsgrid::queue::Record;

/// What the fourth octet says; rows of another format are not read.
const FORMAT: u8 = 1;
/// Octets before the record.
const HEAD_OCTETS: usize = 17;

/// One message as it was at one position of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What is known of the message.
    pub record: Record,
    /// The command up to which that holds: a row of a higher position is newer.
    pub position: Position,
}

/// Why octets are no row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// They end inside the head.
    #[error("a row has at least {HEAD_OCTETS} octets, this has {found}")]
    Short {
        /// Octets found.
        found: usize,
    },
    /// They are not what was written.
    #[error("the checksum of a row does not match")]
    Checksum,
    /// Another program wrote them.
    #[error("a row has format {found}, this program reads {FORMAT}")]
    Format {
        /// The format found.
        found: u8,
    },
    /// The record cannot be read.
    #[error("the record of a row cannot be read: {0}")]
    Record(String),
}

impl Row {
    /// The row in octets.
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.record, self.position)
    }

    /// The row in these octets, checked.
    pub fn decode(octets: &[u8]) -> Result<Row, RowError> {
        let body = checked(octets)?;
        let record = body.get(HEAD_OCTETS - 4..).unwrap_or_default();
        let record =
            cbor4ii::serde::from_slice(record).map_err(|error| RowError::Record(error.to_string()))?;
        Ok(Row { record, position: position_of(body) })
    }
}

/// A record and its position in octets.
pub(super) fn encode(record: &Record, position: Position) -> Vec<u8> {
    let mut octets = vec![0; 4];
    octets.push(FORMAT);
    octets.extend(position.index.to_le_bytes());
    octets.extend(position.offset.to_le_bytes());
    let mut octets = write_record(octets, record);
    let crc = crc32fast::hash(octets.get(4..).unwrap_or_default());
    octets.splice(..4, crc.to_le_bytes());
    octets
}

/// Whether two rows say the same, whatever their positions.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.get(HEAD_OCTETS..) == other.get(HEAD_OCTETS..) && one.len() > HEAD_OCTETS
}

fn write_record(octets: Vec<u8>, record: &Record) -> Vec<u8> {
    cbor4ii::serde::to_vec(octets, record).expect("every field of a record says its length, and memory grows")
}

/// What stands behind the checksum, if the checksum says that it is what was written.
fn checked(octets: &[u8]) -> Result<&[u8], RowError> {
    let short = RowError::Short { found: octets.len() };
    let (crc, body) = octets.split_first_chunk::<4>().ok_or(short.clone())?;
    if octets.len() < HEAD_OCTETS {
        return Err(short);
    }
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return Err(RowError::Checksum);
    }
    match body.first().copied() {
        Some(FORMAT) => Ok(body),
        found => Err(RowError::Format { found: found.unwrap_or_default() }),
    }
}

fn position_of(body: &[u8]) -> Position {
    let index = body.get(1..9).and_then(|octets| octets.try_into().ok()).map(u64::from_le_bytes);
    let offset = body.get(9..13).and_then(|octets| octets.try_into().ok()).map(u32::from_le_bytes);
    Position { index: index.unwrap_or_default(), offset: offset.unwrap_or_default() }
}
