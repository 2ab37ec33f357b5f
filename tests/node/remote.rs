//! A node with one modem behind a tap, over a real socket.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::{Simulator, order};
use smsgrid_tests::wait;
use tempfile::TempDir;

use super::SMSNODE;
use super::pair::PATIENCE;
use super::tap::Tap;

/// Port of the simulated modem.
const PORT: u16 = 5000;

/// A node with one modem behind a tap.
pub(super) struct Remote {
    pub(super) gateway: Gateway,
    pub(super) tap: Tap,
    _simulator: Simulator,
    _addresses: Addresses,
    dir: TempDir,
}

impl Remote {
    /// Starts a node whose modem has `settings` beside its port.
    pub(super) fn start(settings: &str) -> Remote {
        let mut remote = Remote::prepare(settings, false);
        remote.gateway.start();
        remote
    }

    /// The same, not started; with another modem on a pty where that is wanted.
    pub(super) fn prepare(settings: &str, has_other: bool) -> Remote {
        let (dir, addresses) = (tempfile::tempdir().expect("a folder"), Addresses::take());
        let address = addresses.at(1, PORT);
        let simulator =
            Simulator::start_mixed(Path::new(SMSNODE), dir.path(), &["fast"], &[(address, "fast")]);
        let tap = Tap::start(address);
        let mut modems = vec![("GSM1".to_owned(), format!("port = \"tcp:{}\"\n{settings}", tap.address()))];
        if has_other {
            let port = simulator.ports()[0].display();
            modems.push(("OTHER".to_owned(), format!("port = \"{port}\"\ntags = \"other\"")));
        }
        let gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &modems);
        Remote { gateway, tap, _simulator: simulator, _addresses: addresses, dir }
    }

    /// Has the node read a suspend file, which is not there yet.
    pub(super) fn suspend_file(&self) -> PathBuf {
        let file = self.dir.path().join("suspend");
        let config = fs::read_to_string(self.gateway.config()).expect("a configuration");
        let node = format!("[node]\nsuspend = \"{}\"\n", file.display());
        fs::write(self.gateway.config(), config.replacen("[node]\n", &node, 1)).expect("room");
        file
    }

    /// Gives the simulator an order; the modem behind the tap is number 1.
    pub(super) fn order(&self, words: &str) -> Value {
        let answer = order(self.dir.path(), words);
        assert_eq!(answer["ok"], true, "{words}: {answer}");
        answer
    }

    /// Sends a message, and returns its result.
    pub(super) fn sends(&self, name: &str) -> String {
        self.gateway.drop_file(name, b"To: 491700000001\n\nhello");
        self.wait_for_sent(name)
    }

    /// Waits for a result, and returns it.
    pub(super) fn wait_for_sent(&self, name: &str) -> String {
        self.gateway.filed("sent", name, PATIENCE)
    }

    /// Waits until the node has closed the port.
    pub(super) fn wait_until_closed(&self) {
        wait::until_true("the port to be closed", PATIENCE, || !self.tap.is_open());
    }

    /// Waits for a line of the log with all `words`.
    pub(super) fn wait_until_said(&mut self, words: &[&str]) {
        wait::until_true(&format!("{words:?} in the log"), PATIENCE, || self.said(words) > 0);
    }

    /// Lines of the log that hold `words`.
    pub(super) fn said(&mut self, words: &[&str]) -> usize {
        let holds = |line: &&String| words.iter().all(|word| line.contains(word));
        self.gateway.process().output().iter().filter(holds).count()
    }
}
