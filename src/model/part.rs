//! One part of a message as the log keeps it: everything of the TPDU's user data, decided by the proposer.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PartNumber;

/// The characters or octets of a part, without its header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// GSM 7-bit codes, one septet an octet (0 to 127), escapes included, not yet packed.
    Septets(#[serde(with = "octets")] Vec<u8>),
    /// Octets as they go on the air: 8-bit data or UTF-16BE.
    Octets(#[serde(with = "octets")] Vec<u8>),
}

impl Payload {
    /// How many septets or octets it has.
    pub fn units(&self) -> usize {
        match self {
            Payload::Septets(units) | Payload::Octets(units) => units.len(),
        }
    }
}

/// TP-UD of one part with the TP-DCS that explains it (TS 23.040 section 9.2.3.24).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserData {
    /// TP-DCS, as it goes on the air.
    pub data_coding: u8,
    /// The user data header without its length octet; empty when there is none.
    #[serde(with = "octets")]
    pub header: Vec<u8>,
    /// What follows the header.
    pub payload: Payload,
}

/// A numbered part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its number, from 1.
    pub number: PartNumber,
    /// Its content.
    pub user_data: UserData,
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Septets(units) => write!(f, "{} septets", units.len()),
            Payload::Octets(units) => write!(f, "{} octets", units.len()),
        }
    }
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserData")
            .field("data_coding", &self.data_coding)
            .field("header_octets", &self.header.len())
            .field("payload", &self.payload)
            .finish()
    }
}

/// Octets as one byte string instead of a list of numbers.
mod octets {
    use std::fmt;

    use serde::de::{self, SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(octets)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Octets;
        impl<'de> Visitor<'de> for Octets {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "octets")
            }

            fn visit_bytes<E: de::Error>(self, octets: &[u8]) -> Result<Vec<u8>, E> {
                Ok(octets.to_vec())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
                let mut octets = Vec::new();
                while let Some(octet) = seq.next_element()? {
                    octets.push(octet);
                }
                Ok(octets)
            }
        }
        deserializer.deserialize_byte_buf(Octets)
    }
}
