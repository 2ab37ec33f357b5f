//! What the log's records name: entries, votes, and places in the segments.

use std::fmt;

use crate::model::NodeId;

/// The id of an entry: who led when it was written, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// Term of the leader that wrote it.
    pub term: u64,
    /// The leader.
    pub node: NodeId,
    /// Place in the log; one more than the entry before.
    pub index: u64,
}

/// Whom this node votes for, as Raft must remember it.
///
/// The log writes votes in the order they are given and does not compare them: a vote for one node, not
/// committed, may be followed in the same term by the committed leadership of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vote {
    /// Term of the vote.
    pub term: u64,
    /// The node voted for.
    pub node: NodeId,
    /// Whether a majority granted it.
    pub committed: bool,
}

/// An octet of the log; places compare in the order of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the segment, from 1.
    pub segment: u64,
    /// Octet of the segment, from 0.
    pub octet: u32,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of term {} by node {}", self.index, self.term, self.node)
    }
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.committed { ", committed" } else { "" };
        write!(f, "node {} in term {}{mark}", self.node, self.term)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octet {} of segment {}", self.octet, self.segment)
    }
}
