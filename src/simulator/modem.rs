//! The modem as its host drives it: bytes and moments in, bytes and events out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::model::{Imei, Time, Timestamp};

use super::answer::{Answer, Fault, information};
use super::calling::Line as CallLine;
use super::front::Front;
use super::ledger::Entry;
use super::network::Network;
use super::personality::Personality;
use super::power::Power;
use super::quirk::Quirk;
use super::random::Random;
use super::schedule::{Schedule, Task};
use super::settings::Settings;
use super::sim_card::{Incoming, SimCard};
use super::spec::Spec;
use super::store::Store;
use super::violation::Violation;

/// Slots of the device's own memory.
const DEVICE_SLOTS: u16 = 50;
/// Most octets kept for a driver that does not read; what comes later is lost, as in a real port.
const OUTPUT_OCTETS_MAX: usize = 64 * 1024;

/// Something the host must know or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The network accepted a part. The host writes the entry, then calls [`Modem::ledger_written`]; until
    /// then the modem does not answer.
    Ledger(Entry),
    /// The driver did what it must not do.
    Violation(Violation),
    /// The modem is gone: the host closes its port.
    PortClosed,
    /// The modem is back: the host opens its port.
    PortOpened,
}

/// A simulated modem with its SIM and its network.
///
/// After each call the host drains [`poll_event`](Modem::poll_event), confirms what it wrote, then drains
/// [`poll_transmit`](Modem::poll_transmit), and calls [`handle_timeout`](Modem::handle_timeout) when
/// [`poll_timeout`](Modem::poll_timeout) says so. Bytes count as sent when `poll_transmit` returned them: only
/// from then on is a prompt a prompt and a command over.
#[derive(Clone, Debug)]
pub struct Modem {
    pub(super) personality: Personality,
    pub(super) imei: Imei,
    pub(super) power: Power,
    pub(super) hung: bool,
    pub(super) front: Front,
    pub(super) settings: Settings,
    pub(super) card: Option<SimCard>,
    pub(super) device: Store,
    pub(super) network: Network,
    pub(super) schedule: Schedule,
    pub(super) random: Random,
    /// The command line being typed, and the one being lost while another is answered.
    pub(super) line: Vec<u8>,
    pub(super) lost_line: Vec<u8>,
    pub(super) output: Vec<u8>,
    /// An answer the driver gets in front of its next command's (Q29).
    pub(super) owed: Option<Vec<u8>>,
    /// A routed message the driver has not acknowledged.
    pub(super) unacknowledged: Option<Incoming>,
    /// The voice call under way.
    pub(super) call: Option<CallLine>,
    events: VecDeque<Event>,
    violations: BTreeMap<Violation, u64>,
    started: Timestamp,
}

impl Modem {
    /// Modem `number` of its host, made of `spec`, switched on and started. `started` is what the calendar shows
    /// at `now`'s [`Time::ZERO`].
    pub fn new(spec: &Spec, number: u32, started: Timestamp, now: Time) -> Modem {
        let mut modem = Modem {
            personality: spec.personality.clone(),
            imei: spec.imei_of(number),
            power: Power::On,
            hung: false,
            front: Front::Command,
            settings: Settings::default(),
            card: Some(spec.card_of(number)),
            device: Store::new(DEVICE_SLOTS),
            network: Network::default(),
            schedule: Schedule::default(),
            random: Random::new(spec.seed, number),
            line: Vec::new(),
            lost_line: Vec::new(),
            output: Vec::new(),
            owed: None,
            unacknowledged: None,
            call: None,
            events: VecDeque::new(),
            violations: BTreeMap::new(),
            started,
        };
        modem.network.attached = true;
        modem.start_chatter(now);
        modem
    }

    /// Takes what the driver wrote.
    pub fn handle_input(&mut self, bytes: &[u8], now: Time) {
        self.handle_timeout(now);
        for octet in bytes {
            if self.hung || self.power != Power::On {
                return;
            }
            self.octet(*octet, now);
        }
    }

    /// Lets happen what is due at `now`.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(task) = self.schedule.take_due(now) {
            self.perform(task, now);
        }
    }

    /// When [`handle_timeout`](Modem::handle_timeout) is to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.schedule.next()
    }

    /// Takes the bytes for the driver, if there are any.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if self.hung || self.output.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.output);
        self.transmitted();
        Some(bytes)
    }

    /// Takes the next event, if there is one.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The host has written every ledger entry: the answers they hold back may go. An entry the host has not
    /// polled cannot have been written, and its answer stays.
    pub fn ledger_written(&mut self, now: Time) {
        if !self.events.iter().any(|event| matches!(event, Event::Ledger(_))) {
            self.conclude_written(now);
        }
    }

    /// How often the driver did each thing it must not do.
    pub fn violations(&self) -> &BTreeMap<Violation, u64> {
        &self.violations
    }

    /// Identity of the device.
    pub fn imei(&self) -> &Imei {
        &self.imei
    }

    /// The SIM inside, if there is one.
    pub fn card(&self) -> Option<&SimCard> {
        self.card.as_ref()
    }

    fn perform(&mut self, task: Task, now: Time) {
        match task {
            Task::Answer(words) => self.give(words),
            Task::Prompt => self.prompt(now),
            Task::Decide => self.decide(now),
            Task::Forget => self.take_commands(),
            Task::Restart => self.restart(now),
            Task::Boot => self.boot(now),
            Task::Register => self.register(now),
            Task::Report(report) => self.arrive(report, now),
            Task::Unacknowledged => self.give_up_routing(now),
            Task::Chatter => self.chatter(now),
            Task::Callee => self.callee_acts(now),
        }
    }

    /// Performs `task` after `wait`, at once when there is none.
    pub(super) fn after(&mut self, wait: Duration, task: Task, now: Time) {
        if wait.is_zero() {
            self.perform(task, now);
        } else {
            self.schedule.add(now + wait, task);
        }
    }

    /// Ends the command at hand with this answer.
    pub(super) fn finish(&mut self, answer: &Answer, result: Result<(), Fault>) {
        self.give(answer.words(result, self.settings.wording));
    }

    /// Ends the command at hand with these words; it is over when they were transmitted.
    pub(super) fn give(&mut self, words: Vec<u8>) {
        self.front = Front::Executing { answered: true };
        self.write(&words);
        if self.output.is_empty() {
            self.transmitted();
        }
    }

    /// Sends an unsolicited result code.
    pub(super) fn unsolicited(&mut self, line: &str) {
        if self.power == Power::On {
            self.write(&information(line, self.settings.wording));
        }
    }

    /// Puts bytes on the way to the driver.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.output.len() + bytes.len() <= OUTPUT_OCTETS_MAX {
            self.output.extend_from_slice(bytes);
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(super) fn violation(&mut self, violation: Violation) {
        *self.violations.entry(violation).or_insert(0) += 1;
        self.event(Event::Violation(violation));
    }

    /// What the calendar shows.
    pub(super) fn calendar(&self, now: Time) -> Timestamp {
        self.started + now.since(Time::ZERO)
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.personality.quirk == Some(quirk)
    }
}
