//! The disk of the leader is full.

use std::time::Duration;

use smsgrid_tests::cluster::{Cluster, Setup};
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::scenario::{ACCEPT, FIND, MODEM, on_disks};
use smsgrid_tests::{checker, verdict, wait};

use super::{smsnode, tell};

/// How long the disk stays full.
const FULL: Duration = Duration::from_secs(10);

#[test]
fn a_full_disk_costs_at_most_its_node_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (setup, disks) = on_disks(Setup::three(2, MODEM), dir.path());
    let mut cluster = Cluster::start(smsnode(), setup);
    let settings = Settings { submitters: 6, pace: Duration::from_millis(20), ..Settings::default() };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);
    cluster.owner_at_work(FIND);
    let leader = cluster.leader(FIND);

    cluster.note_fault("disk full", cluster.modems_of(leader));
    disks[leader].fill();
    let filled = cluster.now();
    cluster.until("a submission accepted meanwhile", ACCEPT, || load.accepted_since(filled));
    // What writes rarely is to meet the full disk, too.
    wait::pause_for(FULL);
    disks[leader].clear();
    if let Some(status) = cluster.node(leader).exit_status() {
        tell(&format!("a full disk ended its node with {status}"));
        cluster.kill(leader);
    }
    cluster.start_all();
    let cleared = cluster.now();
    cluster.until("a submission accepted afterwards", ACCEPT, || load.accepted_since(cleared));
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let evidence = verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));

    tell(&format!("disk full: {}", checker::summary(&evidence)));
    drop(cluster);
}
