//! Modems behind TCP addresses: real sockets over loopback.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;
use tempfile::TempDir;

use super::SMSNODE;
use super::pair::PATIENCE;

/// Port of the simulated modem.
const PORT: u16 = 5000;

/// A node with one modem behind an address of the test's own.
struct Remote {
    gateway: Gateway,
    address: SocketAddr,
    _simulator: Simulator,
    _addresses: Addresses,
    _dir: TempDir,
}

impl Remote {
    fn start() -> Remote {
        let (dir, addresses) = (tempfile::tempdir().expect("a folder"), Addresses::take());
        let address = addresses.at(1, PORT);
        let simulator = Simulator::start_mixed(Path::new(SMSNODE), dir.path(), &[], &[(address, "fast")]);
        let modem = format!("port = \"tcp:{address}\"\n");
        let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[("GSM1".to_owned(), modem)]);
        gateway.start();
        Remote { gateway, address, _simulator: simulator, _addresses: addresses, _dir: dir }
    }

    fn sends(&self, name: &str) {
        self.gateway.drop_file(name, b"To: 491700000001\n\nhello");
        wait::until_true(&format!("sent/{name}"), PATIENCE, || {
            fs::exists(self.gateway.folder("sent").join(name)).unwrap_or_default()
        });
    }
}

#[test]
fn a_connection_that_closes_is_told_and_made_again() {
    let mut remote = Remote::start();
    remote.sends("before");

    // The modem serves whoever came last: the node's connection closes.
    let mut other = TcpStream::connect(remote.address).expect("the modem listens");
    let lost = |line: &String| line.contains("modem.lost") && line.contains("the other end closed it");
    wait::until_true("the lost connection in the log", PATIENCE, || {
        remote.gateway.process().output().iter().any(lost)
    });
    other.set_read_timeout(Some(PATIENCE)).expect("a socket can");
    let mut rest = Vec::new();
    other.read_to_end(&mut rest).expect("closed, since the node has connected again");

    remote.sends("after");
    assert_eq!(remote.gateway.process().output().iter().filter(|line| lost(line)).count(), 1);
    remote.gateway.stop();
}
