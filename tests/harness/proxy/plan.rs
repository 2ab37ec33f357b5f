//! A script of network faults, drawn from a seed.

use std::time::Duration;

use super::{Network, Rule};
use crate::chance::Chance;

/// Longest delay of a link.
const DELAY_MAX: Duration = Duration::from_millis(120);

/// One thing that happens to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One direction is held.
    OneWay(usize, usize),
    /// Two nodes do not reach each other; both reach the rest.
    Bridge(usize, usize),
    /// A node is held from all others, without being told.
    Isolate(usize),
    /// A node's connections break, and new ones are refused.
    Unplug(usize),
    /// Everything a node says or hears is late by this time.
    Slow(usize, Duration),
    /// The connections one node opened to another go half open.
    HalfOpen(usize, usize),
}

impl Step {
    /// Carries it out; [`Network::heal`] ends it.
    pub fn act(self, network: &Network) {
        match self {
            Step::OneWay(from, to) => network.set(from, to, Rule::Hold),
            Step::Bridge(a, b) => {
                network.set(a, b, Rule::Hold);
                network.set(b, a, Rule::Hold);
            }
            Step::Isolate(node) => network.set_around(node, Rule::Hold),
            Step::Unplug(node) => network.set_around(node, Rule::Refuse),
            Step::Slow(node, span) => network.set_around(node, Rule::Delay(span)),
            Step::HalfOpen(from, to) => network.half_open(from, to),
        }
    }

    /// How many nodes it may keep from renewing their lease.
    pub fn nodes(self) -> usize {
        match self {
            Step::OneWay(..) | Step::Bridge(..) | Step::HalfOpen(..) => 2,
            Step::Isolate(_) | Step::Unplug(_) | Step::Slow(..) => 1,
        }
    }
}

/// `count` steps for a cluster of `nodes`: the same for the same seed, and every kind at least once in each six.
pub fn draw(seed: u64, nodes: usize, count: usize) -> Vec<Step> {
    let mut chance = Chance::new(seed);
    let mut steps = Vec::with_capacity(count);
    while steps.len() < count {
        let mut kinds = [0, 1, 2, 3, 4, 5];
        for last in (1..kinds.len()).rev() {
            kinds.swap(last, chance.below(last + 1));
        }
        steps.extend(kinds.map(|kind| step(kind, nodes, &mut chance)));
    }
    steps.truncate(count);
    steps
}

fn step(kind: usize, nodes: usize, chance: &mut Chance) -> Step {
    let first = chance.below(nodes);
    let second = (first + 1 + chance.below(nodes - 1)) % nodes;
    match kind {
        0 => Step::OneWay(first, second),
        1 => Step::Bridge(first, second),
        2 => Step::Isolate(first),
        3 => Step::Unplug(first),
        4 => Step::Slow(first, chance.up_to(DELAY_MAX)),
        _ => Step::HalfOpen(first, second),
    }
}

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use super::*;

    #[test]
    fn a_seed_draws_the_same_steps_and_each_kind_in_turn() {
        let steps = draw(5, 3, 12);

        assert_eq!(steps, draw(5, 3, 12));
        assert_ne!(steps, draw(6, 3, 12));
        for six in steps.chunks(6) {
            let alike =
                |step: &Step| six.iter().filter(|other| discriminant(*other) == discriminant(step)).count();
            assert!(six.iter().all(|step| alike(step) == 1), "{six:?}");
            assert!(six.iter().all(|step| !matches!(step, Step::OneWay(a, b) | Step::Bridge(a, b) | Step::HalfOpen(a, b) if a == b)));
        }
    }
}
