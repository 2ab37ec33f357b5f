//! Messages to the administrator: told once, within their limits, and sent like any other message.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait::until_true;

use super::SMSNODE;
use super::pair::Pair;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The administrator.
const ADMIN: &str = "491700000999";

/// What the administrator got, in order.
fn told(simulator: &Simulator) -> Vec<String> {
    let entries = simulator.ledger().entries();
    let own = entries.iter().filter(|entry| entry.destination == ADMIN);
    own.map(|entry| entry.text.clone().expect("plain text")).collect()
}

fn add(gateway: &Gateway, sections: &str) {
    let config = fs::read_to_string(gateway.config()).expect("a file");
    fs::write(gateway.config(), format!("{config}\n{sections}")).expect("room");
}

fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).expect("room");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
}

#[test]
fn a_modem_at_its_limit_is_told_once_and_by_another_modem() {
    let settings = format!("message_limit = 1\nadmin_to = \"+{ADMIN}\"\n");
    let mut pair = Pair::new("fast", &settings);
    pair.gateway.start();
    pair.wait_until_up(1);

    pair.sends_by_gsm1("one");
    until_true("the message to the administrator", PATIENCE, || !told(&pair.simulator).is_empty());
    pair.sends_by_gsm2("two");
    pair.sends_by_gsm2("three");
    pair.gateway.stop();

    assert_eq!(told(&pair.simulator), ["Smsnode: GSM1: Message limit 1 is reached."]);
    let log = pair.gateway.process().output().join("\n");
    assert!(!log.contains(ADMIN), "no number of a person: {log}");
}

#[test]
fn a_program_that_begins_to_fail_is_told_once_until_it_succeeds_and_not_beyond_the_limit() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "fast");
    let folder = dir.path().display();
    let handler = dir.path().join("on-event");
    // What it returns is read before the test can see that it runs, and the next one runs when it has returned.
    script(&handler, &format!("code=$(cat {folder}/exit); echo x >>{folder}/ran; exit $code"));
    let port = simulator.ports()[0].display();
    let modem = format!("port = \"{port}\"\neventhandler = {handler:?}\nadminmessage_limit = 2\n");
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[("GSM1".to_owned(), modem)]);
    add(&gateway, &format!("[handlers]\nattempts = 1\nconcurrency = 1\nadmin_to = \"+{ADMIN}\"\n"));
    let runs = || fs::read_to_string(dir.path().join("ran")).unwrap_or_default().lines().count();
    gateway.start();

    // Two that fail, one that succeeds, and so on: three times trouble begins.
    for number in 0..9 {
        let exit = if number % 3 == 2 { "0" } else { "3" };
        fs::write(dir.path().join("exit"), exit).expect("room");
        gateway.drop_file(&format!("file{number}"), b"To: 491700000001\n\nhello");
        until_true("the handler", PATIENCE, || runs() == number + 1);
        until_true("the file to be done with", PATIENCE, || gateway.names("checked").is_empty());
    }
    until_true("two messages", PATIENCE, || told(&simulator).len() == 2);
    gateway.stop();

    let expected = "Smsnode: GSM1: problem with eventhandler, it returned 3";
    assert_eq!(told(&simulator), [expected; 2]);
    let log = gateway.process().output();
    assert_eq!(log.iter().filter(|line| line.contains("adminmessage_limit is reached")).count(), 1);
}
