//! A row as it stands in the store, spread over its values.

use smsgrid::model::MessageId;

use super::head::Head;
use super::rows::{Rows, RowsError};
use super::{Row, key};

/// A row as it was read.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) head: Head,
    /// The pieces joined: a row as [`Row`] says.
    pub(super) octets: Vec<u8>,
    /// Keys and values, the head's first.
    pub(super) values: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Reads the row of a message.
pub(super) fn read(rows: &Rows, id: MessageId) -> Result<Option<Stored>, RowsError> {
    let key = key::row(id);
    match rows.get(&key)? {
        Some(value) => join(rows, id, key, value).map(Some),
        None => Ok(None),
    }
}

/// Reads and checks the whole row of a message.
pub(super) fn read_row(rows: &Rows, id: MessageId) -> Result<Option<Row>, RowsError> {
    let Some(stored) = read(rows, id)? else { return Ok(None) };
    let row = Row::decode(&stored.octets).map_err(|_| RowsError::Damaged { id })?;
    if row.record.id == id { Ok(Some(row)) } else { Err(RowsError::Damaged { id }) }
}

/// Most octets of a page, but for a last row that reaches past it: a page must fit into one call between nodes.
pub(super) const PAGE_OCTETS: usize = 4 << 20;

/// At most `limit` rows with ids above `after`, by id; fewer when they are long, none only behind the last.
pub(super) fn page(rows: &Rows, after: Option<MessageId>, limit: usize) -> Result<Vec<Row>, RowsError> {
    let mut page = Vec::new();
    let mut octets = 0;
    for pair in rows.range(key::rows_after(after)).take(limit) {
        let (key, value) = pair?;
        let id = key::row_id(&key).ok_or(RowsError::Doubtful { what: "a key is no row" })?;
        let stored = join(rows, id, key, value)?;
        octets += stored.octets.len();
        page.push(Row::decode(&stored.octets).map_err(|_| RowsError::Damaged { id })?);
        if octets >= PAGE_OCTETS {
            break;
        }
    }
    Ok(page)
}

fn join(rows: &Rows, id: MessageId, key: Vec<u8>, value: Vec<u8>) -> Result<Stored, RowsError> {
    let damaged = || RowsError::Damaged { id };
    let (head, first) = Head::decode(&value).ok_or_else(damaged)?;
    let mut octets = first.to_vec();
    let mut values = Vec::with_capacity(usize::from(head.pieces));
    values.push((key, value));
    for number in 1..head.pieces {
        let key = key::piece(id, number);
        let value = rows.get(&key)?.ok_or_else(damaged)?;
        octets.extend(&value);
        values.push((key, value));
    }
    Ok(Stored { head, octets, values })
}

impl Stored {
    /// Keys and values of a row with this head and these pieces.
    pub(super) fn values(id: MessageId, head: &Head, pieces: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let numbered = pieces.iter().zip(0..=u16::MAX);
        let value = |(piece, number): (&&[u8], u16)| match number {
            0 => (key::row(id), head.encode(piece)),
            number => (key::piece(id, number), piece.to_vec()),
        };
        numbered.map(value).collect()
    }
}
