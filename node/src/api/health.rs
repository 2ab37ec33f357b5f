//! Whether this node can be sent requests, and whether the cluster works: one answer for all who ask.

use std::time::Duration;

use smsgrid_proto::v1;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::Api;

/// The services whose health is told; the empty one is the node.
const SERVICES: [&str; 4] =
    ["", "smsgrid.v1.MessageService", "smsgrid.v1.ModemService", "smsgrid.v1.ClusterService"];
/// How often that is looked at beside every change of leader.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How the cluster is, as this node sees it.
#[derive(Clone, Debug)]
pub(super) struct Health {
    /// The verdict.
    pub(super) verdict: v1::ClusterVerdict,
    /// Members that vote.
    pub(super) voters: usize,
    /// Those that are known to be there.
    pub(super) present: usize,
    /// How many more may be lost; -1 when there are too few already.
    pub(super) can_lose: i32,
}

impl Health {
    /// The verdict over a cluster of `voters` members of which `present` are there.
    pub(super) fn of(voters: usize, present: usize, has_quorum: bool) -> Health {
        let needed = voters / 2 + 1;
        let (verdict, can_lose) = match (voters, has_quorum) {
            (0, _) => (v1::ClusterVerdict::Unknown, -1),
            (_, false) => (v1::ClusterVerdict::NoQuorum, -1),
            (_, true) => {
                let spare = present.max(needed) - needed;
                let is_whole = present >= voters;
                let verdict =
                    if is_whole { v1::ClusterVerdict::Healthy } else { v1::ClusterVerdict::Degraded };
                (verdict, i32::try_from(spare).unwrap_or(i32::MAX))
            }
        };
        Health { verdict, voters, present, can_lose }
    }

    /// The word of the verdict.
    pub(super) fn word(&self) -> &'static str {
        match self.verdict {
            v1::ClusterVerdict::Healthy => "healthy",
            v1::ClusterVerdict::Degraded => "degraded",
            v1::ClusterVerdict::NoQuorum => "no-quorum",
            v1::ClusterVerdict::Unspecified | v1::ClusterVerdict::Unknown => "unknown",
        }
    }

    /// One sentence for a person.
    pub(super) fn sentence(&self) -> String {
        let (present, voters) = (self.present, self.voters);
        match self.verdict {
            v1::ClusterVerdict::Healthy => format!("all of {voters} nodes are at work"),
            v1::ClusterVerdict::Degraded => {
                format!("{present} of {voters} nodes are at work; messages are accepted")
            }
            v1::ClusterVerdict::NoQuorum => {
                "no majority answers; nothing is accepted, nothing accepted is lost".to_owned()
            }
            v1::ClusterVerdict::Unspecified | v1::ClusterVerdict::Unknown => {
                "this node does not know how the cluster is".to_owned()
            }
        }
    }
}

impl Api {
    /// Why this node should not be sent requests; empty when it should.
    pub(super) async fn unready(&self) -> Vec<&'static str> {
        let mut faults = self.unready_by_itself();
        if faults.is_empty() && !self.is_caught_up().await {
            faults.push("no majority answers, or the node has not caught up");
        }
        faults
    }

    /// What can be said of that without asking anybody.
    fn unready_by_itself(&self) -> Vec<&'static str> {
        let knows_leader = self.consensus.leadership().borrow().leader.is_some();
        let faults = [
            (self.draining.is_cancelled(), "the node stops"),
            (!self.consensus.is_initialised(), "the cluster is not formed"),
            (!knows_leader, "no leader is known"),
        ];
        faults.into_iter().filter_map(|(is_so, why)| is_so.then_some(why)).collect()
    }

    /// Tells whoever watches the health service whether the node serves. Never ends.
    pub(super) async fn follow_health(&self, reporter: &HealthReporter) {
        let mut leadership = self.consensus.leadership();
        let mut told = None;
        loop {
            let is_ready = self.unready_by_itself().is_empty();
            if told != Some(is_ready) {
                let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
                for service in SERVICES {
                    reporter.set_service_status(service, status).await;
                }
                told = Some(is_ready);
            }
            tokio::select! {
                Ok(()) = leadership.changed() => {}
                () = self.draining.cancelled(), if told == Some(true) => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_who_is_there() {
        let said = |voters, present, has_quorum| {
            let health = Health::of(voters, present, has_quorum);
            (health.word(), health.can_lose)
        };

        assert_eq!(said(3, 3, true), ("healthy", 1));
        assert_eq!(said(3, 2, true), ("degraded", 0));
        assert_eq!(said(3, 1, true), ("degraded", 0), "a majority answers, whoever has a session");
        assert_eq!(said(3, 3, false), ("no-quorum", -1));
        assert_eq!(said(1, 1, true), ("healthy", 0));
        assert_eq!(said(5, 4, true), ("degraded", 1));
        assert_eq!(said(0, 0, false), ("unknown", -1));
    }
}
