//! What a node makes of message files: the settings of its configuration, and what a file itself asks for.

use std::path::Path;
use std::time::Duration;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::SMSNODE;

/// How long a result may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node with one fast modem, further sections of its configuration given.
fn node(dir: &Path, sections: &str) -> (Simulator, Gateway) {
    let simulator = Simulator::start(Path::new(SMSNODE), dir, 1, "fast");
    let port = format!("port = \"{}\"\n\n{sections}", simulator.ports()[0].display());
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir, &[("GSM1".to_owned(), port)]);
    gateway.start();
    (simulator, gateway)
}

fn wait_for(gateway: &Gateway, folder: &str, name: &str) -> String {
    wait::until_true(&format!("{folder}/{name}"), PATIENCE, || {
        gateway.names(folder).contains(&name.to_owned())
    });
    gateway.content(folder, name)
}

#[test]
fn a_text_of_more_parts_than_allowed_is_refused_with_both_numbers() {
    let dir = tempfile::tempdir().expect("a folder");
    let (simulator, mut gateway) = node(dir.path(), "[limits]\nmax_parts = 2\n");

    gateway.drop_file("long", format!("To: 491700000001\n\n{}", "x".repeat(400)).as_bytes());
    gateway.drop_file("short", format!("To: 491700000002\n\n{}", "y".repeat(200)).as_bytes());

    let failed = wait_for(&gateway, "failed", "long");
    assert!(failed.contains("Fail_reason: Too long text: it needs 3 parts, the limit is 2\n"), "{failed}");
    wait_for(&gateway, "sent", "short");
    assert!(simulator.ledger().entries().iter().all(|entry| entry.destination == "491700000002"));
    gateway.stop();
}

#[test]
fn what_the_configuration_says_about_messages_reaches_the_network() {
    let dir = tempfile::tempdir().expect("a folder");
    let (simulator, mut gateway) = node(dir.path(), "[messages]\nvalidity = \"10m\"\nreport = true\n");

    gateway.drop_file("plain", b"To: 491700000001\n\nhello");
    gateway.drop_file("own", b"To: 491700000002\nValidity: 255\nReport: no\n\nhello");

    let sent = wait_for(&gateway, "sent", "plain");
    wait_for(&gateway, "sent", "own");
    assert!(sent.contains("Message_id: "), "a report was asked for: {sent}");
    let entries = simulator.ledger().entries();
    let pdu = |to: &str| entries.iter().find(|entry| entry.destination == to).expect("sent").pdu.clone();
    // TP-VP is the octet before TP-UDL: 01 are ten minutes, FF the longest there is.
    assert!(pdu("491700000001").ends_with("0105E8329BFD06"), "{}", pdu("491700000001"));
    assert!(pdu("491700000002").ends_with("FF05E8329BFD06"), "{}", pdu("491700000002"));
    assert!(entries.iter().all(|entry| entry.status_report == (entry.destination == "491700000001")));
    gateway.stop();
}

#[test]
fn files_that_ask_for_four_billion_retries_are_sent_and_stop_nothing() {
    const HOSTILE: usize = 40;
    let dir = tempfile::tempdir().expect("a folder");
    let (_simulator, mut gateway) = node(dir.path(), "");

    for number in 0..HOSTILE {
        let file = format!("To: 491700000001\nRetries: 4294967295\n\nhostile {number}");
        gateway.drop_file(&format!("hostile{number:02}"), file.as_bytes());
    }
    gateway.drop_file("plain", b"To: 491700000002\n\nhello");

    wait_for(&gateway, "sent", "plain");
    wait::until_true("all results", PATIENCE, || gateway.names("sent").len() == HOSTILE + 1);
    gateway.stop();
}
