//! Values as smsd reads them.

/// `yes`, `no` and what smsd takes for them, by their first letters.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let mut octets = text.bytes();
    match (octets.next(), octets.next()) {
        (Some(b'1' | b'y' | b'Y' | b't' | b'T'), _) => Some(true),
        (Some(b'0' | b'n' | b'N' | b'f' | b'F'), _) => Some(false),
        (Some(b'o' | b'O'), Some(b'n')) => Some(true),
        (Some(b'o' | b'O'), Some(b'f')) => Some(false),
        (Some(_) | None, _) => None,
    }
}

/// A number as `atoi` of C reads it: the digits in front; 0 where there are none.
pub(super) fn whole(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|digits| digits.parse::<i64>().ok()).map_or(0, |number| sign * number)
}

/// A level of syslog: a number from 1, or a text that holds one of smsd's words.
pub(super) fn level(text: &str) -> Option<u8> {
    const WORDS: [(&str, u8); 6] =
        [("DEBUG", 7), ("INFO", 6), ("NOTICE", 5), ("WARNING", 4), ("ERROR", 3), ("CRITICAL", 2)];
    let number = whole(text);
    if number >= 1 {
        return u8::try_from(number.min(7)).ok();
    }
    let text = text.to_ascii_uppercase();
    WORDS.into_iter().find(|(word, _)| text.contains(word)).map(|(_, level)| level)
}

/// The items of a list, blanks around them removed, empty ones left out.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boolean_is_told_by_its_first_letters() {
        for text in ["yes", "Y", "1", "10", "true", "T", "on", "On"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["no", "N", "0", "false", "off", "Of"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        for text in ["", "ON", "OFF", "maybe", "o", "2", "-1"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_its_leading_digits() {
        for (text, number) in
            [("10", 10), ("10s", 10), ("-1", -1), ("+7", 7), ("x", 0), ("", 0), ("99999999999999999999", 0)]
        {
            assert_eq!(whole(text), number, "{text}");
        }
    }

    #[test]
    fn a_level_is_a_number_or_holds_a_word() {
        for (text, expected) in [
            ("7", Some(7)),
            ("99", Some(7)),
            ("LOG_WARNING", Some(4)),
            ("notice", Some(5)),
            ("LOG_ERR", None),
            ("LOG_CRIT", None),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }

    #[test]
    fn a_list_has_no_empty_items() {
        assert_eq!(list(" a,, b ,").collect::<Vec<_>>(), ["a", "b"]);
    }
}
