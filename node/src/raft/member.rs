//! Who belongs to the cluster, as the log remembers it.

use serde::{Deserialize, Serialize};
use smsgrid::model::Name;

/// A node of the cluster: what the others call it and where they find it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// Its name, unique in the cluster.
    pub name: Name,
    /// Where it listens for the other nodes, as `host:port`; empty when it is alone.
    pub peer: String,
    /// Where it listens for clients, as `host:port`; empty when it does not.
    pub api: String,
}

#[cfg(test)]
impl Default for Member {
    /// What the library's suite calls a member.
    fn default() -> Member {
        let name = Name::new("anybody").expect("a name");
        Member { name, peer: String::new(), api: String::new() }
    }
}
