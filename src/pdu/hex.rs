//! Octets as hexadecimal digits, two an octet.

use super::{DecodeError, DecodeErrorKind};

/// Most octets a PDU has: a service centre field of 12 and the longest TPDU, an SMS-STATUS-REPORT, with slack for the
/// octets some modems append.
pub(super) const PDU_OCTETS_MAX: usize = 255;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// `octets` in capital digits.
pub(super) fn encode(octets: &[u8]) -> String {
    let mut hex = String::with_capacity(octets.len() * 2);
    for octet in octets {
        for digit in [octet >> 4, octet & 0x0F] {
            let digit = DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0');
            hex.push(char::from(digit));
        }
    }
    hex
}

/// The octets of `hex`, in digits of either case.
pub(super) fn decode(hex: &str) -> Result<Vec<u8>, DecodeError> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() > PDU_OCTETS_MAX {
        return Err(DecodeError::new(PDU_OCTETS_MAX, DecodeErrorKind::TooLong { octets: pairs.len() }));
    }
    let mut octets = Vec::with_capacity(pairs.len());
    for (at, [high, low]) in pairs.iter().enumerate() {
        match (value(*high), value(*low)) {
            (Some(high), Some(low)) => octets.push(high << 4 | low),
            _ => return Err(DecodeError::new(at, DecodeErrorKind::Hex { found: odd_one(hex) })),
        }
    }
    if !rest.is_empty() {
        return Err(DecodeError::new(pairs.len(), DecodeErrorKind::HalfOctet));
    }
    Ok(octets)
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn odd_one(hex: &str) -> char {
    hex.chars().find(|found| !found.is_ascii_hexdigit()).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_read_and_capitals_are_written() {
        assert_eq!(decode("00fFaB"), Ok(vec![0x00, 0xFF, 0xAB]));
        assert_eq!(encode(&[0x00, 0xFF, 0xAB]), "00FFAB");
    }

    #[test]
    fn what_is_no_hexadecimal_is_refused_with_its_octet() {
        let error = |hex: &str| decode(hex).expect_err("no octets");

        assert_eq!(error("00 1"), DecodeError::new(1, DecodeErrorKind::Hex { found: ' ' }));
        assert_eq!(error("000é"), DecodeError::new(1, DecodeErrorKind::Hex { found: 'é' }));
        assert_eq!(error("001"), DecodeError::new(1, DecodeErrorKind::HalfOctet));
        assert_eq!(error(&"00".repeat(256)), DecodeError::new(255, DecodeErrorKind::TooLong { octets: 256 }));
    }
}
