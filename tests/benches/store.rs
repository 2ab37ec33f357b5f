//! What the message store costs: rows a second, opening and checking, lists, memory, room on disk.
//!
//! `cargo bench -p smsgrid-tests --bench store [-- MESSAGES]`, a million by default. It prints; nothing passes or fails.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use smsgrid::log::Owner;
use smsgrid::model::{
    Address, Alphabet, Content, MessageId, MessageState, Name, Origin, Part, PartNumber, Payload, Position,
    Priority, ResendLimit, SendOptions, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{Body, Command, Digest, Policy, Queue, Route, Submit};
use smsgrid_node::store::{Applied, Change, Changes, Query, Store};
use smsgrid_tests::cost::memory;
use smsgrid_tests::disk;
use smsgrid_tests::spread::Spread;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const MESSAGES: u64 = 1_000_000;
const NOW_MS: u64 = 1_700_000_000_000;
/// How often each list is asked for.
const LISTS: u32 = 200;
/// How often while nothing is written.
const LISTS_UNWRITTEN: u32 = 20;
/// Rows that wait while lists are asked for, where there are so many.
const DIRTY: u64 = 20_000;
/// With one more the rows would no longer wait for a quiet moment.
const UNWRITTEN: u64 = (1 << 18) - 1;

fn main() {
    let messages = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(MESSAGES);
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(unwritten());
    let folder = tempfile::tempdir().expect("a temporary directory");
    println!("disk: {}", disk::sync_times(folder.path()));
    println!("{messages} waiting messages of 160 septets:");
    let world = World::new(messages);
    let before = resident();
    println!("  memory of the queue: {} MiB", before >> 20);
    runtime.block_on(async {
        let running = Running::open(folder.path(), &world).await;
        let begun = Instant::now();
        assert!(running.store.flush_now().await, "a sound disk");
        let figures = running.store.figures();
        let spent = begun.elapsed();
        println!("  written: {:.0} rows/s, {:?}", messages as f64 / spent.as_secs_f64(), figures);
        println!("  on disk: {} MiB; memory of the store: {} MiB", size(folder.path()) >> 20, above(before));
        lists(&running, "up to date", LISTS).await;
        let dirty = DIRTY.min(messages);
        world.change_all(dirty);
        lists(&running, &format!("{dirty} rows dirty"), LISTS).await;
        let copied = folder.path().join("copy");
        assert!(running.store.flush_now().await, "a sound disk");
        copy(&folder.path().join("rows"), &copied.join("rows"));
        running.stop().await;

        let begun = Instant::now();
        let running = Running::open(folder.path(), &world).await;
        println!("  opened after a clean stop: {:?}", begun.elapsed());
        let begun = Instant::now();
        assert!(running.store.flush_now().await, "a sound disk");
        let figures = running.store.figures();
        println!("  compared with memory: {:?}, {} rows written", begun.elapsed(), figures.rows);
        running.stop().await;

        let begun = Instant::now();
        let running = Running::open(&copied, &world).await;
        println!("  opened and checked after an unclean stop: {:?}", begun.elapsed());
        println!("  memory of the store: {} MiB", above(before));
        running.stop().await;
    });
}

/// So many messages as may wait for their rows, and no rows.
async fn unwritten() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(UNWRITTEN);
    let running = Running::open(folder.path(), &world).await;
    lists(&running, "262,143 messages and no rows", LISTS_UNWRITTEN).await;
    println!("    left unwritten: {}", running.store.figures().dirty);
    running.stop().await;
}

async fn lists(running: &Running, how: &str, times: u32) {
    println!("  lists of 50, {how}:");
    let state = |state| Query { states: [state].into(), ..Query::default() };
    let queries = [
        ("the newest", Query::default()),
        ("queued", state(MessageState::Queued)),
        ("sent, of which there are none", state(MessageState::Sent)),
        ("to one destination", Query { to: Some("358400000007".into()), ..Query::default() }),
        ("of a minute", of_a_minute()),
    ];
    for (what, query) in queries {
        let mut spread = Vec::new();
        let mut rows = 0;
        for _ in 0..times {
            let begun = Instant::now();
            rows = running.store.list(&query, None, 50).await.rows.len();
            spread.push(begun.elapsed());
        }
        println!("    {what}: {rows} rows, {}", spread.into_iter().collect::<Spread>());
    }
    let mut spread = Vec::new();
    for number in 0..times {
        let begun = Instant::now();
        let row = running.store.get(id(u64::from(number) * 37)).await;
        spread.push(begun.elapsed());
        assert!(row.is_ok_and(|row| row.is_some()), "it is there");
    }
    println!("    one message: {}", spread.into_iter().collect::<Spread>());
}

fn of_a_minute() -> Query {
    let moment = |ms| Some(Timestamp::from_unix_millis(NOW_MS + ms));
    Query { after: moment(100_000), before: moment(160_000), ..Query::default() }
}

struct Running {
    store: Store,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn open(folder: &Path, world: &World) -> Running {
        let store = Store::open(folder, Owner::default(), world.clone()).expect("a usable folder");
        let cancel = CancellationToken::new();
        let (running, stop) = (store.clone(), cancel.clone());
        let task = tokio::spawn(async move { running.run(None, stop).await });
        let mut changes = store.completeness_changes();
        changes.wait_for(|told| told.is_complete()).await.expect("it lives");
        Running { store, cancel, task }
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.expect("it does not panic");
    }
}

/// A queue without a log.
#[derive(Clone)]
struct World(Arc<Shared>);

struct Shared {
    messages: u64,
    queue: RwLock<Queue>,
    changes: RwLock<Vec<MessageId>>,
    position: watch::Sender<Position>,
}

impl World {
    fn new(messages: u64) -> World {
        let mut queue = Queue::new(Policy::default());
        let mut events = Vec::new();
        for number in 0..messages {
            queue.apply(Position { index: number + 1, offset: 0 }, &submit(number), &mut events);
            events.clear();
        }
        let position = watch::Sender::new(Position { index: messages, offset: 0 });
        let (queue, changes) = (RwLock::new(queue), RwLock::default());
        World(Arc::new(Shared { messages, queue, changes, position }))
    }

    /// Holds the newest of the messages, so that their rows are old.
    fn change_all(&self, count: u64) {
        let mut queue = self.0.queue.write().expect("nobody panics");
        let mut position = *self.0.position.borrow();
        for message in (self.0.messages - count..self.0.messages).map(id) {
            position.index += 1;
            let command = command(Body::Hold { message }, 0);
            queue.apply(position, &command, &mut Vec::new());
            self.0.changes.write().expect("nobody panics").push(message);
        }
        drop(queue);
        self.0.position.send_replace(position);
    }
}

impl Applied for World {
    fn position(&self) -> Position {
        *self.0.position.borrow()
    }

    fn read(&self, act: &mut dyn FnMut(&Queue)) {
        act(&self.0.queue.read().expect("nobody panics"));
    }

    fn wakes(&self) -> watch::Receiver<Position> {
        self.0.position.subscribe()
    }

    fn changes(&self) -> Box<dyn Changes> {
        let next = self.0.changes.read().expect("nobody panics").len();
        Box::new(Following { world: self.clone(), next })
    }
}

struct Following {
    world: World,
    next: usize,
}

impl Changes for Following {
    fn next(&mut self) -> Option<Change> {
        let id = self.world.0.changes.read().expect("nobody panics").get(self.next).copied()?;
        self.next += 1;
        Some(Change::Revised(id))
    }
}

fn submit(number: u64) -> Command {
    let user_data = UserData { data_coding: 0, header: vec![], payload: Payload::Septets(vec![0x41; 160]) };
    let submit = Submit {
        id: id(number),
        key: None,
        digest: Digest([7; 16]),
        content: Content {
            destination: Address::international(&format!("35840{:07}", number % 5000)).expect("12 digits"),
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
        deadline: Some(Timestamp::from_unix_millis(NOW_MS * 2)),
        route: Route::default(),
        attempts_max: None,
    };
    command(Body::Submit(Box::new(submit)), number)
}

fn command(body: Body, number: u64) -> Command {
    let client = Name::new("bench").expect("a legal name");
    Command { client, now: Timestamp::from_unix_millis(NOW_MS + number), body }
}

/// As a ULID: the time first, then what looks random.
fn id(number: u64) -> MessageId {
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    MessageId::from_bytes(((u128::from(NOW_MS + number) << 80) | u128::from(scattered)).to_be_bytes())
}

fn resident() -> u64 {
    memory(std::process::id()).0
}

fn above(before: u64) -> u64 {
    resident().saturating_sub(before) >> 20
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size(&entry.path()),
        Ok(_) | Err(_) => entry.metadata().map_or(0, |metadata| metadata.len()),
    });
    sizes.sum()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("room");
    for entry in std::fs::read_dir(from).expect("readable").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("room");
        }
    }
    std::fs::create_dir_all(to.join("blobs")).expect("room");
}
