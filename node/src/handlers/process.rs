//! One run of a program: its process group, its time, its output.
//!
//! ```text
//! started ──ends by itself──────────────────────────────────────▶ strict: its group is killed ──▶ reaped
//!    └──time is up──▶ SIGTERM to the group ──a moment──▶ SIGKILL to the group ──────────────────────┘
//! ```
//!
//! The time includes the start, which waits for the disk. The process is reaped last: until then its number cannot become another group's.

use std::future::{Future, pending};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{PidfdFlags, Signal};
use smsgrid::worker::handlers::Exit;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::launch::{Launch, Rules};
use super::output::{Capture, Said};
use super::spawner::Spawner;
use super::started::Started;
use crate::clock::Clock;

/// How long a program that was asked to end may take.
const GRACE: Duration = Duration::from_secs(2);
/// How long a killed program may take to be gone; one that waits for a broken disk is left behind.
const KILLED: Duration = Duration::from_secs(10);

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// How.
    pub exit: Exit,
    /// What it said on standard output.
    pub out: Said,
    /// What it said on standard error.
    pub err: Said,
    /// How long it ran.
    pub took: Duration,
    /// Streams that what it left running may still write to.
    pub(super) left: Vec<Capture>,
}

/// A started program whose end is seen.
struct Running {
    started: Started,
    ended: AsyncFd<OwnedFd>,
}

/// What a started program says.
struct Streams {
    out: Capture,
    err: Capture,
}

/// Runs a program to its end, or ends it when its time is over. Dropped, it is killed.
pub(super) async fn run(
    launch: &Launch,
    over: impl Future<Output = ()>,
    rules: &Rules,
    spawner: &Spawner,
    clock: &Clock,
) -> Ended {
    let began = clock.now();
    let mut over = pin!(over);
    let started = tokio::select! {
        biased;
        started = start(launch, rules, spawner) => started,
        () = &mut over => Err("it has not started in time: the disk it is on does not answer".to_owned()),
    };
    let (mut running, mut streams) = match started {
        Ok(started) => started,
        Err(why) => return Ended::not_started(why),
    };
    let in_time = streams.read_until(running.ended(), over).await;
    if !in_time {
        running.started.signal(Signal::TERM);
        streams.read_out(running.ended(), clock.sleep_until(clock.now() + GRACE)).await;
    }
    let leaves = in_time && *rules == Rules::Smsd;
    if !leaves {
        running.started.signal(Signal::KILL);
        streams.read_until(running.ended(), clock.sleep_until(clock.now() + KILLED)).await;
    }
    let took = clock.now().since(began);
    let exit = match running.started.reap() {
        Some(status) if in_time => exit(status),
        Some(_) | None => Exit::TimedOut(launch.limit.unwrap_or(took)),
    };
    streams.out.take();
    streams.err.take();
    let Streams { out, err } = streams;
    let (said_out, said_err) = (out.said(), err.said());
    let left = [out, err].into_iter().filter(|stream| leaves && stream.is_open()).collect();
    Ended { exit, out: said_out, err: said_err, took, left }
}

async fn start(launch: &Launch, rules: &Rules, spawner: &Spawner) -> Result<(Running, Streams), String> {
    let program = launch.command.program().as_bytes();
    let (begun, rules) = (launch.clone(), rules.clone());
    let begin = move || begun.command(&rules)?.spawn().map_err(|error| error.to_string());
    let mut started = spawner.spawn(program, begin).await?;
    let (ended, streams) = opened(&mut started).map_err(|error| error.to_string())?;
    Ok((Running { started, ended }, streams))
}

fn opened(started: &mut Started) -> io::Result<(AsyncFd<OwnedFd>, Streams)> {
    let (out, err) = started.take_output()?;
    let streams = Streams { out: Capture::new(OwnedFd::from(out))?, err: Capture::new(OwnedFd::from(err))? };
    let pid = started.pid().ok_or_else(|| io::Error::other("it was reaped"))?;
    let ended = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)?;
    Ok((registered(ended)?, streams))
}

#[allow(deprecated, reason = "it asks for an owned descriptor, which this is; the other way is unsafe code")]
fn registered(ended: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(ended, Interest::READABLE)
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
    }
}

impl Ended {
    fn not_started(why: String) -> Ended {
        let (out, err) = (Said::default(), Said::default());
        Ended { exit: Exit::NotStarted(why), out, err, took: Duration::ZERO, left: Vec::new() }
    }
}

impl Streams {
    /// Reads until the program has ended. False when its time is over before that.
    async fn read_until(&mut self, ended: impl Future<Output = ()>, over: impl Future<Output = ()>) -> bool {
        let reading = async {
            tokio::join!(self.out.read(), self.err.read());
            pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = ended => true,
            () = over => false,
            () = reading => false, // it never ends
        }
    }
}

impl Streams {
    /// Reads until the program has ended and whoever it started has closed its output, or the time is over.
    async fn read_out(&mut self, ended: impl Future<Output = ()>, over: impl Future<Output = ()>) {
        let gone = async { tokio::join!(ended, self.out.read(), self.err.read()) };
        tokio::select! {
            biased;
            _ = gone => {}
            () = over => {}
        }
    }
}

impl Running {
    /// Waits until the program has ended. It is not reaped by that.
    async fn ended(&self) {
        // A poll that fails is one of a descriptor that cannot be polled: the program counts as ended, and is killed.
        let _ = self.ended.readable().await;
    }
}
