//! What became of one attempt to send one part, and what that means for the message.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CallEnd, Timestamp};

/// The reason an SMS was refused, as the modem or the network gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// `+CMS ERROR: n` (TS 27.005 section 3.2.5).
    Cms(u16),
    /// `+CME ERROR: n` (TS 27.007 section 9.2).
    Cme(u16),
    /// The part cannot be encoded; no modem can help.
    Unencodable,
}

/// What to do after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Disposition {
    /// Never try again, here or elsewhere.
    Permanent,
    /// Try again after a while.
    Temporary,
    /// The message is fine, this modem is not: try again elsewhere.
    ModemFault,
}

/// A certain "not sent", said by the modem or the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refusal {
    /// What was said.
    pub cause: Cause,
    /// What follows from it.
    pub disposition: Disposition,
}

/// Why nobody knows whether a part was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Doubt {
    /// No answer until the deadline.
    Silent,
    /// `OK` without `+CMGS: n`.
    BareOk,
    /// Plain `ERROR` after the PDU was handed over.
    BareError,
    /// `+CMS ERROR: n` that does not tell whether the part left.
    Cms(u16),
    /// The modem restarted or lost power after the PDU was handed over.
    ModemRestarted,
    /// The port failed after the PDU was handed over.
    PortLost,
    /// The session of the node ended while the part was in flight.
    SessionLost,
}

/// Why a part that was started was certainly never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NotWrittenReason {
    /// The modem gave no prompt, or refused before it.
    NoPrompt,
    /// The port failed before Ctrl-Z.
    PortLost,
    /// The lease had no guard left, the claim was gone, or the part turned out to be sent.
    LeaseLost,
    /// Another SIM is in the modem than the claim names.
    SimChanged,
    /// The node drains and gives the claim back.
    Draining,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartOutcome {
    /// The network took it.
    Sent {
        /// TP-MR of the part, from `+CMGS: n`.
        message_reference: u8,
        /// Service centre time stamp, when the modem returned one.
        service_centre_time: Option<Timestamp>,
    },
    /// Certainly not sent.
    Refused(Refusal),
    /// It may or may not have been sent.
    Uncertain(Doubt),
    /// The part was a call, and it was made; it counts as sent however it ended.
    Called(CallEnd),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Cms(code) => write!(f, "+CMS ERROR: {code}"),
            Cause::Cme(code) => write!(f, "+CME ERROR: {code}"),
            Cause::Unencodable => write!(f, "the part cannot be encoded"),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Silent => write!(f, "the modem did not answer"),
            Doubt::BareOk => write!(f, "the modem answered OK without a reference"),
            Doubt::BareError => write!(f, "the modem answered ERROR after the message was handed over"),
            Doubt::Cms(code) => write!(f, "+CMS ERROR: {code} after the message was handed over"),
            Doubt::ModemRestarted => write!(f, "the modem restarted while sending"),
            Doubt::PortLost => write!(f, "the port was lost while sending"),
            Doubt::SessionLost => write!(f, "the node was lost while sending"),
        }
    }
}

impl fmt::Display for NotWrittenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotWrittenReason::NoPrompt => "the modem gave no prompt",
            NotWrittenReason::PortLost => "the port was lost",
            NotWrittenReason::LeaseLost => "the claim was lost",
            NotWrittenReason::SimChanged => "the SIM was changed",
            NotWrittenReason::Draining => "the node was stopped",
        })
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Disposition::Permanent => "not tried again",
            Disposition::Temporary => "tried again later",
            Disposition::ModemFault => "tried again by another modem",
        })
    }
}
