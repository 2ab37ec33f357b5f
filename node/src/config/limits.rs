//! `[limits]`: what is refused before it costs anything.

use super::section::Section;

/// Limits of what this node accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most parts of one message. Default 10, 1 to 255 (the concatenation header has one octet for it). Each part is
    /// paid for; larger lets one slip of the pen cost hundreds of them.
    pub max_parts: u8,
}

/// Reads `[limits]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Limits {
    Limits { max_parts: section.within("max_parts", 10, 1..=u8::MAX) }
}
