//! Lists: the rows on disk and, over them, what memory knows better.
//!
//! A message whose row may be older than the state is taken from memory alone, one whose row is up to date from the
//! rows alone. Its place never changes, so a list that goes on at a cursor misses and repeats nothing, whatever
//! happens to the messages meanwhile.

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
/// Most rows looked at for one page; a list whose rows lie far apart goes on at the next.
const LOOK_MAX: usize = 10_000;
/// Most messages looked at while the state is held.
const HOLD_MAX: usize = 1024;

/// What was found, and where to go on.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<Cursor>,
}

/// The places of the messages in memory that are asked for: the newest, at most `limit`.
pub(super) fn in_memory(
    applied: &dyn Applied,
    dirty: Option<&BTreeSet<MessageId>>,
    query: &Query,
    upto: Cursor,
    limit: usize,
) -> BTreeSet<Cursor> {
    let mut places = BTreeSet::new();
    let mut look = |record: &Record| {
        let place = Cursor::of(record.id, record.accepted);
        if place < upto && query.admits_record(record) {
            places.insert(place);
            if places.len() > limit {
                places.pop_first();
            }
        }
    };
    match dirty {
        Some(ids) => {
            let ids: Vec<MessageId> = ids.iter().copied().collect();
            for some in ids.chunks(HOLD_MAX) {
                applied
                    .read(&mut |queue| some.iter().filter_map(|id| queue.message(*id)).for_each(&mut look));
            }
        }
        None => look_at_all(applied, &mut look),
    }
    places
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

/// The places of rows that are asked for, the newest first, at most `limit`; and where the search ended early.
pub(super) fn on_disk(
    rows: &Rows,
    skip: &BTreeSet<MessageId>,
    query: &Query,
    upto: Cursor,
    limit: usize,
) -> Result<(Vec<Cursor>, Option<Cursor>), RowsError> {
    let mut walk = Walk::new(rows, query, upto);
    let mut found = Vec::new();
    for _ in 0..LOOK_MAX {
        let Some((place, head)) = walk.next()? else { return Ok((found, None)) };
        if !skip.contains(&place.id) && head.is_some_and(|head| head.answers(query)) {
            found.push(place);
        }
        if found.len() >= limit {
            return Ok((found, Some(place)));
        }
    }
    Ok((found, walk.last))
}

/// Joins both, and reads what is shown.
pub(super) fn join(
    applied: &dyn Applied,
    rows: Option<&Rows>,
    query: &Query,
    memory: BTreeSet<Cursor>,
    (disk, ended): (Vec<Cursor>, Option<Cursor>),
    limit: usize,
) -> Result<Found, RowsError> {
    let memory_full = memory.len() >= limit;
    let mut all: BTreeSet<Cursor> = memory.iter().copied().chain(disk).collect();
    if let Some(ended) = ended {
        // Behind the end of the search there may be rows between those of memory.
        all = all.split_off(&ended);
    }
    let mut found = Found::default();
    let cut = all.len() > limit;
    let shown: Vec<Cursor> = all.into_iter().rev().take(limit).collect();
    found.next = match shown.last() {
        Some(last) if cut || memory_full => Some(*last),
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
        (None, Some(rows)) => stored::read_row(rows, place.id),
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
