//! Seeds: whole stories of a cluster, with every fault at any instant.

use crate::sim::{ALL_FAULTS, NO_FAULTS, Setup};

/// Stories with faults, unless `QUEUE_SEEDS` asks for another number.
const SEEDS: u64 = 60;

fn seeds() -> u64 {
    std::env::var("QUEUE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS)
}

#[test]
fn no_property_is_broken_by_faults_at_any_instant_and_everything_settles() {
    let mut aired = 0;
    for seed in 0..seeds() {
        match Setup::new(seed, ALL_FAULTS).run() {
            Ok(mut world) => {
                assert!(world.replicas_agree(), "seed {seed}: replicas differ");
                aired += world.ledger.aired_count();
            }
            Err(broken) => panic!("{broken}"),
        }
    }
    println!("{aired} parts aired in {} stories", seeds());
    assert!(aired as u64 > 5 * seeds(), "the stories are about sending: {aired} parts aired");
}

#[test]
fn without_faults_nothing_becomes_uncertain() {
    for seed in 0..seeds() / 2 {
        if let Err(broken) = Setup::new(seed, NO_FAULTS).run() {
            panic!("{broken}");
        }
    }
}
