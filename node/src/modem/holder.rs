//! Who has a device open: for the message of a port that is in use.

use std::path::Path;

/// Most processes looked at before the search gives up.
const PROCESSES_MAX: usize = 65_536;

/// Name and pid of another process that has `device` open, when this process may see it.
pub(super) fn find(device: &Path) -> Option<String> {
    let device = device.canonicalize().ok()?;
    let own = std::process::id();
    std::fs::read_dir("/proc")
        .ok()?
        .take(PROCESSES_MAX)
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own)
        .find(|pid| has_open(*pid, &device))
        .map(|pid| format!("{} (pid {pid})", command_of(pid)))
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
