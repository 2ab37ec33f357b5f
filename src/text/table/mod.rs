//! The tables of TS 23.038: which character a septet stands for, and which septet a character.

mod bengali;
mod default;
mod gujarati;
mod hindi;
mod kannada;
mod malayalam;
mod oriya;
mod portuguese;
mod punjabi;
mod spanish;
mod tamil;
mod telugu;
mod turkish;
mod urdu;

use crate::model::Language;

/// The code that says the next one is of the single shift table.
pub(super) const ESCAPE: u8 = 0x1B;

/// The UTF-16 unit of each of the 128 codes; 0 marks a code without a character.
pub(super) struct Table([u16; 128]);

/// The two tables a GSM 7-bit text is read with.
#[derive(Clone, Copy)]
pub(super) struct Tables {
    locking: &'static Table,
    single: &'static Table,
}

/// How a character is written with two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// One septet of the locking shift table.
    Plain(u8),
    /// An escape and a septet of the single shift table.
    Escaped(u8),
}

impl Tables {
    /// The tables of these languages. A language without a locking shift table has the default one in its place.
    pub(super) fn of(locking: Option<Language>, single: Option<Language>) -> Tables {
        Tables {
            locking: locking.and_then(locking_table).unwrap_or(&default::LOCKING),
            single: single.map_or(&default::SINGLE, single_table),
        }
    }

    /// How `character` is written, if at all.
    pub(super) fn code(&self, character: char) -> Option<Code> {
        let plain = self.locking.code(character).map(Code::Plain);
        plain.or_else(|| self.single.code(character).map(Code::Escaped))
    }

    /// The character of `code` in the locking shift table; none for the escape and for codes without one.
    pub(super) fn plain(&self, code: u8) -> Option<char> {
        self.locking.character(code)
    }

    /// The character of `code` after an escape. A code the single shift table leaves open is read with the
    /// locking shift table (section 6.2.1.1); a second escape is reserved.
    pub(super) fn escaped(&self, code: u8) -> Option<char> {
        self.single.character(code).or_else(|| self.locking.character(code))
    }
}

impl Table {
    /// The table of these UTF-16 units in order of their codes.
    const fn new(units: [u16; 128]) -> Table {
        Table(units)
    }

    fn character(&self, code: u8) -> Option<char> {
        let unit = self.0.get(usize::from(code)).copied().filter(|unit| *unit != 0)?;
        char::from_u32(u32::from(unit))
    }

    /// The lowest code of `character`, save that a letter at the place it has in ASCII is found there at once.
    fn code(&self, character: char) -> Option<u8> {
        let unit = u16::try_from(u32::from(character)).ok().filter(|unit| *unit != 0)?;
        if self.0.get(usize::from(unit)) == Some(&unit) {
            return u8::try_from(unit).ok();
        }
        let code = self.0.iter().position(|found| *found == unit)?;
        u8::try_from(code).ok()
    }
}

/// Whether the standard has a locking shift table for this language.
pub(super) fn has_locking(language: Language) -> bool {
    locking_table(language).is_some()
}

fn locking_table(language: Language) -> Option<&'static Table> {
    match language {
        Language::Turkish => Some(&turkish::LOCKING),
        Language::Spanish => None,
        Language::Portuguese => Some(&portuguese::LOCKING),
        Language::Bengali => Some(&bengali::LOCKING),
        Language::Gujarati => Some(&gujarati::LOCKING),
        Language::Hindi => Some(&hindi::LOCKING),
        Language::Kannada => Some(&kannada::LOCKING),
        Language::Malayalam => Some(&malayalam::LOCKING),
        Language::Oriya => Some(&oriya::LOCKING),
        Language::Punjabi => Some(&punjabi::LOCKING),
        Language::Tamil => Some(&tamil::LOCKING),
        Language::Telugu => Some(&telugu::LOCKING),
        Language::Urdu => Some(&urdu::LOCKING),
    }
}

fn single_table(language: Language) -> &'static Table {
    match language {
        Language::Turkish => &turkish::SINGLE,
        Language::Spanish => &spanish::SINGLE,
        Language::Portuguese => &portuguese::SINGLE,
        Language::Bengali => &bengali::SINGLE,
        Language::Gujarati => &gujarati::SINGLE,
        Language::Hindi => &hindi::SINGLE,
        Language::Kannada => &kannada::SINGLE,
        Language::Malayalam => &malayalam::SINGLE,
        Language::Oriya => &oriya::SINGLE,
        Language::Punjabi => &punjabi::SINGLE,
        Language::Tamil => &tamil::SINGLE,
        Language::Telugu => &telugu::SINGLE,
        Language::Urdu => &urdu::SINGLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_every_table_is_written_with_a_code_that_reads_back() {
        for language in Language::ALL {
            let tables = Tables::of(Some(language), Some(language));
            for code in 0..128 {
                for character in [tables.plain(code), tables.escaped(code)].into_iter().flatten() {
                    let read = match tables.code(character) {
                        Some(Code::Plain(code)) => tables.plain(code),
                        Some(Code::Escaped(code)) => tables.escaped(code),
                        None => None,
                    };

                    assert_eq!(read, Some(character), "{language:?} {code:#04x}");
                }
            }
        }
    }

    #[test]
    fn the_escape_and_the_null_have_no_code() {
        let tables = Tables::of(None, None);

        assert_eq!(tables.code('\u{1B}'), None);
        assert_eq!(tables.code('\0'), None);
        assert_eq!(tables.plain(ESCAPE), None);
        assert_eq!(tables.escaped(ESCAPE), None);
    }

    #[test]
    fn spanish_has_the_default_locking_table() {
        assert!(!has_locking(Language::Spanish));
        assert_eq!(Tables::of(Some(Language::Spanish), None).code('è'), Some(Code::Plain(4)));
    }
}
