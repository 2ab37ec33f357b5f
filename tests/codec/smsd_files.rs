//! Message files, and the PDUs Debian's smsd 3.1.21 made of them or the reason it refused them with.
//!
//! Each line of `data/smsd_files.jsonl` is one file that was put into the folder `outgoing` of smsd: `file`, the
//! `settings` of its configuration, and of the result `pdus`, `notices` and `reason`, of some the
//! whole `result`, with the beginning of 1970 for its moments and 1 for its message reference. Octets are the characters U+0000
//! to U+00FF. Where we differ on purpose, `ours` stands instead of what smsd did and `because` says why.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use smsgrid::model::{Language, Timestamp};
use smsgrid::pdu;
use smsgrid::sms_file::{
    Autosplit, Device, Document, Failed, LocalTime, MessageIds, Sent, Settings, TimeFormat, Ucs2Notice,
    relative_octet,
};
use smsgrid::worker::submission::{self, Submission};

/// So few vectors would mean that most of the file was lost.
const VECTORS_MIN: usize = 350;
/// So few results would mean the same.
const RESULTS_MIN: usize = 15;
/// So many differences are known, each with its reason; one more is somebody's decision.
const DIFFERENCES_MAX: usize = 60;

#[test]
fn files_become_the_pdus_of_smsd() {
    let vectors = read();
    assert!(vectors.len() >= VECTORS_MIN, "only {} vectors", vectors.len());
    let faults: Vec<String> = vectors.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{} of {} differ:\n{}", faults.len(), vectors.len(), faults.join("\n"));
}

#[test]
fn results_are_those_of_smsd() {
    let vectors = read();
    let filed: Vec<&Value> = vectors.iter().filter(|vector| vector.get("result").is_some()).collect();

    assert!(filed.len() >= RESULTS_MIN, "only {} results", filed.len());
    for vector in filed {
        let found = String::from_utf8_lossy(&result(vector)).into_owned();
        let expected = octets(&vector["result"]);
        assert_eq!(found, String::from_utf8_lossy(&expected), "{}", vector["name"]);
    }
}

#[test]
fn each_difference_has_its_reason() {
    let vectors = read();
    let different: Vec<&Value> = vectors.iter().filter(|vector| vector.get("ours").is_some()).collect();

    assert!(different.len() <= DIFFERENCES_MAX, "{} differences", different.len());
    for vector in different {
        let reason = vector["because"].as_str().unwrap_or_default();
        assert!(!reason.is_empty(), "{} differs without a reason", vector["name"]);
        assert_ne!(told(&vector["ours"]), told(vector), "{} does not differ", vector["name"]);
    }
}

fn read() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("codec/data/smsd_files.jsonl");
    let text = fs::read_to_string(path).expect("the file of vectors");
    text.lines().map(|line| serde_json::from_str(line).expect("a vector")).collect()
}

/// What came of a file.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    pdus: Vec<String>,
    notices: Vec<Vec<u8>>,
    reason: Option<Vec<u8>>,
}

/// What is wrong with our answer to one file.
fn fault(vector: &Value) -> Option<String> {
    let expected = told(vector.get("ours").unwrap_or(vector));
    let document = Document::read(&octets(&vector["file"])).expect("small");
    let found = match submission::prepare(&document, &settings(&vector["settings"]), reference(vector)) {
        Ok(made) => Told { pdus: pdus(&made), notices: made.notices, reason: None },
        Err(rejection) => {
            Told { pdus: Vec::new(), notices: Vec::new(), reason: Some(rejection.to_string().into_bytes()) }
        }
    };
    (found != expected).then(|| format!("{}:\n  expected {expected:?}\n  found    {found:?}", vector["name"]))
}

fn told(side: &Value) -> Told {
    let texts =
        |name: &str| -> Vec<Vec<u8>> { side[name].as_array().into_iter().flatten().map(octets).collect() };
    let hex = |pdu: Vec<u8>| String::from_utf8_lossy(&pdu).to_ascii_uppercase();
    Told {
        pdus: texts("pdus").into_iter().map(hex).collect(),
        notices: texts("notices"),
        reason: side.get("reason").map(octets),
    }
}

fn pdus(made: &Submission) -> Vec<String> {
    let hex = |part| pdu::submit(&made.content, part).expect("what is accepted can be encoded").hex;
    made.content.parts.iter().map(hex).collect()
}

/// The result file of a vector, sent in no time at the beginning of 1970.
fn result(vector: &Value) -> Vec<u8> {
    let document = Document::read(&octets(&vector["file"])).expect("small");
    let start = LocalTime { at: Timestamp::from_unix_millis(0), offset_seconds: 0 };
    let made = submission::prepare(&document, &settings(&vector["settings"]), reference(vector));
    let made = match made {
        Ok(made) => made,
        Err(rejection) => {
            let reason = rejection.to_string();
            let (device, pdus, notices) = (Device::default(), Vec::new(), Vec::new());
            return Failed { device, reason, failed: start, pdus, notices }
                .file(&document, &TimeFormat::default());
        }
    };
    let device = Device {
        modem: Some("GSM1".to_owned()),
        imsi: Some("262011234567890".to_owned()),
        imei: Some("351234567890123".to_owned()),
        ..Device::default()
    };
    let sent = Sent {
        device,
        sent: start,
        sending_time: Duration::ZERO,
        message_references: if made.content.options.status_report { vec![1] } else { Vec::new() },
        message_ids: MessageIds::Last,
        result: None,
        pdus: pdus(&made),
        notices: made.notices,
    };
    sent.file(&document, &TimeFormat::default())
}

/// smsd draws the reference of joined parts at random: ours is told the one it drew.
fn reference(vector: &Value) -> u8 {
    let first = vector["pdus"][0].as_str().unwrap_or_default();
    let parts = vector["pdus"].as_array().map_or(0, Vec::len);
    let element = first.match_indices("0003").find_map(|(at, _)| {
        let reference = first.get(at + 4..at + 6)?;
        (first.get(at + 6..at + 10)? == format!("{parts:02X}01")).then_some(reference)
    });
    element.map_or(0, |reference| u8::from_str_radix(reference, 16).expect("hex"))
}

/// Settings under their names in an smsd.conf.
fn settings(named: &Value) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in named.as_object().into_iter().flatten() {
        let value = value.as_str().expect("a text");
        set(&mut settings, name, value);
    }
    settings
}

fn set(settings: &mut Settings, name: &str, value: &str) {
    let yes = value == "yes";
    let language = || match value {
        "turkish" => Some(Language::Turkish),
        "spanish" => Some(Language::Spanish),
        other => panic!("no vector needs {other}"),
    };
    let list = || value.split(',').map(str::to_owned).collect();
    match name {
        "autosplit" => {
            settings.autosplit = Autosplit::from_number(value.parse().expect("a number")).expect("0 to 3")
        }
        "cs_convert" => settings.convert = yes,
        "cs_convert_optical" => settings.optical = yes,
        "international_prefixes" => settings.international_prefixes = list(),
        "language" => settings.language = language(),
        "language_ext" => settings.language_ext = language(),
        "national_prefixes" => settings.national_prefixes = list(),
        "national_toa_unknown" => settings.national_type_unknown = yes,
        "notice_ucs2" if value == "0" => settings.ucs2_notice = Ucs2Notice::Nothing,
        "notice_ucs2" => settings.ucs2_notice = Ucs2Notice::Total,
        "outgoing_utf8" => settings.utf8_in_iso = yes,
        "report" => settings.report = yes,
        "smsc_pdu" => settings.service_centre = yes,
        "text_is_pdu_key" => settings.text_is_pdu_key = Some(value.to_owned()),
        "trim_text" => settings.trim = yes,
        "validity" => settings.validity = relative_octet(value.as_bytes()).expect("a period"),
        other => panic!("no vector needs {other}"),
    }
}

fn octets(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("a text");
    text.chars().map(|octet| u8::try_from(u32::from(octet)).expect("an octet")).collect()
}
