//! Two nodes that reach one simulated modem over a port that takes one connection and drops the older.
//!
//! The log is one queue that both have applied; the leader's table of renewals is the product's own. A node may stop
//! for ever, or for a while, at any moment; the modem and the rest of the cluster go on.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid::model::{Name, NodeId, Position, SessionId, StartNumber, Time, Timestamp, UncertainPolicy};
use smsgrid::queue::{Body, Command, Event, Policy, Queue, Reply, SessionReply, invariants};
use smsgrid::simulator::{self, Entry, Modem, Spec};
use smsgrid::worker::modem::{Context, Effect, ModemWorker, Notice, Settings};
use smsgrid::worker::{Lease, LeaseTerms, Renewals};

use crate::chance::Chance;
use crate::world::message;

/// The calendar at the beginning of the run.
const EPOCH: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);
/// Longest run in virtual time.
const END: Time = Time::from_millis(2 * 60 * 60 * 1000);
/// How often the clocks of this world tick.
const STEP: Duration = Duration::from_millis(10);

/// Something under way that comes back to a worker.
enum Under {
    LookUp,
    Opening,
    Proposal(Body),
    Record,
}

/// A node with its worker for the modem.
pub(crate) struct Host {
    pub(crate) node: NodeId,
    pub(crate) notices: Vec<Notice>,
    worker: ModemWorker,
    session: Option<SessionId>,
    start: StartNumber,
    lease: Lease,
    renewal_due: Time,
    under: Vec<(Time, Under)>,
    buffer: Vec<u8>,
    /// It was dropped by the modem and has not heard of it.
    dropped: bool,
    /// It does nothing before this moment.
    still_until: Time,
}

/// The modem, the two nodes, the log.
pub(crate) struct Shared {
    pub(crate) hosts: Vec<Host>,
    pub(crate) ledger: Vec<Entry>,
    pub(crate) queue: Queue,
    pub(crate) now: Time,
    /// How often the modem was registered by each node.
    pub(crate) registered: BTreeMap<NodeId, usize>,
    /// Ports opened while another node's live session had the modem.
    pub(crate) intrusions: usize,
    pub(crate) texts: Vec<String>,
    device: Modem,
    driver: Option<usize>,
    renewals: Renewals,
    look_due: Time,
    chance: Chance,
    index: u64,
}

impl Shared {
    pub(crate) fn new(seed: u64, messages: usize) -> Shared {
        let spec: Spec = "steady".parse().expect("a personality");
        let mut renewals = Renewals::new(LeaseTerms::default());
        renewals.handle_leading(Time::ZERO);
        let mut world = Shared {
            hosts: (1..=2).map(|number| Host::new(NodeId(number))).collect(),
            ledger: Vec::new(),
            queue: Queue::new(Policy::default()),
            now: Time::ZERO,
            registered: BTreeMap::new(),
            intrusions: 0,
            texts: Vec::new(),
            device: Modem::new(&spec, 1, EPOCH, Time::ZERO),
            driver: None,
            renewals,
            look_due: Time::ZERO,
            chance: Chance::new(seed),
            index: 0,
        };
        for number in 0..messages {
            let (submit, texts) = message(number, 1, UncertainPolicy::Resend);
            world.texts.extend(texts);
            world.apply(Body::Submit(Box::new(submit)));
        }
        world
    }

    /// Lets `span` pass.
    pub(crate) fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while self.now < until {
            self.step();
        }
    }

    /// Lets time pass until `done`.
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Shared) -> bool) {
        while !done(self) {
            assert!(self.now < END, "never: {what}; {:?}", self.queue.counts());
            self.step();
        }
    }

    /// The node that has registered the modem.
    pub(crate) fn holder(&self) -> Option<usize> {
        let registration = self.queue.registrations().next()?;
        self.hosts.iter().position(|host| host.session == Some(registration.session))
    }

    /// Stops a node for `span`: its process does nothing, its connection stays.
    pub(crate) fn stand_still(&mut self, host: usize, span: Duration) {
        self.hosts[host].still_until = self.now + span;
    }

    /// A number below `bound`.
    pub(crate) fn draw(&mut self, bound: u64) -> u64 {
        self.chance.below(bound)
    }

    fn step(&mut self) {
        self.now = self.now + STEP;
        if self.queue.next_deadline().is_some_and(|at| at <= self.calendar()) {
            self.apply(Body::Tick);
        }
        self.device.handle_timeout(self.now);
        self.move_device();
        self.expire();
        for number in 0..self.hosts.len() {
            if self.hosts[number].still_until <= self.now {
                self.run(number);
            }
        }
    }

    fn expire(&mut self) {
        if self.now < self.look_due {
            return;
        }
        self.look_due = self.now + self.renewals.look_interval();
        let live: Vec<SessionId> = self.queue.sessions().map(|session| session.id).collect();
        for session in self.renewals.overdue(live, self.now) {
            self.apply(Body::ExpireSession { session });
        }
    }

    /// One turn of a node's process.
    fn run(&mut self, number: usize) {
        self.keep_session(number);
        let now = self.now;
        let (due, later) =
            std::mem::take(&mut self.hosts[number].under).into_iter().partition(|(at, _)| *at <= now);
        self.hosts[number].under = later;
        let due: Vec<(Time, Under)> = due;
        for (_, under) in due {
            self.arrive(number, under);
        }
        let bytes = std::mem::take(&mut self.hosts[number].buffer);
        if !bytes.is_empty() {
            self.tell(number, |worker, context| worker.handle_input(&bytes, context));
        }
        if std::mem::take(&mut self.hosts[number].dropped) {
            self.tell(number, ModemWorker::handle_port_failed);
        }
        self.tell(number, ModemWorker::handle_wake);
    }

    /// A renewal is answered at once; a session that was lost is followed by the next.
    fn keep_session(&mut self, number: usize) {
        let host = &mut self.hosts[number];
        let live = host.session.filter(|session| self.queue.session_by_id(*session).is_some());
        if live.is_none() {
            host.lease.handle_lost();
            host.start = host.start.next();
            let (node, start) = (host.node, host.start);
            let reply = self.apply(Body::RegisterSession { node, start });
            let Reply::Session(SessionReply::Registered(id)) = reply else { panic!("no session: {reply:?}") };
            self.hosts[number].session = Some(id);
            self.hosts[number].renewal_due = self.now;
        }
        let host = &mut self.hosts[number];
        if let Some(session) = host.session.filter(|_| host.renewal_due <= self.now) {
            host.renewal_due = self.now + LeaseTerms::default().renewal;
            assert!(self.renewals.handle_renewal(session, self.now), "the leader leads");
            host.lease.handle_renewed(self.now, None);
        }
    }

    fn arrive(&mut self, number: usize, under: Under) {
        match under {
            Under::LookUp => self.tell(number, ModemWorker::handle_looked_up),
            Under::Opening => self.connect(number),
            Under::Proposal(body) => {
                let registers = matches!(body, Body::RegisterModem { .. });
                let reply = self.apply(body);
                if registers && matches!(reply, Reply::Modem(smsgrid::queue::RegisterReply::Registered(_))) {
                    *self.registered.entry(self.hosts[number].node).or_default() += 1;
                }
                self.tell(number, |worker, context| worker.handle_reply(&reply, context));
            }
            Under::Record => self.tell(number, ModemWorker::handle_recorded),
        }
    }

    /// The modem takes the newer connection and drops the older.
    fn connect(&mut self, number: usize) {
        let own = self.hosts[number].session;
        self.intrusions += self.queue.registrations().filter(|at| Some(at.session) != own).count();
        if let Some(older) = self.driver.replace(number).filter(|older| *older != number) {
            self.hosts[older].dropped = true;
        }
        self.hosts[number].buffer.clear();
        self.hosts[number].dropped = false;
        self.tell(number, ModemWorker::handle_opened);
    }

    fn tell(&mut self, number: usize, input: impl FnOnce(&mut ModemWorker, &Context<'_>)) {
        let Host { worker, session, lease, .. } = &mut self.hosts[number];
        let context = Context { queue: &self.queue, session: *session, lease, now: self.now };
        input(worker, &context);
        while let Some(effect) = self.hosts[number].worker.poll_effect() {
            self.carry_out(number, effect);
        }
    }

    fn carry_out(&mut self, number: usize, effect: Effect) {
        let soon = self.now + Duration::from_millis(1 + self.chance.below(30));
        let host = &mut self.hosts[number];
        match effect {
            Effect::LookUp => host.under.push((soon, Under::LookUp)),
            Effect::OpenPort => host.under.push((soon, Under::Opening)),
            Effect::LeavePort => unreachable!("the modems of this world have one port each"),
            Effect::ClosePort => {
                if self.driver == Some(number) {
                    self.driver = None;
                }
            }
            Effect::Write(bytes) => {
                if self.driver == Some(number) {
                    self.device.handle_input(&bytes, self.now);
                    self.move_device();
                }
            }
            Effect::Propose(body) => host.under.push((soon, Under::Proposal(body))),
            Effect::Record { .. } => host.under.push((soon, Under::Record)),
            Effect::Notify(notice) => host.notices.push(notice),
            Effect::Forget { .. }
            | Effect::MarkPin
            | Effect::UnmarkPin
            | Effect::Answer(_)
            | Effect::Trace(_) => {}
        }
    }

    fn move_device(&mut self) {
        loop {
            if let Some(event) = self.device.poll_event() {
                if let simulator::Event::Ledger(entry) = event {
                    self.ledger.push(entry);
                    self.device.ledger_written(self.now);
                }
            } else if let Some(bytes) = self.device.poll_transmit() {
                if let Some(driver) = self.driver {
                    self.hosts[driver].buffer.extend(bytes);
                }
            } else {
                return;
            }
        }
    }

    fn apply(&mut self, body: Body) -> Reply {
        self.index += 1;
        let position = Position { index: self.index, offset: 0 };
        let command = Command { client: Name::new("gw-a").expect("a name"), now: self.calendar(), body };
        let mut events: Vec<Event> = Vec::new();
        let reply = self.queue.apply(position, &command, &mut events);
        if let Err(violation) = invariants::check(&self.queue) {
            panic!("{violation:?} after {:?}", command.body);
        }
        reply
    }

    fn calendar(&self) -> Timestamp {
        EPOCH + self.now.since(Time::ZERO)
    }
}

impl Host {
    fn new(node: NodeId) -> Host {
        let name = Name::new("GSM1").expect("a name");
        let turn = Duration::from_secs(node.0 - 1);
        Host {
            node,
            notices: Vec::new(),
            worker: ModemWorker::new(Settings { is_shared: true, turn, ..Settings::new(name) }),
            session: None,
            start: StartNumber(0),
            lease: Lease::new(LeaseTerms::default()),
            renewal_due: Time::ZERO,
            under: Vec::new(),
            buffer: Vec::new(),
            dropped: false,
            still_until: Time::ZERO,
        }
    }
}
