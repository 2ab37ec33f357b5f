//! Numbers that name things. Each is its own type, so that one cannot be taken for another.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The 32 digits of Crockford's Base32, in order of value.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a message id: 26 digits of 5 bits hold 128.
const MESSAGE_ID_CHARS: usize = 26;

/// The id of a message: a ULID, chosen by the node that accepted it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; 16]);

/// Why a text is not a message id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageIdError {
    /// The text has another length than 26 characters.
    #[error("a message id has 26 characters, this has {found}")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// A character is no digit of Crockford's Base32, or the number needs more than 128 bits.
    #[error("character {at} of a message id is not one of 0-9, A-Z without I, L, O, U, or is too large")]
    Digit {
        /// Position of the character, from 1.
        at: usize,
    },
}

impl MessageId {
    /// The id with these 128 bits, most significant first.
    pub const fn from_bytes(bytes: [u8; 16]) -> MessageId {
        MessageId(bytes)
    }

    /// The 128 bits, most significant first.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        for digit in (0..MESSAGE_ID_CHARS).rev() {
            let index = usize::try_from((value >> (5 * digit)) & 31).unwrap_or(0);
            let character = CROCKFORD.get(index).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(character))?;
        }
        Ok(())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<MessageId, MessageIdError> {
        let found = text.chars().count();
        if found != MESSAGE_ID_CHARS {
            return Err(MessageIdError::Length { found });
        }
        let mut value: u128 = 0;
        for (index, byte) in text.bytes().enumerate() {
            let digit = CROCKFORD
                .iter()
                .position(|c| *c == byte.to_ascii_uppercase())
                .filter(|digit| index > 0 || *digit < 8)
                .ok_or(MessageIdError::Digit { at: index + 1 })?;
            value = (value << 5) | digit as u128;
        }
        Ok(MessageId(value.to_be_bytes()))
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MessageId, D::Error> {
        struct SixteenOctets;
        impl Visitor<'_> for SixteenOctets {
            type Value = MessageId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "16 octets")
            }

            fn visit_bytes<E: de::Error>(self, octets: &[u8]) -> Result<MessageId, E> {
                let octets = octets.try_into().map_err(|_| E::invalid_length(octets.len(), &self))?;
                Ok(MessageId(octets))
            }
        }
        deserializer.deserialize_bytes(SixteenOctets)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl $name {
            /// The number after this one.
            pub const fn next(self) -> $name {
                $name(self.0.saturating_add(1))
            }
        }
    };
}

number!(
    /// A member of the cluster. Founders are 1..n in name order.
    NodeId, u64);
number!(
    /// One life of a node as the cluster knows it; ends with `ExpireSession` or a later `RegisterSession`.
    SessionId, u64);
number!(
    /// How often a node has started; durable, grows with every start.
    StartNumber, u64);
number!(
    /// One registration of a modem under a session; never reused.
    RegistrationId, u64);
number!(
    /// How often a node has opened the port of a modem; grows with every open.
    OpenNumber, u64);
number!(
    /// Orders `Ready` and `Withdraw` of one registration.
    ReadyNumber, u64);
number!(
    /// The number of a claim; a replicated counter, never reused.
    Epoch, u64);
number!(
    /// A part of a message, from 1.
    PartNumber, u8);

impl PartNumber {
    /// The first part of every message.
    pub const FIRST: PartNumber = PartNumber(1);
}

/// One try to put one part on the air, used once: no two attempts share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// The claim it belongs to.
    pub epoch: Epoch,
    /// The part it sends.
    pub part: PartNumber,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.epoch, self.part)
    }
}

/// Where a command stands in the log: the entry's index and the command's place in the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Index of the log entry, from 1.
    pub index: u64,
    /// Place of the command inside the entry, from 0.
    pub offset: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_reads_back_from_its_own_text() {
        let id = MessageId::from_bytes([0x01, 0x93, 0, 0, 0, 0, 0xFF, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_lowercase().parse(), Ok(id));
        assert_eq!(MessageId::from_bytes([0xFF; 16]).to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }

    #[test]
    fn a_text_that_is_no_message_id_is_refused_with_its_fault() {
        assert_eq!("01".parse::<MessageId>(), Err(MessageIdError::Length { found: 2 }));
        let too_large = "8ZZZZZZZZZZZZZZZZZZZZZZZZZ";
        assert_eq!(too_large.parse::<MessageId>(), Err(MessageIdError::Digit { at: 1 }));
        let wrong_digit = "0ZZZZZZZZZZZZZZZZZZZZZZZZU";
        assert_eq!(wrong_digit.parse::<MessageId>(), Err(MessageIdError::Digit { at: 26 }));
    }
}
