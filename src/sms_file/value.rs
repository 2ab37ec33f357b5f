//! Values of headers: blanks around them, booleans, numbers, and the one encoder for those we write.

use std::borrow::Cow;

/// Longest line smsd reads as one; it takes the rest for the next header.
pub(super) const LINE_OCTETS_MAX: usize = 755;

/// The value of a header line of which the `name` octets of its name are cut off: up to the first NUL, as C reads it, without blanks around it.
pub(super) fn of_line(line: &[u8], name: usize) -> Vec<u8> {
    of_line_to_its_end(line, name).trim_ascii_end().to_vec()
}

/// [`of_line`] with the blanks at its end, which count where the value is a text to be written somewhere.
pub(super) fn of_line_to_its_end(line: &[u8], name: usize) -> Vec<u8> {
    let rest = line.get(name..).unwrap_or_default();
    let end = rest.iter().position(|octet| matches!(octet, 0 | b'\n')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default().trim_ascii_start().to_vec()
}

/// Whether a value means yes: `1 y Y t T` at its start, or `on`.
pub(super) fn is_yes(value: &[u8]) -> bool {
    matches!(value, [b'1' | b'y' | b'Y' | b't' | b'T', ..] | [b'o' | b'O', b'n' | b'N', ..])
}

/// The decimal number a value consists of, if it is one.
pub(super) fn number<N: std::str::FromStr>(value: &[u8]) -> Option<N> {
    let digits = std::str::from_utf8(value).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// The number C's `atoi` reads at the start of a value: 0 where there is none.
pub(super) fn leading_number(value: &[u8]) -> i64 {
    let (negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let digits = digits.iter().take_while(|octet| octet.is_ascii_digit());
    let number =
        digits.fold(0_i64, |number, digit| number.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if negative { -number } else { number }
}

/// The octets of a hex text; blanks between them are permitted, half octets are not.
pub(super) fn hex_octets(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| {
            let text = std::str::from_utf8(pair).ok()?;
            if text.starts_with('+') { None } else { u8::from_str_radix(text, 16).ok() }
        })
        .collect()
}

/// Writes `value` so that it stays one value: CR, LF and NUL become `\r`, `\n` and `\0`, and a backslash
/// is doubled where it would read as one of these. Nothing longer than one line of smsd is written,
/// because a reader takes the rest for another header.
pub fn encode(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    let mut characters = value.trim_matches([' ', '\t']).chars().peekable();
    while let Some(character) = characters.next() {
        let piece: Cow<'static, str> = match character {
            '\r' => "\\r".into(),
            '\n' => "\\n".into(),
            '\0' => "\\0".into(),
            '\\' if characters.peek().is_some_and(|next| is_escape(*next)) => "\\\\".into(),
            plain => plain.to_string().into(),
        };
        if written.len() + piece.len() > VALUE_OCTETS_MAX {
            break;
        }
        written.push_str(&piece);
    }
    written
}

/// [`encode`] for a value in any character set that has ASCII in it.
pub(super) fn encode_octets(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(text) => encode(text).into_bytes(),
        // As Latin-1 each octet is a character, and each character an octet again.
        Err(_) => {
            let text: String = value.iter().copied().map(char::from).collect();
            encode(&text).chars().filter_map(|octet| u8::try_from(octet).ok()).collect()
        }
    }
}

/// Reads what [`encode`] wrote.
pub fn decode(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    let mut characters = written.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = if character == '\\' { characters.peek().copied() } else { None };
        let plain = match escaped {
            Some('r') => '\r',
            Some('n') => '\n',
            Some('0') => '\0',
            Some('\\') => '\\',
            Some(_) | None => {
                value.push(character);
                continue;
            }
        };
        characters.next();
        value.push(plain);
    }
    value
}

/// Longest value written: a line of smsd less the longest name, a blank and the line's end.
const VALUE_OCTETS_MAX: usize = LINE_OCTETS_MAX - 24;

fn is_escape(next: char) -> bool {
    matches!(next, 'r' | 'n' | '0' | '\\' | '\r' | '\n' | '\0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_yes_is_what_smsd_takes_for_one() {
        for yes in ["yes", "Y", "1", "true", "T", "on", "ON", "10"] {
            assert!(is_yes(yes.as_bytes()), "{yes}");
        }
        for no in ["", "no", "0", "off", "o", "2", "ja", " yes"] {
            assert!(!is_yes(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn a_line_break_in_a_value_does_not_make_a_header() {
        assert_eq!(encode("Bob\nTo: 666\r\0"), "Bob\\nTo: 666\\r\\0");
        assert_eq!(encode("C:\\new \\ C:\\foo"), "C:\\\\new \\ C:\\foo");
        assert!(encode(&"x".repeat(4000)).len() < LINE_OCTETS_MAX);
    }

    #[test]
    fn a_number_is_read_as_c_reads_it() {
        let table =
            [("12", 12), ("-1", -1), ("+3x", 3), ("x", 0), ("", 0), ("99999999999999999999", i64::MAX)];
        for (value, number) in table {
            assert_eq!(leading_number(value.as_bytes()), number, "{value}");
        }
    }

    #[test]
    fn a_value_in_latin_keeps_its_octets_and_stays_one_line() {
        assert_eq!(encode_octets(b"\xEA\nTo: 1"), b"\xEA\\nTo: 1");
        assert_eq!(encode_octets("\u{e9}".as_bytes()), "\u{e9}".as_bytes());
    }

    #[test]
    fn a_sign_is_no_hex_digit() {
        assert_eq!(hex_octets(b"06 05 04"), Some(vec![6, 5, 4]));
        assert_eq!(hex_octets(b"+605"), None);
        assert_eq!(hex_octets(b"060"), None);
        assert_eq!(hex_octets("é0".as_bytes()), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back_and_stays_one_line(value in "[\\\\rn0 \r\n\0a-c\u{e4}]{0,60}") {
            let trimmed = value.trim_matches([' ', '\t']);
            let written = encode(&value);
            prop_assert!(!written.contains(['\r', '\n', '\0']));
            prop_assert_eq!(decode(&written), trimmed);
        }
    }
}
