//! The proposer, the view and their driver over the real log, with a small state machine.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smsgrid::log::Step;
use smsgrid::model::{NodeId, Position, Timestamp};
use smsgrid_node::raft::{
    Clock, Failure, Lane, ProposeError, Proposer, Rejection, SegmentLog, StateMachine, View, start,
};
use tempfile::TempDir;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::disk::World;
use crate::faults::{Faulty, Memory};
use crate::segments::{open, open_on};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_reply_comes_from_the_state_after_the_command_and_the_view_has_it() {
    let directory = TempDir::new().expect("a temporary directory");
    let node = Node::start(open(directory.path()), clock_at(1000)).await;
    let mut events = node.view.events();

    let first = node.proposer.propose(add(5), SOON).await.expect("accepted");
    let second = node.proposer.propose(add(7), SOON).await.expect("accepted");
    assert_eq!((first.total, second.total), (5, 12));
    assert!(second.position > first.position);
    assert_eq!(node.view.applied(), second.position);
    node.view.wait_applied(second.position, SOON).await.expect("applied");
    assert_eq!(node.view.read(|ledger| ledger.total), 12);
    assert_eq!(events.recv().await, Ok((first.position, 5)));
    assert_eq!(events.recv().await, Ok((second.position, 12)));
}

#[tokio::test]
async fn a_restart_replays_the_log_before_anything_is_served() {
    let directory = TempDir::new().expect("a temporary directory");
    let node = Node::start(open(directory.path()), clock_at(1000)).await;
    for amount in 1..=300 {
        node.proposer.propose(add(amount), SOON).await.expect("accepted");
    }
    let (applied, ledger) = (node.view.applied(), node.view.read(Ledger::clone));
    node.stop().await.expect("in order");

    let node = Node::start(open(directory.path()), clock_at(1000)).await;
    assert_eq!(node.view.read(Ledger::clone), ledger);
    assert_eq!(node.view.applied(), applied);
    assert_eq!(node.proposer.propose(add(1), SOON).await.expect("accepted").total, ledger.total + 1);
}

#[tokio::test]
async fn commands_that_come_while_an_entry_is_under_way_share_the_next() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    let held = disk.hold_syncs();
    let proposals: Vec<_> = (1..=200).map(|amount| node.propose(add(amount))).collect();
    node.wait_taken(1).await;
    drop(held);
    for proposal in proposals {
        proposal.await.expect("no panic").expect("accepted");
    }

    assert_eq!(node.view.read(|ledger| ledger.total), 200 * 201 / 2);
    assert!(node.view.applied().index <= 3, "{} entries", node.view.applied().index);
}

#[tokio::test]
async fn a_deadline_before_its_turn_is_a_rejection_and_the_command_is_never_written() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    let held = disk.hold_syncs();
    let first = node.propose(add(1));
    node.wait_taken(1).await;
    let late = node.proposer.propose(add(1000), Duration::from_millis(10)).await;
    assert!(matches!(late, Err(ProposeError::Rejected(Rejection::Late))));

    drop(held);
    first.await.expect("no panic").expect("accepted");
    assert_eq!(node.proposer.propose(add(2), SOON).await.expect("accepted").total, 3);
}

#[tokio::test]
async fn a_deadline_after_its_turn_is_unknown_and_the_command_may_be_written() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    let held = disk.hold_syncs();
    let unknown = node.proposer.propose(add(1000), Duration::from_millis(50)).await;
    assert!(matches!(unknown, Err(ProposeError::Unknown(None))));

    drop(held);
    assert_eq!(node.proposer.propose(add(2), SOON).await.expect("accepted").total, 1002);
}

#[tokio::test]
async fn submits_are_shed_when_their_lane_is_full_and_what_settles_is_not() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    let held = disk.hold_syncs();
    let first = node.propose(add(0));
    node.wait_taken(1).await;
    let waiting: Vec<_> = (0..4096).map(|_| node.propose(add(1))).collect();
    let settling: Vec<_> =
        (0..2).map(|_| node.propose(Command { lane: Lane::Settle, ..add(1_000_000) })).collect();
    let shed = node.propose(add(1)).await.expect("no panic");
    assert!(matches!(shed, Err(ProposeError::Rejected(Rejection::Overloaded))));

    drop(held);
    first.await.expect("no panic").expect("accepted");
    for (settling, total) in settling.into_iter().zip([1_000_000, 2_000_000]) {
        let settled = settling.await.expect("no panic").expect("accepted");
        assert_eq!(settled.total, total, "before every submit that waited");
    }
    for submit in waiting {
        submit.await.expect("no panic").expect("accepted");
    }
}

#[tokio::test]
async fn the_calendar_in_the_log_never_goes_back_not_even_by_a_restart() {
    let directory = TempDir::new().expect("a temporary directory");
    let calendar = Arc::new(AtomicU64::new(5000));
    let clock = clock_of(calendar.clone());
    let node = Node::start(open(directory.path()), clock.clone()).await;
    node.proposer.propose(add(1), SOON).await.expect("accepted");
    calendar.store(1000, Ordering::SeqCst);
    node.proposer.propose(add(1), SOON).await.expect("accepted");
    node.stop().await.expect("in order");

    let node = Node::start(open(directory.path()), clock).await;
    node.proposer.propose(add(1), SOON).await.expect("accepted");
    calendar.store(6000, Ordering::SeqCst);
    node.proposer.propose(add(1), SOON).await.expect("accepted");
    let stamps = node.view.read(|ledger| ledger.stamps.clone());
    assert_eq!(stamps, [5000, 5000, 5000, 6000].map(Timestamp::from_unix_millis));
}

#[tokio::test]
async fn a_command_no_entry_can_hold_is_refused_and_the_others_are_accepted() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    let held = disk.hold_syncs();
    let first = node.propose(add(1));
    node.wait_taken(1).await;
    let large = |octets| Command { ballast: vec![0; octets], ..add(1) };
    let proposals: Vec<_> =
        [100, 30_000, 70_000, 30_000, 66_000, 30_000].map(|octets| node.propose(large(octets))).into();
    tokio::task::yield_now().await;
    drop(held);

    first.await.expect("no panic").expect("accepted");
    let mut totals = Vec::new();
    for proposal in proposals {
        match proposal.await.expect("no panic") {
            Ok(reply) => totals.push(reply.total),
            Err(error) => {
                assert!(matches!(error, ProposeError::Rejected(Rejection::TooLarge { .. })), "{error}");
            }
        }
    }
    assert_eq!(totals, [2, 3, 4, 5], "two were refused, the others keep their order");
}

#[tokio::test]
async fn when_the_log_fails_callers_are_told_that_nobody_knows() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    node.proposer.propose(add(1), SOON).await.expect("accepted");
    disk.fail(|step| matches!(step, Step::Sync { .. }), io::ErrorKind::Other);

    let unknown = node.proposer.propose(add(1), SOON).await;
    assert!(matches!(unknown, Err(ProposeError::Unknown(Some(Failure::Write { .. })))));
    let proposer = node.proposer.clone();
    assert!(node.stop().await.is_err());
    let stopped = proposer.propose(add(1), SOON).await;
    assert!(matches!(stopped, Err(ProposeError::Rejected(Rejection::Stopped))));
}

#[tokio::test]
async fn a_listener_that_falls_behind_is_told_so() {
    let node = Node::start(open_on(Memory::new(World::default())), clock_at(1000)).await;
    let mut events = node.view.events();
    let proposals: Vec<_> = (0..4096).map(|_| node.propose(add(1))).collect();
    for proposal in proposals {
        proposal.await.expect("no panic").expect("accepted");
    }
    node.proposer.propose(add(1), SOON).await.expect("accepted");

    assert_eq!(events.recv().await, Err(RecvError::Lagged(1)));
}

#[tokio::test]
async fn an_entry_this_program_cannot_read_stops_the_start() {
    let log = open_on(Memory::new(World::default()));
    let (done, written) = smsgrid_node::raft::Completion::pair();
    log.append(vec![(crate::segments::id(1), b"?".to_vec())], done).await.expect("taken");
    written.wait().await.expect("durable");

    let started = start(log, NodeId(1), Ledger::default(), 0, clock_at(0)).await;
    let error = started.map(|_| ()).expect_err("nobody knows this entry");
    assert!(matches!(error, smsgrid_node::raft::StartError::Decode { index: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_command_that_may_be_skipped_takes_its_position_and_has_no_effect() {
    let log = open_on(Memory::new(World::default()));
    let (done, written) = smsgrid_node::raft::Completion::pair();
    let entry = Ledger::encode(&[add(3), add(SKIPPED), add(4)]);
    log.append(vec![(crate::segments::id(1), entry)], done).await.expect("taken");
    written.wait().await.expect("durable");

    let node = Node::start(log, clock_at(0)).await;
    assert_eq!(node.view.read(|ledger| ledger.total), 7);
    assert_eq!(node.view.applied(), Position { index: 1, offset: 2 });
}

/// Adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ledger {
    total: u64,
    stamps: Vec<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Command {
    amount: u64,
    now: Timestamp,
    lane: Lane,
    ballast: Vec<u8>,
}

/// The amount that stands for a command a later program wrote and this one may skip.
const SKIPPED: u64 = u64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reply {
    position: Position,
    total: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("no ledger wrote this")]
struct NoLedger;

impl StateMachine for Ledger {
    type Command = Command;
    type Reply = Reply;
    type Event = u64;
    type DecodeError = NoLedger;

    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<u64>) -> Reply {
        self.total += command.amount;
        self.stamps.push(command.now);
        events.push(self.total);
        Reply { position, total: self.total }
    }

    fn now(&self) -> Timestamp {
        self.stamps.last().copied().unwrap_or_default()
    }

    fn stamp(command: &mut Command, now: Timestamp) {
        command.now = now;
    }

    fn lane(command: &Command) -> Lane {
        command.lane
    }

    fn encode(commands: &[Command]) -> Vec<u8> {
        let mut entry = Vec::new();
        for command in commands {
            entry.extend(command.amount.to_le_bytes());
            entry.extend(command.now.as_unix_millis().to_le_bytes());
            entry.extend((command.ballast.len() as u64).to_le_bytes());
            entry.extend(&command.ballast);
        }
        entry
    }

    fn decode(mut entry: &[u8]) -> Result<Vec<Option<Command>>, NoLedger> {
        let mut commands = Vec::new();
        while !entry.is_empty() {
            let (fields, rest) = entry.split_first_chunk::<24>().ok_or(NoLedger)?;
            let number = |at: usize| u64::from_le_bytes(fields[at..at + 8].try_into().expect("eight octets"));
            let (ballast, rest) = rest.split_at_checked(number(16) as usize).ok_or(NoLedger)?;
            let now = Timestamp::from_unix_millis(number(8));
            let ballast = ballast.to_vec();
            let command = Command { amount: number(0), now, lane: Lane::Submit, ballast };
            commands.push((command.amount != SKIPPED).then_some(command));
            entry = rest;
        }
        Ok(commands)
    }
}

/// A node of one.
struct Node {
    log: SegmentLog,
    proposer: Proposer<Ledger>,
    view: View<Ledger>,
    driver: JoinHandle<Result<(), Failure>>,
}

impl Node {
    async fn start(log: SegmentLog, clock: Clock) -> Node {
        let started = start(log.clone(), NodeId(1), Ledger::default(), 0, clock).await;
        let (proposer, view, driver) = started.expect("a sound log");
        Node { log, proposer, view, driver: tokio::spawn(driver.run()) }
    }

    fn propose(&self, command: Command) -> JoinHandle<Result<Reply, ProposeError>> {
        let proposer = self.proposer.clone();
        tokio::spawn(async move { proposer.propose(command, SOON).await })
    }

    /// Waits until the log has taken that many entries, then lets every other task run once.
    async fn wait_taken(&self, entries: u64) {
        let taken = async {
            while self.log.state().last.map_or(0, |last| last.index) < entries {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, taken).await.expect("the driver takes it");
        tokio::task::yield_now().await;
    }

    async fn stop(self) -> Result<(), Failure> {
        drop(self.proposer);
        self.driver.await.expect("no panic")
    }
}

fn add(amount: u64) -> Command {
    Command { amount, now: Timestamp::ZERO, lane: Lane::Submit, ballast: Vec::new() }
}

fn clock_at(ms: u64) -> Clock {
    clock_of(Arc::new(AtomicU64::new(ms)))
}

fn clock_of(calendar: Arc<AtomicU64>) -> Clock {
    Arc::new(move || Timestamp::from_unix_millis(calendar.load(Ordering::SeqCst)))
}
