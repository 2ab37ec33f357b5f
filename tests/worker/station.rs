//! One modem with its worker, and what is on its way between them, the disk and the log.

use std::collections::BTreeMap;

use smsgrid::model::{Attempt, Name, PartOutcome, Time, Timestamp};
use smsgrid::queue::{Body, Reply};
use smsgrid::simulator::{Entry, Event, Modem, Spec};
use smsgrid::worker::modem::{Answer, Context, Effect, ModemWorker, Notice, Settings};

use crate::chance::Chance;

/// Something under way that comes back to the worker.
#[derive(Debug)]
pub(crate) enum Under {
    Opening,
    Proposal(Body),
    Reply(Reply),
    Record(Attempt, PartOutcome),
    PinMark,
}

/// A modem, its port and its worker.
pub(crate) struct Station {
    pub(crate) name: Name,
    pub(crate) device: Modem,
    pub(crate) worker: ModemWorker,
    pub(crate) under: Vec<(Time, Under)>,
    /// Durable, and not yet known to be in the log.
    pub(crate) outbox: BTreeMap<Attempt, PartOutcome>,
    pub(crate) ledger: Vec<Entry>,
    pub(crate) notices: Vec<Notice>,
    /// What became of questions.
    pub(crate) answers: Vec<Answer>,
    /// What the worker wrote to the port.
    pub(crate) written: Vec<u8>,
    /// What the device sent and the worker has not read.
    buffer: Vec<u8>,
    port: Port,
    keep_open: bool,
    /// How often the port was opened.
    pub(crate) openings: usize,
    /// How often the port was left for another one.
    pub(crate) left: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Closed,
    Open,
    /// The other end is gone and the worker has not heard of it.
    Lost,
}

impl Station {
    pub(crate) fn new(number: u32, personality: &str, keep_open: bool, now: Time) -> Station {
        let spec: Spec = personality.parse().expect("a personality");
        let device = Modem::new(&spec, number, Timestamp::from_unix_millis(1_790_000_000_000), now);
        let name = Name::new(&format!("GSM{number}")).expect("a name");
        Station {
            worker: ModemWorker::new(Settings { keep_open, ..Settings::new(name.clone()) }),
            keep_open,
            openings: 0,
            left: 0,
            name,
            device,
            under: Vec::new(),
            outbox: BTreeMap::new(),
            ledger: Vec::new(),
            notices: Vec::new(),
            answers: Vec::new(),
            written: Vec::new(),
            buffer: Vec::new(),
            port: Port::Closed,
        }
    }

    /// The process of the worker died: what was not durable is gone, and proposals may be applied all the same.
    pub(crate) fn die(&mut self, settings: Settings) -> Vec<Body> {
        self.worker = ModemWorker::new(settings);
        self.close();
        let lost = std::mem::take(&mut self.under);
        lost.into_iter()
            .filter_map(|(_, under)| match under {
                Under::Proposal(body) => Some(body),
                Under::Opening | Under::Reply(_) | Under::Record(..) | Under::PinMark => None,
            })
            .collect()
    }

    /// The worker has stopped in order; a new one begins.
    pub(crate) fn start_again(&mut self) {
        let settings = Settings { keep_open: self.keep_open, ..Settings::new(self.name.clone()) };
        self.worker = ModemWorker::new(settings);
        self.close();
    }

    /// The device goes on by itself: its ledger, and its bytes into the buffer of the port, also while nobody reads.
    pub(crate) fn move_device(&mut self, now: Time) {
        loop {
            if let Some(event) = self.device.poll_event() {
                self.take_event(event, now);
            } else if let Some(bytes) = self.device.poll_transmit() {
                if self.port == Port::Open {
                    self.buffer.extend(bytes);
                }
            } else {
                return;
            }
        }
    }

    /// How often the worker wrote this.
    pub(crate) fn times_written(&self, what: &str) -> usize {
        self.written.windows(what.len()).filter(|window| *window == what.as_bytes()).count()
    }

    /// Whether the port is closed and not being opened.
    pub(crate) fn is_closed(&self) -> bool {
        self.port == Port::Closed && !self.under.iter().any(|(_, under)| matches!(under, Under::Opening))
    }

    /// Whether the port holds bytes, or its end, for the worker.
    pub(crate) fn has_input(&self) -> bool {
        !self.buffer.is_empty() || self.port == Port::Lost
    }

    /// Moves one effect, some bytes or the loss of the port. Whether there was anything to move.
    pub(crate) fn move_worker(&mut self, context: &Context<'_>, chance: &mut Chance) -> bool {
        if !self.buffer.is_empty() {
            let bytes = std::mem::take(&mut self.buffer);
            let (head, tail) = bytes.split_at(chance.below(bytes.len() as u64 + 1) as usize);
            self.worker.handle_input(head, context);
            self.worker.handle_input(tail, context);
        } else if self.port == Port::Lost {
            self.port = Port::Closed;
            self.worker.handle_port_failed(context);
        } else if let Some(effect) = self.worker.poll_effect() {
            self.carry_out(effect, context, chance);
        } else {
            return false;
        }
        self.move_device(context.now);
        true
    }

    fn carry_out(&mut self, effect: Effect, context: &Context<'_>, chance: &mut Chance) {
        let soon = context.now + std::time::Duration::from_millis(1 + chance.below(4));
        match effect {
            Effect::LookUp => unreachable!("the ports of this world are not shared"),
            Effect::OpenPort => self.under.push((soon, Under::Opening)),
            Effect::ClosePort => self.close(),
            Effect::LeavePort => self.left += 1,
            Effect::Write(bytes) => {
                self.written.extend(&bytes);
                if self.port == Port::Open {
                    self.device.handle_input(&bytes, context.now);
                }
            }
            Effect::Propose(body) => self.under.push((soon, Under::Proposal(body))),
            Effect::Record { attempt, outcome } => self.under.push((soon, Under::Record(attempt, outcome))),
            Effect::Forget { attempt } => {
                self.outbox.remove(&attempt);
            }
            Effect::MarkPin => self.under.push((soon, Under::PinMark)),
            Effect::Notify(notice) => self.notices.push(notice),
            Effect::Answer(answer) => self.answers.push(answer),
            Effect::UnmarkPin | Effect::Trace(_) => {}
        }
    }

    fn take_event(&mut self, event: Event, now: Time) {
        match event {
            Event::Ledger(entry) => {
                self.ledger.push(entry);
                self.device.ledger_written(now);
            }
            Event::PortClosed if self.port == Port::Open => self.port = Port::Lost,
            // Violations are counted by the device; an open port is found by the worker's next try.
            Event::Violation(_) | Event::PortOpened | Event::PortClosed => {}
        }
    }

    fn close(&mut self) {
        self.port = Port::Closed;
        self.buffer.clear();
    }

    /// Gives the worker what has come back. `reply` is the log's answer to a proposal.
    pub(crate) fn arrive(&mut self, under: Under, context: &Context<'_>) {
        match under {
            Under::Opening if self.device.power() == smsgrid::simulator::Power::Gone => {
                self.worker.handle_port_failed(context);
            }
            Under::Opening => {
                self.port = Port::Open;
                self.openings += 1;
                self.worker.handle_opened(context);
            }
            Under::Reply(reply) => self.worker.handle_reply(&reply, context),
            Under::Record(attempt, outcome) => {
                self.outbox.insert(attempt, outcome);
                self.worker.handle_recorded(context);
            }
            Under::PinMark => self.worker.handle_pin_marked(context),
            Under::Proposal(_) => unreachable!("the world applies proposals"),
        }
    }

    /// When something of this station is due.
    pub(crate) fn due(&self) -> Option<Time> {
        let under = self.under.iter().map(|(at, _)| *at).min();
        [self.worker.poll_timeout(), self.device.poll_timeout(), under].into_iter().flatten().min()
    }
}
