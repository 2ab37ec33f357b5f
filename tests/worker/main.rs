//! Workers, queue, dialogue and simulated modems together in one thread, under a clock the test moves.
//!
//! The logic is the node's own; what is simulated is the disk, the log's latency and the passing of time. A node may
//! die between any two steps: its workers and what was not durable are gone, the modems and the log live on.

mod asking;
mod chance;
mod checks;
mod moves;
mod pins;
mod sim_checks;
mod station;
mod suspend;
mod takeover;
mod two_nodes;
mod world;

use std::time::Duration;

use smsgrid::model::{MessageState, NotWrittenReason, UncertainPolicy};

use smsgrid::worker::modem::Notice;

use checks::check;
use world::{Plan, Upset, World};

/// How many seeds each test runs; `SMSGRID_SEEDS` replaces it.
const SEEDS: u64 = 12;

fn seeds() -> impl Iterator<Item = u64> {
    let count = std::env::var("SMSGRID_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let first = std::env::var("SMSGRID_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    first..first + count
}

fn run(plan: Plan) -> World {
    let mut world = World::new(plan);
    world.run();
    check(&world);
    world
}

#[test]
fn without_faults_every_message_is_sent_once_and_nothing_is_uncertain() {
    for seed in seeds() {
        let world = run(Plan { seed, personalities: vec!["fast", "steady", "normal"], ..Plan::default() });

        for record in world.queue().messages() {
            assert_eq!(record.state(), MessageState::Sent, "seed {seed}: {} {:?}", record.id, record.cause());
            assert!(record.attempts().all(|(_, attempt)| !attempt.was_uncertain), "seed {seed}");
        }
    }
}

#[test]
fn what_an_outcome_started_is_given_back_by_a_worker_that_cannot_write_it() {
    for (upset, reason) in [
        (Upset::Drain, NotWrittenReason::Draining),
        (Upset::PortLost, NotWrittenReason::PortLost),
        (Upset::SessionLost, NotWrittenReason::LeaseLost),
    ] {
        for seed in seeds() {
            // Slow enough that messages wait for the modem.
            let personalities = vec!["steady?latency=9s"];
            let world = run(Plan { seed, personalities, upset: Some(upset), ..Plan::default() });

            assert_eq!(world.given_back, [reason], "{upset:?}, seed {seed}");
            for record in world.queue().messages() {
                assert_eq!(record.state(), MessageState::Sent, "{upset:?}, seed {seed}");
                assert!(!record.possible_duplicate, "{upset:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_modem_that_is_never_idle_looks_at_its_network_all_the_same() {
    let world = run(Plan { personalities: vec!["steady?latency=9s"], ..Plan::default() });

    // Thirty messages of one to three parts take more than five minutes, and the network is looked at each minute.
    let notices = &world.stations[0].notices;
    let surveys = notices.iter().filter(|notice| matches!(notice, Notice::Surveyed(_))).count();
    assert!(surveys > 4, "{surveys}");
}

#[test]
fn refusals_are_retried_until_sent_or_used_up_and_never_doubled() {
    for seed in seeds() {
        let world = run(Plan { seed, personalities: vec!["flaky", "flaky"], ..Plan::default() });

        let finals = world.queue().messages().filter(|record| record.state().is_final()).count();
        assert_eq!(finals, world.messages(), "seed {seed}");
    }
}

#[test]
fn a_node_that_dies_at_any_step_loses_nothing_and_doubles_nothing_in_silence() {
    for seed in seeds() {
        run(Plan {
            seed,
            personalities: vec!["fast", "steady"],
            deaths: 8,
            policy: UncertainPolicy::Resend,
            ..Plan::default()
        });
    }
}

#[test]
fn under_hold_no_part_is_ever_on_the_air_twice() {
    for seed in seeds() {
        let world = run(Plan {
            seed,
            personalities: vec!["fast", "steady"],
            deaths: 8,
            lost_answers: 4,
            policy: UncertainPolicy::Hold,
            ..Plan::default()
        });

        for (text, copies) in world.copies() {
            assert_eq!(copies, 1, "seed {seed}: {text:?} was on the air {copies} times");
        }
    }
}

#[test]
fn modems_that_vanish_hang_or_restart_leave_only_honest_doubts() {
    for seed in seeds() {
        run(Plan {
            seed,
            personalities: vec!["steady", "steady", "steady"],
            vanishings: 6,
            lost_answers: 3,
            resets: 3,
            ..Plan::default()
        });
    }
}

#[test]
fn ports_that_are_closed_while_idle_lose_nothing_and_double_nothing_in_silence() {
    for seed in seeds() {
        let personalities = vec!["fast", "steady"];
        let calm =
            run(Plan { seed, personalities: personalities.clone(), keep_open: false, ..Plan::default() });
        for station in &calm.stations {
            assert!(station.openings > 1, "seed {seed}: {} was never closed", station.name);
        }
        let states = calm.queue().messages().map(|record| record.state());
        assert!(states.into_iter().all(|state| state == MessageState::Sent), "seed {seed}");

        run(Plan {
            seed,
            personalities,
            deaths: 3,
            vanishings: 3,
            resets: 2,
            lost_answers: 2,
            pauses: 2,
            pause: Duration::from_secs(4),
            keep_open: false,
            ..Plan::default()
        });
    }
}

#[test]
fn a_paused_node_writes_nothing_until_its_lease_is_renewed() {
    for seed in seeds() {
        run(Plan {
            seed,
            personalities: vec!["steady", "steady"],
            pauses: 6,
            pause: Duration::from_secs(20),
            ..Plan::default()
        });
    }
}
