//! The power of one node, of a majority, and of all nodes goes.

use smsgrid_tests::checker;
use smsgrid_tests::cluster::Setup;
use smsgrid_tests::scenario::{self, MODEM};

use super::{smsnode, tell};

/// `SMSGRID_SEED`, or 1.
fn seed() -> u64 {
    std::env::var("SMSGRID_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

#[test]
fn power_cuts_of_one_a_majority_and_all_lose_nothing_that_was_acknowledged() {
    let verdict = scenario::power_cuts(smsnode(), Setup::three(2, MODEM), &[1, 2, 3], seed());

    let evidence = verdict.unwrap_or_else(|broken| panic!("{broken}"));
    tell(&format!("power cut three times: {}", checker::summary(&evidence)));
}
