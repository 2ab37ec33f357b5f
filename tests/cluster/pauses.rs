//! A node is stopped beyond its lease, without its knowledge, and comes back believing that no time has passed.

use std::time::Duration;

use smsgrid_tests::cluster::Cluster;
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::{checker, verdict, wait};

use super::{smsnode, tell, three};

const FIND: Duration = Duration::from_secs(30);
const ACCEPT: Duration = Duration::from_secs(20);
/// Beyond lease, margin, and an election.
const BEYOND_LEASE: Duration = Duration::from_secs(6);

#[test]
fn a_node_paused_beyond_its_lease_writes_nothing_on_an_old_claim() {
    let mut cluster = Cluster::start(smsnode(), three());
    let settings = Settings { submitters: 3, pace: Duration::from_millis(60), ..Settings::default() };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);

    for pause in 0..4 {
        let victim = if pause % 2 == 0 { cluster.owner_at_work(FIND) } else { cluster.leader(FIND) };
        cluster.pause(victim);
        let paused = cluster.now();
        cluster.until("a submission accepted meanwhile", ACCEPT, || load.accepted_since(paused));
        // How long is what is tested: the session must have ended elsewhere.
        wait::pause_for(BEYOND_LEASE);
        cluster.resume(victim);
        let resumed = cluster.now();
        cluster.until("a submission accepted afterwards", ACCEPT, || load.accepted_since(resumed));
        cluster.wait_ready(victim, ACCEPT);
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let evidence = verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));

    tell(&format!("paused four times: {}", checker::summary(&evidence)));
}
