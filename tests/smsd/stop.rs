//! Signals: what ends first, what is told meanwhile, and which of them stop nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use smsgrid_tests::smsd::{PATIENCE, Place};
use smsgrid_tests::wait;

use super::{bare, with_modem};

/// Three parts.
fn long() -> String {
    "x".repeat(400)
}

fn begin_long_message(place: &Place) {
    place.wait_for_log("Outgoing file checker has started");
    place.drop_file("long", &long());
    wait::until_true("the first part", PATIENCE, || !place.simulator().ledger().entries().is_empty());
}

#[test]
fn each_signal_to_stop_lets_all_parts_of_a_started_message_go_first() {
    for signal in [Signal::TERM, Signal::INT, Signal::USR1] {
        let programs = tempfile::tempdir().expect("a folder");
        let handler = programs.path().join("event");
        let place = with_modem("fast?latency=1s", &format!("eventhandler = {}", handler.display()));
        let script =
            format!("#!/bin/sh\nsleep 0.2; echo \"$1\" \"$2\" >> {}\n", place.path("events").display());
        fs::write(&handler, script).expect("ours");
        fs::set_permissions(&handler, fs::Permissions::from_mode(0o755)).expect("ours");
        let mut process = place.foreground(&[]);
        begin_long_message(&place);
        place.drop_file("waits", "waits");

        process.signal(signal);
        let told = wait::until("the infofile", PATIENCE, || {
            Some(place.read("infofile")).filter(|told| told.contains("now part 2 of 3.\n"))
        });
        // A second signal changes nothing.
        process.signal(signal);
        let status = process.wait(PATIENCE);

        assert_eq!(status.code(), Some(0), "{signal:?}");
        assert!(
            told.lines().all(|line| line.starts_with("sending a multipart message, now part ")),
            "{told}"
        );
        assert_eq!(place.simulator().ledger().entries().len(), 3, "{signal:?}");
        assert!(place.path("sent/long").exists() && !place.path("sent/waits").exists());
        let event = format!("SENT {}\n", place.path("sent/long").display());
        assert_eq!(place.read("events"), event, "told before the process ends");
        assert!(!place.path("infofile").exists() && !place.path("pidfile").exists());
        assert!(
            place.read("logfile").contains("GSM1: Currently sending a multipart message, now part 2 of 3.")
        );
    }
}

#[test]
fn a_folder_that_is_gone_later_stops_the_daemon() {
    let scripts = tempfile::tempdir().expect("a folder");
    let (handler, heard) = (scripts.path().join("alarm"), scripts.path().join("heard"));
    fs::write(&handler, format!("#!/bin/sh\necho \"$@\" >> {}\n", heard.display())).expect("ours");
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o755)).expect("ours");
    let place = bare(&format!("alarmhandler = {}", handler.display()));
    let mut process = place.foreground(&[]);
    place.wait_for_log("Outgoing file checker has started");

    fs::rename(place.path("outgoing"), place.path("away")).expect("ours");
    let status = process.wait(PATIENCE);

    assert_eq!(status.code(), Some(1));
    let log = place.read("logfile");
    let told = format!("Stopping. Cannot open dir {} No such file", place.path("outgoing").display());
    let heard = fs::read_to_string(&heard).unwrap_or_default();
    assert!(heard.starts_with("ALARM ") && heard.contains(&format!(" 2 smsd {told}")), "{heard}");
    assert!(log.contains(&told) && log.contains("Smsd mainprocess terminated abnormally. PID: "), "{log}");
    assert!(!place.path("pidfile").exists());
}

/// A place whose alarm handler hangs once it has made the file `heard`, and whose modems are suspended.
fn with_hanging_handler(scripts: &Path) -> Place {
    let (handler, suspend) = (scripts.join("alarm"), scripts.join("suspend"));
    let script = format!("#!/bin/sh\ntouch {}\nexec sleep 60\n", scripts.join("heard").display());
    fs::write(&handler, script).expect("ours");
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o755)).expect("ours");
    fs::write(&suspend, "ALL: later\n").expect("ours");
    let settings = format!("alarmhandler = {}\nsuspend = {}\n", handler.display(), suspend.display());
    let place = with_modem("fast", "");
    fs::write(place.conf(), settings + &place.read("smsd.conf")).expect("ours");
    place
}

#[test]
fn nothing_is_sent_while_the_last_alarm_is_heard() {
    let scripts = tempfile::tempdir().expect("a folder");
    let place = with_hanging_handler(scripts.path());
    let mut process = place.foreground(&[]);
    place.drop_file("queued", "queued");
    wait::until_true("the file in checked", PATIENCE, || place.path("checked/queued").exists());

    fs::rename(place.path("failed"), place.path("away")).expect("ours");
    wait::until_true("the handler", PATIENCE, || scripts.path().join("heard").exists());
    fs::write(scripts.path().join("suspend"), "").expect("ours");

    assert_eq!(process.wait(PATIENCE).code(), Some(1));
    assert!(place.read("logfile").contains("does not wait for it"));
    assert!(place.simulator().ledger().entries().is_empty());
}

#[test]
fn a_signal_ends_the_wait_for_the_last_alarm() {
    let scripts = tempfile::tempdir().expect("a folder");
    let place = with_hanging_handler(scripts.path());
    let mut process = place.foreground(&[]);
    place.wait_for_log("Outgoing file checker has started");

    fs::rename(place.path("failed"), place.path("away")).expect("ours");
    wait::until_true("the handler", PATIENCE, || scripts.path().join("heard").exists());
    let begun = Instant::now();
    place.signal(Signal::TERM);

    assert_eq!(process.wait(PATIENCE).code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn hup_opens_the_log_anew_and_neither_it_nor_usr2_stops_anything() {
    let place = with_modem("fast", "");
    let mut process = place.foreground(&[]);
    place.wait_for_log("Outgoing file checker has started");
    fs::rename(place.path("logfile"), place.path("logfile.1")).expect("ours");

    process.signal(Signal::HUP);
    place.wait_for_log("the configuration has not changed");

    process.signal(Signal::USR2);
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn usr2_breaks_a_suspension_for_one_message_and_leaves_the_suspend_file_alone() {
    let scripts = tempfile::tempdir().expect("a folder");
    let file = scripts.path().join("suspend");
    fs::write(&file, "GSM*: rack 3\n").expect("ours");
    let place = with_modem("fast", &format!("suspend = {}", file.display()));
    let mut process = place.foreground(&[]);
    place.wait_for_log("GSM1 is suspended");
    for name in ["a", "b", "c"] {
        place.drop_file(name, name);
    }
    // A file is counted as taken once its message waits for the modem.
    wait::until_true("all of them are taken", PATIENCE, || {
        ["a", "b", "c"].iter().all(|name| place.path("checked").join(name).exists())
    });

    for round in 1..=2 {
        process.signal(Signal::USR2);
        wait::until_true("the end of the round", PATIENCE, || {
            place.read("logfile").matches("GSM1 is suspended").count() == 1 + round
        });

        assert_eq!(place.read("logfile").matches("GSM1: the suspension is broken").count(), round);
        assert_eq!(place.simulator().ledger().entries().len(), round);
    }
    assert!(file.exists());
    fs::remove_file(&file).expect("ours");
    for name in ["a", "b", "c"] {
        place.wait_for_sent(name);
    }
    assert!(place.read("logfile").contains("GSM1: the modem is taken into use again"));
    assert!(process.terminate(PATIENCE).success());
}
