//! A node, and what it is in the replicated log.

use std::time::Duration;

use serde_json::{Value, json};

use super::json;

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) state: &'static str,
    /// Entries of the log it is behind.
    pub(crate) lag: Option<u64>,
    pub(crate) id: u64,
    pub(crate) peer: String,
    pub(crate) api: String,
    pub(crate) modems: Vec<String>,
    /// How long the leader has not heard from it.
    pub(crate) last_contact: Option<Duration>,
    pub(crate) version: String,
    /// How often it was started.
    pub(crate) start: u64,
    pub(crate) uptime: Option<Duration>,
}

/// A member of the replicated log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) peer: String,
    pub(crate) api: String,
    pub(crate) voter: bool,
    pub(crate) role: &'static str,
    /// The last entry it is known to hold.
    pub(crate) matched: Option<u64>,
    pub(crate) last_contact: Option<Duration>,
}

/// The members, and who leads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) members: Vec<Member>,
    pub(crate) leader: String,
    pub(crate) term: u64,
    pub(crate) cluster: String,
    pub(crate) cluster_id: String,
}

impl Node {
    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "role": self.role,
            "state": self.state,
            "lag": self.lag,
            "id": self.id,
            "peer": json::text(&self.peer),
            "api": json::text(&self.api),
            "modems": self.modems,
            "last_contact": seconds(self.last_contact),
            "version": json::text(&self.version),
            "start": self.start,
            "uptime": seconds(self.uptime),
        })
    }
}

impl Member {
    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "id": self.id,
            "peer": json::text(&self.peer),
            "api": json::text(&self.api),
            "voter": self.voter,
            "role": self.role,
            "matched": self.matched,
            "last_contact": seconds(self.last_contact),
        })
    }
}

/// Durations are seconds in JSON.
fn seconds(span: Option<Duration>) -> Value {
    span.map_or(Value::Null, |span| json!(span.as_secs_f64()))
}
