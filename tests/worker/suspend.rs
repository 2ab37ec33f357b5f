//! A modem that the suspend file names: busy, resting, saying its `stop`, and named for a moment only.

use std::time::Duration;

use smsgrid::model::MessageState;
use smsgrid::queue::{AttemptState, Record};
use smsgrid::worker::modem::{ModemWorker, Notice, Pace, Settings};

use crate::checks::check;
use crate::world::{Plan, World};

/// A `stop` that changes nothing in the simulated modem, and that nobody else says.
const STOP: &str = "AT+CMEE=2";
/// What a set-up asks first.
const SET_UP: &str = "AT+CGMI\r";

/// One steady modem that says `STOP`.
fn world(keep_open: bool) -> World {
    pausing_world(keep_open, Duration::ZERO)
}

/// One that pauses after each part.
fn pausing_world(keep_open: bool, sent_pause: Duration) -> World {
    let mut world = World::new(Plan { personalities: vec!["steady"], keep_open, ..Plan::default() });
    let station = &mut world.stations[0];
    let pace = Pace { sent_pause, ..Pace::default() };
    let mut settings = Settings { keep_open, pace, ..Settings::new(station.name.clone()) };
    settings.profile.stop = Some(STOP.to_owned());
    station.worker = ModemWorker::new(settings);
    world
}

/// How many messages were begun.
fn begun(world: &World) -> usize {
    world.queue().messages().filter(|record| record.is_exposed()).count()
}

fn sent(world: &World) -> usize {
    world.queue().messages().filter(|record| record.state() == MessageState::Sent).count()
}

/// How often the operator was told that the modem is suspended, and that it is in use again.
fn told(world: &World) -> (usize, usize) {
    let count =
        |is: fn(&Notice) -> bool| world.stations[0].notices.iter().filter(|notice| is(notice)).count();
    (count(|notice| matches!(notice, Notice::Suspended { .. })), count(|notice| *notice == Notice::Resumed))
}

fn stops(world: &World) -> usize {
    world.stations[0].times_written(&format!("{STOP}\r"))
}

/// Runs on to the end and holds everything to be sent.
fn finish(world: &mut World) {
    world.run();
    check(world);
    assert_eq!(sent(world), world.messages());
}

#[test]
fn a_busy_modem_sends_what_it_has_begun_and_begins_nothing_until_it_is_taken_into_use_again() {
    let mut world = world(true);
    world.run_until(|world| begun(world) == 3 && sent(world) == 2);
    world.suspend(Some("rack 3"));
    world.run_until(|world| told(world) == (1, 0));
    assert_eq!((begun(&world), sent(&world), stops(&world)), (3, 3, 1));
    assert!(world.stations[0].is_closed());

    world.run_for(Duration::from_secs(90));
    assert_eq!((begun(&world), told(&world)), (3, (1, 0)));
    assert!(world.queue().messages().count() > 3, "others wait");
    assert!(world.stations[0].is_closed());

    world.suspend(None);
    finish(&mut world);
    assert_eq!(told(&world), (1, 1));
}

#[test]
fn a_modem_that_was_named_only_while_it_was_sending_was_never_suspended() {
    let mut world = world(true);
    world.run_until(|world| begun(world) == 3 && sent(world) == 2);
    world.suspend(Some("rack 3"));
    assert_eq!(sent(&world), 2);
    world.suspend(None);
    let openings = world.stations[0].openings;

    finish(&mut world);
    assert_eq!((told(&world), stops(&world)), ((0, 0), 0));
    assert_eq!(world.stations[0].openings, openings);
}

#[test]
fn a_modem_taken_back_while_it_says_its_stop_says_it_the_next_time_too() {
    let mut world = taken_back_at_its_stop();
    world.run_until(|world| begun(world) == 4);
    world.suspend(Some("rack 3"));
    world.run_until(|world| told(world).0 == 1);
    assert_eq!(stops(&world), 2);

    world.suspend(None);
    finish(&mut world);
}

#[test]
fn a_set_up_after_a_stop_that_was_taken_back_holds_up_no_drain() {
    let mut world = taken_back_at_its_stop();
    let set_ups = world.stations[0].times_written(SET_UP);
    world.run_until(|world| world.stations[0].times_written(SET_UP) > set_ups);
    world.drain();
    world.settle_now();

    assert!(world.stations[0].worker.is_stopped(), "the set-up was waited for");
}

/// Suspended after some messages, and taken back before its `stop` was answered.
fn taken_back_at_its_stop() -> World {
    let mut world = world(true);
    world.run_until(|world| begun(world) == 3 && sent(world) == 2);
    world.suspend(Some("rack 3"));
    world.run_until(|world| stops(world) == 1);
    assert_eq!(told(&world), (0, 0), "the stop is being said");
    world.suspend(None);
    world
}

#[test]
fn a_resting_modem_is_suspended_without_a_word() {
    let mut world = world(false);
    world.run_until(|world| sent(world) > 0 && world.stations[0].is_closed());
    let (openings, before) = (world.stations[0].openings, stops(&world));
    assert!(world.stations[0].worker.registration().is_some(), "it rests");
    world.suspend(Some("SIM out"));
    world.run_until(|world| told(world) == (1, 0));
    world.run_for(Duration::from_secs(60));
    assert_eq!((world.stations[0].openings, stops(&world)), (openings, before));

    world.suspend(None);
    finish(&mut world);
    assert_eq!(told(&world), (1, 1));
}

#[test]
fn a_resting_modem_says_its_stop_when_the_node_stops() {
    let mut world = world(false);
    world.run_until(|world| sent(world) > 0 && world.stations[0].is_closed());
    let before = stops(&world);
    world.drain();
    world.run_until(|world| stops(world) > before);
}

fn rounds(world: &World) -> usize {
    world.stations[0].notices.iter().filter(|notice| **notice == Notice::SuspensionBroken).count()
}

#[test]
fn a_round_sends_one_message_and_the_modem_is_left_alone_again() {
    for keep_open in [true, false] {
        let mut world = world(keep_open);
        world.run_until(|world| begun(world) == 3 && sent(world) == 2);
        world.break_suspension();
        assert_eq!(rounds(&world), 0, "it is not suspended");
        world.suspend(Some("rack 3"));
        world.run_until(|world| told(world) == (1, 0));
        world.run_for(Duration::from_secs(90));
        assert!(world.queue().messages().count() > 5, "others wait");

        for round in 1..=2 {
            world.break_suspension();
            world.run_until(|world| told(world) == (1 + round, 0));
            world.settle_now();

            assert_eq!((begun(&world), sent(&world)), (3 + round, 3 + round), "{keep_open}");
            assert_eq!((rounds(&world), told(&world)), (round, (1 + round, 0)));
            assert_eq!(stops(&world), 1 + round, "each time it is left");
            assert!(world.stations[0].is_closed() && world.stations[0].worker.registration().is_none());
        }
        world.suspend(None);
        finish(&mut world);
    }
}

#[test]
fn a_round_without_a_message_ends_by_itself() {
    let mut world = world(true);
    finish(&mut world);
    world.suspend(Some("rack 3"));
    world.run_until(|world| told(world) == (1, 0));
    let set_ups = world.stations[0].times_written(SET_UP);

    world.break_suspension();
    world.run_until(|world| told(world) == (2, 0));

    assert_eq!(world.stations[0].times_written(SET_UP), set_ups + 1, "it looked");
    assert!(world.stations[0].is_closed());
}

/// Pause of a modem with one: far shorter than a round.
const PAUSE: Duration = Duration::from_secs(30);

/// A modem with a pause that writes the first of three parts.
fn in_a_first_part() -> World {
    let mut world = pausing_world(true, PAUSE);
    world.run_until(|world| {
        let claims = world.queue().messages().filter(|record| record.parts_count() == 3);
        let mut firsts = claims.flat_map(|record| record.attempts().filter(|(at, _)| at.part.0 == 1));
        firsts.any(|(_, attempt)| attempt.state == AttemptState::InFlight)
    });
    world
}

/// How many messages are sent in part.
fn halves(world: &World) -> usize {
    let is_half = |record: &&Record| record.is_exposed() && record.missing_part().is_some();
    world.queue().messages().filter(is_half).count()
}

#[test]
fn a_message_that_was_begun_goes_to_its_end_before_a_modem_with_a_pause_is_left() {
    let mut suspended = in_a_first_part();
    assert_eq!(halves(&suspended), 1);
    suspended.suspend(Some("rack 3"));
    suspended.run_until(|world| told(world).0 == 1);
    assert_eq!(halves(&suspended), 0, "suspended");
    suspended.suspend(None);
    finish(&mut suspended);

    let mut drained = in_a_first_part();
    drained.drain();
    drained.run_until(|world| stops(world) == 1);
    assert_eq!(halves(&drained), 0, "drained");
}

#[test]
fn a_round_of_a_modem_with_a_pause_sends_its_message_whole_and_the_next_round_another() {
    for keep_open in [true, false] {
        let mut world = pausing_world(keep_open, PAUSE);
        world.run_until(|world| sent(world) == 1);
        world.suspend(Some("rack 3"));
        world.run_until(|world| told(world) == (1, 0));
        let before = sent(&world);
        world.run_until(|world| world.queue().messages().count() > 8);
        for round in 1..=5 {
            world.break_suspension();
            world.run_until(|world| told(world) == (1 + round, 0));
            world.settle_now();

            assert_eq!((sent(&world), halves(&world)), (before + round, 0), "round {round}, {keep_open}");
        }
        assert!(world.texts.values().any(|parts| parts.len() == 3));
        world.suspend(None);
        finish(&mut world);
    }
}

#[test]
fn a_suspend_file_that_changes_for_another_modem_ends_no_round() {
    let mut world = world(true);
    world.run_until(|world| sent(world) == 2);
    world.suspend(Some("rack 3"));
    world.run_until(|world| told(world) == (1, 0));
    let before = sent(&world);
    world.run_for(Duration::from_secs(90));
    world.suspend(Some("rack 3"));
    world.settle_now();
    world.break_suspension();
    world.run_until(|world| world.stations[0].worker.registration().is_some());
    world.suspend(Some("rack 3"));
    world.run_until(|world| told(world) == (2, 0));

    assert_eq!(sent(&world), before + 1);
    world.suspend(None);
    finish(&mut world);
}
