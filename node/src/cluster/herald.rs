//! Tells the operator who leads, and when nobody does.

use std::time::Duration;

use smsgrid::model::{Name, NodeId};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::raft::Leadership;

/// How long there may be no leader before it is told: an election takes less.
const ELECTION: Duration = Duration::from_secs(3);

/// Tells every new leader by the name that `name_of` gives it, and a lasting lack of one, until `leadership` ends.
pub async fn announce(
    mut leadership: watch::Receiver<Leadership>,
    name_of: impl Fn(NodeId) -> Option<Name> + Send,
) {
    let mut told = None;
    let mut is_missed = false;
    loop {
        let Leadership { term, leader, leads, .. } = *leadership.borrow_and_update();
        if let Some(leader) = leader
            && (told != Some((term, leader)) || is_missed)
        {
            (told, is_missed) = (Some((term, leader)), false);
            let name = name_of(leader).map_or_else(|| leader.to_string(), |name| name.to_string());
            info!(event = "cluster.leader", leader = name, term, leads, "the cluster has a leader");
        }
        let changed = match leader.is_none() && !is_missed {
            true => timeout(ELECTION, leadership.changed()).await.ok(),
            false => Some(leadership.changed().await),
        };
        match changed {
            Some(Ok(())) => {}
            Some(Err(_)) => return,
            None => {
                is_missed = true;
                warn!(
                    event = "cluster.no_quorum",
                    "no leader is known; nothing is accepted or begun until there is one"
                );
            }
        }
    }
}
