//! `Language:` and `Language_ext:` by number or by the beginning of a name.

use crate::model::Language;

use super::Rejection;

/// The names smsd knows, with the number of their table; the first that starts with the value counts.
const NAMES: [(&str, u8); 15] = [
    ("basic", 0),
    ("turkish", 1),
    ("spanish", 2),
    ("portuguese", 3),
    ("bengali", 4),
    ("assemese", 4),
    ("gujarati", 5),
    ("hindi", 6),
    ("kannada", 7),
    ("malayalam", 8),
    ("oriya", 9),
    ("punjabi", 10),
    ("tamil", 11),
    ("telugu", 12),
    ("urdu", 13),
];

/// The language a value names; none is the basic table.
pub fn of_value(value: &[u8]) -> Result<Option<Language>, Rejection> {
    let text = std::str::from_utf8(value).map_err(|_| Rejection::InvalidLanguage)?.to_ascii_lowercase();
    let number = match super::value::number::<u8>(value) {
        Some(number) => number,
        None => named(&text).ok_or(Rejection::InvalidLanguage)?,
    };
    match number {
        0 => Ok(None),
        identifier => Language::from_identifier(identifier).map(Some).ok_or(Rejection::InvalidLanguage),
    }
}

fn named(text: &str) -> Option<u8> {
    if text.is_empty() {
        return None;
    }
    NAMES.iter().find(|(name, _)| name.starts_with(text)).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_named_by_number_or_first_letters() {
        assert_eq!(of_value(b"1"), Ok(Some(Language::Turkish)));
        assert_eq!(of_value(b"T"), Ok(Some(Language::Turkish)));
        assert_eq!(of_value(b"tam"), Ok(Some(Language::Tamil)));
        assert_eq!(of_value(b"Assemese"), Ok(Some(Language::Bengali)));
        assert_eq!(of_value(b"0"), Ok(None));
        for unknown in [b"14".as_slice(), b"klingon", b"", b"\xFF", b"-1"] {
            assert_eq!(of_value(unknown), Err(Rejection::InvalidLanguage));
        }
    }
}
