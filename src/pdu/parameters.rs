//! TP-PI and the optional fields it announces (TS 23.040 section 9.2.3.27).

use super::octets::Reader;
use super::{DecodeError, EncodeError, hex::PDU_OCTETS_MAX, user_data};
use crate::model::{ProtocolIdentifier, UserData};

const HAS_PROTOCOL_IDENTIFIER: u8 = 0x01;
const HAS_DATA_CODING: u8 = 0x02;
const HAS_USER_DATA: u8 = 0x04;
/// Bits the standard reserves: what they announce cannot be read, only kept.
const RESERVED: u8 = 0x78;
/// Another TP-PI octet follows.
const EXTENSION: u8 = 0x80;
/// TP-DCS of user data that comes without one: the default alphabet.
const DEFAULT_DATA_CODING: u8 = 0x00;

/// The optional fields of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Reserved bits of TP-PI.
    pub reserved: u8,
    /// Further TP-PI octets, as the extension bit of the one before says.
    pub extensions: Vec<u8>,
    /// TP-PID.
    pub protocol_identifier: Option<ProtocolIdentifier>,
    /// TP-DCS.
    pub data_coding: Option<u8>,
    /// TP-UDL and TP-UD. Its `data_coding` is the field above, or 0 without one.
    pub user_data: Option<UserData>,
    /// Octets after the fields known here; there are none unless `reserved` or `extensions` announce others.
    pub rest: Vec<u8>,
}

/// What TP-PI announces.
pub(super) struct Announced {
    indicator: u8,
    extensions: Vec<u8>,
}

impl Parameters {
    /// Appends TP-PI.
    pub(super) fn write_indicator(&self, octets: &mut Vec<u8>) {
        octets.push(self.indicator());
        for (index, extension) in self.extensions.iter().enumerate() {
            let is_last = index + 1 == self.extensions.len();
            octets.push(if is_last { extension & !EXTENSION } else { extension | EXTENSION });
        }
    }

    /// Appends the fields that TP-PI announces.
    pub(super) fn write_fields(&self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        octets.extend(self.protocol_identifier.map(|identifier| identifier.0));
        octets.extend(self.data_coding);
        if let Some(user_data) = &self.user_data {
            let data_coding = self.data_coding.unwrap_or(DEFAULT_DATA_CODING);
            if user_data.data_coding != data_coding {
                return Err(EncodeError::PayloadKind { data_coding });
            }
            user_data::write(user_data, octets)?;
        }
        if self.announces_others() {
            octets.extend(&self.rest);
        }
        match octets.len() {
            octets if octets > PDU_OCTETS_MAX => Err(EncodeError::TooLong { octets }),
            _ => Ok(()),
        }
    }

    /// TP-UDHI, in its place in the first octet.
    pub(super) fn header_indicator(&self) -> u8 {
        self.user_data.as_ref().map_or(0, user_data::header_indicator)
    }

    fn announces_others(&self) -> bool {
        self.reserved & RESERVED != 0 || !self.extensions.is_empty()
    }

    fn indicator(&self) -> u8 {
        let flag = |present: bool, bit: u8| if present { bit } else { 0 };
        self.reserved & RESERVED
            | flag(!self.extensions.is_empty(), EXTENSION)
            | flag(self.protocol_identifier.is_some(), HAS_PROTOCOL_IDENTIFIER)
            | flag(self.data_coding.is_some(), HAS_DATA_CODING)
            | flag(self.user_data.is_some(), HAS_USER_DATA)
    }
}

impl Announced {
    /// Reads TP-PI.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Announced, DecodeError> {
        let indicator = reader.octet()?;
        let mut extensions = Vec::new();
        let mut last = indicator;
        while last & EXTENSION != 0 {
            last = reader.octet()?;
            extensions.push(last);
        }
        Ok(Announced { indicator, extensions })
    }

    /// Reads the fields that TP-PI announces, up to the end of the PDU.
    pub(super) fn fields(self, reader: &mut Reader<'_>, first_octet: u8) -> Result<Parameters, DecodeError> {
        let has = |bit: u8| self.indicator & bit != 0;
        let protocol_identifier = has(HAS_PROTOCOL_IDENTIFIER).then(|| reader.octet()).transpose()?;
        let data_coding = has(HAS_DATA_CODING).then(|| reader.octet()).transpose()?;
        let coding = data_coding.unwrap_or(DEFAULT_DATA_CODING);
        let user_data =
            has(HAS_USER_DATA).then(|| user_data::read(reader, coding, first_octet)).transpose()?;
        let announces_others = has(RESERVED) || !self.extensions.is_empty();
        let rest = if announces_others { reader.remaining().to_vec() } else { Vec::new() };
        reader.finish()?;
        Ok(Parameters {
            reserved: self.indicator & RESERVED,
            extensions: self.extensions,
            protocol_identifier: protocol_identifier.map(ProtocolIdentifier),
            data_coding,
            user_data,
            rest,
        })
    }
}
