//! A node of two modems: GSM1, which has the fault of the test, and GSM2, which is well.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::{Simulator, order};
use smsgrid_tests::wait;
use tempfile::TempDir;

use super::SMSNODE;

/// How long what should be seen soon may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a node may take to end when nothing is on the wire: a few seconds, and a busy machine.
const END: Duration = Duration::from_secs(15);
/// After a port could not be opened, it has been tried again within this time.
const TRIED_AGAIN: Duration = Duration::from_millis(5500);
/// What a file asks for to leave by GSM1 and by no other.
const ONLY_GSM1: &str = "Queue: one\n";

/// Node, simulator and the folder of both.
pub(super) struct Pair {
    pub(super) gateway: Gateway,
    pub(super) simulator: Simulator,
    dir: TempDir,
}

impl Pair {
    /// GSM1 is simulated as `personality` and has `settings` beside its port. Nothing is started but the simulator,
    /// in which GSM1 is modem 0.
    pub(super) fn new(personality: &str, settings: &str) -> Pair {
        Pair::in_folder(tempfile::tempdir().expect("a folder"), personality, settings)
    }

    /// The same, in a folder that is there already.
    pub(super) fn in_folder(dir: TempDir, personality: &str, settings: &str) -> Pair {
        let simulator = Simulator::start_each(Path::new(SMSNODE), dir.path(), &[personality, "fast"]);
        let port = |number: usize| format!("port = \"{}\"\n", simulator.ports()[number].display());
        let modems = [
            ("GSM1".to_owned(), format!("{}tags = \"one\"\n{settings}", port(0))),
            ("GSM2".to_owned(), port(1)),
        ];
        let gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &modems);
        Pair { gateway, simulator, dir }
    }

    /// The folder everything is in.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The device of GSM1.
    pub(super) fn port(&self) -> PathBuf {
        self.simulator.ports()[0].clone()
    }

    /// Gives the simulator an order.
    pub(super) fn order(&self, words: &str) -> Value {
        let answer = order(self.dir.path(), words);
        assert_eq!(answer["ok"], true, "{words}: {answer}");
        answer
    }

    /// One value of GSM1's status in the simulator.
    pub(super) fn status(&self, key: &str) -> Value {
        self.order("status 0")["modems"][0]["status"][key].clone()
    }

    /// Waits for the one line of the log about `reason`, which must hold all `words`.
    pub(super) fn wait_for_trouble(&mut self, reason: &str, words: &[&str]) -> Value {
        let line = wait::poll(PATIENCE, || self.troubles(reason).into_iter().next());
        let line = line.unwrap_or_else(|| panic!("no line about {reason} in {PATIENCE:?}"));
        let text = line.to_string();
        for word in words {
            assert!(text.contains(word), "{reason} does not say {word:?}: {text}");
        }
        line
    }

    /// Lets the fault last until the port was tried again; that must not be told.
    pub(super) fn stays_quiet(&mut self, reason: &str) {
        wait::poll(TRIED_AGAIN, || (self.troubles(reason).len() > 1).then_some(()));
        assert_eq!(self.troubles(reason).len(), 1, "{reason} was told again");
    }

    /// Lines of the log about `reason` since the node was started last.
    pub(super) fn troubles(&mut self, reason: &str) -> Vec<Value> {
        self.lines(|line| line["reason"] == reason)
    }

    /// Lines of this event and modem since the node was started last.
    pub(super) fn events(&mut self, event: &str, modem: &str) -> Vec<Value> {
        self.lines(|line| line["event"] == event && line["modem"] == modem)
    }

    /// Waits until GSM1 is ready for the `count`th time in this life of the node.
    pub(super) fn wait_until_up(&mut self, count: usize) {
        wait::until_true("GSM1 to be ready", PATIENCE, || self.events("modem.up", "GSM1").len() >= count);
    }

    /// A file that any modem may send.
    pub(super) fn drop_file(&self, name: &str) {
        self.gateway.drop_file(name, format!("To: 4917000000001\n\n{name}").as_bytes());
    }

    /// A file that only GSM1 may send.
    pub(super) fn drop_file_for_gsm1(&self, name: &str, text: &str) {
        self.gateway.drop_file(name, format!("To: 4917000000001\n{ONLY_GSM1}\n{text}").as_bytes());
    }

    /// Messages leave, by whichever modem. Returns the result file.
    pub(super) fn sends(&self, name: &str) -> String {
        self.drop_file(name);
        let result = self.wait_for_sent(name);
        assert_eq!(self.copies(name), 1);
        result
    }

    /// Messages leave, and by GSM2.
    pub(super) fn sends_by_gsm2(&self, name: &str) {
        let result = self.sends(name);
        assert!(result.contains("Modem: GSM2\n"), "{result}");
    }

    /// Messages leave by GSM1 again.
    pub(super) fn sends_by_gsm1(&self, name: &str) {
        self.drop_file_for_gsm1(name, name);
        let result = self.wait_for_sent(name);
        assert!(result.contains("Modem: GSM1\n"), "{result}");
        assert_eq!(self.copies(name), 1);
    }

    /// Waits for a file in `sent` and returns its content.
    pub(super) fn wait_for_sent(&self, name: &str) -> String {
        self.wait_for_file("sent", name, PATIENCE)
    }

    /// Waits for a file in a folder and returns its content.
    pub(super) fn wait_for_file(&self, folder: &str, name: &str, patience: Duration) -> String {
        self.gateway.filed(folder, name, patience)
    }

    /// How often the network took this text.
    pub(super) fn copies(&self, text: &str) -> usize {
        self.simulator.ledger().copies().get(text).copied().unwrap_or_default()
    }

    /// Ends the node by SIGTERM: soon, and with success.
    pub(super) fn stop(&mut self) {
        let status = self.gateway.process().terminate(END);
        assert!(status.success(), "the node ended with {status}");
    }

    fn lines(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let output = self.gateway.process().output();
        let lines = output.iter().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line| wanted(line)).collect()
    }
}
