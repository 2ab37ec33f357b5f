//! Random values of everything the codec encodes.

use std::time::Duration;

use proptest::collection;
use proptest::prelude::*;
use smsgrid::model::{
    Address, Language, NumberingPlan, Payload, ProtocolIdentifier, Timestamp, TypeOfNumber, UserData,
    ValidityPeriod,
};
use smsgrid::pdu::{
    Deliver, Parameters, ServiceCentreTime, Status, StatusReport, Submit, SubmitReport, Validity,
};
use smsgrid::text::{Concatenation, DataCoding, Element, Header, Reference};

/// Octets of user data at most.
const USER_DATA_OCTETS: usize = 140;

/// Any address that can be written.
pub(crate) fn address() -> impl Strategy<Value = Address> {
    let numbered =
        (0..8_usize, 0..16_u8, "[0-9*#abc]{1,20}").prop_filter_map("a name", |(kind, plan, digits)| {
            let type_of_number = TypeOfNumber::ALL[kind];
            Address::with_type(type_of_number, NumberingPlan::from_bits(plan), &digits)
                .ok()
                .filter(|_| type_of_number != TypeOfNumber::Alphanumeric)
        });
    let named =
        "[A-Za-z0-9@£ÄöÉñ _&/-]{1,11}".prop_map(|name| Address::alphanumeric(&name).expect("1 to 11"));
    prop_oneof![4 => numbered, 1 => named]
}

/// A service centre: any address with digits.
pub(crate) fn service_centre() -> impl Strategy<Value = Address> {
    address().prop_filter("a name", |address| address.type_of_number() != TypeOfNumber::Alphanumeric)
}

/// A user data header of up to 40 octets or so.
pub(crate) fn header() -> impl Strategy<Value = Header> {
    collection::vec(element(), 0..4).prop_map(|elements| Header { elements })
}

fn element() -> impl Strategy<Value = Element> {
    let reference =
        prop_oneof![any::<u8>().prop_map(Reference::Bits8), any::<u16>().prop_map(Reference::Bits16)];
    let concatenation = (reference, any::<u8>(), any::<u8>())
        .prop_map(|(reference, total, number)| Concatenation { reference, total, number });
    // Identifiers past those that have a form of their own.
    let other = (0x70..=0xFF_u8, collection::vec(any::<u8>(), 0..12));
    prop_oneof![
        concatenation.prop_map(Element::Concatenation),
        any::<(u8, u8)>().prop_map(|(destination, source)| Element::Ports8 { destination, source }),
        any::<(u16, u16)>().prop_map(|(destination, source)| Element::Ports16 { destination, source }),
        language().prop_map(Element::SingleShift),
        language().prop_map(Element::LockingShift),
        other.prop_map(|(identifier, data)| Element::Other { identifier, data }),
    ]
}

/// Any language.
pub(crate) fn language() -> impl Strategy<Value = Language> {
    (0..Language::ALL.len()).prop_map(|index| Language::ALL[index])
}

/// User data that fits, for any TP-DCS.
pub(crate) fn user_data() -> impl Strategy<Value = UserData> {
    (any::<u8>(), header()).prop_flat_map(|(data_coding, header)| user_data_of(data_coding, header.encode()))
}

fn user_data_of(data_coding: u8, header: Vec<u8>) -> impl Strategy<Value = UserData> {
    let room = USER_DATA_OCTETS - if header.is_empty() { 0 } else { header.len() + 1 };
    let is_septets = matches!(DataCoding(data_coding).alphabet(), smsgrid::model::Alphabet::Gsm7 { .. });
    let payload = if is_septets {
        collection::vec(0..128_u8, 0..=room * 8 / 7).prop_map(Payload::Septets).boxed()
    } else {
        collection::vec(any::<u8>(), 0..=room).prop_map(Payload::Octets).boxed()
    };
    payload.prop_map(move |payload| UserData { data_coding, header: header.clone(), payload })
}

/// Any seven octets, half of them a date.
pub(crate) fn time() -> impl Strategy<Value = ServiceCentreTime> {
    let seconds = 631_238_400..3_786_825_600_u64;
    let date = (seconds, -79..=79_i8).prop_map(|(seconds, zone)| {
        let moment = Timestamp::from_unix_millis(seconds * 1000);
        ServiceCentreTime::new(moment, zone).expect("from 1990 to 2089")
    });
    prop_oneof![date, any::<[u8; 7]>().prop_map(ServiceCentreTime)]
}

/// Any validity period the model can ask for and the wire can say.
pub(crate) fn validity_period() -> impl Strategy<Value = ValidityPeriod> {
    prop_oneof![
        any::<u8>().prop_map(ValidityPeriod::Relative),
        (946_684_800..3_786_825_600_u64)
            .prop_map(|seconds| ValidityPeriod::Absolute(Timestamp::from_unix_millis(seconds * 1000))),
        (1..360_000_u64).prop_map(|seconds| ValidityPeriod::Enhanced(Duration::from_secs(seconds))),
    ]
}

/// Any SMS-SUBMIT.
pub(crate) fn submit() -> impl Strategy<Value = Submit> {
    let validity = proptest::option::of(validity_period());
    let validity =
        validity.prop_map(|period| period.map(|period| Validity::from_model(period).expect("it fits")));
    let flags = any::<(bool, bool, bool, u8, u8)>();
    (flags, address(), validity, user_data()).prop_map(|(flags, destination, validity, user_data)| Submit {
        reject_duplicates: flags.0,
        status_report: flags.1,
        reply_path: flags.2,
        message_reference: flags.3,
        destination,
        protocol_identifier: ProtocolIdentifier(flags.4),
        validity,
        user_data,
    })
}

/// Any SMS-DELIVER.
pub(crate) fn deliver() -> impl Strategy<Value = Deliver> {
    let flags = any::<(bool, bool, bool, bool, u8)>();
    let originator = proptest::option::weighted(0.9, address());
    (flags, originator, time(), user_data()).prop_map(|(flags, originator, time, user_data)| Deliver {
        more_messages: flags.0,
        loop_prevention: flags.1,
        status_report_indication: flags.2,
        reply_path: flags.3,
        originator,
        protocol_identifier: ProtocolIdentifier(flags.4),
        service_centre_time: time,
        user_data,
    })
}

/// Any SMS-STATUS-REPORT.
pub(crate) fn status_report() -> impl Strategy<Value = StatusReport> {
    let flags = any::<(bool, bool, bool, u8, u8)>();
    let parameters = proptest::option::of(parameters());
    (flags, address(), time(), time(), parameters).prop_map(|(flags, recipient, taken, done, parameters)| {
        StatusReport {
            more_messages: flags.0,
            loop_prevention: flags.1,
            answers_command: flags.2,
            message_reference: flags.3,
            recipient,
            service_centre_time: taken,
            discharge_time: done,
            status: Status(flags.4),
            parameters,
        }
    })
}

/// Any SMS-SUBMIT-REPORT.
pub(crate) fn submit_report() -> impl Strategy<Value = SubmitReport> {
    (any::<Option<u8>>(), time(), parameters()).prop_map(
        |(failure_cause, service_centre_time, parameters)| SubmitReport {
            failure_cause,
            service_centre_time,
            parameters,
        },
    )
}

fn parameters() -> impl Strategy<Value = Parameters> {
    let user_data = proptest::option::of(user_data());
    let fields = (any::<Option<u8>>(), any::<bool>(), user_data, announced());
    fields.prop_map(|(identifier, has_coding, user_data, (reserved, extensions, rest))| {
        let coding = user_data.as_ref().map_or(0, |user_data| user_data.data_coding);
        Parameters {
            reserved,
            extensions,
            protocol_identifier: identifier.map(ProtocolIdentifier),
            data_coding: Some(coding).filter(|coding| has_coding || *coding != 0),
            user_data,
            rest,
        }
    })
}

/// What a later standard may announce, by a reserved bit or by another octet, and the octets of it.
fn announced() -> impl Strategy<Value = (u8, Vec<u8>, Vec<u8>)> {
    let others = || collection::vec(any::<u8>(), 0..8);
    prop_oneof![
        4 => Just((0x00, Vec::new(), Vec::new())),
        1 => others().prop_map(|rest| (0x08, Vec::new(), rest)),
        1 => others().prop_map(|rest| (0x00, vec![0x01], rest)),
        1 => others().prop_map(|rest| (0x40, vec![0x80, 0x02], rest)),
    ]
}
