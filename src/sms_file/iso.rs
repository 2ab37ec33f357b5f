//! ISO-8859-15 as smsd reads it, and the look-alikes of characters the GSM alphabet lacks.

/// Greek capitals of the GSM alphabet under the private codes 81 to 8A hex of smsd.
const GREEK: [char; 10] = ['Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ'];

/// Characters and what stands for them (`cs_convert_optical`).
const LOOK_ALIKES: [(&str, char); 33] = [
    ("`", '\''),
    ("¢", 'c'),
    ("Š", 'S'),
    ("š", 's'),
    ("©", 'C'),
    ("«", '<'),
    ("¬\u{AD}¯", '-'),
    ("®", 'R'),
    ("°ºðóôõ", 'o'),
    ("±", '+'),
    ("²", '2'),
    ("³", '3'),
    ("Ž", 'Z'),
    ("µúû", 'u'),
    ("¶ÌÍÎÏ", 'I'),
    ("·", '.'),
    ("ž", 'z'),
    ("¹", '1'),
    ("»", '>'),
    ("ŒÒÓÔÕ", 'O'),
    ("œ", 'o'),
    ("ªáâã", 'a'),
    ("ÀÁÂÃ", 'A'),
    ("×", 'x'),
    ("ÈÊË", 'E'),
    ("Ð", 'D'),
    ("ÙÚÛ", 'U'),
    ("ÝŸ", 'Y'),
    ("Þþ", 'b'),
    ("êë", 'e'),
    ("íîï", 'i'),
    ("÷", '/'),
    ("ýÿ", 'y'),
];

/// The character an octet of ISO-8859-15 means.
pub(super) fn character(octet: u8) -> char {
    match octet {
        0xA4 => '€',
        0xA6 => 'Š',
        0xA8 => 'š',
        0xB4 => 'Ž',
        0xB8 => 'ž',
        0xBC => 'Œ',
        0xBD => 'œ',
        0xBE => 'Ÿ',
        0x81..=0x8A => GREEK.get(usize::from(octet - 0x81)).copied().unwrap_or(char::from(octet)),
        other => char::from(other),
    }
}

/// A character of a text, and how the text wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The character.
    pub character: char,
    /// The one octet of ISO-8859-15 that stood for it; none for a sequence of UTF-8.
    pub octet: Option<u8>,
}

impl Letter {
    /// The octets that stood for it.
    pub fn octets(self) -> Vec<u8> {
        match self.octet {
            Some(octet) => vec![octet],
            None => self.character.to_string().into_bytes(),
        }
    }
}

/// A text in ISO-8859-15; with `utf8_too`, a sequence that is UTF-8 of more than one octet is taken as such.
pub(super) fn decode(octets: &[u8], utf8_too: bool) -> Vec<Letter> {
    let mut text = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        match leading_utf8(rest).filter(|_| utf8_too) {
            Some((wide, length)) => {
                text.push(Letter { character: wide, octet: None });
                rest = rest.get(length..).unwrap_or_default();
            }
            None => {
                text.push(Letter { character: character(*first), octet: Some(*first) });
                rest = after;
            }
        }
    }
    text
}

/// The look-alike smsd sends instead of a character the GSM alphabet lacks.
pub fn look_alike(wanted: char) -> Option<char> {
    LOOK_ALIKES.iter().find(|(characters, _)| characters.contains(wanted)).map(|(_, alike)| *alike)
}

/// The character of more than one octet that `octets` starts with.
pub(super) fn leading_utf8(octets: &[u8]) -> Option<(char, usize)> {
    let length = match octets.first()? {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let text = std::str::from_utf8(octets.get(..length)?).ok()?;
    text.chars().next().map(|wide| (wide, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_nine_differs_from_latin_one_where_the_euro_is() {
        assert_eq!(text(b"\xA4\xA6\xBE\xE4\x85", false), "€ŠŸäΩ");
    }

    #[test]
    fn utf8_inside_latin_text_is_recognised_only_where_permitted() {
        assert_eq!(text("w\u{f6}rld €".as_bytes(), true), "wörld €");
        assert_eq!(text(b"w\xF6rld \xC3\xB6", true), "wörld ö");
        assert_eq!(text(b"\xC3\xB6", false), "Ã¶");
        assert_eq!(text(b"\xC3", true), "Ã");
    }

    #[test]
    fn a_letter_knows_the_octets_it_was_written_with() {
        let octets =
            |written: &[u8]| decode(written, true).into_iter().flat_map(Letter::octets).collect::<Vec<_>>();

        assert_eq!(octets(b"w\xF6rld \xC3\xB6"), b"w\xF6rld \xC3\xB6");
    }

    fn text(octets: &[u8], utf8_too: bool) -> String {
        decode(octets, utf8_too).into_iter().map(|letter| letter.character).collect()
    }

    #[test]
    fn look_alikes_are_those_of_smsd() {
        for (wanted, alike) in [('ê', 'e'), ('À', 'A'), ('Ÿ', 'Y'), ('Ž', 'Z'), ('þ', 'b'), ('\u{AD}', '-')]
        {
            assert_eq!(look_alike(wanted), Some(alike), "{wanted}");
        }
        assert_eq!(look_alike('漢'), None);
    }
}
