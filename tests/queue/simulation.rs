//! Seeds: whole stories of a cluster, with every fault at any instant.

use std::collections::BTreeMap;

use smsgrid::model::Position;
use smsgrid::queue::codec::{Decoded, decode_entry, encode_entry};
use smsgrid::queue::{Queue, Reply};

use crate::sim::{ALL_FAULTS, Faults, LATE_ANSWERS, NO_FAULTS, Setup, World};

/// Stories with faults, unless `QUEUE_SEEDS` asks for another number.
const SEEDS: u64 = 36;

/// Every situation a rule of the protocol is there for.
const SITUATIONS: [&str; 25] = [
    "cancel of a claim not started",
    "cancel of a part in flight",
    "cancel of a resend",
    "deadline of a part in flight",
    "expiry with a claim not started",
    "expiry with a part in flight",
    "image beside an open proposal",
    "late refusal",
    "late refusal beside a part in flight",
    "late success",
    "late success beside a newer claim",
    "modem held elsewhere",
    "not written after the session",
    "not written before its start",
    "not written beside a newer claim",
    "not written while in flight",
    "outcome beside a newer claim",
    "outcome said again",
    "registered again over an open claim",
    "retry beside a part in flight",
    "retry of what may have been sent",
    "retry of what was given up again since",
    "retry of what was not sent",
    "sent again as a whole",
    "stale outcome with a next part",
];

#[test]
fn no_property_is_broken_by_faults_at_any_instant_and_everything_settles() {
    let mut seen = BTreeMap::new();
    for seed in 0..seeds() {
        let mut world = story(seed, faults(seed));
        assert!(world.replicas_agree(), "seed {seed}: replicas differ");
        for (situation, count) in &world.ledger.seen {
            *seen.entry(*situation).or_insert(0) += count;
        }
        assert!(world.ledger.aired_count() > 3, "seed {seed}: a story is about sending");
    }

    let missing: Vec<_> = SITUATIONS.iter().filter(|situation| !seen.contains_key(*situation)).collect();
    assert!(missing.is_empty() || seeds() < SEEDS, "never came up: {missing:?}; seen: {seen:?}");
}

#[test]
fn without_faults_nothing_becomes_uncertain() {
    for seed in 0..seeds() / 3 {
        story(seed, NO_FAULTS);
    }
}

#[test]
fn a_command_that_comes_twice_changes_nothing_and_gets_the_same_answer() {
    for seed in 0..3 {
        let world = story(seed, faults(seed));
        let mut queue = Queue::new(world.setup.policy.clone());
        for (at, command) in world.commands().enumerate() {
            let mut said = |offset| {
                let position = Position { index: at as u64 + 1, offset };
                (queue.apply(position, command, &mut Vec::new()), queue.fingerprint())
            };
            let (first, state) = said(0);
            let (second, state_again) = said(1);

            assert_eq!(known(first), known(second), "seed {seed}, entry {}: {:?}", at + 1, command.body);
            assert_eq!(state, state_again, "seed {seed}, entry {}: {:?}", at + 1, command.body);
        }
    }
}

#[test]
fn a_log_read_back_from_its_octets_makes_the_same_state() {
    for seed in 0..3 {
        let mut world = story(seed, faults(seed));
        assert!(world.replicas_agree());
        let mut queue = Queue::new(world.setup.policy.clone());
        for (at, command) in world.commands().enumerate() {
            let decoded = decode_entry(&encode_entry(std::slice::from_ref(command))).expect("just written");
            let [Decoded::Command(read)] = decoded.as_slice() else { panic!("one command") };
            queue.apply(Position { index: at as u64 + 1, offset: 0 }, read, &mut Vec::new());
        }

        assert_eq!(queue.fingerprint(), world.main.queue().fingerprint(), "seed {seed}");
    }
}

fn seeds() -> u64 {
    std::env::var("QUEUE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS)
}

fn faults(seed: u64) -> Faults {
    if seed % 3 == 2 { LATE_ANSWERS } else { ALL_FAULTS }
}

fn story(seed: u64, faults: Faults) -> World {
    Setup::new(seed, faults).run().unwrap_or_else(|broken| panic!("{broken}"))
}

/// A repetition of a submit is told that it is one.
fn known(reply: Reply) -> Reply {
    match reply {
        Reply::Accepted { id, state, replayed: _ } => Reply::Accepted { id, state, replayed: true },
        other => other,
    }
}
