//! What the configuration says of one modem and of all files: limits, pauses, words of results, how a file is read.

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::SMSNODE;

/// How long a result may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node with one fast modem, settings of the modem and of the spool and further sections given.
fn node(dir: &Path, modem: &str, spool: &str, sections: &str) -> (Simulator, Gateway) {
    let simulator = Simulator::start(Path::new(SMSNODE), dir, 1, "fast");
    let port = format!("port = \"{}\"\n{modem}\n{sections}", simulator.ports()[0].display());
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir, &[("GSM1".to_owned(), port)]);
    let text = fs::read_to_string(gateway.config()).expect("a configuration");
    fs::write(gateway.config(), text.replace("[spool]\n", &format!("[spool]\n{spool}"))).expect("room");
    gateway.start();
    (simulator, gateway)
}

fn sent(gateway: &Gateway, name: &str) -> String {
    gateway.filed("sent", name, PATIENCE)
}

#[test]
fn a_modem_sends_as_many_messages_as_it_may_and_the_next_waits() {
    let dir = tempfile::tempdir().expect("a folder");
    let (simulator, mut gateway) = node(dir.path(), "message_limit = 2\n", "", "");

    gateway.drop_file("long", format!("To: 491700000001\n\n{}", "x".repeat(200)).as_bytes());
    sent(&gateway, "long");
    gateway.drop_file("short", b"To: 491700000001\n\nhello");
    sent(&gateway, "short");
    gateway.drop_file("over", b"To: 491700000001\n\nhello");

    let is_told =
        |gateway: &mut Gateway| gateway.process().output().iter().any(|line| line.contains("MODEM_LIMIT"));
    wait::poll(PATIENCE, || is_told(&mut gateway).then_some(())).expect("the limit in the log");
    wait::until_true("the file to be taken", PATIENCE, || gateway.names("outgoing").is_empty());
    assert!(gateway.names("checked").contains(&"over".to_owned()));
    assert_eq!(simulator.ledger().entries().len(), 3, "a message of two parts and one of one");
    gateway.stop();
    gateway.start();
    sent(&gateway, "over");
    gateway.stop();
}

#[test]
fn a_modem_pauses_between_parts_and_its_results_say_whose_they_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let modem = "sent_pause = \"1s\"\nnumber = \"491700000009\"\ndescription = \"rack 3\"\n";
    let (_simulator, mut gateway) = node(dir.path(), modem, "", "");

    gateway.drop_file("long", format!("To: 491700000001\n\n{}", "x".repeat(400)).as_bytes());

    let result = sent(&gateway, "long");
    assert!(result.contains("Modem: GSM1\nNumber: 491700000009\nDescription: rack 3\n"), "{result}");
    let seconds = result.lines().find_map(|line| line.strip_prefix("Sending_time: ")).expect("a time");
    assert!(seconds.parse::<u32>().expect("seconds") >= 2, "two pauses between three parts: {result}");
    gateway.stop();
}

#[test]
fn files_are_read_and_kept_as_the_configuration_says() {
    let dir = tempfile::tempdir().expect("a folder");
    let sections = "[messages]\nreport = true\n[files]\nalphabet = \"utf-8\"\nautosplit = 1\nmessage_ids = 3\n\
                    store_sent_pdu = 3\n";
    let (simulator, mut gateway) = node(dir.path(), "", "keep_failed = false\n", sections);

    gateway.drop_file("wrong", b"To: 491700000001\nAlphabet: none\n\nhello");
    gateway.drop_file("long", format!("To: 491700000001\n\n{}ä", "x".repeat(199)).as_bytes());

    let result = sent(&gateway, "long");
    assert_eq!(result.lines().filter(|line| line.starts_with("PDU: ")).count(), 2, "{result}");
    let ids = result.lines().find_map(|line| line.strip_prefix("Message_id: ")).expect("the ids");
    assert!(ids.ends_with(" .") && ids.split(' ').count() == 3, "{result}");
    let pdus: Vec<String> = simulator.ledger().entries().iter().map(|entry| entry.pdu.clone()).collect();
    let first_octet = |pdu: &String| u8::from_str_radix(&pdu[2..4], 16).expect("hex");
    assert!(pdus.iter().all(|pdu| first_octet(pdu) & 0x40 == 0), "no part has a header: {pdus:?}");
    wait::until_true("the refused file to go", PATIENCE, || gateway.names("checked").is_empty());
    assert!(gateway.names("failed").is_empty());
    gateway.stop();
}
