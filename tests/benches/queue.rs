//! What the queue costs: commands a second, claim latency by length of the queue, memory, and the log's form.
//!
//! `cargo bench -p smsgrid-tests --bench queue`. It prints; nothing here passes or fails.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use smsgrid::model::{
    Address, Alphabet, Attempt, Content, Imei, Imsi, MessageId, ModemIdentity, Name, NodeId, OpenNumber,
    Origin, Part, PartNumber, PartOutcome, Payload, Position, Priority, ReadyNumber, RegistrationId,
    ResendLimit, SendOptions, SessionId, StartNumber, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::codec::{decode_entry, encode_entry};
use smsgrid::queue::{Body, Command, IdempotencyKey, Policy, Queue, Rearm, Route, Submit, digest};

/// Octets of a page of `/proc/self/statm`.
const PAGE_OCTETS: u64 = 4096;
/// Cycles measured at each length of the queue.
const CYCLES: u32 = 20_000;

fn main() {
    measure_codec();
    measure_submits();
    for with_routes in [false, true] {
        let latencies = [1_000, 100_000, 1_000_000].map(|waiting| measure_claims(waiting, with_routes));
        let ratio = latencies[2].as_secs_f64() / latencies[0].as_secs_f64();
        println!("  1,000,000 to 1,000 waiting: ratio {ratio:.2}");
    }
}

fn measure_codec() {
    let submits: Vec<Command> = (0..50).map(|number| submit(number, None)).collect();
    let entry = encode_entry(&submits);
    let encode = time(2_000, || encode_entry(black_box(&submits)).len());
    let decode = time(2_000, || decode_entry(black_box(&entry)).map(|commands| commands.len()).unwrap_or(0));
    println!("codec: entry of 50 submits of 160 septets, {} octets", entry.len());
    println!("  encode {:?} an entry, {:?} a submit", encode, encode / 50);
    println!("  decode {:?} an entry, {:?} a submit", decode, decode / 50);
    let digested = match &submits[0].body {
        Body::Submit(submit) => time(20_000, || usize::from(digest(black_box(submit)).0[0])),
        _ => Duration::ZERO,
    };
    println!("  digest {digested:?}");
}

fn measure_submits() {
    for keyed in [false, true] {
        let commands: Vec<Command> =
            (0..100_000).map(|number| submit(number, keyed.then_some(number))).collect();
        let mut bench = Bench::new(0);
        let start = Instant::now();
        for command in &commands {
            bench.apply(command);
        }
        let spent = start.elapsed();
        let key = if keyed { "with a key" } else { "without a key" };
        println!("submit {key}: {:.0}/s", 100_000.0 / spent.as_secs_f64());
    }
}

/// Mean time from the re-arming outcome to the next claim, both in one command, with so many messages waiting.
fn measure_claims(waiting: u32, with_routes: bool) -> Duration {
    let before = resident_octets();
    let mut bench = Bench::new(8);
    for number in 0..waiting {
        let mut command = submit(number, None);
        if with_routes
            && number % 2 == 0
            && let Body::Submit(submit) = &mut command.body
        {
            // Half of all wait for a modem that is not there, for other tags, or for later.
            match number % 6 {
                0 => submit.route.modem = Some(name("elsewhere")),
                2 => submit.route.tags = [name("gold")].into(),
                _ => submit.not_before = Some(Timestamp::from_unix_millis(1_800_000_000_000)),
            }
        }
        bench.apply(&command);
    }
    let memory = (resident_octets() - before) / u64::from(waiting);
    for modem in 1..=8 {
        bench.say(Body::Ready { registration: RegistrationId(modem), seq: ReadyNumber(1) });
    }
    let cycles = CYCLES.min(waiting / 4);
    let (mut outcomes, mut whole) = (Duration::ZERO, Duration::ZERO);
    let mut fresh = waiting;
    for cycle in 0..cycles {
        // The queue stays as long as it is.
        fresh += 1;
        bench.apply(&submit(fresh, None));
        let registration = RegistrationId(u64::from(cycle % 8) + 1);
        let Some(epoch) = bench.queue.registration(registration).and_then(|modem| modem.claim) else {
            continue;
        };
        let attempt = Attempt { epoch, part: PartNumber(1) };
        let start = Instant::now();
        bench.say(Body::Start { attempt });
        let outcome = PartOutcome::Sent { message_reference: 1, service_centre_time: None };
        let rearm = Some(Rearm { registration, seq: ReadyNumber(u64::from(cycle / 8) + 2) });
        let ended = Instant::now();
        bench.say(Body::Outcome { attempt, outcome, next: None, rearm });
        outcomes += ended.elapsed();
        whole += start.elapsed();
    }
    let kind = if with_routes { "half of them for others or later" } else { "all alike" };
    println!(
        "{waiting} waiting, {kind}: outcome with next claim {:?}, start and outcome {:.0} cycles/s, {memory} octets each",
        outcomes / cycles,
        f64::from(cycles) / whole.as_secs_f64(),
    );
    outcomes / cycles
}

struct Bench {
    queue: Queue,
    index: u64,
}

impl Bench {
    fn new(modems: u64) -> Bench {
        let mut bench = Bench { queue: Queue::new(Policy::default()), index: 0 };
        bench.say(Body::RegisterSession { node: NodeId(1), start: StartNumber(1) });
        for number in 1..=modems {
            let digits = format!("{number:015}");
            let (Some(imei), Some(imsi)) = (Imei::new(&digits), Imsi::new(&digits)) else { continue };
            bench.say(Body::RegisterModem {
                session: SessionId(1),
                open: OpenNumber(1),
                identity: ModemIdentity { imei, imsi },
                name: name(&format!("modem{number}")),
                carries: Default::default(),
            });
        }
        bench
    }

    fn say(&mut self, body: Body) {
        let now = Timestamp::from_unix_millis(1_700_000_000_000);
        self.apply(&Command { client: name("bench"), now, body });
    }

    fn apply(&mut self, command: &Command) {
        self.index += 1;
        let mut events = Vec::new();
        black_box(self.queue.apply(Position { index: self.index, offset: 0 }, command, &mut events));
    }
}

fn submit(number: u32, key: Option<u32>) -> Command {
    let user_data =
        UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(vec![0x41; 160]) };
    // As a ULID: the time first, so that later ids are mostly higher, then what looks random.
    let scattered = (u128::from(number) << 80) | u128::from(number.wrapping_mul(2_654_435_761));
    let submit = Submit {
        id: MessageId::from_bytes(scattered.to_be_bytes()),
        key: key.and_then(|key| IdempotencyKey::new(&format!("request-{key:010}")).ok()),
        digest: smsgrid::queue::Digest([7; 16]),
        content: Content {
            destination: Address::international("358401234567").expect("12 digits"),
            alphabet: Alphabet::GSM7,
            parts: vec![Part { number: PartNumber(1), user_data }],
            options: SendOptions::default(),
        },
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: UncertainPolicy::Resend,
        resend_limit: ResendLimit(1),
        not_before: None,
        deadline: Some(Timestamp::from_unix_millis(1_900_000_000_000)),
        route: Route::default(),
        attempts_max: None,
    };
    let now = Timestamp::from_unix_millis(1_700_000_000_000);
    Command { client: name("bench"), now, body: Body::Submit(Box::new(submit)) }
}

fn time(times: u32, mut run: impl FnMut() -> usize) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(run());
    }
    start.elapsed() / times
}

fn resident_octets() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE_OCTETS
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
