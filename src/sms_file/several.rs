//! The result of a file with several recipients, which is ours: each is told in a line of its own.
//!
//! ```text
//! Recipient: 491700000001 sent 26-11-22 09:08:29 GSM1 7
//! Recipient: 491700000002 failed 26-11-22 09:08:31 - Destination is blacklisted
//! Fail_reason: 1 of 2 recipients failed: Destination is blacklisted
//! Failed: 26-11-22 09:08:31
//! ```

use super::header::Header;
use super::{Document, Entry, LocalTime, TimeFormat};

/// The word for a recipient whose message was sent.
pub(super) const SENT: &str = "sent";

/// What became of the message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientResult {
    /// The number as lists compare it; none when the file does not tell it any more.
    pub number: Option<String>,
    /// When it ended.
    pub ended: LocalTime,
    /// Who had it last.
    pub modem: Option<String>,
    /// TP-MR of each part.
    pub message_references: Vec<u8>,
    /// How a voice call ended.
    pub result: Option<String>,
    /// Why it was given up; none when it was sent.
    pub reason: Option<String>,
}

/// A file every recipient of which has an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Several {
    /// Their ends, in the order of the file.
    pub recipients: Vec<RecipientResult>,
    /// What was changed or lost in conversion, in the character set of the file.
    pub notices: Vec<Vec<u8>>,
}

impl Several {
    /// Whether all got it: the file belongs into `sent`.
    pub fn all_sent(&self) -> bool {
        self.failures().next().is_none()
    }

    /// `Fail_reason:`, where there is one.
    pub fn reason(&self) -> Option<String> {
        let first = self.failures().next()?;
        let (failed, all) = (self.failures().count(), self.recipients.len());
        Some(format!("{failed} of {all} recipients failed: {first}"))
    }

    /// The file for the folder it belongs into.
    pub fn file(&self, document: &Document, times: &TimeFormat) -> Vec<u8> {
        let mut entries: Vec<Entry> =
            self.recipients.iter().map(|end| Entry::new(Header::Recipient, &end.line())).collect();
        let ended = self.recipients.iter().map(|end| end.ended).max_by_key(|ended| ended.at);
        let ended = ended.map(|ended| times.write(ended)).unwrap_or_default();
        match self.reason() {
            None => entries.push(Entry::new(Header::Sent, &ended)),
            Some(reason) => {
                entries.push(Entry::new(Header::FailReason, &reason));
                entries.push(Entry::new(Header::Failed, &ended));
            }
        }
        entries.extend(self.notices.iter().map(|notice| Entry::octets(Header::Notice, notice)));
        document.with_result(&entries)
    }

    fn failures(&self) -> impl Iterator<Item = &str> {
        self.recipients.iter().filter_map(|end| end.reason.as_deref())
    }
}

impl RecipientResult {
    fn line(&self) -> String {
        let number = self.number.as_deref().unwrap_or("-");
        let modem = self.modem.as_deref().unwrap_or("-");
        let ended = &self.ended;
        match &self.reason {
            Some(reason) => format!("{number} failed {ended} {modem} {reason}"),
            None => {
                let references: Vec<String> = self.message_references.iter().map(u8::to_string).collect();
                let references = if references.is_empty() { "-".to_owned() } else { references.join(",") };
                let told = self.result.clone().unwrap_or(references);
                format!("{number} {SENT} {ended} {modem} {told}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Timestamp;

    use super::*;

    #[test]
    fn each_recipient_is_told_and_an_older_telling_goes() {
        let document =
            Document::read(b"To: 1,2\nRecipient: 1 failed x\nX-Job: 7\n\nbody").expect("a message file");
        let ended = LocalTime { at: Timestamp::from_unix_millis(1_795_338_509_000), offset_seconds: 0 };
        let end = |number: &str, references: &[u8], reason: Option<&str>| RecipientResult {
            number: Some(number.to_owned()),
            ended,
            modem: reason.is_none().then(|| "GSM1".to_owned()),
            message_references: references.to_vec(),
            result: None,
            reason: reason.map(str::to_owned),
        };

        let mut several =
            Several { recipients: vec![end("1", &[7, 8], None), end("2", &[], None)], notices: Vec::new() };
        assert!(several.all_sent());
        let expected = "To: 1,2\nX-Job: 7\nRecipient: 1 sent 26-11-22 09:08:29 GSM1 7,8\n\
                        Recipient: 2 sent 26-11-22 09:08:29 GSM1 -\nSent: 26-11-22 09:08:29\n\nbody";
        assert_eq!(String::from_utf8_lossy(&several.file(&document, &TimeFormat::default())), expected);

        several.recipients[1] = end("2", &[], Some("No network"));
        assert!(!several.all_sent());
        let expected = "To: 1,2\nX-Job: 7\nRecipient: 1 sent 26-11-22 09:08:29 GSM1 7,8\n\
                        Recipient: 2 failed 26-11-22 09:08:29 - No network\n\
                        Fail_reason: 1 of 2 recipients failed: No network\nFailed: 26-11-22 09:08:29\n\nbody";
        assert_eq!(String::from_utf8_lossy(&several.file(&document, &TimeFormat::default())), expected);
    }
}
