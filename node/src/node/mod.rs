//! One node: what it opens, in which order, and how it stops.
//!
//! ```text
//! start  data directory ─▶ log, replayed ─▶ outbox ─▶ what the outbox knows, proposed ─▶ session ─▶ spool ─▶ modems
//! drain  no new files ─▶ modems: parts of started messages end ─▶ results filed ─▶ outbox ─▶ everything else
//! ```
//!
//! The outbox goes before the session: registering it makes uncertain whatever is still in flight.

mod modems;
mod open;
mod spool;
mod waiters;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smsgrid::model::{MessageId, MessageState};
use smsgrid::queue::Body;
use smsgrid::worker::{Lease, LeaseTerms};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::cluster::{Barrier, SessionKeeper, renew, tick};
use crate::config::Config;
use crate::machine::{Consensus, Proposer, View, propose_until_answered};
use crate::modem::{Outcomes, OutcomesError, Shared, Wakers};
use crate::raft::{self, SegmentLog};
use crate::submit::Submitter;
use crate::tasks::{Tasks, UnexpectedEnd};
use waiters::Waiters;

pub use open::StartError;

/// How long the log may take to end its last group.
const LOG_DRAIN: Duration = Duration::from_secs(5);
/// How long the spool may take to file the results that are final; what it has not filed then is filed at the next
/// start.
const SPOOL_DRAIN: Duration = Duration::from_secs(5);
/// A running node.
pub struct Node {
    config: Config,
    tasks: Tasks,
    intake: Tasks,
    /// Cancelled, it ends the taking of new files.
    closing: CancellationToken,
    modems: Tasks,
    proposer: Proposer,
    view: View,
    consensus: Consensus,
    outcomes: Outcomes,
    log: SegmentLog,
}

/// What a node has written to its disk since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The message log.
    pub log: raft::Figures,
    /// The outbox.
    pub outbox: raft::Figures,
}

impl Node {
    /// Opens everything and starts every task. When it returns, messages are taken; modems and their networks may
    /// take longer.
    pub async fn start(config: Config, clock: Clock) -> Result<Node, StartError> {
        let tasks = Tasks::new();
        let opened = open::open(&config, &clock, &tasks).await?;
        let (proposer, view) = (opened.proposer.clone(), opened.view.clone());
        let client = config.node.name.clone();

        let (log, outbox) = (opened.log.clone(), opened.outbox.clone());
        watch_disk(&tasks, "disk of the log", async move { log.fatal().await });
        watch_disk(&tasks, "disk of the outbox", async move { outbox.fatal().await });

        let quiet = modems::in_doubt(&view, opened.node, clock.utc());
        let outcomes = Outcomes::new(opened.outbox);
        settle_outbox(&outcomes, &proposer, &client).await?;
        let data_dir = Arc::new(Mutex::new(opened.data_dir));
        let terms = LeaseTerms::default();
        let lease = Arc::new(Mutex::new(Lease::new(terms)));
        let (keeper, session) =
            SessionKeeper::new(client.clone(), data_dir, proposer.clone(), view.clone(), lease.clone());
        keeper.register().await?;
        tell_uncertain(&view);
        tasks.spawn("session", |cancel| async move {
            match cancel.run_until_cancelled(keeper.keep()).await {
                Some(ended) => Ok(ended?),
                None => Ok(()),
            }
        });

        background(&tasks, "lease", renew(lease.clone(), terms, session.clone(), clock.clone()));
        background(&tasks, "ticker", tick(client.clone(), proposer.clone(), view.clone(), clock.clone()));
        let wakers = Wakers::default();
        background(&tasks, "wakers", wakers.clone().dispatch(view.events()));
        let waiters = Waiters::default();
        background(&tasks, "waiters", waiters.clone().dispatch(view.events()));
        let intake = tasks.group();
        let modems = tasks.group();
        let shared = Shared {
            client,
            proposer: proposer.clone(),
            view: view.clone(),
            barrier: Barrier,
            outcomes: outcomes.clone(),
            lease,
            session,
            clock,
        };
        let mut closing = CancellationToken::new();
        if let Some(folders) = &config.spool {
            let submitter = Submitter::new(proposer.clone(), config.limits.max_parts);
            closing = spool::start(&config, folders, &intake, &view, submitter, waiters, &shared.clock)?;
        }
        modems::start(&config, &modems, &tasks, &shared, &wakers, &quiet)?;
        let (consensus, log) = (opened.consensus, opened.log);
        Ok(Node { config, tasks, intake, closing, modems, proposer, view, consensus, outcomes, log })
    }

    /// Takes messages.
    pub fn submitter(&self) -> Submitter {
        Submitter::new(self.proposer.clone(), self.config.limits.max_parts)
    }

    /// The applied state.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What it has written so far.
    pub fn figures(&self) -> Figures {
        Figures { log: self.log.figures(), outbox: self.outcomes.outbox().figures() }
    }

    /// Waits until a task ends that should not: the node must stop then.
    pub async fn unexpected_end(&self) -> UnexpectedEnd {
        self.tasks.unexpected_end().await
    }

    /// Stops in order: no new file is taken, the parts of started messages end within the time the configuration
    /// gives, claims that were not started go back, results that are final are filed, the log is closed.
    pub async fn drain(self) {
        self.closing.cancel();
        let cut_off = self.modems.drain(self.config.node.drain_timeout).await;
        if !cut_off.is_empty() {
            warn!(modems = ?cut_off, "cut off while sending; their parts in flight will be uncertain");
        }
        self.intake.drain(SPOOL_DRAIN).await;
        if let Err(failure) = self.outcomes.outbox().close().await {
            warn!(%failure, "the outbox was not closed in order");
        }
        drop(self.proposer);
        self.tasks.drain(LOG_DRAIN).await;
        self.consensus.shutdown().await;
        drop(self.log);
        info!("stopped");
    }
}

/// A task that goes on until it is cancelled; should it end by itself, the node stops.
fn background(tasks: &Tasks, name: &str, work: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(name, |cancel| async move {
        cancel.run_until_cancelled(work).await;
        Ok(())
    });
}

/// A disk that fails, or does not answer for half a minute, stops the node.
fn watch_disk(tasks: &Tasks, name: &str, fatal: impl Future<Output = raft::Failure> + Send + 'static) {
    tasks.spawn(name, |cancel| async move {
        cancel.run_until_cancelled(fatal).await.map_or(Ok(()), |failure| Err(failure.into()))
    });
}

/// Most uncertain messages that are named one by one.
const UNCERTAIN_NAMED_MAX: usize = 100;

/// Names what the last life of this process left in doubt, or nobody would hear of it until it is decided.
fn tell_uncertain(view: &View) {
    let uncertain: Vec<MessageId> = view.read(|queue| {
        let messages = queue.messages().filter(|record| record.state() == MessageState::Uncertain);
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

/// Rule 8: what an earlier life of this process knows of its parts goes to the log before the session ends there.
async fn settle_outbox(
    outcomes: &Outcomes,
    proposer: &Proposer,
    client: &smsgrid::model::Name,
) -> Result<(), OutcomesError> {
    for (attempt, outcome) in outcomes.left().await? {
        info!(%attempt, ?outcome, "outcome found in the outbox");
        let body = Body::Outcome { attempt, outcome, next: None, rearm: None };
        if propose_until_answered(proposer, client, &body).await.is_none() {
            return Ok(());
        }
        outcomes.forget(attempt).await;
    }
    Ok(())
}
