//! Commands without sense: `apply` answers every one of them and keeps its invariants.

use std::time::Duration;

use smsgrid::model::{
    Address, Alphabet, Attempt, Call, CallEnd, Cause, Content, Disposition, Doubt, Epoch, Imei, Imsi,
    MessageId, MessageState, ModemIdentity, Name, NodeId, NotWrittenReason, OpenNumber, Origin, Part,
    PartNumber, PartOutcome, Payload, Position, Priority, ReadyNumber, Refusal, RegistrationId, ResendLimit,
    SendOptions, SessionId, StartNumber, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{
    Body, Command, Digest, Event, IdempotencyKey, PinLost, Policy, Queue, Rearm, Reply, Route, Submit,
    Verdict, digest, invariants,
};

use crate::frames::written;
use crate::sim::random::Random;

const SEEDS: u64 = 30;
const COMMANDS: u64 = 700;

#[test]
fn every_command_in_every_state_is_answered_and_no_invariant_breaks() {
    let mut sent = 0;
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut queues = [Queue::new(Policy::default()), Queue::new(Policy::default())];
        let mut now = 1_700_000_000_000;
        for index in 1..=COMMANDS {
            now += random.next() % 20_000;
            let command = command(&mut random, &queues[0], index, now);
            let position = Position { index, offset: 0 };
            let mut events = [Vec::new(), Vec::new()];
            let replies: Vec<Reply> = queues
                .iter_mut()
                .zip(&mut events)
                .map(|(queue, events)| queue.apply(position, &command, events))
                .collect();
            if random.below(40) == 0 {
                let octets = written(&queues[1]);
                queues[1] = Queue::restore(&mut octets.as_slice()).expect("just written");
            }
            let checked = invariants::check(&queues[0]);
            sent += events[0]
                .iter()
                .filter(|event| matches!(event, Event::Changed { to: MessageState::Sent, .. }))
                .count();

            assert_eq!(checked, Ok(()), "seed {seed}, entry {index}: {:?}", command.body);
            assert_eq!(replies[0], replies[1], "seed {seed}, entry {index}: {:?}", command.body);
            assert_eq!(events[0], events[1], "seed {seed}, entry {index}: {:?}", command.body);
        }
        assert_eq!(queues[0].fingerprint(), queues[1].fingerprint(), "seed {seed}");
    }
    assert!(sent >= 10, "even without sense something is sent: {sent}");
}

fn command(random: &mut Random, queue: &Queue, index: u64, now: u64) -> Command {
    // A clock that runs wild once in a while; it stays within what it may be set back to.
    let now = match random.below(50) {
        0 => now + random.next() % 100_000_000,
        1 => 0,
        _ => now,
    };
    let client = name(["ops", "client", "other"][random.below(3)]);
    Command { client, now: Timestamp::from_unix_millis(now), body: body(random, queue, index) }
}

/// Half of the numbers are such as the state knows.
fn body(random: &mut Random, queue: &Queue, index: u64) -> Body {
    let growing = 1 + index as usize;
    let known = queue.registrations().nth(random.below(3)).filter(|_| random.chance(70));
    let registration = known.map_or_else(|| RegistrationId(number(random, 12)), |modem| modem.id);
    let seq =
        known.map_or_else(|| ReadyNumber(number(random, 30)), |modem| ReadyNumber(modem.ready_seq.0 + 1));
    let live = queue.sessions().nth(random.below(3)).filter(|_| random.chance(70));
    let session = live.map_or_else(|| SessionId(number(random, 6)), |session| session.id);
    let message = id(random);
    let epoch = known.and_then(|modem| modem.claim).filter(|_| random.chance(80));
    let epoch = epoch.unwrap_or_else(|| Epoch(number(random, 40)));
    let attempt = Attempt { epoch, part: part(random) };
    let modem = name(["A", "B", "C"][random.below(3)]);
    let given_up = queue.in_state(MessageState::Failed).nth(random.below(3)).filter(|_| random.chance(80));
    let (dead, generation) = given_up.map_or((message, 0), |record| (record.id, record.generation));
    match random.below(43) {
        0..6 => Body::Submit(Box::new(submit(random))),
        6 => Body::RegisterSession {
            node: NodeId(number(random, 3)),
            start: StartNumber(number(random, growing)),
        },
        7 if random.chance(30) => Body::ExpireSession { session },
        8..12 => Body::RegisterModem {
            session,
            open: OpenNumber(number(random, growing)),
            identity: identity(random),
            name: modem,
            carries: tags(random),
            prefers: tags(random).into_iter().collect(),
        },
        12 if random.chance(50) => Body::UnregisterModem { registration, force: random.chance(50) },
        13..17 => Body::Ready { registration, seq },
        17 => Body::Withdraw { registration, seq },
        18..25 => Body::Start { attempt },
        25..31 => {
            let start = random.chance(50);
            outcome(random, attempt, Rearm { registration, seq, start })
        }
        31 => Body::NotWritten { attempt, reason: random.pick(&REASONS) },
        32 => Body::Resolve {
            message,
            part: part(random),
            verdict: random.pick(&[Verdict::Sent, Verdict::NotSent]),
        },
        33 => Body::Cancel { message },
        34 => Body::Hold { message },
        35 => Body::Release { message },
        40 => Body::Retry { message: dead, generation },
        41 => Body::Discard { message: dead, generation },
        42 => Body::Told {
            node: NodeId(number(random, 3)),
            up_to: Position { index: number(random, growing), offset: 0 },
        },
        36 => Body::BlockModem { modem },
        37 => Body::UnblockModem { modem },
        38 if random.chance(10) => Body::SetPolicy(policy(random)),
        _ => Body::Tick,
    }
}

const REASONS: [NotWrittenReason; 5] = [
    NotWrittenReason::NoPrompt,
    NotWrittenReason::PortLost,
    NotWrittenReason::LeaseLost,
    NotWrittenReason::SimChanged,
    NotWrittenReason::Draining,
];

fn outcome(random: &mut Random, attempt: Attempt, rearm: Rearm) -> Body {
    let refused = |disposition| PartOutcome::Refused(Refusal { cause: Cause::Cme(10), disposition });
    let sent = PartOutcome::Sent { message_reference: 255, service_centre_time: None };
    let outcome = random.pick(&[
        sent,
        sent,
        refused(Disposition::Permanent),
        refused(Disposition::Temporary),
        refused(Disposition::ModemFault),
        PartOutcome::Uncertain(Doubt::BareOk),
        PartOutcome::Called(CallEnd::Hangup),
    ]);
    let next = random.chance(50).then(|| part(random));
    let rearm = random.chance(50).then_some(rearm);
    Body::Outcome { attempt, outcome, next, rearm }
}

fn policy(random: &mut Random) -> Policy {
    let span = |random: &mut Random| {
        random.pick(&[Duration::ZERO, Duration::from_millis(1), Duration::from_secs(30), Duration::MAX])
    };
    let count = |random: &mut Random| random.pick(&[0, 1, 3, 20, u32::MAX]);
    Policy {
        messages_max: count(random).max(20),
        routes_max: count(random).max(3),
        parts_max: random.pick(&[1, 3, 255]),
        attempts_max: random.pick(&[0, 1, 255]),
        faults_max: random.pick(&[0, 1, 255]),
        backoff_min: span(random),
        backoff_factor: count(random),
        backoff_max: span(random),
        fault_rest: span(random),
        evidence_window: span(random),
        pin_timeout: span(random),
        pin_lost: random.pick(&[PinLost::Fail, PinLost::RestartWhole]),
        ageing_interval: span(random),
        retention: span(random),
        retained_max: count(random),
        history_retention: span(random),
        keys_retention: span(random),
        keys_max: count(random),
        keys_per_client_max: count(random),
    }
}

fn submit(random: &mut Random) -> Submit {
    let count = random.pick(&[1, 1, 1, 1, 1, 2, 3, 0, 255]);
    let part = |number: u8| Part {
        number: PartNumber(number),
        user_data: UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(vec![65; 3]) },
    };
    let moment = |random: &mut Random| {
        let ms = random.pick(&[0, 1_700_000_100_000, 1_700_003_000_000, u64::MAX]);
        Timestamp::from_unix_millis(ms)
    };
    let mut submit = Submit {
        id: id(random),
        key: random
            .chance(40)
            .then(|| IdempotencyKey::new(["k1", "k2", "k3"][random.below(3)]).expect("legal")),
        digest: Digest([0; 16]),
        content: Content {
            destination: Address::international(["1555", "1666"][random.below(2)]).expect("digits"),
            alphabet: Alphabet::GSM7,
            parts: (1..=count).map(part).collect(),
            options: SendOptions::default(),
            call: random.chance(10).then(|| Box::new(call(random))),
        },
        origin: Origin::Api,
        priority: random.pick(&Priority::MOST_URGENT_FIRST),
        uncertain: random.pick(&[UncertainPolicy::Resend, UncertainPolicy::Hold, UncertainPolicy::Fail]),
        resend_limit: ResendLimit(random.pick(&[0, 1, 255])),
        not_before: random.chance(20).then(|| moment(random)),
        deadline: random.chance(20).then(|| moment(random)),
        route: Route {
            modem: random.chance(20).then(|| name(["A", "B", "Z"][random.below(3)])),
            tags: if random.chance(70) { Default::default() } else { tags(random) },
        },
        attempts_max: random.chance(20).then(|| random.pick(&[0, 1, 255])),
    };
    submit.digest = digest(&submit);
    submit
}

fn identity(random: &mut Random) -> ModemIdentity {
    let imei = Imei::new(["100000000000001", "100000000000002", "100000000000003"][random.below(3)]);
    let imsi = Imsi::new(["200000000000001", "200000000000002", "200000000000003"][random.below(3)]);
    ModemIdentity { imei: imei.expect("15 digits"), imsi: imsi.expect("15 digits") }
}

fn tags(random: &mut Random) -> smsgrid::queue::Tags {
    ["t", "u"].into_iter().filter(|_| random.chance(50)).map(name).collect()
}

fn id(random: &mut Random) -> MessageId {
    MessageId::from_bytes([random.below(250) as u8; 16])
}

fn part(random: &mut Random) -> PartNumber {
    PartNumber(random.pick(&[1, 1, 1, 1, 2, 3, 0, 255]))
}

/// Mostly small, now and then the largest.
fn number(random: &mut Random, below: usize) -> u64 {
    if random.below(5000) == 0 { u64::MAX } else { random.below(below) as u64 }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}

/// Legal or not, beside parts that are no call's.
fn call(random: &mut Random) -> Call {
    Call {
        tones: random.pick(&["", "1#*", "A"]).to_owned(),
        rounds: random.pick(&[0, 1, 255]),
        wait_seconds: random.pick(&[None, Some(0), Some(30), Some(u16::MAX)]),
    }
}
