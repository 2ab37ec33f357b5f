//! Texts of service codes: septets packed to whole octets, with a carriage return where seven bits stay empty
//! (TS 23.038 section 6.1.2.3.1).

use super::error::DecodeError;
use super::{hex, septets};
use crate::model::{Alphabet, Payload};
use crate::text;

/// What fills seven empty bits, which would read as an `@` otherwise.
const FILLER: u8 = 0x0D;

/// `text` as packed septets, in hexadecimal digits.
pub fn pack_ussd(text: &str) -> Result<String, text::EncodeError> {
    let payload = text::encode(text, Alphabet::GSM7)?;
    let (Payload::Septets(mut units) | Payload::Octets(mut units)) = payload;
    let ends_with_filler = units.len().is_multiple_of(8) && units.last() == Some(&FILLER);
    if units.len() % 8 == 7 || ends_with_filler {
        units.push(FILLER);
    }
    let mut packed = Vec::new();
    septets::pack(&units, 0, &mut packed);
    Ok(packed.iter().map(|octet| format!("{octet:02X}")).collect())
}

/// The text of packed septets.
pub fn unpack_ussd(digits: &str) -> Result<String, DecodeError> {
    let octets = hex::decode(digits)?;
    let mut units = septets::unpack(&octets, 0, octets.len() * 8 / 7);
    if !units.is_empty() && units.len().is_multiple_of(8) && units.last() == Some(&FILLER) {
        units.pop();
    }
    Ok(text::decode(&Payload::Septets(units), Alphabet::GSM7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_packed_as_networks_want_it() {
        for (text, packed) in [
            ("*100#", "AA180C3602"),
            ("abcdefg", "61F1985C369F1B"),
            ("abcdefgh", "61F1985C369FD1"),
            ("é€", "854D19"),
            ("", ""),
        ] {
            assert_eq!(pack_ussd(text).as_deref(), Ok(packed), "{text}");
            assert_eq!(unpack_ussd(packed).as_deref().ok(), Some(text), "{packed}");
        }
    }

    #[test]
    fn what_has_no_septets_is_refused() {
        assert!(pack_ussd("日").is_err());
        assert!(unpack_ussd("zz").is_err() && unpack_ussd("AA1").is_err());
    }
}
