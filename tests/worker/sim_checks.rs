//! A SIM that the operator's check finds not ready: resets, giving up, and the SIM that comes all the same.

use std::time::Duration;

use smsgrid::at::{CheckSim, SimReset};
use smsgrid::model::{MessageState, Name, Time};
use smsgrid::simulator::SimCard;
use smsgrid::worker::modem::{ModemWorker, Notice, Settings, SimRetries};

use crate::checks::check;
use crate::world::{Plan, World};

/// A reset that changes nothing in the simulated modem, and that nobody else says.
const RESET: &str = "AT+CMEE=2";
const LOOK: &str = "AT+CPIN?\r";
const WAIT: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// One modem without its card, looked at again `max` times, and the card.
fn world(max: u32, keep_open: bool) -> (World, Option<SimCard>) {
    let mut world = World::new(Plan { personalities: vec!["steady"], ..Plan::default() });
    let station = &mut world.stations[0];
    station.worker = ModemWorker::new(settings(station.name.clone(), max, keep_open));
    let card = station.device.change_card(None, Time::ZERO);
    (world, card)
}

fn settings(name: Name, max: u32, keep_open: bool) -> Settings {
    let mut settings = Settings::new(name);
    let reset = SimReset::read(&format!("{RESET}[1]")).expect("a reset");
    settings.profile.check_sim = Some(CheckSim { command: "AT+CPIN?".to_owned(), once: false, reset });
    settings.sim_retries = SimRetries { max: Some(max), wait: WAIT, keep_open };
    settings
}

/// One modem with its card whose port stays open while a card is missing, and another one that has none.
fn world_of_two() -> World {
    let mut world = World::new(Plan { personalities: vec!["steady", "steady"], ..Plan::default() });
    for station in &mut world.stations {
        station.worker = ModemWorker::new(settings(station.name.clone(), 1000, true));
    }
    world.stations[1].device.change_card(None, Time::ZERO);
    world
}

/// The tries that were told with what follows, and how often the SIM was given up.
fn told(world: &World) -> (Vec<(u32, Option<Duration>)>, usize) {
    let tried = |notice: &Notice| {
        let Notice::SimNotReady { tries, again, .. } = notice else { return None };
        Some((*tries, *again))
    };
    let notices = &world.stations[0].notices;
    let is_over = |notice: &&Notice| matches!(notice, Notice::SimGivenUp { .. });
    (notices.iter().filter_map(tried).collect(), notices.iter().filter(is_over).count())
}

fn written(world: &World, line: &str) -> usize {
    world.stations[0].times_written(line)
}

#[test]
fn after_the_last_retry_a_sim_is_looked_at_once_a_minute_in_silence_and_used_when_it_comes() {
    for keep_open in [false, true] {
        let (mut world, card) = world(2, keep_open);
        world.run_for(HOUR);
        world.run_until(|world| world.stations[0].is_closed());

        let again = Some(WAIT);
        assert_eq!(told(&world), (vec![(1, again), (2, again), (3, None)], 1));
        assert_eq!(written(&world, &format!("{RESET}\r")), 2, "one before each retry and none afterwards");
        let looks = written(&world, LOOK);
        assert!((50..=63).contains(&looks), "{looks} looks in an hour");
        let openings = world.stations[0].openings;
        assert_eq!(openings, if keep_open { looks - 2 } else { looks });

        world.stations[0].device.change_card(card, Time::ZERO + HOUR);
        world.run();
        check(&world);
        let sent = world.queue().messages().filter(|record| record.state() == MessageState::Sent).count();
        assert_eq!(sent, world.messages());
    }
}

#[test]
fn a_modem_that_waits_for_its_sim_holds_up_no_stop() {
    for keep_open in [false, true] {
        let (mut world, _card) = world(2, keep_open);
        world.run_until(|world| told(world).0.len() == 1);
        world.drain();
        world.settle_now();

        assert!(world.stations[0].worker.is_stopped());
    }
}

#[test]
fn a_sim_pulled_from_a_modem_that_waits_for_it_with_its_port_open_is_used_in_another() {
    let mut world = world_of_two();
    world.run_until(|world| world.queue().registrations().count() == 1);
    let now = world.now();
    let card = world.stations[0].device.change_card(None, now);
    world.stations[0].device.reset(now);
    world.run_until(|world| told(world).0.len() == 1);
    let now = world.now();
    world.stations[1].device.change_card(card, now);

    world.run();
    check(&world);
    let sent = world.queue().messages().filter(|record| record.state() == MessageState::Sent).count();
    assert_eq!(sent, world.messages());
    assert!(!world.stations[1].ledger.is_empty(), "the other modem has the SIM and sends");
}
