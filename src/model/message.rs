//! What is to be sent, and how: the content of a message as its proposer decided it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Alphabet, Call, Name, Part, Timestamp};

/// How urgent a message is; the higher class is matched first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Campaigns, newsletters.
    Bulk,
    /// Everything else.
    #[default]
    Normal,
    /// Alerts.
    High,
    /// Before all others.
    Emergency,
}

impl Priority {
    /// Every class, the most urgent first.
    pub const MOST_URGENT_FIRST: [Priority; 4] =
        [Priority::Emergency, Priority::High, Priority::Normal, Priority::Bulk];
}

/// What becomes of a message when nobody knows whether a part was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UncertainPolicy {
    /// Send the part again after the evidence window, flagged as a possible duplicate.
    #[default]
    Resend,
    /// Wait for a person.
    Hold,
    /// Give up after the evidence window: for one-time codes and payments.
    Fail,
}

/// How often an uncertain part may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResendLimit(pub u8);

impl Default for ResendLimit {
    fn default() -> ResendLimit {
        ResendLimit(1)
    }
}

/// TP-PID (TS 23.040 section 9.2.3.9), kept as its octet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProtocolIdentifier(pub u8);

/// Message class (TS 23.038 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageClass {
    /// Immediate display, "flash".
    Class0,
    /// Mobile equipment.
    Class1,
    /// SIM.
    Class2,
    /// Terminal equipment.
    Class3,
}

/// How long the service centre keeps trying (TP-VP, TS 23.040 section 9.2.3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ValidityPeriod {
    /// TP-VP relative format, as its octet.
    Relative(u8),
    /// Until a moment; written in the absolute format.
    Absolute(Timestamp),
    /// A span; written in the enhanced format, in seconds up to 255 or as hours, minutes and seconds.
    Enhanced(Duration),
}

/// The fields of SMS-SUBMIT that belong to the message as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendOptions {
    /// TP-PID.
    pub protocol_identifier: ProtocolIdentifier,
    /// TP-VP; none leaves the field out.
    pub validity_period: Option<ValidityPeriod>,
    /// TP-SRR: ask for a status report.
    pub status_report: bool,
    /// The message itself says nothing of a report: one is asked for by the settings alone, and a modem may do without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report_unsaid: bool,
    /// TP-RD: the service centre refuses a duplicate.
    pub reject_duplicates: bool,
    /// TP-RP: reply path.
    pub reply_path: bool,
    /// TP-MR to write; a modem usually overwrites it.
    pub message_reference: u8,
    /// Service centre for this message instead of the SIM's own.
    pub service_centre: Option<Address>,
}

/// Who brought the message, and where its result goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A program through the API or the command line.
    Api,
    /// A file of the spool folder of one node.
    Spool {
        /// The node that took the file and files its result.
        node: Name,
        /// The key under which that node's spool journal knows the file.
        intake: String,
    },
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Api => write!(f, "Api"),
            Origin::Spool { node, intake } => write!(f, "Spool({node}, {intake})"),
        }
    }
}

/// What is to be sent to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// TP-DA.
    pub destination: Address,
    /// The alphabet the proposer chose.
    pub alphabet: Alphabet,
    /// The parts, numbered from 1 without a gap; at least one.
    pub parts: Vec<Part>,
    /// Fields of SMS-SUBMIT.
    pub options: SendOptions,
    /// A voice call instead of an SMS; then there is one part, and it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Box<Call>>,
}
