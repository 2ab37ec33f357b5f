//! What must hold after every run, whatever happened in it.

use std::collections::BTreeMap;

use smsgrid::model::MessageState;
use smsgrid::queue::{AttemptState, Record};

use crate::world::World;

pub(crate) fn check(world: &World) {
    let copies = world.copies();
    for record in world.queue().messages() {
        let texts = &world.texts[&record.id];
        for part in record.parts() {
            let text = &texts[usize::from(part.number.0) - 1];
            let aired = copies.get(text).copied().unwrap_or_default();
            check_part(world, record, part.number.0, part.state, aired);
        }
    }
    check_drivers(world);
    check_bound(world);
}

fn check_part(world: &World, record: &Record, number: u8, state: AttemptState, aired: usize) {
    let seed = world.plan.seed;
    let attempts: Vec<_> = record
        .attempts()
        .filter(|(attempt, _)| attempt.part.0 == number)
        .map(|(_, attempt)| attempt)
        .collect();
    let doubts = attempts.iter().filter(|attempt| attempt.was_uncertain).count();
    let context = format!("seed {seed}, {} part {number}: {:#?}", record.id, attempts);

    assert!(aired <= 1 + doubts, "on the air {aired} times with {doubts} doubts; {context}");
    if state == AttemptState::Sent {
        assert!(aired >= 1, "called sent and never on the air; {context}");
    }
    if record.state() == MessageState::Sent {
        assert!(aired >= 1, "message sent without this part; {context}");
    }
    if aired > 0 && record.state() == MessageState::Queued {
        assert!(doubts > 0 || state == AttemptState::Sent, "on the air and forgotten; {context}");
    }
}

/// The driver never did what a strict modem forbids.
fn check_drivers(world: &World) {
    for station in &world.stations {
        let violations: BTreeMap<_, _> = station.device.violations().clone();
        assert!(violations.is_empty(), "seed {}: {violations:?} at {}", world.plan.seed, station.name);
    }
}

/// Uncertain parts at most one for each fault and modem; none without a fault.
fn check_bound(world: &World) {
    let doubts = world
        .queue()
        .messages()
        .flat_map(|record| record.attempts())
        .filter(|(_, attempt)| attempt.was_uncertain);
    let bound = world.faults * world.stations.len();
    let count = doubts.count();
    assert!(count <= bound, "seed {}: {count} uncertain parts, {} faults", world.plan.seed, world.faults);
}
