//! From an open log to a node that may send.
//!
//! ```text
//! caught up with the cluster ─▶ outbox told to the log ─▶ messages of gone files withdrawn ─▶ session registered ─▶ begun: spool and modems
//! ```
//!
//! Each step needs a majority and waits for it as long as it takes; nothing else of the node waits for these steps. The
//! outbox goes before the session: registering it makes uncertain whatever is still in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smsgrid::model::{MessageId, MessageState, Name, NodeId};
use smsgrid::queue::Body;
use smsgrid::worker::intake::Gone;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::StartError;
use super::doubts::in_doubt;
use super::spool;
use crate::clock::Clock;
use crate::cluster::{Barrier, SessionKeeper};
use crate::machine::{Proposer, View, propose_until_answered};
use crate::modem::{Outcomes, OutcomesError};

/// How long a majority is waited for until it is said again that there is none.
const MAJORITY_TOLD: Duration = Duration::from_secs(10);
/// Most uncertain messages that are named one by one.
const UNCERTAIN_NAMED_MAX: usize = 100;

/// Modems that have to be quiet before they are used; told when the node may send.
pub(super) type Begun = watch::Receiver<Option<Arc<BTreeSet<Name>>>>;

/// Waits until the node may send; none when it stops before that.
pub(super) async fn wait(mut begun: Begun, stop: &CancellationToken) -> Option<Arc<BTreeSet<Name>>> {
    let begun = async { begun.wait_for(Option::is_some).await.ok().and_then(|quiet| quiet.clone()) };
    stop.run_until_cancelled(begun).await.flatten()
}

/// What has to be done before the node may send.
pub(super) struct Beginning {
    pub(super) node: NodeId,
    pub(super) client: Name,
    pub(super) barrier: Barrier,
    pub(super) view: View,
    pub(super) proposer: Proposer,
    pub(super) outcomes: Outcomes,
    pub(super) keeper: Arc<SessionKeeper>,
    pub(super) clock: Clock,
    /// How long a late answer of each modem may take.
    pub(super) quiet_times: BTreeMap<Name, Duration>,
    /// Files of the spool that are gone.
    pub(super) gone: Gone,
    pub(super) begun: watch::Sender<Option<Arc<BTreeSet<Name>>>>,
}

impl Beginning {
    /// Takes the steps, as long as it takes.
    pub(super) async fn run(&self) -> Result<(), StartError> {
        while !self.barrier.reach(MAJORITY_TOLD).await {
            warn!(
                event = "cluster.no_quorum",
                "waiting for a majority of the nodes; nothing is accepted or sent"
            );
        }
        let quiet = self.view.read(|queue| in_doubt(queue, self.node, self.clock.utc(), &self.quiet_times));
        self.settle_outbox().await?;
        spool::withdraw(&self.gone, &self.view, &self.proposer, &self.client).await;
        self.keeper.register().await?;
        tell_uncertain(&self.view);
        self.begun.send_replace(Some(Arc::new(quiet)));
        Ok(())
    }

    /// Rule 8: what an earlier life of this process knows of its parts goes to the log before the session ends there.
    async fn settle_outbox(&self) -> Result<(), OutcomesError> {
        for (attempt, outcome) in self.outcomes.left().await? {
            info!(%attempt, ?outcome, "outcome found in the outbox");
            let body = Body::Outcome { attempt, outcome, next: None, rearm: None };
            if propose_until_answered(&self.proposer, &self.client, &body).await.is_none() {
                return Ok(());
            }
            self.outcomes.forget(attempt).await;
        }
        Ok(())
    }
}

/// Names what the last life of this process left in doubt, or nobody would hear of it until it is decided.
fn tell_uncertain(view: &View) {
    let uncertain: Vec<MessageId> = view.read(|queue| {
        let messages = queue.in_state(MessageState::Uncertain);
        messages.map(|record| record.id).take(UNCERTAIN_NAMED_MAX).collect()
    });
    for message in uncertain {
        warn!(
            event = "message.uncertain",
            message_id = %message,
            "uncertain since the node stopped: it may or may not have been sent; evidence or its policy decides"
        );
    }
}
