//! Octets, hexadecimal digits and semi-octets, read with bounds checked.

use std::fmt::Write;

/// The octets that these hexadecimal digits write, or none when one is no digit or one is left over.
pub(super) fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let octet = |pair: &[u8]| match pair {
        [high, low] => Some((nibble(*high)? << 4) | nibble(*low)?),
        _ => None,
    };
    digits.chunks(2).map(octet).collect()
}

/// The octets in upper-case hexadecimal digits.
pub(super) fn to_hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut hex, octet| {
        let _ = write!(hex, "{octet:02X}");
        hex
    })
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// `count` digits written as semi-octets (TS 23.040 section 9.1.2.3). An odd count leaves one semi-octet
/// over, which is 1111; anything else is none.
pub(super) fn digits_from_semi_octets(octets: &[u8], count: usize) -> Option<String> {
    if octets.len() != count.div_ceil(2) {
        return None;
    }
    let mut digits = String::with_capacity(count);
    for semi_octet in octets.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]) {
        if digits.len() == count {
            return (semi_octet == 0x0F).then_some(digits);
        }
        digits.push(char::from(*b"0123456789*#abc".get(usize::from(semi_octet))?));
    }
    Some(digits)
}

/// The digits as semi-octets, filled up with 1111; characters that are no digit are left out.
pub(super) fn semi_octets(digits: &str) -> Vec<u8> {
    let value = |c: char| "0123456789*#abc".find(c).and_then(|v| u8::try_from(v).ok());
    let values: Vec<u8> = digits.chars().filter_map(value).collect();
    let octet = |pair: &[u8]| match pair {
        [low, high] => (high << 4) | low,
        [low] => 0xF0 | low,
        _ => 0xFF,
    };
    values.chunks(2).map(octet).collect()
}

/// Reads octets one field after the other.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads `octets` from the first on.
    pub(super) fn new(octets: &'a [u8]) -> Reader<'a> {
        Reader(octets)
    }

    /// The next octet.
    pub(super) fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next `count` octets.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Everything not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_read_in_either_case_and_nothing_else_does() {
        assert_eq!(from_hex(b"00fFA0"), Some(vec![0, 255, 160]));
        assert_eq!(to_hex(&[0, 255, 160]), "00FFA0");
        assert_eq!(from_hex(b"00f"), None);
        assert_eq!(from_hex(b"0g"), None);
        assert_eq!(from_hex(b"+1"), None);
    }

    #[test]
    fn an_odd_number_is_filled_with_ones_and_with_nothing_else() {
        assert_eq!(semi_octets("12345"), vec![0x21, 0x43, 0xF5]);
        assert_eq!(digits_from_semi_octets(&[0x21, 0x43, 0xF5], 5), Some("12345".to_owned()));
        assert_eq!(digits_from_semi_octets(&[0x21, 0x43, 0x05], 5), None);
        assert_eq!(digits_from_semi_octets(&[0x21, 0xF3], 4), None);
        assert_eq!(digits_from_semi_octets(&[0x21], 4), None);
    }
}
