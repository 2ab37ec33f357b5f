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
/// Modems that take messages in turn.
const MODEMS: u64 = 8;
/// Clients that share the idempotency keys.
const CLIENTS: u32 = 8;
/// Cycles measured at each length of the queue, with empty and with full caches.
const COLD_CYCLES: u32 = 200;
const WARM_CYCLES: u32 = 200;
/// More than the caches hold.
const EVICTED_OCTETS: usize = 128 << 20;

fn main() {
    measure_codec();
    measure_image();
    measure_submits();
    for with_routes in [false, true] {
        let kind =
            if with_routes { "half of them for other modems, other tags or later" } else { "all alike" };
        println!("waiting messages, {kind}:");
        let all = [1_000, 100_000, 1_000_000].map(|waiting| measure_claims(waiting, with_routes));
        let ratio = |of: fn(&Claims) -> Duration| of(&all[2]).as_secs_f64() / of(&all[0]).as_secs_f64();
        println!(
            "  1,000,000 to 1,000: work {:.2}, caches empty {:.2}, caches full {:.2}",
            all[2].steps / all[0].steps,
            ratio(|claims| claims.cold),
            ratio(|claims| claims.warm),
        );
    }
}

/// What the outcome of one message costs that brings its modem the next one.
struct Claims {
    /// Median with nothing in the caches: a modem says something every few seconds, and others work in between.
    cold: Duration,
    /// Median of one after the other.
    warm: Duration,
    /// Lanes and modems looked at.
    steps: f64,
}

fn measure_codec() {
    let submits: Vec<Command> = (0..50).map(|number| submit(number, None)).collect();
    let entry = encode_entry(&submits);
    let encode = time(2_000, || encode_entry(black_box(&submits)).len());
    let decode = time(2_000, || decode_entry(black_box(&entry)).map(|commands| commands.len()).unwrap_or(0));
    println!("codec: entry of 50 submits of 160 septets, {} octets", entry.len());
    println!("  encode {:?} an entry, {:?} a submit", encode, encode / 50);
    println!("  decode {:?} an entry, {:?} a submit", decode, decode / 50);
    if let Some(Body::Submit(submit)) = submits.first().map(|command| &command.body) {
        println!("  digest {:?}", time(20_000, || usize::from(digest(black_box(submit)).0[0])));
    }
}

/// Before anything else, so that no memory is there to be used again: a million keyed messages, an image of them, and
/// commands that go on while it is held and written.
fn measure_image() {
    let before = resident_octets();
    let mut bench = Bench::new(MODEMS);
    let waiting = 1_000_000;
    for number in 0..waiting {
        let mut command = submit(number, Some(number));
        command.client = name(&format!("client{}", number % CLIENTS));
        bench.apply(&command);
    }
    for modem in 1..=MODEMS {
        bench.say(Body::Ready { registration: RegistrationId(modem), seq: ReadyNumber(1) });
    }
    let octets = |before: u64| resident_octets().saturating_sub(before);
    println!("image: 1,000,000 waiting messages of 160 septets with keys");
    println!("  memory: {} octets each", octets(before) / 1_000_000);
    let take = time(20, || {
        black_box(bench.queue.image());
        0
    });
    println!("  taken in {take:?}");

    let free = bench.cycles(waiting, COLD_CYCLES, || {});
    let image = bench.queue.image();
    let held = bench.cycles(waiting + COLD_CYCLES, COLD_CYCLES, || {});
    println!("  an outcome without an image {}, with one held {}", spread(free), spread(held));
    println!("  cancels all over the queue:");
    let cancels = |bench: &mut Bench, first: u32| -> Vec<Duration> {
        let scattered = (0..4_000).map(|number| first + number * 249);
        let cancel = |number| bench.timed(Body::Cancel { message: message(number) });
        scattered.map(cancel).collect()
    };
    println!("    with an image held {}", spread(cancels(&mut bench, 1_000)));
    drop(image);
    println!("    without one {}", spread(cancels(&mut bench, 1_100)));
    measure_writing(bench, before);
}

/// The image is written by another thread while commands go on.
fn measure_writing(mut bench: Bench, before: u64) {
    let image = bench.queue.image();
    let mut peak = resident_octets();
    let writer = std::thread::spawn(move || {
        let mut count = Count(0);
        let start = Instant::now();
        let written = image.write(&mut count);
        drop(image);
        (start.elapsed(), count.0, written.is_ok())
    });
    let mut times = Vec::new();
    let mut number = 2_000_000;
    while !writer.is_finished() {
        times.extend(bench.cycles(number, 100, || {}));
        number += 100;
        peak = peak.max(resident_octets());
    }
    let Ok((spent, octets, true)) = writer.join() else { return };
    println!(
        "  written in {spent:.1?}, {} MB, beside {} cycles: an outcome {}",
        octets >> 20,
        number - 2_000_000,
        spread(times)
    );
    println!("  memory in all while it is written: {} MiB", peak.saturating_sub(before) >> 20);

    let mut octets = Vec::new();
    if bench.queue.image().write(&mut octets).is_err() {
        return;
    }
    let fingerprint = bench.queue.fingerprint();
    drop(bench);
    let start = Instant::now();
    let unchecked = Queue::restore_unchecked(&mut octets.as_slice());
    let unchecked_in = start.elapsed();
    drop(unchecked);
    let start = Instant::now();
    let restored = Queue::restore(&mut octets.as_slice());
    let same = restored.is_ok_and(|queue| queue.fingerprint() == fingerprint);
    println!(
        "  restored in {:.1?}, {unchecked_in:.1?} of it before the invariants; the same: {same}",
        start.elapsed()
    );
}

/// Octets written so far.
struct Count(u64);

impl std::io::Write for Count {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0 += octets.len() as u64;
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| {
        times.get((times.len() * part / 1000).min(times.len() - 1)).copied().unwrap_or_default()
    };
    format!("p50 {:.1?}, p99 {:.1?}, max {:.1?}", at(500), at(990), at(1000))
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

fn measure_claims(waiting: u32, with_routes: bool) -> Claims {
    let mut bench = Bench::new(MODEMS);
    for number in 0..waiting {
        bench.apply(&waiting_message(number, with_routes));
    }
    for modem in 1..=MODEMS {
        bench.say(Body::Ready { registration: RegistrationId(modem), seq: ReadyNumber(1) });
    }
    let before = bench.queue.match_steps();
    let mut evicted = vec![0u8; EVICTED_OCTETS];
    let cold = bench.cycles(waiting, COLD_CYCLES, || evict(&mut evicted));
    let warm = bench.cycles(waiting + COLD_CYCLES, WARM_CYCLES, || {});
    let steps = (bench.queue.match_steps() - before) as f64 / f64::from(COLD_CYCLES + WARM_CYCLES);
    let (cold, warm) = (median(cold), median(warm));
    println!("  {waiting}: caches empty {cold:?}, full {warm:?}, {steps:.1} steps");
    Claims { cold, warm, steps }
}

/// With routes, half of all wait for a modem that is not there, for other tags, or for later.
fn waiting_message(number: u32, with_routes: bool) -> Command {
    let mut command = submit(number, None);
    if let Body::Submit(submit) = &mut command.body
        && with_routes
        && number.is_multiple_of(2)
    {
        match number % 6 {
            0 => submit.route.modem = Some(name("elsewhere")),
            2 => submit.route.tags = [name("gold")].into(),
            _ => submit.not_before = Some(Timestamp::from_unix_millis(1_800_000_000_000)),
        }
    }
    command
}

fn evict(octets: &mut [u8]) {
    octets.iter_mut().step_by(64).for_each(|octet| *octet = octet.wrapping_add(1));
    black_box(octets.first());
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

struct Bench {
    queue: Queue,
    index: u64,
    /// Cycles so far, over all modems in turn.
    cycle: u64,
}

impl Bench {
    fn new(modems: u64) -> Bench {
        let mut bench = Bench { queue: Queue::new(Policy::default()), index: 0, cycle: 0 };
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
                prefers: Vec::new(),
            });
        }
        bench
    }

    /// A message comes in, one is started, and its outcome re-arms the modem: the outcomes are timed. The queue
    /// stays as long as it is.
    fn cycles(&mut self, first: u32, count: u32, mut between: impl FnMut()) -> Vec<Duration> {
        let mut times = Vec::new();
        for number in first..first + count {
            self.apply(&submit(number, None));
            let registration = RegistrationId(self.cycle % MODEMS + 1);
            let rearm = Some(Rearm { registration, seq: ReadyNumber(self.cycle / MODEMS + 2), start: false });
            self.cycle += 1;
            let Some(epoch) = self.queue.registration(registration).and_then(|modem| modem.claim) else {
                continue;
            };
            let attempt = Attempt { epoch, part: PartNumber(1) };
            self.say(Body::Start { attempt });
            let outcome = PartOutcome::Sent { message_reference: 1, service_centre_time: None };
            between();
            let start = Instant::now();
            self.say(Body::Outcome { attempt, outcome, next: None, rearm });
            times.push(start.elapsed());
        }
        times
    }

    fn timed(&mut self, body: Body) -> Duration {
        let now = Timestamp::from_unix_millis(1_700_000_000_000);
        let command = Command { client: name("bench"), now, body };
        let start = Instant::now();
        self.apply(&command);
        start.elapsed()
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
    let submit = Submit {
        id: message(number),
        key: key.and_then(|key| IdempotencyKey::new(&format!("request-{key:010}")).ok()),
        digest: smsgrid::queue::Digest([7; 16]),
        content: Content {
            destination: Address::international("358401234567").expect("12 digits"),
            alphabet: Alphabet::GSM7,
            parts: vec![Part { number: PartNumber(1), user_data }],
            options: SendOptions::default(),
            call: None,
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

/// As a ULID: the time first, so that later ids are mostly higher, then what looks random.
fn message(number: u32) -> MessageId {
    let scattered = (u128::from(number) << 80) | u128::from(number.wrapping_mul(2_654_435_761));
    MessageId::from_bytes(scattered.to_be_bytes())
}

/// The best of many rounds: whatever else the machine does can only make a round longer.
fn time(rounds: u32, mut run: impl FnMut() -> usize) -> Duration {
    let round = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    (0..rounds).map(round).min().unwrap_or_default()
}

fn resident_octets() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE_OCTETS
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
