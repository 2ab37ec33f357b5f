//! The drivers.

use std::time::Duration;

use super::{Driver, Optional};

/// The longest answer to a PDU, unless the maker says otherwise: the standard gives the phone 35 to 45 s
/// after channel set-up, SIM800 documents 60 s.
const RESULT_TIMEOUT: Duration = Duration::from_secs(90);

pub(super) const ALL: &[&Driver] = &[&GENERIC];

/// Announcements of stored messages and of stored reports; then of messages alone, for modems that keep no
/// reports; reports come directly then.
const INDICATIONS: &[&str] = &["2,1,0,2,0", "2,1,0,1,0", "1,1,0,1,0", "2,1,0,0,0", "2,1"];

const EVERYTHING: &[Optional] = &[
    Optional::PacketRegistration,
    Optional::Operator,
    Optional::SmsService,
    Optional::Revision,
    Optional::ServiceCentre,
    Optional::MessageService,
];

pub(super) static GENERIC: Driver = Driver {
    name: "generic",
    makers: &[],
    models: &[],
    init: &[],
    indications: INDICATIONS,
    optional: EVERYTHING,
    radio_off: Some("AT+CFUN=4"),
    restart: "AT+CFUN=1,1",
    result_timeout: RESULT_TIMEOUT,
    prompt_delay: Duration::ZERO,
    chunking: None,
    attempts_query: None,
    codes: &[],
    busy: &[],
    pin_without_result: false,
    sticks_after_reference_255: false,
};
