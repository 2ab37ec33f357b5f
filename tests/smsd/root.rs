//! What only root can show: the process becomes another user, with the groups of that user, and has its spool where the
//! scripts of Debian's package expect it. It needs root and the user `smsd` of that package, who is in the group
//! `dialout` too.

mod sample_scripts;
mod unprivileged;
mod usual_file;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

use smsgrid_tests::smsd::{FOLDERS, PATIENCE, Place, text};

/// The daemon under test.
const SMSNODE: &str = env!("CARGO_BIN_EXE_smsnode-under-test");

/// A host without modems.
fn bare(settings: &str) -> Place {
    Place::bare(SMSNODE, settings)
}

/// The number `id` prints with these options.
fn id(options: &str) -> Vec<u32> {
    let output = Command::new("id").args([options, "smsd"]).output().expect("id runs");
    assert!(output.status.success(), "the user smsd of the package smstools is needed");
    text(&output.stdout).split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

/// Gives everything the daemon writes to to the user smsd.
fn give(place: &Place) {
    let (user, group) = (id("-u")[0], id("-g")[0]);
    for path in FOLDERS.map(|folder| place.path(folder)).into_iter().chain([place.path("")]) {
        chown(path, Some(user), Some(group)).expect("this test runs as root");
    }
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o755)).expect("ours");
}

/// The numbers of a line of the status of a process.
fn status(pid: i32, name: &str) -> Vec<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

#[test]
fn the_daemon_becomes_the_user_with_all_groups_of_that_user() {
    let dialout = 20;
    // As smsd: another group takes the place of the user's own, beside those that list the user as a member.
    for (options, group, mut groups) in
        [(&["-usmsd"][..], id("-g")[0], id("-G")), (&["-usmsd", "-gdialout"], dialout, vec![dialout])]
    {
        let place = bare("");
        give(&place);
        let conf = format!("-c{}", place.conf().display());
        let words: Vec<&str> = [conf.as_str()].into_iter().chain(options.iter().copied()).collect();

        let output = place.smsd(&words);

        assert!(output.status.success(), "{}", text(&output.stderr));
        let pid = place.pid().expect("a pidfile");
        assert_eq!(status(pid, "Uid:"), vec![id("-u")[0]; 4]);
        assert_eq!(status(pid, "Gid:"), vec![group; 4]);
        groups.sort_unstable();
        assert_eq!(status(pid, "Groups:"), groups);
        // What the user could not make was made for it.
        assert_eq!(fs::metadata(place.path("data")).expect("it is there").uid(), id("-u")[0]);
        assert!(place.read("logfile").contains("Running as smsd:"), "{}", place.read("logfile"));
    }
}

#[test]
fn a_user_or_group_that_is_not_there_is_told() {
    let place = bare("");
    let conf = format!("-c{}", place.conf().display());

    for (options, told) in [
        (&["-unobody-of-that-name"][..], "User nobody-of-that-name not found."),
        (&["-usmsd", "-gnone"], "Group none not found."),
    ] {
        let words: Vec<&str> = [conf.as_str()].into_iter().chain(options.iter().copied()).collect();
        let output = place.smsd(&words);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(told), "{}", text(&output.stderr));
    }
    assert!(!place.path("data").exists());
}

#[test]
fn folders_that_the_user_may_not_write_to_are_all_listed_with_owner_and_mode() {
    let place = bare("");
    give(&place);
    for folder in ["outgoing", "sent"] {
        chown(place.path(folder), Some(0), Some(0)).expect("this test runs as root");
    }
    let conf = format!("-c{}", place.conf().display());

    let output = place.smsd(&[&conf, "-usmsd"]);

    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for folder in ["outgoing", "sent"] {
        let path = place.path(folder).display().to_string();
        let line = told.lines().find(|line| line.starts_with(&format!("Directory {path} ")));
        let line = line.unwrap_or_else(|| panic!("{folder} in {told}"));
        assert!(
            line.contains("Permission denied") && line.contains("has owner uid 0, group gid 0, mode 0755"),
            "{line}"
        );
    }
    assert!(told.contains("There was 2 major problems found."), "{told}");
}

#[test]
fn a_folder_that_the_user_may_not_write_to_any_more_stops_the_daemon() {
    let place = bare("");
    give(&place);
    let mut process = place.foreground(&["-usmsd"]);
    place.wait_for_log("Outgoing file checker has started");

    chown(place.path("sent"), Some(0), Some(0)).expect("this test runs as root");
    let status = process.wait(PATIENCE);

    assert_eq!(status.code(), Some(1));
    let log = place.read("logfile");
    assert!(
        log.contains(&format!(
            "Stopping. Cannot open dir {} Permission denied",
            place.path("sent").display()
        )),
        "{log}"
    );
    assert!(!place.path("pidfile").exists());
}
