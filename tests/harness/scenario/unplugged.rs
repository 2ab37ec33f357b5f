//! A node whose words are slow to arrive is cut off and dies: what it had said last is lost with it.
//!
//! The one moment at which a modem must not have been written to is between a claim and its committed start. On a slow
//! network that moment is long, and a cut that loses what is on its way makes sure that the start is never committed.

use std::path::Path;
use std::time::Duration;

use super::{ACCEPT, FIND, MODEM, Verdict};
use crate::chance::Chance;
use crate::cluster::{Cluster, READY, Setup};
use crate::load::{Load, Settings};
use crate::proxy::Rule;
use crate::{verdict, wait};

/// How late everything is.
const LATE: Duration = Duration::from_millis(120);
/// Longest time between the find of an owner and its cut.
const WORK_MAX: Duration = Duration::from_millis(400);
/// How long a node lives on, cut off: enough for a modem to answer.
const ALONE: Duration = Duration::from_millis(250);

/// Cuts off and kills a node with a modem at work that does not lead, `rounds` times.
pub fn owners_are_unplugged_and_killed(
    smsnode: &Path,
    mut setup: Setup,
    rounds: usize,
    seed: u64,
) -> Verdict {
    let mut chance = Chance::new(seed);
    // Many modems, so that some of them are at that moment.
    setup.modems = vec![vec![MODEM.to_owned(); 4]; setup.nodes];
    let mut cluster = Cluster::start(smsnode, setup);
    let settings = Settings {
        submitters: 12,
        pace: Duration::from_millis(100),
        readers: 1,
        seed,
        ..Settings::default()
    };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);

    for _ in 0..rounds {
        for node in 0..cluster.size() {
            cluster.network().set_around(node, Rule::Delay(LATE));
        }
        let owner = cluster.until("a follower with a modem at work", FIND, || {
            let leader = cluster.leader_now()?;
            cluster.owners_now().into_iter().find(|owner| *owner != leader)
        });
        wait::pause_for(chance.up_to(WORK_MAX));
        cluster.note_fault(&format!("unplug {owner}"), cluster.modems_of(owner));
        cluster.network().set_around(owner, Rule::Refuse);
        wait::pause_for(ALONE);
        cluster.kill(owner);
        cluster.network().heal();
        let healed = cluster.now();
        cluster.until("a submission accepted after the kill", ACCEPT, || load.accepted_since(healed));
        cluster.start_node(owner);
        cluster.wait_ready(owner, READY);
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    verdict::judge(&cluster, history)
}
