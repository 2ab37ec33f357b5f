//! SMS-SUBMIT-REPORT: the service centre's answer to an SMS-SUBMIT (TS 23.040 section 9.2.2.2a).
//!
//! A modem hands it out after `+CMGS: n,` when message service phase 2+ is selected (TS 27.005 section 3.5.1).

use super::octets::Reader;
use super::parameters::Announced;
use super::{DecodeError, DecodeErrorKind, EncodeError, Parameters, ServiceCentreTime};

/// TP-MTI in the first octet.
const MESSAGE_TYPE: u8 = 0x01;
const MESSAGE_TYPE_MASK: u8 = 0x03;

/// Whether the report came with an acknowledgement or with an error: the octets alone do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// In an RP-ACK: the message was taken.
    Accepted,
    /// In an RP-ERROR: the message was refused.
    Refused,
}

/// An SMS-SUBMIT-REPORT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitReport {
    /// TP-FCS, of a refusal only.
    pub failure_cause: Option<u8>,
    /// TP-SCTS: when the service centre took the message.
    pub service_centre_time: ServiceCentreTime,
    /// TP-PI and the fields it announces.
    pub parameters: Parameters,
}

impl SubmitReport {
    /// The octets of the TPDU.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = vec![MESSAGE_TYPE | self.parameters.header_indicator()];
        octets.extend(self.failure_cause);
        self.parameters.write_indicator(&mut octets);
        octets.extend(self.service_centre_time.0);
        self.parameters.write_fields(&mut octets)?;
        Ok(octets)
    }

    /// Reads a TPDU that came with `answer`.
    pub fn decode(octets: &[u8], answer: Answer) -> Result<SubmitReport, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = reader.octet()?;
        if first & MESSAGE_TYPE_MASK != MESSAGE_TYPE {
            let found = first & MESSAGE_TYPE_MASK;
            return Err(DecodeError::new(0, DecodeErrorKind::MessageType { found }));
        }
        let failure_cause = match answer {
            Answer::Accepted => None,
            Answer::Refused => Some(reader.octet()?),
        };
        let announced = Announced::read(&mut reader)?;
        let service_centre_time = ServiceCentreTime(reader.array()?);
        let parameters = announced.fields(&mut reader, first)?;
        Ok(SubmitReport { failure_cause, service_centre_time, parameters })
    }

    /// Reads the hexadecimal digits a modem gave with `answer`.
    pub fn from_hex(hex: &str, answer: Answer) -> Result<SubmitReport, DecodeError> {
        SubmitReport::decode(&super::hex::decode(hex)?, answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_and_a_refusal_differ_by_the_failure_cause() {
        let time = ServiceCentreTime([0x62, 0x11, 0x42, 0x21, 0x43, 0x65, 0x40]);
        let accepted = SubmitReport::from_hex("010062114221436540", Answer::Accepted);
        let refused = SubmitReport::from_hex("01C50062114221436540", Answer::Refused);

        let plain = |failure_cause| SubmitReport {
            failure_cause,
            service_centre_time: time,
            parameters: Parameters::default(),
        };
        assert_eq!(accepted, Ok(plain(None)));
        assert_eq!(refused, Ok(plain(Some(0xC5))));
        assert_eq!(
            plain(Some(0xC5)).encode(),
            Ok(vec![0x01, 0xC5, 0, 0x62, 0x11, 0x42, 0x21, 0x43, 0x65, 0x40])
        );
    }
}
