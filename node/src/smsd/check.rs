//! The look at everything around the process before it starts: every problem is listed, and any of them prevents it.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::format::{Item, StrftimeItems};

use super::pidfile;
use crate::config::Config;
use crate::config::smsd::{NeededFolder, Process};
use crate::reload;

/// Every problem, a line each. With a daemon that runs that is the only one: nothing it uses is touched.
pub(super) fn problems(config: &Config, process: &Process) -> Vec<String> {
    if let Some(duplicate) = duplicate(Path::new(&process.pidfile)) {
        return vec![duplicate];
    }
    let mut problems: Vec<String> = process.folders.iter().filter_map(folder).collect();
    problems.extend(data_dir(&config.node.data_dir));
    problems.extend(infofile(Path::new(&process.infofile)));
    problems.extend(time_format(&process.log.time_format));
    problems.extend(reload::faults(config));
    problems
}

/// What a process that runs with the folders `running` would find wrong with this configuration, a line each.
pub(super) fn problems_of_reload(config: &Config, running: &[NeededFolder]) -> Vec<String> {
    let new = config.process.as_ref().map(|process| process.folders.as_slice()).unwrap_or_default();
    let mut problems = folders_of_reload(new, running);
    problems.extend(reload::faults(config));
    problems
}

/// Other folders than those that are used need a restart: what refuses the file must neither look at them nor make any.
fn folders_of_reload(new: &[NeededFolder], running: &[NeededFolder]) -> Vec<String> {
    let is_used = |needed: &&NeededFolder| {
        let of_now = running.iter().any(|of_now| (&of_now.key, &of_now.path) == (&needed.key, &needed.path));
        of_now || needed.key.starts_with("queue ")
    };
    new.iter().filter(is_used).filter_map(folder).collect()
}

/// A folder in which files can be listed and made.
fn folder(needed: &NeededFolder) -> Option<String> {
    let path = Path::new(&needed.path);
    if needed.is_ours && !path.exists() {
        // Whether it could be made is seen below.
        let _ = fs::create_dir_all(path);
    }
    let line = needed.line.map_or_else(|| "not set".to_owned(), |line| format!("line {line}"));
    let title = format!("Directory {} ({}, {line})", needed.path, needed.key);
    if let Err(error) = fs::read_dir(path) {
        return Some(format!("{title} cannot be opened: {error}{}", remedy(path, &error)));
    }
    let probe = probe_in(path);
    let made = make(&probe);
    match made {
        Ok(_) => fs::remove_file(&probe).err().map(|error| {
            format!("{title}: a file made there cannot be removed: {error}{}", remedy(path, &error))
        }),
        Err(error) => Some(format!("{title}: no file can be made there: {error}{}", remedy(path, &error))),
    }
}

/// The folder of the node's own data, or the one it will be made in.
fn data_dir(path: &Path) -> Option<String> {
    let there = path.ancestors().find(|path| path.exists())?;
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    let flags = rustix::fs::AtFlags::EACCESS;
    let refused = rustix::fs::accessat(rustix::fs::CWD, there, access, flags).err()?;
    let error = io::Error::from(refused);
    let variable = crate::config::smsd::DATA_DIR_VARIABLE;
    Some(format!(
        "Directory {} (the data of smsnode, {variable}) cannot be used: {error}{}",
        path.display(),
        remedy(there, &error)
    ))
}

/// A file of this process alone.
fn probe_in(folder: &Path) -> PathBuf {
    folder.join(format!(".smsnode-check.{}", std::process::id()))
}

fn make(probe: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(probe)
}

/// Whether the file could be made and removed, which is seen with another one beside it.
fn infofile(path: &Path) -> Option<String> {
    let parent = path.parent().unwrap_or(path);
    let probe = probe_in(parent);
    let made = make(&probe).and_then(|_| fs::remove_file(&probe));
    made.err().map(|error| {
        format!("Infofile {} cannot be created: {error}{}", path.display(), remedy(parent, &error))
    })
}

fn time_format(format: &str) -> Option<String> {
    let is_wrong = !format.contains('%') || StrftimeItems::new(format).any(|item| item == Item::Error);
    is_wrong.then(|| format!("logtime_format {format} is no form of a time: write %-words of strftime"))
}

fn duplicate(path: &Path) -> Option<String> {
    let pid = pidfile::running(path)?;
    Some(format!(
        "{} names process {pid}, which runs: stop it first, one daemon works on a spool",
        path.display()
    ))
}

/// Who may do what there, and how that is changed.
fn remedy(path: &Path, error: &io::Error) -> String {
    let user = rustix::process::geteuid().as_raw();
    if error.kind() == io::ErrorKind::NotFound {
        return format!("; make it and give it to uid {user}");
    }
    if error.kind() != io::ErrorKind::PermissionDenied {
        // The others say themselves what has to be done.
        return String::new();
    }
    let owner = fs::metadata(path).map_or_else(
        |_| "it".to_owned(),
        |metadata| {
            let (owner, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777);
            format!("{} has owner uid {owner}, group gid {group}, mode {mode:04o} and", path.display())
        },
    );
    format!("; {owner} smsnode runs as uid {user}: chown or chmod it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(path: &Path, is_ours: bool) -> NeededFolder {
        NeededFolder { key: "sent".to_owned(), path: path.display().to_string(), line: Some(7), is_ours }
    }

    #[test]
    fn a_folder_that_is_missing_is_named_with_its_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let missing = dir.path().join("missing");

        assert_eq!(folder(&needed(dir.path(), false)), None);
        let told = folder(&needed(&missing, false)).expect("a problem");
        assert!(
            told.starts_with(&format!("Directory {} (sent, line 7) cannot be opened: ", missing.display()))
        );
        assert_eq!(fs::read_dir(dir.path()).expect("it is there").count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_folder_that_smsd_does_without_is_made() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("sent");

        assert_eq!(folder(&needed(&path, true)), None);
        assert!(path.is_dir());
    }

    #[test]
    fn a_reload_makes_no_folder_that_needs_a_restart_and_looks_at_those_of_queues() {
        let dir = tempfile::tempdir().expect("a folder");
        let [used, other] = ["used", "other"].map(|name| needed(&dir.path().join(name), true));
        let queue = NeededFolder { key: "queue fast".to_owned(), ..needed(&dir.path().join("queue"), false) };

        let problems = folders_of_reload(&[used.clone(), other, queue], &[used]);

        assert!(problems.len() == 1 && problems[0].contains("(queue fast, line 7)"), "{problems:?}");
        let there =
            fs::read_dir(dir.path()).expect("it is there").map(|entry| entry.expect("one").file_name());
        assert_eq!(there.collect::<Vec<_>>(), ["used"]);
    }

    #[test]
    fn a_file_is_no_folder_and_an_infofile_needs_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("file");
        fs::write(&file, "").expect("ours");

        assert!(folder(&needed(&file, false)).is_some());
        assert!(infofile(&file.join("info")).is_some());
        let info = dir.path().join("info");
        fs::write(&info, "of somebody").expect("ours");
        assert_eq!(infofile(&info), None);
        assert_eq!(fs::read_to_string(&info).expect("it is left alone"), "of somebody");
    }

    #[test]
    fn a_form_of_times_has_words_that_there_are() {
        assert_eq!(time_format("%Y-%m-%d %H:%M:%S.timeus"), None);
        assert!(time_format("now").is_some());
        assert!(time_format("%Q").is_some());
    }
}
