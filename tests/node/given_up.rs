//! A message that is refused for good: the alarm handler is told of it in smsd's words.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::{Simulator, order};
use smsgrid_tests::wait;

use super::SMSNODE;
use super::pair::PATIENCE;

#[test]
fn a_message_given_up_is_an_alarm_of_the_modem_that_had_it_last() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "fast");
    let (told, handler) = (dir.path().join("told"), dir.path().join("handler"));
    let script = format!("#!/bin/sh\necho \"$4 $5 $6\" >> {}\n", told.display());
    fs::write(&handler, script).expect("room");
    fs::set_permissions(&handler, Permissions::from_mode(0o755)).expect("ours");
    let handlers = format!(
        "[handlers]\nshell = \"/bin/sh\"\nalarmlevel = 4\nalarmhandler = \"{}\"\n",
        handler.display()
    );
    let modem = ("GSM1".to_owned(), format!("port = \"{}\"\n\n{handlers}", simulator.ports()[0].display()));
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[modem]);
    gateway.start();

    for (name, text) in [("short", "hello".to_owned()), ("long", "x".repeat(200))] {
        // An unassigned number.
        assert_eq!(order(dir.path(), "refuse 0 1 1")["ok"], true);
        gateway.drop_file(name, format!("To: 491700000001\n\n{text}").as_bytes());
        gateway.filed("failed", name, PATIENCE);
    }
    gateway.drop_file("sent", b"To: 491700000001\n\nhello");
    gateway.filed("sent", "sent", PATIENCE);

    let expected = [
        "4 GSM1 Sending SMS to 491700000001 failed, trying time 0 sec. Retries: 0.",
        "4 GSM1 Sending SMS (part 1/2) to 491700000001 failed, trying time 0 sec. Retries: 0.",
    ];
    let lines = || {
        let text = fs::read_to_string(&told).unwrap_or_default();
        let given_up = text.lines().filter(|line| line.starts_with('4'));
        // However long it took.
        given_up.map(|line| line.replace("time 1 sec", "time 0 sec")).collect::<Vec<String>>()
    };
    wait::until_true("both alarms", PATIENCE, || lines().len() >= expected.len());
    gateway.stop();
    assert_eq!(lines(), expected);
}
