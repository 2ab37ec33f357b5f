//! The hex dump of a `Hex: yes` body: digits, comments and the keywords for WAP push.

use super::macros::Macros;
use super::{BODY_OCTETS_MAX, Rejection, value};

/// Longest piece of a faulty line that is shown.
const SHOWN_CHARS_MAX: usize = 640;

/// The octets a hex dump describes.
///
/// `STRING:` appends text, `INLINESTRING:` the text between 03 and 00, a first `LENGTH` reserves an octet
/// for the number of octets up to the next one. From `/ ' # :` on a line is comment. Macros are carried out in each line
/// before it is read, so that they may stand for keywords.
pub(super) fn decode(body: &[u8], macros: &Macros) -> Result<Vec<u8>, Rejection> {
    let mut octets = Vec::new();
    let mut length_at = None;
    for line in body.split(|octet| *octet == b'\n') {
        let line = macros.expand(line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start())?;
        if let Some(text) = line.strip_prefix(b"STRING:") {
            octets.extend_from_slice(text);
        } else if let Some(text) = line.strip_prefix(b"INLINESTRING:") {
            octets.push(0x03);
            octets.extend_from_slice(text);
            octets.push(0x00);
        } else if line.starts_with(b"LENGTH") {
            length_at = length(&mut octets, length_at)?;
        } else {
            octets.extend_from_slice(&digits(&line)?);
        }
        if octets.len() > BODY_OCTETS_MAX {
            return Err(Rejection::HexTooLong);
        }
    }
    if length_at.is_some() { Err(Rejection::HexLengthTermination) } else { Ok(octets) }
}

/// Opens or closes a `LENGTH`; the result is where the open one stands.
fn length(octets: &mut Vec<u8>, open: Option<usize>) -> Result<Option<usize>, Rejection> {
    let Some(at) = open else {
        octets.push(0);
        return Ok(Some(octets.len() - 1));
    };
    let counted = u8::try_from(octets.len() - at - 1).map_err(|_| Rejection::HexLengthTermination)?;
    if let Some(place) = octets.get_mut(at) {
        *place = counted;
    }
    Ok(None)
}

fn digits(line: &[u8]) -> Result<Vec<u8>, Rejection> {
    let comment = line.iter().position(|octet| matches!(octet, b'/' | b'\'' | b'#' | b':'));
    let digits: Vec<u8> = line
        .get(..comment.unwrap_or(line.len()))
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let shown = || String::from_utf8_lossy(&digits).chars().take(SHOWN_CHARS_MAX).collect();
    if !digits.len().is_multiple_of(2) {
        return Err(Rejection::HexLength { line: shown() });
    }
    value::hex_octets(&digits).ok_or_else(|| Rejection::HexDigit { line: shown() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wap_push_is_assembled_from_digits_strings_and_lengths() {
        let body = b"  06 05 04 0B84 23F0 # header\r\n25 06/ push\nLENGTH\nSTRING:abc\nLENGTH\nINLINESTRING:x.y\n:note\n01";

        let octets = decode(body, &Macros::default()).expect("a hex dump");

        assert_eq!(octets, b"\x06\x05\x04\x0B\x84\x23\xF0\x25\x06\x03abc\x03x.y\x00\x01");
    }

    #[test]
    fn a_broken_dump_says_what_is_wrong_with_it() {
        let shown = |body: &[u8]| decode(body, &Macros::default()).expect_err("broken").to_string();

        assert_eq!(
            shown(b"01\n123"),
            "Hex presentation error in sms file: incorrect length of data: \"123\"."
        );
        assert_eq!(shown(b"0G"), "Hex conversion error in sms file: \"0G\".");
        assert_eq!(shown(b"LENGTH\n00"), "LENGTH termination error in sms file.");
        let refused = |body: &[u8]| decode(body, &Macros::default()).expect_err("refused");
        let wide = [b"LENGTH\n", "00".repeat(256).as_bytes(), b"\nLENGTH"].concat();
        assert_eq!(refused(&wide), Rejection::HexLengthTermination);
        assert_eq!(refused("00".repeat(BODY_OCTETS_MAX + 1).as_bytes()), Rejection::HexTooLong);
    }

    #[test]
    fn a_macro_may_stand_for_a_keyword() {
        let mut macros = Macros::default();
        macros.add(b"BEGIN=LENGTH").expect("not too many");
        macros.add(b"TEXT=4869").expect("not too many");

        assert_eq!(decode(b"BEGIN\nTEXT\nBEGIN", &macros), Ok(vec![2, 0x48, 0x69]));
    }
}
