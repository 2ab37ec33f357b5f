//! The spool's task as one that another can follow: what it has filed is filed, what it had not is found again by the
//! next, as at a start.

use std::time::Duration;

use smsgrid::model::{Name, NodeId};
use smsgrid::worker::intake::Gone;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::begin::Begun;
use super::drain::{HANDLERS_DRAIN, SPOOL_DRAIN};
use super::open::blocking;
use super::spool;
use super::waiters::Waiters;
use crate::api::Metrics;
use crate::clock::Clock;
use crate::config::Config;
use crate::handlers::Installed;
use crate::machine::{Proposer, View};
use crate::submit::Submitter;
use crate::tasks::Tasks;

/// How often, and how far apart, folders are tried that the task before still holds.
const TRIES_MAX: u32 = 50;
const TRY_EVERY: Duration = Duration::from_millis(100);

/// What the tasks of a spool share.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) node: NodeId,
    pub(super) client: Name,
    pub(super) view: View,
    pub(super) proposer: Proposer,
    pub(super) submitter: Submitter,
    pub(super) waiters: Waiters,
    pub(super) metrics: Metrics,
    pub(super) handlers: Installed,
    pub(super) clock: Clock,
    pub(super) begun: Begun,
}

/// The spool of now.
pub(super) struct Intake {
    around: Around,
    /// The set of tasks it is started in.
    intake: Tasks,
    /// Ends the taking of new files, of this spool and of any that follows.
    closing: CancellationToken,
    /// That of now, and its own end of the taking.
    tasks: Tasks,
    closed: CancellationToken,
}

impl Intake {
    /// Opens the folders and starts the task, when there is a spool. Gives the files that are gone.
    pub(super) async fn start(
        config: &Config,
        around: Around,
        intake: &Tasks,
        closing: &CancellationToken,
    ) -> Result<(Intake, Gone), StartError> {
        let (tasks, closed) = (intake.group(), closing.child_token());
        let gone = open(config, &around, &tasks, &closed).await?;
        Ok((Intake { around, intake: intake.clone(), closing: closing.clone(), tasks, closed }, gone))
    }

    /// Ends the spool of now: it takes nothing, files what is final and waits for handlers that run, as at a stop.
    pub(super) async fn end(&self) {
        self.closed.cancel();
        let handlers = self.around.handlers.get().map(|handlers| handlers.settings().time_limit);
        self.tasks.drain(SPOOL_DRAIN + handlers.unwrap_or_default().min(HANDLERS_DRAIN)).await;
    }

    /// Starts another in the place of one that has ended.
    pub(super) async fn begin(&mut self, config: &Config) -> Result<(), StartError> {
        let (tasks, closed) = (self.intake.group(), self.closing.child_token());
        let mut tries = 0;
        let gone = loop {
            tries += 1;
            match open(config, &self.around, &tasks, &closed).await {
                Ok(gone) => break gone,
                Err(_) if tries < TRIES_MAX => tokio::time::sleep(TRY_EVERY).await,
                Err(failure) => return Err(failure),
            }
        };
        (self.tasks, self.closed) = (tasks, closed);
        let Around { view, proposer, client, .. } = &self.around;
        spool::withdraw(&gone, view, proposer, client).await;
        Ok(())
    }
}

/// Opens the folders on a thread that may wait for the disk, and starts the task.
async fn open(
    config: &Config,
    around: &Around,
    tasks: &Tasks,
    closed: &CancellationToken,
) -> Result<Gone, StartError> {
    let (config, around, tasks, closed) = (config.clone(), around.clone(), tasks.clone(), closed.clone());
    blocking(move || spool::start(&config, &around, &tasks, closed)).await
}
