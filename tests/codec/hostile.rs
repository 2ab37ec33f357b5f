//! Octets and digits from anyone: every entry answers, none panics.

use proptest::collection::vec;
use proptest::prelude::*;
use smsgrid::model::{Alphabet, Payload, UserData};
use smsgrid::pdu::{self, Answer, Deliver, Pdu, StatusReport, Submit, SubmitReport, Tpdu};
use smsgrid::text::{self, Header, SegmentOptions};

use super::arbitrary;

/// Longer than any PDU.
const OCTETS_MAX: usize = 400;

proptest! {
    #![proptest_config(super::cases(2_000))]

    #[test]
    fn no_octets_make_a_decoder_panic(octets in vec(any::<u8>(), 0..OCTETS_MAX)) {
        decode_as_everything(&octets);
    }

    #[test]
    fn no_damage_to_a_real_pdu_makes_a_decoder_panic(
        submit in arbitrary::submit(),
        deliver in arbitrary::deliver(),
        report in arbitrary::status_report(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
    ) {
        let encoded = [submit.encode(), deliver.encode(), report.encode()];
        for mut octets in encoded.into_iter().flatten() {
            for (place, octet) in &damage {
                let place = place.index(octets.len());
                octets[place] = *octet;
            }
            decode_as_everything(&octets);
            octets.truncate(length.index(octets.len()));
            decode_as_everything(&octets);
        }
    }

    #[test]
    fn a_fault_names_an_octet_of_the_pdu_or_the_one_after_it(octets in vec(any::<u8>(), 0..OCTETS_MAX)) {
        if let Err(error) = Pdu::decode(&octets) {
            prop_assert!(error.at <= octets.len(), "{} of {}", error, octets.len());
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_digits_panic(text in "\\PC{0,600}", announced in 0..300_usize) {
        let _ = pdu::read(&text);
        let _ = pdu::read_tpdu(&text);
        let _ = pdu::read_announced(&text, announced);
        let _ = SubmitReport::from_hex(&text, Answer::Accepted);
    }

    #[test]
    fn no_digits_make_the_reader_of_digits_panic(digits in "[0-9A-Fa-f]{0,600}", announced in any::<usize>()) {
        let _ = pdu::read(&digits);
        let _ = pdu::read_tpdu(&digits);
        let _ = pdu::read_announced(&digits, announced);
    }

    #[test]
    fn no_user_data_makes_the_reader_of_text_panic(
        data_coding: u8,
        header in vec(any::<u8>(), 0..40),
        units in vec(any::<u8>(), 0..200),
        is_septets: bool,
        reference: u16,
    ) {
        let payload = if is_septets { Payload::Septets(units) } else { Payload::Octets(units) };
        let mut user_data = UserData { data_coding, header, payload };

        let _ = text::alphabet(&user_data);
        let _ = text::join([&user_data, &user_data]);
        let _ = text::rewrite_reference(&mut user_data, reference);
        let _ = Header::decode(&user_data.header);
        let submit = Submit { user_data, ..plain() };
        let _ = submit.encode();
    }

    #[test]
    fn no_text_makes_segmentation_panic(text in "\\PC{0,400}", parts_max in 0..300_usize, substitute: bool) {
        let options = SegmentOptions { parts_max, substitute, ..SegmentOptions::default() };

        let _ = text::segment(&text, &options);
    }
}

#[test]
fn a_header_full_of_empty_elements_is_read_in_one_walk() {
    let octets = [0x7F, 0x00].repeat(69);

    let header = Header::decode(&octets).expect("69 empty elements");

    assert_eq!((header.elements.len(), header.encode()), (69, octets));
}

fn decode_as_everything(octets: &[u8]) {
    let _ = Pdu::decode(octets);
    let _ = Tpdu::decode(octets);
    let _ = Submit::decode(octets);
    let _ = Deliver::decode(octets);
    let _ = StatusReport::decode(octets);
    let _ = SubmitReport::decode(octets, Answer::Accepted);
    let _ = SubmitReport::decode(octets, Answer::Refused);
    let _ = Header::decode(octets);
    let _ = text::decode(&Payload::Octets(octets.to_vec()), Alphabet::Ucs2);
    let _ = text::decode(&Payload::Septets(octets.to_vec()), Alphabet::GSM7);
}

fn plain() -> Submit {
    Submit::decode(&[0x01, 0x00, 0x02, 0x91, 0x21, 0x00, 0x00, 0x00]).expect("an empty message to 12")
}
