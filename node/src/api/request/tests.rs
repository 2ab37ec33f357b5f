//! Requests as they become messages, and every field that can be wrong.

use smsgrid::model::{Alphabet, Payload};
use smsgrid_proto::Reason;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

#[test]
fn a_plain_request_becomes_one_gsm_part_as_long_as_the_centre_will() {
    let request =
        read(v1::SubmitRequest { text: "a\tb".to_owned(), ..to("+4915112345678") }).expect("a message");

    assert_eq!(request.content.alphabet, Alphabet::GSM7);
    assert_eq!(request.content.parts.len(), 1);
    assert_eq!(request.content.parts[0].user_data.payload, Payload::Septets(b"a b".to_vec()));
    assert_eq!(request.content.options.validity_period, Some(ValidityPeriod::Relative(255)));
    assert_eq!((request.not_before, request.deadline, request.key), (None, None, None));
    assert_eq!((request.priority, request.uncertain), (Priority::Normal, UncertainPolicy::Resend));
}

#[test]
fn every_option_reaches_the_message() {
    let request = read(v1::SubmitRequest {
        text: "“hi” 🙂".to_owned(),
        key: "k1".to_owned(),
        report: true,
        priority: v1::Priority::High.into(),
        modem: "GSM1".to_owned(),
        tags: vec!["b".to_owned(), "a".to_owned()],
        uncertain: v1::UncertainPolicy::Hold.into(),
        validity: Some(prost_types::Duration { seconds: 600, nanos: 0 }),
        at: Some(timestamp(NOW + Duration::from_secs(60))),
        flash: true,
        ..to("+4915112345678")
    })
    .expect("a message");

    assert_eq!(request.content.alphabet, Alphabet::Ucs2);
    assert_eq!(request.content.parts[0].user_data.data_coding, 0x18);
    assert!(request.content.options.status_report);
    assert_eq!(request.key.expect("a key").as_str(), "k1");
    assert_eq!((request.priority, request.uncertain), (Priority::High, UncertainPolicy::Hold));
    assert_eq!(request.not_before, Some(NOW + Duration::from_secs(60)));
    assert_eq!(request.deadline, Some(NOW + Duration::from_secs(660)));
    assert_eq!(request.route.modem.expect("a modem").as_str(), "GSM1");
    assert_eq!(request.route.tags.len(), 2);
    assert_eq!(request.content.options.validity_period, Some(ValidityPeriod::Relative(1)));
}

#[test]
fn plain_keeps_a_text_in_gsm_by_look_alikes() {
    let text = "“hi”".to_owned();
    let request = read(v1::SubmitRequest { text, plain: true, ..to("+4915112345678") }).expect("a message");

    assert_eq!(request.content.alphabet, Alphabet::GSM7);
    assert_eq!(request.content.parts[0].user_data.payload, Payload::Septets(b"\"hi\"".to_vec()));
}

#[test]
fn the_parts_of_a_long_text_carry_the_reference_of_the_id() {
    let request =
        read(v1::SubmitRequest { text: "x".repeat(161), ..to("+4915112345678") }).expect("a message");

    let headers: Vec<&[u8]> =
        request.content.parts.iter().map(|part| part.user_data.header.as_slice()).collect();
    assert_eq!(headers, [[0, 3, 7, 2, 1], [0, 3, 7, 2, 2]]);
}

#[test]
fn every_field_that_is_wrong_is_named() {
    let good = || v1::SubmitRequest { text: "hi".to_owned(), ..to("+4915112345678") };
    let span = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let table = [
        ("to", v1::SubmitRequest { to: "x".to_owned(), ..good() }),
        ("text", v1::SubmitRequest { text: String::new(), ..good() }),
        ("text", v1::SubmitRequest { text: "é".repeat(8193), ..good() }),
        ("text", v1::SubmitRequest { text: "a\u{1b}b".to_owned(), ..good() }),
        ("text", v1::SubmitRequest { text: "😀".to_owned(), alphabet: 1, ..good() }),
        ("text", v1::SubmitRequest { text: "x".repeat(161), max_parts: 1, ..good() }),
        ("key", v1::SubmitRequest { key: "k".repeat(129), ..good() }),
        ("key", v1::SubmitRequest { key: "a\nb".to_owned(), ..good() }),
        ("priority", v1::SubmitRequest { priority: 99, ..good() }),
        ("uncertain", v1::SubmitRequest { uncertain: -1, ..good() }),
        ("alphabet", v1::SubmitRequest { alphabet: 42, ..good() }),
        ("alphabet", v1::SubmitRequest { alphabet: 3, ..good() }),
        ("modem", v1::SubmitRequest { modem: "a/b".to_owned(), ..good() }),
        ("tags", v1::SubmitRequest { tags: vec!["t".to_owned(); 9], ..good() }),
        ("tags[1]", v1::SubmitRequest { tags: vec!["t".to_owned(), " ".to_owned()], ..good() }),
        ("validity", v1::SubmitRequest { validity: span(0), ..good() }),
        ("validity", v1::SubmitRequest { validity: span(-5), ..good() }),
        ("validity", v1::SubmitRequest { validity: span(i64::MAX), ..good() }),
        ("at", v1::SubmitRequest { at: Some(prost_types::Timestamp { seconds: -1, nanos: 0 }), ..good() }),
        ("at", v1::SubmitRequest { at: Some(timestamp(NOW + AT_AHEAD_MAX + VALIDITY_MIN)), ..good() }),
        ("max_parts", v1::SubmitRequest { max_parts: 256, ..good() }),
    ];

    for (field, request) in table {
        let refusal = read(request).expect_err(field);
        assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
        assert_eq!(refusal.into_item().field, field);
    }
}

#[test]
fn a_text_that_is_too_long_says_how_long_and_why() {
    let text = format!("{}“", "x".repeat(300));
    let refusal =
        read(v1::SubmitRequest { text, max_parts: 2, ..to("+4915112345678") }).expect_err("too long");

    assert_eq!(refusal.reason(), Reason::MessageTooLong);
    let item = refusal.into_item();
    assert_eq!(item.title, "the text needs 5 parts, the limit is 2; nothing was accepted");
    assert!(item.why.contains("'“' at position 301"), "{}", item.why);
}

#[test]
fn a_moment_gone_by_does_not_shorten_the_validity() {
    let at = Some(timestamp(Timestamp::from_unix_millis(1000)));
    let validity = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    let request = read(v1::SubmitRequest { text: "hi".to_owned(), at, validity, ..to("+4915112345678") });

    assert_eq!(request.expect("a message").deadline, Some(NOW + Duration::from_secs(60)));
}

fn to(to: &str) -> v1::SubmitRequest {
    v1::SubmitRequest { to: to.to_owned(), ..v1::SubmitRequest::default() }
}

fn read(request: v1::SubmitRequest) -> Result<Request, Refusal> {
    let asker = Asker { client: Name::new("api").expect("a name"), parts_max: 10, now: NOW };
    asker.read(MessageId::from_bytes([7; 16]), &request)
}
