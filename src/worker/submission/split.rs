//! Payloads cut into parts in the four ways of `Autosplit:`.

use crate::model::{Alphabet, Payload, UserData};
use crate::sms_file::{Autosplit, Rejection, Request};
use crate::text::{Concatenation, Element, Header, Reference};

use super::PARTS_MAX;
use super::convert::Converted;

/// Octets of user data one SMS carries, its header included.
const USER_DATA_OCTETS: usize = 140;
/// The code before a code of the extension table.
const ESCAPE: u8 = 0x1B;

/// How a payload is cut.
pub(super) struct Shape {
    mode: Autosplit,
    reference: u8,
    data_coding: u8,
    system: bool,
    /// Elements of every part.
    every: Vec<u8>,
    /// Elements of the first part only.
    first: Vec<u8>,
}

/// The parts of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) parts: Vec<UserData>,
    /// Septets or octets that no part holds, because splitting is off.
    pub(super) cut_octets: Option<usize>,
}

impl Shape {
    /// The shape a request asks for. A text with a header of its own is never split, data is joined or not split, and
    /// a text with shift tables has no room for numbers.
    pub(super) fn of(request: &Request, converted: &Converted, reference: u8) -> Shape {
        let own = request.user_data_header.clone().unwrap_or_default();
        let (locking, single, bits) = match converted.alphabet {
            Alphabet::Gsm7 { locking, single } => (locking, single, 0x00),
            Alphabet::Data8 => (None, None, 0x04),
            Alphabet::Ucs2 => (None, None, 0x08),
        };
        let tables = locking.map(Element::LockingShift).into_iter().chain(single.map(Element::SingleShift));
        let every = Header { elements: tables.collect() }.encode();
        let is_data = converted.alphabet == Alphabet::Data8;
        let whole = request.coding.system.is_some() || (!is_data && !own.is_empty());
        let mode = match request.autosplit {
            Autosplit::Off | Autosplit::Plain | Autosplit::Numbered | Autosplit::Concatenated if whole => {
                Autosplit::Off
            }
            Autosplit::Plain | Autosplit::Numbered if is_data => Autosplit::Concatenated,
            Autosplit::Numbered if !every.is_empty() => Autosplit::Plain,
            mode @ (Autosplit::Off | Autosplit::Plain | Autosplit::Numbered | Autosplit::Concatenated) => {
                mode
            }
        };
        Shape {
            mode,
            reference,
            data_coding: request.coding.octet(bits),
            system: request.coding.system.is_some(),
            every,
            first: own,
        }
    }

    fn header(&self, number: usize, total: usize) -> Vec<u8> {
        let mut header = if number == 1 { self.first.clone() } else { Vec::new() };
        if self.mode == Autosplit::Concatenated && total > 1 {
            let (number, total) = (octet(number), octet(total));
            let element = Concatenation { reference: Reference::Bits8(self.reference), total, number };
            header.extend(Header { elements: vec![Element::Concatenation(element)] }.encode());
        }
        header.extend_from_slice(&self.every);
        header
    }

    /// Units smsd leaves free in a part of several: it counts the length octet of the file's own header twice.
    fn unused(&self, number: usize) -> usize {
        usize::from(number == 1 && !self.first.is_empty())
    }
}

/// Cuts a payload into parts; no escape and no surrogate pair is cut.
pub(super) fn split(payload: &Payload, alphabet: Alphabet, shape: &Shape) -> Result<Split, Rejection> {
    let alone = shape.header(1, 1);
    if payload.units() <= capacity(payload, alone.len()) {
        let whole = part(payload, 0..payload.units(), &[], alone, shape);
        return Ok(Split { parts: vec![whole], cut_octets: None });
    }
    match shape.mode {
        Autosplit::Off if shape.system => Err(Rejection::TooLongSystemMessage),
        Autosplit::Off if alphabet == Alphabet::Data8 => Err(Rejection::TooLongSinglePart),
        Autosplit::Off => {
            let end = cut(payload, alphabet, 0, capacity(payload, alone.len()));
            let parts = vec![part(payload, 0..end, &[], alone, shape)];
            Ok(Split { parts, cut_octets: Some(payload.units() - end) })
        }
        Autosplit::Plain | Autosplit::Concatenated => pieces(payload, alphabet, shape, 0),
        Autosplit::Numbered => {
            let widths = [4, 6, 8].into_iter().zip([9, 99, PARTS_MAX]);
            let fitting = widths.filter_map(|(width, most)| {
                pieces(payload, alphabet, shape, width).ok().filter(|split| split.parts.len() <= most)
            });
            fitting.into_iter().next().ok_or(Rejection::TooLongText)
        }
    }
}

/// Several parts, each with room for `width` characters of numbering at its start.
fn pieces(payload: &Payload, alphabet: Alphabet, shape: &Shape, width: usize) -> Result<Split, Rejection> {
    let units = width * if alphabet == Alphabet::Ucs2 { 2 } else { 1 };
    let mut cuts = Vec::new();
    let mut start = 0;
    while start < payload.units() {
        let number = cuts.len() + 1;
        let room =
            capacity(payload, shape.header(number, 2).len()).saturating_sub(units + shape.unused(number));
        let end = cut(payload, alphabet, start, room);
        if end == start || cuts.len() == PARTS_MAX {
            return Err(Rejection::TooLongText);
        }
        cuts.push(start..end);
        start = end;
    }
    let total = cuts.len();
    let numbered = |number: usize| -> Vec<u8> {
        let text = format!("{:<width$}", format!("{number}/{total} "));
        let text = if width == 0 { String::new() } else { text };
        match alphabet {
            Alphabet::Ucs2 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Alphabet::Gsm7 { .. } | Alphabet::Data8 => text.into_bytes(),
        }
    };
    let parts = (1..)
        .zip(cuts)
        .map(|(number, range)| part(payload, range, &numbered(number), shape.header(number, total), shape));
    Ok(Split { parts: parts.collect(), cut_octets: None })
}

fn part(
    payload: &Payload,
    range: std::ops::Range<usize>,
    before: &[u8],
    header: Vec<u8>,
    shape: &Shape,
) -> UserData {
    let units = |all: &[u8]| [before, all.get(range.clone()).unwrap_or_default()].concat();
    let payload = match payload {
        Payload::Septets(all) => Payload::Septets(units(all)),
        Payload::Octets(all) => Payload::Octets(units(all)),
    };
    UserData { data_coding: shape.data_coding, header, payload }
}

/// Septets or octets that fit beside the elements of a header.
fn capacity(payload: &Payload, elements: usize) -> usize {
    let header = if elements == 0 { 0 } else { elements + 1 };
    let octets = USER_DATA_OCTETS.saturating_sub(header);
    match payload {
        Payload::Septets(_) => octets * 8 / 7,
        Payload::Octets(_) => octets,
    }
}

/// Where a piece of at most `room` units ends.
fn cut(payload: &Payload, alphabet: Alphabet, start: usize, room: usize) -> usize {
    let (Payload::Septets(units) | Payload::Octets(units)) = payload;
    let mut end = start;
    while let Some(rest) = units.get(end..).filter(|rest| !rest.is_empty()) {
        let step = unbreakable(rest, alphabet).min(rest.len());
        if end + step > start + room {
            break;
        }
        end += step;
    }
    end
}

/// How many units at the head stand or fall together.
fn unbreakable(units: &[u8], alphabet: Alphabet) -> usize {
    match (alphabet, units) {
        (Alphabet::Gsm7 { .. }, [ESCAPE, ..]) => 2,
        (Alphabet::Ucs2, [0xD8..=0xDB, ..]) => 4,
        (Alphabet::Ucs2, _) => 2,
        (Alphabet::Gsm7 { .. } | Alphabet::Data8, _) => 1,
    }
}

fn octet(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
