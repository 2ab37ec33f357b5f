//! What is read when somebody asks: the queue, the log, the members.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use smsgrid::model::{MessageState, Timestamp};

use super::Fraction;
use super::modems::ModemReading;
use crate::raft::Figures;

/// What the gauges say now.
#[derive(Clone, Debug, Default)]
pub(in crate::api) struct Readings {
    /// Messages by state.
    pub(in crate::api) counts: BTreeMap<MessageState, u64>,
    /// When the oldest waiting message was accepted.
    pub(in crate::api) oldest: Option<Timestamp>,
    /// Failed messages nobody has looked after.
    pub(in crate::api) dead_letters: u64,
    /// Registered modems.
    pub(in crate::api) modems: u64,
    /// Those of this node.
    pub(in crate::api) own_modems: Vec<ModemReading>,
    /// What the node is in the log: leader, follower, candidate or learner.
    pub(in crate::api) role: &'static str,
    /// Whether it knows a leader.
    pub(in crate::api) has_leader: bool,
    /// Whether a majority answers, as far as it knows.
    pub(in crate::api) has_quorum: bool,
    /// The term.
    pub(in crate::api) term: u64,
    /// Last entry in its log.
    pub(in crate::api) last_log: u64,
    /// Last entry a majority has, as far as it knows.
    pub(in crate::api) committed: u64,
    /// Last entry it has applied.
    pub(in crate::api) applied: u64,
    /// What its log on disk has done since it was opened.
    pub(in crate::api) log: Figures,
    /// Messages whose row in the store may be older than they are.
    pub(in crate::api) unwritten: u64,
    /// Members that vote.
    pub(in crate::api) voters: u64,
    /// Members that may still be lost; -1 without a majority.
    pub(in crate::api) can_lose: i64,
    /// Entries each follower is behind, as the leader knows it.
    pub(in crate::api) peers: Vec<(String, u64)>,
    /// When the node was started.
    pub(in crate::api) started: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Role {
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Peer {
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// What a node can be in the log.
const ROLES: [&str; 4] = ["leader", "follower", "candidate", "learner"];

pub(super) struct Gauges {
    messages: Family<State, Gauge>,
    oldest: Fraction,
    dead_letters: Gauge,
    uncertain: Gauge,
    modems: Gauge,
    role: Family<Role, Gauge>,
    has_leader: Gauge,
    has_quorum: Gauge,
    term: Gauge,
    last_log: Gauge,
    committed: Gauge,
    applied: Gauge,
    log_syncs: Counter,
    log_groups: Counter,
    log_entries: Counter,
    unwritten: Gauge,
    members: Family<Kind, Gauge>,
    can_lose: Gauge,
    lag: Family<Peer, Gauge>,
    started: Fraction,
}

impl Gauges {
    pub(super) fn register(registry: &mut Registry) -> Gauges {
        let gauges = Gauges {
            messages: Family::default(),
            oldest: Fraction::default(),
            dead_letters: Gauge::default(),
            uncertain: Gauge::default(),
            modems: Gauge::default(),
            role: Family::default(),
            has_leader: Gauge::default(),
            has_quorum: Gauge::default(),
            term: Gauge::default(),
            last_log: Gauge::default(),
            committed: Gauge::default(),
            applied: Gauge::default(),
            log_syncs: Counter::default(),
            log_groups: Counter::default(),
            log_entries: Counter::default(),
            unwritten: Gauge::default(),
            members: Family::default(),
            can_lose: Gauge::default(),
            lag: Family::default(),
            started: Fraction::default(),
        };
        gauges.register_queue(registry);
        gauges.register_log(registry);
        gauges
    }

    fn register_queue(&self, registry: &mut Registry) {
        let help = "Messages in each state that is not final (cluster)";
        registry.register("messages_current", help, self.messages.clone());
        let help = "When the oldest waiting message was accepted, 0 when none waits (cluster)";
        registry.register_with_unit("queue_oldest_timestamp", help, Unit::Seconds, self.oldest.clone());
        let help = "Failed messages nobody has retried or discarded (cluster)";
        registry.register("dead_letters_current", help, self.dead_letters.clone());
        let help = "Messages nobody knows the outcome of (cluster)";
        registry.register("uncertain_current", help, self.uncertain.clone());
        registry.register("modems_registered_current", "Registered modems (cluster)", self.modems.clone());
        let help = "When the node was started";
        registry.register_with_unit("start_time", help, Unit::Seconds, self.started.clone());
    }

    fn register_log(&self, registry: &mut Registry) {
        registry.register("raft_role", "What this node is in the log", self.role.clone());
        registry.register("raft_has_leader", "Whether this node knows a leader", self.has_leader.clone());
        let help = "Whether a majority answers, as this node sees it";
        registry.register("raft_has_quorum", help, self.has_quorum.clone());
        registry.register("raft_term", "The term", self.term.clone());
        registry.register("raft_last_log_index", "Last entry in the log of this node", self.last_log.clone());
        let help = "Last entry a majority has, as this node knows it";
        registry.register("raft_commit_index", help, self.committed.clone());
        registry.register("raft_applied_index", "Last entry this node has applied", self.applied.clone());
        let help = "Calls of fdatasync and fsync for the log since the node was started";
        registry.register("raft_log_syncs", help, self.log_syncs.clone());
        let help = "Groups of entries and votes made durable together";
        registry.register("raft_log_groups", help, self.log_groups.clone());
        registry.register("raft_log_entries", "Entries in those groups", self.log_entries.clone());
        let help = "Messages whose row in the message store is still to be written";
        registry.register("store_unwritten_current", help, self.unwritten.clone());
        let help = "Entries a follower is behind; only at the leader";
        registry.register("raft_peer_lag_entries", help, self.lag.clone());
        registry.register("cluster_members", "Members of the cluster (cluster)", self.members.clone());
        let help = "Members that may still be lost, -1 without a majority";
        registry.register("cluster_failures_tolerated", help, self.can_lose.clone());
    }

    pub(super) fn set(&self, now: &Readings) {
        for state in MessageState::ALL.into_iter().filter(|state| !state.is_final()) {
            let count = now.counts.get(&state).copied().unwrap_or_default();
            set(&self.messages.get_or_create(&State { state: state.word() }), count);
        }
        self.oldest.set(now.oldest.map_or(0.0, seconds));
        set(&self.dead_letters, now.dead_letters);
        set(&self.uncertain, now.counts.get(&MessageState::Uncertain).copied().unwrap_or_default());
        set(&self.modems, now.modems);
        for role in ROLES {
            self.role.get_or_create(&Role { role }).set(i64::from(role == now.role));
        }
        self.has_leader.set(i64::from(now.has_leader));
        self.has_quorum.set(i64::from(now.has_quorum));
        set(&self.term, now.term);
        set(&self.last_log, now.last_log);
        set(&self.committed, now.committed);
        set(&self.applied, now.applied);
        // The log counts by itself, and only upward.
        self.log_syncs.inner().store(now.log.syncs, Ordering::Relaxed);
        self.log_groups.inner().store(now.log.groups, Ordering::Relaxed);
        self.log_entries.inner().store(now.log.entries, Ordering::Relaxed);
        set(&self.unwritten, now.unwritten);
        set(&self.members.get_or_create(&Kind { kind: "voter" }), now.voters);
        set(&self.members.get_or_create(&Kind { kind: "learner" }), 0);
        self.can_lose.set(now.can_lose);
        self.lag.clear();
        for (peer, lag) in &now.peers {
            set(&self.lag.get_or_create(&Peer { peer: peer.clone() }), *lag);
        }
        self.started.set(seconds(now.started));
    }
}

fn set(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of this age fit a double")]
pub(super) fn seconds(moment: Timestamp) -> f64 {
    moment.as_unix_millis() as f64 / 1000.0
}
