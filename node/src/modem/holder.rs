//! Who has a device: for the message of a port that is in use.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Most processes, and most locks, looked at before the search gives up.
const PROCESSES_MAX: usize = 65_536;

/// Name and pid of another process that has `device`: the one that locked it, else one that has it open, when this
/// process may see it.
pub(super) fn find(device: &Path) -> Option<String> {
    let pid = locked_by(device).or_else(|| opened_by(device))?;
    Some(format!("{} (pid {pid})", command_of(pid)))
}

/// The process in the system's list of file locks (`proc_locks(5)`); processes that only look on have no lock.
fn locked_by(device: &Path) -> Option<u32> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let meta = std::fs::metadata(device).ok()?;
    let (major, minor) = (rustix::fs::major(meta.dev()), rustix::fs::minor(meta.dev()));
    let file = format!("{major:02x}:{minor:02x}:{}", meta.ino());
    locks.lines().take(PROCESSES_MAX).find_map(|line| holder_of(line, &file))
}

/// The pid of a line such as `3: FLOCK  ADVISORY  WRITE 812 00:1b:5 0 EOF`, if it is about `file`. A process that
/// waits for a lock has `->` in the place of `FLOCK`; one of another pid namespace has no pid here.
fn holder_of(line: &str, file: &str) -> Option<u32> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let is_held = words.next()? != "->";
    let pid = words.nth(2)?.parse().ok().filter(|pid| *pid != 0 && *pid != std::process::id())?;
    (is_held && words.next()? == file).then_some(pid)
}

fn opened_by(device: &Path) -> Option<u32> {
    let device = device.canonicalize().ok()?;
    let own = std::process::id();
    std::fs::read_dir("/proc")
        .ok()?
        .take(PROCESSES_MAX)
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own)
        .find(|pid| has_open(*pid, &device))
}

fn has_open(pid: u32, device: &Path) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors
        .filter_map(Result::ok)
        .any(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == device))
}

fn command_of(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() { "another process".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_told_from_waiters_and_from_locks_of_other_files() {
        let file = "00:1b:5";

        assert_eq!(holder_of("3: FLOCK  ADVISORY  WRITE 812 00:1b:5 0 EOF", file), Some(812));
        assert_eq!(holder_of("3: -> FLOCK  ADVISORY  WRITE 812 00:1b:5 0 EOF", file), None);
        assert_eq!(holder_of("3: FLOCK  ADVISORY  WRITE 812 00:1b:55 0 EOF", file), None);
        assert_eq!(holder_of("3: FLOCK  ADVISORY  WRITE 0 00:1b:5 0 EOF", file), None);
        let own = format!("3: FLOCK  ADVISORY  WRITE {} 00:1b:5 0 EOF", std::process::id());
        assert_eq!(holder_of(&own, file), None);
        assert_eq!(holder_of("", file), None);
    }
}
