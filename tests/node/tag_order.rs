//! The queues of a modem in the order its section names them.

use std::fs;
use std::path::Path;

use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::{Simulator, order};
use smsgrid_tests::{http, wait};

use super::SMSNODE;
use super::pair::PATIENCE;

const QUEUED: &str = "smsgrid_messages_current{state=\"queued\"}";

#[test]
fn a_modem_takes_from_its_second_queue_only_when_the_first_is_empty() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "fast");
    let api = Addresses::take().at(1, 7171);
    let settings = "tags = [\"first\", \"second\"]\ntags_in_order = true\n";
    let routes = "[[spool.routes]]\ntag = \"first\"\n[[spool.routes]]\ntag = \"second\"\n";
    let port = simulator.ports()[0].display();
    let modem = ("GSM1".to_owned(), format!("port = \"{port}\"\n{settings}\n{routes}"));
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[modem]);
    let text = fs::read_to_string(gateway.config()).expect("written");
    fs::write(gateway.config(), text.replace("127.0.0.1:0", &api.to_string())).expect("writable");
    // While there is no network the files become messages that wait.
    assert_eq!(order(dir.path(), "registration 0 denied")["ok"], true);
    gateway.start();
    let files = [("a", "second\nPriority: high"), ("b", "second"), ("c", "first"), ("d", "first")];
    for (number, (name, headers)) in (1..).zip(files) {
        gateway.drop_file(name, format!("To: 49171{number}\nQueue: {headers}\n\n{name}").as_bytes());
        wait::until_true("another message that waits", PATIENCE, || {
            let text = http::get(api, "/metrics", PATIENCE).map(|(_, text)| text).unwrap_or_default();
            http::metric(&text, QUEUED) == Some(f64::from(number))
        });
    }

    assert_eq!(order(dir.path(), "registration 0 home")["ok"], true);

    wait::until_true("all four", PATIENCE, || simulator.ledger().entries().len() == 4);
    let texts: Vec<Option<String>> =
        simulator.ledger().entries().into_iter().map(|entry| entry.text).collect();
    assert_eq!(texts, ["c", "d", "a", "b"].map(|text| Some(text.to_owned())));
    gateway.stop();
}
