//! The numbers consensus runs with. Each is set on purpose: several defaults of the library do not suit a log that
//! is synced for real on slow disks.

use std::time::Duration;

use openraft::{Config, SnapshotPolicy, StepDownPolicy};

/// How consensus behaves; the same on all nodes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often the leader is heard from. Default 150 ms.
    pub heartbeat: Duration,
    /// Least silence after which a follower stands for election. Default 600 ms; at least three heartbeats, or a slow
    /// sync costs a leader.
    pub election_min: Duration,
    /// Most silence after which a follower stands for election; also the leader's lease, and how long a restarted
    /// node gives no vote. Default 1200 ms.
    pub election_max: Duration,
    /// Entries after which a snapshot is made. Default 200,000.
    pub snapshot_entries: u64,
    /// Octets of entries after which a snapshot is made, whichever comes first. Default 256 MiB.
    pub snapshot_octets: u64,
    /// Entries a snapshot holds and the log keeps all the same, for followers that are a little behind. Default
    /// 50,000.
    pub log_kept_entries: u64,
    /// Longest wait for the answer to entries or to one block of a snapshot. Default 2 s.
    pub append_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            heartbeat: Duration::from_millis(150),
            election_min: Duration::from_millis(600),
            election_max: Duration::from_millis(1200),
            snapshot_entries: 200_000,
            snapshot_octets: 256 << 20,
            log_kept_entries: 50_000,
            append_timeout: Duration::from_secs(2),
        }
    }
}

/// Numbers that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the timings of consensus contradict each other: {0}")]
pub struct SettingsError(String);

impl Settings {
    /// What the library is told. It elects nobody until it is allowed to.
    pub(super) fn config(&self) -> Result<Config, SettingsError> {
        let config = Config {
            cluster_name: "smsgrid".to_owned(),
            heartbeat_interval: millis(self.heartbeat),
            election_timeout_min: millis(self.election_min),
            election_timeout_max: millis(self.election_max),
            heartbeat_min_interval: Some(0),
            // A whole snapshot, sent in blocks that have deadlines of their own.
            install_snapshot_timeout: 3_600_000,
            max_payload_entries: 1024,
            max_append_entries: Some(4096),
            replication_lag_threshold: 500_000,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_entries),
            max_in_snapshot_log_to_keep: self.log_kept_entries,
            purge_batch_size: (self.log_kept_entries / 5).max(1),
            // Our own coalescer collects; waiting once more would only add time.
            api_batch_capacity: 4096,
            api_batch_linger_ms: 0,
            broadcast_submitted_on_append: Some(false),
            enable_tick: true,
            enable_heartbeat: true,
            enable_elect: false,
            enable_pre_vote: Some(true),
            // A leader that comes back within its lease must be elected anew: the term names one life of it.
            enable_leader_restore: Some(false),
            allow_log_reversion: Some(false),
            // One heartbeat, so that the last entry of a removed leader still reaches the others.
            removed_leader_step_down: StepDownPolicy::After(millis(self.heartbeat)),
            // A leader whose answers are lost would be followed for ever where messages go one way; over TCP its
            // connections die within the keep-alive, and its heartbeats with them.
            quorum_loss_probe_interval: None,
            backoff: "50ms 100ms 200ms ...2s".to_owned(),
            ..Config::default()
        };
        config.validate().map_err(|error| SettingsError(error.to_string()))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_accepted_and_a_heartbeat_as_long_as_an_election_is_not() {
        assert!(Settings::default().config().is_ok());

        let slow = Settings { heartbeat: Duration::from_millis(700), ..Settings::default() };
        assert!(slow.config().is_err());
    }
}
