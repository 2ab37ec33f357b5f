//! The ledger: what the network accepted, one entry a part, written before the modem answers, and one a voice call,
//! written when it is over.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

use super::calendar::rfc3339;
use super::calling::CallEntry;
use super::octets::to_hex;
use super::submit::Submit;

/// A part the network accepted, or a call it put through. As JSON it is one line of the ledger file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was accepted: RFC 3339, UTC.
    pub time: String,
    /// The device that sent it.
    pub imei: String,
    /// The SIM that sent it.
    pub imsi: String,
    /// TP-MR the SIM gave it, as in `+CMGS`.
    pub message_reference: u8,
    /// TP-DA: digits without a plus sign.
    pub destination: String,
    /// Service centre address and TPDU as the driver wrote them, in hexadecimal digits.
    pub pdu: String,
    /// The modem takes TPDUs without a service centre address in front, and this is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bare_pdu: bool,
    /// TP-PID.
    pub protocol_identifier: u8,
    /// TP-DCS.
    pub data_coding: u8,
    /// TP-SRR.
    pub status_report: bool,
    /// The text, when its alphabet is the GSM 7-bit default alphabet or UCS-2.
    pub text: Option<String>,
    /// Reference that joins the parts of one message, when there are several.
    pub concatenation_reference: Option<u16>,
    /// Number of this part, from 1.
    pub part: u8,
    /// Parts of the message.
    pub parts: u8,
    /// A voice call; then there is no part, and what belongs to one is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Box<CallEntry>>,
}

impl Entry {
    /// The entry of `submit`, written as `pdu`, accepted at `time`.
    pub(super) fn new(
        time: Timestamp,
        imei: &str,
        imsi: &str,
        message_reference: u8,
        submit: &Submit,
        pdu: &[u8],
        bare_pdu: bool,
    ) -> Entry {
        let place = submit.concatenation;
        Entry {
            time: rfc3339(time),
            imei: imei.to_owned(),
            imsi: imsi.to_owned(),
            message_reference,
            destination: submit.destination.clone(),
            pdu: to_hex(pdu),
            bare_pdu,
            protocol_identifier: submit.protocol_identifier,
            data_coding: submit.data_coding,
            status_report: submit.status_report,
            text: submit.text.clone(),
            concatenation_reference: place.map(|place| place.reference),
            part: place.map_or(1, |place| place.part),
            parts: place.map_or(1, |place| place.parts),
            call: None,
        }
    }

    /// The entry of a call to `number` that was over at `time`.
    pub(super) fn of_call(time: Timestamp, imei: &str, imsi: &str, number: &str, call: CallEntry) -> Entry {
        Entry {
            time: rfc3339(time),
            imei: imei.to_owned(),
            imsi: imsi.to_owned(),
            message_reference: 0,
            destination: number.trim_start_matches('+').to_owned(),
            pdu: String::new(),
            bare_pdu: false,
            protocol_identifier: 0,
            data_coding: 0,
            status_report: false,
            text: None,
            concatenation_reference: None,
            part: 0,
            parts: 0,
            call: Some(Box::new(call)),
        }
    }
}
