//! What a service centre sends to a modem: SMS-DELIVER and SMS-STATUS-REPORT (TS 23.040 sections 9.2.2.1, 9.2.2.3).

use crate::model::Timestamp;

use super::alphabet;
use super::calendar::service_centre_time;
use super::octets::semi_octets;
use super::submit::Submit;

/// Most parts of one text that arrives; the rest of a longer one is dropped.
const PARTS_MAX: usize = 255;
/// Septets and octets of one part, alone and with a header of six octets.
const SEPTETS_MAX: usize = 160;
const SEPTETS_MAX_OF_PART: usize = 153;
const UCS2_UNITS_MAX: usize = 70;
const UCS2_UNITS_MAX_OF_PART: usize = 67;
/// TP-DCS of UCS-2.
const DATA_CODING_UCS2: u8 = 0x08;
/// TP-MTI, TP-MMS "no more messages" and TP-UDHI of the first octet.
const DELIVER: u8 = 0x04;
const DELIVER_WITH_HEADER: u8 = 0x44;
const STATUS_REPORT: u8 = 0x06;

/// The PDUs, service centre address first, that carry `text` from `sender` at `moment`. `reference` joins
/// the parts of a long text. A sender is a number with or without plus, or a name of up to 11 characters.
pub(super) fn deliver(
    service_centre: &str,
    sender: &str,
    text: &str,
    reference: u8,
    moment: Timestamp,
) -> Vec<Vec<u8>> {
    let (data_coding, parts) = split(text);
    let total = u8::try_from(parts.len()).unwrap_or(u8::MAX);
    let part = |(number, units): (u8, Units)| {
        let header: &[u8] = if total > 1 { &[5, 0, 3, reference, total, number] } else { &[] };
        let mut pdu = service_centre_field(service_centre);
        pdu.push(if total > 1 { DELIVER_WITH_HEADER } else { DELIVER });
        pdu.extend(address(sender));
        pdu.extend([0x00, data_coding]);
        pdu.extend(service_centre_time(moment));
        pdu.extend(units.user_data(header));
        pdu
    };
    (1..=total).zip(parts).map(part).collect()
}

/// The PDU, service centre address first, that reports on `submit`, sent as `message_reference` at
/// `sent` and settled at `settled` with TP-ST `status`.
pub(super) fn status_report(
    service_centre: &str,
    submit: &Submit,
    message_reference: u8,
    sent: Timestamp,
    settled: Timestamp,
    status: u8,
) -> Vec<u8> {
    let mut pdu = service_centre_field(service_centre);
    pdu.extend([STATUS_REPORT, message_reference]);
    pdu.extend(&submit.destination_field);
    pdu.extend(service_centre_time(sent));
    pdu.extend(service_centre_time(settled));
    pdu.push(status);
    pdu
}

/// The characters of one part in their alphabet.
enum Units {
    Septets(Vec<u8>),
    Ucs2(Vec<u16>),
}

impl Units {
    fn user_data(&self, header: &[u8]) -> Vec<u8> {
        let (length, octets) = match self {
            Units::Septets(septets) => {
                let header_septets = (header.len() * 8).div_ceil(7);
                let fill = header_septets * 7 - header.len() * 8;
                (header_septets + septets.len(), alphabet::pack(septets, fill))
            }
            Units::Ucs2(units) => {
                (header.len() + units.len() * 2, units.iter().flat_map(|unit| unit.to_be_bytes()).collect())
            }
        };
        let mut user_data = vec![u8::try_from(length).unwrap_or(u8::MAX)];
        user_data.extend_from_slice(header);
        user_data.extend(octets);
        user_data
    }
}

/// TP-DCS and the parts of `text`; neither an escape nor a surrogate pair is split.
fn split(text: &str) -> (u8, Vec<Units>) {
    let codes: Option<Vec<Vec<u8>>> = text.chars().map(alphabet::codes).collect();
    match codes {
        Some(codes) => {
            let parts = pieces(&codes, SEPTETS_MAX, SEPTETS_MAX_OF_PART);
            (0x00, parts.into_iter().map(Units::Septets).collect())
        }
        None => {
            let units: Vec<Vec<u16>> = text.chars().map(|c| c.encode_utf16(&mut [0; 2]).to_vec()).collect();
            let parts = pieces(&units, UCS2_UNITS_MAX, UCS2_UNITS_MAX_OF_PART);
            (DATA_CODING_UCS2, parts.into_iter().map(Units::Ucs2).collect())
        }
    }
}

/// Characters joined to one part of at most `alone` units, or to several of at most `of_part`.
fn pieces<T: Copy>(characters: &[Vec<T>], alone: usize, of_part: usize) -> Vec<Vec<T>> {
    if characters.iter().map(Vec::len).sum::<usize>() <= alone {
        return vec![characters.concat()];
    }
    let mut parts: Vec<Vec<T>> = vec![Vec::new()];
    for character in characters {
        if parts.last().is_none_or(|part| part.len() + character.len() > of_part) {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend_from_slice(character);
        }
    }
    parts.truncate(PARTS_MAX);
    parts
}

/// Length, type and digits; nothing but a zero length when there is no address.
fn service_centre_field(number: &str) -> Vec<u8> {
    let digits = semi_octets(number.trim_start_matches('+'));
    if digits.is_empty() {
        return vec![0];
    }
    let mut field = vec![u8::try_from(digits.len() + 1).unwrap_or(0)];
    field.push(type_of_number(number));
    field.extend(digits);
    field
}

/// TP-OA: digits with their count, or a name in septets.
fn address(sender: &str) -> Vec<u8> {
    let digits = sender.trim_start_matches('+');
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let digits: String = digits.chars().take(20).collect();
        let mut field = vec![u8::try_from(digits.len()).unwrap_or(0), type_of_number(sender)];
        field.extend(semi_octets(&digits));
        return field;
    }
    let septets: Vec<u8> = sender.chars().filter_map(alphabet::codes).flatten().take(11).collect();
    let octets = alphabet::pack(&septets, 0);
    let mut field = vec![u8::try_from((septets.len() * 7).div_ceil(4)).unwrap_or(0), 0xD0];
    field.extend(octets);
    field
}

/// Type of address: international with a plus sign, else unknown; telephone plan.
fn type_of_number(number: &str) -> u8 {
    if number.starts_with('+') { 0x91 } else { 0x81 }
}

#[cfg(test)]
mod tests {
    use super::super::octets::{from_hex, to_hex};
    use super::*;

    const MOMENT: Timestamp = Timestamp::from_unix_millis(1_709_251_199_000);

    #[test]
    fn a_short_text_is_one_part_as_the_standard_writes_it() {
        let pdus = deliver("+491760000443", "+46708251358", "hellohello", 0, MOMENT);

        let expected = "0791947106004034040B916407281553F80000422092329595000AE8329BFD4697D9EC37";
        assert_eq!(pdus.iter().map(|pdu| to_hex(pdu)).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn a_name_is_a_sender_in_septets() {
        let pdus = deliver("", "Bank", "x", 0, MOMENT);

        assert!(to_hex(&pdus[0]).starts_with("000407D0C2B07B0D"), "{}", to_hex(&pdus[0]));
    }

    #[test]
    fn a_long_text_is_split_without_cutting_an_escape_or_a_pair() {
        let euros = "€".repeat(81);
        let smiles = "😀".repeat(36);

        let septets = deliver("", "1", &euros, 9, MOMENT);
        let ucs2 = deliver("", "1", &smiles, 9, MOMENT);

        assert_eq!((septets.len(), ucs2.len()), (2, 2));
        // 152 septets and the seven of the header; 33 pairs and the header.
        assert_eq!(user_data_length(&septets[0]), 159);
        assert_eq!(user_data_length(&ucs2[0]), 33 * 4 + 6);
        assert!(septets.iter().chain(&ucs2).all(|pdu| pdu.len() <= 1 + 165));
    }

    #[test]
    fn a_report_names_recipient_and_reference() {
        let submit = from_hex(b"0021000B916407281553F800000AE8329BFD4697D9EC37").unwrap();
        let submit = Submit::decode(&submit, 22).unwrap();

        let pdu = status_report("", &submit, 0x2A, MOMENT, MOMENT, 0x00);

        assert_eq!(to_hex(&pdu), "00062A0B916407281553F8422092329595004220923295950000");
    }

    /// TP-UDL of a PDU without service centre from a sender of one digit.
    fn user_data_length(pdu: &[u8]) -> u8 {
        pdu[1 + 1 + 3 + 2 + 7]
    }
}
