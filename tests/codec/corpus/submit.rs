//! SMS-SUBMIT PDUs of random messages.

use std::time::Duration;

use serde_json::{Value, json};
use smsgrid::model::{
    Address, Alphabet, Content, Language, MessageClass, NumberingPlan, Part, PartNumber, Payload,
    ProtocolIdentifier, SendOptions, Timestamp, TypeOfNumber, ValidityPeriod,
};
use smsgrid::pdu;
use smsgrid::text::{self, Header, Reference, SegmentOptions, Segmented};

use super::random::Random;

/// Characters of the GSM 7-bit default alphabet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Characters of its extension table.
const EXTENSION: &str = "\u{C}^{}\\[~]|€";
/// Characters that need UCS-2, some of them surrogate pairs.
const WIDE: &str = "Привет, мир! 你好世界 שלום مرحبا 😀🚀👩\u{200D}🔬 ąęłńśźż Ελλάδα";
/// Longest text, in characters.
const CHARACTERS_MAX: usize = 400;

/// The PDUs of `messages` random messages, one line a part.
pub(crate) fn lines(messages: usize, seed: u64) -> Vec<Value> {
    let mut random = Random::new(seed);
    (0..messages).flat_map(|message| message_lines(message, &mut random)).collect()
}

fn message_lines(message: usize, random: &mut Random) -> Vec<Value> {
    let reference = reference(random);
    let options = SegmentOptions {
        class: class(random),
        parts_max: text::PARTS_LIMIT,
        reference,
        ..SegmentOptions::default()
    };
    let segmented = segmented(options, random);
    let alphabet = segmented.alphabet;
    let numbered = segmented.parts.into_iter().zip(1..);
    let parts = numbered.map(|(user_data, number)| Part { number: PartNumber(number), user_data });
    let content = Content {
        destination: destination(random),
        alphabet,
        parts: parts.collect(),
        options: send_options(random),
        call: None,
    };
    content.parts.iter().map(|part| line(message, &content, part)).collect()
}

fn segmented(mut options: SegmentOptions, random: &mut Random) -> Segmented {
    match random.below(20) {
        0..=9 => segment(&text_of(BASIC, random), &options),
        10..=12 => segment(&text_of(&format!("{BASIC}{EXTENSION}{EXTENSION}"), random), &options),
        13..=16 => segment(&text_of(WIDE, random), &options),
        17 => {
            let octets: Vec<u8> = (0..random.below(300)).map(|_| random.octet()).collect();
            text::segment_octets(&octets, &options).expect("300 octets are a few parts")
        }
        _ => {
            let language = *random.pick(&Language::ALL);
            let alphabet = Alphabet::Gsm7 { locking: Some(language), single: Some(language) };
            options.alphabet = Some(alphabet);
            segment(&national_text(alphabet, random), &options)
        }
    }
}

fn segment(text: &str, options: &SegmentOptions) -> Segmented {
    let segmented = text::segment(text, options).expect("400 characters are a few parts");
    assert_eq!(text::join(&segmented.parts).as_deref(), Some(text), "the parts are the text");
    segmented
}

fn text_of(characters: &str, random: &mut Random) -> String {
    let characters: Vec<char> = characters.chars().collect();
    (0..random.below(CHARACTERS_MAX)).map(|_| *random.pick(&characters)).collect()
}

/// Characters that the tables of `alphabet` have, taken from our own decoder.
fn national_text(alphabet: Alphabet, random: &mut Random) -> String {
    let codes = (0..128).flat_map(|code| [vec![code], vec![0x1B, code]]).map(Payload::Septets);
    let characters: String = codes.map(|septets| text::decode(&septets, alphabet)).collect();
    let characters: String =
        characters.chars().filter(|c| text::encode(&c.to_string(), alphabet).is_ok()).collect();
    text_of(&characters, random)
}

fn reference(random: &mut Random) -> Reference {
    if random.once_in(2) {
        Reference::Bits8(random.octet())
    } else {
        Reference::Bits16(u16::from_be_bytes([random.octet(), random.octet()]))
    }
}

fn class(random: &mut Random) -> Option<MessageClass> {
    let classes = [MessageClass::Class0, MessageClass::Class1, MessageClass::Class2, MessageClass::Class3];
    if random.once_in(4) { Some(*random.pick(&classes)) } else { None }
}

fn destination(random: &mut Random) -> Address {
    let digits: String = (0..1 + random.below(20))
        .map(|_| *random.pick(&['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']))
        .collect();
    let types = [
        TypeOfNumber::International,
        TypeOfNumber::International,
        TypeOfNumber::National,
        TypeOfNumber::Unknown,
    ];
    let address = Address::with_type(*random.pick(&types), NumberingPlan::TELEPHONE, &digits);
    address.expect("1 to 20 digits")
}

fn send_options(random: &mut Random) -> SendOptions {
    let service_centre = if random.once_in(3) { Address::international("358405202000").ok() } else { None };
    SendOptions {
        protocol_identifier: ProtocolIdentifier(*random.pick(&[0x00, 0x00, 0x00, 0x40, 0x41, 0x7F])),
        validity_period: validity_period(random),
        report_unsaid: false,
        status_report: random.once_in(2),
        reject_duplicates: random.once_in(4),
        reply_path: random.once_in(8),
        message_reference: random.octet(),
        service_centre,
    }
}

fn validity_period(random: &mut Random) -> Option<ValidityPeriod> {
    match random.below(8) {
        0..=1 => None,
        2..=4 => Some(ValidityPeriod::Relative(random.octet())),
        5..=6 => {
            // Any second between 2001 and 2032.
            let second = 1_000_000_000 + random.below(1_000_000_000);
            let second = u64::try_from(second).unwrap_or(0);
            Some(ValidityPeriod::Absolute(Timestamp::from_unix_millis(second * 1000)))
        }
        _ => {
            // Up to 255 seconds are written in one octet, up to 99:59:59 in three.
            let longest = *random.pick(&[255, 359_999]);
            let seconds = u64::try_from(1 + random.below(longest)).unwrap_or(1);
            Some(ValidityPeriod::Enhanced(Duration::from_secs(seconds)))
        }
    }
}

fn line(message: usize, content: &Content, part: &Part) -> Value {
    let pdu = pdu::submit(content, part).expect("a legal message");
    let options = &content.options;
    let header = Header::decode(&part.user_data.header).expect("a header of our own");
    let concatenation = header.concatenation();
    let (locking, single) = header.shift_tables();
    let text = text::join([&part.user_data]);
    json!({
        "message": message,
        "pdu": pdu.hex,
        "tpdu_octets": pdu.tpdu_octets,
        "service_centre": options.service_centre.as_ref().map(Address::reveal),
        "destination": content.destination.reveal(),
        "type_of_number": content.destination.type_of_number().bits(),
        "numbering_plan": content.destination.numbering_plan().bits(),
        "message_reference": options.message_reference,
        "protocol_identifier": options.protocol_identifier.0,
        "data_coding": part.user_data.data_coding,
        "status_report": options.status_report,
        "reject_duplicates": options.reject_duplicates,
        "reply_path": options.reply_path,
        "validity": options.validity_period.map(validity),
        "header": hex(&part.user_data.header),
        "reference": concatenation.map(|concatenation| match concatenation.reference {
            Reference::Bits8(reference) => u16::from(reference),
            Reference::Bits16(reference) => reference,
        }),
        "total": concatenation.map(|concatenation| concatenation.total),
        "number": concatenation.map(|concatenation| concatenation.number),
        "locking": locking.map(Language::identifier),
        "single": single.map(Language::identifier),
        "text": text,
        "data": if text.is_none() { Some(payload_hex(&part.user_data.payload)) } else { None },
    })
}

fn validity(period: ValidityPeriod) -> Value {
    match period {
        ValidityPeriod::Relative(octet) => json!({ "relative": octet }),
        ValidityPeriod::Absolute(until) => json!({ "absolute": until.as_unix_millis() / 1000 }),
        ValidityPeriod::Enhanced(span) => json!({ "enhanced": span.as_secs() }),
    }
}

fn payload_hex(payload: &Payload) -> String {
    let (Payload::Septets(units) | Payload::Octets(units)) = payload;
    hex(units)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}
