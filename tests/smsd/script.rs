//! `deploy/sms3`, the start script.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use rustix::process::Signal;
use smsgrid_tests::smsd::{PATIENCE, Place, is_gone, text};
use smsgrid_tests::wait;

use super::{SMSNODE, bare, with_modem};

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/sms3")
}

fn sms3(place: &Place, action: &str) -> Output {
    let defaults = place.path("defaults");
    let text = format!(
        "DAEMON={SMSNODE}\nCONFIG={}\nPIDFILE={}\nINFOFILE={}\nRESETMODEMS={}\nRESETWAIT=0\n",
        place.conf().display(),
        place.path("pidfile").display(),
        place.path("infofile").display(),
        place.path("reset").display(),
    );
    fs::write(&defaults, text + &place.read("more-defaults")).expect("the test's folder is writable");
    place.script(&script(), action).env("SMS3_DEFAULTS", defaults).output().expect("a shell")
}

#[test]
fn the_script_starts_once_tells_and_stops() {
    let place = with_modem("fast", "");
    let status = sms3(&place, "status");
    assert_eq!((status.status.code(), text(&status.stdout).as_str()), (Some(3), "smsd is not running.\n"));

    let start = sms3(&place, "start");
    assert_eq!(text(&start.stdout), "Starting SMS Daemon: smsd.\n", "{}", text(&start.stderr));
    let pid = place.pid().expect("a pidfile");
    let again = sms3(&place, "start");
    assert_eq!(text(&again.stdout), format!("Starting SMS Daemon: smsd already running ({pid}).\n"));
    assert_eq!((again.status.code(), place.pid()), (Some(0), Some(pid)));
    let status = sms3(&place, "status");
    assert_eq!((status.status.code(), text(&status.stdout).as_str()), (Some(0), "smsd is running.\n"));
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");

    fs::write(place.path("reset"), "not executable, so that it fails\n").expect("ours");
    assert!(sms3(&place, "reset").status.success());
    let other = place.pid().expect("a pidfile");
    assert!(is_gone(pid) && other != pid);
    let stop = sms3(&place, "stop");
    assert!(stop.status.success());
    assert!(is_gone(other) && !place.path("pidfile").exists());
    assert_eq!(text(&sms3(&place, "stop").stdout), "smsd is not running.\n");
}

#[test]
fn a_stop_prints_what_it_waits_for_and_stops_counting() {
    let place = with_modem("fast?latency=2s", "");
    // Less than the parts take: a stop that went on counting would kill.
    fs::write(place.path("more-defaults"), "MAXWAIT=2\n").expect("ours");
    assert!(sms3(&place, "start").status.success());
    place.drop_file("long", &"x".repeat(400));
    wait::until_true("the first part", PATIENCE, || !place.simulator().ledger().entries().is_empty());

    let stop = text(&sms3(&place, "stop").stdout);

    assert!(stop.contains("Allowing smsd to terminate gracefully within 2 seconds\n"), "{stop}");
    assert!(stop.contains("smsd is currently sending a multipart message, now part 2 of 3.\n"), "{stop}");
    assert!(stop.contains("Time counting is now disabled"), "{stop}");
    assert!(stop.contains("smsd is currently sending a multipart message, now part 3 of 3.\n"), "{stop}");
    assert!(!stop.contains("Timeout occurred"), "{stop}");
    assert_eq!(place.simulator().ledger().entries().len(), 3);
}

#[test]
fn a_daemon_that_does_not_end_in_its_time_is_killed() {
    let place = with_modem("fast", "");
    fs::write(place.path("more-defaults"), "MAXWAIT=1\n").expect("ours");
    assert!(sms3(&place, "start").status.success());
    let pid = place.pid().expect("a pidfile");
    // It hears nothing any more.
    place.signal(Signal::STOP);

    let stop = sms3(&place, "stop");

    let told = text(&stop.stdout);
    assert!(stop.status.success(), "{told}");
    assert!(told.contains("Allowing smsd to terminate gracefully within 1 seconds\n"), "{told}");
    assert!(told.contains("Timeout occurred, killing smsd hardly.\n"), "{told}");
    assert!(is_gone(pid) && !place.path("pidfile").exists());
}

#[test]
fn force_stop_kills_and_removes_the_pidfile() {
    let place = with_modem("fast", "");
    assert!(sms3(&place, "start").status.success());
    let pid = place.pid().expect("a pidfile");

    let force = sms3(&place, "force-stop");

    assert_eq!(text(&force.stdout), "Killing smsd.\n");
    assert!(is_gone(pid) && !place.path("pidfile").exists());
    assert!(!place.read("logfile").contains("mainprocess terminated"));
}

#[test]
fn a_pidfile_of_a_program_that_is_no_daemon_does_not_count() {
    let place = bare("");
    // This test itself runs, and is none.
    fs::write(place.path("pidfile"), format!("{}\n", std::process::id())).expect("ours");

    let status = sms3(&place, "status");

    assert_eq!((status.status.code(), text(&status.stdout).as_str()), (Some(1), "smsd is not running.\n"));
    assert_eq!(text(&sms3(&place, "force-stop").stdout), "");
}

#[test]
fn what_prevents_a_start_is_shown_and_other_words_are_refused() {
    let place = bare("stats = /no/such/stats");

    let start = sms3(&place, "start");
    assert_eq!(
        (start.status.code(), text(&start.stdout).as_str()),
        (Some(1), "Starting SMS Daemon: smsd failed.\n")
    );
    assert!(text(&start.stderr).contains("Directory /no/such/stats"), "{}", text(&start.stderr));
    let other = sms3(&place, "fly");
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stdout).starts_with("Usage: "));
}
