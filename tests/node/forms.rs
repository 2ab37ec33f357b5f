//! How PDUs are written for one modem: their form, and which reports are asked for.

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;

use super::SMSNODE;

/// How long a result may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node with a modem of each personality, its settings given, and further sections.
fn node(dir: &Path, modems: &[(&str, &str)], sections: &str) -> (Simulator, Gateway) {
    let personalities: Vec<&str> = modems.iter().map(|(personality, _)| *personality).collect();
    let simulator = Simulator::start_each(Path::new(SMSNODE), dir, &personalities);
    let section = |(number, (port, (_, settings))): (usize, (&std::path::PathBuf, &(&str, &str)))| {
        (format!("GSM{}", number + 1), format!("port = \"{}\"\n{settings}", port.display()))
    };
    let modems: Vec<(String, String)> =
        simulator.ports().iter().zip(modems).enumerate().map(section).collect();
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir, &modems);
    let text = fs::read_to_string(gateway.config()).expect("a configuration");
    fs::write(gateway.config(), format!("{text}\n{sections}")).expect("room");
    gateway.start();
    (simulator, gateway)
}

fn sent(gateway: &Gateway, name: &str) -> String {
    gateway.filed("sent", name, PATIENCE)
}

#[test]
fn an_old_modem_gets_pdus_without_service_centre_and_validity() {
    let dir = tempfile::tempdir().expect("a folder");
    let modem = [("fast?pdu=old", "pdu_mode = \"old\"")];
    let (simulator, mut gateway) = node(dir.path(), &modem, "[files]\nstore_sent_pdu = 3\n");

    gateway.drop_file("hello", b"To: 491700000001\nValidity: 10\nMessage_reference: 9\n\nhello");

    let result = sent(&gateway, "hello");
    let entries = simulator.ledger().entries();
    // TP-MTI alone in the first octet, TP-MR 0, the number, TP-PID, TP-DCS, and the five septets at once.
    assert_eq!(entries[0].pdu, "01000C91947100000010000005E8329BFD06");
    assert!(result.contains("\nPDU: 01000C91947100000010000005E8329BFD06\n"), "{result}");
    gateway.stop();
}

#[test]
fn each_modem_asks_for_the_reports_it_is_set_to() {
    let dir = tempfile::tempdir().expect("a folder");
    let modems =
        ["yes", "no", "disabled"].map(|report| format!("report = \"{report}\"\ntags = [\"{report}\"]"));
    let modems: Vec<(&str, &str)> = modems.iter().map(|settings| ("fast", settings.as_str())).collect();
    let routes = ["yes", "no", "disabled"].map(|tag| format!("[[spool.routes]]\ntag = \"{tag}\"\n"));
    let sections = format!("[messages]\nreport = true\n{}", routes.concat());
    let (simulator, mut gateway) = node(dir.path(), &modems, &sections);

    let mut expected = Vec::new();
    for (number, (modem, header, is_asked)) in [
        ("yes", "", true),
        ("yes", "Report: no\n", false),
        ("no", "", false),
        ("no", "Report: yes\n", true),
        ("disabled", "", false),
        ("disabled", "Report: yes\n", false),
        ("disabled", "Ping: yes\n", true),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("49170000000{number}");
        let file = format!("To: {to}\nQueue: {modem}\n{header}\nhello");
        gateway.drop_file(&to, file.as_bytes());
        expected.push((to, is_asked));
    }

    for (to, is_asked) in &expected {
        let result = sent(&gateway, to);
        assert_eq!(result.contains("\nMessage_id: "), *is_asked, "{result}");
    }
    let mut asked: Vec<(String, bool)> = simulator
        .ledger()
        .entries()
        .iter()
        .map(|entry| (entry.destination.clone(), entry.status_report))
        .collect();
    asked.sort();
    assert_eq!(asked, expected);
    gateway.stop();
}

#[test]
fn the_pdu_that_comes_back_is_told_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = ["whole", "garbled", "lost"].map(|echo| format!("verify_pdu = true\ntags = [\"{echo}\"]"));
    let personalities = ["fast?echo=whole", "fast?echo=garbled", "fast?echo=lost"];
    let modems: Vec<(&str, &str)> =
        personalities.into_iter().zip(settings.iter().map(String::as_str)).collect();
    let routes = ["whole", "garbled", "lost"].map(|tag| format!("[[spool.routes]]\ntag = \"{tag}\"\n"));
    let (simulator, mut gateway) = node(dir.path(), &modems, &routes.concat());
    for echo in ["whole", "garbled", "lost"] {
        // Two, so that the second is sent by a modem whose echo was on.
        for file in [echo.to_owned(), format!("{echo}-again")] {
            gateway.drop_file(&file, format!("To: 491700000001\nQueue: {echo}\n\nhello").as_bytes());
        }
    }
    for echo in ["whole", "garbled", "lost"] {
        sent(&gateway, echo);
        sent(&gateway, &format!("{echo}-again"));
    }
    gateway.stop();

    assert_eq!(simulator.ledger().entries().len(), 6);
    let log = gateway.process().output();
    for (modem, words) in [
        ("GSM1", "the PDU came back as it was sent"),
        ("GSM2", "the PDU came back otherwise than it was sent"),
        ("GSM3", "nothing came back of the PDU"),
    ] {
        let told: Vec<&String> = log
            .iter()
            .filter(|line| line.contains("came back"))
            .filter(|line| line.contains(modem))
            .collect();
        assert!(told.len() == 2 && told.iter().all(|line| line.contains(words)), "{modem}: {told:#?}");
    }
    let differs = log.iter().find(|line| line.contains("otherwise")).expect("it is told");
    assert!(differs.contains("first_difference") && differs.contains("10"), "{differs}");
}
