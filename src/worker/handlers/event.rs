//! What the event handler is told: which file, and what happened to its message.

use serde::{Deserialize, Serialize};

use crate::sms_file::MessageIds;

/// TP-MR of each part that was sent, in order.
pub type MessageReferences = Vec<u8>;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Occasion {
    /// Every part of a message was sent.
    Sent(MessageReferences),
    /// A message was given up, or its file refused; these parts of it were sent.
    Failed(MessageReferences),
    /// A message was received.
    Received,
    /// A status report was received.
    Report,
    /// A call was missed.
    Call,
}

/// One run of the event handler, repeated until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same for every repetition, also after a crash; a program that must not act twice remembers it.
    pub id: String,
    /// What happened.
    pub occasion: Occasion,
    /// The file that tells it, as a whole path.
    pub file: Vec<u8>,
    /// The modem it happened at; none when no modem had it.
    pub modem: Option<String>,
}

impl Occasion {
    /// The first argument.
    pub fn word(&self) -> &'static str {
        match self {
            Occasion::Sent(_) => "SENT",
            Occasion::Failed(_) => "FAILED",
            Occasion::Received => "RECEIVED",
            Occasion::Report => "REPORT",
            Occasion::Call => "CALL",
        }
    }

    fn references(&self) -> &[u8] {
        match self {
            Occasion::Sent(references) | Occasion::Failed(references) => references,
            Occasion::Received | Occasion::Report | Occasion::Call => &[],
        }
    }
}

impl Event {
    /// What the handler gets; `told` says which of the message's ids.
    pub fn arguments(&self, told: MessageIds) -> Vec<Vec<u8>> {
        let mut arguments = vec![self.occasion.word().as_bytes().to_vec(), self.file.clone()];
        let references = self.occasion.references();
        match told {
            MessageIds::First => arguments.extend(references.first().map(word)),
            MessageIds::Last => arguments.extend(references.last().map(word)),
            MessageIds::All => {
                arguments.extend(references.iter().map(word));
                // One id stands alone; several end with a dot, as in the header `Message_id`.
                arguments.extend((references.len() > 1).then(|| b".".to_vec()));
            }
        }
        arguments
    }
}

fn word(reference: &u8) -> Vec<u8> {
    reference.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_has_the_arguments_of_smsd() {
        use MessageIds::{All, First, Last};
        for (occasion, told, expected) in [
            (Occasion::Sent(vec![7]), Last, "SENT /f 7"),
            (Occasion::Sent(vec![7, 8, 255]), First, "SENT /f 7"),
            (Occasion::Sent(vec![7, 8, 255]), Last, "SENT /f 255"),
            (Occasion::Sent(vec![7, 8, 255]), All, "SENT /f 7 8 255 ."),
            (Occasion::Sent(vec![7]), All, "SENT /f 7"),
            (Occasion::Failed(vec![7, 8]), Last, "FAILED /f 8"),
            (Occasion::Failed(vec![]), All, "FAILED /f"),
            (Occasion::Received, All, "RECEIVED /f"),
            (Occasion::Report, Last, "REPORT /f"),
            (Occasion::Call, First, "CALL /f"),
        ] {
            let event = Event { id: String::new(), occasion, file: b"/f".to_vec(), modem: None };

            assert_eq!(event.arguments(told).join(&b' '), expected.as_bytes());
        }
    }

    #[test]
    fn a_file_name_with_blanks_is_one_argument() {
        let file = b"/sent/two words; rm -rf /".to_vec();
        let event =
            Event { id: String::new(), occasion: Occasion::Received, file: file.clone(), modem: None };

        assert_eq!(event.arguments(MessageIds::Last), [b"RECEIVED".to_vec(), file]);
    }
}
