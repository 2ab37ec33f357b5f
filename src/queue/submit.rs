//! A message as its proposer puts it into the log: everything that may differ between replicas is decided here.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{Content, MessageId, Name, Origin, Priority, ResendLimit, Timestamp, UncertainPolicy};

/// Longest idempotency key, in octets.
const KEY_OCTETS_MAX: usize = 128;

/// What a modem may carry, or what a message asks of its modem.
pub type Tags = BTreeSet<Name>;

/// A new message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// Its id, chosen by the proposer.
    pub id: MessageId,
    /// The client's name for this request, so that asking again makes no second message.
    pub key: Option<IdempotencyKey>,
    /// [`digest`](super::digest()) of the request: tells a repetition from another request under the same key.
    pub digest: Digest,
    /// What to send to whom.
    pub content: Content,
    /// Who brought it.
    pub origin: Origin,
    /// How urgent it is.
    pub priority: Priority,
    /// What becomes of it when nobody knows whether a part was sent.
    pub uncertain: UncertainPolicy,
    /// How often an uncertain part may be sent again without a person; more than 8 counts as 8.
    pub resend_limit: ResendLimit,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
    /// Not after this moment.
    pub deadline: Option<Timestamp>,
    /// Which modems may carry it.
    pub route: Route,
    /// How many refusals it survives, instead of the policy's number; the last one fails it.
    pub attempts_max: Option<u8>,
}

/// Which modems may carry a message. The empty route is carried by all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    /// Only the modem of this name.
    pub modem: Option<Name>,
    /// Only a modem that carries all of these.
    pub tags: Tags,
}

/// The client's name for a request: 1 to 128 octets without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(Arc<str>);

/// Why a text cannot be an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty, or longer than 128 octets.
    #[error("an idempotency key has 1 to {KEY_OCTETS_MAX} octets, this has {found}")]
    Length {
        /// Octets found.
        found: usize,
    },
    /// A control character.
    #[error("character {at} of the idempotency key is a control character")]
    Control {
        /// Position of the character, from 1.
        at: usize,
    },
}

impl IdempotencyKey {
    /// The key `text`, if it is one.
    pub fn new(text: &str) -> Result<IdempotencyKey, KeyError> {
        if text.is_empty() || text.len() > KEY_OCTETS_MAX {
            return Err(KeyError::Length { found: text.len() });
        }
        match text.chars().position(char::is_control) {
            Some(at) => Err(KeyError::Control { at: at + 1 }),
            None => Ok(IdempotencyKey(text.into())),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<IdempotencyKey, KeyError> {
        IdempotencyKey::new(&text)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> String {
        key.as_str().to_owned()
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// 16 octets that stand for a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        struct SixteenOctets;
        impl Visitor<'_> for SixteenOctets {
            type Value = Digest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "16 octets")
            }

            fn visit_bytes<E: de::Error>(self, octets: &[u8]) -> Result<Digest, E> {
                octets.try_into().map(Digest).map_err(|_| E::invalid_length(octets.len(), &self))
            }
        }
        deserializer.deserialize_bytes(SixteenOctets)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bounded_and_without_control_characters() {
        assert_eq!(IdempotencyKey::new(""), Err(KeyError::Length { found: 0 }));
        assert_eq!(IdempotencyKey::new(&"k".repeat(129)), Err(KeyError::Length { found: 129 }));
        assert_eq!(IdempotencyKey::new("a\nb"), Err(KeyError::Control { at: 2 }));
        assert_eq!(IdempotencyKey::new(&"k".repeat(128)).map(|key| key.as_str().len()), Ok(128));
    }
}
