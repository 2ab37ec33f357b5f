//! What became of a message, and the result file that tells it.

use std::time::Duration;

use crate::at::explained;
use crate::model::{Address, Alphabet, CallEnd, Content, MessageState, Timestamp};
use crate::sms_file::{
    Device, Document, Entry, Failed, Header, Included, LocalTime, RecipientResult, Sent, Several, recipients,
};
use crate::worker::submission::{self, Submission};

use super::{Account, Destination, FileName, IntakeId, Settings, naming};

/// Most references an event tells of: what a record of the journal has room for.
pub(super) const REFERENCES_MAX: usize = 255;

/// Everything a result file tells of a message that is out of the modems' hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// A final state.
    pub state: MessageState,
    /// The modem that had it last.
    pub device: Device,
    /// What is known of each part, in order.
    pub parts: Vec<PartResult>,
    /// Whether the modem that had it last asked for a report.
    pub is_reported: bool,
    /// When its first part was started.
    pub started: Option<Timestamp>,
    /// When it became final.
    pub ended: Timestamp,
    /// It was sent again although the time before may have reached the network.
    pub possible_duplicate: bool,
    /// Why it was given up: the last answer of the modem, or a reason in words.
    pub reason: String,
    /// How the last attempt to send it was refused, when the cluster gave it up after that.
    pub given_up: Option<GivenUp>,
}

/// A message that was refused until nobody tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Whom it was for.
    pub destination: Address,
    /// The part that was refused last, and of how many.
    pub part: (u8, u8),
    /// How often that part was sent again.
    pub retries: usize,
}

/// What is known of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartResult {
    /// TP-MR the modem returned.
    pub message_reference: Option<u8>,
    /// The PDU in hex, if it was handed to a modem.
    pub pdu: Option<String>,
    /// It was sent again although the time before may have reached the network.
    pub resent: bool,
    /// How it ended, when it was a call and somebody heard.
    pub call: Option<CallEnd>,
}

/// Which PDUs a result file keeps (`store_sent_pdu`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeepPdus {
    /// 0
    Never,
    /// 1
    #[default]
    Failed,
    /// 2: also of binary and UCS-2 messages.
    FailedOrNotText,
    /// 3
    Always,
}

/// How a file ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As its message did.
    Outcome(Box<Outcome>),
    /// Not sent, for this reason.
    Refused(String),
    /// As the messages of its several recipients did.
    Several(Vec<Verdict>),
}

impl Verdict {
    /// The end of a file whose messages ended like this; none without a message.
    pub(super) fn of_all(mut ends: Vec<Verdict>) -> Option<Verdict> {
        match ends.len() {
            0 | 1 => ends.pop(),
            _ => Some(Verdict::Several(ends)),
        }
    }

    /// What is told of a file that the cluster did not want, or not for everyone.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            Verdict::Outcome(_) => None,
            Verdict::Refused(reason) => Some(reason.clone()),
            Verdict::Several(ends) => {
                let mut refused = ends.iter().filter_map(Verdict::refusal);
                let first = refused.next()?;
                let count = 1 + refused.count();
                Some(format!("{count} of {} recipients were refused: {first}", ends.len()))
            }
        }
    }

    pub(super) fn destination(&self) -> Destination {
        if self.is_sent() { Destination::Sent } else { Destination::Failed }
    }

    fn is_sent(&self) -> bool {
        match self {
            Verdict::Outcome(outcome) => outcome.is_sent(),
            Verdict::Refused(_) => false,
            Verdict::Several(ends) => ends.iter().all(Verdict::is_sent),
        }
    }

    /// What the result file of several recipients says of one.
    fn of_recipient(&self, number: Option<String>, wall: LocalTime) -> RecipientResult {
        let none = RecipientResult {
            number,
            ended: wall,
            modem: None,
            message_references: Vec::new(),
            result: None,
            reason: None,
        };
        match self {
            Verdict::Outcome(outcome) => RecipientResult {
                ended: LocalTime { at: outcome.ended, ..wall },
                modem: outcome.device.modem.clone(),
                message_references: outcome.parts.iter().filter_map(|part| part.message_reference).collect(),
                result: outcome.result(),
                reason: (!outcome.is_sent()).then(|| outcome.reason_in_words()),
                ..none
            },
            Verdict::Refused(_) | Verdict::Several(_) => RecipientResult { reason: self.refusal(), ..none },
        }
    }

    /// What is told of how it was sent.
    pub(super) fn account(&self) -> Account {
        match self {
            Verdict::Outcome(outcome) => Account {
                modem: outcome.device.modem.clone(),
                references: outcome.parts.iter().filter_map(|part| part.message_reference).collect(),
            },
            Verdict::Refused(_) => Account::default(),
            // One event tells of all: the first modem, and the references in the order of the recipients.
            Verdict::Several(ends) => {
                let accounts: Vec<Account> = ends.iter().map(Verdict::account).collect();
                Account {
                    modem: accounts.iter().find_map(|account| account.modem.clone()),
                    references: accounts
                        .into_iter()
                        .flat_map(|account| account.references)
                        .take(REFERENCES_MAX)
                        .collect(),
                }
            }
        }
    }

    /// The result file for the file with these octets, which included others, was called `name` and stands in `checked` as `place`, and
    /// the name of the result.
    pub(super) fn file(
        &self,
        (name, place): (&FileName, &FileName),
        (octets, included): (&[u8], &[Included]),
        id: IntakeId,
        settings: &Settings,
        wall: LocalTime,
    ) -> (Vec<u8>, FileName) {
        let read = || Document::read_translated(octets, &settings.messages.translation);
        // A file that was refused for what it includes lacks it.
        let whole = read().and_then(|document| document.with_included(included));
        let Ok(mut document) = whole.or_else(|_| read()) else {
            return (octets.to_vec(), naming::of_result(name, id, self, None, settings));
        };
        let submission = submission::prepare(&document, &settings.messages, reference(id)).ok();
        let result = naming::of_result(name, id, self, submission.as_ref(), settings);
        // Where smsd moved it to `checked`, the file tells it already, and its name is only what smsd made.
        let is_told =
            name == place && document.headers().any(|(header, _)| header == Header::OriginalFilename);
        if !settings.keep_filename && settings.store_original_filename && !is_told {
            let entry = Entry::octets(Header::OriginalFilename, name.as_bytes());
            // smsd tells it when the file leaves `outgoing`, which one it refuses never does.
            if self.had_its_message() {
                document.precede_result(entry)
            } else {
                document.follow_result(entry)
            }
        }
        (self.content(&document, submission.as_ref(), settings, wall), result)
    }

    /// What a reader of the result should know of how it was sent.
    fn notices(&self) -> Vec<Vec<u8>> {
        match self {
            Verdict::Outcome(outcome) => {
                outcome.duplicate_notice().into_iter().map(String::into_bytes).collect()
            }
            Verdict::Refused(_) => Vec::new(),
            Verdict::Several(ends) => {
                let told = (1..).zip(ends).flat_map(|(number, end)| {
                    let of = format!("Recipient {number}: ").into_bytes();
                    end.notices().into_iter().map(move |notice| [of.as_slice(), &notice].concat())
                });
                told.collect()
            }
        }
    }

    /// Whether the file became a message.
    pub(super) fn had_its_message(&self) -> bool {
        match self {
            Verdict::Outcome(_) | Verdict::Several(_) => true,
            Verdict::Refused(_) => false,
        }
    }

    fn content(
        &self,
        document: &Document,
        submission: Option<&Submission>,
        settings: &Settings,
        wall: LocalTime,
    ) -> Vec<u8> {
        let mut notices = submission.map(|made| made.notices.clone()).unwrap_or_default();
        notices.extend(self.notices());
        match self {
            Verdict::Refused(reason) => Failed {
                device: Device::default(),
                reason: reason.clone(),
                failed: wall,
                pdus: Vec::new(),
                notices,
            }
            .file(document, settings.messages.times()),
            Verdict::Several(ends) => {
                let to = recipients(document, &settings.messages).unwrap_or_default();
                let to =
                    to.into_iter().map(|recipient| Some(recipient.number)).chain(std::iter::repeat(None));
                let recipients = ends.iter().zip(to).map(|(end, to)| end.of_recipient(to, wall)).collect();
                Several { recipients, notices }.file(document, settings.messages.times())
            }
            Verdict::Outcome(outcome) => {
                let content = submission.map(|made| &made.content);
                outcome.file(document, content, notices, settings, wall)
            }
        }
    }
}

/// The concatenation reference of a file's parts: the same after every restart, spread over files.
pub(super) fn reference(id: IntakeId) -> u8 {
    id.to_bytes().into_iter().fold(0, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet))
}

impl Outcome {
    fn is_sent(&self) -> bool {
        match self.state {
            MessageState::Sent | MessageState::Delivered | MessageState::Undelivered => true,
            MessageState::Scheduled
            | MessageState::Queued
            | MessageState::Claimed
            | MessageState::Sending
            | MessageState::Failed
            | MessageState::Uncertain
            | MessageState::Expired
            | MessageState::Canceled
            | MessageState::Rejected => false,
        }
    }

    /// The result file for `document`, which asked for `content`.
    pub(super) fn file(
        &self,
        document: &Document,
        content: Option<&Content>,
        notices: Vec<Vec<u8>>,
        settings: &Settings,
        wall: LocalTime,
    ) -> Vec<u8> {
        match self.is_sent() {
            true => self.sent(content, notices, settings, wall).file(document, settings.messages.times()),
            false => self.failed(notices, settings, wall).file(document, settings.messages.times()),
        }
    }

    /// How a call ended, in the words of the modem.
    fn result(&self) -> Option<String> {
        let end = self.parts.iter().find_map(|part| part.call)?;
        Some(match end {
            CallEnd::Error(Some(cause)) => explained(cause),
            CallEnd::Answered
            | CallEnd::Busy
            | CallEnd::NoAnswer
            | CallEnd::NoCarrier
            | CallEnd::Delayed
            | CallEnd::Error(None)
            | CallEnd::Timeout
            | CallEnd::Hangup
            | CallEnd::CutShort => end.to_string(),
        })
    }

    fn sent(
        &self,
        content: Option<&Content>,
        notices: Vec<Vec<u8>>,
        settings: &Settings,
        wall: LocalTime,
    ) -> Sent {
        let text = content.is_none_or(|content| match content.alphabet {
            Alphabet::Gsm7 { .. } => true,
            Alphabet::Data8 | Alphabet::Ucs2 => false,
        });
        let references =
            self.parts.iter().filter_map(|part| part.message_reference).filter(|_| self.is_reported);
        Sent {
            device: self.device.clone(),
            sent: LocalTime { at: self.ended, ..wall },
            sending_time: self.started.map_or(Duration::ZERO, |started| self.ended.since(started)),
            message_references: references.collect(),
            message_ids: settings.message_ids,
            result: self.result(),
            pdus: match settings.keep_pdus {
                KeepPdus::Never | KeepPdus::Failed => Vec::new(),
                KeepPdus::FailedOrNotText if text => Vec::new(),
                KeepPdus::FailedOrNotText | KeepPdus::Always => self.pdus(),
            },
            notices,
        }
    }

    fn failed(&self, notices: Vec<Vec<u8>>, settings: &Settings, wall: LocalTime) -> Failed {
        let pdus = match settings.keep_pdus {
            KeepPdus::Never => Vec::new(),
            KeepPdus::Failed | KeepPdus::FailedOrNotText | KeepPdus::Always => self.pdus(),
        };
        Failed {
            device: self.device.clone(),
            reason: self.reason_in_words(),
            failed: LocalTime { at: self.ended, ..wall },
            pdus,
            notices,
        }
    }

    /// That somebody may get it twice.
    fn duplicate_notice(&self) -> Option<String> {
        if !self.possible_duplicate {
            return None;
        }
        let why = "the time before had no answer, so it may arrive twice";
        let resent = (1..).zip(&self.parts).filter(|(_, part)| part.resent);
        let resent: Vec<String> = resent.map(|(number, _): (usize, _)| number.to_string()).collect();
        Some(match self.parts.len() {
            0 | 1 => format!("Sent again: {why}"),
            _ if resent.is_empty() => format!("Sent again as a whole: {why}"),
            _ => format!("Sent again, part {}: {why}", resent.join(", ")),
        })
    }

    fn reason_in_words(&self) -> String {
        if self.reason.is_empty() { "Unknown".to_owned() } else { self.reason.clone() }
    }

    fn pdus(&self) -> Vec<String> {
        self.parts.iter().filter_map(|part| part.pdu.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The PDU lines of the result of a file, as it is configured.
    fn pdus(keep_pdus: KeepPdus, state: MessageState, file: &str) -> usize {
        let part = |pdu: &str| PartResult {
            resent: false,
            message_reference: Some(7),
            pdu: Some(pdu.to_owned()),
            call: None,
        };
        let outcome = Outcome {
            state,
            device: Device::default(),
            parts: vec![part("0011"), part("0022")],
            possible_duplicate: false,
            is_reported: false,
            started: None,
            ended: Timestamp::from_unix_millis(0),
            reason: String::new(),
            given_up: None,
        };
        let settings = Settings { keep_pdus, ..Settings::default() };
        let wall = LocalTime { at: Timestamp::from_unix_millis(0), offset_seconds: 0 };
        let id = IntakeId::from_bytes([1; 16]);
        let name = FileName::new(b"any").expect("a name");
        let verdict = Verdict::Outcome(Box::new(outcome));
        let (result, _) = verdict.file((&name, &name), (file.as_bytes(), &[]), id, &settings, wall);
        String::from_utf8_lossy(&result).lines().filter(|line| line.starts_with("PDU: ")).count()
    }

    #[test]
    fn each_value_of_store_sent_pdu_keeps_the_pdus_of_its_messages() {
        let text = "To: 491700000001\n\nhello";
        let unicode = "To: 491700000001\nAlphabet: UCS2\n\n\0h\0i";
        let binary = "To: 491700000001\nBinary: yes\n\n\u{1}\u{2}";
        let (sent, failed) = (MessageState::Sent, MessageState::Failed);
        for (keep, [sent_text, sent_unicode, sent_binary], failures) in [
            (KeepPdus::Never, [0, 0, 0], 0),
            (KeepPdus::Failed, [0, 0, 0], 2),
            (KeepPdus::FailedOrNotText, [0, 2, 2], 2),
            (KeepPdus::Always, [2, 2, 2], 2),
        ] {
            assert_eq!(pdus(keep, sent, text), sent_text, "{keep:?}");
            assert_eq!(pdus(keep, sent, unicode), sent_unicode, "{keep:?}");
            assert_eq!(pdus(keep, sent, binary), sent_binary, "{keep:?}");
            for file in [text, unicode, binary] {
                assert_eq!(pdus(keep, failed, file), failures, "{keep:?}");
            }
        }
    }
}
