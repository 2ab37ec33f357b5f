//! Which modem a file leaves by, and whether it leaves at all: routes by number, blacklist, whitelist.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::SMSNODE;

/// How long a result may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node that is not started, with the modems GSM1 and GSM2, whose tags are `one` and `two`.
fn node(dir: &Path, spool: &str, sections: &str) -> (Simulator, Gateway) {
    let simulator = Simulator::start(Path::new(SMSNODE), dir, 2, "fast");
    let port = |number: usize| format!("port = \"{}\"\n", simulator.ports()[number].display());
    let modems = [
        ("GSM1".to_owned(), format!("{}tags = \"one\"\n", port(0))),
        ("GSM2".to_owned(), format!("{}tags = \"two\"\n\n{sections}", port(1))),
    ];
    let gateway = Gateway::prepare(Path::new(SMSNODE), dir, &modems);
    let text = fs::read_to_string(gateway.config()).expect("a configuration");
    let text = text.replace("[spool]\n", &format!("[spool]\n{spool}"));
    fs::write(gateway.config(), text).expect("room");
    (simulator, gateway)
}

fn result(gateway: &Gateway, name: &str) -> String {
    let folder = wait::poll(PATIENCE, || {
        ["sent", "failed"].into_iter().find(|folder| gateway.names(folder).contains(&name.to_owned()))
    });
    gateway.content(folder.unwrap_or_else(|| panic!("no result of {name}")), name)
}

#[test]
fn a_file_leaves_by_the_modem_of_its_number_or_of_the_queue_it_names() {
    let dir = tempfile::tempdir().expect("a folder");
    let routes = "[[spool.routes]]\ntag = \"one\"\nprefixes = [\"4917\", \"s\"]\n\
                  [[spool.routes]]\ntag = \"two\"\nprefixes = [\"49\", \"491799\"]\n";
    let (simulator, mut gateway) = node(dir.path(), "", routes);
    gateway.start();

    for (name, headers, expected) in [
        ("plus", "To: +49 171-1", "Modem: GSM1\n"),
        ("zeros", "To: 00491799", "Modem: GSM1\n"),
        ("other", "To: 4930", "Modem: GSM2\n"),
        ("short", "To: s4930", "Modem: GSM1\n"),
        ("asked", "To: 4930\nQueue: one", "Modem: GSM1\n"),
        ("like", "To: 4917\nProvider: 4930", "Modem: GSM2\n"),
        ("none", "To: 4930\nQueue: three", "Fail_reason: Wrong provider queue\n"),
        ("abroad", "To: 33", "Fail_reason: Destination number does not match any provider\n"),
    ] {
        gateway.drop_file(name, format!("{headers}\n\nhello").as_bytes());
        let result = result(&gateway, name);
        assert!(result.contains(expected), "{name}: {result}");
    }
    assert_eq!(simulator.ledger().entries().len(), 6);
    gateway.stop();
}

#[test]
fn a_number_on_the_blacklist_is_refused_until_the_line_is_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (black, white) = (dir.path().join("black"), dir.path().join("white"));
    fs::write(&black, "# premium\n49190\n").expect("room");
    fs::write(&white, "[two]\n4930\n[]\n49\n").expect("room");
    let lists = format!("blacklist = \"{}\"\nwhitelist = \"{}\"\n", black.display(), white.display());
    let (_simulator, mut gateway) = node(dir.path(), &lists, "");
    gateway.start();

    let becomes = |name: &str, to: &str, expected: &str| {
        gateway.drop_file(name, format!("To: {to}\n\nhello").as_bytes());
        let result = result(&gateway, name);
        assert!(result.contains(expected), "{name}: {result}");
    };
    becomes("premium", "49190123", "Fail_reason: Destination is blacklisted\n");
    becomes("short", "s49190", "Fail_reason: Destination is blacklisted\n");
    becomes("abroad", "33", "Fail_reason: Destination is not whitelisted\n");
    becomes("section", "4930", "Modem: GSM2\n");
    fs::write(&black, "33\n").expect("room");
    becomes("allowed", "49190123", "Sent: ");
    gateway.stop();
}

#[test]
fn while_a_list_cannot_be_read_files_wait_and_are_sent_when_it_can() {
    let dir = tempfile::tempdir().expect("a folder");
    let black = dir.path().join("black");
    fs::write(&black, "33\n").expect("room");
    let told = dir.path().join("told");
    let handler = dir.path().join("handler");
    fs::write(&handler, format!("#!/bin/sh\necho \"$1 $4 $5 $6\" >> {}\n", told.display())).expect("room");
    fs::set_permissions(&handler, Permissions::from_mode(0o755)).expect("ours");
    let handlers = format!("[handlers]\nshell = \"/bin/sh\"\nalarmhandler = \"{}\"\n", handler.display());
    let blacklist = format!("blacklist = \"{}\"\n", black.display());
    let (simulator, mut gateway) = node(dir.path(), &blacklist, &handlers);
    gateway.start();
    gateway.drop_file("before", b"To: 4930\n\nhello");
    result(&gateway, "before");

    fs::remove_file(&black).expect("it was there");
    gateway.drop_file("after", b"To: 4930\n\nhello");
    gateway.drop_file("blocked", b"To: 4944\n\nhello");
    let is_told = |gateway: &mut Gateway| {
        gateway.process().output().iter().any(|line| line.contains("SPOOL_LIST_UNREADABLE"))
    };
    wait::poll(PATIENCE, || is_told(&mut gateway).then_some(())).expect("the reason in the log");
    let heard = wait::poll(PATIENCE, || fs::read_to_string(&told).ok().filter(|told| told.ends_with('\n')));
    let heard = heard.expect("the alarm handler is told");
    let expected = format!("Cannot read blacklist file {}. Files wait until it can be read", black.display());
    assert_eq!(heard, format!("ALARM 2 smsd {expected}\n"));
    assert!(gateway.names("checked").contains(&"after".to_owned()), "the file waits");
    assert_eq!(simulator.ledger().entries().len(), 1);

    // Had a file not waited, it would be sent, whatever the list says now.
    fs::write(&black, "33\n4944\n").expect("room");
    assert!(result(&gateway, "after").contains("Sent: "));
    assert!(result(&gateway, "blocked").contains("Fail_reason: Destination is blacklisted\n"));
    assert_eq!(simulator.ledger().entries().len(), 2);
    gateway.stop();
}

#[test]
fn a_node_whose_list_is_missing_does_not_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("missing");
    let (_simulator, mut gateway) = node(dir.path(), &format!("whitelist = \"{}\"\n", missing.display()), "");
    gateway.start();

    let status = gateway.process().wait(PATIENCE);
    assert!(!status.success());
    let output = gateway.process().output().join("\n");
    assert!(output.contains("SPOOL_LIST_UNREADABLE") && output.contains("the whitelist"), "{output}");
}
