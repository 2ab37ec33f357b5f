//! How far the cluster of a data directory has come.

use serde::{Deserialize, Serialize};

use super::ClusterId;

/// How far the cluster has come, as this directory knows it. `cluster::formation` moves it, only ever forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No cluster yet.
    Empty,
    /// This node, the first of the founders, has drawn the id; others may not have it.
    Drawn(ClusterId),
    /// This node has the id from the first one; others may not have it.
    Joined(ClusterId),
    /// Every founder has the id; this node, the first one, may be the only one that knows. It initialises the log.
    Agreed(ClusterId),
    /// The log was seen initialised. An empty one is lost from now on.
    Formed(ClusterId),
}

impl Phase {
    /// The cluster's id, once there is one.
    pub fn cluster(self) -> Option<ClusterId> {
        match self {
            Phase::Empty => None,
            Phase::Drawn(cluster)
            | Phase::Joined(cluster)
            | Phase::Agreed(cluster)
            | Phase::Formed(cluster) => Some(cluster),
        }
    }

    /// Whether the founders' list counts: it must not change between the drawing of the id and the first entry of the log.
    pub fn is_forming(self) -> bool {
        match self {
            Phase::Drawn(_) | Phase::Joined(_) | Phase::Agreed(_) => true,
            Phase::Empty | Phase::Formed(_) => false,
        }
    }
}
