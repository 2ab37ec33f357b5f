//! The form of an entry's payload, the same in the log and between nodes.
//!
//! ```text
//! 0                                              nothing: a leader begins
//! 1 | node (8) | start (8) | batch (8) | entry   commands of one node, as the state machine wrote them
//! 2 | CBOR                                       who belongs to the cluster
//! ```
//!
//! Numbers are big-endian. The origin tells the node that proposed the commands that its callers may be answered.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smsgrid::model::NodeId;

use super::types::Membership;

const BLANK: u8 = 0;
const BATCH: u8 = 1;
const MEMBERSHIP: u8 = 2;

/// Octets of a batch before the commands.
pub(super) const BATCH_HEADER_OCTETS: usize = 25;

/// Who proposed a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// The node.
    pub(super) node: NodeId,
    /// Which start of its process; what an earlier one proposed has nobody to answer.
    pub(super) start: u64,
    /// Number of the batch since that start.
    pub(super) batch: u64,
}

/// A batch in the form of the log, kind and origin included.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Payload(Arc<[u8]>);

/// What a payload holds.
#[derive(Debug)]
pub(super) enum Content {
    Blank,
    Batch(Payload),
    Membership(Membership),
}

impl Payload {
    /// The batch with this origin and these commands.
    pub(super) fn compose(origin: Origin, entry: &[u8]) -> Payload {
        let mut octets = Vec::with_capacity(BATCH_HEADER_OCTETS + entry.len());
        octets.push(BATCH);
        for number in [origin.node.0, origin.start, origin.batch] {
            octets.extend_from_slice(&number.to_be_bytes());
        }
        octets.extend_from_slice(entry);
        Payload(octets.into())
    }

    /// The batch in these octets, if they are one.
    pub(super) fn parse(octets: Arc<[u8]>) -> Option<Payload> {
        let is_batch = octets.first() == Some(&BATCH) && octets.len() >= BATCH_HEADER_OCTETS;
        is_batch.then_some(Payload(octets))
    }

    pub(super) fn origin(&self) -> Origin {
        let number = |at: usize| {
            let octets = self.0.get(at..).and_then(|rest| rest.first_chunk::<8>());
            u64::from_be_bytes(*octets.expect("a batch has its header"))
        };
        Origin { node: NodeId(number(1)), start: number(9), batch: number(17) }
    }

    /// The commands, as the state machine wrote them.
    pub(super) fn entry(&self) -> &[u8] {
        self.0.get(BATCH_HEADER_OCTETS..).unwrap_or_default()
    }

    pub(super) fn octets(&self) -> &Arc<[u8]> {
        &self.0
    }

    pub(super) fn into_octets(self) -> Arc<[u8]> {
        self.0
    }
}

pub(super) fn blank() -> Arc<[u8]> {
    Arc::from([BLANK])
}

pub(super) fn membership(membership: &Membership) -> Arc<[u8]> {
    cbor4ii::serde::to_vec(vec![MEMBERSHIP], membership)
        .expect("a membership is a value with a CBOR form, and memory takes it")
        .into()
}

/// Reads a payload of the log.
pub(super) fn content(octets: Arc<[u8]>) -> io::Result<Content> {
    match octets.split_first() {
        Some((&BLANK, [])) => Ok(Content::Blank),
        Some((&MEMBERSHIP, cbor)) => {
            cbor4ii::serde::from_slice(cbor).map(Content::Membership).map_err(|error| unreadable(&error))
        }
        Some(_) | None => {
            Payload::parse(octets).map(Content::Batch).ok_or_else(|| unreadable(&"of no known kind"))
        }
    }
}

fn unreadable(why: &dyn fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a log entry cannot be read: {why}"))
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Payload, D::Error> {
        let Octets(octets) = Octets::deserialize(deserializer)?;
        Payload::parse(octets).ok_or_else(|| de::Error::custom("no batch"))
    }
}

/// Octets that go over the wire as such and not one by one.
#[derive(Clone)]
pub(super) struct Octets(pub(super) Arc<[u8]>);

impl AsRef<[u8]> for Octets {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Octets, D::Error> {
        deserializer.deserialize_bytes(OctetsVisitor)
    }
}

struct OctetsVisitor;

impl Visitor<'_> for OctetsVisitor {
    type Value = Octets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octets")
    }

    fn visit_bytes<E: de::Error>(self, octets: &[u8]) -> Result<Octets, E> {
        Ok(Octets(octets.into()))
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0.len())
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { node, start, batch } = self.origin();
        write!(f, "batch {batch} of node {node} start {start}, {} octets", self.0.len())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_a_fixed_form_and_reads_back() {
        let origin = Origin { node: NodeId(1), start: 2, batch: 3 };
        let batch = Payload::compose(origin, b"xyz");
        let golden = b"\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03xyz";
        assert_eq!(batch.octets().as_ref(), golden);

        let Ok(Content::Batch(read)) = content(Arc::from(golden.as_slice())) else { panic!("a batch") };
        assert_eq!((read.origin(), read.entry()), (origin, b"xyz".as_slice()));
    }

    #[test]
    fn what_is_no_payload_is_refused() {
        for octets in [
            &b""[..],
            b"\0more",
            b"\x01short",
            b"\x02",
            b"\x02\xff",
            b"\x03",
            b"\x07xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ] {
            assert!(content(octets.into()).is_err(), "{octets:?}");
        }
    }
}
