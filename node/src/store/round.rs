//! One round of the task: everything that changed is written, then what time or a loss asks for is done.

use std::collections::BTreeSet;
use std::sync::Arc;

use smsgrid::model::{MessageId, MessageState, Position, Timestamp};
use smsgrid::queue::Record;

use super::head::Head;
use super::key::{self, Index, SKEW_MAX};
use super::mark::Missing;
use super::rows::{Rows, RowsError};
use super::writer::{Change, Done, Writer, is_over};
use super::{Cursor, Inner, Row};

/// Most records looked up while the state is held. The thread gives way to others, so that it may be held for longer
/// than the work takes.
const PICTURES_MAX: usize = 16;
/// Most records looked at while the state is held.
const LOOK_MAX: usize = 1024;
/// Rows are dropped when the horizon has moved by this much.
const DROP_EVERY_MS: u64 = 60_000;
/// Rows looked at to be dropped between two looks at what else is to be done.
const DROP_LOOK_MAX: usize = 10_000;

/// The applied state at one moment.
#[derive(Clone, Copy, Debug)]
struct Moment {
    position: Position,
    now: Timestamp,
    forgotten: u64,
    horizon: Timestamp,
}

/// Writes everything that has changed up to now. What is applied meanwhile waits for the next round; so does what is
/// left when `goes_on` says no.
pub(super) fn write_changes(
    inner: &Inner,
    rows: &Rows,
    writer: &mut Writer,
    goes_on: &dyn Fn() -> bool,
) -> Result<(), RowsError> {
    let moment = moment(inner);
    let (ids, lost, blind, unseen) = {
        let mut dirty = inner.dirty();
        dirty.catch_up(inner.applied.as_ref());
        let (lost, blind) = (dirty.take_lost(), dirty.take_blind());
        // What was taken in may be later than the moment.
        let unseen = blind && self::moment(inner).forgotten != writer.mark().forgotten;
        if unseen || lost.is_some() {
            // Before it is forgotten that something may be missing.
            inner.tell(Some(Missing { after: None, is_stale: true }));
        }
        (dirty.take(), lost, blind, unseen)
    };
    if unseen && may_miss(inner, writer.mark().now) {
        find_missing(inner, rows, writer)?;
    }
    if let Some(lost) = lost {
        writer.note(|mark| mark.misses(before(lost)));
    }
    if blind {
        // What memory does not hold is in the rows, or known to be missing: lists need not wait for the round.
        inner.tell(writer.mark().missing);
    }
    let slices = writer.written.slices;
    let left = write(inner, rows, writer, &ids, moment.horizon, goes_on)?;
    let Some(left) = left else {
        inner.dirty().put_back();
        return Ok(());
    };
    let wrote = writer.is_begun() || writer.written.slices != slices;
    // Rows that say already what is applied are no reason to write.
    if wrote || lost.is_some() || moment.forgotten != writer.mark().forgotten {
        writer.note(|mark| {
            mark.applied = moment.position.max(mark.applied);
            mark.now = moment.now;
            mark.forgotten = moment.forgotten;
        });
        writer.commit(rows, || inner.alone())?;
    }
    inner.dirty().written(&left);
    inner.pace().written();
    inner.count(writer, rows);
    inner.durable.send_replace(moment.position);
    Ok(())
}

/// Drops rows that ended before the horizon. False when there is more to do.
pub(super) fn drop_over(inner: &Inner, rows: &Rows, writer: &mut Writer) -> Result<bool, RowsError> {
    let horizon = moment(inner).horizon;
    let since = writer.mark().dropped_before;
    let is_due = horizon.as_unix_millis() >= since.as_unix_millis().saturating_add(DROP_EVERY_MS);
    if !is_due || writer.mark().content.rows == 0 {
        return Ok(true);
    }
    let mut looked = 0;
    for index in [Index::Ids, Index::Strays] {
        let range = index.range(Timestamp::ZERO, Cursor::at(horizon + SKEW_MAX));
        for pair in rows.range(range) {
            let (key, value) = pair?;
            let Some(place) = index.place(&key) else { continue };
            let value = if index == Index::Ids { Some(value) } else { rows.get(&key::row(place.id))? };
            let Some(value) = value else { continue };
            let (head, _) = Head::decode(&value).ok_or(RowsError::Damaged { id: place.id })?;
            if is_over(head.ended, horizon) && !writer.holds(place.id) {
                writer.take(rows, Change::Drop(place.id))?;
            }
            if writer.is_full() {
                writer.commit(rows, || inner.alone())?;
            }
            looked += 1;
            if looked >= DROP_LOOK_MAX && writer.is_begun() {
                writer.commit(rows, || inner.alone())?;
                return Ok(false);
            }
        }
    }
    writer.note(|mark| mark.dropped_before = horizon);
    // Where nothing was dropped the next slice takes it along: an idle store writes nothing.
    if writer.is_begun() {
        writer.commit(rows, || inner.alone())?;
    }
    Ok(true)
}

/// Takes in a page of another node's rows; an empty one is the last.
pub(super) fn take_page(
    inner: &Inner,
    rows: &Rows,
    writer: &mut Writer,
    page: Vec<Row>,
) -> Result<(), RowsError> {
    let horizon = moment(inner).horizon;
    let last = page.iter().map(|row| row.record.id).max();
    for row in page {
        let id = row.record.id;
        let is_wanted = row.record.state().is_final() && !is_over(row.record.ended(), horizon);
        if !is_wanted || is_in_memory(inner, id) || writer.holds(id) {
            continue;
        }
        writer.take(rows, Change::Put(Arc::new(row.record), row.position))?;
        if writer.is_full() {
            writer.commit(rows, || inner.alone())?;
        }
    }
    writer.note(|mark| mark.fetched(last));
    writer.commit(rows, || inner.alone())
}

/// Writes the rows of these messages, as they are in memory now, but for a last slice that is begun and given back
/// with its messages. None when it was stopped.
fn write(
    inner: &Inner,
    rows: &Rows,
    writer: &mut Writer,
    ids: &[MessageId],
    horizon: Timestamp,
    goes_on: &dyn Fn() -> bool,
) -> Result<Option<Vec<MessageId>>, RowsError> {
    let mut done = Vec::new();
    for some in ids.chunks(PICTURES_MAX) {
        if !goes_on() {
            if writer.is_begun() {
                writer.commit(rows, || inner.alone())?;
            }
            inner.dirty().written(&done);
            return Ok(None);
        }
        let (position, records) = pictures(inner, some);
        for record in records.into_iter().filter(|record| !is_over(record.ended(), horizon)) {
            let id = record.id;
            if writer.take(rows, Change::Put(record, position))? == Done::Older {
                inner.dirty().again(id);
            }
        }
        done.extend_from_slice(some);
        if writer.is_full() {
            writer.commit(rows, || inner.alone())?;
            inner.dirty().written(&done);
            done.clear();
        }
    }
    Ok(Some(done))
}

/// These messages as they are now, and a position that is in them.
fn pictures(inner: &Inner, ids: &[MessageId]) -> (Position, Vec<Arc<Record>>) {
    let position = inner.applied.position();
    let mut records = Vec::with_capacity(ids.len());
    inner.applied.read(&mut |queue| {
        records.extend(ids.iter().filter_map(|id| queue.picture(*id)));
    });
    (position, records)
}

/// Messages came and went unseen: rows that are not final and whose message is gone are wrong, and are dropped; all must
/// be fetched, since one that had ended may have been sent after all, or tried again.
fn find_missing(inner: &Inner, rows: &Rows, writer: &mut Writer) -> Result<(), RowsError> {
    let open = MessageState::ALL.into_iter().filter(|state| !state.is_final());
    let mut wrong = BTreeSet::new();
    for index in open.map(Index::State) {
        for pair in rows.range(index.range(Timestamp::ZERO, Cursor::END)) {
            let (key, _) = pair?;
            let place = index.place(&key).ok_or(RowsError::Doubtful { what: "a key is no place" })?;
            if !is_in_memory(inner, place.id) {
                wrong.insert(place.id);
            }
        }
    }
    tracing::warn!(
        wrong = wrong.len(),
        "messages came and went unseen; their rows are fetched from another node"
    );
    writer.note(|mark| mark.misses(None));
    // The rows go only now that what is told says that some are missing: whoever looks for one of them must not be told
    // that there is none.
    for id in wrong {
        writer.take(rows, Change::Drop(id))?;
        if writer.is_full() {
            writer.commit(rows, || inner.alone())?;
        }
    }
    writer.commit(rows, || inner.alone())
}

/// Whether a message may have left memory that ended after the last mark. Those that ended first leave first: as long
/// as one is here that had ended at the mark, all that left had, and their rows say so.
fn may_miss(inner: &Inner, marked: Timestamp) -> bool {
    let mut after = None;
    let mut more = true;
    let mut found = false;
    while more && !found {
        inner.applied.read(&mut |queue| {
            let mut count = 0;
            for record in queue.messages_after(after).take(LOOK_MAX) {
                found |= record.ended().is_some_and(|ended| ended <= marked);
                after = Some(record.id);
                count += 1;
            }
            more = count == LOOK_MAX;
        });
    }
    !found
}

fn moment(inner: &Inner) -> Moment {
    let position = inner.applied.position();
    let mut moment = Moment { position, now: Timestamp::ZERO, forgotten: 0, horizon: Timestamp::ZERO };
    inner.applied.read(&mut |queue| {
        moment.now = queue.now();
        moment.forgotten = queue.forgotten_count();
        moment.horizon = queue.history_horizon();
    });
    moment
}

fn is_in_memory(inner: &Inner, id: MessageId) -> bool {
    let mut known = false;
    inner.applied.read(&mut |queue| known = queue.message(id).is_some());
    known
}

/// The id before this one; none before the first.
fn before(id: MessageId) -> Option<MessageId> {
    let number = u128::from_be_bytes(id.to_bytes()).checked_sub(1)?;
    Some(MessageId::from_bytes(number.to_be_bytes()))
}
