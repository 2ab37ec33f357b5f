//! SMS-STATUS-REPORT: what became of a message sent before (TS 23.040 section 9.2.2.3).

use super::octets::Reader;
use super::parameters::Announced;
use super::{DecodeError, DecodeErrorKind, EncodeError, Parameters, ServiceCentreTime, Status, address};
use crate::model::Address;

/// TP-MTI in the first octet.
const MESSAGE_TYPE: u8 = 0x02;
const MESSAGE_TYPE_MASK: u8 = 0x03;
/// TP-MMS: set when no more messages wait.
const NO_MORE_MESSAGES: u8 = 0x04;
const LOOP_PREVENTION: u8 = 0x08;
const QUALIFIER: u8 = 0x20;

/// An SMS-STATUS-REPORT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// TP-MMS: more messages wait in the service centre.
    pub more_messages: bool,
    /// TP-LP: the report was forwarded already.
    pub loop_prevention: bool,
    /// TP-SRQ: the report answers an SMS-COMMAND, not an SMS-SUBMIT.
    pub answers_command: bool,
    /// TP-MR of the message reported on.
    pub message_reference: u8,
    /// TP-RA: to whom it was sent.
    pub recipient: Address,
    /// TP-SCTS: when the service centre took it.
    pub service_centre_time: ServiceCentreTime,
    /// TP-DT: when it was delivered, or last tried.
    pub discharge_time: ServiceCentreTime,
    /// TP-ST.
    pub status: Status,
    /// TP-PI and what follows, if anything does.
    pub parameters: Option<Parameters>,
}

impl StatusReport {
    /// The octets of the TPDU.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = Vec::with_capacity(super::TPDU_OCTETS);
        self.write(&mut octets)?;
        Ok(octets)
    }

    /// Reads a TPDU.
    pub fn decode(octets: &[u8]) -> Result<StatusReport, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = reader.octet()?;
        if first & MESSAGE_TYPE_MASK != MESSAGE_TYPE {
            let found = first & MESSAGE_TYPE_MASK;
            return Err(DecodeError::new(0, DecodeErrorKind::MessageType { found }));
        }
        Ok(StatusReport {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            answers_command: first & QUALIFIER != 0,
            message_reference: reader.octet()?,
            recipient: address::read_some(&mut reader)?,
            service_centre_time: ServiceCentreTime(reader.array()?),
            discharge_time: ServiceCentreTime(reader.array()?),
            status: Status(reader.octet()?),
            parameters: read_parameters(&mut reader, first)?,
        })
    }

    pub(super) fn write(&self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        octets.extend([self.first_octet(), self.message_reference]);
        address::write(Some(&self.recipient), octets)?;
        octets.extend(self.service_centre_time.0);
        octets.extend(self.discharge_time.0);
        octets.push(self.status.0);
        let Some(parameters) = &self.parameters else { return Ok(()) };
        parameters.write_indicator(octets);
        parameters.write_fields(octets)
    }

    fn first_octet(&self) -> u8 {
        MESSAGE_TYPE
            | self.parameters.as_ref().map_or(0, Parameters::header_indicator)
            | if self.more_messages { 0 } else { NO_MORE_MESSAGES }
            | if self.loop_prevention { LOOP_PREVENTION } else { 0 }
            | if self.answers_command { QUALIFIER } else { 0 }
    }
}

fn read_parameters(reader: &mut Reader<'_>, first_octet: u8) -> Result<Option<Parameters>, DecodeError> {
    if reader.left() == 0 {
        return Ok(None);
    }
    Announced::read(reader)?.fields(reader, first_octet).map(Some)
}
