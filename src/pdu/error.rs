//! What can be wrong with a PDU, and where.

use crate::model::AddressError;

/// Why octets are no PDU of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {at}: {kind}")]
pub struct DecodeError {
    /// The octet at fault, from 0. In a PDU with its service centre field, octet 0 is that field's length.
    pub at: usize,
    /// The fault.
    pub kind: DecodeErrorKind,
}

/// The fault of a PDU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeErrorKind {
    /// A character is no hexadecimal digit.
    #[error("{found:?} is no hexadecimal digit")]
    Hex {
        /// The character.
        found: char,
    },
    /// The last octet has one hexadecimal digit only.
    #[error("half an octet at the end")]
    HalfOctet,
    /// Longer than any PDU.
    #[error("{octets} octets are more than a PDU has")]
    TooLong {
        /// Octets found.
        octets: usize,
    },
    /// The octets end inside a field.
    #[error("{promised} octets are promised, {left} are left")]
    Truncated {
        /// Octets the field needs.
        promised: usize,
        /// Octets left.
        left: usize,
    },
    /// Octets are left after the last field.
    #[error("{left} octets are left after the end")]
    Trailing {
        /// Octets left.
        left: usize,
    },
    /// TP-MTI says another kind of PDU than expected, or one that is not read here.
    #[error("message type {found} is not the one expected")]
    MessageType {
        /// The two bits.
        found: u8,
    },
    /// An address is longer than the field allows.
    #[error("an address of {found} is longer than the {limit} its field holds")]
    AddressLength {
        /// Length found: semi-octets, or octets in a service centre field.
        found: usize,
        /// Length allowed.
        limit: usize,
    },
    /// A digit follows the filler of an address.
    #[error("a digit follows the filler")]
    AddressFiller,
    /// The digits are no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// An address that must be there is empty.
    #[error("the address is empty")]
    AddressMissing,
    /// A service centre cannot be addressed by name.
    #[error("a service centre has digits, not a name")]
    ServiceCentreName,
    /// TP-UDL is more than user data may have.
    #[error("user data of {found} is longer than {limit}")]
    UserDataLength {
        /// Septets or octets found.
        found: usize,
        /// Septets or octets allowed.
        limit: usize,
    },
    /// The user data header is longer than the user data.
    #[error("a header of {promised} octets does not fit into the user data")]
    HeaderLength {
        /// Octets the header needs, its length octet among them.
        promised: usize,
    },
    /// An element of the user data header is longer than the header.
    #[error("header element {identifier:#04x} needs {promised} octets, {left} are left")]
    HeaderElement {
        /// Its identifier.
        identifier: u8,
        /// Octets it needs after the identifier.
        promised: usize,
        /// Octets left in the header.
        left: usize,
    },
}

/// Why values are no PDU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// An alphanumeric address has a character outside GSM 7-bit.
    #[error("character {position} ({character:?}) of the address is not in GSM 7-bit")]
    AddressCharacter {
        /// The character.
        character: char,
        /// Its position, from 1.
        position: usize,
    },
    /// An alphanumeric address takes more than 11 septets.
    #[error("the address takes {septets} septets, at most 11 fit")]
    AddressLength {
        /// Septets it takes.
        septets: usize,
    },
    /// A service centre cannot be addressed by name.
    #[error("a service centre has digits, not a name")]
    ServiceCentreName,
    /// The payload is septets where TP-DCS says octets, or the other way round.
    #[error("the payload is not what data coding {data_coding:#04x} says")]
    PayloadKind {
        /// TP-DCS.
        data_coding: u8,
    },
    /// A septet has its eighth bit set.
    #[error("septet {index} is {found:#04x}, which has more than seven bits")]
    Septet {
        /// Its index, from 0.
        index: usize,
        /// Its value.
        found: u8,
    },
    /// The user data takes more than 140 octets with its header.
    #[error("the user data takes {found} septets or octets with its header, at most {limit} fit")]
    UserDataLength {
        /// Septets or octets it takes.
        found: usize,
        /// How many fit.
        limit: usize,
    },
    /// The validity period is outside what its format can say.
    #[error("the validity period cannot be written in its format")]
    ValidityPeriod,
    /// More octets follow TP-PI than a PDU has room for.
    #[error("{octets} octets are more than a PDU has")]
    TooLong {
        /// Octets it would have.
        octets: usize,
    },
}

impl DecodeError {
    pub(super) fn new(at: usize, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { at, kind }
    }

    /// The same fault when `octets` more stand before the ones that were read.
    pub(super) fn after(mut self, octets: usize) -> DecodeError {
        self.at += octets;
        self
    }
}
