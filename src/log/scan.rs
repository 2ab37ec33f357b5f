//! Walking the records of one segment, and judging what stands after the last one.

use super::record::{ALIGNMENT, decode};
use super::{Committed, HEADER_OCTETS, Index, Place, Record, Refused, Seed, State};

/// How the records of a segment end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The octet after the last record that is more than a floor or what is agreed on: the next group goes here, the
    /// seal stands here.
    pub(super) end: u32,
    /// The segment is closed.
    pub(super) is_sealed: bool,
    /// The floor is said at `end`.
    pub(super) is_marked: bool,
    /// The highest floor said anywhere in the segment.
    pub(super) floor: Place,
    /// The first octet that holds no record, and the one after the last that is neither zero nor a floor.
    pub(super) dirty: (u32, u32),
}

/// Adds every record of the segment to `state`, `index` and `committed`; an error names the octet of a record that cannot follow.
pub(super) fn walk(
    seed: Seed,
    bytes: &[u8],
    state: &mut State,
    index: &mut Index,
    committed: &mut Committed,
) -> Result<Tail, (u32, Refused)> {
    // The header says the floor.
    let mut tail = Tail { is_marked: true, ..Tail::at(HEADER_OCTETS as u32) };
    let (mut at, mut said) = (HEADER_OCTETS, Place::default());
    while let Ok((record, size)) = decode(seed, at as u32, bytes.get(at..).unwrap_or_default()) {
        let (octet, next) = (at as u32, at + size);
        *state = state.after(&record).map_err(|refused| (octet, refused))?;
        committed.after(&record, *state);
        match record {
            // It has its end from the record that follows in its group; beside a mark none does.
            Record::Committed(_) => {}
            Record::Floor(place) => {
                tail.is_marked |= place.octet == tail.end;
                said = said.max(place);
            }
            Record::Entry { .. } | Record::Vote(_) | Record::Truncate(_) | Record::Purge(_) => {
                index.note(&record, seed, octet);
                tail = Tail::at(next as u32);
            }
            Record::Seal => {
                tail.is_sealed = true;
                return Ok(tail);
            }
        }
        at = next;
    }
    let (floor, dirty_end) = search(seed, bytes, at);
    Ok(Tail { floor: floor.max(said), dirty: (at as u32, dirty_end), ..tail })
}

impl Tail {
    /// Nothing follows `end`.
    pub(super) fn at(end: u32) -> Tail {
        Tail { end, is_sealed: false, is_marked: false, floor: Place::default(), dirty: (end, end) }
    }
}

/// The highest floor said from octet `from` on, and the end of what is neither zero nor a floor.
fn search(seed: Seed, bytes: &[u8], from: usize) -> (Place, u32) {
    let (mut floor, mut dirty_end) = (Place::default(), from);
    let mut at = from;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let piece = rest.get(..ALIGNMENT).unwrap_or(rest);
        if piece.iter().all(|octet| *octet == 0) {
            at += ALIGNMENT;
            continue;
        }
        match floor_at(seed, at as u32, rest) {
            Some((said, size)) => {
                floor = floor.max(said);
                at += size;
            }
            None => {
                at += ALIGNMENT;
                dirty_end = at.min(bytes.len());
            }
        }
    }
    (floor, dirty_end as u32)
}

/// The floor that the record at `octet` proves, if it proves one. Only short records are decoded, so that a payload
/// full of lengths cannot make the search slow.
fn floor_at(seed: Seed, octet: u32, rest: &[u8]) -> Option<(Place, usize)> {
    const SHORT_OCTETS: usize = 32;
    let short = rest.get(..SHORT_OCTETS).unwrap_or(rest);
    match decode(seed, octet, short).ok()? {
        (Record::Floor(place), size) => Some((place, size)),
        (Record::Seal, size) => Some((Place { segment: seed.segment, octet }, size)),
        (
            Record::Entry { .. }
            | Record::Vote(_)
            | Record::Truncate(_)
            | Record::Purge(_)
            | Record::Committed(_),
            _,
        ) => None,
    }
}
