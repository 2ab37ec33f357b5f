//! A node is asked to end: what it still does, and what it leaves.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::SMSNODE;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_message_on_the_wire_at_sigterm_has_its_result_when_the_process_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "steady?latency=1500ms");
    let settings = format!("port = \"{}\"\n", simulator.ports()[0].display());
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[("GSM1".to_owned(), settings)]);
    gateway.start();
    gateway.drop_file("long", format!("To: 491700000001\n\n{}", "x".repeat(400)).as_bytes());
    wait::until_true("the first of three parts", PATIENCE, || !simulator.ledger().entries().is_empty());

    gateway.process().signal(Signal::TERM);
    gateway.process().wait_for_line("the begin of the drain", PATIENCE, |line| line.contains("draining"));
    gateway.drop_file("late", b"To: 491700000002\n\ntoo late");
    let status = gateway.process().wait(PATIENCE);

    assert!(status.success(), "{status}");
    assert_eq!(simulator.ledger().entries().len(), 3);
    assert_eq!(gateway.names("sent"), ["long"]);
    assert!(gateway.names("checked").is_empty());
    assert_eq!(gateway.names("outgoing"), ["late"], "a file is taken although the node ends");
}
