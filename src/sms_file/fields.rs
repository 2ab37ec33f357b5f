//! The headers of one file by name: where one is repeated, the last counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::macros::Macros;
use super::{Document, Header, Rejection, Translation, value};

/// What the headers of a file say.
#[derive(Default)]
pub(super) struct Fields {
    /// The last value of each header and its place in the file.
    values: BTreeMap<Header, (usize, Vec<u8>)>,
    macros: Macros,
    translation: Arc<Translation>,
}

impl Fields {
    /// Collects the headers. A file is refused whose text would lack what it includes.
    pub(super) fn read(document: &Document) -> Result<Fields, Rejection> {
        document.is_whole()?;
        let mut fields = Fields { translation: document.translation().clone(), ..Fields::default() };
        for (place, (header, value)) in document.headers().enumerate() {
            if header == Header::Macro {
                fields.macros.add(&value)?;
            }
            fields.values.insert(header, (place, value));
        }
        Ok(fields)
    }

    /// The macros for the body.
    pub(super) fn macros(&self) -> &Macros {
        &self.macros
    }

    /// The value of a header, if the file has it.
    pub(super) fn get(&self, header: Header) -> Option<&[u8]> {
        self.values.get(&header).map(|(_, value)| value.as_slice())
    }

    /// The value of whichever of two headers for the same thing comes later.
    pub(super) fn later(&self, one: Header, other: Header) -> Option<(Header, &[u8])> {
        let place = |header: Header| self.values.get(&header).map(|(place, _)| *place);
        let later = if place(other) > place(one) { other } else { one };
        self.get(later).map(|value| (later, value))
    }

    /// Whether the header says yes; `otherwise` when it is not there.
    pub(super) fn yes_or(&self, header: Header, otherwise: bool) -> bool {
        self.get(header).map_or(otherwise, |value| self.is_yes(value))
    }

    /// Whether a value means yes.
    pub(super) fn is_yes(&self, value: &[u8]) -> bool {
        self.translation.is_yes(value)
    }

    /// The number a header consists of; none when it is missing or something else.
    pub(super) fn number<N: std::str::FromStr>(&self, header: Header) -> Option<N> {
        self.get(header).and_then(value::number)
    }
}
