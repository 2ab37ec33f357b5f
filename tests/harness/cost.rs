//! What a process costs its host, as the kernel counts it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: the kernel's USER_HZ, the same on every architecture we run on.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used up so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Processor time of all its threads, ended ones included.
    pub cpu: Duration,
    /// Octets it caused to be written to a disk.
    pub written: u64,
    /// Calls that read.
    pub reads: u64,
    /// Calls that write.
    pub writes: u64,
    /// How often one of its living threads waited, and so had to be woken.
    pub waits: u64,
}

impl Cost {
    /// What the process `pid` has used up; zero when it is gone.
    pub fn of(pid: u32) -> Cost {
        let io = proc_file(pid, "io");
        Cost {
            cpu: cpu(&proc_file(pid, "stat")).unwrap_or_default(),
            written: value(&io, "write_bytes:"),
            reads: value(&io, "syscr:"),
            writes: value(&io, "syscw:"),
            waits: threads(pid).map(|status| value(&status, "voluntary_ctxt_switches:")).sum(),
        }
    }

    /// What came on top of `earlier`.
    pub fn since(self, earlier: Cost) -> Cost {
        Cost {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            written: self.written.saturating_sub(earlier.written),
            reads: self.reads.saturating_sub(earlier.reads),
            writes: self.writes.saturating_sub(earlier.writes),
            waits: self.waits.saturating_sub(earlier.waits),
        }
    }
}

/// Octets of memory the process `pid` occupies, and the most it has ever occupied.
pub fn memory(pid: u32) -> (u64, u64) {
    let status = proc_file(pid, "status");
    (value(&status, "VmRSS:") * 1024, value(&status, "VmHWM:") * 1024)
}

/// User and system time, fields 14 and 15; the name before them may hold anything but ends with the last bracket.
fn cpu(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis((user + system) * 1000 / TICKS_PER_SECOND))
}

/// The number after `name` at the beginning of a line.
fn value(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The status of each living thread.
fn threads(pid: u32) -> impl Iterator<Item = String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
}

fn proc_file(pid: u32, name: &str) -> String {
    fs::read_to_string(PathBuf::from(format!("/proc/{pid}/{name}"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_hides_no_processor_time() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 1 1";

        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu("7 (a"), None);
    }

    #[test]
    fn this_process_costs_something_and_one_that_is_gone_nothing() {
        assert!(memory(std::process::id()).0 > 0);
        assert!(Cost::of(std::process::id()).reads > 0);
        assert_eq!(Cost::of(u32::MAX), Cost::default());
    }
}
