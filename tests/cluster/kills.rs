//! SIGKILL of the leader, of a node with modems at work, of all.

use std::time::Duration;

use smsgrid_tests::chance::Chance;
use smsgrid_tests::cluster::Cluster;
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::scenario::{self, ACCEPT, FIND};
use smsgrid_tests::{checker, verdict, wait};

use super::{setting, smsnode, tell, three};

/// Kills of each kind, when `SMSGRID_KILLS` says nothing.
const KILLS: usize = 3;
/// Longest time between a start and the next kill.
const LIFE_MAX: Duration = Duration::from_millis(1_500);

#[test]
fn leaders_and_owners_are_killed_and_nothing_is_lost_or_doubled_in_silence() {
    let (kills, seed) = (setting("SMSGRID_KILLS", KILLS), setting("SMSGRID_SEED", 1));

    let run = scenario::leaders_and_owners_are_killed(smsnode(), three(), kills, seed as u64);

    let evidence = run.verdict.unwrap_or_else(|broken| panic!("{broken}"));
    tell(&format!("{kills} leaders and {kills} owners killed: {}", checker::summary(&evidence)));
    tell(&format!("accepting again after {} kills of a leader: {}", run.leader.count(), run.leader));
    tell(&format!("accepting again after {} kills of an owner: {}", run.owner.count(), run.owner));
}

#[test]
fn what_an_owner_said_last_is_lost_with_it_and_no_part_is_doubled_in_silence() {
    let seed = setting("SMSGRID_SEED", 1);

    let verdict = scenario::owners_are_unplugged_and_killed(smsnode(), three(), 4, seed as u64);

    let evidence = verdict.unwrap_or_else(|broken| panic!("{broken}"));
    tell(&format!("unplugged and killed: {}", checker::summary(&evidence)));
}

#[test]
fn all_nodes_are_killed_at_once_and_go_on() {
    let mut cluster = Cluster::start(smsnode(), three());
    let load = Load::start(&cluster.apis(), cluster.begun(), Settings::default());
    let mut chance = Chance::new(7);

    for _ in 0..3 {
        cluster.owner_at_work(FIND);
        wait::pause_for(chance.up_to(LIFE_MAX));
        cluster.kill_all();
        cluster.start_all();
    }
    let since = cluster.now();
    cluster.until("a submission accepted in the end", ACCEPT, || load.accepted_since(since));
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let evidence = verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));

    tell(&format!("all killed three times: {}", checker::summary(&evidence)));
}
