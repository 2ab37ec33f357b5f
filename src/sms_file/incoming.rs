//! Files smsd writes for what comes in: received messages, status reports, missed calls.

use super::header::Header;
use super::result::Device;
use super::{Entry, LocalTime, Translation, document};

/// The words for yes and no.
const YES_WORD: &str = "yes";
const NO_WORD: &str = "no";

/// A received message or status report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What is wrong with the PDU as a whole.
    pub error: Option<String>,
    /// Smaller irregularities of the PDU.
    pub warnings: Vec<String>,
    /// Digits or name of the sender, without a plus sign.
    pub from: String,
    /// Type-of-address octet of the sender.
    pub from_type: u8,
    /// Phonebook name the modem gave.
    pub name: Option<String>,
    /// Digits of the service centre.
    pub service_centre: Option<String>,
    /// Service centre time stamp, with the zone it carries.
    pub sent: Option<LocalTime>,
    /// When the modem handed it over.
    pub received: LocalTime,
    /// Which modem received it.
    pub device: Device,
    /// TP-SRI.
    pub report: Option<bool>,
    /// TP-PID 40 to 47 hex as 0 to 7.
    pub replace: Option<u8>,
    /// Class 0.
    pub flash: bool,
    /// Some parts never came.
    pub incomplete: bool,
    /// Character set of `body`, as `Alphabet:` names it.
    pub alphabet: &'static str,
    /// The user data header with its length octet; empty when there is none.
    pub user_data_header: Vec<u8>,
    /// Characters or octets of the body; none leaves the header out.
    pub length: Option<usize>,
    /// `UDH:`, written for plain text only.
    pub udh: Option<bool>,
    /// The PDUs in hex that are to be kept.
    pub pdus: Vec<String>,
    /// The ruler under an undecodable PDU.
    pub position: Option<String>,
    /// Locking shift table the sender used, as `Name (n)`.
    pub language: Option<String>,
    /// Single shift table the sender used.
    pub language_ext: Option<String>,
    /// The body as it is written.
    pub body: Vec<u8>,
}

/// A phone call nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Digits of the caller.
    pub from: String,
    /// Type-of-address octet of the caller.
    pub from_type: u8,
    /// Phonebook name the modem gave.
    pub name: Option<String>,
    /// When it rang.
    pub received: LocalTime,
    /// Which modem it rang at.
    pub device: Device,
}

impl Received {
    /// The file for the folder `incoming` or `report`.
    pub fn file(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        entries.extend(given(Header::Error, self.error.as_deref()));
        entries.extend(self.warnings.iter().map(|warning| Entry::new(Header::Warning, warning)));
        entries.extend(sender(&self.from, self.from_type, self.name.as_deref()));
        entries.extend(given(Header::FromSmsc, self.service_centre.as_deref()));
        entries.extend(self.sent.map(|sent| Entry::new(Header::Sent, &sent.to_string())));
        entries.push(Entry::new(Header::Received, &self.received.to_string()));
        entries.extend(given(Header::Subject, self.device.modem.as_deref()));
        entries.extend(self.device.names());
        entries.extend(self.device.identities());
        entries.extend(self.marks());
        entries.extend(self.shape());
        entries.extend(given(Header::Language, self.language.as_deref()));
        entries.extend(given(Header::LanguageExt, self.language_ext.as_deref()));
        with_body(&entries, &self.body)
    }

    fn marks(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        entries.extend(self.report.map(|report| Entry::new(Header::Report, word(report))));
        entries.extend(self.replace.map(|kind| Entry::new(Header::Replace, &kind.to_string())));
        entries.extend(self.flash.then(|| Entry::new(Header::Flash, YES_WORD)));
        entries.extend(self.incomplete.then(|| Entry::new(Header::Incomplete, YES_WORD)));
        entries.push(Entry::new(Header::Alphabet, self.alphabet));
        entries
    }

    fn shape(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !self.user_data_header.is_empty() {
            // Each octet is followed by a blank, the last one too.
            let octets: Vec<String> =
                self.user_data_header.iter().map(|octet| format!("{octet:02X} ")).collect();
            entries.push(Entry { header: Header::UdhData, value: octets.concat().into_bytes() });
            let explained = super::udh_type::explain(&self.user_data_header);
            entries.push(Entry::new(Header::UdhType, &explained));
        }
        entries.extend(self.length.map(|length| Entry::new(Header::Length, &length.to_string())));
        entries.extend(self.udh.map(|udh| Entry::new(Header::Udh, word(udh))));
        entries.extend(self.pdus.iter().map(|pdu| Entry::new(Header::Pdu, pdu)));
        entries.extend(self.position.iter().map(|ruler| Entry::new(Header::Pos, ruler)));
        entries
    }
}

impl Call {
    /// The file for the folder `phonecalls`.
    pub fn file(&self) -> Vec<u8> {
        let mut entries = sender(&self.from, self.from_type, self.name.as_deref());
        entries.extend(given(Header::Subject, self.device.modem.as_deref()));
        entries.extend(given(Header::Modem, self.device.modem.as_deref()));
        entries.extend(given(Header::Number, self.device.number.as_deref()));
        entries.extend(self.device.identities());
        entries.push(Entry::new(Header::CallType, "missed"));
        entries.push(Entry::new(Header::Received, &self.received.to_string()));
        with_body(&entries, b"CALL MISSED\n")
    }
}

/// The body of a status report file: the TP-MR it reports on, its discharge time and TP-ST.
pub fn report_body(message_reference: u8, discharged: LocalTime, status: u8) -> Vec<u8> {
    let text = status_text(status);
    let lines =
        format!("SMS STATUS REPORT\nMessage_id: {message_reference}\nDischarge_timestamp: {discharged}\n");
    format!("{lines}Status: {status},{text}\n").into_bytes()
}

/// The words smsd has for a TP-ST value (3GPP TS 23.040 section 9.2.3.15).
pub fn status_text(status: u8) -> &'static str {
    match status {
        0 => "Ok,short message received by the SME",
        1 => "Ok,short message forwarded by the SC to the SME but the SC is unable to confirm delivery",
        2 => "Ok,short message replaced by the SC",
        32 => "Still trying,congestion",
        33 => "Still trying,SME busy",
        34 => "Still trying,no response sendr SME",
        35 => "Still trying,service rejected",
        36 => "Still trying,quality of service not available",
        37 => "Still trying,error in SME",
        48..=63 => "Temporary error, SC specific, unknown",
        64 => "Error,remote procedure error",
        65 => "Error,incompatible destination",
        66 => "Error,connection rejected by SME",
        67 => "Error,not obtainable",
        68 | 100 => "Error,quality of service not available",
        69 => "Error,no interworking available",
        70 => "Error,SM validity period expired",
        71 => "Error,SM deleted by originating SME",
        72 => "Error,SM deleted by SC administration",
        73 => "Error,SM does not exist",
        80..=95 | 112..=127 => "Permanent error, SC specific, unknown",
        96 => "Error,congestion",
        97 => "Error,SME busy",
        98 => "Error,no response sendr SME",
        99 => "Error,service rejected",
        101 => "Error,error in SME",
        _ => "unknown",
    }
}

/// A type-of-address octet in words, `91 international, ISDN/telephone`, spelled as smsd spells it.
pub fn type_of_address_text(octet: u8) -> String {
    let kind = match (octet >> 4) & 7 {
        0 => "unknown",
        1 => "international",
        2 => "national",
        3 => "network specific",
        4 => "subsciber",
        5 => "alphanumeric",
        6 => "abbreviated",
        _ => "reserved",
    };
    let plan = match octet & 15 {
        0 => "unknown",
        1 => "ISDN/telephone",
        3 => "data",
        4 => "telex",
        8 => "national",
        9 => "private",
        10 => "ERMES",
        _ => kind,
    };
    format!("{octet:02X} {kind}, {plan}")
}

fn sender(from: &str, from_type: u8, name: Option<&str>) -> Vec<Entry> {
    let mut entries =
        vec![Entry::new(Header::From, from), Entry::new(Header::FromToa, &type_of_address_text(from_type))];
    entries.extend(given(Header::Name, name));
    entries
}

fn given(header: Header, value: Option<&str>) -> Option<Entry> {
    value.map(|value| Entry::new(header, value))
}

fn word(yes: bool) -> &'static str {
    if yes { YES_WORD } else { NO_WORD }
}

fn with_body(entries: &[Entry], body: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(512 + body.len());
    document::write_entries(&mut file, entries, &Translation::default());
    file.push(b'\n');
    file.extend_from_slice(body);
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_received_file_has_its_headers_in_the_order_of_smsd() {
        let file = Received { flash: true, user_data_header: vec![5, 0, 3, 7, 2, 1], ..received() }.file();

        let expected = "From: 491711\nFrom_TOA: 91 international, ISDN/telephone\nName: Bob\\nTo: 1\n\
            From_SMSC: 491770\nSent: 26-11-22 10:08:26\nReceived: 26-11-22 09:08:26\nSubject: GSM1\n\
            Modem: GSM1\nIMSI: 262011234567890\nReport: no\nFlash: yes\nAlphabet: ISO\n\
            UDH-DATA: 05 00 03 07 02 01 \n\
            UDH-Type: Length=5, [00]Concatenated short messages, 8-bit reference number\n\
            Length: 5\nUDH: no\nPDU: 00\n\nHello";
        assert_eq!(String::from_utf8_lossy(&file), expected);
    }

    #[test]
    fn a_status_report_tells_the_reference_and_the_status_in_words() {
        let body = report_body(42, received().received, 0);

        let expected = "SMS STATUS REPORT\nMessage_id: 42\nDischarge_timestamp: 26-11-22 09:08:26\n\
            Status: 0,Ok,short message received by the SME\n";
        assert_eq!(String::from_utf8_lossy(&body), expected);
        assert_eq!(status_text(50), "Temporary error, SC specific, unknown");
        assert_eq!(status_text(255), "unknown");
    }

    #[test]
    fn a_missed_call_is_a_file_too() {
        let Received { from, from_type, received, device, .. } = received();
        let file = Call { from, from_type, name: None, received, device }.file();

        let expected = "From: 491711\nFrom_TOA: 91 international, ISDN/telephone\nSubject: GSM1\nModem: GSM1\n\
            IMSI: 262011234567890\nCall_type: missed\nReceived: 26-11-22 09:08:26\n\nCALL MISSED\n";
        assert_eq!(String::from_utf8_lossy(&file), expected);
    }

    #[test]
    fn a_type_of_address_without_a_plan_name_repeats_its_type() {
        assert_eq!(type_of_address_text(0xD0), "D0 alphanumeric, unknown");
        assert_eq!(type_of_address_text(0xA7), "A7 national, national");
    }

    fn received() -> Received {
        let at = Timestamp::from_unix_millis(1_795_338_506_000);
        Received {
            error: None,
            warnings: Vec::new(),
            from: "491711".to_owned(),
            from_type: 0x91,
            name: Some("Bob\nTo: 1".to_owned()),
            service_centre: Some("491770".to_owned()),
            sent: Some(LocalTime { at, offset_seconds: 3600 }),
            received: LocalTime { at, offset_seconds: 0 },
            device: Device {
                modem: Some("GSM1".to_owned()),
                imsi: Some("262011234567890".to_owned()),
                ..Device::default()
            },
            report: Some(false),
            replace: None,
            flash: false,
            incomplete: false,
            alphabet: "ISO",
            user_data_header: Vec::new(),
            length: Some(5),
            udh: Some(false),
            pdus: vec!["00".to_owned()],
            position: None,
            language: None,
            language_ext: None,
            body: b"Hello".to_vec(),
        }
    }
}
