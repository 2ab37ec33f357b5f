//! A body that is a PDU: read, judged, and sent as it is.

use crate::model::{Content, Part, PartNumber, SendOptions};
use crate::pdu::{self, Pdu, Tpdu, Validity};
use crate::sms_file::Rejection;
use crate::text;

/// The message that `octets` are: service centre and SMS-SUBMIT, which must leave as exactly these octets.
pub(super) fn content(octets: &[u8]) -> Result<Content, Rejection> {
    let pdu = Pdu::decode(octets).map_err(|error| no_pdu(error.to_string()))?;
    let submit = match pdu.tpdu {
        Tpdu::Submit(submit) => submit,
        Tpdu::Deliver(_) | Tpdu::StatusReport(_) => {
            return Err(no_pdu("the body is a PDU that only a service centre sends".to_owned()));
        }
    };
    let options = SendOptions {
        protocol_identifier: submit.protocol_identifier,
        validity_period: submit.validity.and_then(Validity::to_model),
        report_unsaid: false,
        status_report: submit.status_report,
        reject_duplicates: submit.reject_duplicates,
        reply_path: submit.reply_path,
        message_reference: submit.message_reference,
        service_centre: pdu.service_centre,
    };
    let alphabet = text::alphabet(&submit.user_data);
    let part = Part { number: PartNumber(1), user_data: submit.user_data };
    let content =
        Content { destination: submit.destination, alphabet, parts: vec![part], options, call: None };
    let again = content.parts.first().and_then(|part| pdu::submit(&content, part).ok());
    match again {
        Some(again) if again.hex == hex(octets) => Ok(content),
        Some(_) | None => Err(no_pdu(
            "the PDU of the body is not in the standard's own form and would leave changed".to_owned(),
        )),
    }
}

fn no_pdu(what: String) -> Rejection {
    Rejection::NoPdu { what }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}
