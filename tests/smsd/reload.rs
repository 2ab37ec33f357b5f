//! SIGHUP with another file: what is taken over, what refuses it, and that no message is lost or sent twice by it.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use smsgrid_tests::process::Process;
use smsgrid_tests::smsd::{PATIENCE, Place};
use smsgrid_tests::wait;

use super::{SMSNODE, with_modem};

/// Changes a line of the configuration, and says so to the daemon.
fn change(place: &Place, process: &Process, from: &str, to: &str) {
    let conf = place.read("smsd.conf");
    assert!(conf.contains(from), "{from} in {conf}");
    fs::write(place.conf(), conf.replace(from, to)).expect("ours");
    process.signal(Signal::HUP);
}

fn device(port: &Path) -> String {
    format!("device = {}\n", port.display())
}

fn wait_for_failed(place: &Place, name: &str) {
    wait::until_true(name, PATIENCE, || place.path("failed").join(name).exists());
}

#[test]
fn a_changed_blacklist_counts_at_once_for_files_of_after_it() {
    let place = with_modem("fast", "#blacklist");
    let mut process = place.foreground(&[]);
    place.drop_file("before", "before");
    place.wait_for_sent("before");
    fs::write(place.path("black"), "49170\n").expect("ours");

    change(&place, &process, "#blacklist", &format!("blacklist = {}", place.path("black").display()));
    place.wait_for_log("the configuration was taken over");
    place.drop_file("after", "after");

    wait_for_failed(&place, "after");
    assert_eq!(place.simulator().ledger().entries().len(), 1);
    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn a_changed_language_file_counts_and_one_with_faults_leaves_all_as_it_was() {
    let place = with_modem("fast", "#language_file");
    let german = place.path("german");
    let say = |process: &Process, text: &str| {
        fs::write(&german, text).expect("ours");
        process.signal(Signal::HUP);
    };
    let mut process = place.foreground(&[]);
    place.drop_file("english", "english");
    place.wait_for_sent("english");

    fs::write(&german, "Modem: = Ger\u{e4}t:\n").expect("ours");
    change(&place, &process, "#language_file", &format!("language_file = {}", german.display()));
    place.wait_for_log("the configuration was taken over");
    place.drop_file("german", "german");
    place.wait_for_sent("german");
    say(&process, "Modem: = Ger\u{e4}t:\nMotem: = x:\n");
    place.wait_for_log("language file");
    place.wait_for_log("line 2: `Motem:` is neither a header that can be translated nor a setting");
    say(&process, "Modem: = Modemi:\n");
    wait::until_true("taken over again", PATIENCE, || {
        place.read("logfile").matches("the configuration was taken over").count() == 2
    });
    place.drop_file("finnish", "finnish");
    place.wait_for_sent("finnish");

    for (file, header) in [("english", "Modem: "), ("german", "Ger\u{e4}t: "), ("finnish", "Modemi: ")] {
        let result = place.read(&format!("sent/{file}"));
        assert!(result.contains(&format!("\n{header}GSM1\n")), "{result}");
    }
    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn an_added_modem_sends_and_a_removed_one_stops() {
    let place = Place::with_modems(SMSNODE, 2, "fast", "");
    let mut process = place.foreground(&[]);
    place.wait_for_log("GSM1: modem ready");
    let [first, second] = [0, 1].map(|number| device(&place.simulator().ports()[number]));

    let both = format!("{first}[GSM2]\n{second}");
    let conf = place.read("smsd.conf").replace("devices = GSM1\n", "devices = GSM1, GSM2\n");
    fs::write(place.conf(), conf.replace(&first, &both)).expect("ours");
    process.signal(Signal::HUP);
    place.wait_for_log("the configuration was taken over; modems added: GSM2");
    place.wait_for_log("GSM2: modem ready");
    change(&place, &process, "devices = GSM1, GSM2\n", "devices = GSM2\n");
    place.wait_for_log("the configuration was taken over; removed: GSM1");
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");

    assert!(place.read("sent/hello").contains("\nModem: GSM2\n"), "{}", place.read("sent/hello"));
    // And back: the same modem under its old name.
    change(&place, &process, "devices = GSM2\n", "devices = GSM1\n");
    place.wait_for_log("modems added: GSM1; removed: GSM2");
    place.drop_file("again", "again");
    place.wait_for_sent("again");
    assert!(place.read("sent/again").contains("\nModem: GSM1\n"), "{}", place.read("sent/again"));
    assert!(process.terminate(PATIENCE).success());
    assert_eq!(place.simulator().ledger().entries().len(), 2);
}

#[test]
fn a_message_in_hand_leaves_whole_and_once_and_then_by_the_changed_modem() {
    let place = with_modem("fast?latency=700ms", "");
    let mut process = place.foreground(&[]);
    place.drop_file("long", &"x".repeat(400));
    place.drop_file("waits", "waits");
    wait::until_true("the first part", PATIENCE, || !place.simulator().ledger().entries().is_empty());

    change(&place, &process, "[GSM1]\n", "[GSM1]\nnumber = 49170111\n");
    place.wait_for_log("the configuration was taken over; changed: GSM1");

    place.wait_for_sent("long");
    place.wait_for_sent("waits");
    place.drop_file("after", "after");
    place.wait_for_sent("after");
    assert_eq!(place.simulator().ledger().entries().len(), 5);
    assert!(place.read("sent/after").contains("Number: 49170111\n"), "{}", place.read("sent/after"));
    assert!(process.terminate(PATIENCE).success());
    assert_eq!(place.simulator().ledger().entries().len(), 5);
}

#[test]
fn a_file_with_faults_leaves_all_as_it_was_and_each_fault_is_told() {
    let place = with_modem("fast", "#more");
    let mut process = place.foreground(&[]);
    place.wait_for_log("GSM1: modem ready");

    let faults = "foo = 1\nvalidity = soon\nblacklist = /no/such/list";
    change(&place, &process, "#more", faults);
    let told = place.wait_for_log("SIGHUP: the file cannot be run: nothing was changed");
    assert!(told.contains(",3, smsd: "), "{told}");
    for line in ["SIGHUP: smsd.conf line 11: ", "SIGHUP: smsd.conf line 12: "] {
        place.wait_for_log(line);
    }
    // What the file names is looked at as well.
    change(&place, &process, faults, "blacklist = /no/such/list\neventhandler = /no/such/program");
    place.wait_for_log("SIGHUP: the blacklist /no/such/list cannot be read: No such file");
    place.wait_for_log("SIGHUP: `handlers.eventhandler` cannot be run: ");

    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    assert!(!place.read("logfile").contains("taken over"), "{}", place.read("logfile"));
    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn what_needs_a_restart_is_named_and_refuses_the_rest() {
    let place = with_modem("fast", "#more");
    let mut process = place.foreground(&[]);
    place.wait_for_log("GSM1: modem ready");
    fs::write(place.path("black"), "49170\n").expect("ours");
    let conf = place.read("smsd.conf");
    let pidfile = format!("pidfile = {}", place.path("pidfile").display());

    let more = format!("umask = 027\nblacklist = {}", place.path("black").display());
    let changed = conf.replace("#more", &more).replace(&pidfile, &format!("{pidfile}.other"));
    fs::write(place.conf(), changed).expect("ours");
    process.signal(Signal::HUP);

    let told = place
        .wait_for_log("SIGHUP: a restart is needed for pidfile, umask; nothing of the file was taken over");
    assert!(told.contains(",4, smsd: "), "{told}");
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    fs::write(place.conf(), conf).expect("ours");
    process.signal(Signal::HUP);
    place.wait_for_log("SIGHUP: the configuration has not changed");
    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn programs_and_the_level_of_the_log_are_those_of_the_new_file() {
    let place = with_modem("fast", "#more");
    let handler = place.path("event");
    let heard = place.path("heard").display().to_string();
    fs::write(&handler, format!("#!/bin/sh\necho \"$1\" >> {heard}\n")).expect("ours");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&handler, mode).expect("ours");
    let mut process = place.foreground(&[]);
    place.wait_for_log("GSM1: modem ready");

    change(&place, &process, "#more", &format!("eventhandler = {}", handler.display()));
    place.wait_for_log("the configuration was taken over");
    place.drop_file("one", "one");
    wait::until_true("the handler", PATIENCE, || place.read("heard") == "SENT\n");
    change(&place, &process, "eventhandler =", "#eventhandler =");
    wait::until_true("the second", PATIENCE, || place.read("logfile").matches("was taken over").count() == 2);
    place.drop_file("two", "two");
    place.wait_for_sent("two");

    assert_eq!(place.read("heard"), "SENT\n");

    place.wait_for_log("result filed folder=sent file=two");
    change(&place, &process, "loglevel = 6", "loglevel = 4");
    wait::until_true("a level", PATIENCE, || place.read("logfile").matches("was taken over").count() == 3);
    place.drop_file("three", "three");
    place.wait_for_sent("three");
    assert!(process.terminate(PATIENCE).success());
    assert!(!place.read("logfile").contains("file=three"), "{}", place.read("logfile"));
}

#[test]
fn a_regular_run_under_way_ends_in_its_time_and_the_next_waits_for_it() {
    let place = with_modem("fast", "#regular\n#more");
    let [script, runs, go] = ["regular", "runs", "go"].map(|name| place.path(name).display().to_string());
    let waits = format!("until test -e {go}; do sleep 0.05; done");
    fs::write(&script, format!("#!/bin/sh\necho begin >> {runs}\n{waits}\necho end >> {runs}\n"))
        .expect("ours");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    let regular = format!("regular_run = {script}\nregular_run_interval = 1");
    fs::write(place.conf(), place.read("smsd.conf").replace("#regular", &regular)).expect("ours");
    let mut process = place.foreground(&[]);
    wait::until_true("the first run", PATIENCE, || place.read("runs") == "begin\n");

    change(&place, &process, "#more", "alarmhandler = /bin/true");
    place.wait_for_log("the configuration was taken over");
    assert_eq!(place.read("runs"), "begin\n");
    fs::write(&go, "").expect("ours");

    wait::until_true("the next run", PATIENCE, || place.read("runs").starts_with("begin\nend\nbegin\nend\n"));
    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn a_stop_during_a_reload_lets_all_parts_of_a_started_message_go_first() {
    let place = with_modem("fast?latency=700ms", "");
    let mut process = place.foreground(&[]);
    place.drop_file("long", &"x".repeat(400));
    wait::until_true("the first part", PATIENCE, || !place.simulator().ledger().entries().is_empty());

    change(&place, &process, "[GSM1]\n", "[GSM1]\nnumber = 49170111\n");
    wait::until_true("the reload", PATIENCE, || place.read("logfile").contains("SIGHUP: the log was opened"));
    let status = process.terminate(PATIENCE);

    assert_eq!(status.code(), Some(0));
    assert_eq!(place.simulator().ledger().entries().len(), 3);
    assert!(place.path("sent/long").exists() && !place.path("pidfile").exists());
}
