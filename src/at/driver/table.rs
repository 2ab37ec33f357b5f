//! The drivers.

use std::time::Duration;

use crate::model::Disposition;

use super::{AttemptsQuery, Chunking, Driver, Meaning, Optional};

/// The longest answer to a PDU, unless the maker says otherwise: the standard gives the phone 35 to 45 s
/// after channel set-up, SIM800 documents 60 s.
const RESULT_TIMEOUT: Duration = Duration::from_secs(90);
/// The same on NB-IoT, where repetitions on a weak channel take up to 405 s.
const NARROW_BAND_TIMEOUT: Duration = Duration::from_secs(420);
/// The same on LTE-M in coverage enhancement mode B, up to 205 s.
const ENHANCED_COVERAGE_TIMEOUT: Duration = Duration::from_secs(220);

/// Messages and reports stored; then messages stored and reports direct, for modems that keep no reports;
/// then messages alone.
const INDICATIONS: &[&str] = &["2,1,0,2,0", "2,1,0,1,0", "1,1,0,1,0", "2,1,0,0,0", "2,1"];
/// Reports direct: these makers store them in one memory and announce another.
const REPORTS_DIRECT: &[&str] = &["2,1,0,1,0", "2,1,0,0,0", "2,1"];

const EVERYTHING: &[Optional] = &[
    Optional::PacketRegistration,
    Optional::Operator,
    Optional::SmsService,
    Optional::Revision,
    Optional::ServiceCentre,
    Optional::MessageService,
];
/// What phones and modules from before LTE know.
const CLASSIC: &[Optional] = &[
    Optional::Operator,
    Optional::SmsService,
    Optional::Revision,
    Optional::ServiceCentre,
    Optional::MessageService,
];

/// The particular models before the makes.
pub(super) const ALL: &[&Driver] = &[
    &HUAWEI_E392,
    &HUAWEI_E173,
    &HUAWEI,
    &CINTERION,
    &SIERRA_SL,
    &SIERRA,
    &WAVECOM,
    &SIMCOM_NARROW_BAND,
    &SIMCOM,
    &QUECTEL_NARROW_BAND,
    &QUECTEL,
    &UBLOX_NARROW_BAND,
    &TELIT_LTE_M,
    &TELIT,
    &NEOWAY,
    &NOKIA,
    &FALCOM,
    &ALCATEL,
    &GENERIC,
];

const STANDARD: Driver = Driver {
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

pub(super) static GENERIC: Driver = STANDARD;

/// Sticks that flood the port with lines of their own until told not to.
static HUAWEI: Driver = Driver {
    name: "huawei",
    makers: &["huawei"],
    init: &["AT^CURC=0"],
    // Code, tries in use, PUK, PIN, PUK2, PIN2.
    attempts_query: Some(AttemptsQuery { command: "AT^CPIN?", prefix: "^CPIN", field: 3 }),
    ..STANDARD
};

/// Announces received messages on this port only when told so.
static HUAWEI_E173: Driver = Driver {
    name: "huawei-e173",
    makers: &["huawei"],
    models: &["e173"],
    init: &["AT^CURC=0", "AT^PORTSEL=1"],
    attempts_query: HUAWEI.attempts_query,
    ..STANDARD
};

/// A command its firmware does not know crashes it: only the necessary is asked.
static HUAWEI_E392: Driver =
    Driver { name: "huawei-e392", makers: &["huawei"], models: &["e392"], optional: &[], ..STANDARD };

/// MC35i, MC55, TC63 and their heirs: in the factory setting `OK` follows a message that was not sent, and their
/// send timeout is `+CMS ERROR: 500`. `CFUN=0` sends the older ones to sleep, `CFUN=4` they do not know.
static CINTERION: Driver = Driver {
    name: "cinterion",
    makers: &["siemens", "cinterion", "gemalto", "thales"],
    init: &["AT^SM20=0,0"],
    radio_off: None,
    attempts_query: Some(AttemptsQuery { command: "AT^SPIC", prefix: "^SPIC", field: 0 }),
    ..STANDARD
};

/// 512 no radio link established, 513 link lost or not acknowledged, 514 protocol or congestion, 515 busy.
const WAVECOM_CODES: &[(u16, Meaning)] = &[
    (512, Meaning::Refused(Disposition::Temporary)),
    (513, Meaning::Unknown),
    (514, Meaning::Unknown),
    (515, Meaning::Refused(Disposition::Temporary)),
];

/// Fastrack, Q2406 and the MultiTech modems around them.
static WAVECOM: Driver = Driver {
    name: "wavecom",
    makers: &["wavecom", "multitech", "multi-tech"],
    optional: CLASSIC,
    codes: WAVECOM_CODES,
    busy: &[515],
    ..STANDARD
};

/// Wavecom's modules under their later name; the PIN query comes without a final result.
static SIERRA_SL: Driver = Driver {
    name: "sierra-sl",
    makers: &["sierra"],
    models: &["sl60", "sl80", "fxt"],
    codes: WAVECOM_CODES,
    busy: &[515],
    pin_without_result: true,
    ..STANDARD
};

/// AirCards and MC modules; 512 and up mean something else than with Wavecom, and what is not documented.
static SIERRA: Driver = Driver { name: "sierra", makers: &["sierra"], ..STANDARD };

static SIMCOM: Driver = Driver {
    name: "simcom",
    makers: &["simcom"],
    attempts_query: Some(AttemptsQuery { command: "AT+SPIC", prefix: "+SPIC", field: 0 }),
    ..STANDARD
};

static SIMCOM_NARROW_BAND: Driver = Driver {
    name: "simcom-narrow-band",
    makers: &["simcom"],
    models: &["7000", "7020", "7070", "7080", "7090"],
    result_timeout: NARROW_BAND_TIMEOUT,
    attempts_query: SIMCOM.attempts_query,
    ..STANDARD
};

/// Reports are stored in "SR" and announced as `"SM",0`, where another message may be.
static QUECTEL: Driver = Driver {
    name: "quectel",
    makers: &["quectel"],
    indications: REPORTS_DIRECT,
    attempts_query: Some(AttemptsQuery { command: "AT+QPINC=\"SC\"", prefix: "+QPINC", field: 1 }),
    ..STANDARD
};

static QUECTEL_NARROW_BAND: Driver = Driver {
    name: "quectel-narrow-band",
    makers: &["quectel"],
    models: &["bc", "bg9", "bg77"],
    indications: REPORTS_DIRECT,
    result_timeout: NARROW_BAND_TIMEOUT,
    attempts_query: QUECTEL.attempts_query,
    ..STANDARD
};

static UBLOX_NARROW_BAND: Driver = Driver {
    name: "ublox-narrow-band",
    makers: &["u-blox"],
    models: &["sara-n", "sara-r4", "sara-r5"],
    result_timeout: NARROW_BAND_TIMEOUT,
    ..STANDARD
};

/// Any other command to the SIM while a message is being sent makes them fail.
static TELIT: Driver = Driver {
    name: "telit",
    makers: &["telit"],
    restart: "AT#REBOOT",
    attempts_query: Some(AttemptsQuery { command: "AT#PCT", prefix: "#PCT", field: 0 }),
    ..STANDARD
};

static TELIT_LTE_M: Driver = Driver {
    name: "telit-lte-m",
    makers: &["telit"],
    models: &["me910", "me310"],
    restart: "AT#REBOOT",
    result_timeout: ENHANCED_COVERAGE_TIMEOUT,
    attempts_query: TELIT.attempts_query,
    ..STANDARD
};

/// With the radio off it never speaks again.
static NEOWAY: Driver = Driver { name: "neoway", makers: &["neoway"], radio_off: None, ..STANDARD };

/// Phones with an input buffer of a few characters, slow after the prompt.
static NOKIA: Driver = Driver {
    name: "nokia",
    makers: &["nokia"],
    optional: CLASSIC,
    radio_off: None,
    prompt_delay: Duration::from_millis(100),
    chunking: Some(Chunking { characters: 18, pause: Duration::from_millis(50) }),
    ..STANDARD
};

/// After `+CMGS: 255` it refuses everything with cause 1 until its power is cut.
static FALCOM: Driver = Driver {
    name: "falcom",
    makers: &["falcom"],
    optional: CLASSIC,
    pin_without_result: true,
    sticks_after_reference_255: true,
    ..STANDARD
};

static ALCATEL: Driver =
    Driver { name: "alcatel", makers: &["alcatel"], optional: CLASSIC, pin_without_result: true, ..STANDARD };
