//! Tests of the service centre's reading of SMS-SUBMIT: what is right, and every way to be wrong.

use super::super::octets::from_hex;
use super::*;

#[test]
fn hellohello_is_understood_in_all_its_fields() {
    let submit = decode("0011000B916407281553F80000AA0AE8329BFD4697D9EC37").unwrap();

    assert_eq!(submit.destination, "46708251358");
    assert_eq!(submit.destination_field, [0x0B, 0x91, 0x64, 0x07, 0x28, 0x15, 0x53, 0xF8]);
    assert_eq!(submit.text.as_deref(), Some("hellohello"));
    assert_eq!((submit.message_reference, submit.status_report), (0, false));
    assert_eq!((submit.protocol_identifier, submit.data_coding), (0, 0));
    assert_eq!((submit.service_centre.as_str(), submit.concatenation), ("", None));
}

#[test]
fn a_part_of_a_longer_message_shows_its_place() {
    // UDH 05 00 03 AA 02 01, UCS-2 "я"; then the 16-bit reference.
    let eight = decode("0061070B916407281553F8000808050003AA0201044F").unwrap();
    let sixteen = decode("0041070B916407281553F80008080608040102030203").map(|s| s.concatenation);

    assert_eq!(eight.concatenation, Some(Concatenation { reference: 0xAA, parts: 2, part: 1 }));
    assert_eq!((eight.text.as_deref(), eight.status_report, eight.message_reference), (Some("я"), true, 7));
    assert_eq!(sixteen, Err(SubmitError::Value { field: "TP-UD" }), "half a character follows the header");
}

#[test]
fn a_header_in_front_of_septets_is_followed_by_fill_bits() {
    // Seven septets of header (six octets and fill), then "ok".
    let text = alphabet::pack(&[0x6F, 0x6B], 1);
    let mut hex = "0041000B916407281553F8000009".to_owned();
    hex.push_str(&super::super::octets::to_hex(&[5, 0, 3, 1, 2, 2]));
    hex.push_str(&super::super::octets::to_hex(&text));

    let submit = decode(&hex).unwrap();

    assert_eq!(submit.text.as_deref(), Some("ok"));
    assert_eq!(submit.concatenation, Some(Concatenation { reference: 1, parts: 2, part: 2 }));
}

#[test]
fn a_service_centre_in_front_does_not_count_in_the_length() {
    let submit = decode("07919471060040341101" /* then */).unwrap_err();
    let whole = decode("079194710600403411000B916407281553F80000AA0AE8329BFD4697D9EC37").unwrap();

    assert_eq!(submit, SubmitError::Truncated { field: "TP-DA" });
    assert_eq!(whole.service_centre, "491760000443");
}

#[test]
fn a_length_other_than_announced_is_refused() {
    let pdu = from_hex(b"0011000B916407281553F80000AA0AE8329BFD4697D9EC37").unwrap();

    assert_eq!(Submit::decode(&pdu, 22), Err(SubmitError::Length { announced: 22, found: 23 }));
    assert_eq!(Submit::decode(&pdu, 24), Err(SubmitError::Length { announced: 24, found: 23 }));
    assert_eq!(Submit::decode(&[], 0), Err(SubmitError::Truncated { field: "the service centre address" }));
}

#[test]
fn every_forbidden_value_is_refused_with_its_field() {
    let cases = [
        ("0010000B916407281553F80000AA00", "TP-MTI"),
        ("0011000B116407281553F80000AA00", "TP-DA"),
        ("0011000B91640728155308000000", "TP-DA"),
        ("00110000910000AA00", "TP-DA"),
        ("001100169164072815536407281553640000AA00", "TP-DA"),
        ("0011000B916407281553F8000CAA00", "TP-DCS"),
        ("0011000B916407281553F80080AA00", "TP-DCS"),
        ("0011000B916407281553F800F8AA00", "TP-DCS"),
        ("0019000B916407281553F800006221927331950000", "TP-VP"),
        ("0019000B916407281553F800006231923231950000", "TP-VP"),
        ("0009000B916407281553F800000400000000000000", "TP-VP"),
        ("0009000B916407281553F80000010100FF00000000", "TP-VP"),
        ("0011000B916407281553F80000AA01FF", "TP-UD"),
        ("0011000B916407281553F80008AA0141", "TP-UD"),
        ("0011000B916407281553F80004AA8D", "TP-UDL"),
        ("0041000B916407281553F8000003024142", "the user data header"),
        ("0041000B916407281553F8000006050003AA0101", "TP-UDL"),
        ("0041000B916407281553F8000406050003AA0103", "an element of the user data header"),
        ("0041000B916407281553F8000406050003AA0100", "an element of the user data header"),
        ("0041000B916407281553F80004050400020102", "an element of the user data header"),
        ("0191", "the service centre address"),
        ("020011", "the service centre address"),
    ];
    for (hex, field) in cases {
        let fault = decode(hex).expect_err(hex);
        assert!(fault.to_string().contains(field), "{hex}: {fault} instead of {field}");
    }
}

#[test]
fn a_pdu_cut_anywhere_is_refused_and_never_panics() {
    let whole = from_hex(b"0061070B916407281553F8000808050003AA0201044F").unwrap();

    for end in 0..whole.len() {
        let cut = &whole[..end];
        assert!(Submit::decode(cut, end.saturating_sub(1)).is_err(), "cut at {end}");
    }
}

#[test]
fn octets_changed_at_random_never_panic() {
    let whole = from_hex(b"0061070B916407281553F8000808050003AA0201044F").unwrap();
    for at in 0..whole.len() {
        for value in 0..=255 {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = Submit::decode(&changed, changed.len() - 1);
        }
    }
}

fn decode(hex: &str) -> Result<Submit, SubmitError> {
    let pdu = from_hex(hex.as_bytes()).expect("the test's own digits");
    let service_centre = usize::from(*pdu.first().expect("the test's own octets"));
    Submit::decode(&pdu, (pdu.len() - 1).saturating_sub(service_centre))
}
