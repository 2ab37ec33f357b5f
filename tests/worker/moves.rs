//! A modem that gets another port: busy, with a `start` and a check of its SIM, and between its ports.

use std::time::Duration;

use smsgrid::at::{CheckSim, SimReset, StartCommand};
use smsgrid::model::MessageState;
use smsgrid::worker::modem::{ModemWorker, Settings};

use crate::checks::check;
use crate::world::{Plan, World};

/// A `start` and a look at the SIM that change nothing in the simulated modem, and that nobody else says.
const START: &str = "AT+CMEE=2";
const LOOK: &str = "AT+CPIN?;+CPIN?";

fn world() -> World {
    World::new(Plan { personalities: vec!["steady"], ..Plan::default() })
}

fn begun(world: &World) -> usize {
    world.queue().messages().filter(|record| record.is_exposed()).count()
}

fn sent(world: &World) -> usize {
    world.queue().messages().filter(|record| record.state() == MessageState::Sent).count()
}

#[test]
fn a_busy_modem_sends_what_it_has_begun_before_it_leaves_and_nothing_before_it_arrives() {
    let mut world = world();
    world.run_until(|world| begun(world) == 3 && sent(world) == 2);
    world.move_away();
    world.move_away();
    assert!(!world.stations[0].is_closed(), "a part is on the wire");
    world.run_until(|world| world.stations[0].left == 1);
    assert_eq!((begun(&world), sent(&world)), (3, 3));
    assert!(world.stations[0].is_closed());

    world.move_away();
    world.run_for(Duration::from_secs(90));
    assert_eq!((begun(&world), world.stations[0].left), (3, 1));
    assert!(world.stations[0].is_closed());

    world.arrive();
    world.run();
    check(&world);
    assert_eq!(sent(&world), world.messages());
    let mut attempts = world.queue().messages().flat_map(|record| record.attempts());
    assert!(attempts.all(|(_, attempt)| !attempt.was_uncertain), "nothing was cut off");
}

#[test]
fn the_modem_at_the_new_port_gets_its_start_and_its_look_at_the_sim() {
    let mut world = world();
    let station = &mut world.stations[0];
    let mut settings = Settings::new(station.name.clone());
    settings.profile.start = Some(StartCommand { line: START.to_owned(), rest: Duration::ZERO });
    let reset = SimReset::read("AT[1]").expect("a reset");
    settings.profile.check_sim = Some(CheckSim { command: LOOK.to_owned(), once: true, reset });
    station.worker = ModemWorker::new(settings);
    let told =
        |world: &World| [START, LOOK].map(|line| world.stations[0].times_written(&format!("{line}\r")));
    world.run_until(|world| sent(world) == 1);
    world.lose_port();
    world.run_until(|world| sent(world) == 2);
    assert_eq!(told(&world), [1, 1], "the same modem, opened again");

    world.move_away();
    world.run_until(|world| world.stations[0].left == 1);
    world.arrive();
    world.run_until(|world| sent(world) == 4);
    assert_eq!(told(&world), [2, 2]);
}
