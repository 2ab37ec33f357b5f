//! A node whose words are slow to arrive is cut off and dies: what it had said last is lost with it.
//!
//! The one moment at which a modem must not have been written to is between a claim and its committed start. Where the
//! words of the owner are slow and those of the others are not, that moment is about half of a modem's life, and a cut
//! that loses what is on its way makes sure that the start is never committed. The owner stays dead until the others
//! have sent what it had claimed: what it wrote down for itself must not be what keeps a part from going out twice.

use std::path::Path;
use std::time::Duration;

use super::{ACCEPT, FIND, MODEM, Verdict};
use crate::chance::Chance;
use crate::cluster::{Cluster, READY, Setup, ask};
use crate::load::{Load, Settings};
use crate::proxy::Rule;
use crate::{verdict, wait};

/// How late everything is that the owner says.
const LATE: Duration = Duration::from_millis(300);
/// Longest time between the find of an owner and its cut.
const WORK_MAX: Duration = Duration::from_millis(400);
/// How long a node lives on, cut off: enough for a modem to answer.
const ALONE: Duration = Duration::from_millis(250);
/// How long the others may take to notice that it is dead, and to send what it had claimed.
const TAKE_OVER: Duration = Duration::from_secs(40);
/// Modems of each node: many, so that some of them are at that moment.
const MODEMS: usize = 4;

/// Cuts off and kills a node with a modem at work that does not lead, `rounds` times.
pub fn owners_are_unplugged_and_killed(
    smsnode: &Path,
    mut setup: Setup,
    rounds: usize,
    seed: u64,
) -> Verdict {
    let mut chance = Chance::new(seed);
    setup.modems = vec![vec![MODEM.to_owned(); MODEMS]; setup.nodes];
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
        let owner = cluster.until("a follower with a modem at work", FIND, || {
            let leader = cluster.leader_now()?;
            cluster.owners_now().into_iter().find(|owner| *owner != leader)
        });
        for other in (0..cluster.size()).filter(|other| *other != owner) {
            cluster.network().set(owner, other, Rule::Delay(LATE));
        }
        wait::pause_for(LATE + chance.up_to(WORK_MAX));
        cluster.note_fault(&format!("unplug {owner}"), cluster.modems_of(owner));
        cluster.network().set_around(owner, Rule::Refuse);
        wait::pause_for(ALONE);
        cluster.kill(owner);
        cluster.network().heal();
        taken_over(&cluster, owner);
        let healed = cluster.now();
        cluster.until("a submission accepted after the kill", ACCEPT, || load.accepted_since(healed));
        cluster.start_node(owner);
        cluster.wait_ready(owner, READY);
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    verdict::judge(&cluster, history)
}

/// Waits until the session of `owner` is over and the modems of the others have sent as much as it can have claimed.
fn taken_over(cluster: &Cluster, owner: usize) {
    let name = cluster.nodes()[owner].name();
    cluster.until("the session of the dead node to end", TAKE_OVER, || {
        let status = cluster.asker().status(*cluster.running().first()?, ask::stale()).ok()?;
        status.modems.iter().all(|modem| modem.node != name).then_some(())
    });
    let others = (cluster.size() - 1) * MODEMS;
    let wanted = cluster.simulator().ledger().entries().len() + 2 * others;
    cluster.until("its messages to be sent by others", TAKE_OVER, || {
        (cluster.simulator().ledger().entries().len() >= wanted).then_some(())
    });
}
