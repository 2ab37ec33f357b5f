//! The programs of the operator in a running node: what is started with it, what runs beside it, and how others take
//! their place.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::StartError;
use super::begin::{self, Begun};
use crate::administrator::{Administrator, Errand};
use crate::clock::Clock;
use crate::config::Config;
use crate::handlers::{Handlers, HandlersError, Installed, Regular, Settings, Unfit, unfit};
use crate::modem::{Board, Questions};
use crate::submit::Submitter;
use crate::tasks::Tasks;

/// How long the child may take to end when another takes its place.
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
    groups: Groups,
    clock: Clock,
    begun: Begun,
    administrator: Administrator,
    board: Board,
    questions: Questions,
}

/// Tasks by what is waited for before others of their kind take their place.
struct Groups {
    /// Ends with the alarm handler that runs.
    alarms: Tasks,
    /// Is asked to end.
    child: Tasks,
    /// End with the runs under way.
    regular: Tasks,
}

impl HandlerTasks {
    /// Starts the alarm handler's queue and the child at once, the regular programs once the node has begun.
    pub(super) fn start(
        installed: Installed,
        around: &Tasks,
        administrator: Administrator,
        (clock, begun): (&Clock, &Begun),
        (board, questions): (&Board, &Questions),
    ) -> HandlerTasks {
        let (around, clock, begun) = (around.clone(), clock.clone(), begun.clone());
        let (board, questions) = (board.clone(), questions.clone());
        let groups = Groups::inside(&around);
        groups.retire();
        let mut tasks =
            HandlerTasks { installed, around, groups, clock, begun, administrator, board, questions };
        tasks.start_installed();
        tasks
    }

    /// Puts the programs of `config` in the place of those that run, unless they are the same. `start` has had its turn.
    /// What runs for an alarm or regularly ends in its own time; the next one of its kind waits for that.
    pub(super) async fn take(&mut self, config: &Config) -> Result<(), StartError> {
        self.administrator.take(config);
        let settings = Settings::of(config);
        let running = self.installed.get();
        if running.as_ref().is_some_and(|handlers| *handlers.settings() == settings) {
            return Ok(());
        }
        let handlers = match (settings.runs_any(), running) {
            (true, Some(running)) => Some(running.successor(settings)?),
            (true, None) => {
                Some(Handlers::telling(settings, self.clock.clone(), self.administrator.clone())?)
            }
            (false, _) => None,
        };
        self.installed.replace(handlers);
        self.groups.retire();
        // Two children never run at once.
        self.groups.child.drain(REPLACED_WITHIN).await;
        self.start_installed();
        Ok(())
    }

    /// Starts the installed programs behind those of now, which are retired.
    fn start_installed(&mut self) {
        let Some(handlers) = self.installed.get() else { return };
        let next = Groups::inside(&self.around);
        start_alarms(&handlers, &next.alarms, self.groups.alarms.clone());
        start_child(&handlers, &next.child);
        for regular in handlers.settings().regular.clone() {
            self.start_regular(&handlers, regular, &next.regular);
        }
        // Without any the next ones still have to wait for those of now.
        let is_without = handlers.settings().regular.is_empty();
        let regular = if is_without { self.groups.regular.clone() } else { next.regular };
        self.groups = Groups { regular, ..next };
    }

    fn start_regular(&self, handlers: &Handlers, regular: Regular, tasks: &Tasks) {
        let (handlers, begun) = (handlers.clone(), self.begun.clone());
        let (board, questions) = (self.board.clone(), self.questions.clone());
        let (earlier, end) = (self.groups.regular.clone(), self.around.token());
        let name = regular
            .modem
            .as_ref()
            .map_or_else(|| "regular run".to_owned(), |modem| format!("regular run of {modem}"));
        tasks.spawn(&name, |replaced| async move {
            let is_ours = || regular.modem.as_deref().is_none_or(|modem| board.is_here(modem));
            let runs = async {
                earlier.ended().await;
                if begin::wait(begun, &replaced).await.is_some() {
                    handlers.run_regularly(&regular, &questions, is_ours, &replaced).await;
                }
            };
            // At the end of the node nothing is waited for.
            end.run_until_cancelled(runs).await;
            Ok(())
        });
    }
}

impl Groups {
    fn inside(around: &Tasks) -> Groups {
        Groups { alarms: around.group(), child: around.group(), regular: around.group() }
    }

    fn retire(&self) {
        [&self.alarms, &self.child, &self.regular].into_iter().for_each(Tasks::retire);
    }
}

fn start_alarms(handlers: &Handlers, tasks: &Tasks, earlier: Tasks) {
    let alarms = handlers.clone();
    tasks.spawn("alarms", |stop: CancellationToken| async move {
        earlier.ended().await;
        alarms.tell_alarms(&stop).await;
        Ok(())
    });
}

fn start_child(handlers: &Handlers, tasks: &Tasks) {
    let child = handlers.clone();
    tasks.spawn("child", |stop: CancellationToken| async move {
        child.run_child(&stop).await;
        // One that ended by itself was told; the node goes on without it.
        stop.cancelled().await;
        Ok(())
    });
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
