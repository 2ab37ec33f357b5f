//! One modem that two nodes reach: registered once, taken over when its node dies, never driven by both.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid::model::MessageState;
use smsgrid::worker::modem::Notice;

use crate::seeds;
use crate::two_nodes::Shared;

/// Longer than a session may be silent.
const BEYOND_LEASE: Duration = Duration::from_secs(4);
const FOR_EVER: Duration = Duration::from_secs(1_000_000);

#[test]
fn a_modem_two_nodes_reach_is_registered_once_and_the_other_node_leaves_it_alone() {
    for seed in seeds() {
        let mut world = Shared::new(seed, 20);

        world.until("everything is sent", is_over);
        world.pass(Duration::from_secs(120));

        assert_eq!(world.registered.values().sum::<usize>(), 1, "seed {seed}: {:?}", world.registered);
        assert_eq!(doubts(&world), 0, "seed {seed}");
        let told = |host: usize| {
            world.hosts[host]
                .notices
                .iter()
                .filter(|notice| matches!(notice, Notice::HeldElsewhere { .. }))
                .count()
        };
        assert_eq!((told(0), told(1)), (0, 1), "seed {seed}: who has it is news once");
        check(&world, 0);
    }
}

#[test]
fn a_modem_is_taken_over_when_its_node_dies_and_its_open_part_is_uncertain_before_that() {
    for seed in seeds() {
        let mut world = Shared::new(seed, 20);
        world.until("the modem is registered", |world| world.holder().is_some());
        let wait = world.draw(3000);
        world.pass(Duration::from_millis(wait));
        let holder = world.holder().expect("nothing has happened to it");

        world.stand_still(holder, FOR_EVER);
        world.until("the other node has it", |world| world.holder() == Some(1 - holder));
        assert_eq!(orphans(&world), 0, "seed {seed}: a part is in flight for nobody");
        world.until("everything has ended", is_over);

        assert_eq!(world.registered[&world.hosts[1 - holder].node], 1, "seed {seed}");
        check(&world, 1);
    }
}

#[test]
fn a_node_that_was_paused_beyond_its_lease_takes_nothing_back() {
    for seed in seeds() {
        let mut world = Shared::new(seed, 40);
        for pause in 0..3 {
            world.until("the modem is registered", |world| world.holder().is_some());
            let wait = world.draw(4000);
            world.pass(Duration::from_millis(wait));
            let Some(holder) = world.holder() else { continue };

            let beyond = world.draw(20_000);
            world.stand_still(holder, BEYOND_LEASE + Duration::from_millis(beyond));
            world.pass(BEYOND_LEASE);

            assert_ne!(world.holder(), Some(holder), "seed {seed}: pause {pause}");
        }
        world.until("everything has ended", is_over);

        check(&world, 3);
    }
}

#[test]
fn a_pause_within_the_lease_moves_nothing() {
    for seed in seeds() {
        let mut world = Shared::new(seed, 10);
        world.until("the modem is registered", |world| world.holder().is_some());
        let holder = world.holder();

        world.stand_still(holder.expect("it is registered"), Duration::from_millis(1500));
        world.until("everything is sent", is_over);

        assert_eq!(world.holder(), holder, "seed {seed}");
        check(&world, 0);
    }
}

/// Whatever happened: nobody broke in, nothing was doubled in silence, doubts only for faults.
fn check(world: &Shared, faults: usize) {
    assert_eq!(world.intrusions, 0, "a port was opened while another node's session had the modem");
    assert!(doubts(world) <= faults, "{} doubts after {faults} faults", doubts(world));
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &world.ledger {
        *copies.entry(entry.text.as_deref().unwrap_or_default()).or_default() += 1;
    }
    for (record, text) in world.queue.messages().zip(&world.texts) {
        let aired = copies.get(text.as_str()).copied().unwrap_or_default();
        let doubts = record.attempts().filter(|(_, attempt)| attempt.was_uncertain).count();
        assert!(aired <= 1 + doubts, "{text:?} was on the air {aired} times with {doubts} doubts");
        assert!(aired >= 1 || record.state() != MessageState::Sent, "{text:?} was never on the air");
    }
}

fn is_over(world: &Shared) -> bool {
    world.queue.messages().all(|record| record.state().is_final())
}

fn doubts(world: &Shared) -> usize {
    let records = world.queue.messages().flat_map(|record| record.attempts());
    records.filter(|(_, attempt)| attempt.was_uncertain).count()
}

/// Parts in flight under a session that is over.
fn orphans(world: &Shared) -> usize {
    let claims = world.queue.messages().flat_map(|record| record.claims());
    let orphans = claims.filter(|claim| world.queue.session_by_id(claim.session).is_none());
    orphans.filter(|claim| claim.in_flight().is_some()).count()
}
