//! Files and what they ask for, or why they are refused.

use proptest::prelude::*;

use super::*;
use crate::model::{ProtocolIdentifier, TypeOfNumber, ValidityPeriod};
use crate::sms_file::Letter;

#[test]
fn a_plain_file_asks_for_smsd_s_defaults() {
    let request = read("To: +358 40-123 4567\n\nHello w\u{f6}rld \u{20ac} \n\n");

    assert_eq!(request.destination.reveal(), "358401234567");
    let Body::Latin(text) = &request.body else { panic!("{:?}", request.body) };
    assert_eq!(text.iter().map(|letter| letter.character).collect::<String>(), "Hello wörld €");
    assert_eq!(request.autosplit, Autosplit::Concatenated);
    assert_eq!(request.options.validity_period, Some(ValidityPeriod::Relative(255)));
    assert_eq!(request.priority, Priority::Normal);
    assert!(!request.options.status_report);
    assert_eq!(request.coding.octet(0), 0);
}

#[test]
fn the_last_to_wins() {
    assert_eq!(read("To: 1\nTo: 2\n\nx").destination.reveal(), "2");
    assert_eq!(refusal("To: 1\nTo:\n\nx"), "No destination");
}

#[test]
fn a_file_that_cannot_be_sent_is_refused_in_smsd_s_words() {
    let table = [
        ("to: 1\n\nx", "No destination"),
        ("To: abc\n\nx", "No destination"),
        ("To: s\n\nx", "No destination"),
        ("To: 1\nAlphabet: klingon\n\nx", "Invalid alphabet"),
        ("To: 1\nAlphabet:\n\nx", "Invalid alphabet"),
        ("To: 1\nTo_TOA: lunar\n\nx", "Invalid number type"),
        ("To: 1\nx", "No text or data"),
        ("To: 1\n\n", "No text or data"),
        ("To: 1\n\n\x1A", "No text"),
        ("To: 1\nMessage_reference: 256\n\nx", "Invalid message reference"),
        ("To: 1\nMessage_reference: -1\n\nx", "Invalid message reference"),
        ("To: 1\nLanguage: klingon\n\nx", "Invalid language/language_ext"),
        ("To: 1\nAlphabet: binary\n\n\x05ab", "Incorrect first byte of UDH"),
        ("To: 1\nUDH-DATA: 06 00\n\nx", "Incorrect first byte of UDH"),
        ("To: 1\nHex: yes\nAlphabet: bin\nUDH: no\n\n# nothing", "No data"),
        ("To: 1\nInclude: /etc/passwd\n\nx", "Cannot read included file /etc/passwd: it was not looked for"),
        ("To: 1\nMacro: x=\n\nx", "No text"),
        ("To: 1\nText_is_pdu: yes\n\nx", "Invalid key (To) for text_is_pdu"),
        (
            "To: 1\nVoicecall: yes\n\n100 1",
            "No voice call can be made of it: its tones are played 99 times at most",
        ),
        ("To: 1\nVoicecall: yes\n\n", "No text or data"),
        ("To: 123456789012345678901\n\nx", "Destination number is too long"),
    ];
    for (file, reason) in table {
        assert_eq!(refusal(file), reason, "{file:?}");
    }
    let long = format!("To: 1\n\n{}", "x".repeat(BODY_OCTETS_MAX + 1));
    assert_eq!(refusal(&long), "Too long text");
    assert_eq!(read("To: 1\nVoicecall: no\nText_is_pdu: no\n\nx").body, iso_text("x"));
}

#[test]
fn a_language_needs_utf8() {
    let document = Document::read(b"To: 1\nLanguage: turkish\n\n\xFDx").expect("small");
    assert_eq!(Request::read(&document, &Settings::default()), Err(Rejection::LanguageShift));

    let request = read("To: 1\nLanguage: turkish\nLanguage_ext: spanish\n\nığ");
    let tables = |locking, single| Some(ShiftTables { locking, single });
    assert_eq!(request.shift, tables(Some(Language::Turkish), Some(Language::Spanish)));
    let shift = |headers: &str| read(&format!("To: 1\n{headers}\n\nx")).shift;
    assert_eq!(shift("Language: 13"), tables(Some(Language::Urdu), Some(Language::Urdu)));
    assert_eq!(shift("Language: spanish"), tables(None, Some(Language::Spanish)));
    assert_eq!(shift("Language: basic"), tables(None, None));
    assert_eq!(shift("Language_ext: turkish"), tables(None, Some(Language::Turkish)));
    assert_eq!(shift("Language_ext: basic"), None);
}

#[test]
fn each_option_reaches_its_field() {
    let request = read(
        "To: s123\nFrom: desk\nFlash: yes\nReport: yes\nReply_path: y\nReject_duplicates: 1\nReplace: 3\n\
         Validity: 2 days\nMessage_reference: 77\nRetries: 4\nPriority: HIGH\nQueue: A\nProvider: B\n\
         Autosplit: 1\nSMSC: +49171\n\nx",
    );

    assert_eq!(request.destination.type_of_number(), TypeOfNumber::Unknown);
    assert_eq!((request.from.as_str(), request.retries), ("desk", Some(4)));
    assert_eq!((request.priority, request.queue.as_deref()), (Priority::High, Some("B")));
    assert_eq!((request.autosplit, request.coding.octet(8)), (Autosplit::Plain, 0x18));
    let options = request.options;
    assert!(options.status_report && options.reply_path && options.reject_duplicates);
    assert_eq!(options.protocol_identifier, ProtocolIdentifier(0x43));
    assert_eq!(options.validity_period, Some(ValidityPeriod::Relative(168)));
    assert_eq!((options.message_reference, options.service_centre), (77, None));
}

#[test]
fn the_coding_follows_the_order_of_smsd() {
    let octet = |headers: &str, alphabet| read(&format!("To: 1\n{headers}\n\nx")).coding.octet(alphabet);

    assert_eq!(octet("Class: 2", 4), 0x16);
    assert_eq!(octet("Class: 4", 4), 0x04);
    assert_eq!(octet("Class: x", 0), 0x10);
    assert_eq!(octet("DCS_hex: f", 0), 0x0F);
    assert_eq!(octet("DCS_hex: F1F2", 0), 0x00);
    assert_eq!(octet("Class: 2\nFlash: yes", 0), 0x10);
    assert_eq!(octet("Flash: yes\nDCS_hex: F1", 0), 0xF1);
    assert_eq!(octet("DCS_hex: F1\nSystem_message: yes", 0), 0xF4);
    assert_eq!(octet("System_message: ToSIM", 0), 0xF6);
    let pid = |headers: &str| read(&format!("To: 1\n{headers}\n\nx")).options.protocol_identifier.0;
    assert_eq!((pid("System_message: 2"), pid("System_message: yes"), pid("Ping: yes")), (0x7F, 0x40, 0x40));
}

#[test]
fn a_ping_always_wants_a_report_and_one_part() {
    let request = read("To: 1\nPing: yes\nReport: no\nAutosplit: 3\n\nx");

    assert!(request.options.status_report);
    assert_eq!(request.autosplit, Autosplit::Off);
}

#[test]
fn each_alphabet_gives_its_body() {
    let body = |headers: &str, body: &[u8]| {
        let file = [b"To: 1\n", headers.as_bytes(), b"\n\n", body].concat();
        Request::read(&Document::read(&file).expect("small"), &Settings::default()).expect("sendable")
    };

    assert_eq!(body("Alphabet: Latin", b"\xE4\xA4").body, iso_text("ä€"));
    assert_eq!(body("Alphabet: utf-8", "漢 \n".as_bytes()).body, utf8_text("漢 \n"));
    assert_eq!(body("Alphabet: GSM", b"\x1Be\xE4").body, Body::Septets(vec![0x1B, 0x65, 0x64]));
    assert_eq!(body("Alphabet: UCS2", b"\x00a\x00").body, Body::Ucs2(b"\x00a\x00".to_vec()));
    let binary = body("Alphabet: binary", b"\x02ab\x00data");
    assert_eq!(binary.user_data_header, Some(b"ab".to_vec()));
    assert_eq!(binary.body, Body::Octets(b"\x00data".to_vec()));
    assert_eq!(body("Binary: yes\nUDH: no", b"\x09").body, Body::Octets(vec![9]));
    assert_eq!(body("Alphabet: bin\nBinary: no", b"a").body, iso_text("a"));
    let given = body("Alphabet: bin\nUDH-DATA: 02 AA BB", b"\x09");
    assert_eq!((given.user_data_header, given.body), (Some(vec![0xAA, 0xBB]), Body::Octets(vec![9])));
    let dump = body("Alphabet: bin\nUDH: no\nHex: yes", b"0102 / x\n");
    assert_eq!(dump.body, Body::Octets(vec![1, 2]));
    assert_eq!(body("Hex: yes", b"48 69").body, Body::Septets(b"Hi".to_vec()));
}

#[test]
fn macros_are_carried_out_in_iso_text_and_hex_dumps_only() {
    let body = |headers: &str, body: &str| read(&format!("To: 1\nMacro: 4a=4b\n{headers}\n\n{body}")).body;

    assert_eq!(body("X: y", "a4a"), iso_text("a4b"));
    assert_eq!(body("Alphabet: UTF-8", "a4a"), utf8_text("a4a"));
    assert_eq!(body("Alphabet: bin\nUDH: no\nHex: yes", "4a 01"), Body::Octets(vec![0x4B, 1]));
    assert_eq!(body("Alphabet: GSM", "4a"), Body::Septets(b"4a".to_vec()));
}

#[test]
fn octets_that_are_not_utf8_do_not_cut_the_text() {
    let file = b"To: 1\nAlphabet: UTF-8\n\na\xE4b";
    let request =
        Request::read(&Document::read(file).expect("small"), &Settings::default()).expect("sendable");

    assert_eq!(request.body, utf8_text("aäb"));
}

#[test]
fn urgency_is_seen_in_the_header_only() {
    let english = Arc::default();
    assert!(is_urgent(b"To: 1\nPriority: HIGH\n\nx", &english));
    assert!(is_urgent(b"Priority: yes", &english));
    assert!(!is_urgent(b"To: 1\n\nPriority: HIGH\n", &english));
    assert!(!is_urgent(b"Priority: HIGH\nPriority: no\n\n", &english));
    let translation = Translation::read(b"Priority: = Vorrang:\nyes_chars = 'j'").expect("a language file");
    assert!(is_urgent(b"Vorrang: ja", &Arc::new(translation)));
    assert!(!is_urgent(b"Priority: ja", &english));
}

#[test]
fn an_ignored_priority_stays_normal() {
    let document = Document::read(b"To: 1\nPriority: HIGH\n\nx").expect("small");
    let settings = Settings { priority: false, ..Settings::default() };

    let request = Request::read(&document, &settings).expect("sendable");

    assert_eq!(request.priority, Priority::Normal);
}

proptest! {
    #[test]
    fn no_octets_make_reading_panic(
        headers in prop::collection::vec((prop::sample::select(Header::ALL), prop::collection::vec(any::<u8>(), 0..12)), 0..8),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut file = b"To: 4917\n".to_vec();
        for (header, value) in headers {
            file.extend_from_slice(header.name().as_bytes());
            file.extend_from_slice(&value);
            file.push(b'\n');
        }
        file.push(b'\n');
        file.extend_from_slice(&body);
        let document = Document::read(&file).expect("small");
        if let Ok(request) = Request::read(&document, &Settings::default()) {
            prop_assert!(!request.destination.reveal().is_empty());
        }
    }
}

fn read(file: &str) -> Request {
    let document = Document::read(file.as_bytes()).expect("small");
    Request::read(&document, &Settings::default()).expect("sendable")
}

fn refusal(file: &str) -> String {
    let document = Document::read(file.as_bytes()).expect("small");
    Request::read(&document, &Settings::default()).expect_err("refused").to_string()
}

fn iso_text(text: &str) -> Body {
    let letter = |character: char| {
        let octet = match character {
            '€' => 0xA4,
            other => u8::try_from(u32::from(other)).expect("a character of ISO-8859-1"),
        };
        Letter { character, octet: Some(octet) }
    };
    Body::Latin(text.chars().map(letter).collect())
}

fn utf8_text(text: &str) -> Body {
    Body::Text(text.to_owned())
}
