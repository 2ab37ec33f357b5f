//! Characters of GSM 7-bit in the place of similar ones it lacks.

use unicode_normalization::char::{compose, decompose_compatible};

use super::EncodeError;
use super::table::Tables;
use crate::model::Alphabet;

/// One character that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The character of the text.
    pub character: char,
    /// Its position in characters, from 1.
    pub position: usize,
    /// What stands in its place; may be empty.
    pub replacement: String,
}

/// `text` with every character that `alphabet` lacks replaced, or the first one that nothing resembles.
///
/// A combining mark that makes one character of the alphabet with the letter before it is no replacement.
pub(super) fn replace(text: &str, alphabet: Alphabet) -> Result<(String, Vec<Replaced>), EncodeError> {
    let tables = match alphabet {
        Alphabet::Gsm7 { locking, single } => Tables::of(locking, single),
        Alphabet::Data8 | Alphabet::Ucs2 => return Ok((text.to_owned(), Vec::new())),
    };
    let mut plain = String::with_capacity(text.len());
    let mut replaced = Vec::new();
    for (index, character) in text.chars().enumerate() {
        let position = index + 1;
        if tables.code(character).is_some() {
            plain.push(character);
        } else if let Some(whole) = composed(&plain, character).filter(|whole| tables.code(*whole).is_some())
        {
            plain.pop();
            plain.push(whole);
        } else {
            let replacement =
                similar(character, tables).ok_or(EncodeError::Character { character, position })?;
            plain.push_str(&replacement);
            replaced.push(Replaced { character, position, replacement });
        }
    }
    Ok((plain, replaced))
}

fn composed(before: &str, mark: char) -> Option<char> {
    before.chars().next_back().and_then(|letter| compose(letter, mark))
}

/// What resembles `character`: what the list says, else its compatibility decomposition without its marks.
fn similar(character: char, tables: Tables) -> Option<String> {
    let listed = listed(character).filter(|text| text.chars().all(|c| tables.code(c).is_some()));
    if let Some(text) = listed {
        return Some(text.to_owned());
    }
    let mut components = Vec::new();
    decompose_compatible(character, |component| components.push(component));
    if components == [character] {
        return None;
    }
    let mut text = String::new();
    for component in components {
        match component {
            component if tables.code(component).is_some() => text.push(component),
            component => text.push_str(self::listed(component)?),
        }
    }
    Some(text)
}

/// Punctuation by its looks, letters by their base or usual spelling, capitals of Greek by their Latin twins,
/// invisible characters by nothing.
fn listed(character: char) -> Option<&'static str> {
    punctuation(character).or_else(|| letter(character)).or_else(|| is_invisible(character).then_some(""))
}

fn punctuation(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{2018}'..='\u{201B}'
        | '\u{2032}'
        | '\u{2039}'
        | '\u{203A}'
        | '\u{02B9}'
        | '\u{02BC}'
        | '´'
        | '`' => "'",
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '¯' | '¬' => "-",
        '\u{2022}' | '\u{2023}' | '\u{2219}' | '\u{25CF}' => "*",
        '\u{2026}' => "...",
        '\u{2044}' | '\u{2215}' | '÷' => "/",
        '·' => ".",
        '×' => "x",
        '±' => "+-",
        '°' => "o",
        '¦' => "|",
        '©' => "(c)",
        '®' => "(r)",
        '\u{2190}' => "<-",
        '\u{2192}' => "->",
        '\u{21D2}' => "=>",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' => "!=",
        '\u{2248}' => "~",
        '¢' => "c",
        '\u{20A4}' => "£",
        '\u{20B9}' => "Rs",
        '\u{20BA}' => "TL",
        '\t' => " ",
        '\u{2028}' | '\u{2029}' | '\u{0085}' => "\n",
        _ => return None,
    })
}

fn letter(character: char) -> Option<&'static str> {
    Some(match character {
        'Ł' => "L",
        'ł' => "l",
        'Đ' | 'Ð' => "D",
        'đ' | 'ð' => "d",
        'Þ' => "Th",
        'þ' => "th",
        'Œ' => "OE",
        'œ' => "oe",
        'Ħ' => "H",
        'ħ' => "h",
        'Ŧ' => "T",
        'ŧ' => "t",
        'Ŋ' => "N",
        'ŋ' => "n",
        'Ə' => "E",
        'ə' => "e",
        'ı' => "i",
        'ĸ' => "k",
        'ẞ' => "SS",
        'Ø' => "O",
        'ø' => "o",
        'Æ' => "AE",
        'æ' => "ae",
        'ß' => "ss",
        'μ' => "u",
        'Α' => "A",
        'Β' => "B",
        'Ε' => "E",
        'Ζ' => "Z",
        'Η' => "H",
        'Ι' => "I",
        'Κ' => "K",
        'Μ' => "M",
        'Ν' => "N",
        'Ο' => "O",
        'Ρ' => "P",
        'Τ' => "T",
        'Υ' => "Y",
        'Χ' => "X",
        _ => return None,
    })
}

/// Combining marks of Latin and Greek, joiners, direction marks, variation selectors, the byte order mark.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{0300}'..='\u{036F}'
            | '\u{00AD}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typography_and_accents_become_plain() {
        let rows = [
            ("“Let’s” – go…", "\"Let's\" - go..."),
            ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
            ("ﬁve ½ m² ™", "five 1/2 m2 TM"),
            ("a\u{00A0}b\u{200B}c\u{FEFF}", "a bc"),
            ("ΆΘΗΝΑ", "AΘHNA"),
            ("Å ö ñ", "Å ö ñ"),
            ("≠ µ", "!= u"),
        ];
        for (text, expected) in rows {
            assert_eq!(plain(text).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_letter_and_its_mark_become_the_letter_of_the_alphabet_without_a_report() {
        let composed = replace("cafe\u{0301}", Alphabet::GSM7).expect("é is in the alphabet");

        assert_eq!(composed, ("café".to_owned(), vec![]));
    }

    #[test]
    fn each_replacement_is_reported_with_its_place() {
        let (_, replaced) = replace("a–č", Alphabet::GSM7).expect("both have a likeness");

        let dash = Replaced { character: '–', position: 2, replacement: "-".to_owned() };
        let letter = Replaced { character: 'č', position: 3, replacement: "c".to_owned() };
        assert_eq!(replaced, [dash, letter]);
    }

    #[test]
    fn what_nothing_resembles_is_refused_with_its_place() {
        let fault = EncodeError::Character { character: '漢', position: 2 };

        assert_eq!(replace("č漢字", Alphabet::GSM7), Err(fault));
        assert_eq!(plain("привет"), None);
        assert_eq!(plain("😀"), None);
    }

    fn plain(text: &str) -> Option<String> {
        replace(text, Alphabet::GSM7).ok().map(|(plain, _)| plain)
    }
}
