//! What the node says while it runs: one line an event, on standard error.
//!
//! ```text
//! tracing ──> filter by level ──> layer: fields of the spans, then of the event ──> masked by name
//!                                                        └──> escaped ──> JSON or text, one line ──> thread
//! ```
//!
//! Whoever tells something waits for no reader: lines go through a bounded queue to a thread that writes them.
//!
//! Values are masked by their types first (`model::Address`, `Secret`); a second net masks fields that are named like
//! a secret. What a stranger wrote (a text, a file name, a modem's answer) cannot start a line or steer a terminal.

mod descriptor;
mod escape;
mod fields;
mod files;
mod layer;
mod line;
mod queued;
mod smsd_log;
mod talk;
mod trouble;

use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use smsgrid::model::Name;
use smsgrid_proto::{Problem, Reason};
#[cfg(test)]
use tracing::Subscriber;
use tracing::error;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Level, Log, LogFormat};
use crate::raft;

pub use files::{LogError, Reopened};
pub use layer::Sink;
pub use smsd_log::SmsdLog;
pub(crate) use talk::Talk;

use descriptor::Descriptor;
use layer::LineLayer;
use line::Form;
use queued::{Dropped, Queued};

/// The variable that goes before the level of the configuration: a level, or `target=level` with commas.
pub const LEVEL_VARIABLE: &str = "SMSGRID_LOG";
/// The filter of the one subscriber there is.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();
/// Crates of ours; others are told only from `warn` on.
const OURS: [&str; 2] = ["smsgrid", "smsgrid_node"];

/// Sends all events of this process to standard error, and panics with them. `node` is on every line.
///
/// Called a second time, in a process of several nodes, the first call counts.
pub fn install(log: &Log, node: &Name) -> Result<(), Box<Problem>> {
    let form = match log.format {
        LogFormat::Json => Form::Json,
        LogFormat::Text => Form::Text { is_coloured: colours() },
        LogFormat::Auto if io::stderr().is_terminal() => Form::Text { is_coloured: colours() },
        LogFormat::Auto => Form::Json,
    };
    let variable = std::env::var(LEVEL_VARIABLE).ok();
    let filter = filter(log.level, variable.as_deref())?;
    let (filter, handle) = reload::Layer::new(filter);
    let lines = LineLayer::new(form, node, Standard::Error.queued(layer::dropped(form, node)));
    begin(Registry::default().with(filter).with(lines), handle);
    Ok(())
}

/// Sends all events of this process to a log as smsd writes it, and panics with them. Its level goes before that of the
/// configuration, and the variable before both.
pub fn install_smsd(log: &SmsdLog) -> Result<(), Box<Problem>> {
    let filter = filter(level_of(log), std::env::var(LEVEL_VARIABLE).ok().as_deref())?;
    let (filter, handle) = reload::Layer::new(filter);
    begin(Registry::default().with(filter).with(LineLayer::smsd(log.clone())), handle);
    let _ = SMSD.set(log.clone());
    Ok(())
}

/// What waits for the readers of the standard streams.
static OUT: OnceLock<Queued> = OnceLock::new();
static ERROR: OnceLock<Queued> = OnceLock::new();
/// The log whose files are written too.
static SMSD: OnceLock<SmsdLog> = OnceLock::new();
/// How long the end of the process waits for all this.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);
/// The same for a panic: the process may outlive it, and nothing else runs meanwhile.
const PANIC_FLUSH_WITHIN: Duration = Duration::from_millis(50);

/// A stream with a reader who may not read.
#[derive(Clone, Copy)]
enum Standard {
    Out,
    Error,
}

impl Standard {
    /// Lets a thread write to it; all logs on it share that. Without one lines are written by whoever tells them.
    fn queued(self, dropped: Dropped) -> Sink {
        let queue = match self {
            Standard::Out => &OUT,
            Standard::Error => &ERROR,
        };
        if queue.get().is_none()
            && let Ok(begun) = Queued::begin(self.sink(), dropped)
        {
            let _ = queue.set(begun);
        }
        queue.get().map_or_else(|| self.sink(), |queue| Box::new(queue.clone()))
    }

    fn sink(self) -> Sink {
        match self {
            Standard::Out => Box::new(Descriptor(rustix::stdio::stdout())),
            Standard::Error => Box::new(Descriptor(rustix::stdio::stderr())),
        }
    }
}

/// Waits a moment until everything told so far is written: to be called before the process ends.
pub fn flush() {
    flush_within(FLUSH_WITHIN);
}

fn flush_within(within: Duration) {
    let deadline = Instant::now() + within;
    let streams = [&OUT, &ERROR].into_iter().filter_map(OnceLock::get);
    let queues = streams.chain(SMSD.get().into_iter().flat_map(SmsdLog::queues));
    let told: Vec<(&Queued, u64)> = queues.map(|queue| (queue, queue.told())).collect();
    // They are written side by side: the last has had as much time as the first, even when nothing is left to wait.
    for (queue, line) in told {
        queue.wait_for(line, deadline);
    }
}

/// Flushes when it is dropped, so also where a panic ends the process.
pub(crate) struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        flush();
    }
}

/// From now on events from `level` on are told, unless the variable says otherwise.
pub fn turn(level: Level) {
    let variable = std::env::var(LEVEL_VARIABLE).ok();
    // A variable that is wrong has kept the process from starting.
    let (Some(handle), Ok(filter)) = (FILTER.get(), filter(level, variable.as_deref())) else { return };
    let _ = handle.reload(filter);
}

/// The same for the level of a log as smsd writes it.
pub fn turn_smsd(log: &SmsdLog) {
    turn(level_of(log));
}

fn level_of(log: &SmsdLog) -> Level {
    match log.level() {
        0..=3 => Level::Error,
        4 => Level::Warn,
        5 | 6 => Level::Info,
        7 => Level::Debug,
        // A log of troubles keeps the dialogue with the modem too.
        8.. => Level::Trace,
    }
}

/// Sends all events of the process to `subscriber`, whose filter is `handle`, and panics with them.
fn begin(subscriber: impl SubscriberInitExt, handle: reload::Handle<Targets, Registry>) {
    if subscriber.try_init().is_ok() {
        let _ = FILTER.set(handle);
        panic::set_hook(Box::new(tell_panic));
    }
}

/// Whether standard error takes events by now, or the process has a log elsewhere.
fn is_begun() -> bool {
    ERROR.get().is_some() || FILTER.get().is_some()
}

/// Everything that passes `filter`, to `sink`.
#[cfg(test)]
fn subscriber(filter: Targets, form: Form, node: &Name, sink: Sink) -> impl Subscriber + Send + Sync {
    Registry::default().with(filter).with(LineLayer::new(form, node, sink))
}

fn filter(level: Level, variable: Option<&str>) -> Result<Targets, Box<Problem>> {
    let level = match level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
        Level::Trace => tracing::Level::TRACE,
    };
    let Some(text) = variable.filter(|text| !text.is_empty()) else { return Ok(ours(level)) };
    if let Ok(level) = text.parse() {
        return Ok(ours(level));
    }
    text.parse().map_err(|_| {
        let title = format!("{LEVEL_VARIABLE} is not a level: `{}`", text.escape_debug());
        let fix = "write error, warn, info, debug or trace; or target=level, with commas";
        Box::new(Problem::new(Reason::ConfigBadValue, title).fix(fix))
    })
}

fn ours(level: tracing::Level) -> Targets {
    let others = tracing::Level::WARN.min(level);
    // It warns of every call that was refused or late; what matters of that is told by us.
    let of_consensus = tracing::Level::ERROR;
    let targets = Targets::new().with_default(others).with_target(raft::LOG_TARGET, of_consensus);
    targets.with_targets(OURS.map(|target| (target, level)))
}

fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal()
}

/// A panic is an event like any other: one line, without the stack.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    let payload = panic.payload();
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    let what = payload.downcast_ref::<&str>().copied().or(owned).unwrap_or("no text");
    error!(event = "panic", place, thread, what, "smsnode has a bug");
    flush_within(PANIC_FLUSH_WITHIN);
}

#[cfg(test)]
mod tests;
