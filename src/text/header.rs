//! The user data header and its information elements (TS 23.040 section 9.2.3.24).

use crate::model::{Language, UserData};

/// Identifier of the concatenation element with an 8-bit reference.
const CONCATENATION_8: u8 = 0x00;
/// Identifier of the port element with 8-bit ports.
const PORTS_8: u8 = 0x04;
/// Identifier of the port element with 16-bit ports.
const PORTS_16: u8 = 0x05;
/// Identifier of the concatenation element with a 16-bit reference.
const CONCATENATION_16: u8 = 0x08;
/// Identifier of the national language single shift element.
const SINGLE_SHIFT: u8 = 0x24;
/// Identifier of the national language locking shift element.
const LOCKING_SHIFT: u8 = 0x25;

/// The information elements of a user data header, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The elements.
    pub elements: Vec<Element>,
}

/// One information element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// One part of several.
    Concatenation(Concatenation),
    /// Application ports of 8 bits.
    Ports8 {
        /// Port of the receiver.
        destination: u8,
        /// Port of the sender.
        source: u8,
    },
    /// Application ports of 16 bits.
    Ports16 {
        /// Port of the receiver.
        destination: u16,
        /// Port of the sender.
        source: u16,
    },
    /// The single shift table of the text.
    SingleShift(Language),
    /// The locking shift table of the text.
    LockingShift(Language),
    /// Any other element, or one of the above with a length or a value the standard does not give it.
    Other {
        /// Its identifier.
        identifier: u8,
        /// Its data.
        data: Vec<u8>,
    },
}

/// Which part of which message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concatenation {
    /// Equal in all parts of one message.
    pub reference: Reference,
    /// How many parts there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

/// The number that ties the parts of a message together, in the width it is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// 8 bits: 153 septets, 67 UTF-16 units or 134 octets a part.
    Bits8(u8),
    /// 16 bits: 152 septets, 66 UTF-16 units or 133 octets a part.
    Bits16(u16),
}

/// Why octets are no user data header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("element {identifier:#04x} at octet {at} of the header needs {promised} octets, {left} are left")]
pub struct HeaderError {
    /// The octet of the element's identifier, from 0, the header's length octet not counted.
    pub at: usize,
    /// The identifier.
    pub identifier: u8,
    /// Octets the element needs after its identifier, its length octet among them.
    pub promised: usize,
    /// Octets left for it.
    pub left: usize,
}

impl Header {
    /// Reads the elements of a header, its length octet not among `octets`.
    pub fn decode(octets: &[u8]) -> Result<Header, HeaderError> {
        let mut elements = Vec::new();
        for element in raw_elements(octets) {
            let (_, identifier, data) = element?;
            elements.push(Element::from_data(identifier, data));
        }
        Ok(Header { elements })
    }

    /// The octets of the header without its length octet. Data of [`Element::Other`] past 255 octets is left out.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for element in &self.elements {
            element.write(&mut octets);
        }
        octets
    }

    /// Which part this is; none when no element says so, or when what it says is impossible, as the standard
    /// wants such an element ignored. The last one counts.
    pub fn concatenation(&self) -> Option<Concatenation> {
        let mut concatenations = self.elements.iter().filter_map(|element| match element {
            Element::Concatenation(concatenation) => Some(*concatenation),
            Element::Ports8 { .. }
            | Element::Ports16 { .. }
            | Element::SingleShift(_)
            | Element::LockingShift(_)
            | Element::Other { .. } => None,
        });
        concatenations.rfind(|part| part.number >= 1 && part.number <= part.total)
    }

    /// The languages of the locking and the single shift table, in this order. The last element of a kind counts.
    pub fn shift_tables(&self) -> (Option<Language>, Option<Language>) {
        let (mut locking, mut single) = (None, None);
        for element in &self.elements {
            match element {
                Element::LockingShift(language) => locking = Some(*language),
                Element::SingleShift(language) => single = Some(*language),
                Element::Concatenation(_)
                | Element::Ports8 { .. }
                | Element::Ports16 { .. }
                | Element::Other { .. } => {}
            }
        }
        (locking, single)
    }
}

impl Element {
    fn from_data(identifier: u8, data: &[u8]) -> Element {
        let other = || Element::Other { identifier, data: data.to_vec() };
        match (identifier, data) {
            (CONCATENATION_8, &[reference, total, number]) => Element::Concatenation(Concatenation {
                reference: Reference::Bits8(reference),
                total,
                number,
            }),
            (CONCATENATION_16, &[high, low, total, number]) => {
                let reference = Reference::Bits16(u16::from_be_bytes([high, low]));
                Element::Concatenation(Concatenation { reference, total, number })
            }
            (PORTS_8, &[destination, source]) => Element::Ports8 { destination, source },
            (PORTS_16, &[a, b, c, d]) => Element::Ports16 {
                destination: u16::from_be_bytes([a, b]),
                source: u16::from_be_bytes([c, d]),
            },
            (SINGLE_SHIFT, &[language]) => {
                Language::from_identifier(language).map_or_else(other, Element::SingleShift)
            }
            (LOCKING_SHIFT, &[language]) => {
                Language::from_identifier(language).map_or_else(other, Element::LockingShift)
            }
            _ => other(),
        }
    }

    fn write(&self, octets: &mut Vec<u8>) {
        match self {
            Element::Concatenation(Concatenation {
                reference: Reference::Bits8(reference),
                total,
                number,
            }) => {
                octets.extend([CONCATENATION_8, 3, *reference, *total, *number]);
            }
            Element::Concatenation(Concatenation {
                reference: Reference::Bits16(reference),
                total,
                number,
            }) => {
                let [high, low] = reference.to_be_bytes();
                octets.extend([CONCATENATION_16, 4, high, low, *total, *number]);
            }
            Element::Ports8 { destination, source } => octets.extend([PORTS_8, 2, *destination, *source]),
            Element::Ports16 { destination, source } => {
                let ([a, b], [c, d]) = (destination.to_be_bytes(), source.to_be_bytes());
                octets.extend([PORTS_16, 4, a, b, c, d]);
            }
            Element::SingleShift(language) => octets.extend([SINGLE_SHIFT, 1, language.identifier()]),
            Element::LockingShift(language) => octets.extend([LOCKING_SHIFT, 1, language.identifier()]),
            Element::Other { identifier, data } => {
                if let Ok(length) = u8::try_from(data.len()) {
                    octets.extend([*identifier, length]);
                    octets.extend(data);
                }
            }
        }
    }
}

/// Writes `reference` over the one that the header of a built part carries, in the width it has there: a message that
/// is sent again as a whole must not mix with the parts of its first try. Answers whether there was one.
pub fn rewrite_reference(user_data: &mut UserData, reference: u16) -> Result<bool, HeaderError> {
    let mut places = Vec::new();
    for element in raw_elements(&user_data.header) {
        let (at, identifier, data) = element?;
        let width = match (identifier, data.len()) {
            (CONCATENATION_8, 3) => 1,
            (CONCATENATION_16, 4) => 2,
            _ => continue,
        };
        places.push((at + 2, width));
    }
    let new = reference.to_be_bytes();
    for (at, width) in &places {
        if let (Some(old), Some(new)) = (user_data.header.get_mut(*at..*at + *width), new.get(2 - *width..)) {
            old.copy_from_slice(new);
        }
    }
    Ok(!places.is_empty())
}

/// Each element as where it starts, its identifier and its data; an error ends the walk.
fn raw_elements(octets: &[u8]) -> impl Iterator<Item = Result<(usize, u8, &[u8]), HeaderError>> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let at = octets.len() - rest.len();
        let (identifier, after) = rest.split_first()?;
        let promised = after.first().map_or(1, |length| 1 + usize::from(*length));
        let Some((data, next)) = after.split_at_checked(promised) else {
            rest = &[];
            return Some(Err(HeaderError { at, identifier: *identifier, promised, left: after.len() }));
        };
        rest = next;
        Some(Ok((at, *identifier, data.get(1..).unwrap_or(&[]))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Payload;

    #[test]
    fn every_element_reads_back_as_it_was_written() {
        let header = Header {
            elements: vec![
                Element::Concatenation(Concatenation { reference: Reference::Bits8(7), total: 3, number: 2 }),
                Element::Concatenation(Concatenation {
                    reference: Reference::Bits16(0x1234),
                    total: 9,
                    number: 9,
                }),
                Element::Ports8 { destination: 240, source: 241 },
                Element::Ports16 { destination: 2948, source: 9200 },
                Element::SingleShift(Language::Turkish),
                Element::LockingShift(Language::Urdu),
                Element::Other { identifier: 0x70, data: vec![1, 2, 3] },
                Element::Other { identifier: 0x0A, data: vec![] },
            ],
        };

        assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn an_element_past_the_end_is_refused_with_its_octet() {
        let cut = Header::decode(&[0x24, 0x01, 0x01, 0x00, 0x03, 0x07]);
        let bare = Header::decode(&[0x24]);

        assert_eq!(cut, Err(HeaderError { at: 3, identifier: 0x00, promised: 4, left: 2 }));
        assert_eq!(bare, Err(HeaderError { at: 0, identifier: 0x24, promised: 1, left: 0 }));
    }

    #[test]
    fn an_impossible_part_number_is_no_concatenation() {
        for octets in
            [[0x00, 0x03, 0x07, 0x02, 0x00], [0x00, 0x03, 0x07, 0x02, 0x03], [0x00, 0x03, 0x07, 0x00, 0x01]]
        {
            let header = Header::decode(&octets).expect("a whole element");

            assert_eq!(header.concatenation(), None);
            assert_eq!(header.encode(), octets);
        }
    }

    #[test]
    fn an_unknown_language_is_kept_and_read_with_the_default_table() {
        let header = Header::decode(&[0x25, 0x01, 0x0E]).expect("a whole element");

        assert_eq!(header.shift_tables(), (None, None));
        assert_eq!(header.encode(), [0x25, 0x01, 0x0E]);
    }

    #[test]
    fn a_new_reference_takes_the_place_of_the_old_one_in_its_width() {
        let user_data = |header: &[u8]| UserData {
            data_coding: 0,
            header: header.to_vec(),
            payload: Payload::Septets(vec![]),
        };
        let mut short = user_data(&[0x24, 0x01, 0x01, 0x00, 0x03, 0x07, 0x02, 0x01]);
        let mut long = user_data(&[0x08, 0x04, 0x00, 0x07, 0x02, 0x01]);
        let mut single = user_data(&[0x24, 0x01, 0x01]);

        assert_eq!(rewrite_reference(&mut short, 0xABCD), Ok(true));
        assert_eq!(rewrite_reference(&mut long, 0xABCD), Ok(true));
        assert_eq!(rewrite_reference(&mut single, 0xABCD), Ok(false));

        assert_eq!(short.header, [0x24, 0x01, 0x01, 0x00, 0x03, 0xCD, 0x02, 0x01]);
        assert_eq!(long.header, [0x08, 0x04, 0xAB, 0xCD, 0x02, 0x01]);
        assert_eq!(single.header, [0x24, 0x01, 0x01]);
    }
}
