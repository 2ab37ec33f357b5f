//! TP-UDL and TP-UD (TS 23.040 sections 9.2.3.16 and 9.2.3.24).

use super::octets::Reader;
use super::{DecodeError, DecodeErrorKind, EncodeError, septets};
use crate::model::{Alphabet, Payload, UserData};
use crate::text::{DataCoding, Header};

/// TP-UDHI in the first octet.
pub(super) const HEADER_INDICATOR: u8 = 0x40;
/// Octets of user data at most.
const OCTETS_MAX: usize = 140;
/// Septets that fit into them.
const SEPTETS_MAX: usize = 160;

/// TP-UDHI, in its place in the first octet.
pub(super) fn header_indicator(user_data: &UserData) -> u8 {
    if user_data.header.is_empty() { 0 } else { HEADER_INDICATOR }
}

/// Appends TP-UDL and TP-UD.
pub(super) fn write(user_data: &UserData, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
    let in_septets = is_septets(user_data.data_coding);
    let header = match user_data.header.len() {
        0 => 0,
        header => header + 1,
    };
    match &user_data.payload {
        Payload::Septets(payload) if in_septets => {
            check_septets(payload)?;
            let length = checked(septets::covering(header) + payload.len(), SEPTETS_MAX)?;
            octets.push(length);
            write_header(&user_data.header, octets);
            septets::pack(payload, septets::fill_bits(header), octets);
        }
        Payload::Octets(payload) if !in_septets => {
            let length = checked(header + payload.len(), OCTETS_MAX)?;
            octets.push(length);
            write_header(&user_data.header, octets);
            octets.extend(payload);
        }
        Payload::Septets(_) | Payload::Octets(_) => {
            return Err(EncodeError::PayloadKind { data_coding: user_data.data_coding });
        }
    }
    Ok(())
}

/// Reads TP-UDL and TP-UD as TP-DCS and TP-UDHI in `first_octet` say.
pub(super) fn read(
    reader: &mut Reader<'_>,
    data_coding: u8,
    first_octet: u8,
) -> Result<UserData, DecodeError> {
    let in_septets = is_septets(data_coding);
    let limit = if in_septets { SEPTETS_MAX } else { OCTETS_MAX };
    let at = reader.at();
    let found = usize::from(reader.octet()?);
    if found > limit {
        return Err(DecodeError::new(at, DecodeErrorKind::UserDataLength { found, limit }));
    }
    let value_at = reader.at();
    let value = reader.take(if in_septets { septets::octets(found) } else { found })?;
    let header = read_header(value, value_at, first_octet)?;
    // The header with its length octet; the octets after it hold the payload.
    let covered = header.map_or(0, |header| header.len() + 1);
    let rest = value.get(covered..).unwrap_or(&[]);
    let payload = if in_septets {
        let too_long = DecodeErrorKind::HeaderLength { promised: covered };
        let count =
            found.checked_sub(septets::covering(covered)).ok_or(DecodeError::new(value_at, too_long))?;
        Payload::Septets(septets::unpack(rest, septets::fill_bits(covered), count))
    } else {
        Payload::Octets(rest.to_vec())
    };
    Ok(UserData { data_coding, header: header.unwrap_or(&[]).to_vec(), payload })
}

fn is_septets(data_coding: u8) -> bool {
    match DataCoding(data_coding).alphabet() {
        Alphabet::Gsm7 { .. } => true,
        Alphabet::Data8 | Alphabet::Ucs2 => false,
    }
}

fn check_septets(payload: &[u8]) -> Result<(), EncodeError> {
    if payload.iter().fold(0, |bits, septet| bits | septet) <= 0x7F {
        return Ok(());
    }
    let fault = payload.iter().enumerate().find(|(_, septet)| **septet > 0x7F);
    let (index, found) = fault.map_or((0, 0), |(index, septet)| (index, *septet));
    Err(EncodeError::Septet { index, found })
}

fn checked(found: usize, limit: usize) -> Result<u8, EncodeError> {
    let fits = u8::try_from(found).ok().filter(|_| found <= limit);
    fits.ok_or(EncodeError::UserDataLength { found, limit })
}

fn write_header(header: &[u8], octets: &mut Vec<u8>) {
    // The check of the whole length holds the header below 140 octets.
    if let Some(length) = u8::try_from(header.len()).ok().filter(|length| *length > 0) {
        octets.push(length);
        octets.extend(header);
    }
}

/// The header without its length octet, its elements checked; none without TP-UDHI.
fn read_header(value: &[u8], at: usize, first_octet: u8) -> Result<Option<&[u8]>, DecodeError> {
    if first_octet & HEADER_INDICATOR == 0 {
        return Ok(None);
    }
    let (length, rest) =
        value.split_first().ok_or(DecodeError::new(at, DecodeErrorKind::HeaderLength { promised: 1 }))?;
    let length = usize::from(*length);
    let header = rest
        .get(..length)
        .ok_or(DecodeError::new(at, DecodeErrorKind::HeaderLength { promised: length + 1 }))?;
    match Header::decode(header) {
        Ok(_) => Ok(Some(header)),
        Err(fault) => {
            let (identifier, promised, left) = (fault.identifier, fault.promised, fault.left);
            let kind = DecodeErrorKind::HeaderElement { identifier, promised, left };
            Err(DecodeError::new(at + 1 + fault.at, kind))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_after_a_header_starts_at_a_septet() {
        let user_data = user_data(0x00, &[0x00, 0x03, 0x2A, 0x02, 0x01], Payload::Septets(b"AB".to_vec()));
        let mut octets = Vec::new();
        write(&user_data, &mut octets).expect("it fits");

        assert_eq!(octets, [9, 5, 0x00, 0x03, 0x2A, 0x02, 0x01, 0x82, 0x42]);
        assert_eq!(read(&mut Reader::new(&octets), 0x00, HEADER_INDICATOR), Ok(user_data));
    }

    #[test]
    fn what_does_not_fit_or_does_not_match_is_refused() {
        let write = |data_coding, payload| write(&user_data(data_coding, &[], payload), &mut Vec::new());

        let long = EncodeError::UserDataLength { found: 161, limit: 160 };
        assert_eq!(write(0x00, Payload::Septets(vec![0; 161])), Err(long));
        let long = EncodeError::UserDataLength { found: 141, limit: 140 };
        assert_eq!(write(0x08, Payload::Octets(vec![0; 141])), Err(long));
        let kind = EncodeError::PayloadKind { data_coding: 0x04 };
        assert_eq!(write(0x04, Payload::Septets(vec![0])), Err(kind));
        let kind = EncodeError::PayloadKind { data_coding: 0x10 };
        assert_eq!(write(0x10, Payload::Octets(vec![0])), Err(kind));
        assert_eq!(
            write(0x00, Payload::Septets(vec![0, 0x80])),
            Err(EncodeError::Septet { index: 1, found: 0x80 })
        );
    }

    #[test]
    fn a_malformed_header_is_refused_with_its_octet() {
        let read = |octets: &[u8]| read(&mut Reader::new(octets), 0x04, HEADER_INDICATOR);

        let empty = DecodeError::new(1, DecodeErrorKind::HeaderLength { promised: 1 });
        assert_eq!(read(&[0]), Err(empty));
        let past_end = DecodeError::new(1, DecodeErrorKind::HeaderLength { promised: 4 });
        assert_eq!(read(&[3, 3, 0, 0]), Err(past_end));
        let element = DecodeErrorKind::HeaderElement { identifier: 0x08, promised: 5, left: 2 };
        assert_eq!(read(&[7, 6, 0x24, 1, 1, 0x08, 4, 0]), Err(DecodeError::new(5, element)));
    }

    #[test]
    fn a_header_longer_than_the_septets_is_refused() {
        // Three septets are three octets, of which a header of two takes all; it covers four septets.
        let octets = [3, 2, 0x70, 0x00];
        let read = read(&mut Reader::new(&octets), 0x00, HEADER_INDICATOR);

        assert_eq!(read, Err(DecodeError::new(1, DecodeErrorKind::HeaderLength { promised: 3 })));
    }

    fn user_data(data_coding: u8, header: &[u8], payload: Payload) -> UserData {
        UserData { data_coding, header: header.to_vec(), payload }
    }
}
