//! The daemon in the background: where it runs, what it writes, and that it sends.

use std::fs;

use rustix::process::Signal;
use smsgrid_tests::smsd::{PATIENCE, is_gone, text};

use super::with_modem;

#[test]
fn the_daemon_sends_in_the_background_until_it_is_told_to_stop() {
    let place = with_modem("fast", "");
    let conf = format!("-c{}", place.conf().display());

    let output = place.smsd(&[&conf, "-nMAINPROCESS"]);

    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let pid = place.pid().expect("a pidfile");
    assert!(!is_gone(pid));
    let cwd = fs::read_link(format!("/proc/{pid}/cwd")).expect("it runs");
    assert_eq!(cwd.to_str(), Some("/"));
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let session = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(3)).expect("a session");
    assert_eq!(session, pid.to_string());
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");

    place.signal(Signal::TERM);
    place.wait_for_end(pid);

    assert!(!place.path("pidfile").exists() && !place.path("infofile").exists());
    let end = place.wait_for_log("Smsd mainprocess terminated. PID: ");
    assert!(end.contains(", was started ") && end.ends_with(", up 0 min."), "{end}");
}

#[test]
fn nothing_is_written_to_a_folder_for_temporary_files() {
    let place = with_modem("fast", "eventhandler = /bin/cat");
    let folder = place.path("temporary");
    fs::create_dir(&folder).expect("room");
    let conf = format!("-c{}", place.conf().display());
    let watched = fs::metadata(&folder).and_then(|found| found.modified()).expect("it is there");

    let mut command = place.command(&["smsd"], &[&conf]);
    let output = command.env("TMPDIR", &folder).env("TEMPDIR", &folder).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let pid = place.pid().expect("a pidfile");
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    place.signal(Signal::TERM);
    place.wait_for_end(pid);

    // Not even for a moment: whoever writes a file there changes the folder.
    let now = fs::metadata(&folder).and_then(|found| found.modified()).expect("it is there");
    assert_eq!(now, watched);
}

#[test]
fn each_line_of_the_log_has_time_level_title_and_text() {
    let place = with_modem("fast", "blocktime = 60");
    let mut process = place.foreground(&[]);
    place.wait_for_log("modem ready");

    assert!(process.terminate(PATIENCE).success());

    let log = place.read("logfile");
    for line in log.lines() {
        let (time, rest) = line.split_at(19);
        assert!(time.chars().all(|c| c.is_ascii_digit() || "-: ".contains(c)), "{line}");
        let (level, rest) = rest.strip_prefix(',').and_then(|rest| rest.split_once(", ")).expect(line);
        assert!(("2"..="6").contains(&level), "{line}");
        assert!(rest.starts_with("smsd: ") || rest.starts_with("GSM1: "), "{line}");
    }
    assert!(log.contains(",2, smsd: Running as "), "{log}");
    assert!(log.contains(",5, GSM1: modem ready"), "{log}");
    // What is not as with smsd is told once, with its line.
    assert_eq!(log.matches("smsd.conf line 11: blocktime = 60 is changed").count(), 1, "{log}");
    assert!(!log.contains("pidfile = "), "{log}");
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let place = with_modem("fast", "");
    let conf = format!("-c{}", place.conf().display());
    assert!(place.smsd(&[&conf]).status.success());
    let pid = place.pid().expect("a pidfile");

    fs::write(place.path("infofile"), "of the first").expect("ours");

    let second = place.smsd(&[&conf]);

    assert_eq!(second.status.code(), Some(1));
    assert_eq!(place.read("infofile"), "of the first");
    assert!(
        text(&second.stderr).contains(&format!("names process {pid}, which runs")),
        "{}",
        text(&second.stderr)
    );
    assert_eq!(place.pid(), Some(pid));
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
}

#[test]
fn a_pidfile_that_names_another_process_ends_the_daemon_and_is_left_alone() {
    let place = with_modem("fast", "check_pid_interval = 1");
    let mut process = place.foreground(&[]);
    place.wait_for_log("Outgoing file checker has started");

    fs::write(place.path("pidfile"), "1\n").expect("the test's folder is writable");
    let status = process.wait(PATIENCE);

    assert_eq!(status.code(), Some(1));
    assert!(place.read("logfile").contains(",3, smsd: FATAL ERROR: Looks like another smsd (1) is running."));
    assert_eq!(place.read("pidfile"), "1\n");
    fs::remove_file(place.path("pidfile")).expect("ours");
}

#[test]
fn run_takes_an_smsd_conf_as_it_is() {
    let place = with_modem("fast", "");
    let conf = place.conf().display().to_string();
    let mut process = place.process(&["run", "--config", &conf]);

    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");

    assert!(process.terminate(PATIENCE).success());
}
