//! One way to write a text: its alphabet, what it costs, and where it is cut.

use super::header::{Concatenation, Element, Header};
use super::{DataCoding, Reference, SegmentError, gsm7, ucs2};
use crate::model::{Alphabet, MessageClass, Payload, UserData};

/// Octets of user data one SMS carries, its header included (TS 23.040 section 9.2.3.24).
const USER_DATA_OCTETS: usize = 140;
/// Bits of a septet.
const SEPTET_BITS: usize = 7;

/// A payload in one alphabet, cut so that every piece fits.
pub(super) struct Candidate {
    pub(super) alphabet: Alphabet,
    payload: Payload,
    /// Where each piece ends, in units of the payload.
    cuts: Vec<usize>,
    /// Units that fit into one piece.
    capacity: usize,
    /// Octets of user data of all pieces.
    octets: usize,
}

impl Candidate {
    /// Measures `payload` with the elements `header` in every part, and the concatenation element if it takes several.
    pub(super) fn new(
        alphabet: Alphabet,
        payload: Payload,
        header: &Header,
        reference: Reference,
    ) -> Result<Candidate, SegmentError> {
        let alone = header_octets(alphabet, header, None);
        let whole = capacity(alphabet, alone).filter(|whole| payload.units() <= *whole);
        let (capacity, header, cuts) = match whole {
            Some(whole) => (whole, alone, vec![payload.units()]),
            None => {
                let octets = header_octets(alphabet, header, Some(part_of(reference, 1, 1)));
                let capacity = capacity(alphabet, octets).filter(|units| *units >= widest(alphabet));
                let capacity = capacity.ok_or(SegmentError::HeaderTooLong { octets })?;
                (capacity, octets, cut(&payload, alphabet, capacity))
            }
        };
        let octets = lengths(&cuts).map(|units| user_data_octets(alphabet, header, units)).sum();
        Ok(Candidate { alphabet, payload, cuts, capacity, octets })
    }

    /// How many parts it takes.
    pub(super) fn parts(&self) -> usize {
        self.cuts.len()
    }

    /// What is compared: parts first, then octets on the air.
    pub(super) fn cost(&self) -> (usize, usize) {
        (self.cuts.len(), self.octets)
    }

    /// Septets, UTF-16 units or octets of the whole text.
    pub(super) fn units(&self) -> usize {
        self.payload.units() / unit_octets(self.alphabet)
    }

    /// How many more units fit into the last part.
    pub(super) fn units_left(&self) -> usize {
        let last = lengths(&self.cuts).last().unwrap_or(0);
        self.capacity.saturating_sub(last) / unit_octets(self.alphabet)
    }

    /// The user data of each part. Total and numbers wrap past 255; the caller holds the limit.
    pub(super) fn into_parts(
        self,
        header: &Header,
        reference: Reference,
        class: Option<MessageClass>,
    ) -> Vec<UserData> {
        let total = u8::try_from(self.cuts.len()).unwrap_or(u8::MAX);
        let data_coding = DataCoding::new(self.alphabet, class).0;
        let mut parts = Vec::with_capacity(self.cuts.len());
        let mut start = 0;
        for (end, number) in self.cuts.iter().zip(1..=u8::MAX) {
            let concatenation = (total > 1).then(|| part_of(reference, total, number));
            parts.push(UserData {
                data_coding,
                header: elements(self.alphabet, header, concatenation).encode(),
                payload: slice(&self.payload, start, *end),
            });
            start = *end;
        }
        parts
    }
}

fn part_of(reference: Reference, total: u8, number: u8) -> Concatenation {
    Concatenation { reference, total, number }
}

/// The elements of one part: concatenation, shift tables, then what the caller asked for.
fn elements(alphabet: Alphabet, header: &Header, concatenation: Option<Concatenation>) -> Header {
    let (locking, single) = match alphabet {
        Alphabet::Gsm7 { locking, single } => (locking, single),
        Alphabet::Data8 | Alphabet::Ucs2 => (None, None),
    };
    let mut elements: Vec<Element> = concatenation.map(Element::Concatenation).into_iter().collect();
    elements.extend(locking.map(Element::LockingShift));
    elements.extend(single.map(Element::SingleShift));
    elements.extend(header.elements.iter().cloned());
    Header { elements }
}

/// Octets of the header with its length octet; none at all without elements.
fn header_octets(alphabet: Alphabet, header: &Header, concatenation: Option<Concatenation>) -> usize {
    match elements(alphabet, header, concatenation).encode().len() {
        0 => 0,
        octets => octets + 1,
    }
}

/// Units of payload that fit beside a header of `header` octets; none when the header alone is too long.
fn capacity(alphabet: Alphabet, header: usize) -> Option<usize> {
    let octets = USER_DATA_OCTETS.checked_sub(header)?;
    Some(match alphabet {
        Alphabet::Gsm7 { .. } => octets * 8 / SEPTET_BITS,
        Alphabet::Data8 => octets,
        Alphabet::Ucs2 => octets - octets % ucs2::UNIT_OCTETS,
    })
}

/// Units of the longest character, which a part must have room for.
fn widest(alphabet: Alphabet) -> usize {
    match alphabet {
        Alphabet::Gsm7 { .. } => 2,
        Alphabet::Data8 => 1,
        Alphabet::Ucs2 => 2 * ucs2::UNIT_OCTETS,
    }
}

fn unit_octets(alphabet: Alphabet) -> usize {
    match alphabet {
        Alphabet::Gsm7 { .. } | Alphabet::Data8 => 1,
        Alphabet::Ucs2 => ucs2::UNIT_OCTETS,
    }
}

/// Octets on the air of a part with a header of `header` octets and `units` units of payload.
fn user_data_octets(alphabet: Alphabet, header: usize, units: usize) -> usize {
    match alphabet {
        Alphabet::Gsm7 { .. } => (((header * 8).div_ceil(SEPTET_BITS) + units) * SEPTET_BITS).div_ceil(8),
        Alphabet::Data8 | Alphabet::Ucs2 => header + units,
    }
}

/// How long each piece is.
fn lengths(cuts: &[usize]) -> impl Iterator<Item = usize> {
    let starts = std::iter::once(&0).chain(cuts);
    cuts.iter().zip(starts).map(|(end, start)| end - start)
}

/// Where the pieces end when each is filled as far as it goes without cutting a character.
fn cut(payload: &Payload, alphabet: Alphabet, capacity: usize) -> Vec<usize> {
    let (Payload::Septets(units) | Payload::Octets(units)) = payload;
    let unbreakable: fn(&[u8]) -> usize = match alphabet {
        Alphabet::Gsm7 { .. } => gsm7::unbreakable,
        Alphabet::Data8 => |_| 1,
        Alphabet::Ucs2 => ucs2::unbreakable,
    };
    let mut cuts = Vec::new();
    let (mut start, mut end) = (0, 0);
    while let Some(rest) = units.get(end..).filter(|rest| !rest.is_empty()) {
        let step = unbreakable(rest).min(rest.len());
        if end + step - start > capacity {
            cuts.push(end);
            start = end;
        }
        end += step;
    }
    cuts.push(end);
    cuts
}

fn slice(payload: &Payload, start: usize, end: usize) -> Payload {
    let piece = |units: &[u8]| units.get(start..end).unwrap_or(&[]).to_vec();
    match payload {
        Payload::Septets(units) => Payload::Septets(piece(units)),
        Payload::Octets(units) => Payload::Octets(piece(units)),
    }
}
