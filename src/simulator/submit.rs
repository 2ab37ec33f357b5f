//! SMS-SUBMIT as a strict service centre reads it (TS 23.040 section 9.2.2.2).
//!
//! Written from the standard alone and shared with nobody, so that a mistake of the encoder is not
//! repeated here and thereby hidden.

use super::alphabet;
use super::header::{Concatenation, Header};
use super::octets::{Reader, digits_from_semi_octets};

/// Most octets of an SMS-SUBMIT.
pub(super) const TPDU_OCTETS_MAX: usize = 164;
/// Most octets of user data.
const USER_DATA_OCTETS_MAX: usize = 140;
/// Most octets of a service centre address: type and ten octets of digits.
const SERVICE_CENTRE_OCTETS_MAX: usize = 11;
/// Most digits of a destination.
const DESTINATION_DIGITS_MAX: usize = 20;

/// What a service centre understands of an SMS-SUBMIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submit {
    /// The service centre named in front of the TPDU; empty when the SIM's own is meant.
    pub(super) service_centre: String,
    /// TP-MR as the driver wrote it; the SIM counts its own.
    pub(super) message_reference: u8,
    /// TP-SRR: a status report is asked for.
    pub(super) status_report: bool,
    /// TP-DA: digits without a plus sign, or the name of an alphanumeric address.
    pub(super) destination: String,
    /// TP-DA as it stands: length, type, semi-octets; a status report repeats it.
    pub(super) destination_field: Vec<u8>,
    /// TP-PID.
    pub(super) protocol_identifier: u8,
    /// TP-DCS.
    pub(super) data_coding: u8,
    /// The place of this part in a longer message.
    pub(super) concatenation: Option<Concatenation>,
    /// The text, when its alphabet is the GSM 7-bit default alphabet or UCS-2.
    pub(super) text: Option<String>,
}

/// What is wrong with a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum SubmitError {
    /// The TPDU has another length than `AT+CMGS` announced.
    #[error("the TPDU has {found} octets, the command announced {announced}")]
    Length {
        /// Octets announced.
        announced: usize,
        /// Octets found.
        found: usize,
    },
    /// The octets end inside a field, or go on after the last.
    #[error("the octets end inside {field}")]
    Truncated {
        /// The field.
        field: &'static str,
    },
    /// A field holds a value the standard forbids or reserves.
    #[error("{field} has a value that is forbidden or reserved")]
    Value {
        /// The field.
        field: &'static str,
    },
}

impl Submit {
    /// Reads a service centre address followed by a TPDU of `announced` octets.
    pub(super) fn decode(pdu: &[u8], announced: usize) -> Result<Submit, SubmitError> {
        let mut reader = Reader::new(pdu);
        let service_centre = service_centre(&mut reader)?;
        let found = reader.rest().len();
        if found != announced {
            return Err(SubmitError::Length { announced, found });
        }
        let mut next = |field| reader.octet().ok_or(SubmitError::Truncated { field });
        let first = next("the first octet")?;
        if first & 0x03 != 0x01 {
            return Err(SubmitError::Value { field: "TP-MTI" });
        }
        let message_reference = next("TP-MR")?;
        let (destination, destination_field) = destination(&mut reader)?;
        let mut next = |field| reader.octet().ok_or(SubmitError::Truncated { field });
        let (protocol_identifier, data_coding) = (next("TP-PID")?, next("TP-DCS")?);
        let alphabet = alphabet_of(data_coding)?;
        validity(&mut reader, first >> 3 & 0x03)?;
        let length = reader.octet().ok_or(SubmitError::Truncated { field: "TP-UDL" })?;
        let user_data = user_data(alphabet, usize::from(length), reader.rest(), first & 0x40 != 0)?;
        Ok(Submit {
            service_centre,
            message_reference,
            status_report: first & 0x20 != 0,
            destination,
            destination_field,
            protocol_identifier,
            data_coding,
            concatenation: user_data.0,
            text: user_data.1,
        })
    }
}

/// The alphabets TP-DCS tells apart (TS 23.038 section 4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Gsm7,
    Data8,
    Ucs2,
}

fn alphabet_of(data_coding: u8) -> Result<Alphabet, SubmitError> {
    let reserved = SubmitError::Value { field: "TP-DCS" };
    match data_coding {
        // Compressed text is a string of octets to a service centre.
        0x00..=0x7F if data_coding & 0x20 != 0 => Ok(Alphabet::Data8),
        0x00..=0x7F => match data_coding >> 2 & 0x03 {
            0 => Ok(Alphabet::Gsm7),
            1 => Ok(Alphabet::Data8),
            2 => Ok(Alphabet::Ucs2),
            _ => Err(reserved),
        },
        0x80..=0xBF => Err(reserved),
        0xC0..=0xDF => Ok(Alphabet::Gsm7),
        0xE0..=0xEF => Ok(Alphabet::Ucs2),
        0xF0..=0xFF if data_coding & 0x08 != 0 => Err(reserved),
        0xF0..=0xFF if data_coding & 0x04 != 0 => Ok(Alphabet::Data8),
        0xF0..=0xFF => Ok(Alphabet::Gsm7),
    }
}

fn service_centre(reader: &mut Reader<'_>) -> Result<String, SubmitError> {
    const FIELD: &str = "the service centre address";
    let truncated = SubmitError::Truncated { field: FIELD };
    let value = SubmitError::Value { field: FIELD };
    let length = usize::from(reader.octet().ok_or(truncated)?);
    if length == 0 {
        return Ok(String::new());
    }
    let field = reader.take(length).ok_or(truncated)?;
    let (type_of_address, octets) = field.split_first().ok_or(value)?;
    if !(2..=SERVICE_CENTRE_OCTETS_MAX).contains(&length) || type_of_address & 0x80 == 0 {
        return Err(value);
    }
    let odd = octets.last().is_some_and(|octet| octet >> 4 == 0x0F);
    digits_from_semi_octets(octets, octets.len() * 2 - usize::from(odd)).ok_or(value)
}

fn destination(reader: &mut Reader<'_>) -> Result<(String, Vec<u8>), SubmitError> {
    let truncated = SubmitError::Truncated { field: "TP-DA" };
    let value = SubmitError::Value { field: "TP-DA" };
    let length = reader.octet().ok_or(truncated)?;
    let type_of_address = reader.octet().ok_or(truncated)?;
    let semi_octets = usize::from(length);
    if semi_octets == 0 || semi_octets > DESTINATION_DIGITS_MAX || type_of_address & 0x80 == 0 {
        return Err(value);
    }
    let octets = reader.take(semi_octets.div_ceil(2)).ok_or(truncated)?;
    let is_name = type_of_address >> 4 & 0x07 == 5;
    let shown = if is_name {
        alphabet::unpack(octets, 0, semi_octets * 4 / 7).map(|septets| alphabet::text(&septets))
    } else {
        digits_from_semi_octets(octets, semi_octets)
    };
    let mut field = vec![length, type_of_address];
    field.extend_from_slice(octets);
    Ok((shown.ok_or(value)?, field))
}

/// TP-VP in the format of TP-VPF: 0 none, 1 enhanced, 2 relative, 3 absolute.
fn validity(reader: &mut Reader<'_>, format: u8) -> Result<(), SubmitError> {
    let octets = [0, 7, 1, 7].get(usize::from(format)).copied().unwrap_or(0);
    let field = reader.take(octets).ok_or(SubmitError::Truncated { field: "TP-VP" })?;
    let legal = match (format, field) {
        (1, [indicator, value @ ..]) => enhanced_is_legal(*indicator, value),
        (3, [year, month, day, hour, minute, second, _zone]) => {
            decimal(*year).is_some()
                && decimal(*month).is_some_and(|v| (1..=12).contains(&v))
                && decimal(*day).is_some_and(|v| (1..=31).contains(&v))
                && decimal(*hour).is_some_and(|v| v <= 23)
                && decimal(*minute).is_some_and(|v| v <= 59)
                && decimal(*second).is_some_and(|v| v <= 59)
        }
        _ => true,
    };
    if legal { Ok(()) } else { Err(SubmitError::Value { field: "TP-VP" }) }
}

/// TS 23.040 section 9.2.3.12.3: what an indicator does not use is zero.
fn enhanced_is_legal(indicator: u8, value: &[u8]) -> bool {
    let used = match indicator & 0x07 {
        0 => 0,
        1 | 2 => 1,
        3 => 3,
        _ => return false,
    };
    let clock = used != 3 || value.iter().take(3).all(|octet| decimal(*octet).is_some_and(|v| v <= 59));
    let zeros = value.iter().skip(used).all(|octet| *octet == 0);
    let seconds = indicator & 0x07 != 2 || value.first().is_some_and(|seconds| *seconds > 0);
    indicator & 0xB8 == 0 && clock && zeros && seconds
}

/// Two decimal digits, the tens in the low semi-octet.
fn decimal(octet: u8) -> Option<u8> {
    let (tens, units) = (octet & 0x0F, octet >> 4);
    (tens <= 9 && units <= 9).then_some(tens * 10 + units)
}

/// Checks TP-UDL against the octets that are there, and reads header and text.
fn user_data(
    alphabet: Alphabet,
    length: usize,
    octets: &[u8],
    has_header: bool,
) -> Result<(Option<Concatenation>, Option<String>), SubmitError> {
    let promised = if alphabet == Alphabet::Gsm7 { (length * 7).div_ceil(8) } else { length };
    if promised > USER_DATA_OCTETS_MAX {
        return Err(SubmitError::Value { field: "TP-UDL" });
    }
    if promised != octets.len() {
        return Err(SubmitError::Truncated { field: "TP-UD" });
    }
    let header = if has_header { Header::decode(octets)? } else { Header::default() };
    let text = match alphabet {
        Alphabet::Gsm7 => septets(octets, length, &header)?,
        Alphabet::Data8 => None,
        Alphabet::Ucs2 => ucs2(octets.get(header.octets..).unwrap_or(&[]))?,
    };
    Ok((header.concatenation, text))
}

fn septets(octets: &[u8], length: usize, header: &Header) -> Result<Option<String>, SubmitError> {
    let header_septets = (header.octets * 8).div_ceil(7);
    let count = length.checked_sub(header_septets).ok_or(SubmitError::Value { field: "TP-UDL" })?;
    let unused = octets.len() * 8 - length * 7;
    // Bits behind the last septet are zero: anything else is a packing mistake.
    if unused > 0 && octets.last().is_some_and(|last| last >> (8 - unused) != 0) {
        return Err(SubmitError::Value { field: "TP-UD" });
    }
    let septets = alphabet::unpack(octets, header_septets * 7, count);
    let septets = septets.ok_or(SubmitError::Truncated { field: "TP-UD" })?;
    Ok((!header.shifted).then(|| alphabet::text(&septets)))
}

fn ucs2(octets: &[u8]) -> Result<Option<String>, SubmitError> {
    if !octets.len().is_multiple_of(2) {
        return Err(SubmitError::Value { field: "TP-UD" });
    }
    let unit = |pair: &[u8]| pair.try_into().map_or(0, u16::from_be_bytes);
    let units: Vec<u16> = octets.chunks(2).map(unit).collect();
    Ok(Some(String::from_utf16_lossy(&units)))
}

#[cfg(test)]
#[path = "submit_tests.rs"]
mod tests;
