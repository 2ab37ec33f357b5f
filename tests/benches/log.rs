//! How fast the log is on this disk: appends at several loads, and opening a large log. It prints figures and asserts
//! nothing about time.
//!
//! `cargo bench -p smsgrid-tests --bench log [-- DIRECTORY]`; without a directory the temporary one is used.

#![allow(clippy::print_stdout)] // the figures are what it is for

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use smsgrid::log::LogId;
use smsgrid::model::{Name, NodeId, StartNumber, Timestamp};
use smsgrid_node::raft::{self, Alone, Completion, Member, Options, Proposer, SegmentLog, Settings, Start};
use smsgrid_node::tasks::Tasks;
use smsgrid_tests::count::{COMMAND_OCTETS, Count};

const RUN: Duration = Duration::from_secs(4);
const OPEN_ENTRIES: u64 = 1_000_000;

#[tokio::main]
async fn main() {
    let parent = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let temporary = match &parent {
        Some(parent) => tempfile::tempdir_in(parent),
        None => tempfile::tempdir(),
    };
    let temporary = temporary.expect("a temporary directory");

    println!("{COMMAND_OCTETS}-octet entries, one fdatasync a group, {} s each", RUN.as_secs());
    println!(
        "{:>28} {:>10} {:>10} {:>12} {:>9} {:>9}",
        "", "appends/s", "groups/s", "in a group", "p50 ms", "p99 ms"
    );
    for clients in [1, 16, 64, 256] {
        append_alone(&temporary.path().join(format!("alone-{clients}")), clients).await;
    }
    for clients in [1, 16, 64, 256] {
        propose(&temporary.path().join(format!("propose-{clients}")), clients).await;
    }
    open_large(&temporary.path().join("large")).await;
}

/// Each client appends an entry of its own and waits for it.
async fn append_alone(directory: &Path, clients: usize) {
    let log = open(directory);
    let next = Arc::new(tokio::sync::Mutex::new(1));
    let end = Instant::now() + RUN;
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (log, next) = (log.clone(), next.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    let begun = Instant::now();
                    let (done, written) = Completion::pair();
                    {
                        let mut index = next.lock().await;
                        log.append(vec![(id(*index), vec![7; COMMAND_OCTETS])], done).await.expect("taken");
                        *index += 1;
                    }
                    written.wait().await.expect("durable");
                    waits.push(begun.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("no panic"));
    }
    report(&format!("log, {clients} clients"), &log, waits, clients);
}

/// Each client proposes a command and waits for its reply.
async fn propose(directory: &Path, clients: usize) {
    let log = open(directory);
    let start = Start {
        node: NodeId(1),
        start: StartNumber(1),
        log: log.clone(),
        snapshots: directory.join("snap"),
        transport: Arc::new(Alone),
        clock: Arc::new(|| Timestamp::from_unix_millis(1)),
        settings: Settings::default(),
        tasks: Tasks::new(),
    };
    let own = start.tasks.clone();
    let (proposer, _view, consensus) = raft::start(start, Count::default()).await.expect("a new log");
    let member = Member { name: Name::new("one").expect("a name"), peer: String::new(), api: String::new() };
    consensus.initialise([(NodeId(1), member)].into()).await.expect("a new log");
    let end = Instant::now() + RUN;
    let tasks: Vec<_> = (0..clients).map(|_| tokio::spawn(client(proposer.clone(), end))).collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("no panic"));
    }
    report(&format!("proposer, {clients} clients"), &log, waits, clients);
    drop(proposer);
    own.drain(RUN).await;
    consensus.shutdown().await;
}

async fn client(proposer: Proposer<Count>, end: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        proposer.propose(vec![7; COMMAND_OCTETS], Duration::from_secs(10)).await.expect("accepted");
        waits.push(begun.elapsed());
    }
    waits
}

fn report(what: &str, log: &SegmentLog, mut waits: Vec<Duration>, clients: usize) {
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)].as_secs_f64() * 1e3;
    let figures = log.figures();
    let (appends, groups) = (waits.len() as f64, figures.groups as f64);
    let seconds = RUN.as_secs_f64();
    println!(
        "{what:>28} {:>10.0} {:>10.0} {:>12.1} {:>9.3} {:>9.3}",
        appends / seconds,
        groups / seconds,
        appends / groups,
        at(50),
        at(99)
    );
    assert!(clients > 0 && figures.syncs >= figures.groups);
}

async fn open_large(directory: &Path) {
    let log = open(directory);
    let told = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut index = 1;
    while index <= OPEN_ENTRIES {
        let entries = (index..index + 1000).map(|index| (id(index), vec![7; COMMAND_OCTETS])).collect();
        let told = told.clone();
        let done = Completion::new(move |result| {
            result.expect("durable");
            told.fetch_add(1000, Ordering::Relaxed);
        });
        log.append(entries, done).await.expect("taken");
        index += 1000;
    }
    let segments = log.segments();
    drop(log);
    assert_eq!(told.load(Ordering::Relaxed), OPEN_ENTRIES);
    println!("\nwrote {OPEN_ENTRIES} entries in batches of 1000: {:.2} s", begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let log = open(directory);
    println!("opened them ({segments} segments): {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let mut next = 1;
    while next <= OPEN_ENTRIES {
        next += log.read(next..OPEN_ENTRIES + 1, 1 << 20).expect("readable").len() as u64;
    }
    println!("read them in slices of 1 MiB: {:.2} s", begun.elapsed().as_secs_f64());
    println!("peak memory of the process: {} MiB", peak_memory_mib());
}

fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn open(directory: &Path) -> SegmentLog {
    SegmentLog::open(directory, &Options::default()).expect("a sound disk")
}

fn id(index: u64) -> LogId {
    LogId { term: 0, node: NodeId(1), index }
}
