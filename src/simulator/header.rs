//! The user data header (TS 23.040 section 9.2.3.24), as far as a service centre checks it.

use super::octets::Reader;
use super::submit::SubmitError;

/// Where a part stands in a longer message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Concatenation {
    /// Reference of the whole message, of 8 or 16 bits.
    pub(super) reference: u16,
    /// How many parts there are.
    pub(super) parts: u8,
    /// The number of this part, from 1.
    pub(super) part: u8,
}

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Octets of the header with its length octet; 0 when there is none.
    pub(super) octets: usize,
    /// Concatenation, when an element says so.
    pub(super) concatenation: Option<Concatenation>,
    /// Whether a national language table replaces the default alphabet.
    pub(super) shifted: bool,
}

impl Header {
    /// Reads the header at the front of `user_data`.
    pub(super) fn decode(user_data: &[u8]) -> Result<Header, SubmitError> {
        const TRUNCATED: SubmitError = SubmitError::Truncated { field: "the user data header" };
        let mut reader = Reader::new(user_data);
        let length = usize::from(reader.octet().ok_or(TRUNCATED)?);
        let mut elements = Reader::new(reader.take(length).ok_or(TRUNCATED)?);
        let mut header = Header { octets: length + 1, ..Header::default() };
        while let Some(identifier) = elements.octet() {
            let length = usize::from(elements.octet().ok_or(TRUNCATED)?);
            header.element(identifier, elements.take(length).ok_or(TRUNCATED)?)?;
        }
        Ok(header)
    }

    fn element(&mut self, identifier: u8, data: &[u8]) -> Result<(), SubmitError> {
        let fault = SubmitError::Value { field: "an element of the user data header" };
        let concatenation = match (identifier, data) {
            (0x00, [reference, parts, part]) => (u16::from(*reference), *parts, *part),
            (0x08, [high, low, parts, part]) => (u16::from_be_bytes([*high, *low]), *parts, *part),
            (0x04, [_, _]) | (0x05, [_, _, _, _]) => return Ok(()),
            (0x24 | 0x25, [_]) => {
                self.shifted = true;
                return Ok(());
            }
            (0x00 | 0x04 | 0x05 | 0x08 | 0x24 | 0x25, _) => return Err(fault),
            _ => return Ok(()),
        };
        let (reference, parts, part) = concatenation;
        if part == 0 || part > parts {
            return Err(fault);
        }
        self.concatenation = Some(Concatenation { reference, parts, part });
        Ok(())
    }
}
