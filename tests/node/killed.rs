//! The node dies by SIGKILL at random moments while files are sent; the simulator lives on in its own process.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use smsgrid::model::MessageState;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::{replay, wait};

use super::SMSNODE;

/// Files of one run.
const FILES: usize = 200;
/// Kills of one run.
const KILLS: usize = 50;
/// Longest time from a start to the next kill.
const LIFE_MS_MAX: u64 = 900;
/// Longest time from the first file taken by a modem that is ready to the next kill.
const WORK_MS_MAX: u64 = 250;
/// How long a node may take until a modem is ready and the first file taken.
const START: Duration = Duration::from_secs(30);
/// How long everything may take once the node is left alone: evidence windows included.
const PATIENCE: Duration = Duration::from_secs(240);

/// Settings of a modem whose late answers are waited for only as long as this simulator can be late.
fn settings(port: &Path) -> String {
    format!("port = \"{}\"\nquiet_time = \"1s\"\n", port.display())
}

fn text(number: usize) -> String {
    format!("killed {number:03}")
}

fn gateway(dir: &Path, simulator: &Simulator) -> Gateway {
    let modems = (1..).zip(simulator.ports()).map(|(number, port)| (format!("GSM{number}"), settings(port)));
    Gateway::prepare(Path::new(SMSNODE), dir, &modems.collect::<Vec<_>>())
}

fn drop_files(gateway: &Gateway, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let file = format!("To: +4917000{number:05}\n\n{}", text(number));
        gateway.drop_file(&format!("file{number:03}"), file.as_bytes());
    }
}

/// All files stand in `sent` or `failed`.
fn wait_for_results(gateway: &Gateway) {
    wait::until_true("a result for every file", PATIENCE, || {
        gateway.names("sent").len() + gateway.names("failed").len() == FILES
    });
}

#[test]
fn without_a_fault_every_file_is_sent_once_and_nothing_is_uncertain() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 4, "fast");
    let mut gateway = gateway(dir.path(), &simulator);
    gateway.start();

    drop_files(&gateway, 0..FILES);
    wait_for_results(&gateway);
    gateway.stop();

    assert_eq!(gateway.names("sent").len(), FILES, "failed: {:?}", gateway.names("failed"));
    let copies = simulator.ledger().copies();
    assert!((0..FILES).all(|number| copies.get(&text(number)) == Some(&1)), "{copies:?}");
    replay::read(&dir.path().join("data"), "gw-a", |queue| {
        let doubts = queue.messages().flat_map(|record| record.attempts()).filter(|(_, at)| at.was_uncertain);
        assert_eq!(doubts.count(), 0);
    });
}

#[test]
fn a_node_killed_fifty_times_loses_no_file_and_doubles_none_in_silence() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 4, "steady?latency=50ms..250ms");
    let mut gateway = gateway(dir.path(), &simulator);
    let mut chance = Chance(0x5EED);

    for kill in 0..KILLS {
        gateway.start();
        drop_files(&gateway, FILES * kill / KILLS..FILES * (kill + 1) / KILLS);
        // The moment is random on purpose: every other node dies anywhere from its first system call on, the rest while
        // modems are at work.
        let life_ms_max = if kill % 2 == 0 {
            LIFE_MS_MAX
        } else {
            // A modem in doubt waits for a late answer before it is ready, so files may be there long before it.
            gateway.process().wait_for_line("a file taken", START, |line| line.contains("file accepted"));
            gateway.process().wait_for_line("a modem", START, |line| line.contains("modem ready"));
            WORK_MS_MAX
        };
        wait::pause_for(Duration::from_millis(chance.next() % life_ms_max));
        gateway.kill();
    }
    gateway.start();
    wait_for_results(&gateway);
    gateway.stop();

    check(&gateway, &simulator, dir.path());
}

fn check(gateway: &Gateway, simulator: &Simulator, dir: &Path) {
    let copies = simulator.ledger().copies();
    let (sent, failed) = (gateway.names("sent"), gateway.names("failed"));
    let doubts = doubts(dir);
    assert!(gateway.names("outgoing").is_empty() && gateway.names("checked").is_empty());
    let mut lost = 0;
    for number in 0..FILES {
        let (name, text) = (format!("file{number:03}"), text(number));
        let aired = copies.get(&text).copied().unwrap_or_default();
        let doubted = doubts.get(&format!("4917000{number:05}")).copied().unwrap_or_default();
        let is_sent = sent.contains(&name);
        assert!(is_sent ^ failed.contains(&name), "{name} has not exactly one result");
        assert!(aired <= 1 + doubted, "{name} was on the air {aired} times with {doubted} doubts");
        assert!(!is_sent || aired >= 1, "{name} is called sent and was never on the air");
        // Nothing is refused here: only doubts may end in `failed`.
        assert!(is_sent || doubted > 0, "{name} failed without a doubt");
        lost += usize::from(aired == 0 && doubted == 0);
        assert!(gateway_content_is_whole(gateway, &name, is_sent), "{name} lost its text");
    }
    let total: usize = doubts.values().sum();
    let twice = copies.values().filter(|copies| **copies > 1).count();
    // Figures for whoever watches; they may go unread.
    let _ = writeln!(
        std::io::stderr(),
        "{FILES} files, {KILLS} kills: {total} uncertain parts, {twice} on the air twice, {lost} lost"
    );
    assert_eq!(lost, 0);
    assert!(total > 0, "no kill met a part on the air: the kills came too early to show anything");
    let modems = simulator.ports().len();
    assert!(total <= KILLS * modems, "{total} uncertain parts for {KILLS} kills of {modems} modems");
}

fn gateway_content_is_whole(gateway: &Gateway, name: &str, is_sent: bool) -> bool {
    let number: usize = name.trim_start_matches("file").parse().expect("our own name");
    gateway.content(if is_sent { "sent" } else { "failed" }, name).ends_with(&text(number))
}

/// How many attempts at each recipient have ever been uncertain, and that every message is settled.
fn doubts(dir: &Path) -> BTreeMap<String, usize> {
    replay::read(&dir.join("data"), "gw-a", |queue| {
        let mut doubts = BTreeMap::new();
        let mut messages = BTreeMap::new();
        for record in queue.messages() {
            let recipient = record.content.destination.reveal().to_owned();
            assert!(record.state().is_final(), "{} is {}", record.id, record.state());
            assert_ne!(record.state(), MessageState::Rejected);
            *messages.entry(recipient.clone()).or_insert(0) += 1;
            *doubts.entry(recipient).or_insert(0) +=
                record.attempts().filter(|(_, at)| at.was_uncertain).count();
        }
        assert!(messages.len() == FILES && messages.values().all(|count| *count == 1), "{messages:?}");
        doubts
    })
}

/// A small generator (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}
