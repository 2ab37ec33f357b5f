//! A change of daemons as an operator makes it: smsd with files queued is stopped, smsnode is started on the same
//! folders, and back again, and forth. The network, which outlives them all, has every message once.

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid_tests::oracle::Side;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::case::Group;
use super::{PLAIN, smsnode};

/// Files queued.
const FILES: usize = 200;
/// How many of them have left when smsd is stopped, and when smsnode is.
const LEFT: [usize; 2] = [60, 130];
/// A part takes its time, so that each daemon is stopped amid its work.
const MODEM: &str = "fast?latency=30ms";
/// How long each of them may take.
const PATIENCE: Duration = Duration::from_secs(120);
const FOLDERS: [&str; 5] = ["outgoing", "checked", "sent", "failed", "incoming"];

#[test]
fn files_queued_at_smsd_leave_once_through_smsnode_and_smsd_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let simulator = Simulator::start(smsnode(), dir, 1, MODEM);
    queue(dir);
    let configuration = Group::read(PLAIN).configuration.replace("@DIR@", &dir.display().to_string());
    let configuration = configuration.replace("@DEVICE@", &simulator.ports()[0].display().to_string());
    let taken = || simulator.ledger().entries().len();
    let run = |side: Side, enough: usize| {
        let daemon = side.start(smsnode(), dir, &configuration);
        wait::until_true("the daemon sends", PATIENCE, || taken() >= enough);
        side.stop(daemon);
    };

    run(Side::Smsd, LEFT[0]);
    run(Side::Smsnode, LEFT[1]);
    let daemon = Side::Smsd.start(smsnode(), dir, &configuration);
    wait::until_true("every file rests", PATIENCE, || names(dir, "sent") == FILES);
    Side::Smsd.stop(daemon);
    fs::write(dir.join("outgoing/last"), "To: 491709999999\n\nlast\n")
        .expect("the test's folder is writable");
    let daemon = Side::Smsnode.start(smsnode(), dir, &configuration);
    wait::until_true("the last file rests", PATIENCE, || names(dir, "sent") == FILES + 1);
    Side::Smsnode.stop(daemon);

    let copies = simulator.ledger().copies();
    assert!(copies.values().all(|times| *times == 1), "twice: {copies:?}");
    assert_eq!(copies.len(), FILES + 1);
    for folder in ["outgoing", "checked", "failed"] {
        assert_eq!(names(dir, folder), 0, "{folder}");
    }
}

fn queue(dir: &Path) {
    for folder in FOLDERS {
        fs::create_dir_all(dir.join(folder)).expect("the test's folder is writable");
    }
    for number in 0..FILES {
        let file = format!("To: 49170{number:07}\n\nmessage {number}\n");
        fs::write(dir.join(format!("outgoing/m{number:03}")), file).expect("the test's folder is writable");
    }
}

/// Message files in a folder.
fn names(dir: &Path, folder: &str) -> usize {
    let entries = fs::read_dir(dir.join(folder)).expect("the folder is there");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| !name.starts_with('.') && !name.ends_with(".LOCK")).count()
}
