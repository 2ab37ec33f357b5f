//! How long nobody can submit after the leader was killed, and how long the modems of a dead node keep what they claimed.

use std::time::{Duration, Instant};

use smsgrid_tests::cluster::{Cluster, ask};
use smsgrid_tests::spread::Spread;

use crate::load::request;
use crate::results::Results;

const KILLS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(30);
const ACCEPTING_TARGET_S: f64 = 3.0;
const FOLLOWER_TARGET_S: f64 = 5.0;
const LEADER_TARGET_S: f64 = 7.0;

/// Measures and prints.
pub(crate) fn measure(results: &mut Results) {
    let mut cluster = crate::start(3, "fast");
    let (mut accepting, mut leaders, mut followers) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..KILLS {
        let leader = cluster.leader(PATIENCE);
        let victim = if number % 3 == 2 { (leader + 1) % cluster.size() } else { leader };
        cluster.kill(victim);
        let killed = Instant::now();
        if victim == leader {
            accepting.push(accepted_again(&cluster, victim, number) - killed);
        }
        let gone = let_go(&cluster, victim) - killed;
        if victim == leader {
            leaders.push(gone)
        } else {
            followers.push(gone)
        }
        cluster.start_node(victim);
        cluster.wait_ready(victim, PATIENCE);
        registered(&cluster, victim);
    }
    let (accepting, leaders, followers): (Spread, Spread, Spread) =
        (accepting.into_iter().collect(), leaders.into_iter().collect(), followers.into_iter().collect());
    let count = accepting.count();
    results.note(format!("leader killed {count} times, accepting again"), accepting.to_string());
    results.at_most("the same, p99", accepting.at(99).as_secs_f64(), ACCEPTING_TARGET_S, "s");
    let worst = |spread: &Spread| spread.at(100).as_secs_f64();
    results.at_most(
        "a dead follower's claims free again, longest",
        worst(&followers),
        FOLLOWER_TARGET_S,
        "s",
    );
    results.at_most("a dead leader's claims free again, longest", worst(&leaders), LEADER_TARGET_S, "s");
}

/// When one of the others took a message again.
fn accepted_again(cluster: &Cluster, dead: usize, kill: usize) -> Instant {
    let others: Vec<usize> = (0..cluster.size()).filter(|node| *node != dead).collect();
    let mut tries = 0;
    cluster.until("a message to be accepted", PATIENCE, || {
        tries += 1;
        let node = others[tries % others.len()];
        let message = request(format!("kill {kill} try {tries}"));
        cluster.asker().submit(node, message).ok().map(|_| Instant::now())
    })
}

/// When the session of the dead node was over, with every claim of its modems.
fn let_go(cluster: &Cluster, dead: usize) -> Instant {
    let other = (dead + 1) % cluster.size();
    cluster.until("the claims of the dead node to end", PATIENCE, || {
        (count_of(cluster, other, dead)? == 0).then(Instant::now)
    })
}

fn registered(cluster: &Cluster, node: usize) {
    cluster.until("its modem to be registered again", PATIENCE, || {
        (count_of(cluster, node, node)? == 1).then_some(())
    });
}

/// How many modems of node `of` are registered, as `node` sees it.
fn count_of(cluster: &Cluster, node: usize, of: usize) -> Option<usize> {
    let name = cluster.nodes()[of].name();
    let status = cluster.asker().status(node, ask::stale()).ok()?;
    Some(status.modems.iter().filter(|modem| modem.node == name).count())
}
