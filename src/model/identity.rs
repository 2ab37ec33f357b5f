//! Names people give and identities devices carry.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest name of a node, a modem or a tag, in octets.
const NAME_OCTETS_MAX: usize = 64;

/// The name of a node or a modem: 1 to 64 of `A-Z a-z 0-9 . _ -`, not starting with a dot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or longer than 64 octets.
    #[error("a name has 1 to 64 characters, this has {found}")]
    Length {
        /// Octets found.
        found: usize,
    },
    /// A character outside the permitted set.
    #[error(
        "a name is made of letters, digits, '.', '_' and '-' and starts with none of '.', this has {found:?}"
    )]
    Character {
        /// The first character refused.
        found: char,
    },
}

impl Name {
    /// The name `text`, if it is one.
    pub fn new(text: &str) -> Result<Name, NameError> {
        if text.is_empty() || text.len() > NAME_OCTETS_MAX {
            return Err(NameError::Length { found: text.len() });
        }
        if text.starts_with('.') {
            return Err(NameError::Character { found: '.' });
        }
        match text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))) {
            Some(found) => Err(NameError::Character { found }),
            None => Ok(Name(text.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Name, NameError> {
        Name::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.as_str().to_owned()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be the identity of a device or a SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity has 6 to 20 digits and nothing else")]
pub struct DigitsError;

macro_rules! digits {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identity with these digits, or none when `text` holds anything but 6 to 20 digits.
            pub fn new(text: &str) -> Option<$name> {
                let whole = (6..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                whole.then(|| $name(text.into()))
            }

            /// The digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = DigitsError;

            fn try_from(text: String) -> Result<$name, DigitsError> {
                $name::new(&text).ok_or(DigitsError)
            }
        }

        impl From<$name> for String {
            fn from(identity: $name) -> String {
                identity.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

digits!(
    /// The serial number of a device (3GPP TS 23.003 section 6).
    Imei
);
digits!(
    /// The identity of a SIM (3GPP TS 23.003 section 2).
    Imsi
);

/// A modem is a device with a SIM, never a tty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModemIdentity {
    /// The device.
    pub imei: Imei,
    /// Its SIM.
    pub imsi: Imsi,
}
