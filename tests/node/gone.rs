//! Files that go from `checked` while the node does not run: smsd sends them, or a person removes them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid::model::{Address, MessageState};
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::{replay, wait};

use super::SMSNODE;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_was_accepted_of_a_file_that_is_gone_is_withdrawn_or_held() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "fast?latency=2s");
    let modem = format!("port = \"{}\"\nquiet_time = \"1s\"\n", simulator.ports()[0].display());
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[("GSM1".to_owned(), modem)]);
    gateway.start();
    gateway.drop_file("begun", format!("To: 491700000001\n\n{}", "x".repeat(400)).as_bytes());
    wait::until_true("its first part", PATIENCE, || !simulator.ledger().entries().is_empty());
    let is_accepted = |gateway: &mut Gateway| {
        gateway.process().output().iter().filter(|line| line.contains("file accepted")).count() == 2
    };
    gateway.drop_file("waits", b"To: 491700000002\n\nwaits");
    wait::poll(PATIENCE, || is_accepted(&mut gateway).then_some(())).expect("the other is accepted");
    gateway.kill();
    for entry in fs::read_dir(gateway.folder("checked")).expect("a folder") {
        fs::remove_file(entry.expect("an entry").path()).expect("a file");
    }

    gateway.start();
    gateway.drop_file("last", b"To: 491700000003\n\nlast");
    wait::until_true("the last", PATIENCE, || gateway.names("sent") == ["last"]);
    gateway.stop();

    let sent = simulator.ledger().entries();
    assert!(sent.iter().all(|part| part.destination != "491700000002"), "{sent:?}");
    let to = |to: &'static str| {
        replay::read(&dir.path().join("data"), "gw-a", |queue| {
            let address = Address::international(to).ok();
            let mut records = queue.messages();
            let record = records.find(|record| Some(&record.content.destination) == address.as_ref());
            record.map(|record| (record.state(), record.held)).expect("a message")
        })
    };
    assert_eq!(to("491700000002"), (MessageState::Canceled, false));
    // Parts of it have left: nothing more of it may, whatever its policy says of the one in doubt.
    assert!(to("491700000001").1, "{:?}", to("491700000001"));
}
