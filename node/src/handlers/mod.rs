//! Running the programs of the operator, beside the way of any message.
//!
//! ```text
//! event  ── a place among a few ──▶ run ──fails──▶ waits, outside that place ──▶ run … done or given up
//! alarm  ── a queue ──▶ run, one after the other
//! check  ── a place among a few ──▶ run ──▶ verdict; its file waits, and those whose check has no place yet
//! ```
//!
//! What a program may do is said in `launch`, how it is ended in `process`. Nothing here is durable: who asks for an
//! event to be told asks again after a crash, under the same id.

mod alarms;
mod alerts;
mod asking;
mod child;
mod inherited;
mod installed;
mod launch;
mod output;
mod process;
mod regular;
mod settings;
mod shell_test;
mod spawner;
mod started;
mod told;
mod trust;

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smsgrid::worker::handlers::{Alarm, Command, Event, Exit, Telling, Verdict, wait_before};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::administrator::{Administrator, News};
use crate::clock::Clock;
use alarms::Alarms;
use alerts::Alerts;
use launch::Launch;
use output::Capture;
use spawner::Spawner;
use told::Program;

pub use installed::Installed;
pub use launch::Rules;
pub use output::Said;
pub use settings::{Asks, Regular, Settings, Unfit, unfit};

/// The program that judges files.
const CHECKHANDLER: Program = "checkhandler";
/// Most programs whose output is read on after they have ended, because something they left running holds it.
const LEFT_MAX: usize = 64;

/// The programs of the operator. Clones are the same.
#[derive(Clone)]
pub struct Handlers {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    spawner: Spawner,
    clock: Clock,
    events: Semaphore,
    checks: Semaphore,
    alarms: Arc<Alarms>,
    /// Whether others tell the alarms that wait when these stop.
    leaves_alarms: AtomicBool,
    /// Output that is read on.
    left: Arc<Semaphore>,
    reading: TaskTracker,
    alerts: Alerts,
    administrator: Administrator,
}

/// Why programs cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum HandlersError {
    /// Their folder cannot be made.
    #[error("the folder {} of the handlers cannot be made", path.display())]
    Folder {
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What only this process may hold cannot be kept from them.
    #[error("no program can be started")]
    Spawner(#[source] io::Error),
    /// These could never be run.
    #[error("{}", told(.0))]
    Unfit(Vec<Unfit>),
    /// The program `start` failed.
    #[error("`handlers.start` {0}")]
    Start(Exit),
}

impl HandlersError {
    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            HandlersError::Folder { .. } => "Let the user of the node write to `data_dir`.",
            HandlersError::Spawner(_) => "Raise the limit of threads of the node's user.",
            HandlersError::Unfit(_) => {
                "Name a program that is there and that the user of the node may run, by its whole path."
            }
            HandlersError::Start(_) => "See in the log what the program said, and run it by hand.",
        }
    }
}

fn told(unfit: &[Unfit]) -> String {
    unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").finish_non_exhaustive()
    }
}

impl Handlers {
    /// Makes what programs need; runs none.
    pub fn new(settings: Settings, clock: Clock) -> Result<Handlers, HandlersError> {
        Handlers::telling(settings, clock, Administrator::default())
    }

    /// The same, and tells an administrator when a program begins to fail.
    pub fn telling(
        settings: Settings,
        clock: Clock,
        administrator: Administrator,
    ) -> Result<Handlers, HandlersError> {
        Handlers::open(settings, (clock, administrator), Arc::default())
    }

    /// Others in the place of these, which tell the alarms that wait if they have an alarm handler.
    pub fn successor(&self, settings: Settings) -> Result<Handlers, HandlersError> {
        let Inner { clock, administrator, alarms, leaves_alarms, .. } = &*self.inner;
        let takes_alarms = settings.alarmhandler.is_some();
        let successor = Handlers::open(settings, (clock.clone(), administrator.clone()), alarms.clone())?;
        leaves_alarms.store(takes_alarms, Ordering::Relaxed);
        Ok(successor)
    }

    fn open(
        settings: Settings,
        (clock, administrator): (Clock, Administrator),
        alarms: Arc<Alarms>,
    ) -> Result<Handlers, HandlersError> {
        if let Rules::Strict { folder } = &settings.rules {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| HandlersError::Folder { path: folder.clone(), source })?;
        }
        inherited::keep_from_programs().map_err(HandlersError::Spawner)?;
        let spawner = Spawner::new(settings.rules == Rules::Smsd);
        let inner = Inner {
            events: Semaphore::new(settings.events),
            checks: Semaphore::new(settings.checks),
            alarms,
            leaves_alarms: AtomicBool::new(false),
            left: Arc::new(Semaphore::new(LEFT_MAX)),
            reading: TaskTracker::new(),
            alerts: Alerts::default(),
            administrator,
            settings,
            spawner,
            clock,
        };
        Ok(Handlers { inner: Arc::new(inner) })
    }

    /// What is run when.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Tells an event until its handler succeeds, or has failed often enough. False when `stop` came first: it has to
    /// be told again then. A handler that runs already is waited for.
    pub async fn event(&self, event: &Event, stop: &CancellationToken) -> bool {
        let own =
            event.modem.as_ref().and_then(|modem| self.inner.settings.eventhandlers.get_key_value(modem));
        let (modem, of_modem) = own.map(|(modem, command)| (modem.as_str(), command)).unzip();
        let Some(command) = of_modem.or(self.inner.settings.eventhandler.as_ref()) else { return true };
        let arguments = event.arguments(self.inner.settings.message_ids);
        for times in 1..=self.inner.settings.attempts {
            let Some(Ok(place)) = stop.run_until_cancelled(self.inner.events.acquire()).await else {
                return false;
            };
            let exit = self.run("eventhandler", command, &arguments, Some(&event.id)).await;
            drop(place);
            self.note_run("eventhandler", modem, &exit);
            if exit.is_success() {
                return true;
            }
            let due = self.inner.clock.now() + wait_before(times);
            let goes_on = times < self.inner.settings.attempts;
            if goes_on && stop.run_until_cancelled(self.inner.clock.sleep_until(due)).await.is_none() {
                return false;
            }
        }
        // With a single attempt the exit is the handler's business, as with smsd.
        if self.inner.settings.attempts > 1 {
            told::gave_up(&event.id, event.occasion.word(), &event.file, self.inner.settings.attempts);
        }
        true
    }

    /// Takes note of a run of a program, `modem` if that has one of its own, and tells what is new.
    fn note_run(&self, program: Program, modem: Option<&str>, exit: &Exit) {
        if self.inner.alerts.note(program, modem, exit) == Telling::Begins {
            // The trouble of a check handler is none that smsd tells by SMS.
            if program == CHECKHANDLER && self.inner.settings.rules == Rules::Smsd {
                return;
            }
            let news = News::Program { program, exit, result: &regular::code(exit) };
            self.inner.administrator.tell(modem, news);
        }
    }

    /// Lets the alarm handler be run. Never waits: what the queue does not hold is counted and told.
    pub fn alarm(&self, alarm: Alarm) {
        if self.hears(&alarm) {
            self.inner.alarms.push(alarm);
        }
    }

    /// Runs the alarm handler and waits until it has returned, for whoever goes on only then.
    pub async fn alarm_heard(&self, alarm: &Alarm) {
        let Some(command) = self.inner.settings.alarmhandler.as_ref().filter(|_| self.hears(alarm)) else {
            return;
        };
        let moment = alarms::moment(self.inner.clock.utc());
        self.run("alarmhandler", command, &alarm.arguments(&moment), None).await;
    }

    /// Runs the alarm handler for what waits, one after the other, until `stop`; what waits then is still told, unless a
    /// successor does that.
    pub async fn tell_alarms(&self, stop: &CancellationToken) {
        let Inner { alarms, leaves_alarms, .. } = &*self.inner;
        loop {
            let next = stop.run_until_cancelled(alarms.next()).await;
            let rest = || if leaves_alarms.load(Ordering::Relaxed) { None } else { alarms.try_next() };
            let Some(alarm) = next.or_else(rest) else { return };
            self.alarm_heard(&alarm).await;
        }
    }

    /// Asks the check handler about the file of this path.
    pub async fn check(&self, file: &[u8]) -> Verdict {
        let Some(command) = &self.inner.settings.checkhandler else { return Verdict::Accepted };
        let Ok(_place) = self.inner.checks.acquire().await else { return Verdict::Accepted };
        let exit = self.run(CHECKHANDLER, command, &[file.to_vec()], None).await;
        let otherwise = self.inner.settings.check_otherwise;
        if exit.is_no_verdict() {
            self.note_run(CHECKHANDLER, None, &exit);
        } else {
            self.note_run(CHECKHANDLER, None, &Exit::Code(0));
        }
        exit.verdict(otherwise)
    }

    /// Runs the program `start`, if there is one.
    pub async fn start(&self) -> Result<(), HandlersError> {
        let Some(command) = &self.inner.settings.start else { return Ok(()) };
        let exit = self.run_until("start", command, &[], (None, None), pending()).await;
        if exit.is_success() { Ok(()) } else { Err(HandlersError::Start(exit)) }
    }

    fn hears(&self, alarm: &Alarm) -> bool {
        let settings = &self.inner.settings;
        settings.alarmhandler.is_some() && alarm.severity as u8 <= settings.alarmlevel
    }

    async fn run(
        &self,
        program: Program,
        command: &Command,
        arguments: &[Vec<u8>],
        event: Option<&str>,
    ) -> Exit {
        let limit = self.inner.settings.time_limit;
        let over = self.inner.clock.sleep_until(self.inner.clock.now() + limit);
        self.run_until(program, command, arguments, (event, Some(limit)), over).await
    }

    /// Runs a program until it ends, or ends it when `over` comes.
    async fn run_until(
        &self,
        program: Program,
        command: &Command,
        arguments: &[Vec<u8>],
        (event, limit): (Option<&str>, Option<Duration>),
        over: impl Future<Output = ()>,
    ) -> Exit {
        let Inner { settings, spawner, clock, .. } = &*self.inner;
        let launch = Launch {
            command: command.clone(),
            shell: settings.shell.clone(),
            arguments: arguments.to_vec(),
            event: event.map(str::to_owned),
            limit,
        };
        let ended = process::run(&launch, over, &settings.rules, spawner, clock).await;
        if settings.log_output {
            told::output(program, &ended);
        }
        told::ended(program, &ended);
        for stream in ended.left {
            self.read_on(stream);
        }
        ended.exit
    }

    /// Keeps reading what a program left running says, so that it does not end by saying it.
    fn read_on(&self, mut stream: Capture) {
        match self.inner.left.clone().try_acquire_owned() {
            Ok(place) => {
                self.inner.reading.spawn(async move {
                    stream.read().await;
                    drop(place);
                });
            }
            Err(_) => warn!("handlers left too many programs running; the output of one is cut off"),
        }
    }
}
