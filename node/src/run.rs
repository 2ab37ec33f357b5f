//! `smsnode run`: one node until it is told to stop.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use smsgrid::model::Mode;
use smsgrid::worker::handlers::{Alarm, Severity};
use smsgrid_proto::{Exit, Problem, Reason};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::cli;
use crate::clock::Clock;
use crate::config::Config;
use crate::node::{Node, StartError};
use crate::{cores, reload, smsd, telemetry};

/// Threads of the runtime. Everything in it waits and hardly computes: with a second one each event would wake both. What
/// waits for a disk has threads of its own.
pub(crate) const THREADS: usize = 1;

/// Run one node until SIGTERM or SIGINT
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration: smsgrid.toml, or an smsd.conf, which is run as it is
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

pub(crate) fn carry_out(args: &Args, talk: &mut dyn Write) -> io::Result<Exit> {
    cores::none();
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(problems) => return cli::tell(&problems, talk),
    };
    if config.mode == Mode::Smsd {
        return smsd::run(config, &args.config, talk);
    }
    if let Err(problem) = telemetry::install(&config.log, &config.node.name) {
        return cli::tell(&[*problem], talk);
    }
    for notice in config.notices() {
        warn!(event = "config.notice", "{notice}");
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(serve(config, &args.config));
    // Nothing is waited for any more: what had to be durable is.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => Ok(exit),
        Err(failure) => {
            let problem = problem(&failure);
            refuse(&problem);
            Ok(problem.reason.exit())
        }
    }
}

/// One line of the log, as everything that is told once telemetry is there.
pub(crate) fn refuse(problem: &Problem) {
    let fix = problem.fix.as_deref().unwrap_or(problem.reason.fix());
    let (title, why) = (&problem.title, &problem.why);
    error!(
        event = "node.refused",
        reason = problem.reason.word(),
        why,
        fix,
        "{title}; smsnode did not start, nothing was sent"
    );
}

/// The runtime every command uses.
pub(crate) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()
}

async fn serve(config: Config, path: &Path) -> Result<Exit, StartError> {
    let (mut signals, mut hangup) = (Signals::listen(), heard(SignalKind::hangup()));
    let name = config.node.name.clone();
    let node = tokio::select! {
        node = Node::start(config, Clock::system()) => node?,
        // Nothing was claimed or sent yet.
        () = signals.stop() => return Ok(Exit::Done),
    };
    info!(event = "node.started", node = %name, version = env!("CARGO_PKG_VERSION"), "node started");
    let exit = tokio::select! {
        () = signals.stop() => Exit::Done,
        failure = reloads(&mut hangup, path, &node) => {
            error!(%failure, "the reload failed half-way; stopping so that nothing is sent by half a node");
            let text = format!("The reload failed half-way, smsnode stops: {failure}");
            last_alarm(&node, &mut signals, &Alarm::of_main(Severity::Critical, text)).await;
            Exit::Unexpected
        }
        end = node.unexpected_end() => {
            error!(%end, "a part of the node failed; stopping so that nothing is sent by half a node");
            last_alarm(&node, &mut signals, &node.death(&end)).await;
            Exit::Unexpected
        }
    };
    info!(event = "node.draining", "stopping; what is on the wire ends first, a second signal ends at once");
    tokio::select! {
        () = node.drain() => Ok(exit),
        () = signals.stop() => {
            warn!("stopped at once; parts on the wire will be uncertain");
            Ok(Exit::Interrupted)
        }
    }
}

/// The handler is heard first: once the node drains no program is run for an alarm. A signal ends the wait.
async fn last_alarm(node: &Node, signals: &mut Signals, alarm: &Alarm) {
    let is_heard = tokio::select! {
        is_heard = node.last_alarm(alarm) => is_heard,
        () = signals.stop() => false,
    };
    if !is_heard {
        warn!("the alarm handler still runs; the stop does not wait for it");
    }
}

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    term: Option<Signal>,
    int: Option<Signal>,
}

impl Signals {
    /// Takes both from now on, until the process ends.
    pub(crate) fn listen() -> Signals {
        Signals { term: heard(SignalKind::terminate()), int: heard(SignalKind::interrupt()) }
    }

    /// Waits for the next of either. Safe to drop.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            () = next(&mut self.term) => {}
            () = next(&mut self.int) => {}
        }
    }
}

fn heard(kind: SignalKind) -> Option<Signal> {
    match signal(kind) {
        Ok(signal) => Some(signal),
        Err(failure) => {
            error!(%failure, "a signal cannot be received; only SIGKILL will stop this process");
            None
        }
    }
}

/// Takes the file over at each SIGHUP. Gives why the node has to stop, and never ends otherwise; dropped, all that is left
/// to do is to stop.
async fn reloads(hangup: &mut Option<Signal>, path: &Path, node: &Node) -> StartError {
    loop {
        next(hangup).await;
        let file = path.to_owned();
        match reload::carry_out(node, path, move || Config::load(&file), reload::faults).await {
            Ok(Some(config)) => telemetry::turn(config.log.level),
            Ok(None) => {}
            Err(failure) => return failure,
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Why the node did not start, in the words of the catalogue.
pub(crate) fn problem(failure: &StartError) -> Problem {
    let reason = match failure {
        StartError::Identity(error) => return error.problem(),
        StartError::Formation(error) => return error.problem(),
        StartError::Log { .. } | StartError::Replay(_) | StartError::Begin(_) | StartError::Outcomes(_) => {
            Reason::StoreDamaged
        }
        StartError::Outbox(_)
        | StartError::Runtime(_)
        | StartError::Session(_)
        | StartError::Store(_)
        | StartError::Simulator { .. }
        | StartError::SpoolJournal(_)
        | StartError::Abandoned => Reason::DiskFailed,
        StartError::LogLost => Reason::StoreLost,
        StartError::Listen { .. } => Reason::ListenFailed,
        StartError::Handlers(_) => Reason::ConfigBadValue,
        StartError::Folder(_) => Reason::SpoolNotWritable,
        StartError::NumberList(_) => Reason::SpoolListUnreadable,
    };
    let mut why = String::new();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        if !why.is_empty() {
            why.push_str(": ");
        }
        why.push_str(&error.to_string());
        cause = error.source();
    }
    let mut problem = Problem::new(reason, failure.to_string());
    if let StartError::Handlers(error) = failure {
        problem = problem.fix(error.fix());
    }
    if why.is_empty() { problem } else { problem.why(why) }
}
