//! The headers smsd adds when a message was sent or given up, in its order.

use std::time::Duration;

use super::header::Header;
use super::{Document, Entry, LocalTime, TimeFormat};

/// The modem behind a result; what is not known is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// `Modem:`
    pub modem: Option<String>,
    /// `Number:`, the own number of the SIM.
    pub number: Option<String>,
    /// `Description:` of the modem.
    pub description: Option<String>,
    /// `IMSI:`
    pub imsi: Option<String>,
    /// `IMEI:`
    pub imei: Option<String>,
}

/// Which TP-MR values `Message_id:` tells (`messageids`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageIds {
    /// 1: that of the first part.
    First,
    /// 2: that of the last part.
    #[default]
    Last,
    /// 3: all of them, ending with ` .`.
    All,
}

/// A message every part of which was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Who sent it.
    pub device: Device,
    /// When the last part was taken.
    pub sent: LocalTime,
    /// From the first part's start to the last one's end.
    pub sending_time: Duration,
    /// TP-MR of each part in order; empty when no report was asked for.
    pub message_references: Vec<u8>,
    /// Which of them are told.
    pub message_ids: MessageIds,
    /// `Result:`, how a voice call ended.
    pub result: Option<String>,
    /// The PDUs in hex that are to be kept.
    pub pdus: Vec<String>,
    /// What was changed or lost in conversion, in the character set of the file.
    pub notices: Vec<Vec<u8>>,
}

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Who tried; nothing when no modem did.
    pub device: Device,
    /// `Fail_reason:`
    pub reason: String,
    /// When it was given up.
    pub failed: LocalTime,
    /// The PDUs in hex that are to be kept.
    pub pdus: Vec<String>,
    /// What was changed or lost in conversion, in the character set of the file.
    pub notices: Vec<Vec<u8>>,
}

impl Sent {
    /// The file for the folder `sent`.
    pub fn file(&self, document: &Document, times: &TimeFormat) -> Vec<u8> {
        let mut entries = self.device.names();
        entries.push(Entry::new(Header::Sent, &times.write(self.sent)));
        entries.push(Entry::new(Header::SendingTime, &self.sending_time.as_secs().to_string()));
        entries.extend(
            self.message_ids
                .text(&self.message_references)
                .map(|text| Entry { header: Header::MessageId, value: text.into_bytes() }),
        );
        entries.extend(self.device.identities());
        entries.extend(self.result.as_deref().map(|result| Entry::new(Header::Result, result)));
        entries.extend(kept(&self.pdus, &self.notices));
        document.with_result(&entries)
    }
}

impl Failed {
    /// The file for the folder `failed`.
    pub fn file(&self, document: &Document, times: &TimeFormat) -> Vec<u8> {
        let mut entries = self.device.names();
        entries.extend(self.device.identities());
        entries.push(Entry::new(Header::FailReason, &self.reason));
        entries.push(Entry::new(Header::Failed, &times.write(self.failed)));
        entries.extend(kept(&self.pdus, &self.notices));
        document.with_result(&entries)
    }
}

impl Device {
    pub(super) fn names(&self) -> Vec<Entry> {
        let names = [
            (Header::Modem, &self.modem),
            (Header::Number, &self.number),
            (Header::Description, &self.description),
        ];
        entries(names)
    }

    pub(super) fn identities(&self) -> Vec<Entry> {
        entries([(Header::Imsi, &self.imsi), (Header::Imei, &self.imei)])
    }
}

impl MessageIds {
    /// The value of `Message_id:`; it is digits and blanks, so its length needs no bound of a reader.
    fn text(self, references: &[u8]) -> Option<String> {
        let (first, last) = (references.first()?, references.last()?);
        match self {
            MessageIds::First => Some(first.to_string()),
            MessageIds::Last => Some(last.to_string()),
            MessageIds::All => {
                let numbers: Vec<String> = references.iter().map(u8::to_string).collect();
                Some(format!("{} .", numbers.join(" ")))
            }
        }
    }
}

fn kept(pdus: &[String], notices: &[Vec<u8>]) -> Vec<Entry> {
    let pdus = pdus.iter().map(|pdu| Entry::new(Header::Pdu, pdu));
    pdus.chain(notices.iter().map(|notice| Entry::octets(Header::Notice, notice))).collect()
}

fn entries<const N: usize>(values: [(Header, &Option<String>); N]) -> Vec<Entry> {
    let given = values.into_iter().filter_map(|(header, value)| Some((header, value.as_ref()?)));
    given.map(|(header, value)| Entry::new(header, value)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::value;
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_sent_file_has_its_headers_in_the_order_of_smsd() {
        let document = Document::read(b"To: 4917\nReport: yes\n\nHello\n").expect("small");
        let sent = Sent {
            device: device(),
            sent: noon(),
            sending_time: Duration::from_millis(3900),
            message_references: vec![7, 8],
            message_ids: MessageIds::Last,
            result: None,
            pdus: vec!["0011".to_owned(), "0022".to_owned()],
            notices: vec![b"one \xEA".to_vec()],
        };

        let expected = "To: 4917\nReport: yes\nModem: GSM1\nNumber: 49170\nDescription: desk\\nTo: 1\n\
            Sent: 26-11-22 09:08:26\nSending_time: 3\nMessage_id: 8\nIMSI: 262011234567890\n\
            IMEI: 351234567890123\nPDU: 0011\nPDU: 0022\nNOTICE: one \u{FFFD}\n\nHello\n";
        let file = sent.file(&document, &TimeFormat::default());
        assert_eq!(String::from_utf8_lossy(&file), expected);
        let call = Sent {
            result: Some("NO ANSWER".to_owned()),
            message_references: Vec::new(),
            pdus: Vec::new(),
            ..sent
        };
        let called = String::from_utf8_lossy(&call.file(&document, &TimeFormat::default())).into_owned();
        assert!(called.contains("\nIMEI: 351234567890123\nResult: NO ANSWER\nNOTICE: "), "{called}");
        assert!(file.windows(6).any(|octets| octets == b"one \xEA\n"), "an octet of ISO-8859-15 stays one");
    }

    #[test]
    fn a_failed_file_has_its_headers_in_the_order_of_smsd() {
        let document = Document::read(b"To: 4917\n\nHello").expect("small");
        let failed = Failed {
            device: device(),
            reason: "+CMS ERROR: 38 (Network out of order)".to_owned(),
            failed: noon(),
            pdus: vec!["0011".to_owned()],
            notices: Vec::new(),
        };

        let expected = "To: 4917\nModem: GSM1\nNumber: 49170\nDescription: desk\\nTo: 1\n\
            IMSI: 262011234567890\nIMEI: 351234567890123\n\
            Fail_reason: +CMS ERROR: 38 (Network out of order)\nFailed: 26-11-22 09:08:26\nPDU: 0011\n\nHello";
        assert_eq!(String::from_utf8_lossy(&failed.file(&document, &TimeFormat::default())), expected);
        let unseen = Failed { device: Device::default(), pdus: Vec::new(), ..failed };
        let expected = "To: 4917\nFail_reason: +CMS ERROR: 38 (Network out of order)\n\
            Failed: 26-11-22 09:08:26\n\nHello";
        assert_eq!(String::from_utf8_lossy(&unseen.file(&document, &TimeFormat::default())), expected);
    }

    #[test]
    fn message_ids_are_told_as_configured_and_only_with_a_report() {
        assert_eq!(MessageIds::First.text(&[1, 2, 3]), Some("1".to_owned()));
        assert_eq!(MessageIds::Last.text(&[1, 2, 3]), Some("3".to_owned()));
        assert_eq!(MessageIds::All.text(&[1, 2, 3]), Some("1 2 3 .".to_owned()));
        assert_eq!(MessageIds::All.text(&[1]), Some("1 .".to_owned()));
        assert_eq!(MessageIds::All.text(&[]), None);
    }

    fn device() -> Device {
        Device {
            modem: Some("GSM1".to_owned()),
            number: Some("49170".to_owned()),
            description: Some("desk\nTo: 1".to_owned()),
            imsi: Some("262011234567890".to_owned()),
            imei: Some("351234567890123".to_owned()),
        }
    }

    fn noon() -> LocalTime {
        LocalTime { at: Timestamp::from_unix_millis(1_795_338_506_000), offset_seconds: 0 }
    }

    /// Values of strangers: from a modem, from a network, from a person's own file.
    fn hostile() -> impl Strategy<Value = String> {
        "([\\\\rn0 \r\n\0\t\u{1b}\u{7f}\u{85}\u{202e}\u{2028}:a-c\u{e4}]|\n(To|Modem|PDU): 6){0,40}"
    }

    proptest! {
        #[test]
        fn no_value_makes_a_header_and_each_reads_back(
            values in proptest::array::uniform6(hostile()),
            notice in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let [modem, number, description, imsi, imei, reason] = values;
            let told = [&modem, &number, &description, &imsi, &imei, &reason].map(|value| value.trim_matches([' ', '\t']).to_owned());
            let device = Device {
                modem: Some(modem),
                number: Some(number),
                description: Some(description),
                imsi: Some(imsi),
                imei: Some(imei),
            };
            let document = Document::read(b"To: 4917\n\nHello\n").expect("small");
            let failed = Failed { device, reason, failed: noon(), pdus: Vec::new(), notices: vec![notice] };
            let file = failed.file(&document, &TimeFormat::default());

            prop_assert!(!file.contains(&b'\r') && !file.contains(&0));
            let read = Document::read(&file).expect("small");
            prop_assert_eq!(read.body(), Some(&b"Hello\n"[..]));
            let (headers, found): (Vec<Header>, Vec<Vec<u8>>) = read.headers().unzip();
            let expected = [
                Header::To, Header::Modem, Header::Number, Header::Description, Header::Imsi, Header::Imei,
                Header::FailReason, Header::Failed, Header::Notice,
            ];
            prop_assert_eq!(headers, expected);
            prop_assert_eq!(file.iter().filter(|octet| **octet == b'\n').count(), expected.len() + 2);
            for (value, told) in found[1..7].iter().zip(told) {
                prop_assert_eq!(value::decode(std::str::from_utf8(value).expect("UTF-8")), told);
            }
        }
    }
}
