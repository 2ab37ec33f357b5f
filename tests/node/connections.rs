//! When a port is opened and closed, and what the modem is told then: real sockets over loopback.

use std::fs;
use std::path::Path;

use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;
use tempfile::TempDir;

use super::SMSNODE;
use super::pair::PATIENCE;
use super::tap::Tap;

/// Port of the simulated modem.
const PORT: u16 = 5000;

/// A node with one modem behind a tap.
struct Remote {
    gateway: Gateway,
    tap: Tap,
    _simulator: Simulator,
    _addresses: Addresses,
    _dir: TempDir,
}

impl Remote {
    /// Starts a node whose modem has `settings` beside its port.
    fn start(settings: &str) -> Remote {
        let (dir, addresses) = (tempfile::tempdir().expect("a folder"), Addresses::take());
        let address = addresses.at(1, PORT);
        let simulator = Simulator::start_mixed(Path::new(SMSNODE), dir.path(), &[], &[(address, "fast")]);
        let tap = Tap::start(address);
        let modem = format!("port = \"tcp:{}\"\n{settings}", tap.address());
        let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[("GSM1".to_owned(), modem)]);
        gateway.start();
        Remote { gateway, tap, _simulator: simulator, _addresses: addresses, _dir: dir }
    }

    fn sends(&self, name: &str) {
        self.gateway.drop_file(name, b"To: 491700000001\n\nhello");
        wait::until_true(&format!("sent/{name}"), PATIENCE, || {
            fs::exists(self.gateway.folder("sent").join(name)).unwrap_or_default()
        });
    }

    /// Lines of the log that hold `words`.
    fn said(&mut self, words: &[&str]) -> usize {
        let holds = |line: &&String| words.iter().all(|word| line.contains(word));
        self.gateway.process().output().iter().filter(holds).count()
    }
}

#[test]
fn a_connection_that_closes_is_told_and_made_again() {
    let mut remote = Remote::start("");
    remote.sends("before");

    remote.tap.cut();

    remote.sends("after");
    assert_eq!(remote.tap.opened(), 2);
    assert_eq!(remote.said(&["modem.lost", "the other end closed it"]), 1);
    remote.gateway.stop();
}

#[test]
fn a_modem_is_told_its_start_once_before_all_else_and_its_stop_last() {
    let settings = "start = \"AT+CFUN=1\"\nstart_pause = \"1ms\"\nstop = \"AT+CFUN=0\"\n";
    let mut remote = Remote::start(settings);
    remote.sends("before");
    remote.tap.cut();
    remote.sends("after");
    assert_eq!(remote.tap.count("AT+CFUN=0"), 0);

    remote.gateway.stop();

    wait::until_true("the port to be closed", PATIENCE, || !remote.tap.is_open());
    let lines = remote.tap.lines();
    assert_eq!(lines[..3], ["AT", "ATE0", "AT+CFUN=1"], "{lines:?}");
    assert_eq!(remote.tap.count("AT+CFUN=1"), 1, "a port that is lost is no new start: {lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("AT+CFUN=0"), "{lines:?}");
    assert_eq!(remote.tap.count("AT+CFUN=0"), 1);
}

#[test]
fn a_modem_that_refuses_its_start_and_its_stop_is_used_all_the_same() {
    let mut remote = Remote::start("start = \"AT^WAKE=1234\"\nstart_pause = \"0ms\"\nstop = \"AT^SLEEP\"\n");

    remote.sends("hello");
    assert_eq!(remote.said(&["MODEM_REFUSED", "did not accept its `start` command", "used all the same"]), 1);
    remote.gateway.stop();

    assert_eq!(remote.said(&["MODEM_REFUSED", "did not accept its `stop` command"]), 1);
    assert_eq!(remote.said(&["1234"]), 0, "a parameter may be secret");
}
