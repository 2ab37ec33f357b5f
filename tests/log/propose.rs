//! Proposer and view of a cluster of one, over the real log, with a small state machine.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smsgrid::log::{LogId, Step};
use smsgrid::model::{Name, NodeId, StartNumber, Timestamp};
use smsgrid_node::raft::{
    self, Alone, Clock, Completion, Consensus, Failure, Lane, Member, ProposeError, Proposer, Rejection,
    Revision, SegmentLog, Settings, Start, StartError, StateMachine, View,
};
use smsgrid_node::tasks::Tasks;
use tempfile::TempDir;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::disk::World;
use crate::faults::{Faulty, Memory};
use crate::ledger::{Command, Ledger, Reply, SKIPPED, add, clock_at, clock_of};
use crate::segments::{open, open_on};

/// Batches of one node that may be under way at once.
const BATCHES_MAX: u64 = 4;
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
    node.stop().await;

    let node = Node::start(open(directory.path()), clock_at(1000)).await;
    assert_eq!(node.view.read(Ledger::clone), ledger);
    assert!(node.view.applied() > applied, "a leader begins with an entry of its own");
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
    let entries = node.view.applied().index - node.begun;
    assert!(entries <= BATCHES_MAX + 1, "{entries} entries");
}

#[tokio::test]
async fn a_deadline_before_its_turn_is_a_rejection_and_the_command_is_never_written() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    let held = disk.hold_syncs();
    let before = node.fill().await;
    let late = node.proposer.propose(add(1000), Duration::from_millis(10)).await;
    assert!(matches!(late, Err(ProposeError::Rejected(Rejection::Late))));

    drop(held);
    for first in before {
        first.await.expect("no panic").expect("accepted");
    }
    let total = node.proposer.propose(add(2), SOON).await.expect("accepted").total;
    assert_eq!(total, BATCHES_MAX + 2);
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
    let before = node.fill().await;
    let waiting: Vec<_> = (0..4096).map(|_| node.propose(add(1))).collect();
    let settling: Vec<_> =
        (0..2).map(|_| node.propose(Command { lane: Lane::Settle, ..add(1_000_000) })).collect();
    let shed = node.propose(add(1)).await.expect("no panic");
    assert!(matches!(shed, Err(ProposeError::Rejected(Rejection::Overloaded))));

    drop(held);
    for first in before {
        first.await.expect("no panic").expect("accepted");
    }
    for (settling, total) in settling.into_iter().zip([1_000_000, 2_000_000]) {
        let settled = settling.await.expect("no panic").expect("accepted");
        assert_eq!(settled.total, total + BATCHES_MAX, "before every submit that waited");
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
    node.stop().await;

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
    let before = node.fill().await;
    let large = |octets| Command { ballast: vec![0; octets], ..add(1) };
    let proposals: Vec<_> =
        [100, 30_000, 70_000, 30_000, 66_000, 30_000].map(|octets| node.propose(large(octets))).into();
    tokio::task::yield_now().await;
    drop(held);

    for first in before {
        first.await.expect("no panic").expect("accepted");
    }
    let mut totals = Vec::new();
    for proposal in proposals {
        match proposal.await.expect("no panic") {
            Ok(reply) => totals.push(reply.total),
            Err(error) => {
                assert!(matches!(error, ProposeError::Rejected(Rejection::TooLarge { .. })), "{error}");
            }
        }
    }
    let expected = [1, 2, 3, 4].map(|later| BATCHES_MAX + later);
    assert_eq!(totals, expected, "two were refused, the others keep their order");
}

#[tokio::test]
async fn when_the_log_fails_callers_are_told_that_nobody_knows() {
    let disk = Faulty::new(Memory::new(World::default()));
    let node = Node::start(open_on(disk.clone()), clock_at(1000)).await;
    node.proposer.propose(add(1), SOON).await.expect("accepted");
    disk.fail(|step| matches!(step, Step::Sync { .. }), io::ErrorKind::Other);

    let unknown = node.proposer.propose(add(1), SOON).await;
    assert!(matches!(unknown, Err(ProposeError::Unknown(Some(Failure::Write { .. })))));
    assert!(matches!(node.consensus.fatal().await, Failure::Write { .. }));
    tokio::time::timeout(SOON, node.tasks.unexpected_end()).await.expect("the node must stop");
    let proposer = node.proposer.clone();
    node.stop().await;
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
    Node::start(log.clone(), clock_at(0)).await.stop().await;
    let unknown = write_entry(&log, b"?").await;

    let (tasks, snapshots) = (Tasks::new(), TempDir::new().expect("a temporary directory"));
    let error = begin(&log, clock_at(0), &tasks, &snapshots).await.expect_err("nobody knows this entry");
    assert!(
        matches!(error, StartError::Failed(Failure::Decode { index, .. }) if index == unknown),
        "{error}"
    );
}

#[tokio::test]
async fn a_command_that_may_be_skipped_takes_its_position_and_has_no_effect() {
    let log = open_on(Memory::new(World::default()));
    Node::start(log.clone(), clock_at(0)).await.stop().await;
    let index = write_entry(&log, &Ledger::encode(&[add(3), add(SKIPPED), add(4)])).await;

    let node = Node::start(log, clock_at(0)).await;
    assert_eq!(node.view.read(|ledger| ledger.total), 7);
    let positions: Vec<_> = node.view.events_since(Revision::default()).expect("kept").into_iter().collect();
    let expected = [(0, 3), (2, 7)].map(|(offset, total)| (Revision { index, offset, event: 0 }, total));
    assert_eq!(positions, expected);
}

/// A node of one.
struct Node {
    log: SegmentLog,
    /// The last entry when it had started.
    begun: u64,
    proposer: Proposer<Ledger>,
    view: View<Ledger>,
    consensus: Consensus<Ledger>,
    tasks: Tasks,
    _snapshots: TempDir,
}

impl Node {
    async fn start(log: SegmentLog, clock: Clock) -> Node {
        let (tasks, snapshots) = (Tasks::new(), TempDir::new().expect("a temporary directory"));
        let started = begin(&log, clock, &tasks, &snapshots).await;
        let (proposer, view, consensus) = started.expect("a sound log");
        if !consensus.is_initialised() {
            let member =
                Member { name: Name::new("one").expect("a name"), peer: String::new(), api: String::new() };
            consensus.initialise([(NodeId(1), member)].into()).await.expect("a new log");
        }
        let begun = log.state().last.expect("an entry says who belongs to the cluster").index;
        Node { log, begun, proposer, view, consensus, tasks, _snapshots: snapshots }
    }

    fn propose(&self, command: Command) -> JoinHandle<Result<Reply, ProposeError>> {
        let proposer = self.proposer.clone();
        tokio::spawn(async move { proposer.propose(command, SOON).await })
    }

    /// Proposes until no further batch may be under way.
    async fn fill(&self) -> Vec<JoinHandle<Result<Reply, ProposeError>>> {
        let mut proposals = Vec::new();
        for batches in 1..=BATCHES_MAX {
            proposals.push(self.propose(add(1)));
            self.wait_taken(batches).await;
        }
        proposals
    }

    /// Waits until the log has taken that many entries since the start.
    async fn wait_taken(&self, entries: u64) {
        let taken = async {
            while self.log.state().last.map_or(0, |last| last.index) < self.begun + entries {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, taken).await.expect("it is taken");
    }

    async fn stop(self) {
        assert!(self.tasks.drain(SOON).await.is_empty());
        self.consensus.shutdown().await;
    }
}

async fn begin(
    log: &SegmentLog,
    clock: Clock,
    tasks: &Tasks,
    snapshots: &TempDir,
) -> Result<(Proposer<Ledger>, View<Ledger>, Consensus<Ledger>), StartError> {
    let start = Start {
        node: NodeId(1),
        start: StartNumber(1),
        log: log.clone(),
        snapshots: snapshots.path().to_owned(),
        transport: Arc::new(Alone),
        clock,
        settings: Settings::default(),
        tasks: tasks.clone(),
    };
    raft::start(start, Ledger::default()).await
}

/// Writes an entry as a later program might have, behind the back of a node that has stopped.
async fn write_entry(log: &SegmentLog, entry: &[u8]) -> u64 {
    let last = log.state().last.expect("a log that was used");
    let id = LogId { index: last.index + 1, ..last };
    let (done, written) = Completion::pair();
    log.append(vec![(id, [&[1; 25][..], entry].concat())], done).await.expect("taken");
    written.wait().await.expect("durable");
    id.index
}
