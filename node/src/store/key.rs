//! The keys of the store: one tree, the first octet says what a key is.
//!
//! ```text
//! 0                                   the mark: up to where the rows go, and what they amount to
//! r  id                               head and first piece of a row
//! c  id  piece                        further pieces of a long row
//! x  moment id                        a row whose id does not tell when it was accepted
//! s  state moment id                  rows by state
//! d  length digits moment id          rows by destination
//! m  length name moment id            rows by modem
//! ```
//!
//! A **moment** (6 octets, milliseconds) orders rows: the time in the id, since ids are ULIDs; but the acceptance when
//! the two are more than a minute apart, because an id is made by the clock of one node. Neither ever changes, so a
//! row never moves. Numbers are big-endian, so that the order of keys is that of time.

use std::cmp::Ordering;
use std::ops::Range;
use std::time::Duration;

use smsgrid::model::{MessageId, MessageState, Timestamp};

use super::Cursor;

/// The mark.
pub(super) const MARK: [u8; 1] = [0];
/// What the keys of rows begin with.
pub(super) const ROW: u8 = b'r';
const PIECE: u8 = b'c';
const STRAY: u8 = b'x';
const STATE: u8 = b's';
const DESTINATION: u8 = b'd';
const MODEM: u8 = b'm';
/// How far an id's time may be from the acceptance to count as the same.
pub(super) const SKEW_MAX: Duration = Duration::from_secs(60);
/// Most milliseconds a moment holds.
const MOMENT_MAX: u64 = (1 << 48) - 1;
/// Octets of a moment and an id.
const TAIL_OCTETS: usize = 6 + 16;

/// A range of the store in which rows stand in order of their moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// Rows by their ids; those whose id does not tell the moment are not meant.
    Ids,
    /// Those, by their moments.
    Strays,
    /// Rows in one state.
    State(MessageState),
    /// Rows to one destination.
    Destination(Vec<u8>),
    /// Rows of one modem.
    Modem(Vec<u8>),
}

impl Cursor {
    /// The place of a message.
    pub(super) fn of(id: MessageId, accepted: Timestamp) -> Cursor {
        let (told, accepted) = (told(id), moment_of(accepted));
        let is_near = Duration::from_millis(told.abs_diff(accepted)) <= SKEW_MAX;
        let moment = if is_near { told } else { accepted };
        Cursor { moment, id }
    }

    /// The place of a message whose id tells its moment.
    pub(super) fn told(id: MessageId) -> Cursor {
        Cursor { moment: told(id), id }
    }

    /// Whether the id does not tell the moment.
    pub(super) fn is_stray(self) -> bool {
        told(self.id) != self.moment
    }

    /// The place before everything of this moment, and of later ones.
    pub(super) fn at(moment: Timestamp) -> Cursor {
        Cursor { moment: moment_of(moment), id: MessageId::from_bytes([0; 16]) }
    }

    /// The place behind everything.
    pub(super) const END: Cursor = Cursor { moment: MOMENT_MAX, id: MessageId::from_bytes([0xFF; 16]) };

    fn tail(self) -> [u8; TAIL_OCTETS] {
        let mut tail = [0; TAIL_OCTETS];
        let (moment, id) = tail.split_at_mut(6);
        moment.copy_from_slice(self.moment.to_be_bytes().get(2..).unwrap_or_default());
        id.copy_from_slice(&self.id.to_bytes());
        tail
    }
}

impl Index {
    /// The key of the row at this place.
    pub(super) fn key(&self, place: Cursor) -> Vec<u8> {
        let mut key = self.head();
        match self {
            Index::Ids => key.extend(place.id.to_bytes()),
            Index::Strays | Index::State(_) | Index::Destination(_) | Index::Modem(_) => {
                key.extend(place.tail());
            }
        }
        key
    }

    /// The keys of the rows that stand in `since` or later, and before `upto`.
    pub(super) fn range(&self, since: Timestamp, upto: Cursor) -> Range<Vec<u8>> {
        match self {
            Index::Ids => key_of(ROW, id_at(moment_of(since)))..key_of(ROW, first_not_before(upto)),
            Index::Strays | Index::State(_) | Index::Destination(_) | Index::Modem(_) => {
                self.key(Cursor::at(since))..self.key(upto)
            }
        }
    }

    /// The place a key of this index stands for.
    pub(super) fn place(&self, key: &[u8]) -> Option<Cursor> {
        match self {
            Index::Ids => row_id(key).map(Cursor::told),
            Index::Strays | Index::State(_) | Index::Destination(_) | Index::Modem(_) => {
                let (_, tail) = key.split_last_chunk::<TAIL_OCTETS>()?;
                let (moment, id) = tail.split_first_chunk::<6>()?;
                let mut octets = [0; 8];
                octets.get_mut(2..)?.copy_from_slice(moment);
                let id = MessageId::from_bytes(id.try_into().ok()?);
                Some(Cursor { moment: u64::from_be_bytes(octets), id })
            }
        }
    }

    fn head(&self) -> Vec<u8> {
        match self {
            Index::Ids => vec![ROW],
            Index::Strays => vec![STRAY],
            Index::State(state) => vec![STATE, state_octet(*state)],
            Index::Destination(digits) => named(DESTINATION, digits),
            Index::Modem(name) => named(MODEM, name),
        }
    }
}

/// The ids that tell a moment in `since` or later, and before `upto`.
pub(super) fn ids(since: Timestamp, upto: Cursor) -> Range<MessageId> {
    let end = first_not_before(upto);
    id_at(moment_of(since)).min(end)..end
}

/// The key of a row's head.
pub(super) fn row(id: MessageId) -> Vec<u8> {
    key_of(ROW, id)
}

/// The keys of the rows with ids above this one.
pub(super) fn rows_after(after: Option<MessageId>) -> Range<Vec<u8>> {
    let from = match after {
        Some(after) => {
            let mut key = row(after);
            key.push(0);
            key
        }
        None => vec![ROW],
    };
    from..vec![ROW + 1]
}

/// The key of a further piece of a row, from 1.
pub(super) fn piece(id: MessageId, number: u16) -> Vec<u8> {
    let mut key = key_of(PIECE, id);
    key.extend(number.to_be_bytes());
    key
}

/// The message whose row's head has this key.
pub(super) fn row_id(key: &[u8]) -> Option<MessageId> {
    let (first, id) = key.split_first()?;
    let id: [u8; 16] = id.try_into().ok()?;
    (*first == ROW).then(|| MessageId::from_bytes(id))
}

/// A state as one octet.
pub(super) fn state_octet(state: MessageState) -> u8 {
    let place = MessageState::ALL.iter().position(|known| *known == state);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

/// The state this octet stands for.
pub(super) fn state_of(octet: u8) -> Option<MessageState> {
    MessageState::ALL.get(usize::from(octet)).copied()
}

fn key_of(first: u8, id: MessageId) -> Vec<u8> {
    let mut key = Vec::with_capacity(18);
    key.push(first);
    key.extend(id.to_bytes());
    key
}

fn named(first: u8, name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 + name.len() + TAIL_OCTETS);
    key.push(first);
    key.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    key.extend(name);
    key
}

/// The time an id begins with, as ULIDs do.
fn told(id: MessageId) -> u64 {
    u64::try_from(u128::from_be_bytes(id.to_bytes()) >> 80).unwrap_or(MOMENT_MAX)
}

/// The lowest id of a moment.
fn id_at(moment: u64) -> MessageId {
    MessageId::from_bytes((u128::from(moment) << 80).to_be_bytes())
}

/// The lowest id that tells its moment and does not stand before this place.
fn first_not_before(place: Cursor) -> MessageId {
    match told(place.id).cmp(&place.moment) {
        Ordering::Less => id_at(place.moment),
        Ordering::Equal => place.id,
        Ordering::Greater => id_at(place.moment + 1),
    }
}

fn moment_of(time: Timestamp) -> u64 {
    time.as_unix_millis().min(MOMENT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    #[test]
    fn the_keys_of_an_index_stand_in_the_order_of_the_places() {
        let places = [cursor(7, 7, 9), cursor(8, 8, 0), cursor(8, 8, 3), cursor(9, 9, 1)];
        for index in [Index::Ids, Index::State(MessageState::Sent), Index::Modem(b"GSM1".to_vec())] {
            let keys: Vec<Vec<u8>> = places.iter().map(|place| index.key(*place)).collect();

            assert!(keys.is_sorted(), "{index:?}");
            for (key, place) in keys.iter().zip(places) {
                assert_eq!(index.place(key), Some(place));
            }
        }
    }

    #[test]
    fn a_message_whose_id_is_an_hour_off_is_ordered_by_its_acceptance() {
        let accepted = Timestamp::from_unix_millis(5 * HOUR_MS);
        let near = Cursor::of(id(5 * HOUR_MS + 59_000, 1), accepted);
        let far = Cursor::of(id(6 * HOUR_MS, 1), accepted);

        assert!(!near.is_stray() && far.is_stray());
        assert_eq!((near.moment, far.moment), (5 * HOUR_MS + 59_000, 5 * HOUR_MS));
    }

    #[test]
    fn a_list_of_ids_ends_right_before_a_place_that_no_id_tells() {
        let ids = [id(4, 1), id(5, 0), id(5, 9), id(6, 0)]
            .map(|id| Index::Ids.key(Cursor { moment: told(id), id }));
        let inside = |upto| {
            let range = Index::Ids.range(Timestamp::from_unix_millis(5), upto);
            ids.iter().map(|key| range.contains(key)).collect::<Vec<bool>>()
        };

        assert_eq!(inside(cursor(5, 5, 9)), [false, true, false, false]);
        assert_eq!(inside(cursor(5, 99, 0)), [false, true, true, false]);
        assert_eq!(inside(cursor(5, 1, 0)), [false; 4]);
        assert_eq!(inside(Cursor::END), [false, true, true, true]);
    }

    #[test]
    fn names_that_begin_alike_are_no_neighbours() {
        let range = Index::Modem(b"GSM1".to_vec()).range(Timestamp::ZERO, Cursor::END);
        let other = Index::Modem(b"GSM12".to_vec()).key(cursor(5, 5, 5));

        assert!(!range.contains(&other));
    }

    fn cursor(moment: u64, told: u64, rest: u64) -> Cursor {
        Cursor { moment, id: id(told, rest) }
    }

    fn id(told: u64, rest: u64) -> MessageId {
        MessageId::from_bytes(((u128::from(told) << 80) | u128::from(rest)).to_be_bytes())
    }
}
