//! The PDU of one part as it goes to the modem now.

use crate::model::PartNumber;
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

/// The PDU of a part of `record`. A message that was started again as a whole has another concatenation reference
/// in each generation, so that a handset never joins parts of two of them.
pub fn submit_pdu(record: &Record, number: PartNumber) -> Result<SubmitPdu, PartError> {
    let missing = PartError::Missing { part: number };
    let mut part = record.content.parts.iter().find(|part| part.number == number).cloned().ok_or(missing)?;
    if record.generation > 0
        && let Some(reference) = reference_of(&part.user_data.header)?
    {
        let reference = reference.wrapping_add(u16::from(record.generation));
        text::rewrite_reference(&mut part.user_data, reference)?;
    }
    Ok(pdu::submit(&record.content, &part)?)
}

fn reference_of(header: &[u8]) -> Result<Option<u16>, text::HeaderError> {
    let concatenation = text::Header::decode(header)?.concatenation();
    Ok(concatenation.map(|element| match element.reference {
        text::Reference::Bits8(reference) => u16::from(reference),
        text::Reference::Bits16(reference) => reference,
    }))
}
