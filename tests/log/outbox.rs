//! The outbox on real files and on disks that fail or lose power.

use std::io;

use smsgrid::log::{Owner, Step};
use smsgrid::model::{Attempt, Epoch, PartNumber};
use smsgrid_node::outbox::{Key, Outbox, OutboxError, RECORD_OCTETS_MAX};
use tempfile::TempDir;

use crate::disk::{Dice, Survival, World};
use crate::faults::{Faulty, Memory};
use crate::segments::open_on;

#[tokio::test]
async fn what_was_put_and_not_removed_is_there_after_a_restart() {
    let directory = TempDir::new().expect("a temporary directory");
    let outbox = open(&directory);
    let kept = outbox.put(key(1), b"sent 17").await.expect("durable");
    let settled = outbox.put(key(2), b"refused").await.expect("durable");
    let marked = outbox.put(Key::write_mark(attempt(3)), b"").await.expect("durable");
    outbox.remove(settled).await;
    outbox.close().await.expect("durable");
    drop(outbox);

    let outbox = open(&directory);
    let records = outbox.records().await;
    let receipts: Vec<_> = records.iter().map(|record| record.receipt).collect();
    assert_eq!(receipts, [kept, marked]);
    assert_eq!(*records[0].octets, *b"sent 17");
}

#[tokio::test]
async fn a_removal_is_not_durable_by_itself_but_harmless_and_costs_no_sync() {
    let directory = TempDir::new().expect("a temporary directory");
    let outbox = open(&directory);
    let first = outbox.put(key(1), b"sent").await.expect("durable");
    let groups = outbox.figures().groups;
    outbox.remove(first).await;
    assert!(outbox.records().await.is_empty());
    assert_eq!(outbox.figures().groups, groups);
    drop(outbox);

    let outbox = open(&directory);
    assert_eq!(outbox.records().await.len(), 1, "it is proposed once more");
    outbox.remove(first).await;
    let second = outbox.put(key(2), b"sent").await.expect("durable");
    drop(outbox);
    let receipts: Vec<_> = open(&directory).records().await.iter().map(|record| record.receipt).collect();
    assert_eq!(receipts, [second]);
}

#[tokio::test]
async fn a_final_outcome_replaces_an_uncertain_one_and_outlives_its_removal() {
    let directory = TempDir::new().expect("a temporary directory");
    let outbox = open(&directory);
    let uncertain = outbox.put(key(1), b"uncertain").await.expect("durable");
    outbox.put(key(1), b"sent").await.expect("durable");
    outbox.remove(uncertain).await;
    outbox.close().await.expect("durable");
    drop(outbox);

    let records = open(&directory).records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(*records[0].octets, *b"sent");
}

#[tokio::test]
async fn puts_of_several_workers_share_one_sync() {
    let disk = Faulty::new(Memory::new(World::default()));
    let outbox = Outbox::on(open_on(disk.clone())).expect("empty");
    let held = disk.hold_syncs();
    let mut workers: Vec<_> = (1..=50)
        .map(|epoch| {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.put(key(epoch), b"sent").await })
        })
        .collect();
    while outbox.records().await.len() < 50 {
        tokio::task::yield_now().await;
    }
    assert!(workers.iter_mut().all(|worker| !worker.is_finished()), "told before the sync");
    drop(held);
    for worker in workers {
        worker.await.expect("no panic").expect("durable");
    }

    assert!(outbox.figures().groups <= 3, "{:?}", outbox.figures());
}

#[tokio::test]
async fn an_outbox_in_long_use_stays_small_and_keeps_an_old_record() {
    let directory = TempDir::new().expect("a temporary directory");
    let outbox = open(&directory);
    let old = outbox.put(key(0), b"waits for a quorum").await.expect("durable");
    for epoch in 1..6_000 {
        let receipt = outbox.put(key(epoch), &[5; 900]).await.expect("durable");
        outbox.remove(receipt).await;
    }
    assert!(outbox.segments() <= 3, "{} segments", outbox.segments());
    drop(outbox);

    let records = open(&directory).records().await;
    assert!(records.iter().any(|record| record.receipt == old && *record.octets == *b"waits for a quorum"));
    assert!(records.len() <= 2);
}

#[tokio::test]
async fn a_put_abandoned_by_its_worker_does_not_block_the_next() {
    let disk = Faulty::new(Memory::new(World::default()));
    let outbox = Outbox::on(open_on(disk.clone())).expect("empty");
    let held = disk.hold_syncs();
    let abandoned = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.put(key(1), b"sent").await }
    });
    while outbox.records().await.is_empty() {
        tokio::task::yield_now().await;
    }
    abandoned.abort();
    assert!(abandoned.await.is_err());
    drop(held);

    outbox.put(key(2), b"sent").await.expect("durable");
    assert_eq!(outbox.records().await.len(), 2);
}

#[tokio::test]
async fn a_put_that_cannot_be_synced_is_an_error_and_ends_the_outbox() {
    let disk = Faulty::new(Memory::new(World::default()));
    let outbox = Outbox::on(open_on(disk.clone())).expect("empty");
    outbox.put(key(1), b"sent").await.expect("durable");
    disk.fail(|step| matches!(step, Step::Sync { .. }), io::ErrorKind::Other);

    assert!(matches!(outbox.put(key(2), b"sent").await, Err(OutboxError::Write(_))));
    assert!(matches!(outbox.put(key(3), b"sent").await, Err(OutboxError::Write(_))));
    outbox.fatal().await;
}

#[tokio::test]
async fn a_record_too_large_is_refused() {
    let outbox = Outbox::on(open_on(Memory::new(World::default()))).expect("empty");

    let refused = outbox.put(key(1), &[0; RECORD_OCTETS_MAX + 1]).await;
    assert!(matches!(refused, Err(OutboxError::TooLarge { octets: 1025 })));
    outbox.put(key(1), &[0; RECORD_OCTETS_MAX]).await.expect("durable");
}

#[tokio::test]
async fn a_power_cut_at_any_put_loses_none_that_returned() {
    for seed in 1..=30 {
        let mut dice = Dice(seed);
        let memory = Memory::new(World::default());
        let outbox = Outbox::on(open_on(memory.clone())).expect("empty");
        let mut returned = Vec::new();
        for epoch in 1..=dice.below(60) + 1 {
            let receipt = outbox.put(key(epoch), &[epoch as u8; 700]).await.expect("durable");
            match dice.below(3) {
                0 => outbox.remove(receipt).await,
                _ => returned.push((receipt, epoch)),
            }
        }
        let image = memory.world().cut(Survival::Pieces(512, 4), &mut dice);

        let again = Outbox::on(open_on(Memory::new(World::durable(&image)))).expect("intact");
        let records = again.records().await;
        for (receipt, epoch) in returned {
            let record = records.iter().find(|record| record.receipt == receipt).expect("it returned");
            assert_eq!(*record.octets, [epoch as u8; 700], "seed {seed}");
        }
    }
}

fn open(directory: &TempDir) -> Outbox {
    Outbox::open(&directory.path().join("outbox"), Owner::default()).expect("intact")
}

fn key(epoch: u64) -> Key {
    Key::outcome(attempt(epoch))
}

fn attempt(epoch: u64) -> Attempt {
    Attempt { epoch: Epoch(epoch), part: PartNumber::FIRST }
}
