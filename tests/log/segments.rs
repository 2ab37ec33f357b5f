//! The real log: on real files, on a disk that fails, and on one that loses power.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use smsgrid::log::{Known, LogId, Refused, Step, Vote};
use smsgrid::model::NodeId;
use smsgrid_node::raft::{
    AppendError, Completed, Completion, Directory, Disk, Failure, OpenError, Options, ReadError, SegmentLog,
};
use tempfile::TempDir;

use crate::disk::{Dice, Survival, World};
use crate::faults::{Faulty, Memory};

const SEGMENT_OCTETS: u32 = 64 << 10;

#[tokio::test]
async fn entries_and_votes_are_there_again_after_reopening() {
    let directory = TempDir::new().expect("a temporary directory");
    let vote = Vote { term: 3, node: NodeId(2), committed: true };
    let log = open(directory.path());
    save_vote(&log, vote).await;
    append(&log, 1..=500).await;
    assert!(log.segments() > 2, "several segments");
    drop(log);

    let log = open(directory.path());
    assert_eq!((log.state().vote, log.state().last), (Some(vote), Some(id(500))));
    assert_read(&log, 1..501, 501);
    append(&log, 501..=600).await;
    drop(log);
    assert_read(&open(directory.path()), 1..601, 601);
}

#[tokio::test]
async fn a_read_is_cut_by_octets_and_never_has_a_hole() {
    let directory = TempDir::new().expect("a temporary directory");
    append(&open(directory.path()), 1..=300).await;
    let log = open(directory.path());

    let octets = payload(1).len();
    assert_eq!(log.read(1..301, 10 * octets).expect("readable").len(), 10);
    assert_eq!(log.read(7..301, 0).expect("readable").len(), 1);
    assert_eq!(log.read(290..1000, usize::MAX).expect("readable").len(), 11);
    assert!(log.read(301..400, usize::MAX).expect("readable").is_empty());
    assert!(matches!(log.read(0..5, usize::MAX), Err(ReadError::Gone { index: 0 })));
}

#[tokio::test]
async fn a_record_that_cannot_follow_is_refused_and_the_log_goes_on() {
    let directory = TempDir::new().expect("a temporary directory");
    let log = open(directory.path());
    append(&log, 1..=3).await;

    let gap = log.append(vec![(id(4), payload(4)), (id(6), payload(6))], Completion::unheard()).await;
    assert!(matches!(gap, Err(AppendError::Refused(Refused::Gap { found: 6, last: Some(4) }))));
    let huge = log.append(vec![(id(4), vec![0; 2 << 20])], Completion::unheard()).await;
    assert!(matches!(huge, Err(AppendError::Refused(Refused::TooLarge { .. }))));
    let beyond = log.truncate_after(Some(id(9)), Completion::unheard()).await;
    assert!(matches!(beyond, Err(AppendError::Refused(Refused::Truncate { .. }))));

    append(&log, 4..=5).await;
    assert_read(&log, 1..6, 6);
}

#[tokio::test]
async fn purged_segments_are_removed_and_their_entries_are_gone() {
    let directory = TempDir::new().expect("a temporary directory");
    let log = open(directory.path());
    append(&log, 1..=800).await;
    let before = log.segments();

    let (done, purged) = Completion::pair();
    log.purge(id(700), done).await.expect("taken");
    purged.wait().await.expect("durable");
    append(&log, 801..=801).await;
    assert!(log.segments() < before, "{} of {before}", log.segments());
    assert!(matches!(log.read(700..801, 1), Err(ReadError::Gone { index: 700 })));
    drop(log);

    let log = open(directory.path());
    assert_eq!(log.state().purged, Some(id(700)));
    assert_read(&log, 701..802, 802);
}

#[tokio::test]
async fn entries_can_be_read_before_they_are_durable_and_nobody_is_told_too_early() {
    let disk = Faulty::new(Memory::new(World::default()));
    let log = open_on(disk.clone());
    let held = disk.hold_syncs();
    let mut waiting = hand_over(&log, 1..=3).await;
    disk.wait_held();

    assert_read(&log, 1..4, 4);
    let early = tokio::time::timeout(Duration::from_millis(20), &mut waiting).await;
    assert!(early.is_err(), "told before the sync");
    drop(held);
    assert!(waiting.await.is_ok());
}

#[tokio::test]
async fn an_entry_that_replaced_another_is_the_one_that_is_read() {
    let disk = Faulty::new(Memory::new(World::default()));
    let log = open_on(disk.clone());
    append(&log, 1..=9).await;
    let mut held = Some(disk.hold_syncs());
    log.truncate_after(Some(id(4)), Completion::unheard()).await.expect("taken");
    let newer = |index| (LogId { term: 7, node: NodeId(2), index }, vec![7; 50]);
    log.append((5..=6).map(newer).collect(), Completion::unheard()).await.expect("taken");

    for _ in ["before it is durable", "after"] {
        let entries = log.read(1..10, usize::MAX).expect("readable");
        let read: Vec<_> = entries.iter().map(|entry| (entry.id.term, entry.id.index)).collect();
        assert_eq!(read, [(0, 1), (0, 2), (0, 3), (0, 4), (7, 5), (7, 6)]);
        assert_eq!(*entries[5].payload, [7; 50]);
        drop(held.take());
    }
}

#[tokio::test]
async fn jobs_that_wait_together_share_one_sync() {
    let disk = Faulty::new(Memory::new(World::default()));
    let log = open_on(disk.clone());
    let held = disk.hold_syncs();
    let mut waiting = vec![hand_over(&log, 1..=1).await];
    disk.wait_held();
    for index in 2..=100 {
        waiting.push(hand_over(&log, index..=index).await);
    }
    drop(held);
    for completed in waiting {
        completed.await.expect("durable");
    }

    let figures = log.figures();
    assert_eq!((figures.jobs, figures.entries, figures.groups, figures.syncs), (100, 100, 2, 2));
}

#[tokio::test]
async fn jobs_handed_over_before_the_last_handle_goes_are_written() {
    let directory = TempDir::new().expect("a temporary directory");
    let log = open(directory.path());
    let waiting = hand_over(&log, 1..=50).await;
    drop(log);

    assert!(waiting.await.is_ok());
    assert_read(&open(directory.path()), 1..51, 51);
}

#[tokio::test]
async fn after_a_failed_sync_everybody_gets_the_error_and_nothing_is_tried_again() {
    let disk = Faulty::new(Memory::new(World::default()));
    let log = open_on(disk.clone());
    append(&log, 1..=5).await;
    let held = disk.hold_syncs();
    let mut waiting = vec![hand_over(&log, 6..=6).await];
    disk.wait_held();
    for index in 7..=2000 {
        waiting.push(hand_over(&log, index..=index).await);
    }
    disk.fail(|step| matches!(step, Step::Sync { .. }), io::ErrorKind::Other);
    let before = disk.steps().len();
    drop(held);

    for completed in waiting {
        let failure = completed.await.expect_err("nothing became durable");
        assert!(matches!(failure, Failure::Write { deed: "sync", .. }), "{failure}");
    }
    assert!(matches!(log.fatal().await, Failure::Write { deed: "sync", segment: 1, .. }));
    let late = log.append(vec![(id(2001), payload(1))], Completion::unheard()).await;
    assert!(matches!(late, Err(AppendError::Failed(Failure::Write { .. }))));
    assert!(matches!(log.read(1..2, 1), Err(ReadError::Failed(_))));
    drop(log);
    assert_eq!(disk.steps().len(), before, "no step after the failed sync");
}

#[tokio::test]
async fn a_full_disk_ends_the_log_and_loses_nothing_acknowledged() {
    let memory = Memory::new(World::default());
    let disk = Faulty::new(memory.clone());
    let log = open_on(disk.clone());
    append(&log, 1..=100).await;
    disk.fail(|step| matches!(step, Step::Create { .. }), io::ErrorKind::StorageFull);
    let mut last = 100;
    let failure = loop {
        match hand_over(&log, last + 1..=last + 1).await.await {
            Ok(()) => last += 1,
            Err(failure) => break failure,
        }
    };

    assert!(matches!(failure, Failure::Write { deed: "create", segment: 2, .. }), "{failure}");
    assert!(matches!(log.fatal().await, Failure::Write { deed: "create", .. }));
    drop(log);
    let again = open_on(memory);
    assert!(again.state().last >= Some(id(last)));
    append(&again, again.state().last.map_or(0, |id| id.index) + 1..=last + 500).await;
}

#[tokio::test]
async fn an_entry_that_rotted_while_the_log_was_open_ends_it() {
    let directory = TempDir::new().expect("a temporary directory");
    append(&open(directory.path()), 1..=20).await;
    let log = open(directory.path());
    let file = directory.path().join(smsgrid::log::file_name(1));
    let mut bytes = std::fs::read(&file).expect("there");
    bytes[600] ^= 1;
    std::fs::write(&file, bytes).expect("writable");

    let failure = log.read(1..21, usize::MAX).expect_err("damaged");
    assert!(matches!(failure, ReadError::Failed(Failure::Damaged { index: 1, segment: 1, .. })), "{failure}");
    assert!(matches!(log.fatal().await, Failure::Damaged { .. }));
    drop(log);
    assert!(matches!(try_open(directory.path(), Known::default()), Err(OpenError::Refused(_))));
}

#[tokio::test]
async fn a_log_behind_what_was_applied_is_refused() {
    let directory = TempDir::new().expect("a temporary directory");
    append(&open(directory.path()), 1..=20).await;

    let known = |index| Known { index, ..Known::default() };
    assert!(try_open(directory.path(), known(20)).is_ok());
    let behind = try_open(directory.path(), known(21));
    let behind = behind.map(|_| ()).expect_err("entry 21 was applied");
    assert!(matches!(behind, OpenError::Refused(smsgrid::log::Error::Behind { known: 21, .. })));
    let emptied = TempDir::new().expect("a temporary directory");
    assert!(try_open(emptied.path(), known(1)).is_err());
}

#[tokio::test]
async fn a_second_opener_is_told_that_the_directory_is_in_use() {
    let directory = TempDir::new().expect("a temporary directory");
    let log = open(directory.path());

    let second = try_open(directory.path(), Known::default()).map(|_| ());
    assert!(
        matches!(second, Err(OpenError::Directory(ref error)) if error.kind() == io::ErrorKind::WouldBlock)
    );
    drop(log);
    assert!(try_open(directory.path(), Known::default()).is_ok());
}

#[tokio::test]
async fn a_machine_that_loses_power_under_load_keeps_what_it_acknowledged() {
    for seed in 1..=20 {
        let mut dice = Dice(seed);
        let memory = Memory::new(World::default());
        let log = open_on(memory.clone());
        let mut acknowledged = 0;
        let mut waiting: Vec<(u64, Completed)> = Vec::new();
        for index in 1..=200 {
            waiting.push((index, hand_over_raw(&log, index..=index).await));
            if dice.below(4) == 0 {
                for (index, completed) in waiting.drain(..) {
                    completed.wait().await.expect("durable");
                    acknowledged = index;
                }
            }
        }
        let survival =
            [Survival::Nothing, Survival::Prefix(512), Survival::Pieces(512, 4)][seed as usize % 3];
        let image = memory.world().cut(survival, &mut dice);

        let again = open_on(Memory::new(World::durable(&image)));
        let last = again.state().last.map_or(0, |last| last.index);
        assert!(last >= acknowledged, "seed {seed}: {last} of {acknowledged}");
        assert_read(&again, 1..last + 1, last + 1);
    }
}

pub(crate) fn open_on(disk: Arc<dyn Disk>) -> SegmentLog {
    let options = Options { segment_octets: SEGMENT_OCTETS, ..Options::default() };
    SegmentLog::open_on(disk, &options).expect("a sound disk")
}

pub(crate) fn open(directory: &Path) -> SegmentLog {
    open_on(Arc::new(Directory::open(directory).expect("nobody has it")))
}

fn try_open(directory: &Path, known: Known) -> Result<SegmentLog, OpenError> {
    SegmentLog::open(directory, &Options { segment_octets: SEGMENT_OCTETS, known, ..Options::default() })
}

pub(crate) async fn append(log: &SegmentLog, indices: std::ops::RangeInclusive<u64>) {
    hand_over(log, indices).await.await.expect("durable");
}

/// Hands entries over and returns what resolves when they are durable.
async fn hand_over(
    log: &SegmentLog,
    indices: std::ops::RangeInclusive<u64>,
) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> {
    Box::pin(hand_over_raw(log, indices).await.wait())
}

async fn hand_over_raw(log: &SegmentLog, indices: std::ops::RangeInclusive<u64>) -> Completed {
    let (done, completed) = Completion::pair();
    let entries = indices.map(|index| (id(index), payload(index))).collect();
    log.append(entries, done).await.expect("taken");
    completed
}

async fn save_vote(log: &SegmentLog, vote: Vote) {
    let (done, completed) = Completion::pair();
    log.save_vote(vote, done).await.expect("taken");
    completed.wait().await.expect("durable");
}

pub(crate) fn assert_read(log: &SegmentLog, range: std::ops::Range<u64>, end: u64) {
    let entries = log.read(range.clone(), usize::MAX).expect("readable");
    let read: Vec<_> = entries.iter().map(|entry| entry.id.index).collect();
    assert_eq!(read, (range.start..end).collect::<Vec<_>>());
    for entry in entries {
        assert_eq!(*entry.payload, *payload(entry.id.index), "entry {}", entry.id);
    }
}

fn payload(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "-".repeat(270)).into_bytes()
}

pub(crate) fn id(index: u64) -> LogId {
    LogId { term: 0, node: NodeId(1), index }
}
