//! The cluster as a whole.

use std::time::Duration;

use serde_json::{Value, json};
use smsgrid_proto::Role;

use super::json::{self, Moment};
use super::{Modem, Node};

/// Whether the cluster works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    Healthy,
    Degraded,
    NoQuorum,
    #[default]
    Unknown,
}

/// How fresh an answer is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Freshness {
    pub(crate) revision: String,
    /// How long ago it certainly held everything; none when nobody can say.
    pub(crate) age: Option<Duration>,
    /// Whether the answer is what one node had applied, and not what a majority agreed on.
    pub(crate) stale: bool,
    /// The node that answered.
    pub(crate) node: String,
    pub(crate) as_of: Option<Moment>,
}

/// What waits and what is not well, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueCounts {
    pub(crate) scheduled: u64,
    pub(crate) queued: u64,
    pub(crate) claimed: u64,
    pub(crate) sending: u64,
    pub(crate) uncertain: u64,
    /// Dead letters.
    pub(crate) failed: u64,
    pub(crate) oldest_seconds: u64,
}

/// Something that needs a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) what: String,
    pub(crate) command: String,
    pub(crate) reason: String,
    /// A problem, not a warning only.
    pub(crate) problem: bool,
}

/// The replicated log as the node that answers sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Consensus {
    pub(crate) term: u64,
    pub(crate) role: &'static str,
    pub(crate) last_log: u64,
    pub(crate) committed: u64,
    pub(crate) applied: u64,
    pub(crate) snapshot: u64,
    pub(crate) purged: u64,
}

/// The answer to `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) verdict: Verdict,
    pub(crate) leader: String,
    /// How many more nodes may be lost; negative when it takes no messages now.
    pub(crate) can_lose: i32,
    pub(crate) nodes: Vec<Node>,
    pub(crate) modems: Vec<Modem>,
    pub(crate) queue: QueueCounts,
    pub(crate) needs: Vec<Need>,
    pub(crate) cluster: String,
    pub(crate) cluster_id: String,
    pub(crate) consensus: Consensus,
    pub(crate) freshness: Freshness,
    /// The version of the node that answers.
    pub(crate) version: String,
}

impl Verdict {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Verdict::Healthy => "healthy",
            Verdict::Degraded => "degraded",
            Verdict::NoQuorum => "no-quorum",
            Verdict::Unknown => "unknown",
        }
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Verdict::Healthy => Role::Ok,
            Verdict::Degraded => Role::Warn,
            Verdict::NoQuorum => Role::Bad,
            Verdict::Unknown => Role::Uncertain,
        }
    }
}

impl Freshness {
    pub(crate) fn json(&self) -> Value {
        json!({
            "revision": self.revision,
            "as_of": json::moment(self.as_of),
            "age": self.age.map(|age| age.as_secs_f64()),
            "level": if self.stale { "stale" } else { "linear" },
            "node": json::text(&self.node),
        })
    }
}

impl QueueCounts {
    fn json(&self) -> Value {
        json!({
            "scheduled": self.scheduled,
            "queued": self.queued,
            "claimed": self.claimed,
            "sending": self.sending,
            "uncertain": self.uncertain,
            "failed": self.failed,
            "oldest_seconds": self.oldest_seconds,
        })
    }
}

impl Need {
    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "command": json::text(&self.command),
            "reason": json::text(&self.reason),
            "problem": self.problem,
        })
    }
}

impl Consensus {
    fn json(&self) -> Value {
        json!({
            "term": self.term,
            "role": self.role,
            "last_log": self.last_log,
            "committed": self.committed,
            "applied": self.applied,
            "snapshot": self.snapshot,
            "purged": self.purged,
        })
    }
}

impl Status {
    pub(crate) fn json(&self) -> Value {
        json!({
            "verdict": self.verdict.word(),
            "leader": json::text(&self.leader),
            "can_lose": self.can_lose,
            "nodes": self.nodes.iter().map(Node::json).collect::<Vec<_>>(),
            "modems": self.modems.iter().map(Modem::json).collect::<Vec<_>>(),
            "queue": self.queue.json(),
            "needs": self.needs.iter().map(Need::json).collect::<Vec<_>>(),
            "cluster": json::text(&self.cluster),
            "cluster_id": json::text(&self.cluster_id),
            "consensus": self.consensus.json(),
            "freshness": self.freshness.json(),
            "version": json::text(&self.version),
        })
    }
}
