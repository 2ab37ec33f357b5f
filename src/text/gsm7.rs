//! Text as GSM 7-bit codes, one septet an octet, escapes included (TS 23.038 section 6.2.1).

use super::table::{Code, ESCAPE, Tables};
use super::{EncodeError, REPLACEMENT};

/// The septets of `text`, or its first character that the tables lack.
pub(super) fn encode(text: &str, tables: Tables) -> Result<Vec<u8>, EncodeError> {
    let mut septets = Vec::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match tables.code(character) {
            Some(Code::Plain(code)) => septets.push(code),
            Some(Code::Escaped(code)) => septets.extend([ESCAPE, code]),
            None => return Err(EncodeError::Character { character, position: index + 1 }),
        }
    }
    Ok(septets)
}

/// The text of `septets`. A code without a character, a doubled escape and a last escape read as U+FFFD.
pub(super) fn decode(septets: &[u8], tables: Tables) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut septets = septets.iter();
    while let Some(code) = septets.next() {
        let character = match *code {
            ESCAPE => septets.next().and_then(|code| tables.escaped(*code)),
            code => tables.plain(code),
        };
        text.push(character.unwrap_or(REPLACEMENT));
    }
    text
}

/// How many septets at the head of `septets` stand or fall together.
pub(super) fn unbreakable(septets: &[u8]) -> usize {
    if septets.first() == Some(&ESCAPE) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_character_takes_an_escape_and_a_septet() {
        let septets = encode("a€[", default()).expect("all in the default tables");

        assert_eq!(septets, [0x61, 0x1B, 0x65, 0x1B, 0x3C]);
        assert_eq!(decode(&septets, default()), "a€[");
    }

    #[test]
    fn the_first_character_outside_the_tables_is_named_with_its_place() {
        let fault = EncodeError::Character { character: 'ł', position: 3 };

        assert_eq!(encode("zzłoty", default()), Err(fault));
    }

    #[test]
    fn a_reserved_code_reads_as_the_replacement_character() {
        assert_eq!(decode(&[0x1B, 0x1B], default()), "\u{FFFD}");
        assert_eq!(decode(&[0x41, 0x1B], default()), "A\u{FFFD}");
        assert_eq!(decode(&[0x80, 0xFF], default()), "\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn an_open_code_after_an_escape_reads_as_in_the_main_table() {
        assert_eq!(decode(&[0x1B, 0x41], default()), "A");
    }

    fn default() -> Tables {
        Tables::of(None, None)
    }
}
