//! Addresses on the wire: of a person, and of a service centre (TS 23.040 section 9.1.2.5, TS 24.011 section 8.2.5).

use super::octets::Reader;
use super::{DecodeError, DecodeErrorKind, EncodeError, septets};
use crate::model::{Address, Alphabet, NumberingPlan, Payload, TypeOfNumber};
use crate::text;

/// Semi-octets an address has at most: 10 octets.
const SEMI_OCTETS_MAX: usize = 20;
/// Septets that fit into them.
const NAME_SEPTETS_MAX: usize = 11;
/// Octets of a service centre field at most, its length octet not counted: type and 20 digits.
const SERVICE_CENTRE_OCTETS_MAX: usize = 11;
/// The bit of a type-of-address octet that is always set.
const NO_EXTENSION: u8 = 0x80;
/// The semi-octet that fills the last octet of an odd number.
const FILLER: u8 = 0x0F;
/// The digits by their semi-octets 0 to 14.
const DIGITS: &[u8; 15] = b"0123456789*#abc";

/// Appends the address field: length in semi-octets, type, value. No address is a length of zero.
pub(super) fn write(address: Option<&Address>, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
    let Some(address) = address else {
        octets.extend([0, NO_EXTENSION]);
        return Ok(());
    };
    if address.type_of_number() == TypeOfNumber::Alphanumeric {
        return write_name(address, octets);
    }
    octets.extend([length(address.reveal().len()), type_octet(address)]);
    write_digits(address.reveal(), octets);
    Ok(())
}

/// Reads an address field.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Address>, DecodeError> {
    let at = reader.at();
    let found = usize::from(reader.octet()?);
    if found > SEMI_OCTETS_MAX {
        return Err(DecodeError::new(at, DecodeErrorKind::AddressLength { found, limit: SEMI_OCTETS_MAX }));
    }
    let type_octet = reader.octet()?;
    let value_at = reader.at();
    let value = reader.take(found.div_ceil(2))?;
    let (type_of_number, plan) = (type_of_number(type_octet), NumberingPlan::from_bits(type_octet));
    let value = match type_of_number {
        TypeOfNumber::Alphanumeric => name(value, found),
        TypeOfNumber::Unknown
        | TypeOfNumber::International
        | TypeOfNumber::National
        | TypeOfNumber::NetworkSpecific
        | TypeOfNumber::Subscriber
        | TypeOfNumber::Abbreviated
        | TypeOfNumber::Reserved => digits(value, found, value_at)?,
    };
    if value.is_empty() {
        return Ok(None);
    }
    let address = Address::with_type(type_of_number, plan, &value);
    address.map(Some).map_err(|fault| DecodeError::new(value_at, fault.into()))
}

/// Reads an address field that must not be empty.
pub(super) fn read_some(reader: &mut Reader<'_>) -> Result<Address, DecodeError> {
    let at = reader.at();
    read(reader)?.ok_or_else(|| DecodeError::new(at, DecodeErrorKind::AddressMissing))
}

/// Appends the service centre field: length in octets, type, digits; a zero leaves the choice to the modem.
pub(super) fn write_service_centre(
    address: Option<&Address>,
    octets: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let Some(address) = address else {
        octets.push(0);
        return Ok(());
    };
    if address.type_of_number() == TypeOfNumber::Alphanumeric {
        return Err(EncodeError::ServiceCentreName);
    }
    octets.extend([length(1 + address.reveal().len().div_ceil(2)), type_octet(address)]);
    write_digits(address.reveal(), octets);
    Ok(())
}

/// Reads a service centre field.
pub(super) fn read_service_centre(reader: &mut Reader<'_>) -> Result<Option<Address>, DecodeError> {
    let at = reader.at();
    let found = usize::from(reader.octet()?);
    if found > SERVICE_CENTRE_OCTETS_MAX {
        let limit = SERVICE_CENTRE_OCTETS_MAX;
        return Err(DecodeError::new(at, DecodeErrorKind::AddressLength { found, limit }));
    }
    if found == 0 {
        return Ok(None);
    }
    let type_octet = reader.octet()?;
    let value_at = reader.at();
    let value = reader.take(found - 1)?;
    if value.is_empty() {
        return Ok(None);
    }
    let type_of_number = type_of_number(type_octet);
    if type_of_number == TypeOfNumber::Alphanumeric {
        return Err(DecodeError::new(at + 1, DecodeErrorKind::ServiceCentreName));
    }
    let digits = digits(value, value.len() * 2, value_at)?;
    let address = Address::with_type(type_of_number, NumberingPlan::from_bits(type_octet), &digits);
    address.map(Some).map_err(|fault| DecodeError::new(value_at, fault.into()))
}

fn write_name(address: &Address, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
    let septets = match text::encode(address.reveal(), Alphabet::GSM7) {
        Ok(Payload::Septets(septets)) => septets,
        Err(text::EncodeError::Character { character, position }) => {
            return Err(EncodeError::AddressCharacter { character, position });
        }
        Ok(Payload::Octets(_)) | Err(text::EncodeError::NoCharacters) => Vec::new(),
    };
    if septets.len() > NAME_SEPTETS_MAX {
        return Err(EncodeError::AddressLength { septets: septets.len() });
    }
    octets.extend([length((septets.len() * 7).div_ceil(4)), type_octet(address)]);
    septets::pack(&septets, 0, octets);
    Ok(())
}

fn name(value: &[u8], semi_octets: usize) -> String {
    let septets = septets::unpack(value, 0, semi_octets * 4 / 7);
    text::decode(&Payload::Septets(septets), Alphabet::GSM7)
}

fn write_digits(digits: &str, octets: &mut Vec<u8>) {
    for pair in digits.as_bytes().chunks(2) {
        let low = pair.first().map_or(FILLER, |digit| semi_octet(*digit));
        let high = pair.get(1).map_or(FILLER, |digit| semi_octet(*digit));
        octets.push(high << 4 | low);
    }
}

/// The first `count` digits of `value`, up to a filler; digits after a filler are a fault.
fn digits(value: &[u8], count: usize, at: usize) -> Result<String, DecodeError> {
    let mut digits = String::with_capacity(count);
    let semi_octets = value.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]).take(count);
    let mut filled = false;
    for (index, semi_octet) in semi_octets.enumerate() {
        match DIGITS.get(usize::from(semi_octet)) {
            Some(_) if filled => {
                return Err(DecodeError::new(at + index / 2, DecodeErrorKind::AddressFiller));
            }
            Some(digit) => digits.push(char::from(*digit)),
            None => filled = true,
        }
    }
    Ok(digits)
}

fn semi_octet(digit: u8) -> u8 {
    let place = DIGITS.iter().position(|known| *known == digit);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(FILLER)
}

fn type_octet(address: &Address) -> u8 {
    NO_EXTENSION | address.type_of_number().bits() << 4 | address.numbering_plan().bits()
}

fn type_of_number(octet: u8) -> TypeOfNumber {
    let bits = usize::from(octet >> 4 & 0x07);
    TypeOfNumber::ALL.get(bits).copied().unwrap_or(TypeOfNumber::Reserved)
}

/// A length the bounds above keep below 256.
fn length(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_and_plan_reads_back() {
        for type_of_number in TypeOfNumber::ALL {
            for plan in (0..16).map(NumberingPlan::from_bits) {
                for value in ["1", "12", "98765432109876543210"] {
                    let value = if type_of_number == TypeOfNumber::Alphanumeric { "Kiosk" } else { value };
                    let address = Address::with_type(type_of_number, plan, value).expect("a legal address");

                    assert_eq!(read_back(&address), Ok(Some(address)));
                }
            }
        }
    }

    #[test]
    fn a_name_of_every_length_reads_back() {
        for length in 1..=11 {
            let name: String = "Zoé@home_12".chars().take(length).collect();
            let name = Address::alphanumeric(&name).expect("at most eleven characters");

            assert_eq!(read_back(&name), Ok(Some(name)));
        }
    }

    #[test]
    fn a_filler_that_is_counted_as_a_digit_is_no_digit() {
        let mut reader = Reader::new(&[0x04, 0x91, 0x21, 0xF3]);

        assert_eq!(read(&mut reader), Ok(Some(Address::international("123").expect("three digits"))));
    }

    #[test]
    fn a_digit_after_the_filler_is_refused_with_its_octet() {
        let mut reader = Reader::new(&[0x06, 0x91, 0x21, 0x3F, 0x54]);

        assert_eq!(read(&mut reader), Err(DecodeError::new(3, DecodeErrorKind::AddressFiller)));
    }

    #[test]
    fn a_name_outside_the_alphabet_or_too_long_for_it_is_refused() {
        let write = |name| write(Some(&Address::alphanumeric(name).expect("short")), &mut Vec::new());

        assert_eq!(write("Kół"), Err(EncodeError::AddressCharacter { character: 'ó', position: 2 }));
        assert_eq!(write("[[[[[["), Err(EncodeError::AddressLength { septets: 12 }));
    }

    #[test]
    fn a_service_centre_reads_back_and_a_name_is_refused() {
        let address = Address::international("358405202000").expect("twelve digits");
        let mut octets = Vec::new();
        write_service_centre(Some(&address), &mut octets).expect("digits");

        assert_eq!(octets, [0x07, 0x91, 0x53, 0x48, 0x50, 0x02, 0x02, 0x00]);
        assert_eq!(read_service_centre(&mut Reader::new(&octets)), Ok(Some(address)));
        let name = Address::alphanumeric("Net").expect("short");
        assert_eq!(write_service_centre(Some(&name), &mut octets), Err(EncodeError::ServiceCentreName));
        let named = read_service_centre(&mut Reader::new(&[0x02, 0xD0, 0x00]));
        assert_eq!(named, Err(DecodeError::new(1, DecodeErrorKind::ServiceCentreName)));
    }

    fn read_back(address: &Address) -> Result<Option<Address>, DecodeError> {
        let mut octets = Vec::new();
        write(Some(address), &mut octets).expect("a legal address");
        read(&mut Reader::new(&octets))
    }
}
