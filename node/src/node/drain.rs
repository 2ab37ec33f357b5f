//! How a node stops: in order, or at once.

use std::time::Duration;

use tracing::{info, warn};

use super::Node;

/// How long the spool may take to file the results that are final; what it has not filed then is filed at the next
/// start.
pub(super) const SPOOL_DRAIN: Duration = Duration::from_secs(5);
/// How long the task of the session may take to end.
const SESSION_DRAIN: Duration = Duration::from_secs(1);
/// How long the end of the session may wait for a majority.
const SESSION_END: Duration = Duration::from_secs(2);
/// How long another node may take to lead instead.
const HAND_OVER: Duration = Duration::from_secs(2);
/// How long calls of clients that are under way may take.
const API_DRAIN: Duration = Duration::from_secs(7);
/// How long handlers that run may take: less than any script waits before it kills.
pub(super) const HANDLERS_DRAIN: Duration = Duration::from_secs(20);
/// How long everything else may take.
const REST_DRAIN: Duration = Duration::from_secs(5);

impl Node {
    /// The node is not ready any more, no new file is taken, and no modem begins a part.
    pub(super) fn withdraw(&self) {
        self.draining.cancel();
        self.closing.cancel();
        self.modems.retire();
    }

    /// Stops in order: the node is not ready any more and no new file is taken, the parts of started messages end
    /// within the time the configuration gives, claims that were not started go back, results that are final are
    /// filed, its session ends, another node leads, the log is closed.
    pub async fn drain(self) {
        self.withdraw();
        let cut_off = self.modems.drain(self.drain_timeout).await;
        if !cut_off.is_empty() {
            warn!(modems = ?cut_off, "cut off while sending; their parts in flight will be uncertain");
        }
        // A handler that runs is waited for, or it would be run again after the next start; one that hangs is not.
        let handlers = self.longest_handler().unwrap_or_default().min(HANDLERS_DRAIN);
        self.intake.drain(SPOOL_DRAIN + handlers).await;
        self.session.drain(SESSION_DRAIN).await;
        if !self.is_alone {
            self.keeper.end(SESSION_END).await;
            if !self.consensus.transfer_leadership(HAND_OVER).await {
                info!("no other node could be made the leader; they elect one by themselves");
            }
        }
        self.shown.drain(API_DRAIN).await;
        if let Err(failure) = self.outcomes.outbox().close().await {
            warn!(%failure, "the outbox was not closed in order");
        }
        self.tasks.drain(REST_DRAIN).await;
        self.consensus.shutdown().await;
        self.end().await;
        info!("stopped");
    }

    /// Stops at once, as a process that is killed: nothing is finished, given back, handed over or told. What was
    /// durable stays so. When this returns, a node with a runtime of its own answers nobody any more and its data
    /// directory is free.
    pub async fn kill(self) {
        if self.apart.is_none() {
            self.tasks.abort().await;
            self.consensus.shutdown().await;
        }
        self.end().await;
    }

    async fn end(self) {
        let Node { apart, .. } = self;
        if let Some(apart) = apart {
            apart.end().await;
        }
    }
}
