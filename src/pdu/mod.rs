//! SMS PDUs: encoding what is sent, decoding what is received (3GPP TS 23.040).
//!
//! [`submit()`] makes the digits for `AT+CMGS`; [`read`] takes those of `+CMGR`, `+CMGL`, `+CMT` and `+CDS`. Each TPDU has
//! its type with `encode` and `decode`, and decoding what was encoded gives it back. Reserved values and octets that
//! are no date are kept as they are, so that a PDU in the standard's own form also encodes to what it was. A fault
//! names its octet. Nothing here panics on any octets, and nothing reads past 255 of them.
//!
//! The text of a message is none of this module's business: it hands out `model::UserData`, which `text` explains.

mod address;
mod deliver;
mod error;
mod hex;
mod octets;
mod parameters;
mod septets;
mod status;
mod status_report;
mod submit;
mod submit_report;
mod time;
mod user_data;
mod ussd;
mod validity;

pub use deliver::Deliver;
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use parameters::Parameters;
pub use status::{Status, StatusClass};
pub use status_report::StatusReport;
pub use submit::Submit;
pub use submit_report::{Answer, SubmitReport};
pub use time::ServiceCentreTime;
pub use ussd::{pack_ussd, unpack_ussd};
pub use validity::{EnhancedValidity, Validity, relative_octet, relative_span};

use crate::model::{Address, Content, Part};
use octets::Reader;

/// Octets of the longest SMS-SUBMIT; the others are not much longer.
const TPDU_OCTETS: usize = 164;
/// TP-MTI in the first octet of a TPDU.
const MESSAGE_TYPE_MASK: u8 = 0x03;

/// An SMS-SUBMIT ready for `AT+CMGS=<tpdu_octets>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitPdu {
    /// The service centre field, unless it is left out, and the TPDU in capital hexadecimal digits.
    pub hex: String,
    /// Octets of the TPDU, the service centre field not counted.
    pub tpdu_octets: usize,
}

/// A PDU with its service centre field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// The service centre; none leaves it to the modem, or was not given by it.
    pub service_centre: Option<Address>,
    /// What it carries.
    pub tpdu: Tpdu,
}

/// The TPDUs a modem keeps in its storage or hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tpdu {
    /// A received message.
    Deliver(Deliver),
    /// A message stored for sending, or sent.
    Submit(Submit),
    /// A status report.
    StatusReport(StatusReport),
}

/// The PDU of one part of a message, with the service centre its options name.
pub fn submit(content: &Content, part: &Part) -> Result<SubmitPdu, EncodeError> {
    submit_of(&Submit::new(content, part)?, content.options.service_centre.as_ref())
}

/// The PDU of this TPDU, through this service centre; none leaves it to the modem.
pub fn submit_of(tpdu: &Submit, service_centre: Option<&Address>) -> Result<SubmitPdu, EncodeError> {
    let mut octets = Vec::with_capacity(TPDU_OCTETS);
    address::write_service_centre(service_centre, &mut octets)?;
    let service_centre_octets = octets.len();
    tpdu.write(&mut octets)?;
    Ok(SubmitPdu { hex: hex::encode(&octets), tpdu_octets: octets.len() - service_centre_octets })
}

/// The PDU of this TPDU without a service centre field, as old modems take it.
pub fn submit_bare(tpdu: &Submit) -> Result<SubmitPdu, EncodeError> {
    let octets = tpdu.encode()?;
    Ok(SubmitPdu { hex: hex::encode(&octets), tpdu_octets: octets.len() })
}

/// Reads a PDU with its service centre field, which must end where its TPDU does.
pub fn read(hex: &str) -> Result<Pdu, DecodeError> {
    Pdu::decode(&hex::decode(hex)?)
}

/// Reads a PDU with its service centre field of which the modem said that the TPDU has `tpdu_octets`; octets after
/// these are the modem's own and are ignored.
pub fn read_announced(hex: &str, tpdu_octets: usize) -> Result<Pdu, DecodeError> {
    let octets = hex::decode(hex)?;
    let mut reader = Reader::new(&octets);
    address::read_service_centre(&mut reader)?;
    reader.take(tpdu_octets)?;
    Pdu::decode(octets.get(..reader.at()).unwrap_or(&octets))
}

/// Reads a TPDU without a service centre field, as old modems give it.
pub fn read_tpdu(hex: &str) -> Result<Tpdu, DecodeError> {
    Tpdu::decode(&hex::decode(hex)?)
}

impl Pdu {
    /// Reads the octets of a PDU.
    pub fn decode(octets: &[u8]) -> Result<Pdu, DecodeError> {
        let mut reader = Reader::new(octets);
        let service_centre = address::read_service_centre(&mut reader)?;
        let start = reader.at();
        let tpdu = Tpdu::decode(reader.remaining()).map_err(|error| error.after(start))?;
        Ok(Pdu { service_centre, tpdu })
    }

    /// The PDU in capital hexadecimal digits.
    pub fn to_hex(&self) -> Result<String, EncodeError> {
        let mut octets = Vec::with_capacity(TPDU_OCTETS);
        address::write_service_centre(self.service_centre.as_ref(), &mut octets)?;
        self.tpdu.write(&mut octets)?;
        Ok(hex::encode(&octets))
    }
}

impl Tpdu {
    /// Reads a TPDU by its TP-MTI, as it is meant in a modem's storage.
    pub fn decode(octets: &[u8]) -> Result<Tpdu, DecodeError> {
        match Reader::new(octets).octet()? & MESSAGE_TYPE_MASK {
            0x01 => Submit::decode(octets).map(Tpdu::Submit),
            0x02 => StatusReport::decode(octets).map(Tpdu::StatusReport),
            _ => Deliver::decode(octets).map(Tpdu::Deliver),
        }
    }

    fn write(&self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Tpdu::Deliver(deliver) => deliver.write(octets),
            Tpdu::Submit(submit) => submit.write(octets),
            Tpdu::StatusReport(report) => report.write(octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PartNumber, SendOptions, ValidityPeriod};
    use crate::text;

    #[test]
    fn a_message_is_the_pdu_that_smsd_makes_of_it() {
        let pdu = submit(&hello(SendOptions::default()), &part()).expect("a legal message");
        let options = SendOptions {
            status_report: true,
            validity_period: Some(ValidityPeriod::Relative(255)),
            ..SendOptions::default()
        };
        let smsd = submit(&hello(options), &part()).expect("a legal message");

        assert_eq!(smsd.hex, "0031000C915348103254760000FF0EC8329BFD06DDF9723619B42903");
        assert_eq!(smsd.tpdu_octets, 27);
        assert_eq!(pdu.hex, "0001000C9153481032547600000EC8329BFD06DDF9723619B42903");
        assert_eq!(pdu.tpdu_octets, 26);
    }

    #[test]
    fn the_service_centre_is_in_the_digits_but_not_in_the_length() {
        let service_centre = Address::international("358405202000").ok();
        let pdu = submit(&hello(SendOptions { service_centre, ..SendOptions::default() }), &part());

        let pdu = pdu.expect("a legal message");
        assert_eq!(pdu.hex, "079153485002020001000C9153481032547600000EC8329BFD06DDF9723619B42903");
        assert_eq!(pdu.tpdu_octets, 26);
    }

    #[test]
    fn a_pdu_is_cut_where_the_modem_said_it_ends() {
        let pdu = "0001000C9153481032547600000EC8329BFD06DDF9723619B42903";
        let padded = format!("{pdu}FFFFFF");

        let trailing = DecodeError::new(27, DecodeErrorKind::Trailing { left: 3 });
        assert_eq!(read(&padded), Err(trailing));
        assert_eq!(read_announced(&padded, 26), read(pdu));
        let truncated = DecodeError::new(1, DecodeErrorKind::Truncated { promised: 30, left: 29 });
        assert_eq!(read_announced(&padded, 30), Err(truncated));
        assert_eq!(read_tpdu(&pdu[2..]), read(pdu).map(|pdu| pdu.tpdu));
    }

    #[test]
    fn a_fault_behind_the_service_centre_names_the_octet_of_the_whole_pdu() {
        let truncated = DecodeError::new(17, DecodeErrorKind::Truncated { promised: 6, left: 4 });

        assert_eq!(read("07915348500202000100").map_err(|error| error.at), Err(10));
        assert_eq!(read("0791534850020200010004913254000006AABBCCDD"), Err(truncated));
    }

    fn hello(options: SendOptions) -> Content {
        Content {
            destination: Address::international("358401234567").expect("twelve digits"),
            alphabet: crate::model::Alphabet::GSM7,
            parts: vec![part()],
            options,
            call: None,
        }
    }

    fn part() -> Part {
        let segmented = text::segment("Hello wörld €", &text::SegmentOptions::default());
        let user_data = segmented.expect("one part").parts.swap_remove(0);
        Part { number: PartNumber::FIRST, user_data }
    }
}
