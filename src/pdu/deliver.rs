//! SMS-DELIVER: a message from the service centre (TS 23.040 section 9.2.2.1).

use super::octets::Reader;
use super::{DecodeError, DecodeErrorKind, EncodeError, ServiceCentreTime, address, user_data};
use crate::model::{Address, ProtocolIdentifier, UserData};

/// TP-MTI in the first octet.
const MESSAGE_TYPE: u8 = 0x00;
/// The reserved TP-MTI, which the standard wants read as this one.
const MESSAGE_TYPE_RESERVED: u8 = 0x03;
const MESSAGE_TYPE_MASK: u8 = 0x03;
/// TP-MMS: set when no more messages wait.
const NO_MORE_MESSAGES: u8 = 0x04;
const LOOP_PREVENTION: u8 = 0x08;
const STATUS_REPORT_INDICATION: u8 = 0x20;
const REPLY_PATH: u8 = 0x80;

/// An SMS-DELIVER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// TP-MMS: more messages wait in the service centre.
    pub more_messages: bool,
    /// TP-LP: the message was forwarded already.
    pub loop_prevention: bool,
    /// TP-SRI: the sender asked for a status report.
    pub status_report_indication: bool,
    /// TP-RP: a reply path is set.
    pub reply_path: bool,
    /// TP-OA; some networks leave it empty.
    pub originator: Option<Address>,
    /// TP-PID.
    pub protocol_identifier: ProtocolIdentifier,
    /// TP-SCTS.
    pub service_centre_time: ServiceCentreTime,
    /// TP-DCS, TP-UDL and TP-UD.
    pub user_data: UserData,
}

impl Deliver {
    /// The octets of the TPDU.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = Vec::with_capacity(super::TPDU_OCTETS);
        self.write(&mut octets)?;
        Ok(octets)
    }

    /// Reads a TPDU.
    pub fn decode(octets: &[u8]) -> Result<Deliver, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = reader.octet()?;
        let found = first & MESSAGE_TYPE_MASK;
        if found != MESSAGE_TYPE && found != MESSAGE_TYPE_RESERVED {
            return Err(DecodeError::new(0, DecodeErrorKind::MessageType { found }));
        }
        let originator = address::read(&mut reader)?;
        let protocol_identifier = ProtocolIdentifier(reader.octet()?);
        let data_coding = reader.octet()?;
        let service_centre_time = ServiceCentreTime(reader.array()?);
        let user_data = user_data::read(&mut reader, data_coding, first)?;
        reader.finish()?;
        Ok(Deliver {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            status_report_indication: first & STATUS_REPORT_INDICATION != 0,
            reply_path: first & REPLY_PATH != 0,
            originator,
            protocol_identifier,
            service_centre_time,
            user_data,
        })
    }

    pub(super) fn write(&self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        octets.push(self.first_octet());
        address::write(self.originator.as_ref(), octets)?;
        octets.extend([self.protocol_identifier.0, self.user_data.data_coding]);
        octets.extend(self.service_centre_time.0);
        user_data::write(&self.user_data, octets)
    }

    fn first_octet(&self) -> u8 {
        MESSAGE_TYPE
            | user_data::header_indicator(&self.user_data)
            | if self.more_messages { 0 } else { NO_MORE_MESSAGES }
            | if self.loop_prevention { LOOP_PREVENTION } else { 0 }
            | if self.status_report_indication { STATUS_REPORT_INDICATION } else { 0 }
            | if self.reply_path { REPLY_PATH } else { 0 }
    }
}
