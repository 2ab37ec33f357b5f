//! A modem that is asked something between its messages, while it rests, while it cannot be asked.

use std::time::Duration;

use smsgrid::at::{AnswerEnd, FinalResult, Question};
use smsgrid::model::MessageState;
use smsgrid::worker::modem::{Answer, ModemWorker, Pace, Settings};

use crate::checks::check;
use crate::world::{Plan, World};

/// What nobody else asks.
const COMMAND: &str = "AT+CNUM";

fn world(personality: &'static str, keep_open: bool) -> World {
    World::new(Plan { personalities: vec![personality], keep_open, ..Plan::default() })
}

fn sent(world: &World) -> usize {
    world.queue().messages().filter(|record| record.state() == MessageState::Sent).count()
}

fn answers(world: &World) -> &[Answer] {
    &world.stations[0].answers
}

fn ask(world: &mut World) {
    world.ask(Question::read(COMMAND).expect("a command"), Duration::from_secs(60));
}

/// Whether the modem said something to it, whatever that was.
fn is_given(answer: &Answer) -> bool {
    matches!(answer, Answer::Given { end: AnswerEnd::Result(FinalResult::Ok | FinalResult::Error(_)), .. })
}

/// The commands that the worker wrote, without PDUs.
fn commands(world: &World) -> Vec<String> {
    let written = String::from_utf8_lossy(&world.stations[0].written).into_owned();
    written.split(['\r', '\u{1a}']).map(str::to_owned).collect()
}

/// How many parts had been sent when each message ended.
fn ends_of_messages(world: &World) -> Vec<usize> {
    let texts: Vec<&str> =
        world.stations[0].ledger.iter().filter_map(|entry| entry.text.as_deref()).collect();
    let last =
        |parts: &Vec<String>| texts.iter().position(|text| Some(*text) == parts.last().map(String::as_str));
    world.texts.values().filter_map(last).map(|at| at + 1).collect()
}

#[test]
fn a_modem_that_is_never_idle_is_asked_between_two_messages_and_never_between_parts() {
    let while_asked = ask_between_messages(world("steady?latency=9s", true), Duration::ZERO);
    // Neither keeps the other away: a message goes between two questions when one waits.
    assert!((7..=13).contains(&while_asked), "{while_asked}");
}

#[test]
fn a_modem_that_pauses_between_parts_is_not_asked_in_a_pause_within_a_message() {
    let mut world = world("steady?latency=3s", true);
    let station = &mut world.stations[0];
    let pace = Pace { sent_pause: Duration::from_secs(10), ..Pace::default() };
    station.worker = ModemWorker::new(Settings { pace, ..Settings::new(station.name.clone()) });
    ask_between_messages(world, Duration::from_secs(7));
}

/// Asks a busy modem again and again, this long after each answer, and holds each question to its place. How many messages were sent meanwhile.
fn ask_between_messages(mut world: World, wait: Duration) -> usize {
    world.run_until(|world| sent(world) == 2);
    for asked in 1..=8 {
        ask(&mut world);
        world.run_until(|world| answers(world).len() == asked);
        world.run_for(wait);
    }
    let while_asked = sent(&world);
    world.run();
    check(&world);

    assert!(answers(&world).iter().all(is_given), "{:?}", answers(&world));
    assert_eq!(sent(&world), world.messages());
    let written = commands(&world);
    let asked: Vec<usize> =
        (0..written.len()).filter(|at| written[*at].trim_start_matches('\u{1b}') == COMMAND).collect();
    assert_eq!(asked.len(), 8);
    assert!(asked.iter().all(|at| !written[at - 1].starts_with("AT+CMGS")), "{written:#?}");
    // The parts before each question are those of whole messages.
    let parts = |before: usize| written[..before].iter().filter(|line| line.starts_with("AT+CMGS")).count();
    let ends = ends_of_messages(&world);
    assert!(asked.iter().all(|at| ends.contains(&parts(*at))), "{ends:?}");
    while_asked
}

#[test]
fn a_resting_modem_is_opened_for_a_question_and_closed_a_moment_after_the_last() {
    let mut world = world("steady", false);
    world.run();
    world.run_until(|world| world.stations[0].is_closed());
    let openings = world.stations[0].openings;
    for asked in 1..=3 {
        ask(&mut world);
        world.run_until(|world| answers(world).len() == asked);
    }
    assert_eq!(world.stations[0].openings, openings + 1, "it stayed open for the next question");
    world.run_until(|world| world.stations[0].is_closed());

    assert!(answers(&world).iter().all(is_given), "{:?}", answers(&world));
}

#[test]
fn a_modem_that_is_suspended_or_not_set_up_in_time_is_not_asked() {
    let mut suspended = world("steady", true);
    suspended.run_until(|world| sent(world) == 2);
    suspended.suspend(Some("rack 3"));
    suspended.run_until(|world| world.stations[0].is_closed());
    ask(&mut suspended);
    suspended.settle_now();
    assert_eq!(answers(&suspended), [Answer::NotAsked]);

    let mut early = world("steady", true);
    early.ask(Question::read(COMMAND).expect("a command"), Duration::from_millis(1));
    early.run_until(|world| !answers(world).is_empty());
    assert_eq!(answers(&early), [Answer::NotAsked]);
    assert_eq!(early.stations[0].times_written(COMMAND), 0);
}

#[test]
fn a_second_question_before_the_first_is_answered_is_not_asked() {
    let mut world = world("steady", true);
    ask(&mut world);
    ask(&mut world);
    world.settle_now();
    assert_eq!(answers(&world), [Answer::NotAsked]);
    world.run_until(|world| answers(world).len() == 2);
    assert!(is_given(&answers(&world)[1]));
}

#[test]
fn a_question_whose_port_is_lost_ends_as_lost() {
    let mut world = world("steady?latency=9s", true);
    world.run_until(|world| sent(world) == 2);
    ask(&mut world);
    world.run_until(|world| world.stations[0].times_written(COMMAND) == 1 || !answers(world).is_empty());
    assert_eq!(answers(&world), [], "it is being asked");
    world.lose_port();
    assert_eq!(answers(&world), [Answer::Lost]);
    world.run();
    check(&world);
}

#[test]
fn no_question_leaves_the_modem_in_a_state_in_which_a_part_would_be_sent_as_another_text() {
    for line in ["AT+CMGF=1", "ATZ", "AT&F", "AT+CMGF=1;+NOSUCH", "ATE1"] {
        for keep_open in [true, false] {
            let mut world = world("steady?latency=9s", keep_open);
            world.run_until(|world| sent(world) == 2);
            for asked in 1..=3 {
                world.ask(Question::read(line).expect("a command"), Duration::from_secs(60));
                world.run_until(|world| answers(world).len() == asked);
            }
            world.run();
            check(&world);

            assert!(answers(&world).iter().all(is_given), "{line}: {:?}", answers(&world));
            assert_eq!(world.given_back, [], "{line}: each part got its prompt");
            assert_eq!(sent(&world), world.messages(), "{line}");
            assert!(world.stations[0].ledger.iter().all(|entry| {
                world.texts.values().flatten().any(|text| Some(text) == entry.text.as_ref())
            }));
        }
    }
}
