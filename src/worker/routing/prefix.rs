//! The beginning of a number, as a route names it.

/// Longest prefix, in characters: as long as a number can be, and the `s` before it.
pub const PREFIX_CHARACTERS_MAX: usize = 21;

/// The beginning of a number: digits, `*` and `#`, behind an `s` for short numbers, or the `s` alone for all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix(String);

/// Why a text is no prefix of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// It is longer than any number.
    #[error("it has more than {PREFIX_CHARACTERS_MAX} characters")]
    TooLong,
    /// Numbers are compared without the sign.
    #[error("numbers are compared without the +")]
    Plus,
    /// Something that no number has.
    #[error("it holds {0:?}, which no number does")]
    Character(char),
}

impl Prefix {
    /// The prefix that `text` is.
    pub fn new(text: &str) -> Result<Prefix, PrefixError> {
        if text.is_empty() {
            return Err(PrefixError::Empty);
        }
        if text.starts_with('+') {
            return Err(PrefixError::Plus);
        }
        let digits = text.strip_prefix('s').unwrap_or(text);
        if let Some(other) = digits.chars().find(|c| !matches!(c, '0'..='9' | '*' | '#')) {
            return Err(PrefixError::Character(other));
        }
        if text.len() > PREFIX_CHARACTERS_MAX {
            return Err(PrefixError::TooLong);
        }
        Ok(Prefix(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number begins with it.
    pub fn is_of(&self, number: &str) -> bool {
        number.starts_with(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_what_a_number_can_begin_with() {
        for text in ["49", "0", "s", "s77", "*", "#31#", "012345678901234567890"] {
            assert_eq!(Prefix::new(text).map(|prefix| prefix.as_str().to_owned()), Ok(text.to_owned()));
        }
        for (text, error) in [
            ("", PrefixError::Empty),
            ("+49", PrefixError::Plus),
            ("49 1", PrefixError::Character(' ')),
            ("4s", PrefixError::Character('s')),
            ("0123456789012345678901", PrefixError::TooLong),
        ] {
            assert_eq!(Prefix::new(text), Err(error), "{text}");
        }
    }
}
