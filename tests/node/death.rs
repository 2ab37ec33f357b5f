//! A part of the node that ends by itself: the alarm handler hears of it before the process ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::smsd::Place;
use smsgrid_tests::wait::until_true;

use super::SMSNODE;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An alarm handler that needs no file to be written: it makes a link that leads to what it was told.
fn alarmhandler(dir: &Path) -> String {
    let path = dir.join("on-alarm");
    let script = format!("#!/bin/sh\nln -s \"$4 $5 $6\" '{}'\n", dir.join("alarm").display());
    fs::write(&path, script).expect("room");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    path.display().to_string()
}

/// What the handler was told.
fn alarm(dir: &Path) -> String {
    let told = || fs::read_link(dir.join("alarm")).is_ok();
    until_true("the alarm", PATIENCE, told);
    fs::read_link(dir.join("alarm")).expect("it was there").display().to_string()
}

/// From now on no file can be written by the process: its disk fails it.
fn fail_disk_of(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().expect("a pid"));
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    prlimit(pid, Resource::Fsize, nothing).expect("the process is ours");
}

fn holds(told: &str) {
    let words = "terminated while mainprocess is still running. It failed: ";
    assert!(told.starts_with("2 smsd Task ") && told.contains(words), "{told}");
}

#[test]
fn a_part_of_the_node_that_fails_is_told_to_the_alarm_handler_before_the_process_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let modem = ("GSM1".to_owned(), "port = \"sim:fast\"\n".to_owned());
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[modem]);
    let config = fs::read_to_string(gateway.config()).expect("a file");
    let handler = alarmhandler(dir.path());
    fs::write(gateway.config(), format!("{config}\n[handlers]\nalarmhandler = {handler:?}\n")).expect("room");
    // A write beyond the limit is then an error, and no signal that ends the process.
    gateway.start_through(Path::new("sh"), &["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    gateway.drop_file("before", b"To: +491700000001\n\nbefore");
    until_true("the first message", PATIENCE, || gateway.names("sent") == ["before"]);
    fail_disk_of(gateway.process().pid());
    gateway.drop_file("after", b"To: +491700000001\n\nafter");

    holds(&alarm(dir.path()));
    assert!(!gateway.process().wait(PATIENCE).success());
    assert_eq!(gateway.names("sent"), ["before"]);
}

#[test]
fn the_same_as_smsd() {
    let place = Place::with_modem(SMSNODE, "fast", "");
    let settings = format!("alarmhandler = {}\n", alarmhandler(&place.path("")));
    fs::write(place.conf(), settings + &place.read("smsd.conf")).expect("ours");
    let conf = place.conf().display().to_string();
    let run = "trap '' XFSZ; exec \"$@\"";
    let mut process = place.process_through("sh", &["-c", run, "sh"], &["smsd", "-t", &format!("-c{conf}")]);
    place.drop_file("before", "before");
    place.wait_for_sent("before");
    fail_disk_of(process.pid());
    place.drop_file("after", "after");

    holds(&alarm(&place.path("")));
    assert!(!process.wait(PATIENCE).success());
}
