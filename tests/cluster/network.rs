//! The network between the nodes is cut, held, slow and half open, as a seed says.

use std::time::Duration;

use smsgrid_tests::chance::Chance;
use smsgrid_tests::cluster::Cluster;
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::proxy::plan::{self, Step};
use smsgrid_tests::{checker, verdict, wait};

use super::{setting, smsnode, tell, three};

/// Steps of a run, when `SMSGRID_STEPS` says nothing: each kind twice.
const STEPS: usize = 12;
/// Longest time a step lasts.
const STEP_MAX: Duration = Duration::from_secs(5);
const FIND: Duration = Duration::from_secs(30);
const ACCEPT: Duration = Duration::from_secs(30);

#[test]
fn a_network_that_fails_in_every_way_loses_and_doubles_nothing() {
    let seed = setting("SMSGRID_SEED", 1) as u64;
    let mut cluster = Cluster::start(smsnode(), three());
    let mut chance = Chance::new(seed);
    let settings = Settings { submitters: 3, pace: Duration::from_millis(60), seed, ..Settings::default() };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);

    for step in plan::draw(seed, 3, setting("SMSGRID_STEPS", STEPS)) {
        // A link that fails may keep any node from its lease.
        cluster.note_fault(&format!("{step:?}"), step.nodes() * cluster.modems_of(0));
        step.act(cluster.network());
        wait::pause_for(chance.up_to(STEP_MAX));
        cluster.network().heal();
        let healed = cluster.now();
        cluster
            .until(&format!("a submission accepted after {step:?}"), ACCEPT, || load.accepted_since(healed));
    }
    for node in 0..cluster.size() {
        cluster.wait_ready(node, ACCEPT);
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let evidence = verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));

    tell(&format!("network, seed {seed}: {}", checker::summary(&evidence)));
}

#[test]
fn a_leader_cut_off_from_the_rest_acknowledges_nothing_alone() {
    let mut cluster = Cluster::start(smsnode(), three());
    let load = Load::start(&cluster.apis(), cluster.begun(), Settings::default());

    for _ in 0..2 {
        let leader = cluster.leader(FIND);
        cluster.note_fault("leader cut off", cluster.modems_of(leader) * 2);
        Step::Isolate(leader).act(cluster.network());
        cluster.until("another leader", FIND, || cluster.leader_now().filter(|now| *now != leader));
        let cut = cluster.now();
        cluster.until("a submission accepted by the rest", ACCEPT, || load.accepted_since(cut));
        cluster.network().heal();
        cluster.wait_ready(leader, ACCEPT);
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));
}
