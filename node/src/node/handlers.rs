//! The programs of the operator in a running node: what is started with it, what runs beside it, and how others take
//! their place.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::StartError;
use super::begin::{self, Begun};
use crate::administrator::{Administrator, Errand};
use crate::clock::Clock;
use crate::config::Config;
use crate::handlers::{Handlers, HandlersError, Installed, Settings, Unfit, unfit};
use crate::modem::Board;
use crate::submit::Submitter;
use crate::tasks::Tasks;

/// How long what runs beside the node may take to end when others take its place.
const REPLACED_WITHIN: Duration = Duration::from_secs(20);

/// Looks at every program, and runs the one that goes before all else. None when there are no programs.
pub(super) async fn open(
    config: &Config,
    clock: &Clock,
    administrator: &Administrator,
) -> Result<Option<Handlers>, StartError> {
    let settings = Settings::of(config);
    if !settings.runs_any() {
        return Ok(None);
    }
    let faults = faults(config).await?;
    if !faults.is_empty() {
        return Err(HandlersError::Unfit(faults).into());
    }
    let handlers = Handlers::telling(settings, clock.clone(), administrator.clone())?;
    handlers.start().await?;
    Ok(Some(handlers))
}

/// Programs that cannot be run. A process that runs as smsd has looked before it began.
async fn faults(config: &Config) -> Result<Vec<Unfit>, StartError> {
    if config.process.is_some() {
        return Ok(Vec::new());
    }
    // The shell may take seconds for its line, and a disk may not answer.
    let config = config.clone();
    tokio::task::spawn_blocking(move || unfit(&config)).await.map_err(|_| StartError::Abandoned)
}

/// What runs beside the node: the alarm handler's queue, the child, the regular programs.
pub(super) struct HandlerTasks {
    installed: Installed,
    /// The set of tasks they are started in.
    around: Tasks,
    /// Those of now.
    tasks: Tasks,
    clock: Clock,
    begun: Begun,
    administrator: Administrator,
    board: Board,
}

impl HandlerTasks {
    /// Starts the alarm handler's queue and the child at once, the regular programs once the node has begun.
    pub(super) fn start(
        installed: Installed,
        around: &Tasks,
        administrator: Administrator,
        (clock, begun, board): (&Clock, &Begun, &Board),
    ) -> HandlerTasks {
        let (tasks, clock, begun, board) = (around.group(), clock.clone(), begun.clone(), board.clone());
        start(installed.get().as_ref(), &tasks, &begun, &board);
        HandlerTasks { installed, around: around.clone(), tasks, clock, begun, administrator, board }
    }

    /// Puts the programs of `config` in the place of those that run, unless they are the same. `start` has had its turn.
    pub(super) async fn take(&mut self, config: &Config) -> Result<(), StartError> {
        self.administrator.take(config);
        let settings = Settings::of(config);
        let running = self.installed.get();
        if running.as_ref().is_some_and(|handlers| *handlers.settings() == settings) {
            return Ok(());
        }
        let handlers = match settings.runs_any() {
            true => Some(Handlers::telling(settings, self.clock.clone(), self.administrator.clone())?),
            false => None,
        };
        self.installed.replace(handlers);
        // Two children, or two regular runs, never run at once.
        self.tasks.drain(REPLACED_WITHIN).await;
        self.tasks = self.around.group();
        start(self.installed.get().as_ref(), &self.tasks, &self.begun, &self.board);
        Ok(())
    }
}

fn start(handlers: Option<&Handlers>, tasks: &Tasks, begun: &Begun, board: &Board) {
    let Some(handlers) = handlers else { return };
    let alarms = handlers.clone();
    tasks.spawn("alarms", |stop: CancellationToken| async move {
        alarms.tell_alarms(&stop).await;
        Ok(())
    });
    let child = handlers.clone();
    tasks.spawn("child", |stop: CancellationToken| async move {
        child.run_child(&stop).await;
        // One that ended by itself was told; the node goes on without it.
        stop.cancelled().await;
        Ok(())
    });
    for regular in handlers.settings().regular.clone() {
        let (handlers, begun, board) = (handlers.clone(), begun.clone(), board.clone());
        let name = regular
            .modem
            .as_ref()
            .map_or_else(|| "regular run".to_owned(), |modem| format!("regular run of {modem}"));
        tasks.spawn(&name, |stop| async move {
            if begin::wait(begun, &stop).await.is_some() {
                let is_ours = || regular.modem.as_deref().is_none_or(|modem| board.is_here(modem));
                stop.run_until_cancelled(handlers.run_regularly(&regular, is_ours)).await;
            }
            Ok(())
        });
    }
}

/// Starts what brings messages to the administrator into the log, once the node has begun.
pub(super) fn start_errand(errand: Errand, submitter: Submitter, tasks: &Tasks, begun: &Begun) {
    let begun = begun.clone();
    tasks.spawn("administrator", |stop| async move {
        if begin::wait(begun, &stop).await.is_some() {
            errand.run(submitter, stop.clone()).await;
        }
        stop.cancelled().await;
        Ok(())
    });
}
