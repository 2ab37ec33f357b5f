//! Rows that a node asks of another, between the types of this module and those of `smsgrid.internal.v1`.

use bytes::Bytes;
use smsgrid::model::{MessageId, MessageState, Name, Timestamp};
use smsgrid_proto::internal as proto;

use super::served::{RowFound, RowWanted, RowsFound, RowsWanted};
use super::wire::Malformed;
use crate::store::{Cursor, Query};

/// Longest word of a request, in octets: no name, number or cursor is longer.
const WORD_OCTETS_MAX: usize = 512;

pub(super) fn wanted_to_wire(wanted: RowWanted) -> proto::GetRowRequest {
    let RowWanted { id, applied } = wanted;
    proto::GetRowRequest { id: Bytes::copy_from_slice(&id.to_bytes()), applied }
}

pub(super) fn wanted_from_wire(request: &proto::GetRowRequest) -> Result<RowWanted, Malformed> {
    let octets: [u8; 16] = request.id.as_ref().try_into().map_err(|_| Malformed("id"))?;
    Ok(RowWanted { id: MessageId::from_bytes(octets), applied: request.applied })
}

pub(super) fn found_to_wire(found: RowFound) -> proto::GetRowReply {
    let RowFound { row, applied } = found;
    proto::GetRowReply { row, applied }
}

pub(super) fn found_from_wire(reply: proto::GetRowReply) -> RowFound {
    let proto::GetRowReply { row, applied } = reply;
    RowFound { row, applied }
}

pub(super) fn page_wanted_to_wire(wanted: RowsWanted) -> proto::ListRowsRequest {
    let RowsWanted { query, cursor, limit, applied } = wanted;
    let Query { states, modem, to, after, before } = query;
    proto::ListRowsRequest {
        states: states.into_iter().map(|state| state.word().to_owned()).collect(),
        modem: modem.map(|modem| modem.to_string()).unwrap_or_default(),
        to: to.unwrap_or_default(),
        after: after.map(Timestamp::as_unix_millis),
        before: before.map(Timestamp::as_unix_millis),
        cursor: cursor.map(|cursor| cursor.to_string()).unwrap_or_default(),
        limit,
        applied,
    }
}

pub(super) fn page_wanted_from_wire(request: proto::ListRowsRequest) -> Result<RowsWanted, Malformed> {
    let proto::ListRowsRequest { states, modem, to, after, before, cursor, limit, applied } = request;
    if states.len() > MessageState::ALL.len() {
        return Err(Malformed("states"));
    }
    if to.len() > WORD_OCTETS_MAX {
        return Err(Malformed("to"));
    }
    let modem = said(modem).map(|modem| Name::new(&modem)).transpose().map_err(|_| Malformed("modem"))?;
    let query = Query {
        states: states.iter().map(|word| state(word)).collect::<Result<_, _>>()?,
        modem,
        to: said(to),
        after: after.map(Timestamp::from_unix_millis),
        before: before.map(Timestamp::from_unix_millis),
    };
    Ok(RowsWanted { query, cursor: place(cursor, "cursor")?, limit, applied })
}

pub(super) fn page_found_to_wire(found: RowsFound) -> proto::ListRowsReply {
    let RowsFound { rows, next, applied } = found;
    proto::ListRowsReply { rows, next: next.map(|next| next.to_string()).unwrap_or_default(), applied }
}

pub(super) fn page_found_from_wire(reply: proto::ListRowsReply) -> Result<RowsFound, Malformed> {
    let proto::ListRowsReply { rows, next, applied } = reply;
    Ok(RowsFound { rows, next: place(next, "next")?, applied })
}

fn state(word: &str) -> Result<MessageState, Malformed> {
    MessageState::ALL.into_iter().find(|state| state.word() == word).ok_or(Malformed("states"))
}

fn place(text: String, field: &'static str) -> Result<Option<Cursor>, Malformed> {
    said(text).map(|text| text.parse()).transpose().map_err(|_| Malformed(field))
}

/// What an empty text does not say.
fn said(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        "018bcfe5680001ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("a place in a list")
    }

    fn wanted() -> RowsWanted {
        RowsWanted {
            query: Query {
                states: MessageState::ALL.into_iter().collect(),
                modem: Some(Name::new("GSM1").expect("a name")),
                to: Some("358401234567".to_owned()),
                after: Some(Timestamp::ZERO),
                before: Some(Timestamp::from_unix_millis(u64::MAX)),
            },
            cursor: Some(cursor()),
            limit: 1000,
            applied: u64::MAX,
        }
    }

    #[test]
    fn what_is_asked_for_and_what_is_found_arrive_as_they_were() {
        for wanted in [wanted(), RowsWanted::default()] {
            assert_eq!(page_wanted_from_wire(page_wanted_to_wire(wanted.clone())), Ok(wanted));
        }
        let row = RowWanted { id: MessageId::from_bytes([9; 16]), applied: 7 };
        assert_eq!(wanted_from_wire(&wanted_to_wire(row)), Ok(row));
        for row in [None, Some(Bytes::new()), Some(Bytes::from_static(b"row"))] {
            let found = RowFound { row, applied: 7 };
            assert_eq!(found_from_wire(found_to_wire(found.clone())), found);
        }
        for next in [None, Some(cursor())] {
            let found = RowsFound { rows: vec![Bytes::from_static(b"row")], next, applied: 7 };
            assert_eq!(page_found_from_wire(page_found_to_wire(found.clone())), Ok(found));
        }
    }

    #[test]
    fn what_breaks_the_format_is_named() {
        let broken = |break_it: fn(&mut proto::ListRowsRequest)| {
            let mut request = page_wanted_to_wire(wanted());
            break_it(&mut request);
            page_wanted_from_wire(request).expect_err("it is broken").0
        };

        assert_eq!(broken(|request| request.states = vec!["lost".to_owned()]), "states");
        assert_eq!(broken(|request| request.states = vec!["sent".to_owned(); 13]), "states");
        assert_eq!(broken(|request| request.modem = "a/b".to_owned()), "modem");
        assert_eq!(broken(|request| request.to = "1".repeat(513)), "to");
        assert_eq!(broken(|request| request.cursor = "x".to_owned()), "cursor");
        let short = proto::GetRowRequest { id: Bytes::from_static(b"short"), applied: 0 };
        assert_eq!(wanted_from_wire(&short), Err(Malformed("id")));
        let lost = proto::ListRowsReply { rows: Vec::new(), next: "x".to_owned(), applied: 0 };
        assert_eq!(page_found_from_wire(lost), Err(Malformed("next")));
    }
}
