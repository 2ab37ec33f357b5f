//! The GSM 7-bit default alphabet (TS 23.038 section 6.2.1), to write what arrives and to read what was sent.

/// The default table, in order of its codes 0 to 127; code 27 is the escape.
#[rustfmt::skip] // one row for each value of the high bits, as the standard prints its columns
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];
/// The extension table: code after the escape, character.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];
/// The code that leads into the extension table.
pub(super) const ESCAPE: u8 = 0x1B;

/// The codes of one character, or none when the alphabet has no such character.
pub(super) fn codes(character: char) -> Option<Vec<u8>> {
    if character == char::from(ESCAPE) {
        return None;
    }
    if let Some((code, _)) = EXTENSION.iter().find(|(_, c)| *c == character) {
        return Some(vec![ESCAPE, *code]);
    }
    let code = DEFAULT.iter().position(|c| *c == character)?;
    u8::try_from(code).ok().map(|code| vec![code])
}

/// The text these codes write. An unknown code after an escape is shown by the default table.
pub(super) fn text(septets: &[u8]) -> String {
    let default = |code: u8| DEFAULT.get(usize::from(code)).copied().unwrap_or('\u{fffd}');
    let mut text = String::with_capacity(septets.len());
    let mut septets = septets.iter().copied();
    while let Some(code) = septets.next() {
        if code != ESCAPE {
            text.push(default(code));
            continue;
        }
        let Some(code) = septets.next() else { break };
        let extended = EXTENSION.iter().find(|(c, _)| *c == code).map(|(_, character)| *character);
        text.push(extended.unwrap_or_else(|| default(code)));
    }
    text
}

/// Packs septets behind `fill` zero bits (TS 23.038 section 6.1.2.1).
pub(super) fn pack(septets: &[u8], fill: usize) -> Vec<u8> {
    let mut octets = vec![0u8; (fill + septets.len() * 7).div_ceil(8)];
    for (index, septet) in septets.iter().enumerate() {
        let at = fill + index * 7;
        let spread = u16::from(*septet & 0x7F) << (at % 8);
        let [low, high] = spread.to_le_bytes();
        for (octet, bits) in octets.iter_mut().skip(at / 8).zip([low, high]) {
            *octet |= bits;
        }
    }
    octets
}

/// The `count` septets that begin `fill` bits into `octets`, or none when they run past the end.
pub(super) fn unpack(octets: &[u8], fill: usize, count: usize) -> Option<Vec<u8>> {
    if (fill + count * 7).div_ceil(8) > octets.len() {
        return None;
    }
    let septet = |index: usize| {
        let at = fill + index * 7;
        let low = octets.get(at / 8).copied()?;
        let high = octets.get(at / 8 + 1).copied().unwrap_or(0);
        u8::try_from((u16::from_le_bytes([low, high]) >> (at % 8)) & 0x7F).ok()
    };
    (0..count).map(septet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_has_128_codes_each_once() {
        let characters: std::collections::BTreeSet<char> = DEFAULT.into_iter().collect();

        assert_eq!(characters.len(), 128);
        assert_eq!(DEFAULT.get(0x40), Some(&'¡'));
        assert_eq!(DEFAULT.get(0x7F), Some(&'à'));
    }

    #[test]
    fn hellohello_packs_as_every_textbook_shows() {
        let septets: Vec<u8> = "hellohello".chars().flat_map(|c| codes(c).unwrap()).collect();

        let octets = pack(&septets, 0);

        assert_eq!(octets, [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37]);
        assert_eq!(unpack(&octets, 0, 10), Some(septets));
        assert_eq!(unpack(&octets, 0, 11), None);
    }

    #[test]
    fn fill_bits_move_the_text_and_nothing_else() {
        let septets = [1, 2, 0x7F, 0x55];

        for fill in 0..7 {
            assert_eq!(unpack(&pack(&septets, fill), fill, 4), Some(septets.to_vec()), "fill {fill}");
        }
    }

    #[test]
    fn a_text_with_extensions_reads_back() {
        let septets: Vec<u8> = "5 € [ok]".chars().flat_map(|c| codes(c).unwrap()).collect();

        assert_eq!(septets.len(), 11);
        assert_eq!(text(&septets), "5 € [ok]");
        assert_eq!(codes('я'), None);
        assert_eq!(text(&[ESCAPE]), "");
    }
}
