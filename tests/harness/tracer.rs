//! The syncs of a running process as the kernel saw them: `strace` attached to it from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::Process;
use crate::wait;

/// The calls that make a file durable.
const CALLS: &str = "trace=fdatasync,fsync,sync_file_range";
/// How long attaching and detaching may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A tracer attached to a process, all its threads included.
#[derive(Debug)]
pub struct Tracer {
    strace: Process,
    trace: PathBuf,
}

/// One sync that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The file or folder.
    pub path: PathBuf,
    /// When it began, on the calendar.
    pub begun: Duration,
    /// When it had returned, on the calendar.
    pub ended: Duration,
}

impl Tracer {
    /// Attaches to the process `pid` and returns when it is attached; `trace` is where it writes. Panics when `strace`
    /// is missing or the kernel forbids it.
    pub fn attach(pid: u32, trace: &Path) -> Tracer {
        let pid = pid.to_string();
        let output = trace.to_string_lossy();
        let arguments = ["-f", "-ttt", "-T", "-y", "-e", CALLS, "-o", &output, "-p", &pid];
        let mut strace = Process::start(Path::new("strace"), &arguments);
        let attached = format!("Process {pid} attached");
        let is_attached = wait::poll(PATIENCE, || {
            let has_ended = strace.exit_status().is_some();
            let says_so = strace.output().iter().any(|line| line.contains(&attached));
            (says_so || has_ended).then_some(says_so)
        });
        assert_eq!(is_attached, Some(true), "strace cannot attach to {pid}: {:?}", strace.output());
        Tracer { strace, trace: trace.to_owned() }
    }

    /// Detaches, and gives every sync that succeeded.
    pub fn detach(mut self) -> Vec<Sync> {
        // Its exit status is that of a process ended by a signal, whatever it wrote.
        self.strace.terminate(PATIENCE);
        let trace = fs::read_to_string(&self.trace).expect("strace has written its trace");
        syncs(&trace)
    }
}

/// The syncs of a trace, in the order of their ends. A call during which another thread was traced stands in two lines.
fn syncs(trace: &str) -> Vec<Sync> {
    let mut unfinished: Vec<(&str, PathBuf, Duration)> = Vec::new();
    let mut syncs = Vec::new();
    for line in trace.lines() {
        let Some((thread, at, call)) = parts(line) else { continue };
        if let Some(path) = path_of(call) {
            unfinished.push((thread, path, at));
        }
        if call.ends_with("<unfinished ...>") {
            continue;
        }
        let Some(place) = unfinished.iter().position(|begun| begun.0 == thread) else { continue };
        let (_, path, begun) = unfinished.remove(place);
        if let Some(took) = took(call) {
            let ended = if call.starts_with("<... ") { at } else { begun + took };
            syncs.push(Sync { path, begun, ended });
        }
    }
    syncs
}

/// Thread, moment and call of a line.
fn parts(line: &str) -> Option<(&str, Duration, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (at, call) = rest.trim_start().split_once(' ')?;
    Some((thread, seconds(at)?, call))
}

/// The path behind the descriptor that a call begins with.
fn path_of(call: &str) -> Option<PathBuf> {
    let (name, arguments) = call.split_once('(')?;
    let is_call = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_');
    let (path, _) = arguments.split_once('<').filter(|_| is_call)?.1.split_once('>')?;
    Some(PathBuf::from(path))
}

/// How long a call that succeeded has taken.
fn took(call: &str) -> Option<Duration> {
    let (_, result) = call.rsplit_once(" = ")?;
    seconds(result.strip_prefix("0 <")?.strip_suffix('>')?)
}

/// Seconds with a fraction of at most nine digits, exactly.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.')?;
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(whole.parse().ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_in_one_line_and_in_two_are_read_and_failed_ones_are_left_out() {
        let trace = "12 100.000001 fdatasync(7</d/log/1.log>) = 0 <0.000200>\n\
                     12 100.500000 fdatasync(7</d/log/1.log> <unfinished ...>\n\
                     13 100.500001 fsync(9</d/other>)      = 0 <0.000001>\n\
                     12 100.500009 <... fdatasync resumed>) = 0 <0.000008>\n\
                     12 101.000000 fdatasync(7</d/log/1.log>) = -1 EIO (Input/output error) <0.000100>\n\
                     12 101.000000 --- SIGCHLD {si_signo=SIGCHLD} ---\n\
                     12 102.000000 fdatasync(7</d/log/1.log> <detached ...>\n\
                     12 +++ exited with 0 +++\n";
        let sync = |path: &str, begun: (u64, u32), ended: (u64, u32)| Sync {
            path: path.into(),
            begun: Duration::new(begun.0, begun.1),
            ended: Duration::new(ended.0, ended.1),
        };

        let expected = [
            sync("/d/log/1.log", (100, 1_000), (100, 201_000)),
            sync("/d/other", (100, 500_001_000), (100, 500_002_000)),
            sync("/d/log/1.log", (100, 500_000_000), (100, 500_009_000)),
        ];
        assert_eq!(syncs(trace), expected);
    }
}
