//! SMS-SUBMIT: a message on its way to the service centre (TS 23.040 section 9.2.2.2).

use super::octets::Reader;
use super::{DecodeError, DecodeErrorKind, EncodeError, Validity, address, user_data};
use crate::model::{Address, Content, Part, ProtocolIdentifier, UserData};

/// TP-MTI in the first octet.
const MESSAGE_TYPE: u8 = 0x01;
const MESSAGE_TYPE_MASK: u8 = 0x03;
const REJECT_DUPLICATES: u8 = 0x04;
const STATUS_REPORT_REQUEST: u8 = 0x20;
const REPLY_PATH: u8 = 0x80;

/// An SMS-SUBMIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// TP-RD: the service centre refuses a duplicate.
    pub reject_duplicates: bool,
    /// TP-SRR: a status report is asked for.
    pub status_report: bool,
    /// TP-RP: a reply path is set.
    pub reply_path: bool,
    /// TP-MR.
    pub message_reference: u8,
    /// TP-DA.
    pub destination: Address,
    /// TP-PID.
    pub protocol_identifier: ProtocolIdentifier,
    /// TP-VP.
    pub validity: Option<Validity>,
    /// TP-DCS, TP-UDL and TP-UD.
    pub user_data: UserData,
}

impl Submit {
    /// The SMS-SUBMIT of one part of a message.
    pub fn new(content: &Content, part: &Part) -> Result<Submit, EncodeError> {
        let options = &content.options;
        Ok(Submit {
            reject_duplicates: options.reject_duplicates,
            status_report: options.status_report,
            reply_path: options.reply_path,
            message_reference: options.message_reference,
            destination: content.destination.clone(),
            protocol_identifier: options.protocol_identifier,
            validity: options.validity_period.map(Validity::from_model).transpose()?,
            user_data: part.user_data.clone(),
        })
    }

    /// The octets of the TPDU.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = Vec::with_capacity(super::TPDU_OCTETS);
        self.write(&mut octets)?;
        Ok(octets)
    }

    /// Reads a TPDU.
    pub fn decode(octets: &[u8]) -> Result<Submit, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = reader.octet()?;
        if first & MESSAGE_TYPE_MASK != MESSAGE_TYPE {
            let found = first & MESSAGE_TYPE_MASK;
            return Err(DecodeError::new(0, DecodeErrorKind::MessageType { found }));
        }
        let message_reference = reader.octet()?;
        let destination = address::read_some(&mut reader)?;
        let protocol_identifier = ProtocolIdentifier(reader.octet()?);
        let data_coding = reader.octet()?;
        let validity = Validity::read(first, &mut reader)?;
        let user_data = user_data::read(&mut reader, data_coding, first)?;
        reader.finish()?;
        Ok(Submit {
            reject_duplicates: first & REJECT_DUPLICATES != 0,
            status_report: first & STATUS_REPORT_REQUEST != 0,
            reply_path: first & REPLY_PATH != 0,
            message_reference,
            destination,
            protocol_identifier,
            validity,
            user_data,
        })
    }

    pub(super) fn write(&self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        octets.extend([self.first_octet(), self.message_reference]);
        address::write(Some(&self.destination), octets)?;
        octets.extend([self.protocol_identifier.0, self.user_data.data_coding]);
        if let Some(validity) = self.validity {
            validity.write(octets);
        }
        user_data::write(&self.user_data, octets)
    }

    fn first_octet(&self) -> u8 {
        MESSAGE_TYPE
            | Validity::format_bits(self.validity)
            | user_data::header_indicator(&self.user_data)
            | if self.reject_duplicates { REJECT_DUPLICATES } else { 0 }
            | if self.status_report { STATUS_REPORT_REQUEST } else { 0 }
            | if self.reply_path { REPLY_PATH } else { 0 }
    }
}
