//! Whatever is encoded decodes to what it was, and the other way round.

use proptest::prelude::*;
use smsgrid::model::Payload;
use smsgrid::pdu::{Answer, Deliver, Pdu, StatusReport, Submit, SubmitReport, Tpdu, Validity};
use smsgrid::text::{self, Header};

use super::arbitrary;

proptest! {
    #![proptest_config(super::cases(1_000))]

    #[test]
    fn a_submit_decodes_to_what_was_encoded(submit in arbitrary::submit()) {
        let octets = submit.encode().expect("a legal SMS-SUBMIT");

        prop_assert_eq!(Submit::decode(&octets), Ok(submit));
    }

    #[test]
    fn a_deliver_decodes_to_what_was_encoded(deliver in arbitrary::deliver()) {
        let octets = deliver.encode().expect("a legal SMS-DELIVER");

        prop_assert_eq!(Deliver::decode(&octets), Ok(deliver));
    }

    #[test]
    fn a_status_report_decodes_to_what_was_encoded(report in arbitrary::status_report()) {
        let octets = report.encode().expect("a legal SMS-STATUS-REPORT");

        prop_assert_eq!(StatusReport::decode(&octets), Ok(report));
    }

    #[test]
    fn a_submit_report_decodes_to_what_was_encoded(report in arbitrary::submit_report()) {
        let octets = report.encode().expect("a legal SMS-SUBMIT-REPORT");
        let answer = report.failure_cause.map_or(Answer::Accepted, |_| Answer::Refused);

        prop_assert_eq!(SubmitReport::decode(&octets, answer), Ok(report));
    }

    #[test]
    fn a_pdu_with_its_service_centre_decodes_to_what_was_encoded(
        service_centre in proptest::option::of(arbitrary::service_centre()),
        submit in arbitrary::submit(),
    ) {
        let pdu = Pdu { service_centre, tpdu: Tpdu::Submit(submit) };
        let hex = pdu.to_hex().expect("a legal PDU");

        prop_assert_eq!(smsgrid::pdu::read(&hex), Ok(pdu));
    }

    #[test]
    fn a_header_decodes_to_what_was_encoded(header in arbitrary::header()) {
        prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn a_validity_period_comes_back_from_the_wire(period in arbitrary::validity_period()) {
        prop_assert_eq!(Validity::from_model(period).map(Validity::to_model), Ok(Some(period)));
    }

    #[test]
    fn a_time_that_is_a_moment_is_written_as_it_was_read(time in arbitrary::time()) {
        if let (Some(moment), Some(zone)) = (time.moment(), time.zone_quarters()) {
            let again = smsgrid::pdu::ServiceCentreTime::new(moment, zone).expect("it was read");
            // A zone of nought may have been given as "minus nought".
            prop_assert!(again == time || zone == 0, "{:?} {:?}", again, time);
        }
    }

    #[test]
    fn a_new_reference_changes_nothing_else(mut user_data in arbitrary::user_data(), reference: u16) {
        let before = user_data.clone();
        let changed = text::rewrite_reference(&mut user_data, reference).expect("a header of our own");

        prop_assert_eq!(&before.payload, &user_data.payload);
        prop_assert_eq!(before.header.len(), user_data.header.len());
        prop_assert!(changed || before == user_data);
        let elements = |header: &[u8]| Header::decode(header).map(|header| header.elements.len());
        prop_assert_eq!(elements(&before.header), elements(&user_data.header));
    }

    #[test]
    fn octets_that_decode_and_encode_decode_to_the_same_again(octets in proptest::collection::vec(any::<u8>(), 0..180)) {
        if let Ok(pdu) = Pdu::decode(&octets)
            && let Ok(hex) = pdu.to_hex()
        {
            prop_assert_eq!(smsgrid::pdu::read(&hex), Ok(pdu));
        }
    }

    #[test]
    fn septets_read_in_any_tables_are_text_that_reads_the_same_again(
        septets in proptest::collection::vec(0..128_u8, 0..160),
        locking in proptest::option::of(arbitrary::language()),
        single in proptest::option::of(arbitrary::language()),
    ) {
        let alphabet = smsgrid::model::Alphabet::Gsm7 { locking, single };
        let read = text::decode(&Payload::Septets(septets), alphabet);
        let whole: String = read.chars().filter(|character| *character != '\u{FFFD}').collect();
        let written = text::encode(&whole, alphabet).expect("its characters came from these tables");

        prop_assert_eq!(text::decode(&written, alphabet), whole);
    }
}
