//! Lists: the rows on disk and, over them, what memory knows better.
//!
//! What a message whose row may be older than the state says is taken from memory alone, of one whose row is up to date
//! from the rows alone. A row may be written while a list is made, and so be found in both; it is shown once. The place of a
//! message never changes, so a list that goes on at a cursor misses and repeats nothing, whatever happens to the messages
//! meanwhile.

use std::collections::BTreeSet;
use std::iter::Peekable;

use smsgrid::model::MessageId;
use smsgrid::queue::Record;

use super::applied::Applied;
use super::head::Head;
use super::key::{self, Index};
use super::rows::{Pair, Rows, RowsError};
use super::stored;
use super::{Cursor, Query, Row};

/// Most messages in one page.
pub(super) const PAGE_MAX: usize = 1000;
/// Most rows looked at for one page, and about as many messages in memory; a list whose messages lie far apart goes on
/// at the next.
const LOOK_MAX: usize = 10_000;
/// Most messages looked at while the state is held.
const HOLD_MAX: usize = 1024;

/// What was found, and where to go on.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<Cursor>,
}

/// Places that are asked for, the newest first; and where the search ended early.
pub(super) type Search = (Vec<Cursor>, Option<Cursor>);

/// The places of the messages in memory that are asked for, at most `limit`, among those whose rows may be old; `next`
/// gives so many of these from behind a place on.
pub(super) fn unwritten(
    applied: &dyn Applied,
    next: &dyn Fn(Cursor, usize) -> Vec<Cursor>,
    query: &Query,
    upto: Cursor,
    limit: usize,
) -> Search {
    let mut found = Vec::new();
    let mut at = upto;
    let mut looked = 0;
    while looked < LOOK_MAX {
        let some = next(at, HOLD_MAX);
        applied.read(&mut |queue| {
            let admitted = some.iter().filter(|place| {
                let record = queue.message(place.id);
                record.is_some_and(|record| stands_at(record, **place) && query.admits_record(record))
            });
            found.extend(admitted.take(limit - found.len()));
        });
        match some.last() {
            _ if found.len() >= limit => return ended(found),
            Some(last) if some.len() == HOLD_MAX => at = *last,
            Some(_) | None => return (found, None),
        }
        looked += some.len();
    }
    (found, Some(at))
}

fn stands_at(record: &Record, place: Cursor) -> bool {
    Cursor::of(record.id, record.accepted) == place
}

/// There may be more behind the last.
fn ended(found: Vec<Cursor>) -> Search {
    let last = found.last().copied();
    (found, last)
}

/// The places of the messages in memory that are asked for, at most `limit`, when there are no rows.
pub(super) fn in_memory(applied: &dyn Applied, query: &Query, upto: Cursor, limit: usize) -> Search {
    let mut places = BTreeSet::new();
    look_at_all(applied, &mut |record| {
        let place = Cursor::of(record.id, record.accepted);
        if place < upto && query.admits_record(record) {
            places.insert(place);
            if places.len() > limit {
                places.pop_first();
            }
        }
    });
    let found: Vec<Cursor> = places.into_iter().rev().collect();
    if found.len() >= limit { ended(found) } else { (found, None) }
}

fn look_at_all(applied: &dyn Applied, look: &mut impl FnMut(&Record)) {
    let mut after = None;
    let mut more = true;
    while more {
        applied.read(&mut |queue| {
            let mut count = 0;
            for record in queue.messages_after(after).take(HOLD_MAX) {
                look(record);
                after = Some(record.id);
                count += 1;
            }
            more = count == HOLD_MAX;
        });
    }
}

/// The places of rows that are asked for, at most `limit` and none before `from`. `is_old` says which of them memory knows
/// better.
pub(super) fn on_disk(
    applied: &dyn Applied,
    rows: &Rows,
    is_old: &dyn Fn(MessageId) -> bool,
    query: &Query,
    (from, upto): (Option<Cursor>, Cursor),
    limit: usize,
) -> Result<Search, RowsError> {
    let mut walk = Walk::new(rows, query, upto);
    let mut found = Vec::new();
    let admits = |place: Cursor, head: Head| {
        if !is_old(place.id) {
            return head.answers(query);
        }
        let mut admitted = false;
        applied.read(&mut |queue| {
            admitted = queue.message(place.id).is_some_and(|record| query.admits_record(record));
        });
        admitted
    };
    for _ in 0..LOOK_MAX {
        let Some((place, head)) = walk.next()? else { return Ok((found, None)) };
        if Some(place) < from {
            return Ok((found, None));
        }
        if head.is_some_and(|head| admits(place, head)) {
            found.push(place);
        }
        if found.len() >= limit {
            return Ok(ended(found));
        }
    }
    Ok((found, walk.last))
}

/// Joins both, and reads what is shown.
pub(super) fn join(
    applied: &dyn Applied,
    rows: Option<&Rows>,
    query: &Query,
    (memory, memory_ended): Search,
    (disk, disk_ended): Search,
    limit: usize,
) -> Result<Found, RowsError> {
    let ended = memory_ended.max(disk_ended);
    let mut all: BTreeSet<Cursor> = memory.into_iter().chain(disk).collect();
    if let Some(ended) = ended {
        // Behind the end of one search there may be more between what the other found.
        all = all.split_off(&ended);
    }
    let mut found = Found::default();
    let cut = all.len() > limit;
    let shown: Vec<Cursor> = all.into_iter().rev().take(limit).collect();
    found.next = match shown.last() {
        Some(last) if cut => Some(*last),
        Some(_) | None => ended,
    };
    for place in shown {
        found.rows.extend(read(applied, rows, query, place)?);
    }
    Ok(found)
}

/// One message as it is now. One that has changed since so that it is no longer asked for is left out.
fn read(
    applied: &dyn Applied,
    rows: Option<&Rows>,
    query: &Query,
    place: Cursor,
) -> Result<Option<Row>, RowsError> {
    let position = applied.position();
    let mut known = None;
    applied.read(&mut |queue| known = queue.message(place.id).cloned());
    match (known, rows) {
        (Some(record), _) => {
            let is_asked_for = query.admits_record(&record);
            Ok(is_asked_for.then_some(Row { record, position }))
        }
        // What has not ended is in memory: such a row is of a message that went on and left unseen.
        (None, Some(rows)) => {
            Ok(stored::read_row(rows, place.id)?.filter(|row| row.record.state().is_final()))
        }
        (None, None) => Ok(None),
    }
}

/// Goes through several indexes at once, the newest place first.
struct Walk<'a> {
    rows: &'a Rows,
    ways: Vec<Way<'a>>,
    last: Option<Cursor>,
}

struct Way<'a> {
    index: Index,
    pairs: Peekable<Box<dyn Iterator<Item = Pair> + 'a>>,
}

impl<'a> Walk<'a> {
    fn new(rows: &'a Rows, query: &Query, upto: Cursor) -> Walk<'a> {
        let ways = query.indexes().into_iter().map(|index| {
            let pairs = rows.range(index.range(query.since(), upto)).rev();
            let pairs: Box<dyn Iterator<Item = Pair> + 'a> = Box::new(pairs);
            Way { index, pairs: pairs.peekable() }
        });
        Walk { rows, ways: ways.collect(), last: None }
    }

    /// The next place; without a head when what is there stands elsewhere, among the strays.
    fn next(&mut self) -> Result<Option<(Cursor, Option<Head>)>, RowsError> {
        let places = self.ways.iter_mut().enumerate().filter_map(|(way, at)| Some((at.place()?, way)));
        let Some((_, newest)) = places.max() else { return Ok(None) };
        let Some(way) = self.ways.get_mut(newest) else { return Ok(None) };
        let Some(pair) = way.pairs.next() else { return Ok(None) };
        let (key, value) = pair?;
        let place = way.index.place(&key).ok_or(RowsError::Doubtful { what: "a key is no place" })?;
        let is_row = way.index == Index::Ids;
        let head = if is_row { value } else { self.head_of(place)? };
        let (head, _) = Head::decode(&head).ok_or(RowsError::Damaged { id: place.id })?;
        self.last = Some(place);
        let stands_here = !is_row || Cursor::of(place.id, head.accepted) == place;
        Ok(Some((place, stands_here.then_some(head))))
    }

    fn head_of(&self, place: Cursor) -> Result<Vec<u8>, RowsError> {
        let head = self.rows.get(&key::row(place.id))?;
        head.ok_or(RowsError::Doubtful { what: "a key leads to no row" })
    }
}

impl Way<'_> {
    /// The place of its next key; a key that cannot be read comes first, so that the failure is met.
    fn place(&mut self) -> Option<Cursor> {
        match self.pairs.peek()? {
            Ok((key, _)) => Some(self.index.place(key).unwrap_or(Cursor::END)),
            Err(_) => Some(Cursor::END),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use smsgrid::model::Position;
    use smsgrid::queue::{Policy, Queue};
    use tokio::sync::watch;

    use super::super::applied::Changes;
    use super::super::fixture;
    use super::*;

    #[test]
    fn a_page_looks_at_so_many_unwritten_messages_and_goes_on_where_it_stopped() {
        let place = |number| Cursor::told(fixture::id(number));
        let looked = Cell::new(0);
        let next = |upto: Cursor, most: usize| {
            let some = (0..12_000).rev().map(place).filter(|place| *place < upto).take(most);
            let some: Vec<Cursor> = some.collect();
            looked.set(looked.get() + some.len());
            some
        };
        let search = |upto| unwritten(&Nothing, &next, &Query::default(), upto, 50);

        let (found, ended) = search(Cursor::END);
        assert_eq!((found.len(), looked.get()), (0, 10 * HOLD_MAX));
        assert_eq!(ended, Some(place(12_000 - 10 * HOLD_MAX as u64)));

        assert_eq!(search(ended.expect("there are more")), (Vec::new(), None));
        assert_eq!(looked.get(), 12_000);
    }

    /// A state without messages.
    struct Nothing;

    impl Applied for Nothing {
        fn position(&self) -> Position {
            Position::default()
        }

        fn read(&self, act: &mut dyn FnMut(&Queue)) {
            act(&Queue::new(Policy::default()));
        }

        fn wakes(&self) -> watch::Receiver<Position> {
            watch::Sender::new(Position::default()).subscribe()
        }

        fn changes(&self) -> Box<dyn Changes> {
            Box::new(Nothing)
        }
    }

    impl Changes for Nothing {
        fn next(&mut self) -> Option<super::super::Change> {
            None
        }
    }
}
