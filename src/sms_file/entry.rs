//! A header with its value, as it is written.

use super::{Header, value};

/// One header line of a file we write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(super) header: Header,
    pub(super) value: Vec<u8>,
}

impl Entry {
    /// The header with this value, encoded so that it stays one line.
    pub fn new(header: Header, value: &str) -> Entry {
        Entry { header, value: value::encode(value).into_bytes() }
    }

    /// The header with a value that is in the character set of its file, encoded so that it stays one line.
    pub fn octets(header: Header, value: &[u8]) -> Entry {
        Entry { header, value: value::encode_octets(value) }
    }
}
