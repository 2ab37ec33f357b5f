//! Text as UCS-2, which handsets read as UTF-16BE (TS 23.038 section 6.2.3).

use super::REPLACEMENT;

/// Octets of one UTF-16 unit.
pub(super) const UNIT_OCTETS: usize = 2;

/// The octets of `text`.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() * UNIT_OCTETS);
    for unit in text.encode_utf16() {
        octets.extend(unit.to_be_bytes());
    }
    octets
}

/// The text of `octets`. An unpaired surrogate and a lone last octet read as U+FFFD.
pub(super) fn decode(octets: &[u8]) -> String {
    let (pairs, rest) = octets.as_chunks::<UNIT_OCTETS>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let mut text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(REPLACEMENT)).collect();
    if !rest.is_empty() {
        text.push(REPLACEMENT);
    }
    text
}

/// How many octets at the head of `octets` stand or fall together.
pub(super) fn unbreakable(octets: &[u8]) -> usize {
    let is_high_surrogate = octets.first().is_some_and(|octet| octet & 0xFC == 0xD8);
    if is_high_surrogate { 2 * UNIT_OCTETS } else { UNIT_OCTETS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_outside_the_basic_plane_is_a_surrogate_pair() {
        let octets = encode("a😀");

        assert_eq!(octets, [0x00, 0x61, 0xD8, 0x3D, 0xDE, 0x00]);
        assert_eq!(decode(&octets), "a😀");
        assert_eq!(unbreakable(&octets[2..]), 4);
    }

    #[test]
    fn half_a_pair_or_half_a_unit_reads_as_the_replacement_character() {
        assert_eq!(decode(&[0xD8, 0x3D]), "\u{FFFD}");
        assert_eq!(decode(&[0xDE, 0x00, 0x00, 0x61]), "\u{FFFD}a");
        assert_eq!(decode(&[0x00, 0x61, 0x00]), "a\u{FFFD}");
    }
}
