//! SIGKILL of the leader and of nodes with modems at work, in turn, under load.

use std::path::Path;
use std::time::Duration;

use super::{ACCEPT, FIND, Verdict};
use crate::chance::Chance;
use crate::cluster::{Cluster, READY, Setup};
use crate::load::{Load, Settings};
use crate::spread::Spread;
use crate::{verdict, wait};

/// Longest time between a start and the next kill.
const LIFE_MAX: Duration = Duration::from_millis(1_500);
/// Longest time between the find of an owner and its kill.
const WORK_MAX: Duration = Duration::from_millis(120);

/// How the kills went.
#[derive(Debug)]
pub struct Kills {
    /// The judgement.
    pub verdict: Verdict,
    /// How long the cluster took to accept again after each kill of a leader.
    pub leader: Spread,
    /// The same after each kill of an owner that did not lead.
    pub owner: Spread,
}

/// Kills `kills` leaders and as many owners, each brought back before the next one.
pub fn leaders_and_owners_are_killed(smsnode: &Path, setup: Setup, kills: usize, seed: u64) -> Kills {
    let mut chance = Chance::new(seed);
    let mut cluster = Cluster::start(smsnode, setup);
    let settings = Settings { submitters: 3, pace: Duration::from_millis(120), seed, ..Settings::default() };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);
    let (mut leader, mut owner) = (Vec::new(), Vec::new());

    for kill in 0..2 * kills {
        // The moment is random on purpose.
        wait::pause_for(chance.up_to(LIFE_MAX));
        let victim = if kill % 2 == 0 {
            cluster.leader(FIND)
        } else {
            let owner = cluster.owner_at_work(FIND);
            wait::pause_for(chance.up_to(WORK_MAX));
            owner
        };
        let leads = cluster.leader_now() == Some(victim);
        let took = kill_and_come_back(&mut cluster, &load, victim);
        if leads { leader.push(took) } else { owner.push(took) }
    }
    let verdict = verdict::judge(&cluster, load.finish());
    Kills { verdict, leader: leader.into_iter().collect(), owner: owner.into_iter().collect() }
}

/// Kills a node, waits until the rest accepts, and brings it back; how long accepting took.
fn kill_and_come_back(cluster: &mut Cluster, load: &Load, victim: usize) -> Duration {
    cluster.kill(victim);
    let killed = cluster.now();
    let accepted =
        cluster.until("a submission accepted after the kill", ACCEPT, || load.accepted_since(killed));
    cluster.start_node(victim);
    cluster.wait_ready(victim, READY);
    accepted - killed
}
