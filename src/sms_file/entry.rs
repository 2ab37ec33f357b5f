//! A header with its value, as it is written.

use super::{Header, value};

/// One header line of a file we write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(super) header: Header,
    pub(super) value: String,
}

impl Entry {
    /// The header with this value, encoded so that it stays one line.
    pub fn new(header: Header, value: &str) -> Entry {
        Entry { header, value: value::encode(value) }
    }
}
