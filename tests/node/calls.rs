//! Message files that ask for voice calls.

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid::model::{CallEnd, MessageState};
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::{replay, wait};

use super::SMSNODE;

/// How long a result may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running node with one modem of this personality and these settings.
fn node(dir: &Path, personality: &str, settings: &str) -> (Simulator, Gateway) {
    let simulator = Simulator::start_each(Path::new(SMSNODE), dir, &[personality]);
    let port = simulator.ports()[0].display();
    let modems = [("GSM1".to_owned(), format!("port = \"{port}\"\n{settings}\n"))];
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir, &modems);
    let text = fs::read_to_string(gateway.config()).expect("a configuration");
    fs::write(gateway.config(), format!("{text}\n[files]\nstore_sent_pdu = 3\n")).expect("room");
    gateway.start();
    (simulator, gateway)
}

fn result(gateway: &Gateway, name: &str) -> String {
    wait::until_true(&format!("sent/{name}"), PATIENCE, || gateway.names("sent").contains(&name.to_owned()));
    gateway.content("sent", name)
}

#[test]
fn a_file_makes_a_call_whose_result_stands_in_it_and_an_sms_is_sent_after_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let (simulator, mut gateway) = node(dir.path(), "fast", "voicecall_vts_list = true");

    gateway.drop_file("call", b"To: 491700000001\nVoicecall: yes\nReport: yes\n\nTONE: 1 1,2,#\n");
    let called = result(&gateway, "call");
    gateway.drop_file("sms", b"To: 491700000001\n\nhello");
    result(&gateway, "sms");

    assert!(called.contains("\nResult: OK\n") && called.contains("\nModem: GSM1\n"), "{called}");
    assert!(!called.contains("PDU:") && !called.contains("Message_id:"), "a call has neither: {called}");
    let entries = simulator.ledger().entries();
    let [call, sms] = entries.as_slice() else { panic!("{entries:?}") };
    let heard = call.call.as_ref().expect("a call");
    assert_eq!((call.destination.as_str(), heard.tones.join(" ").as_str()), ("491700000001", "12#"));
    assert_eq!((heard.answered, heard.ended_by.as_str()), (true, "us"));
    assert_eq!((sms.text.as_deref(), &sms.call), (Some("hello"), &None));
    gateway.stop();
    replay::read(&dir.path().join("data"), "gw-a", |queue| {
        let calls = queue.messages().filter(|record| record.content.call.is_some());
        let ends: Vec<_> = calls.flat_map(|record| record.attempts().map(|(_, made)| made.call)).collect();
        assert_eq!(ends, [Some(CallEnd::Answered)]);
    });
}

#[test]
fn a_call_nobody_answers_is_made_once_and_filed_as_sent() {
    let dir = tempfile::tempdir().expect("a folder");
    let (simulator, mut gateway) = node(dir.path(), "fast?callee=busy", "voicecall_hangup_ath = true");

    gateway.drop_file("call", b"To: 491700000001,491700000002\nVoicecall: yes\n\nTONE: 1 1,2\n");
    let called = result(&gateway, "call");

    assert_eq!(called.matches(" GSM1 BUSY\n").count(), 2, "each recipient is told: {called}");
    let answered = simulator.ledger().entries().into_iter().map(|entry| entry.call.map(|call| call.answered));
    assert_eq!(answered.collect::<Vec<_>>(), [Some(false), Some(false)]);
    gateway.stop();
    replay::read(&dir.path().join("data"), "gw-a", |queue| {
        assert!(queue.messages().all(|record| record.state() == MessageState::Sent));
    });
}
