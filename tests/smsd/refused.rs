//! Starts that are refused: every problem is listed, nothing is touched.

use std::fs;

use smsgrid_tests::smsd::text;

use super::bare;

#[test]
fn every_missing_folder_and_file_is_listed_before_anything_starts() {
    let place = bare("report = /no/such/report\nstats = /no/such/stats\nlogtime_format = now");
    fs::remove_dir(place.path("incoming")).expect("ours");
    fs::remove_dir(place.path("failed")).expect("ours");
    fs::write(place.path("failed"), "a file").expect("ours");
    let conf = format!("-c{}", place.conf().display());

    let output = place.smsd(&[&conf, "-i/no/such/info"]);

    let (told, log) = (text(&output.stderr), place.read("logfile"));
    assert_eq!(output.status.code(), Some(1));
    for problem in [
        format!(
            "Directory {} (incoming, line 4) cannot be opened: No such file",
            place.path("incoming").display()
        ),
        format!(
            "Directory {} (failed, line 6) cannot be opened: Not a directory",
            place.path("failed").display()
        ),
        "Directory /no/such/report (report, line 11) cannot be opened".to_owned(),
        "Directory /no/such/stats (stats, line 12) cannot be opened".to_owned(),
        "Infofile /no/such/info cannot be created".to_owned(),
        "logtime_format now is no form of a time".to_owned(),
        "There was 6 major problems found.".to_owned(),
    ] {
        assert!(told.contains(&problem), "{problem} in {told}");
        assert!(log.contains(&problem), "{problem} in {log}");
    }
    assert!(told.ends_with("Cannot start. Nothing was sent.\n"), "{told}");
    assert!(!place.path("data").exists() && !place.path("pidfile").exists());
}

#[test]
fn every_program_and_list_that_cannot_be_used_is_listed_with_the_rest() {
    let place = bare(
        "eventhandler = /no/such/event\nalarmhandler = /no/such/alarm\n\
         blacklist = /no/such/black\nwhitelist = /no/such/white",
    );
    let conf = format!("-c{}", place.conf().display());

    let output = place.smsd(&[&conf]);

    let (told, log) = (text(&output.stderr), place.read("logfile"));
    assert_eq!(output.status.code(), Some(1));
    for problem in [
        "`handlers.eventhandler` cannot be run: ",
        "`handlers.alarmhandler` cannot be run: ",
        "the blacklist /no/such/black cannot be read: No such file",
        "the whitelist /no/such/white cannot be read: No such file",
        "There was 4 major problems found.",
    ] {
        assert!(told.contains(problem), "{problem} in {told}");
        assert!(log.contains(problem), "{problem} in {log}");
    }
    assert!(!place.path("data").exists() && !place.path("pidfile").exists());
}

#[test]
fn a_pidfile_that_cannot_be_written_ends_with_one_in_the_background_too() {
    let place = bare("");
    let conf = format!("-c{}", place.conf().display());

    let output = place.smsd(&[&conf, "-p", "/no/such/pid"]);

    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("because the pid file /no/such/pid cannot be written"));
    assert!(!place.path("data").exists());
}

#[test]
fn a_log_that_cannot_be_opened_is_told() {
    let place = bare("");
    let conf = format!("-c{}", place.conf().display());

    let output = place.smsd(&[&conf, "-l/no/such/log"]);

    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Cannot open the log /no/such/log: "), "{}", text(&output.stderr));
}
