//! Pages of a list that go from one node to another: ended early where they grow large, and checked where they arrive.

use super::stored::PAGE_OCTETS;
use super::{Cursor, Page, Query, Row, RowError};

/// Why a page of another node is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// One of its rows cannot be read.
    #[error(transparent)]
    Row(#[from] RowError),
    /// It holds more rows than were asked for.
    #[error("it holds {found} rows, {limit} were asked for")]
    TooMany {
        /// Rows found.
        found: usize,
        /// Rows asked for.
        limit: usize,
    },
    /// A row does not answer the query.
    #[error("it holds a message that was not asked for")]
    NotAskedFor,
    /// A row stands where it cannot, so that a list would miss or repeat messages.
    #[error("a message or the end of the page is out of its place")]
    OutOfPlace,
}

impl Page {
    /// The rows in octets, as many as go into one call, and where to go on behind them.
    pub fn pack(self) -> (Vec<Vec<u8>>, Option<Cursor>) {
        self.pack_into(PAGE_OCTETS)
    }

    fn pack_into(self, octets_max: usize) -> (Vec<Vec<u8>>, Option<Cursor>) {
        let mut packed: Vec<Vec<u8>> = Vec::new();
        let (mut octets, mut last) = (0, None);
        for row in self.rows {
            let encoded = row.encode();
            octets += encoded.len();
            if octets > octets_max && !packed.is_empty() {
                return (packed, last);
            }
            last = Some(Cursor::of(row.record.id, row.record.accepted));
            packed.push(encoded);
        }
        (packed, self.next)
    }

    /// The page another node gave for this query, if it can be one.
    pub fn unpack(
        packed: &[impl AsRef<[u8]>],
        next: Option<Cursor>,
        query: &Query,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, PageError> {
        if packed.len() > limit {
            return Err(PageError::TooMany { found: packed.len(), limit });
        }
        let mut rows = Vec::with_capacity(packed.len());
        let mut before = cursor.unwrap_or(Cursor::END);
        for octets in packed {
            let row = Row::decode(octets.as_ref())?;
            let place = Cursor::of(row.record.id, row.record.accepted);
            if place >= before {
                return Err(PageError::OutOfPlace);
            }
            if !query.admits_record(&row.record) {
                return Err(PageError::NotAskedFor);
            }
            before = place;
            rows.push(row);
        }
        // A list goes on behind its last row, and never where it has been.
        let is_behind = |next: Cursor| if rows.is_empty() { next < before } else { next <= before };
        if next.is_some_and(|next| !is_behind(next)) {
            return Err(PageError::OutOfPlace);
        }
        Ok(Page { rows, next, complete: true })
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::model::{MessageState, Position};

    use super::super::fixture;
    use super::*;

    fn row(number: u64) -> Row {
        Row { record: fixture::record(number, 1, 0), position: Position { index: number + 1, offset: 0 } }
    }

    fn place(number: u64) -> Cursor {
        let Row { record, .. } = row(number);
        Cursor::of(record.id, record.accepted)
    }

    fn page(numbers: &[u64], next: Option<Cursor>) -> Page {
        Page { rows: numbers.iter().map(|number| row(*number)).collect(), next, complete: true }
    }

    fn unpack(numbers: &[u64], next: Option<Cursor>, cursor: Option<Cursor>) -> Result<Page, PageError> {
        let (packed, next) = page(numbers, next).pack();
        Page::unpack(&packed, next, &Query::default(), cursor, 3)
    }

    #[test]
    fn a_page_arrives_as_it_was() {
        for (numbers, next) in [(&[5, 3, 2][..], Some(place(2))), (&[5][..], Some(place(1))), (&[], None)] {
            assert_eq!(unpack(numbers, next, Some(place(6))), Ok(page(numbers, next)));
        }
        assert_eq!(unpack(&[], Some(place(4)), Some(place(6))), Ok(page(&[], Some(place(4)))));
    }

    #[test]
    fn a_page_that_grows_large_ends_early_and_goes_on_behind_its_last_row() {
        let octets = row(5).encode().len();
        let whole = || page(&[5, 3, 2], None);

        assert_eq!(whole().pack_into(3 * octets).1, None);
        for (octets_max, rows, next) in [(3 * octets - 1, 2, place(3)), (1, 1, place(5))] {
            let (packed, found) = whole().pack_into(octets_max);
            assert_eq!((packed.len(), found), (rows, Some(next)));
        }
    }

    #[test]
    fn a_page_that_cannot_be_one_is_refused() {
        let out_of_place = Err(PageError::OutOfPlace);
        assert_eq!(unpack(&[3, 5], None, None), out_of_place, "the older first");
        assert_eq!(unpack(&[5, 5], None, None), out_of_place, "the same twice");
        assert_eq!(unpack(&[5], None, Some(place(5))), out_of_place, "what was shown before");
        assert_eq!(unpack(&[5], Some(place(6)), None), out_of_place, "back before its row");
        assert_eq!(unpack(&[], Some(place(6)), Some(place(6))), out_of_place, "round and round");
        assert_eq!(unpack(&[5, 4, 3, 2], None, None), Err(PageError::TooMany { found: 4, limit: 3 }));

        let (packed, _) = page(&[5], None).pack();
        let sent = Query { states: [MessageState::Sent].into(), ..Query::default() };
        assert_eq!(Page::unpack(&packed, None, &sent, None, 3), Err(PageError::NotAskedFor));
        let mut damaged = packed;
        damaged[0][20] ^= 1;
        let refused = Page::unpack(&damaged, None, &Query::default(), None, 3);
        assert_eq!(refused, Err(PageError::Row(RowError::Checksum)));
    }
}
