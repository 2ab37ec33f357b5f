//! A name that is taken in `checked`: the alarm handler is asked to help, then the daemon stops and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use smsgrid_tests::smsd::{PATIENCE, Place};
use tempfile::TempDir;

use super::with_modem;

/// A daemon whose alarm handler writes its arguments down, one a line, and then does `help`.
fn place(help: &str) -> (Place, TempDir) {
    let scripts = tempfile::tempdir().expect("a folder");
    let handler = scripts.path().join("alarm");
    let place = with_modem("fast", &format!("alarmhandler = {}", handler.display()));
    let told = place.path("told");
    let checked = place.path("checked");
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\" >> {}; done\ncd {} && {help}\n",
        told.display(),
        checked.display()
    );
    fs::write(&handler, script).expect("ours");
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o755)).expect("ours");
    (place, scripts)
}

/// Somebody's file and its lock stand in `checked`, after the daemon has looked there.
fn take_name(place: &Place) {
    place.drop_file("first", "first");
    place.wait_for_sent("first");
    fs::write(place.path("checked/fixed.LOCK"), "").expect("ours");
    fs::write(place.path("checked/fixed"), "To: 491700000009\n\nan older one").expect("ours");
}

#[test]
fn a_name_the_alarm_handler_frees_is_taken_and_sent() {
    let (place, _scripts) = place("rm -f fixed fixed.LOCK");
    let mut process = place.foreground(&[]);
    take_name(&place);

    place.drop_file("fixed", "hello");
    place.wait_for_sent("fixed");

    let told = place.read("told");
    let words: Vec<&str> = told.lines().collect();
    assert_eq!((words.len(), words[0], words[3], words[4]), (6, "ALARM", "2", "smsd"), "{told}");
    let text = format!(
        "Conflict with .LOCK file in the spooler: {} {}",
        place.path("outgoing/fixed").display(),
        place.path("checked").display()
    );
    assert_eq!(words[5], text);
    assert!(process.terminate(PATIENCE).success());
    assert!(place.read("sent/fixed").ends_with("\n\nhello"));
    assert_eq!(place.simulator().ledger().entries().len(), 2);
}

#[test]
fn a_name_that_stays_taken_stops_the_daemon_and_the_file_waits() {
    let (place, _scripts) = place("true");
    let mut process = place.foreground(&[]);
    take_name(&place);

    place.drop_file("fixed", "hello");
    let status = process.wait(PATIENCE);

    assert_eq!(status.code(), Some(1));
    let told = place.read("told");
    assert_eq!(told.matches("Conflict with .LOCK file in the spooler").count(), 1, "{told}");
    assert!(told.contains("Fatal error: SMS To: "), "{told}");
    assert!(place.read("outgoing/fixed").ends_with("\n\nhello"));
    assert!(place.read("checked/fixed").ends_with("an older one"), "nothing is overwritten");
    assert_eq!(place.simulator().ledger().entries().len(), 1);
}
