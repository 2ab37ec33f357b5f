//! The work of matching, counted: how many messages wait, and for whom, must make no difference.

use std::time::Duration;

use smsgrid::model::{
    Address, Alphabet, Attempt, Cause, Content, Disposition, Epoch, Imei, Imsi, MessageId, ModemIdentity,
    Name, NodeId, OpenNumber, Origin, Part, PartNumber, PartOutcome, Payload, Position, Priority,
    ReadyNumber, Refusal, RegistrationId, ResendLimit, SendOptions, SessionId, StartNumber, Timestamp,
    UncertainPolicy, UserData,
};
use smsgrid::queue::{
    Body, Command, Digest, PinLost, Policy, Queue, Reply, Route, StartReply, Submit, invariants,
};

/// Two sizes of the same backlog.
const FEW: u32 = 5;
const MANY: u32 = 3000;
/// Send cycles of the modem that is watched.
const CYCLES: u32 = 20;

const WATCHED: RegistrationId = RegistrationId(1);
const OTHER: RegistrationId = RegistrationId(2);

#[test]
fn messages_for_a_busy_modem_cost_the_others_nothing() {
    assert_flat(|bench, count| {
        for _ in 0..count {
            bench.submit(|submit| submit.route.modem = Some(name("other")));
        }
    });
}

#[test]
fn messages_for_tags_nobody_carries_cost_nothing() {
    assert_flat(|bench, count| {
        for _ in 0..count {
            bench.submit(|submit| submit.route.tags = [name("gold")].into());
        }
    });
}

#[test]
fn messages_for_later_cost_nothing() {
    assert_flat(|bench, count| {
        let later = bench.now + Duration::from_secs(3600);
        for _ in 0..count {
            bench.submit(|submit| submit.not_before = Some(later));
        }
    });
}

#[test]
fn a_long_backlog_costs_no_more_than_a_short_one() {
    assert_flat(|bench, count| {
        for number in 0..count {
            bench.submit(|submit| submit.priority = Priority::MOST_URGENT_FIRST[number as usize % 4]);
        }
    });
}

#[test]
fn messages_pinned_to_a_sim_that_is_gone_cost_the_others_nothing() {
    assert_flat(|bench, count| {
        for _ in 0..count {
            bench.submit(|submit| submit.content.parts = parts(2));
        }
        bench.send_first_parts(OTHER, count);
        bench.say(Body::UnregisterModem { registration: OTHER, force: true });
    });
}

#[test]
fn messages_that_avoid_a_modem_cost_it_nothing() {
    assert_flat(|bench, count| {
        for _ in 0..count {
            bench.submit(|_| {});
        }
        for _ in 0..count {
            bench.cycle(WATCHED, refused());
        }
    });
}

#[test]
fn many_moments_at_once_are_worked_off_in_bounded_steps() {
    let mut bench = Bench::new();
    let due = bench.now + Duration::from_secs(60);
    for _ in 0..MANY {
        bench.submit(|submit| submit.deadline = Some(due));
    }
    bench.now = due;

    let mut ticks = 0;
    while bench.queue.next_deadline().is_some_and(|at| at <= due) {
        let before = bench.expired();
        bench.say(Body::Tick);
        ticks += 1;
        assert!(bench.expired() - before <= 1000, "one command expired {}", bench.expired() - before);
    }

    assert_eq!(bench.expired(), u64::from(MANY));
    assert!(ticks >= 3);
}

#[test]
fn an_overdue_message_is_never_claimed_while_the_others_are_still_being_expired() {
    let mut bench = Bench::new();
    let due = bench.now + Duration::from_secs(60);
    for _ in 0..MANY {
        bench.submit(|submit| submit.deadline = Some(due));
    }
    let fresh = bench.submit(|submit| submit.priority = Priority::Bulk);
    bench.now = due;

    let mut seq = 0;
    while bench.queue.registration(WATCHED).is_some_and(|modem| modem.claim.is_none()) && seq < 10 {
        seq += 1;
        bench.say(Body::Ready { registration: WATCHED, seq: ReadyNumber(seq) });
    }

    let claim = bench.queue.registration(WATCHED).and_then(|modem| modem.claim).expect("one may be sent");
    assert_eq!(bench.queue.claim(claim).map(|claim| claim.message), Some(fresh));
    assert_eq!(invariants::check(&bench.queue), Ok(()));
}

/// The watched modem's cycles take as many steps with many waiting messages as with few.
fn assert_flat(prepare: impl Fn(&mut Bench, u32)) {
    let steps = [FEW, MANY].map(|count| {
        let mut bench = Bench::new();
        prepare(&mut bench, count);
        assert_eq!(invariants::check(&bench.queue), Ok(()));
        for _ in 0..CYCLES {
            bench.submit(|submit| submit.priority = Priority::Emergency);
        }
        let before = bench.queue.match_steps();
        for _ in 0..CYCLES {
            bench.cycle(WATCHED, PartOutcome::Sent { message_reference: 1, service_centre_time: None });
        }
        bench.queue.match_steps() - before
    });

    assert!(steps[1] <= steps[0] + 2 * u64::from(CYCLES), "steps with few and with many: {steps:?}");
    assert!(steps[1] <= 30 * u64::from(CYCLES), "{} steps a cycle", steps[1] / u64::from(CYCLES));
}

struct Bench {
    queue: Queue,
    now: Timestamp,
    index: u64,
    messages: u32,
    seqs: [u64; 3],
}

impl Bench {
    fn new() -> Bench {
        // Ageing off: nothing but the class decides, however long a test takes.
        let policy = Policy { ageing_interval: Duration::ZERO, pin_lost: PinLost::Fail, ..Policy::default() };
        let now = Timestamp::from_unix_millis(1_700_000_000_000);
        let mut bench = Bench { queue: Queue::new(policy), now, index: 0, messages: 0, seqs: [0; 3] };
        bench.say(Body::RegisterSession { node: NodeId(1), start: StartNumber(1) });
        for (number, modem) in [(1, "watched"), (2, "other")] {
            let imei = Imei::new(&format!("{number:015}")).expect("15 digits");
            let imsi = Imsi::new(&format!("{number:015}")).expect("15 digits");
            bench.say(Body::RegisterModem {
                session: SessionId(1),
                open: OpenNumber(1),
                identity: ModemIdentity { imei, imsi },
                name: name(modem),
                carries: Default::default(),
                prefers: Vec::new(),
            });
        }
        bench
    }

    fn say(&mut self, body: Body) -> Reply {
        self.index += 1;
        let command = Command { client: name("bench"), now: self.now, body };
        self.queue.apply(Position { index: self.index, offset: 0 }, &command, &mut Vec::new())
    }

    fn submit(&mut self, change: impl Fn(&mut Submit)) -> MessageId {
        self.messages += 1;
        let id = MessageId::from_bytes(u128::from(self.messages).to_be_bytes());
        let mut submit = Submit {
            id,
            key: None,
            digest: Digest([0; 16]),
            content: Content {
                destination: Address::international("15550001").expect("digits"),
                alphabet: Alphabet::GSM7,
                parts: parts(1),
                options: SendOptions::default(),
                call: None,
            },
            origin: Origin::Api,
            priority: Priority::Normal,
            uncertain: UncertainPolicy::Resend,
            resend_limit: ResendLimit(1),
            not_before: None,
            deadline: None,
            route: Route::default(),
            attempts_max: None,
        };
        change(&mut submit);
        self.say(Body::Submit(Box::new(submit)));
        id
    }

    /// Ready, claimed, started, settled.
    fn cycle(&mut self, registration: RegistrationId, outcome: PartOutcome) {
        let seq = self.next_seq(registration);
        self.say(Body::Ready { registration, seq });
        let epoch =
            self.queue.registration(registration).and_then(|modem| modem.claim).expect("a message waits");
        let attempt = Attempt { epoch, part: PartNumber(1) };
        assert_eq!(self.say(Body::Start { attempt }), Reply::Start(StartReply::Go));
        self.say(Body::Outcome { attempt, outcome, next: None, rearm: None });
    }

    /// Sends the first part of as many messages of two parts; each of them is then pinned.
    fn send_first_parts(&mut self, registration: RegistrationId, count: u32) {
        let seq = self.next_seq(registration);
        self.say(Body::Ready { registration, seq });
        for _ in 0..count {
            let epoch: Epoch =
                self.queue.registration(registration).and_then(|m| m.claim).expect("one waits");
            let attempt = Attempt { epoch, part: PartNumber(1) };
            self.say(Body::Start { attempt });
            let outcome = PartOutcome::Sent { message_reference: 1, service_centre_time: None };
            // Given back without re-arming: a claim of a fresh message comes before that of a pinned one.
            self.say(Body::Outcome { attempt, outcome, next: None, rearm: None });
            let message = self.queue.claim(epoch).map(|claim| claim.message).expect("kept");
            self.say(Body::Hold { message });
            let seq = self.next_seq(registration);
            self.say(Body::Ready { registration, seq });
        }
        let all: Vec<MessageId> = self.queue.messages().map(|record| record.id).collect();
        let seq = self.next_seq(registration);
        self.say(Body::Withdraw { registration, seq });
        for message in all {
            self.say(Body::Release { message });
        }
    }

    fn next_seq(&mut self, registration: RegistrationId) -> ReadyNumber {
        let seq = &mut self.seqs[registration.0 as usize];
        *seq += 1;
        ReadyNumber(*seq)
    }

    fn expired(&self) -> u64 {
        self.queue.counts().get(&smsgrid::model::MessageState::Expired).copied().unwrap_or(0)
    }
}

/// A fault of the modem, with which the message goes elsewhere.
fn refused() -> PartOutcome {
    PartOutcome::Refused(Refusal { cause: Cause::Cms(512), disposition: Disposition::ModemFault })
}

fn parts(count: u8) -> Vec<Part> {
    let part = |number| Part {
        number: PartNumber(number),
        user_data: UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(vec![65; 100]) },
    };
    (1..=count).map(part).collect()
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
