//! What a node tells of its spool to whoever scrapes it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::{http, wait};

use super::SMSNODE;
use super::pair::PATIENCE;

/// Whether so many files are taken and not filed yet.
fn holds(api: SocketAddr, files: u32) -> bool {
    let Some((200, text)) = http::get(api, "/metrics", PATIENCE) else { return false };
    http::metric(&text, "smsgrid_spool_files_current{folder=\"checked\"}") == Some(f64::from(files))
}

#[test]
fn files_that_wait_for_a_modem_are_counted_until_their_results_are_filed() {
    let dir = tempfile::tempdir().expect("a folder");
    let addresses = Addresses::take();
    let api = addresses.at(1, 7170);
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[]);
    let text = fs::read_to_string(gateway.config()).expect("written");
    fs::write(gateway.config(), text.replace("127.0.0.1:0", &api.to_string())).expect("writable");
    gateway.start();
    wait::until_true("a spool that has nothing to do", PATIENCE, || holds(api, 0));

    // There is no modem.
    gateway.drop_file("one", b"To: 4917000000001\n\nhello");
    gateway.drop_file("two", b"To: 4917000000001\n\nhello");

    wait::until_true("two files that wait for a modem", PATIENCE, || holds(api, 2));
    gateway.drop_file("wrong", b"no header\n\nhello");
    wait::until_true("the result of the wrong one", PATIENCE, || gateway.names("failed") == ["wrong"]);
    wait::until_true("the same two", PATIENCE, || holds(api, 2));
    gateway.stop();
}
