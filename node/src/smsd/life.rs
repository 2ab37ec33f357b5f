//! The life of the process: who it becomes, what it looks at first, how it stops.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Local};
use rustix::fs::Mode as FileMode;
use smsgrid::worker::handlers::{Alarm, Severity};
use smsgrid_proto::Exit;
use tokio::sync::Notify;
use tokio::time::{Instant, interval_at};
use tracing::warn;

use super::folders::Folders;
use super::infofile::Infofile;
use super::options::Options;
use super::pidfile::Pidfile;
use super::signals::{Signals, Wanted};
use super::states::States;
use super::tongue::Tongue;
use super::watch::Watch;
use super::{check, daemon, uptime, user};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::smsd::Process;
use crate::node::{Node, StartError};
use crate::tasks::{Tasks, UnexpectedEnd};
use crate::telemetry::LogError;
use crate::{reload, run};

/// How often it is looked whether a trouble waits too long for its log.
const TROUBLES_EVERY: Duration = Duration::from_secs(15);
/// How often it is looked whether the folders are still there.
const FOLDERS_EVERY: Duration = Duration::from_secs(5);

/// How long an end waits for the files of figures to be written.
const FIGURES_WITHIN: Duration = Duration::from_secs(5);

/// How the process lives.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// Whether it was started for the background.
    pub(super) background: bool,
    /// Whether the log is the node's own.
    pub(super) own_log: bool,
    /// What its command line says.
    pub(super) options: Options,
}

/// How the process came to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// It was asked to.
    Asked,
    /// A part of the node failed.
    Failed(UnexpectedEnd),
    /// A reload failed half-way.
    Halved(String),
    /// A folder cannot be used any more.
    Lost(Alarm),
    /// The pidfile names another process.
    Displaced(u32),
}

/// Lives from here to the end of the process.
pub(super) fn live(config: Config, manner: Manner, talk: &mut dyn Write) -> io::Result<Exit> {
    let Some(process) = config.process.clone() else { return Ok(Exit::Unexpected) };
    let data_dir = &config.node.data_dir;
    if let Err(why) = user::become_user(process.user.as_deref(), process.group.as_deref(), data_dir) {
        writeln!(talk, "{why}")?;
        return Ok(Exit::Unexpected);
    }
    if let Some(mask) = process.umask {
        rustix::process::umask(FileMode::from_raw_mode(mask));
    }
    let tongue = match if manner.own_log { Ok(Tongue::Own) } else { Tongue::open(&process.log) } {
        Ok(tongue) => tongue,
        Err(LogError::Open { path, source }) => {
            writeln!(talk, "Cannot open the log {}: {source}. Nothing was started.", path.display())?;
            return Ok(Exit::Unexpected);
        }
    };
    if let Err(problem) = tongue.install(&config) {
        return crate::cli::tell(&[*problem], talk).map(|_| Exit::Unexpected);
    }
    let options = Options { config: std::path::absolute(&manner.options.config)?, ..manner.options };
    std::env::set_current_dir("/")?;
    tongue.say(2, &format!("Smsnode v{} started in smsd mode.", env!("CARGO_PKG_VERSION")));
    tongue.say(2, &format!("Running as {}.", user::running_as()));
    if !is_sound(&config, &process, &tongue, talk)? {
        return Ok(Exit::Unexpected);
    }
    for notice in config.notices() {
        warn!(event = "config.notice", "{notice}");
    }
    if manner.background {
        daemon::leave_session()?;
    }
    let pidfile = match Pidfile::write(Path::new(&process.pidfile)) {
        Ok(pidfile) => pidfile,
        Err(failure) => {
            let why = format!("the pid file {} cannot be written: {failure}", process.pidfile);
            tongue.say(2, &format!("Smsd mainprocess terminated because {why}."));
            writeln!(talk, "Smsd mainprocess terminated because {why}. Nothing was started.")?;
            return Ok(Exit::Unexpected);
        }
    };
    let running = Running { config, process, pidfile, tongue, options, background: manner.background };
    running.run(talk)
}

/// Lists every problem; none of the process is started with any.
fn is_sound(config: &Config, process: &Process, tongue: &Tongue, talk: &mut dyn Write) -> io::Result<bool> {
    let problems = check::problems(config, process);
    if problems.is_empty() {
        return Ok(true);
    }
    for problem in &problems {
        tongue.say(2, problem);
        writeln!(talk, "{problem}")?;
    }
    let count = match problems.len() {
        1 => "There was 1 major problem found.".to_owned(),
        count => format!("There was {count} major problems found."),
    };
    tongue.say(2, &count);
    tongue.say(2, "Smsd mainprocess terminated.");
    writeln!(talk, "{count}\nCannot start. Nothing was sent.")?;
    Ok(false)
}

/// Waits until a folder cannot be used any more, and says why. Safe to drop.
async fn lost(folders: Folders) -> Alarm {
    loop {
        tokio::time::sleep(FOLDERS_EVERY).await;
        let folders = folders.clone();
        // A file system that does not answer holds up a thread that may wait.
        if let Ok(Some(why)) = tokio::task::spawn_blocking(move || folders.lost()).await {
            return why;
        }
    }
}

/// A process that has everything it needs.
struct Running {
    config: Config,
    process: Process,
    pidfile: Pidfile,
    tongue: Tongue,
    options: Options,
    background: bool,
}

impl Running {
    fn run(self, talk: &mut dyn Write) -> io::Result<Exit> {
        let runtime = run::runtime()?;
        let begun = SystemTime::now();
        let ended = runtime.block_on(self.serve());
        runtime.shutdown_background();
        let pid = std::process::id();
        match ended {
            Ok(End::Asked) => {
                let since: DateTime<Local> = begun.into();
                let (since, up) = (since.format("%y-%m-%d %H:%M:%S"), begun.elapsed().unwrap_or_default());
                let up = uptime::uptime(up);
                let text = format!("Smsd mainprocess terminated. PID: {pid}, was started {since}, up {up}.");
                self.tongue.say(2, &text);
                Ok(Exit::Done)
            }
            Ok(End::Failed(_) | End::Halved(_) | End::Lost(_) | End::Displaced(_)) => {
                self.tongue.say(2, &format!("Smsd mainprocess terminated abnormally. PID: {pid}."));
                Ok(Exit::Unexpected)
            }
            Err(failure) => {
                let problem = run::problem(&failure);
                run::refuse(&problem);
                self.tongue.say(2, &format!("Smsd mainprocess terminated abnormally. PID: {pid}."));
                writeln!(talk, "{problem}\nNothing was sent.")?;
                Ok(Exit::Unexpected)
            }
        }
    }

    async fn serve(&self) -> Result<End, StartError> {
        let mut signals = Signals::listen();
        let node = tokio::select! {
            node = Node::start(self.config.clone(), Clock::system()) => node?,
            // Nothing was claimed or sent yet.
            () = signals.stop() => return Ok(End::Asked),
        };
        let pid = std::process::id();
        self.tongue.say(5, &format!("Outgoing file checker has started. PID: {pid}."));
        if self.background
            && let Err(failure) = daemon::has_started()
        {
            warn!(%failure, "the streams of whoever started it are kept open");
        }
        let mut figures = self.figures(&node, &self.process);
        let end = Box::pin(self.to_the_end(node, &mut signals, &mut figures)).await;
        figures.drain(FIGURES_WITHIN).await;
        Ok(end)
    }

    /// Starts the watch over the modems of `process`.
    fn figures(&self, node: &Node, process: &Process) -> Tasks {
        let (tasks, watch) = (Tasks::new(), self.watch_of(node, process));
        tasks.spawn("figures", |stop| watch.run(stop));
        tasks
    }

    fn watch_of(&self, node: &Node, process: &Process) -> Watch {
        let states = States {
            view: node.view().clone(),
            board: node.board().clone(),
            node: node.id(),
            modems: process.modems.clone(),
        };
        let (metrics, statistics) = (node.metrics().clone(), process.statistics.clone());
        Watch::new(states, metrics, statistics, self.options.monitors, self.tongue.clone())
    }

    /// Tells why the node stops. The handler is heard first: once the node drains no program is run for an alarm. A signal to
    /// stop ends the wait.
    async fn tell_last(&self, node: &Node, signals: &mut Signals, alarm: &Alarm) {
        self.tongue.say(2, &String::from_utf8_lossy(&alarm.text));
        let is_heard = tokio::select! {
            is_heard = node.last_alarm(alarm) => is_heard,
            () = signals.stop() => false,
        };
        if !is_heard {
            self.tongue.say(3, "The alarmhandler still runs, the stop does not wait for it.");
        }
    }

    /// Waits for a reason to stop, tells it and stops.
    async fn to_the_end(&self, node: Node, signals: &mut Signals, figures: &mut Tasks) -> End {
        let pid = std::process::id();
        let end = self.watch(&node, signals, figures).await;
        match &end {
            End::Asked => {}
            End::Failed(end) => self.tell_last(&node, signals, &node.death(end)).await,
            End::Halved(why) => {
                let why = format!(
                    "The reload failed half-way, smsnode stops so that nothing is sent by half of it: {why}"
                );
                self.tell_last(&node, signals, &Alarm::of_main(Severity::Critical, why)).await;
            }
            End::Lost(alarm) => self.tell_last(&node, signals, alarm).await,
            End::Displaced(other) => self.tongue.say(
                3,
                &format!("FATAL ERROR: Looks like another smsd ({other}) is running. I ({pid}) quit now."),
            ),
        }
        Box::pin(self.drain(node, signals)).await;
        end
    }

    /// Waits until there is a reason to stop.
    async fn watch(&self, node: &Node, signals: &mut Signals, figures: &mut Tasks) -> End {
        let every = Duration::from_secs(self.process.check_pid_interval.max(1));
        let mut looks = interval_at(Instant::now() + every, every);
        let mut troubles = interval_at(Instant::now() + TROUBLES_EVERY, TROUBLES_EVERY);
        let folders = lost(Folders::now(self.config.spool.as_ref()));
        tokio::pin!(folders);
        // One reload at a time: what is asked for meanwhile follows it.
        let (hung_up, asked) = (Notify::new(), Notify::new());
        let reopens = self.reopens(&hung_up, &asked);
        tokio::pin!(reopens);
        let reloads = async {
            loop {
                asked.notified().await;
                if let Err(failure) = self.reload(node, figures).await {
                    break failure;
                }
            }
        };
        tokio::pin!(reloads);
        loop {
            tokio::select! {
                wanted = signals.next() => match wanted {
                    Wanted::Stop => return End::Asked,
                    Wanted::Reload => hung_up.notify_one(),
                    Wanted::Round => node.break_suspensions(),
                },
                () = &mut reopens => {}
                failure = &mut reloads => return End::Halved(failure.to_string()),
                end = node.unexpected_end() => return End::Failed(end),
                _ = troubles.tick() => self.tongue.settle(),
                alarm = &mut folders => return End::Lost(alarm),
                _ = looks.tick(), if self.process.check_pid_interval > 0 => {
                    if let Some(other) = self.pidfile.other() {
                        return End::Displaced(other);
                    }
                }
            }
        }
    }

    /// Opens the log anew at each hangup, also while a reload is under way, and asks for the reload. It never ends. Safe to
    /// drop.
    async fn reopens(&self, hung_up: &Notify, asked: &Notify) {
        loop {
            hung_up.notified().await;
            let tongue = self.tongue.clone();
            // A disk that does not answer holds up a thread that may wait.
            if let Err(failure) = tokio::task::spawn_blocking(move || tongue.reopen()).await {
                warn!(%failure, "SIGHUP: the log was not opened anew");
            }
            asked.notify_one();
        }
    }

    /// Takes the file over as it is now, with what shows the modems.
    async fn reload(&self, node: &Node, figures: &mut Tasks) -> Result<(), StartError> {
        if self.options.asks {
            self.tongue.say(
                4,
                "SIGHUP: it was started with -a, so that the choices need a restart; nothing was changed.",
            );
            return Ok(());
        }
        let options = self.options.clone();
        let load = move || super::load(&options);
        let folders = self.process.folders.clone();
        let look = move |config: &Config| check::problems_of_reload(config, &folders);
        let taken = reload::carry_out(node, &self.options.config, load, look).await?;
        let Some(config) = taken else { return Ok(()) };
        self.tongue.turn(&config);
        if let Some(process) = &config.process {
            figures.drain(FIGURES_WITHIN).await;
            *figures = self.figures(node, process);
        }
        Ok(())
    }

    /// Stops in order: further signals to stop change nothing, as with smsd.
    async fn drain(&self, node: Node, signals: &mut Signals) {
        let pid = std::process::id();
        let text = format!("Smsd mainprocess is awaiting the termination of all modem handlers. PID: {pid}.");
        self.tongue.say(2, &text);
        let infofile = Infofile::new(Path::new(&self.process.infofile));
        let told = infofile.follow(node.view().clone(), node.id(), self.tongue.clone());
        let deaf = async {
            loop {
                signals.next().await;
            }
        };
        tokio::select! {
            () = node.drain() => {}
            () = async { tokio::join!(told, deaf); } => {}
        }
    }
}
