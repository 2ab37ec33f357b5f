//! The lease that the files agree on decides how soon the modems of a dead node are given up, and files that differ are
//! told.

use std::fs;
use std::time::{Duration, Instant};

use smsgrid_tests::cluster::{Cluster, Setup, ask};

use super::{smsnode, tell};

/// Anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT: &str = "[lease]\nlength = \"500ms\"\nrenewal = \"100ms\"\nguard = \"100ms\"\n";
const LONG: &str = "[lease]\nlength = \"5s\"\nrenewal = \"500ms\"\n";
/// No sooner does a leader end a session under the default lease: 2.65 s after a renewal, of which there is one each
/// 0.5 s.
const DEFAULT_AT_LEAST: Duration = Duration::from_millis(2100);
/// No later would it under the default lease on a machine that has time.
const DEFAULT_AT_MOST: Duration = Duration::from_secs(4);
/// A machine may be busy for a while; it is not each time.
const TRIES: usize = 3;

fn three(lease: &str) -> Cluster {
    let setup = Setup { is_proxied: false, extra: lease.to_owned(), ..Setup::three(1, "steady") };
    Cluster::prepare(smsnode(), setup)
}

/// Kills a node that does not lead; how long until the cluster has given up what its session held.
fn given_up_after(cluster: &mut Cluster) -> (usize, Duration) {
    let leader = cluster.leader(PATIENCE);
    let victim = (0..cluster.size()).find(|node| *node != leader).expect("there are three");
    let name = Setup::name(victim);
    let holds = |cluster: &Cluster| {
        let modems = cluster.asker().status(leader, ask::stale()).ok()?.modems;
        Some(modems.iter().any(|modem| modem.node == name && !modem.imei.is_empty()))
    };
    cluster.until("its modem", PATIENCE, || holds(cluster).filter(|holds| *holds));

    cluster.kill(victim);
    let killed = Instant::now();
    cluster.until("its session to end", PATIENCE, || holds(cluster).filter(|holds| !*holds));
    (victim, killed.elapsed())
}

#[test]
fn a_short_lease_frees_what_a_dead_node_held_sooner_than_the_default_would() {
    let mut cluster = three(SHORT);
    let mut shortest = Duration::MAX;

    for _ in 0..TRIES {
        cluster.start_all();
        shortest = shortest.min(given_up_after(&mut cluster).1);
        if shortest < DEFAULT_AT_LEAST {
            break;
        }
    }

    tell(&format!("a lease of half a second: given up after {shortest:?}"));
    assert!(shortest < DEFAULT_AT_LEAST, "given up after {shortest:?}\n{}", cluster.report());
}

#[test]
fn a_long_lease_keeps_it_longer_and_a_node_whose_file_differs_says_so_once() {
    let mut cluster = three(LONG);
    cluster.start_all();
    let leader = cluster.leader(PATIENCE);
    let other = (0..cluster.size()).find(|node| *node != leader).expect("there are three");
    cluster.stop(other);
    let path = cluster.dir().join(Setup::name(other)).join("smsgrid.toml");
    let config = fs::read_to_string(&path).expect("its file");
    fs::write(&path, config.replace(LONG, SHORT)).expect("room");
    cluster.start_all();
    assert_eq!(cluster.leader(PATIENCE), leader, "nothing was done to it");

    let (victim, after) = given_up_after(&mut cluster);

    tell(&format!("a lease of five seconds: given up after {after:?}"));
    assert!(after > DEFAULT_AT_MOST, "given up after {after:?}\n{}", cluster.report());
    assert_eq!(victim, other, "whatever its own file says");
    let log = cluster.nodes()[other].log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("lease.differs")).collect();
    let [line] = told.as_slice() else { panic!("told {} times: {told:?}", told.len()) };
    for words in [Setup::name(leader).as_str(), "5s", "500ms", "[lease]"] {
        assert!(line.contains(words), "{words} in {line}");
    }
}
