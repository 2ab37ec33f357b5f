//! Files made messages: alphabets, parts, notices.

use proptest::prelude::*;

use super::*;
use crate::model::{Alphabet, Language, Payload, UserData};

#[test]
fn text_is_sent_in_the_gsm_alphabet_with_look_alikes_and_without_what_is_lost() {
    let made = made("To: 1\n\nHello w\u{f6}rld \u{20ac} \u{ea}\u{6f22}!");

    assert_eq!(made.content.alphabet, Alphabet::GSM7);
    assert_eq!(septets(&made.content.parts[0].user_data), b"Hello w\x7Crld \x1Be e!");
    assert_eq!(notices(&made), ["Cannot convert 16. character (E6BCA2)漢 to GSM."]);
}

#[test]
fn utf8_text_becomes_ucs2_as_a_whole_and_says_so() {
    let made = made("To: 1\nAlphabet: UTF-8\n\nHi 漢😀");

    assert_eq!(made.content.alphabet, Alphabet::Ucs2);
    let data = &made.content.parts[0].user_data;
    assert_eq!(data.payload, Payload::Octets(utf16("Hi 漢😀")));
    assert_eq!(data.data_coding, 0x08);
    assert_eq!(made.notices.len(), 3);
    assert_eq!(notices(&made)[2], "2 characters outside the GSM alphabet, converting to UCS2");
}

#[test]
fn long_text_is_cut_in_the_way_the_file_asks_for() {
    let text = "a".repeat(161);
    let lengths = |headers: &str| -> Vec<usize> {
        let made = made(&format!("To: 1\n{headers}\n\n{text}"));
        made.content.parts.iter().map(|part| part.user_data.payload.units()).collect()
    };

    assert_eq!(lengths("Autosplit: 0"), [160]);
    assert_eq!(lengths("Autosplit: 1"), [160, 1]);
    assert_eq!(lengths("Autosplit: 2"), [160, 9]);
    assert_eq!(lengths("Autosplit: 3"), [153, 8]);
    assert_eq!(lengths("UDH-DATA: 02 AA BB"), [156]);
    assert_eq!(lengths("Alphabet: UTF-8"), [153, 8]);
    assert_eq!(lengths("Alphabet: binary\nUDH: no"), [134, 27]);
    assert_eq!(lengths("Alphabet: binary\nUDH: no\nAutosplit: 1"), [134, 27]);
    assert_eq!(refusal(&format!("To: 1\nAlphabet: bin\nUDH: no\nAutosplit: 0\n\n{text}")), {
        "Too long data for single part sending"
    });
}

#[test]
fn numbered_parts_start_with_their_number() {
    let made = made(&format!("To: 1\nAutosplit: 2\n\n{}", "a".repeat(156 * 9 + 1)));

    assert_eq!(made.content.parts.len(), 10);
    assert!(septets(&made.content.parts[0].user_data).starts_with(b"1/10  aaa"));
    assert!(septets(&made.content.parts[9].user_data).starts_with(b"10/10 aaa"));
    assert_eq!(septets(&made.content.parts[8].user_data).len(), 160);
    let short = self::made(&format!("To: 1\nAutosplit: 2\nAlphabet: UCS2\n\n{}", "\0a".repeat(71)));
    assert_eq!(short.content.parts[1].user_data.payload, Payload::Octets(utf16("2/2 aaaaa")));
}

#[test]
fn concatenated_parts_share_their_reference_and_keep_escapes_whole() {
    let made = made(&format!("To: 1\nReplace: 2\n\n{}\u{20ac}{}", "a".repeat(152), "b".repeat(20)));

    let headers: Vec<_> = made.content.parts.iter().map(|part| part.user_data.header.clone()).collect();
    assert_eq!(headers, [[0, 3, 7, 2, 1], [0, 3, 7, 2, 2]]);
    assert_eq!(septets(&made.content.parts[0].user_data).len(), 152);
    assert_eq!(made.content.options.protocol_identifier, ProtocolIdentifier(0));
}

#[test]
fn a_header_of_data_is_merged_into_the_first_part() {
    let made = made(&format!("To: 1\nAlphabet: binary\n\n\x02ab{}", "x".repeat(140)));

    assert_eq!(made.content.parts[0].user_data.header, [b'a', b'b', 0, 3, 7, 2, 1]);
    assert_eq!(made.content.parts[1].user_data.header, [0, 3, 7, 2, 2]);
    let lengths: Vec<_> = made.content.parts.iter().map(|part| part.user_data.payload.units()).collect();
    assert_eq!(lengths, [131, 9]);
}

#[test]
fn shift_tables_are_named_only_where_they_are_used() {
    let text = made("To: 1\nLanguage: turkish\n\nışık 漢");
    let turkish = Alphabet::Gsm7 { locking: Some(Language::Turkish), single: None };
    assert_eq!(text.content.alphabet, turkish);
    let lost = "Cannot convert 6. UTF-8 character E6 BC A2 (漢) to GSM, not found on language tables 1/1.";
    assert_eq!(notices(&text), [lost]);
    assert_eq!(text.content.parts[0].user_data.header, [0x25, 1, 1]);

    let plain = made("To: 1\nLanguage: turkish\n\nplain");
    assert_eq!(plain.content.parts[0].user_data.header, []);
}

#[test]
fn the_classes_of_a_file_reach_every_part() {
    let made = made(&format!("To: 1\nFlash: yes\n\n{}", "a".repeat(200)));
    assert!(made.content.parts.iter().all(|part| part.user_data.data_coding == 0x10));
    let system = self::made("To: 1\nSystem_message: yes\n\nab");
    assert_eq!(system.content.parts[0].user_data.data_coding, 0xF4);
    assert_eq!(system.content.parts[0].user_data.payload, Payload::Octets(b"ab".to_vec()));
}

#[test]
fn two_hundred_and_fifty_six_parts_are_too_many() {
    let text = |units: usize| format!("To: 1\nAutosplit: 3\n\n{}", "a".repeat(units));

    assert_eq!(made(&text(153 * 255)).content.parts.len(), 255);
    let wide = format!("To: 1\nAlphabet: UTF-8\n\n{}", "щ".repeat(67 * 255 + 1));
    assert_eq!(refusal(&wide), "Too long text");
    assert_eq!(refusal("To: 1\n\n漢"), "No text");
}

#[test]
fn a_coding_that_does_not_fit_the_text_is_refused_before_it_is_accepted() {
    let reason = refusal("To: 1\nDCS_hex: 08\n\nHello");
    assert_eq!(reason, "No message can be made of it: the payload is not what data coding 0x08 says");
    let system = format!("To: 1\nSystem_message: yes\n\n{}", "x".repeat(141));
    assert_eq!(refusal(&system), "Too long data for system message");
}

#[test]
fn a_pdu_leaves_as_it_is_and_is_listed_under_the_number_in_it() {
    let settings = Settings { text_is_pdu_key: Some("12345".to_owned()), ..Settings::default() };
    let prepare = |to: &str, pdu: &str| {
        let file = format!("To: {to}\nText_is_pdu: yes\nReport: yes\n\n{pdu}\n");
        super::prepare(&Document::read(file.as_bytes()).expect("small"), &settings, 7)
    };
    let hex = "0791947101670000B14D0C919471103254764318A7060605040B8423F0".to_owned();
    let hello = "0031000C919471103254760000FF05C8329BFD06";

    let made = prepare("+123 45", hello).expect("a message");
    assert_eq!(made.number, "491701234567");
    assert!(made.content.options.status_report);
    assert_eq!(pdu::submit(&made.content, &made.content.parts[0]).expect("a PDU").hex, hello);
    assert_eq!(prepare("4917", hello), Err(Rejection::InvalidKey));
    let file = format!("To: 12345\nText_is_pdu: yes\n\n{hello}\n");
    let each = super::prepare_each(&Document::read(file.as_bytes()).expect("small"), &settings, 7);
    let numbers: Vec<String> = each.expect("a message").into_iter().map(|one| one.number).collect();
    assert_eq!(numbers, ["491701234567"], "the key is nobody's number");
    for broken in [&hello[..38], &hello[..37], "xyz", &format!("{hello}{hello}"), &hex] {
        let refused = prepare("12345", broken).expect_err("no PDU");
        assert!(matches!(refused, Rejection::NoPdu { .. }), "{broken}: {refused}");
    }
}

proptest! {
    #[test]
    fn every_part_fits_and_nothing_is_lost_between_them(
        body in prop::collection::vec(any::<u8>(), 1..1500),
        alphabet in prop::sample::select(vec!["GSM", "UCS2", "binary", "ISO", "UTF-8"]),
        mode in 0..4_u8,
    ) {
        let head = format!("To: 1\nUDH: no\nAlphabet: {alphabet}\nAutosplit: {mode}\n\n");
        let document = Document::read(&[head.as_bytes(), &body].concat()).expect("small");
        if let Ok(made) = prepare(&document, &Settings::default(), 7) {
            for part in &made.content.parts {
                let header = if part.user_data.header.is_empty() { 0 } else { part.user_data.header.len() + 1 };
                let octets = match &part.user_data.payload {
                    Payload::Septets(septets) => (septets.len() * 7).div_ceil(8),
                    Payload::Octets(octets) => octets.len(),
                };
                prop_assert!(header + octets <= 140);
            }
            if alphabet == "UCS2" && (mode == 1 || mode == 3) {
                let joined: Vec<u8> = made.content.parts.iter().flat_map(|part| match &part.user_data.payload {
                    Payload::Octets(octets) | Payload::Septets(octets) => octets.clone(),
                }).collect();
                prop_assert_eq!(joined, body);
            }
        }
    }
}

fn made(file: &str) -> Submission {
    prepare(&Document::read(file.as_bytes()).expect("small"), &Settings::default(), 7).expect("sendable")
}

fn refusal(file: &str) -> String {
    let document = Document::read(file.as_bytes()).expect("small");
    prepare(&document, &Settings::default(), 7).expect_err("refused").to_string()
}

fn notices(made: &Submission) -> Vec<String> {
    made.notices.iter().map(|notice| String::from_utf8_lossy(notice).into_owned()).collect()
}

fn septets(data: &UserData) -> &[u8] {
    match &data.payload {
        Payload::Septets(septets) | Payload::Octets(septets) => septets,
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
