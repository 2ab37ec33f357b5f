//! One node, its modems, its log and the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid::at::Question;
use smsgrid::model::{
    Address, Alphabet, Content, MessageId, Name, NodeId, NotWrittenReason, Origin, Part, PartNumber,
    Position, Priority, ResendLimit, SendOptions, SessionId, StartNumber, Time, Timestamp, UncertainPolicy,
};
use smsgrid::queue::{
    Body, Command, Digest, Event, Policy, Queue, Rearm, Reply, Route, SessionReply, Submit, WaitingFor,
    digest, invariants,
};
use smsgrid::text::{SegmentOptions, segment};
use smsgrid::worker::modem::{Context, Settings};
use smsgrid::worker::{Lease, LeaseTerms};

use crate::chance::Chance;
use crate::station::{Station, Under};

/// The calendar at the beginning of the run.
const EPOCH: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);
/// Longest run in virtual time: long enough for every retry, evidence window and quarantine.
const END: Time = Time::from_millis(6 * 60 * 60 * 1000);
/// Faults happen within this span from the start.
const TROUBLE: Duration = Duration::from_secs(120);
const NODE: NodeId = NodeId(1);

/// What happens in a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) personalities: Vec<&'static str>,
    pub(crate) messages: usize,
    pub(crate) policy: UncertainPolicy,
    pub(crate) deaths: usize,
    pub(crate) vanishings: usize,
    pub(crate) resets: usize,
    pub(crate) lost_answers: usize,
    pub(crate) pauses: usize,
    pub(crate) pause: Duration,
    /// Whether ports stay open while there is nothing to do.
    pub(crate) keep_open: bool,
    /// What happens once, between an outcome that started the next message and the worker's knowing of it.
    pub(crate) upset: Option<Upset>,
}

/// What keeps a worker from writing what was started for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upset {
    /// The node begins to stop; it is started again afterwards.
    Drain,
    /// The port is gone, and there again at the next try.
    PortLost,
    /// The session ends: the others have not heard from the node for a while.
    SessionLost,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            seed: 1,
            personalities: vec!["fast"],
            messages: 30,
            policy: UncertainPolicy::Resend,
            deaths: 0,
            vanishings: 0,
            resets: 0,
            lost_answers: 0,
            pauses: 0,
            pause: Duration::ZERO,
            keep_open: true,
            upset: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Submit(usize),
    Expire(SessionId),
    Death,
    Vanish,
    Return(usize),
    Reset,
    LoseAnswer,
    Pause,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) stations: Vec<Station>,
    /// Text of each part, by message and number.
    pub(crate) texts: BTreeMap<MessageId, Vec<String>>,
    pub(crate) faults: usize,
    /// Why parts were given back unwritten.
    pub(crate) given_back: Vec<NotWrittenReason>,
    queue: Queue,
    chance: Chance,
    now: Time,
    paused_until: Time,
    lease: Lease,
    session: Option<SessionId>,
    start: StartNumber,
    index: u64,
    troubles: Vec<(Time, Trouble)>,
}

impl World {
    pub(crate) fn new(plan: Plan) -> World {
        let stations = (0..)
            .zip(&plan.personalities)
            .map(|(number, name)| Station::new(number, name, plan.keep_open, Time::ZERO));
        let mut world = World {
            stations: stations.collect(),
            texts: BTreeMap::new(),
            faults: 0,
            given_back: Vec::new(),
            queue: Queue::new(Policy::default()),
            chance: Chance::new(plan.seed),
            now: Time::ZERO,
            paused_until: Time::ZERO,
            lease: Lease::new(LeaseTerms::default()),
            session: None,
            start: StartNumber(0),
            index: 0,
            troubles: Vec::new(),
            plan,
        };
        world.plan_troubles();
        world.keep_session();
        world
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn messages(&self) -> usize {
        self.plan.messages
    }

    /// How often each text was on the air.
    pub(crate) fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for entry in self.stations.iter().flat_map(|station| &station.ledger) {
            *copies.entry(entry.text.clone().unwrap_or_default()).or_insert(0) += 1;
        }
        copies
    }

    /// Runs until every message is settled, or held for a person.
    pub(crate) fn run(&mut self) {
        self.tell_all();
        while !self.is_over() && self.go_on() {}
    }

    /// Runs until `is_so` holds, which it does at some time.
    pub(crate) fn run_until(&mut self, is_so: impl Fn(&World) -> bool) {
        self.tell_all();
        self.settle();
        while !is_so(self) {
            assert!(self.go_on(), "seed {}: nothing is left to happen", self.plan.seed);
            self.settle();
        }
    }

    /// Runs for this long and to the next moment at which anything happens.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.run_until(|world| world.now >= end);
    }

    /// Everything that is due now, then the next moment at which anything is; none when nothing is left to happen.
    fn go_on(&mut self) -> bool {
        self.settle();
        let Some(next) = self.next_moment() else { return false };
        self.now = next.max(self.now);
        assert!(self.now < END, "seed {}: not settled in {END}: {:?}", self.plan.seed, self.queue.counts());
        self.happen();
        true
    }

    /// The suspend file names the first modem from now on, or does not any more.
    pub(crate) fn suspend(&mut self, reason: Option<&str>) {
        let (context, station, _) = self.context_of(0);
        station.worker.handle_suspension(reason, &context);
    }

    /// Somebody asks the first modem something, for which it has this long.
    pub(crate) fn ask(&mut self, question: Question, within: Duration) {
        let until = self.now + within;
        let (context, station, _) = self.context_of(0);
        station.worker.handle_question(question, until, &context);
    }

    /// The port of the first modem fails.
    pub(crate) fn lose_port(&mut self) {
        let (context, station, _) = self.context_of(0);
        station.worker.handle_port_failed(&context);
        self.settle();
    }

    /// Another port waits for the first modem.
    pub(crate) fn move_away(&mut self) {
        let (context, station, _) = self.context_of(0);
        station.worker.handle_moved(&context);
    }

    /// The port that waits for the first modem is free.
    pub(crate) fn arrive(&mut self) {
        let (context, station, _) = self.context_of(0);
        station.worker.handle_arrived(&context);
    }

    /// One round is wanted of the first modem.
    pub(crate) fn break_suspension(&mut self) {
        let (context, station, _) = self.context_of(0);
        station.worker.handle_break(&context);
    }

    /// The first modem's worker is to stop.
    pub(crate) fn drain(&mut self) {
        let (context, station, _) = self.context_of(0);
        station.worker.handle_drain(&context);
    }

    /// What is due now.
    pub(crate) fn settle_now(&mut self) {
        self.settle();
    }

    fn is_over(&self) -> bool {
        let open = self.queue.messages().filter(|record| !record.state().is_final());
        let mut open = open;
        self.troubles.is_empty()
            && open.all(|record| self.queue.waiting_for(record.id) == Some(WaitingFor::Verdict))
    }

    /// Moves everything that is due now.
    fn settle(&mut self) {
        if self.now < self.paused_until {
            return;
        }
        loop {
            let mut moved = false;
            for number in 0..self.stations.len() {
                let (context, station, chance) = self.context_of(number);
                moved |= station.move_worker(&context, chance);
            }
            if !moved {
                return;
            }
        }
    }

    fn context_of(&mut self, number: usize) -> (Context<'_>, &mut Station, &mut Chance) {
        let context =
            Context { queue: &self.queue, session: self.session, lease: &self.lease, now: self.now };
        (context, &mut self.stations[number], &mut self.chance)
    }

    fn next_moment(&self) -> Option<Time> {
        let devices = self.stations.iter().filter_map(|station| station.device.poll_timeout());
        if self.now < self.paused_until {
            let trouble = self.troubles.first().map(|(at, _)| *at);
            return devices.chain(trouble).chain([self.paused_until]).min();
        }
        let stations = self.stations.iter().filter_map(Station::due);
        let tick = self.queue.next_deadline().map(|at| Time::ZERO + at.since(EPOCH));
        let trouble = self.troubles.first().map(|(at, _)| *at);
        let due = stations.chain(tick).chain(trouble).min()?;
        Some(due)
    }

    /// What is due at this moment happens: troubles, the log, the disk, the clocks.
    fn happen(&mut self) {
        while let Some((_, trouble)) = self.troubles.first().copied().filter(|(at, _)| *at <= self.now) {
            self.troubles.remove(0);
            self.strike(trouble);
        }
        for station in &mut self.stations {
            station.device.handle_timeout(self.now);
            station.move_device(self.now);
        }
        if self.now < self.paused_until {
            return;
        }
        if self.queue.next_deadline().is_some_and(|at| at <= self.calendar()) {
            self.apply(Body::Tick);
        }
        for number in 0..self.stations.len() {
            self.arrivals(number);
            let (context, station, chance) = self.context_of(number);
            // A process that wakes reads what is there before it looks at the clock.
            while station.has_input() && station.move_worker(&context, chance) {}
            station.worker.handle_wake(&context);
            if station.worker.is_stopped() {
                station.start_again();
            }
        }
        self.keep_session();
    }

    fn arrivals(&mut self, number: usize) {
        let now = self.now;
        let (due, later) =
            std::mem::take(&mut self.stations[number].under).into_iter().partition(|(at, _)| *at <= now);
        self.stations[number].under = later;
        let due: Vec<(Time, Under)> = due;
        for (_, under) in due {
            let under = match under {
                Under::Proposal(body) => {
                    let starts = matches!(
                        body,
                        Body::Outcome { next: None, rearm: Some(Rearm { start: true, .. }), .. }
                    );
                    let reply = self.apply(body);
                    if starts {
                        self.upset(number);
                    }
                    Under::Reply(reply)
                }
                Under::Opening | Under::Reply(_) | Under::Record(..) | Under::PinMark => under,
            };
            let (context, station, _) = self.context_of(number);
            station.arrive(under, &context);
        }
    }

    /// Strikes once, when the station's modem has been given a message that is started.
    fn upset(&mut self, number: usize) {
        let claim =
            self.stations[number].worker.registration().and_then(|id| self.queue.registration(id)?.claim);
        let is_started = |epoch| self.queue.claim(epoch).is_some_and(|claim| claim.in_flight().is_some());
        let Some(upset) = self.plan.upset.filter(|_| claim.is_some_and(is_started)) else { return };
        self.plan.upset = None;
        if let (Upset::SessionLost, Some(session)) = (upset, self.session) {
            self.apply(Body::ExpireSession { session });
            self.faults += 1;
        }
        let (context, station, _) = self.context_of(number);
        match upset {
            Upset::Drain => station.worker.handle_drain(&context),
            Upset::PortLost => station.worker.handle_port_failed(&context),
            Upset::SessionLost => {}
        }
    }

    fn apply(&mut self, body: Body) -> Reply {
        self.index += 1;
        if let Body::NotWritten { reason, .. } = body {
            self.given_back.push(reason);
        }
        let position = Position { index: self.index, offset: 0 };
        let command = Command { client: Name::new("gw-a").expect("a name"), now: self.calendar(), body };
        let mut events: Vec<Event> = Vec::new();
        let reply = self.queue.apply(position, &command, &mut events);
        if let Err(violation) = invariants::check(&self.queue) {
            panic!("seed {}: {violation:?} after {:?}", self.plan.seed, command.body);
        }
        reply
    }

    fn calendar(&self) -> Timestamp {
        EPOCH + self.now.since(Time::ZERO)
    }

    fn tell_all(&mut self) {
        for number in 0..self.stations.len() {
            let (context, station, _) = self.context_of(number);
            station.worker.handle_wake(&context);
        }
    }

    fn register(&mut self) {
        self.start = self.start.next();
        let reply = self.apply(Body::RegisterSession { node: NODE, start: self.start });
        let Reply::Session(SessionReply::Registered(id)) = reply else { panic!("no session: {reply:?}") };
        self.session = Some(id);
    }

    fn submit(&mut self, number: usize) {
        let parts = 1 + self.chance.below(3) as usize;
        let (submit, texts) = message(number, parts, self.plan.policy);
        self.texts.insert(submit.id, texts);
        let reply = self.apply(Body::Submit(Box::new(submit)));
        assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
    }

    fn plan_troubles(&mut self) {
        let plan = self.plan.clone();
        let kinds = [
            (Trouble::Death, plan.deaths),
            (Trouble::Vanish, plan.vanishings),
            (Trouble::Reset, plan.resets),
            (Trouble::LoseAnswer, plan.lost_answers),
            (Trouble::Pause, plan.pauses),
        ];
        for (kind, count) in kinds {
            for _ in 0..count {
                let at = Time::from_millis(self.chance.below(TROUBLE.as_millis() as u64));
                self.troubles.push((at, kind));
            }
        }
        for number in 0..plan.messages {
            let at = Time::from_millis(self.chance.below(TROUBLE.as_millis() as u64));
            self.troubles.push((at, Trouble::Submit(number)));
        }
        self.troubles.sort();
    }

    fn strike(&mut self, trouble: Trouble) {
        let victim = self.chance.below(self.stations.len() as u64) as usize;
        let now = self.now;
        match trouble {
            Trouble::Submit(number) => return self.submit(number),
            // The rest of the cluster has not heard from the node for a whole lease.
            Trouble::Expire(session) => {
                self.apply(Body::ExpireSession { session });
                return;
            }
            Trouble::Death => self.die(),
            Trouble::Vanish => {
                self.stations[victim].device.vanish(now);
                let back = now + Duration::from_secs(1 + self.chance.below(60));
                self.troubles.push((back, Trouble::Return(victim)));
                self.troubles.sort();
            }
            Trouble::Return(victim) => self.stations[victim].device.come_back(now),
            Trouble::Reset => self.stations[victim].device.reset(now),
            Trouble::LoseAnswer => self.stations[victim].device.lose_answers(1),
            Trouble::Pause => self.pause(),
        }
        self.faults += 1;
    }

    /// The process stands still; its session ends elsewhere after a lease, and its old lease is all it knows when it
    /// goes on.
    fn pause(&mut self) {
        if self.now < self.paused_until {
            return;
        }
        self.paused_until = self.now + self.plan.pause;
        if let Some(session) = self.session {
            self.troubles.push((self.now + LeaseTerms::default().length, Trouble::Expire(session)));
            self.troubles.sort();
        }
    }

    /// Rule 7: a session lost while alive is followed by the next.
    fn keep_session(&mut self) {
        let live = self.session.filter(|session| self.queue.session_by_id(*session).is_some());
        if live.is_none() {
            self.lease.handle_lost();
            self.register();
        }
        let could_write = self.lease.permits_writing(self.now);
        self.lease.handle_renewed(self.now, None);
        if !could_write {
            // As the node does: whoever waits for the lease is told that it is back.
            self.tell_all();
        }
    }

    /// The process dies and starts again: rule 8 of the claim protocol.
    fn die(&mut self) {
        let in_flight: Vec<Name> = self
            .queue
            .sessions()
            .flat_map(|session| self.queue.claims_of(session.id))
            .filter(|claim| claim.in_flight().is_some())
            .map(|claim| claim.modem.clone())
            .collect();
        for number in 0..self.stations.len() {
            let name = self.stations[number].name.clone();
            let settings = Settings {
                quiet_first: in_flight.contains(&name),
                keep_open: self.plan.keep_open,
                ..Settings::new(name)
            };
            let lost = self.stations[number].die(settings);
            for body in lost {
                if self.chance.once_in(2) {
                    self.apply(body);
                }
            }
        }
        self.lease.handle_lost();
        for number in 0..self.stations.len() {
            for (attempt, outcome) in std::mem::take(&mut self.stations[number].outbox) {
                self.apply(Body::Outcome { attempt, outcome, next: None, rearm: None });
            }
        }
        self.register();
        self.lease.handle_renewed(self.now, None);
        self.tell_all();
    }
}

/// Message `number`, of `parts` parts or as many as its text needs, and the text of each part.
pub(crate) fn message(number: usize, parts: usize, policy: UncertainPolicy) -> (Submit, Vec<String>) {
    let text = format!("message {number:04} ");
    let text = if parts == 1 { text } else { text.repeat(10 * parts) };
    let options = SegmentOptions {
        reference: smsgrid::text::Reference::Bits16(number as u16),
        ..SegmentOptions::default()
    };
    let segmented = segment(&text, &options).expect("a short text");
    let mut id = [0; 16];
    id[8..].copy_from_slice(&(number as u64 + 1).to_be_bytes());
    let texts = segmented.parts.iter().map(|part| smsgrid::text::decode(&part.payload, Alphabet::GSM7));
    let texts = texts.collect();
    let parts =
        (1..).zip(segmented.parts).map(|(number, user_data)| Part { number: PartNumber(number), user_data });
    let content = Content {
        destination: Address::international("491700000001").expect("a number"),
        alphabet: segmented.alphabet,
        parts: parts.collect(),
        options: SendOptions::default(),
        call: None,
    };
    let mut submit = Submit {
        id: MessageId::from_bytes(id),
        key: None,
        digest: Digest([0; 16]),
        content,
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: policy,
        resend_limit: ResendLimit(1),
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    };
    submit.digest = digest(&submit);
    (submit, texts)
}
