//! Settings that follow a SIM (`identity`): modems whose SIMs are in each other's ports, and the SIM of nobody.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::{Simulator, order};
use smsgrid_tests::wait;
use tempfile::TempDir;

use super::SMSNODE;
use super::pair::PATIENCE;

/// The SIMs of the simulated modems 0, 1 and 2.
const SIMS: [&str; 3] = ["001010000000010", "001010000000020", "001010000000030"];

/// A node of three modems, GSM0 to GSM2, each with a tag of its own name.
struct Bank {
    gateway: Gateway,
    _simulator: Simulator,
    dir: TempDir,
}

impl Bank {
    /// GSM0 at port 0 has the first of these identities, and so on.
    fn start(identities: [&str; 3]) -> Bank {
        Bank::start_with(identities, "")
    }

    /// So that the simulated modems are as these settings say.
    fn start_with(identities: [&str; 3], simulated: &str) -> Bank {
        let dir = tempfile::tempdir().expect("a folder");
        let personalities = SIMS.map(|sim| format!("fast?imsi={sim}{simulated}"));
        let simulator = Simulator::start_each(
            Path::new(SMSNODE),
            dir.path(),
            &personalities.each_ref().map(String::as_str),
        );
        let modem = |(number, identity): (usize, &str)| {
            let (name, port) = (format!("GSM{number}"), simulator.ports()[number].display().to_string());
            let settings = format!(
                "port = \"{port}\"\nidentity = \"{identity}\"\ntags = \"{name}\"\nnumber = \"{number}\"\n"
            );
            (name, settings)
        };
        let modems: Vec<_> = identities.into_iter().enumerate().map(modem).collect();
        let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &modems);
        gateway.start();
        Bank { gateway, _simulator: simulator, dir }
    }

    /// A message for a modem leaves by it and by this SIM.
    fn sends(&self, modem: usize, sim: &str) {
        let name = format!("for-{modem}-by-{sim}");
        let file = format!("To: 491700000001\nQueue: GSM{modem}\n\nhello");
        self.gateway.drop_file(&name, file.as_bytes());
        let result = self.gateway.filed("sent", &name, PATIENCE);
        for line in [format!("Modem: GSM{modem}\n"), format!("IMSI: {sim}\n"), format!("Number: {modem}\n")] {
            assert!(result.contains(&line), "{line}: {result}");
        }
    }

    /// Lines of the log that hold `words`.
    fn said(&mut self, words: &[&str]) -> Vec<Value> {
        let holds = |line: &&String| words.iter().all(|word| line.contains(word));
        let lines = self.gateway.process().output();
        lines.iter().filter(holds).map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn wait_until_said(&mut self, words: &[&str]) {
        wait::until_true(&format!("{words:?} in the log"), PATIENCE, || !self.said(words).is_empty());
    }
}

#[test]
fn modems_whose_sims_are_in_each_others_ports_change_them() {
    let [first, second, third] = SIMS;
    let mut bank = Bank::start([second, first, third]);

    bank.sends(0, second);
    bank.sends(1, first);
    bank.sends(2, third);

    assert_eq!(bank.said(&["modem.moved", "the two change ports"]).len(), 1);
    assert!(bank.said(&["modem.down"]).is_empty(), "nothing is wrong");
    bank.gateway.stop();
}

#[test]
fn a_reload_for_one_of_two_modems_that_changed_ports_leaves_the_other_at_its_message() {
    let [first, second, third] = SIMS;
    let mut bank = Bank::start_with([second, first, third], "&latency=3s");
    bank.sends(0, second);
    bank.sends(1, first);

    bank.gateway
        .drop_file("long", format!("To: 491700000001\nQueue: GSM1\n\n{}", "x".repeat(200)).as_bytes());
    wait::until_true("the message is taken", PATIENCE, || bank.gateway.names("outgoing").is_empty());
    let config = bank.gateway.config();
    let text = fs::read_to_string(&config).expect("it is there");
    assert!(text.contains("number = \"0\""), "{text}");
    fs::write(&config, text.replace("number = \"0\"", "number = \"0\"\ndescription = \"rack 3\""))
        .expect("ours");
    bank.gateway.process().signal(Signal::HUP);
    bank.wait_until_said(&["the configuration was taken over"]);

    let result = bank.gateway.filed("sent", "long", PATIENCE);
    assert!(result.contains(&format!("IMSI: {first}\n")), "{result}");
    bank.sends(0, second);
    assert!(bank.said(&["uncertain"]).is_empty());
    assert_eq!(bank.said(&["modem.up", "GSM1"]).len(), 1, "it went on");
    assert_eq!(bank.said(&["modem.moved"]).len(), 1, "the other one stayed where its SIM is");
    bank.gateway.stop();
}

#[test]
fn sims_that_went_round_are_all_used_with_their_own_settings() {
    let [first, second, third] = SIMS;
    let mut bank = Bank::start([second, third, first]);

    for (modem, sim) in [second, third, first].into_iter().enumerate() {
        bank.sends(modem, sim);
    }
    bank.gateway.stop();
}

#[test]
fn a_sim_of_nobody_is_told_once_and_not_used_until_the_right_one_is_there() {
    let [_, second, third] = SIMS;
    let own = "001010000000099";
    let mut bank = Bank::start([own, second, third]);

    bank.wait_until_said(&[
        "CONFIG_CONFLICT",
        "GSM0",
        "it holds another SIM than that of `identity`",
        SIMS[0],
    ]);
    bank.sends(1, second);
    bank.sends(2, third);
    assert_eq!(bank.said(&["CONFIG_CONFLICT"]).len(), 1);
    assert!(bank.said(&["modem.up", "GSM0"]).is_empty());
    bank.gateway.stop();

    let answer = order(bank.dir.path(), &format!("change-sim 0 {own}"));
    assert_eq!(answer["ok"], true, "{answer}");
    bank.gateway.start();
    bank.sends(0, own);
    bank.gateway.stop();
}
