//! The id of a cluster: drawn once, when it forms, and never again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// The id of a cluster, 26 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(Ulid);

/// The text is no id of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a cluster")]
pub struct NotAClusterId;

impl ClusterId {
    /// An id nobody has.
    pub fn draw() -> ClusterId {
        ClusterId(Ulid::new())
    }

    /// The id of these octets.
    pub fn from_octets(octets: [u8; 16]) -> ClusterId {
        ClusterId(Ulid::from_bytes(octets))
    }

    /// Its octets.
    pub fn octets(self) -> [u8; 16] {
        self.0.to_bytes()
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ClusterId {
    type Err = NotAClusterId;

    fn from_str(text: &str) -> Result<ClusterId, NotAClusterId> {
        Ulid::from_string(text).map(ClusterId).map_err(|_| NotAClusterId)
    }
}

impl Serialize for ClusterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClusterId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ClusterId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[test]
fn an_id_is_read_back_from_its_text_and_its_octets() {
    let id = ClusterId::draw();

    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(ClusterId::from_octets(id.octets()), id);
    assert_eq!("01ARZ3NDEKTSV4RRFFQ69G5FA".parse::<ClusterId>(), Err(NotAClusterId));
    assert_ne!(ClusterId::draw(), id);
}
