//! The beginning of a message as a name of a file may show it (`filename_preview`).

use crate::model::Alphabet;
use crate::sms_file::Request;
use crate::text;

use super::convert::Converted;

/// Longest preview that can be asked for.
const CHARACTERS_MAX: usize = 255;
/// Characters of the GSM alphabet and the plain letter smsd writes for them.
const PLAIN: [(&str, char); 16] = [
    ("£", 'L'),
    ("$§", 'S'),
    ("¥", 'Y'),
    ("èé€¤", 'e'),
    ("ùü", 'u'),
    ("ì", 'i'),
    ("òöø", 'o'),
    ("ÇÇ", 'C'),
    ("ØÖ", 'O'),
    ("ÅÆÄ", 'A'),
    ("åæäà", 'a'),
    ("É", 'E'),
    ("Ñ", 'N'),
    ("Ü", 'U'),
    ("ñ", 'n'),
    ("ç", 'c'),
];

/// The beginning of the text, a word for what is no text; nothing of system messages and national languages.
pub(super) fn preview(request: &Request, converted: &Converted) -> Option<String> {
    if request.coding.system.is_some() {
        return None;
    }
    match converted.alphabet {
        Alphabet::Ucs2 => Some("ucs2".to_owned()),
        Alphabet::Data8 => Some("binary".to_owned()),
        Alphabet::Gsm7 { locking: None, single: None } => {
            let text = text::decode(&converted.payload, converted.alphabet);
            Some(text.chars().take(CHARACTERS_MAX).map(plain).collect())
        }
        Alphabet::Gsm7 { .. } => None,
    }
}

fn plain(character: char) -> char {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => character,
        other => PLAIN.iter().find(|(all, _)| all.contains(other)).map_or('_', |(_, letter)| *letter),
    }
}

#[cfg(test)]
mod tests {
    use super::super::prepare;
    use crate::sms_file::{Document, Settings};

    /// What Debian's smsd makes of these.
    #[test]
    fn a_preview_is_the_one_of_smsd() {
        for (file, expected) in [
            ("\nHällo Wörld, this is -.a test!\n".as_bytes(), Some("Hallo_World__this_is_-.a_test_")),
            (b"\na\r\nb\tc", Some("a__b_c")),
            (b"\n   lead and trail   ", Some("___lead_and_trail")),
            (
                b"Alphabet: GSM\n\nx\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x1a",
                Some("x_LSYeeuioC_Oo_Aa__"),
            ),
            (b"Alphabet: GSM\n\n\x1c\x1d\x1e\x1f\x20\x24", Some("Aa_E_e")),
            (b"Alphabet: GSM\n\n@[\\]^_`az{|}~\x7f", Some("_AONUS_azaonua")),
            (b"Alphabet: GSM\n\nx\x1b\x65y\x1b\x14z", Some("xey_z")),
            (
                b"\n\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xae\xb0\xb1\xb2\xb7\xbc",
                Some("_cLeYSSsCa_-Ro_2.O"),
            ),
            (b"Alphabet: UCS\n\n\0a", Some("ucs2")),
            ("Alphabet: UTF-8\n\n日本".as_bytes(), Some("ucs2")),
            (b"Alphabet: binary\nUDH: no\n\nabc", Some("binary")),
            (b"System_message: yes\n\nsys", None),
            ("Alphabet: UTF-8\nLanguage_ext: turkish\n\naşçı".as_bytes(), None),
        ] {
            let file = [b"To: 4917\n", file].concat();
            let document = Document::read(&file).expect("small");
            let made = prepare(&document, &Settings::default(), 1).expect("a message");

            assert_eq!(made.preview.as_deref(), expected, "{}", file.escape_ascii());
        }
    }

    #[test]
    fn a_long_text_is_shown_without_the_numbers_of_its_parts() {
        let file = format!("To: 4917\nAutosplit: 2\n\n{}", "w000.".repeat(80));
        let document = Document::read(file.as_bytes()).expect("small");
        let made = prepare(&document, &Settings::default(), 1).expect("a message");

        assert_eq!(made.preview.map(|preview| preview.len()), Some(255));
        assert_eq!(made.content.parts.len(), 3);
    }
}
