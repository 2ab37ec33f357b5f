//! What a modem says unasked.

use super::{Registration, Slot};

/// An unsolicited line, understood.
#[derive(Clone, PartialEq, Eq)]
pub enum Urc {
    /// `+CMTI`: a message was stored.
    MessageStored(Slot),
    /// `+CDSI`: a status report was stored.
    ReportStored(Slot),
    /// `+CMT`: a message handed over directly, not stored.
    Message {
        /// Octets of TPDU promised.
        tpdu_length: u16,
        /// Service centre address and TPDU in hex.
        pdu_hex: String,
    },
    /// `+CDS`: a status report handed over directly.
    Report {
        /// Octets of TPDU promised.
        tpdu_length: u16,
        /// Service centre address and TPDU in hex.
        pdu_hex: String,
    },
    /// `RING`, `+CRING`: somebody calls.
    Ring,
    /// `+CLIP`: who calls.
    Caller {
        /// The number, empty when withheld.
        number: String,
    },
    /// `+CUSD`: the network answers a USSD request.
    Ussd {
        /// 0 ended, 1 wants an answer, 2 ended by the network, 4 not supported, 5 timeout.
        status: u8,
        /// The text as the modem gave it.
        text: String,
        /// The coding of the text.
        dcs: Option<u8>,
    },
    /// `+CREG`, `+CGREG`, `+CEREG` unasked.
    Registration(Registration),
    /// The modem started: it has to be initialised.
    Restarted,
    /// The modem switches itself off or is about to fail for lack of power.
    PowerFailing,
    /// `^SMMEMFULL`, `+SMS FULL`: no more messages are taken until slots are freed.
    MemoryFull,
    /// The SIM was taken out or stopped working (`+CPIN: NOT READY`, `+SIM REMOVED`...).
    SimGone,
    /// An answer nobody waits for; never a result.
    StrayAnswer(String),
    /// Anything else.
    Noise(String),
}

impl std::fmt::Debug for Urc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Urc::MessageStored(slot) => write!(f, "MessageStored({slot})"),
            Urc::ReportStored(slot) => write!(f, "ReportStored({slot})"),
            Urc::Message { tpdu_length, .. } => write!(f, "Message({tpdu_length} octets)"),
            Urc::Report { tpdu_length, .. } => write!(f, "Report({tpdu_length} octets)"),
            Urc::Ring => write!(f, "Ring"),
            Urc::Caller { number } => write!(f, "Caller({} digits)", number.len()),
            Urc::Ussd { status, text, .. } => write!(f, "Ussd({status}, {} characters)", text.len()),
            Urc::Registration(registration) => write!(f, "Registration({registration:?})"),
            Urc::Restarted => write!(f, "Restarted"),
            Urc::PowerFailing => write!(f, "PowerFailing"),
            Urc::MemoryFull => write!(f, "MemoryFull"),
            Urc::SimGone => write!(f, "SimGone"),
            Urc::StrayAnswer(line) => write!(f, "StrayAnswer({line:?})"),
            Urc::Noise(line) => write!(f, "Noise({line:?})"),
        }
    }
}
