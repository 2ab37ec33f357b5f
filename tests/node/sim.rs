//! `smsnode sim` as a driver meets it: real ptys, real sockets, a real process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use smsgrid_tests::ledger::Ledger;
use smsgrid_tests::process::Process;
use smsgrid_tests::sim::{Simulator, order};
use smsgrid_tests::wait;
use tempfile::tempdir;

use super::driver::Driver;

/// hellohello to +46708251358.
const HELLO: &str = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37";
/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_part_is_in_the_ledger_when_its_answer_arrives() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 1, "fast");
    let mut driver = Driver::open(&simulator.ports()[0]);
    driver.prepare();

    let answer = driver.send(HELLO);

    assert_eq!(answer, "+CMGS: 0|OK");
    let entries = simulator.ledger().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].destination.as_str(), entries[0].pdu.as_str()), ("46708251358", HELLO));
}

#[test]
fn a_pdu_written_together_with_its_command_never_leaves() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 1, "fast");
    let mut driver = Driver::open(&simulator.ports()[0]);
    driver.prepare();

    driver.write(&format!("AT+CMGS=23\r{HELLO}\x1a"));

    assert_eq!(driver.read_until(">"), ">");
    driver.write("\x1b");
    assert_eq!(driver.read_until("OK"), "OK", "the prompt was still open");
    assert!(simulator.ledger().entries().is_empty());
    let violations = order(dir.path(), "violations 0");
    assert_eq!(violations["modems"][0]["violations"]["input_before_prompt"], 1);
}

#[test]
fn a_driver_may_close_its_port_and_open_it_again() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 1, "fast");
    for reference in 0..3 {
        let mut driver = Driver::open(&simulator.ports()[0]);
        driver.prepare();
        assert_eq!(driver.send(HELLO), format!("+CMGS: {reference}|OK"));
    }
}

#[test]
fn a_modem_that_vanishes_takes_its_port_along_and_returns_at_the_same_link() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 2, "fast");
    let link = &simulator.ports()[0];
    let mut driver = Driver::open(link);
    driver.prepare();

    assert_eq!(order(dir.path(), "vanish modem0")["ok"], true);

    wait::until_true("the driver's port to fail", PATIENCE, || driver.is_cut_off());
    assert!(fs::symlink_metadata(link).is_err(), "an answered order is done");
    assert_eq!(Driver::open(&simulator.ports()[1]).ask("ATE0"), "ATE0|OK", "the other modem stays");
    assert_eq!(order(dir.path(), "return 0")["ok"], true);
    let mut driver = Driver::open(link);
    assert_eq!(driver.read_until("RDY"), "RDY");
    assert_eq!(driver.ask("AT"), "AT|OK");
}

#[test]
fn orders_steer_a_running_modem_and_wrong_ones_are_explained() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 2, "fast");
    let mut driver = Driver::open(&simulator.ports()[0]);
    driver.prepare();

    order(dir.path(), "refuse 0 1 38");
    assert_eq!(driver.send(HELLO), "+CMS ERROR: 38");
    order(dir.path(), "lose-answer 0 1");
    driver.write("AT+CMGS=23\r");
    driver.read_until(">");
    driver.write(&format!("{HELLO}\x1a"));
    wait::until_true("the lost part", PATIENCE, || simulator.ledger().entries().len() == 1);
    order(dir.path(), "deliver 0 +4915112345678 hello there");
    assert_eq!(driver.read_until("+CMTI: \"SM\",1"), "+CMTI: \"SM\",1", "and no answer before it");

    let status = order(dir.path(), "status");
    assert_eq!(status["modems"][0]["status"]["accepted"], 1);
    assert_eq!(status["modems"][0]["status"]["refused"], 1);
    assert_eq!(status["modems"][1]["name"], "modem1");
    assert_eq!(order(dir.path(), "vanish")["ok"], false);
    let fault = order(dir.path(), "refuse 0 many");
    assert_eq!(fault["error"], "refuse takes a modem, how many parts and a +CMS ERROR code");
}

#[test]
fn a_card_goes_from_one_modem_to_another() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 2, "fast");
    let mut first = Driver::open(&simulator.ports()[0]);
    first.prepare();
    let imsi = first.ask("AT+CIMI").trim_end_matches("|OK").to_owned();
    assert_eq!(first.send(HELLO), "+CMGS: 0|OK");

    order(dir.path(), "remove-sim 0");
    order(dir.path(), &format!("change-sim 1 {imsi}"));

    assert_eq!(first.ask("AT+CIMI"), "+CME ERROR: 10");
    let mut second = Driver::open(&simulator.ports()[1]);
    second.prepare();
    assert_eq!(second.ask("AT+CIMI"), format!("{imsi}|OK"));
    assert_eq!(second.send(HELLO), "+CMGS: 1|OK", "TP-MR is counted on the card");
}

#[test]
fn a_killed_simulator_leaves_every_answered_part_in_its_ledger() {
    let dir = tempdir().unwrap();
    let mut simulator = Simulator::start(smsnode(), dir.path(), 1, "fast");
    let mut driver = Driver::open(&simulator.ports()[0]);
    driver.prepare();
    for _ in 0..20 {
        driver.send(HELLO);
    }

    simulator.process().kill();

    assert_eq!(simulator.ledger().entries().len(), 20);
    // The next process takes over what the killed one left: link, socket, ledger.
    let simulator = Simulator::start(smsnode(), dir.path(), 1, "fast");
    let mut driver = Driver::open(&simulator.ports()[0]);
    driver.prepare();
    assert_eq!(driver.send(HELLO), "+CMGS: 0|OK");
    assert_eq!(simulator.ledger().entries().len(), 21);
    assert_eq!(order(dir.path(), "status")["ok"], true);
}

#[test]
fn a_signal_ends_it_well_and_leaves_no_link_and_no_socket() {
    for signal in [Signal::TERM, Signal::INT] {
        let dir = tempdir().unwrap();
        let mut simulator = Simulator::start(smsnode(), dir.path(), 2, "normal");

        simulator.process().signal(signal);

        assert!(simulator.process().wait(PATIENCE).success());
        let left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name.to_string_lossy().ends_with(".jsonl")), "{left:?}");
    }
}

#[test]
fn a_newer_connection_replaces_the_older() {
    let dir = tempdir().unwrap();
    let (_process, line) =
        start(&["--tcp", "127.0.0.1:0", "--personality", "fast", "--ledger", &path(dir.path(), "ledger")]);
    let address = line["modems"][0]["tcp"].as_str().unwrap().to_owned();
    let mut older = Driver::connect(&address);
    older.prepare();

    let mut newer = Driver::connect(&address);

    wait::until_true("the older connection to end", PATIENCE, || older.is_cut_off());
    assert_eq!(newer.send(HELLO), "+CMGS: 0|OK", "the modem is the same, as set before");
    assert_eq!(Ledger::at(&dir.path().join("ledger")).entries().len(), 1);
}

#[test]
fn many_modems_each_with_its_own_identity_answer_at_once() {
    let dir = tempdir().unwrap();
    let simulator = Simulator::start(smsnode(), dir.path(), 32, "fast");
    let mut drivers: Vec<Driver<File>> = simulator.ports().iter().map(|port| Driver::open(port)).collect();
    for driver in &mut drivers {
        driver.prepare();
        driver.write("AT+CMGS=23\r");
    }
    for driver in &mut drivers {
        driver.read_until(">");
        driver.write(&format!("{HELLO}\x1a"));
    }

    for driver in &mut drivers {
        assert_eq!(driver.read_until("OK"), "+CMGS: 0|OK");
    }

    let entries = simulator.ledger().entries();
    let imeis: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.imei.clone()).collect();
    let imsis: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.imsi.clone()).collect();
    assert_eq!((entries.len(), imeis.len(), imsis.len()), (32, 32, 32));
}

#[test]
fn each_modem_may_have_a_personality_of_its_own() {
    let dir = tempdir().unwrap();
    let (a, b, ledger) = (path(dir.path(), "a"), path(dir.path(), "b"), path(dir.path(), "ledger"));
    let personalities = ["--personality", "fast?fail=100%&codes=42", "--personality", "fast"];
    let ports = ["--pty", &a, "--pty", &b, "--ledger", &ledger];
    let (_process, _) = start(&[&ports[..], &personalities[..]].concat());

    for (port, expected) in [(&a, "+CMS ERROR: 42"), (&b, "+CMGS: 0|OK")] {
        let mut driver = Driver::open(Path::new(port));
        driver.prepare();
        assert_eq!(driver.send(HELLO), expected);
    }
}

#[test]
fn a_wrong_command_line_is_explained_and_starts_nothing() {
    let dir = tempdir().unwrap();
    let (pty, ledger) = (path(dir.path(), "modem"), path(dir.path(), "ledger"));
    let cases: [(&[&str], &str); 5] = [
        (&["--ledger", &ledger], "give --pty LINK or --tcp ADDR"),
        (&["--pty", &pty], "--ledger <FILE>"),
        (&["--pty", &pty, "--ledger", &ledger, "--personality", "fasst"], "did you mean \"fast\"?"),
        (&["--pty", &pty, "--ledger", &ledger, "--personality", "q01"], "these can: fast"),
        (&["--pty", &pty, "--ledger", &ledger, "--personality", "fast?ledger=x"], "is --ledger FILE"),
    ];
    for (arguments, expected) in cases {
        let (code, output) = refused(arguments);
        assert_eq!(code, Some(2), "{output}");
        assert!(output.contains(expected), "{output}");
    }
    assert!(fs::symlink_metadata(&pty).is_err());
}

#[test]
fn a_file_in_the_place_of_a_link_is_left_alone_and_an_old_link_is_replaced() {
    let dir = tempdir().unwrap();
    let (file, link, ledger) =
        (path(dir.path(), "file"), path(dir.path(), "link"), path(dir.path(), "ledger"));
    fs::write(&file, "precious").unwrap();
    symlink("/nowhere", &link).unwrap();

    let (code, output) = refused(&["--pty", &file, "--ledger", &ledger]);
    let (_process, _) = start(&["--pty", &link, "--ledger", &ledger, "--personality", "fast"]);

    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("a file that is no link is in the way"), "{output}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(Driver::open(Path::new(&link)).ask("AT"), "AT|OK");
}

/// Starts `smsnode sim` and returns the line it begins with.
fn start(arguments: &[&str]) -> (Process, Value) {
    let process = Process::start(smsnode(), &sim(arguments));
    let line = process.wait_for_line("the first line", PATIENCE, |line| line.starts_with('{'));
    (process, serde_json::from_str(&line).expect("the first line is JSON"))
}

/// Exit code and output of a `smsnode sim` that does not start.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let mut process = Process::start(smsnode(), &sim(arguments));
    let status = process.wait(PATIENCE);
    (status.code(), process.output().join("\n"))
}

fn sim(arguments: &[&str]) -> Vec<OsString> {
    std::iter::once(&"sim").chain(arguments).map(OsString::from).collect()
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().expect("a path of the tests is UTF-8").to_owned()
}

fn smsnode() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"))
}
