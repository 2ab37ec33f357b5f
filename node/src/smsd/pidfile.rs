//! The file that names the process, so that scripts find it and no second daemon works on the same files.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Mode of the file.
const MODE: u32 = 0o644;
/// The daemon this one stands in for, by the name the kernel has of it.
const SMSD: &str = "smsd";

/// The file, with the number of this process in it. Removed when it is dropped, unless it names another process by then.
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
}

impl Pidfile {
    /// Writes the number of this process.
    pub(super) fn write(path: &Path) -> io::Result<Pidfile> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(Pidfile { path: path.to_owned() })
    }

    /// The process the file names instead of this one. A file that is gone or empty names nobody.
    pub(super) fn other(&self) -> Option<u32> {
        named(&self.path).filter(|pid| *pid != std::process::id())
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if named(&self.path) == Some(std::process::id()) {
            // One that stays is a stale one, which the next start replaces.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The daemon that `path` names, if it runs. A number that another program has meanwhile is none.
pub(super) fn running(path: &Path) -> Option<u32> {
    named(path).filter(|pid| *pid != std::process::id() && is_daemon(*pid))
}

fn named(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

/// Whether a process is smsd, or the program that this process is.
fn is_daemon(pid: u32) -> bool {
    if has_ended(pid) {
        return false;
    }
    let Some(name) = name_of(&pid.to_string()) else { return false };
    name == SMSD || name_of("self").is_some_and(|own| own == name)
}

/// Whether a process is gone with all its threads, and only its number waits for somebody to ask for its end.
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    stat.contains(") Z ") && threads <= 1
}

/// The name of a process as the kernel has it, which may be cut.
fn name_of(process: &str) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_was_killed_and_not_asked_for_runs_no_more() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a process");
        assert!(!has_ended(child.id()));

        child.kill().expect("it is ours");
        while !has_ended(child.id()) {
            std::thread::yield_now();
        }
        child.wait().expect("it has ended");
    }

    #[test]
    fn the_file_names_this_process_until_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pid");

        let pidfile = Pidfile::write(&path).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), format!("{}\n", std::process::id()));
        assert_eq!((pidfile.other(), running(&path)), (None, None));

        drop(pidfile);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_names_another_process_is_left_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pid");
        let pidfile = Pidfile::write(&path).expect("written");

        fs::write(&path, "1\n").expect("ours");
        assert_eq!(pidfile.other(), Some(1));
        // The first process is neither smsd nor this program.
        assert_eq!(running(&path), None);
        assert!(is_daemon(std::process::id()));
        drop(pidfile);
        assert!(path.exists());

        fs::write(&path, "").expect("ours");
        assert_eq!(Pidfile { path: path.clone() }.other(), None);
    }
}
