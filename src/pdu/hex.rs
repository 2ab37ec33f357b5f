//! Octets as hexadecimal digits, two an octet.

use super::{DecodeError, DecodeErrorKind};

/// Most octets a PDU has: a service centre field of 12 and the longest TPDU, an SMS-STATUS-REPORT, with slack for the
/// octets some modems append.
pub(super) const PDU_OCTETS_MAX: usize = 255;

/// What [`value`] says of a character that is no digit: more than any digit.
const NO_DIGIT: u8 = 0xFF;

/// `octets` in capital digits.
pub(super) fn encode(octets: &[u8]) -> String {
    let mut hex = vec![0; octets.len() * 2];
    let (pairs, _) = hex.as_chunks_mut();
    for (pair, octet) in pairs.iter_mut().zip(octets) {
        *pair = [digit(octet >> 4), digit(octet & 0x0F)];
    }
    String::from_utf8(hex).expect("digits are ASCII")
}

/// The octets of `hex`, in digits of either case.
pub(super) fn decode(hex: &str) -> Result<Vec<u8>, DecodeError> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() > PDU_OCTETS_MAX {
        return Err(DecodeError::new(PDU_OCTETS_MAX, DecodeErrorKind::TooLong { octets: pairs.len() }));
    }
    // All digits are read before any is judged: which of them are letters is nothing a branch could predict.
    let mut largest = 0;
    let octet = |[high, low]: &[u8; 2]| {
        let (high, low) = (value(*high), value(*low));
        largest |= high | low;
        (high << 4) | (low & 0x0F)
    };
    let octets: Vec<u8> = pairs.iter().map(octet).collect();
    if largest > 0x0F {
        return Err(no_hex(hex));
    }
    if !rest.is_empty() {
        return Err(DecodeError::new(pairs.len(), DecodeErrorKind::HalfOctet));
    }
    Ok(octets)
}

fn digit(value: u8) -> u8 {
    let letter = if value > 9 { b'A' - b'9' - 1 } else { 0 };
    b'0' + value + letter
}

fn value(digit: u8) -> u8 {
    let decimal = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    let letter = if letter < 6 { letter + 10 } else { NO_DIGIT };
    if decimal < 10 { decimal } else { letter }
}

/// The first character that is no digit, and the octet it stands in.
fn no_hex(hex: &str) -> DecodeError {
    let fault = hex.char_indices().find(|(_, found)| !found.is_ascii_hexdigit());
    let (index, found) = fault.unwrap_or((0, char::REPLACEMENT_CHARACTER));
    DecodeError::new(index / 2, DecodeErrorKind::Hex { found })
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
