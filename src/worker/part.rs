//! The PDU of one part as it goes to the modem now.

use crate::model::{Address, PartNumber, ProtocolIdentifier, SendOptions, TypeOfNumber};
use crate::pdu::{self, SubmitPdu};
use crate::queue::Record;
use crate::text;

/// Why a part has no PDU.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The message has no such part.
    #[error("the message has no part {part}")]
    Missing {
        /// The part.
        part: PartNumber,
    },
    /// Its user data header is malformed.
    #[error(transparent)]
    Header(#[from] text::HeaderError),
    /// It is longer than a TPDU, or an address cannot be written.
    #[error(transparent)]
    Encode(#[from] pdu::EncodeError),
}

/// TP-PID of a ping: a message that handsets do not show, sent for its report alone.
const PING: ProtocolIdentifier = ProtocolIdentifier(0x40);

/// How a modem wants its PDUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PduForm {
    /// The TPDU alone: no field of the service centre, no validity, TP-MR 0.
    pub is_old: bool,
    /// Which reports it asks for.
    pub reports: Reports,
}

/// Which status reports a modem asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reports {
    /// Those the message or the settings for all messages ask for.
    #[default]
    All,
    /// Those the message itself asks for.
    Said,
    /// Those of pings.
    Pings,
}

impl PduForm {
    /// Whether a status report is asked for with these options.
    pub fn asks_report(self, options: &SendOptions) -> bool {
        options.status_report
            && match self.reports {
                Reports::All => true,
                Reports::Said => !options.report_unsaid,
                Reports::Pings => options.protocol_identifier == PING,
            }
    }
}

/// The PDU of a part of `record` in the form of the modem that sends it. A message that was started again as a whole has another concatenation reference
/// in each generation, so that a handset never joins parts of two of them.
pub fn submit_pdu(record: &Record, number: PartNumber, form: PduForm) -> Result<SubmitPdu, PartError> {
    let missing = PartError::Missing { part: number };
    let mut part = record.content.parts.iter().find(|part| part.number == number).cloned().ok_or(missing)?;
    if record.generation > 0
        && let Some(reference) = reference_of(&part.user_data.header)?
    {
        let reference = reference.wrapping_add(u16::from(record.generation));
        text::rewrite_reference(&mut part.user_data, reference)?;
    }
    let options = &record.content.options;
    let mut tpdu = pdu::Submit::new(&record.content, &part)?;
    tpdu.status_report = form.asks_report(options);
    if form.is_old {
        (tpdu.validity, tpdu.message_reference) = (None, 0);
        return Ok(pdu::submit_bare(&tpdu)?);
    }
    Ok(pdu::submit_of(&tpdu, options.service_centre.as_ref())?)
}

/// The number of a call as it is dialled.
pub fn dialled(destination: &Address) -> String {
    let digits = destination.reveal();
    if destination.type_of_number() == TypeOfNumber::International {
        return format!("+{digits}");
    }
    digits.to_owned()
}

fn reference_of(header: &[u8]) -> Result<Option<u16>, text::HeaderError> {
    let concatenation = text::Header::decode(header)?.concatenation();
    Ok(concatenation.map(|element| match element.reference {
        text::Reference::Bits8(reference) => u16::from(reference),
        text::Reference::Bits16(reference) => reference,
    }))
}
