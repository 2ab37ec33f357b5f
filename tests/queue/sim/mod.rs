//! A cluster in one thread: nodes and workers that follow the protocol (or break one rule of it), a log that
//! repeats, delays and reorders proposals, modems with an air behind them, people who interfere, and faults at
//! any instant. After every step the properties of the protocol are checked against what really happened.

pub(crate) mod broken;
pub(crate) mod device;
pub(crate) mod ledger;
pub(crate) mod machine;
pub(crate) mod node;
pub(crate) mod people;
pub(crate) mod random;
pub(crate) mod work;

use std::rc::Rc;
use std::time::Duration;

use smsgrid::model::{Attempt, Name, NodeId, Position, StartNumber, Timestamp};
use smsgrid::queue::{Body, Command, PinLost, Policy, Queue, Reply, SessionReply};

use device::{Air, Device};
use ledger::Ledger;
use machine::Machine;
use node::{Node, Pending, Phase, Worker};
use random::Random;

/// Most proposals on their way; beyond it an old one is lost.
const BAG_MAX: usize = 40;
/// Most copies of proposals that come again much later.
const LATE_MAX: usize = 60;

/// Which rule the nodes break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    None,
    /// Write as soon as the claim is seen.
    WriteWithoutStart,
    /// Believe a reply instead of the applied state.
    TrustReplies,
    /// After a restart, say of every started part that it was not written.
    NotWrittenByGuess,
    /// Ready again right after a part without an answer.
    NoQuiesce,
    /// Ports that allow two connections.
    SharedPorts,
    /// Open ports although another live session holds the modem.
    ProbeHeldPorts,
    /// Do not look which SIM is in the modem.
    SimUnchecked,
    /// Write after having said that nothing will be written.
    WriteAfterNotWritten,
}

/// What may go wrong, in chances of 1,000 per step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub(crate) crash: usize,
    pub(crate) expire: usize,
    pub(crate) cut: usize,
    pub(crate) swap: usize,
    pub(crate) force: usize,
    /// A node stands still for a while, and goes on as if nothing had happened.
    pub(crate) pause: usize,
    /// A worker dies inside a living node.
    pub(crate) worker: usize,
    pub(crate) people: usize,
    /// A replica that is behind gets an image instead of the log: it sees no reply of what it skips.
    pub(crate) install: usize,
    /// Windows are short and most messages may be sent again: evidence comes beside newer claims.
    pub(crate) hasty: bool,
    pub(crate) air: Air,
}

/// One story.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) nodes: usize,
    pub(crate) devices: usize,
    pub(crate) messages: usize,
    pub(crate) steps: usize,
    pub(crate) faults: Faults,
    pub(crate) deviation: Deviation,
    pub(crate) policy: Policy,
    pub(crate) machine: Rc<dyn Fn(Policy) -> Box<dyn Machine>>,
}

/// A proposal on its way to the log.
#[derive(Clone)]
struct Envelope {
    ticket: u64,
    command: Command,
}

pub(crate) struct World {
    pub(crate) setup: Setup,
    random: Random,
    now_ms: u64,
    log: Vec<Envelope>,
    bag: Vec<Envelope>,
    /// Copies that come again much later.
    late: Vec<Envelope>,
    pub(crate) main: Box<dyn Machine>,
    nodes: Vec<Node>,
    devices: Vec<Device>,
    pub(crate) ledger: Ledger,
    submits: Vec<Command>,
    tickets: u64,
    connections: u64,
    /// Faults are over: everything is to settle.
    quiet: bool,
}

pub(crate) const NO_FAULTS: Faults = Faults {
    crash: 0,
    expire: 0,
    cut: 0,
    swap: 0,
    force: 0,
    pause: 0,
    worker: 0,
    people: 0,
    install: 0,
    hasty: false,
    air: Air { refused: 15, silent: 0 },
};

/// Much is left unknown, and what is known comes late.
pub(crate) const LATE_ANSWERS: Faults =
    Faults { expire: 16, pause: 16, hasty: true, air: Air { refused: 20, silent: 50 }, ..ALL_FAULTS };

pub(crate) const ALL_FAULTS: Faults = Faults {
    crash: 8,
    expire: 12,
    cut: 10,
    swap: 4,
    force: 4,
    pause: 10,
    worker: 10,
    people: 60,
    install: 12,
    hasty: false,
    air: Air { refused: 15, silent: 20 },
};

impl Setup {
    pub(crate) fn new(seed: u64, faults: Faults) -> Setup {
        // Ages, windows and retries are short, so that a story of minutes sees all of them.
        let policy = Policy {
            ageing_interval: if seed.is_multiple_of(2) { Duration::ZERO } else { Duration::from_secs(60) },
            backoff_min: Duration::from_secs([30, 4][seed as usize / 2 % 2]),
            backoff_max: Duration::from_secs(300),
            fault_rest: Duration::from_secs([60, 2][seed as usize % 2]),
            evidence_window: Duration::from_secs(if faults.hasty {
                1
            } else {
                [120, 2, 12][seed as usize % 3]
            }),
            retention: Duration::from_secs(1 << 40),
            keys_retention: Duration::from_secs(1 << 40),
            pin_timeout: Duration::from_secs([60, 8][seed as usize / 3 % 2]),
            pin_lost: if seed.is_multiple_of(3) { PinLost::RestartWhole } else { PinLost::Fail },
            ..Policy::default()
        };
        let [nodes, devices, messages] = [2 + seed as usize % 2, 2 + seed as usize / 2 % 3, 30];
        Setup {
            seed,
            nodes,
            devices,
            messages,
            steps: 500,
            faults,
            deviation: Deviation::None,
            policy,
            machine: Rc::new(|policy| Box::new(Queue::new(policy))),
        }
    }

    /// Lives the story and lets everything settle. An error names the property that was broken.
    pub(crate) fn run(&self) -> Result<World, String> {
        let told = |story: String| format!("seed {}: {story}", self.seed);
        let mut world = World::new(self.clone());
        let lived = (0..self.steps).try_for_each(|_| world.step()).and_then(|()| world.settle());
        if lived.is_err() && std::env::var("QUEUE_TRACE").is_ok() {
            world.tell();
        }
        lived.map(|()| world).map_err(told)
    }
}

impl World {
    pub(crate) fn new(setup: Setup) -> World {
        let shares = setup.deviation == Deviation::SharedPorts;
        let machine = || (setup.machine)(setup.policy.clone());
        World {
            random: Random::new(setup.seed),
            now_ms: 1_700_000_000_000,
            log: Vec::new(),
            bag: Vec::new(),
            late: Vec::new(),
            main: machine(),
            nodes: (0..setup.nodes).map(|_| Node::new(setup.devices, machine())).collect(),
            devices: (0..setup.devices).map(|index| Device::new(index, shares)).collect(),
            ledger: Ledger::default(),
            submits: Vec::new(),
            tickets: 0,
            connections: 0,
            quiet: false,
            setup,
        }
    }

    /// Every command in the order of the log.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.log.iter().map(|envelope| &envelope.command)
    }

    /// Brings every replica up to date and says whether all states are the same.
    pub(crate) fn replicas_agree(&mut self) -> bool {
        for index in 0..self.nodes.len() {
            self.nodes[index].alive = true;
            self.catch_up(index, usize::MAX);
        }
        let fingerprint = self.main.queue().fingerprint();
        self.nodes.iter().all(|node| node.replica.queue().fingerprint() == fingerprint)
    }

    /// The whole log, for whoever looks into a broken story.
    #[allow(clippy::print_stdout, reason = "asked for by a person")]
    fn tell(&self) {
        let mut queue = (self.setup.machine)(self.setup.policy.clone());
        for (at, Envelope { command, .. }) in self.log.iter().enumerate() {
            let position = Position { index: at as u64 + 1, offset: 0 };
            let mut events = Vec::new();
            let reply = queue.apply(position, command, &mut events);
            println!(
                "{position} {} {:?} -> {reply:?} {events:?}",
                command.now.as_unix_millis(),
                command.body
            );
        }
    }

    /// A moment: something of everything happens, in some order, to some of them.
    fn step(&mut self) -> Result<(), String> {
        self.fault()?;
        self.now_ms += self.random.below(800) as u64;
        for _ in 0..=self.random.below(4) {
            self.deliver()?;
        }
        for node in 0..self.nodes.len() {
            if !self.nodes[node].alive || self.nodes[node].stands_still() {
                continue;
            }
            if self.random.chance(60) {
                let entries = 1 + self.random.below(10);
                self.catch_up(node, entries);
            }
            if self.random.chance(40) {
                self.step_node(node);
            }
            for device in 0..self.devices.len() {
                if self.random.chance(50) {
                    self.step_worker(node, device)?;
                }
            }
        }
        if self.random.chance(15) {
            self.submit();
        }
        if self.random.chance(15) {
            self.now_ms += self.random.below(3000) as u64;
            self.commit_body(Body::Tick)?;
        }
        Ok(())
    }

    /// Faults are over; time passes until everything is sent, given up, or waits for a person.
    fn settle(&mut self) -> Result<(), String> {
        self.make_quiet()?;
        for round in 0..4000 {
            for _ in 0..5 {
                self.step()?;
            }
            if self.is_settled() {
                return Ok(());
            }
            if round % 4 == 3
                && let Some(next) = self.main.queue().next_deadline()
            {
                // The retention of final messages is no part of the story.
                self.now_ms = self.now_ms.max(next.as_unix_millis().min(self.now_ms + 4_000_000));
                self.commit_body(Body::Tick)?;
            }
        }
        Err(format!("[L] not settled: {}", self.unsettled()))
    }

    /// One proposal reaches the log; perhaps a copy of it is still on its way, perhaps it is lost.
    fn deliver(&mut self) -> Result<(), String> {
        if !self.late.is_empty() && self.random.chance(if self.late.len() < LATE_MAX { 8 } else { 50 }) {
            let index = self.random.below(self.late.len());
            let envelope = self.late.swap_remove(index);
            return self.commit(envelope).map(|_| ());
        }
        if self.bag.is_empty() {
            return Ok(());
        }
        let index = self.random.below(self.bag.len());
        if let Some(attempt) = self.held_back(&self.bag[index].command.body) {
            return self.lose_patience(attempt);
        }
        if self.late.len() < LATE_MAX && self.random.chance(20) {
            self.late.push(self.bag[index].clone());
        }
        let envelope = match self.random.chance(25) {
            true => self.bag[index].clone(),
            false => self.bag.swap_remove(index),
        };
        let slow = if matches!(envelope.command.body, Body::Outcome { .. }) { 20 } else { 6 };
        match self.random.below(100) {
            0..5 => Ok(()),
            chance if chance < 5 + slow => {
                self.late.push(envelope);
                Ok(())
            }
            _ => self.commit(envelope).map(|_| ()),
        }
    }

    /// The adversary: a result is kept from the log until the message has a newer claim, so that the result comes
    /// beside it.
    fn held_back(&self, body: &Body) -> Option<Attempt> {
        let Body::Outcome { attempt, .. } = body else { return None };
        let queue = self.main.queue();
        let claim = queue.claim(attempt.epoch)?;
        let record = queue.message(claim.message)?;
        let started = claim.record(attempt.part)?.started;
        let recent = self.now_ms < started.as_unix_millis() + 90_000;
        let newer = record.claim.filter(|epoch| *epoch > attempt.epoch).and_then(|epoch| queue.claim(epoch));
        // Some wait for the newer claim, the others for its first part to be started.
        let due = newer.is_some_and(|newer| attempt.epoch.0 % 2 == 0 || newer.in_flight().is_some());
        let held = self.setup.faults.hasty && !self.quiet && attempt.epoch.0 % 4 < 2 && recent && !due;
        (held && !record.state().is_final()).then_some(*attempt)
    }

    /// Without a fault there would be no newer claim: the session is lost.
    fn lose_patience(&mut self, attempt: Attempt) -> Result<(), String> {
        let session =
            self.main.queue().claim(attempt.epoch).filter(|claim| claim.open).map(|claim| claim.session);
        let Some(session) = session.filter(|_| self.random.chance(30)) else { return Ok(()) };
        self.ledger.faults += 1;
        self.commit_body(Body::ExpireSession { session }).map(|_| ())
    }

    fn commit_body(&mut self, body: Body) -> Result<Reply, String> {
        let command = Command { client: name("leader"), now: Timestamp::ZERO, body };
        self.tickets += 1;
        self.commit(Envelope { ticket: self.tickets, command })
    }

    /// The leader stamps a proposal, and it is in the log.
    fn commit(&mut self, mut envelope: Envelope) -> Result<Reply, String> {
        let clock = self.now_ms - if self.random.chance(5) { self.random.below(5000) as u64 } else { 0 };
        envelope.command.now = Timestamp::from_unix_millis(clock);
        let position = Position { index: self.log.len() as u64 + 1, offset: 0 };
        let before = self.ledger.before(self.main.queue(), &envelope.command);
        let mut events = Vec::new();
        let reply = self.main.apply(position, &envelope.command, &mut events);
        self.log.push(envelope.clone());
        let judged = self.ledger.after(before, self.main.queue(), &envelope.command, reply, &events);
        let body = &envelope.command.body;
        judged.map(|()| reply).map_err(|broken| format!("{broken}; entry {position}: {body:?} -> {reply:?}"))
    }

    /// A node applies some entries of the log and takes the replies that are for it.
    fn catch_up(&mut self, index: usize, entries: usize) {
        if !self.nodes[index].alive {
            return;
        }
        let end = self.log.len().min(self.nodes[index].applied.saturating_add(entries));
        for at in self.nodes[index].applied..end {
            let Envelope { ticket, command } = self.log[at].clone();
            let position = Position { index: at as u64 + 1, offset: 0 };
            let node = &mut self.nodes[index];
            let reply = node.replica.apply(position, &command, &mut Vec::new());
            node.applied = at + 1;
            if node.pending.as_ref().is_some_and(|pending| pending.ticket == ticket) {
                node.pending = None;
                self.node_reply(index, &command.body, reply);
                continue;
            }
            let waits = |worker: &Worker| worker.pending.as_ref().is_some_and(|p| p.ticket == ticket);
            if let Some(device) = node.workers.iter().position(waits) {
                node.workers[device].pending = None;
                self.worker_reply(index, device, &command.body, reply);
            }
        }
    }

    /// What the node itself does: its outbox, its session.
    fn step_node(&mut self, index: usize) {
        if let Some(pending) = self.nodes[index].pending.clone() {
            self.repeat(pending);
            return;
        }
        if let Some(session) = self.nodes[index].session {
            if self.nodes[index].replica.queue().session_by_id(session).is_none() {
                self.lose_session(index);
            }
            return;
        }
        let node = &mut self.nodes[index];
        let body = node.first.pop_front().unwrap_or(Body::RegisterSession {
            node: NodeId(index as u64 + 1),
            start: StartNumber(node.start),
        });
        self.nodes[index].pending = Some(self.propose(index, body));
    }

    fn node_reply(&mut self, index: usize, body: &Body, reply: Reply) {
        let node = &mut self.nodes[index];
        match (body, reply) {
            (Body::RegisterSession { .. }, Reply::Session(SessionReply::Registered(id))) => {
                node.session = Some(id);
            }
            (Body::RegisterSession { .. }, Reply::Session(SessionReply::Used)) => node.start += 1,
            (Body::Outcome { attempt, .. }, _) => node.outbox.retain(|result| result.attempt != *attempt),
            _ => {}
        }
    }

    /// The node learns that its session is over (rule 7).
    fn lose_session(&mut self, index: usize) {
        self.nodes[index].session = None;
        self.nodes[index].start += 1;
        for device in 0..self.devices.len() {
            match self.nodes[index].workers[device].phase {
                Phase::Wrote(_)
                | Phase::Reporting { .. }
                | Phase::Evidence(_)
                | Phase::GivingBack
                | Phase::Recovering => {}
                Phase::Quiescing(_) | Phase::Closed => self.close(index, device),
                Phase::Starting(attempt) | Phase::May(attempt) | Phase::Writing(attempt) => {
                    self.nodes[index].workers[device].pending = None;
                    self.give_back(index, device, attempt);
                }
                Phase::Registering
                | Phase::Idle
                | Phase::Readying
                | Phase::Waiting
                | Phase::Withdrawing
                | Phase::Unregistering => {
                    self.nodes[index].workers[device].pending = None;
                    self.close(index, device);
                }
            }
        }
    }

    fn propose(&mut self, index: usize, body: Body) -> Pending {
        self.tickets += 1;
        let client = name(&format!("node{}", index + 1));
        let command = Command { client, now: Timestamp::ZERO, body };
        let pending = Pending { ticket: self.tickets, command };
        self.send(Envelope { ticket: pending.ticket, command: pending.command.clone() });
        pending
    }

    /// A proposer that has waited long enough says it again, unchanged.
    fn repeat(&mut self, pending: Pending) {
        if self.random.chance(15) {
            self.send(Envelope { ticket: pending.ticket, command: pending.command });
        }
    }

    fn send(&mut self, envelope: Envelope) {
        if self.bag.len() >= BAG_MAX {
            let lost = self.random.below(self.bag.len());
            self.bag.swap_remove(lost);
        }
        self.bag.push(envelope);
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
