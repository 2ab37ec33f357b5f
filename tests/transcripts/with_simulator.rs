//! The engine against the simulated modem, in memory and in virtual time: what the engine says about a part is
//! compared with what the network really accepted, for every personality.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid::at::{
    Engine, Event, Listing, Memory, PinPlan, Procedure, Profile, Rung, SendEnd, SendPart, StoredMessage, Urc,
};
use smsgrid::model::{Attempt, Doubt, Epoch, PartNumber, PartOutcome, Time, Timestamp, UncertainPolicy};
use smsgrid::simulator::{self, Modem, Personality, Spec, Violation};

/// Parts sent through each modem.
const PARTS: u64 = 60;
/// How long anything may take, in events of the two machines.
const STEPS_MAX: u32 = 200_000;
/// 2025-11-24 12:00:00 UTC.
const STARTED: Timestamp = Timestamp::from_unix_millis(1_763_985_600_000);

#[test]
fn what_is_said_about_a_part_is_what_became_of_it() {
    for name in Personality::names() {
        let mut world = World::new(&name, 1);

        for number in 0..PARTS {
            world.send(number);
        }
        world.settle();

        world.check(&name);
    }
}

#[test]
fn every_seed_of_a_modem_that_browns_out_is_judged_truly() {
    for seed in 0..20 {
        let mut world = World::new("q10", seed);

        for number in 0..20 {
            world.send(number);
        }
        world.settle();

        world.check(&format!("q10, seed {seed}"));
    }
}

#[test]
fn a_modem_pulled_out_while_sending_leaves_no_false_word() {
    for pulled_at_ms in (0..3000).step_by(50) {
        let mut world = World::new("steady", pulled_at_ms);
        world.configure();
        let pulled_at = world.now + Duration::from_millis(pulled_at_ms);

        world.begin(0);
        world.run_until(pulled_at);
        world.modem.vanish(world.now);
        world.exchange();
        world.modem.come_back(world.now);
        world.send(1);
        world.settle();

        world.check(&format!("pulled out after {pulled_at_ms} ms"));
    }
}

#[test]
fn a_healthy_modem_takes_every_part_and_has_nothing_to_complain_about() {
    for name in ["fast", "normal", "steady", "q02", "q11", "q21"] {
        let mut world = World::new(name, 7);

        for number in 0..PARTS {
            world.send(number);
        }
        world.settle();

        world.check(name);
        let sent = world.ends.values().filter(|end| is_sent(end)).count();
        assert_eq!(u64::try_from(sent), Ok(PARTS), "{name}: {:?}", world.ends);
    }
}

#[test]
fn a_modem_that_loses_pdus_at_the_prompt_is_learned() {
    let mut world = World::new("q29", 1);

    for number in 0..PARTS {
        world.send(number);
    }
    world.settle();

    world.check("q29");
    let sent = world.ends.values().filter(|end| is_sent(end)).count();
    assert!(sent > 40, "{:?}", world.ends);
}

#[test]
fn received_messages_are_listed_read_again_and_freed_one_by_one() {
    let mut world = World::new("normal", 3);
    world.configure();
    for text in ["one", "two", "three"] {
        world.modem.deliver("4917212345", text, world.now);
    }
    world.rest(Duration::from_secs(20));
    assert_eq!(world.announced, 3);

    let listed = world.list();
    assert_eq!(listed.messages.len(), 3);
    assert!(listed.complete && listed.messages.iter().all(StoredMessage::is_whole), "{listed:?}");
    for message in &listed.messages {
        world.delete(message.clone());
    }

    assert_eq!(world.list().messages, []);
    world.check("receiving");
}

/// Engine and modem, wired to each other.
struct World {
    engine: Engine,
    modem: Modem,
    now: Time,
    epoch: u64,
    plugged: bool,
    /// Destinations of the parts the network accepted, by epoch.
    ledger: BTreeMap<u64, u32>,
    ends: BTreeMap<u64, SendEnd>,
    late: BTreeMap<u64, PartOutcome>,
    announced: u32,
    listed: Option<Listing>,
    deleted: u32,
    failures: Vec<Event>,
    reopens: u32,
}

impl World {
    fn new(personality: &str, seed: u64) -> World {
        let mut spec: Spec = format!("sim:{personality}").parse().expect("a simulated modem");
        spec.seed = seed;
        World {
            engine: Engine::new(Profile::default()),
            modem: Modem::new(&spec, 1, STARTED, Time::ZERO),
            now: Time::ZERO,
            epoch: 0,
            plugged: true,
            ledger: BTreeMap::new(),
            ends: BTreeMap::new(),
            late: BTreeMap::new(),
            announced: 0,
            listed: None,
            deleted: 0,
            failures: Vec::new(),
            reopens: 0,
        }
    }

    /// Sends one part and waits until the modem is free again.
    fn send(&mut self, number: u64) {
        self.configure();
        self.begin(number);
        self.settle();
        // Others write meanwhile: their messages collide with what is being sent (Q22, Q24).
        if number.is_multiple_of(5) {
            self.modem.deliver("4917212345", "hello", self.now);
        }
    }

    fn begin(&mut self, number: u64) {
        self.epoch = number + 1;
        let (pdu_hex, tpdu_length) = pdu(self.epoch);
        let part = SendPart {
            attempt: Attempt { epoch: Epoch(self.epoch), part: PartNumber::FIRST },
            tpdu_length,
            pdu_hex,
            policy: UncertainPolicy::Resend,
            resend: false,
        };
        self.engine.start(Procedure::SendPart(part), self.now).expect("a modem that is free");
        self.exchange();
    }

    /// Configures the modem if it is not, restarting it when it does not let itself be configured.
    fn configure(&mut self) {
        for round in 0..10 {
            if self.engine.is_configured() {
                return;
            }
            let procedure = match round % 3 {
                2 => Procedure::Reset(Rung::Restart),
                _ => Procedure::Initialise {
                    pin: PinPlan::default(),
                    quiet: Duration::ZERO,
                    resets_sim: false,
                },
            };
            self.engine.start(procedure, self.now).expect("a modem that is free");
            self.settle();
            self.rest(Duration::from_secs(10));
        }
        panic!("it cannot be configured: {:?}", self.failures);
    }

    fn list(&mut self) -> Listing {
        self.engine.start(Procedure::List { memory: Memory::SM }, self.now).expect("a modem that is free");
        self.settle();
        self.listed.take().expect("a listing")
    }

    fn delete(&mut self, message: StoredMessage) {
        let before = self.deleted;
        let procedure = Procedure::Delete { slot: message.slot, only_if: Some(message.pdu_hex) };
        self.engine.start(procedure, self.now).expect("a modem that is free");
        self.settle();
        assert_eq!(self.deleted, before + 1);
    }

    /// Lets both go on until the engine is idle.
    fn settle(&mut self) {
        self.exchange();
        for _ in 0..STEPS_MAX {
            if self.engine.is_idle() {
                return;
            }
            self.step(None);
        }
        panic!("it never ends");
    }

    fn rest(&mut self, wait: Duration) {
        self.run_until(self.now + wait);
    }

    fn run_until(&mut self, end: Time) {
        self.exchange();
        for _ in 0..STEPS_MAX {
            if !self.step(Some(end)) {
                return;
            }
        }
        panic!("it never rests");
    }

    /// The next thing due in either machine, if it is due by `end`.
    fn step(&mut self, end: Option<Time>) -> bool {
        let due = [self.engine.poll_timeout(), self.modem.poll_timeout()].into_iter().flatten().min();
        let next = due.filter(|due| end.is_none_or(|end| *due <= end));
        self.now = self.now.max(next.or(end).expect("something due"));
        if next.is_none() {
            return false;
        }
        self.modem.handle_timeout(self.now);
        self.exchange();
        self.engine.handle_timeout(self.now);
        self.exchange();
        true
    }

    /// Moves octets and events until both are silent.
    fn exchange(&mut self) {
        loop {
            let mut moved = false;
            while let Some(octets) = self.engine.poll_transmit() {
                if self.plugged {
                    self.modem.handle_input(&octets, self.now);
                }
                self.network();
                moved = true;
            }
            self.network();
            while let Some(octets) = self.modem.poll_transmit() {
                if self.plugged {
                    self.engine.handle_input(&octets, self.now);
                }
                moved = true;
            }
            while let Some(event) = self.engine.poll_event() {
                self.host(event);
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    fn network(&mut self) {
        while let Some(event) = self.modem.poll_event() {
            match event {
                simulator::Event::Ledger(entry) => {
                    let epoch = entry.destination.strip_prefix("49").expect("our country").parse();
                    *self.ledger.entry(epoch.expect("our numbers")).or_default() += 1;
                }
                simulator::Event::Violation(violation) => self.violated(violation),
                simulator::Event::PortClosed => {
                    self.plugged = false;
                    self.engine.port_lost(self.now);
                }
                simulator::Event::PortOpened => self.plugged = true,
            }
        }
        self.modem.ledger_written(self.now);
    }

    /// Nothing is forbidden without need: only a modem that never answered is spoken to while it is busy, and
    /// not even then about its messages.
    fn violated(&self, violation: Violation) {
        let silent = SendEnd::Outcome(PartOutcome::Uncertain(Doubt::Silent));
        let unanswered = self.ends.get(&self.epoch) == Some(&silent);
        assert!(
            unanswered && violation == Violation::InputWhileBusy,
            "the engine broke a rule: {violation:?}"
        );
    }

    fn host(&mut self, event: Event) {
        match event {
            Event::PromptReached { .. } | Event::PinToBeTried { .. } => {
                self.engine.confirm_write(self.now);
            }
            Event::SendEnded { attempt, end } => {
                assert_eq!(self.ends.insert(attempt.epoch.0, end), None, "an attempt ends once");
            }
            Event::LateAnswer { attempt, outcome } => {
                assert_eq!(self.late.insert(attempt.epoch.0, outcome), None, "there is one late answer");
            }
            Event::NeedsReopen | Event::NeedsPowerCycle => {
                self.reopens += 1;
                self.engine.port_lost(self.now);
                self.modem.reset(self.now);
            }
            Event::Unsolicited(Urc::MessageStored(_)) => self.announced += 1,
            Event::Listed(listing) => self.listed = Some(listing),
            Event::Deleted { .. } => self.deleted += 1,
            Event::InitialiseFailed(_) | Event::Failed { .. } => self.failures.push(event),
            Event::Initialised(_)
            | Event::PduEchoed { .. }
            | Event::PinAccepted
            | Event::Surveyed(_)
            | Event::Quiesced
            | Event::Read { .. }
            | Event::OwnRefused { .. }
            | Event::Answered { .. }
            | Event::ResetEnded(_)
            | Event::Unsolicited(_)
            | Event::Traced(_) => {}
        }
    }

    /// What was said holds, whatever the modem did.
    fn check(&self, what: &str) {
        for (epoch, end) in &self.ends {
            let aired = self.ledger.get(epoch).copied().unwrap_or(0);
            assert!(aired <= 1, "{what}: part {epoch} was aired {aired} times");
            let said = match (end, self.late.get(epoch)) {
                (SendEnd::Outcome(PartOutcome::Uncertain(_)), Some(late)) => Some(*late),
                (SendEnd::Outcome(outcome), _) => Some(*outcome),
                (SendEnd::NotWritten { .. }, _) => None,
                (SendEnd::EarlierCopyAccepted, _) => panic!("nothing was sent again"),
            };
            match said {
                Some(PartOutcome::Sent { .. }) => assert_eq!(aired, 1, "{what}: part {epoch} {end:?}"),
                Some(PartOutcome::Refused(_)) | None => assert_eq!(aired, 0, "{what}: part {epoch} {end:?}"),
                Some(PartOutcome::Uncertain(doubt)) => assert_ne!(doubt, Doubt::SessionLost),
                Some(PartOutcome::Called(end)) => panic!("{what}: a part ended like a call: {end}"),
            }
        }
    }
}

fn is_sent(end: &SendEnd) -> bool {
    matches!(end, SendEnd::Outcome(PartOutcome::Sent { .. }))
}

/// "Hi" to +49 followed by the epoch in eight digits.
fn pdu(epoch: u64) -> (String, u16) {
    let digits = format!("49{epoch:08}");
    let swapped: String =
        digits.as_bytes().chunks(2).flat_map(|pair| [pair[1], pair[0]]).map(char::from).collect();
    let tpdu = format!("01000A91{swapped}000002C834");
    let octets = u16::try_from(tpdu.len() / 2).expect("a short part");
    (format!("00{tpdu}"), octets)
}
