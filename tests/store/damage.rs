//! Rows that are not what was written, disks that refuse.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use smsgrid_node::store::{Completeness, Query};

use crate::rig::{Dice, Running, World, copy, expected};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_rows_are_set_aside_and_built_anew_from_memory() {
    let (folder, world) = filled(400).await;
    let mut rebuilt = 0;
    for seed in 0..12 {
        let damaged = tempfile::tempdir().expect("a temporary directory");
        copy(folder.path(), damaged.path());
        let _ = fs::remove_file(damaged.path().join("clean"));
        damage(&damaged.path().join("rows/db"), &mut Dice(seed));

        let running = Running::complete(damaged.path(), &world, None).await;
        assert!(running.store.flush_now().await);
        let listed: Vec<_> =
            running.all(&Query::default(), 1000).await.into_iter().map(|row| row.record).collect();
        assert!(listed == expected(&world, &Query::default()), "seed {seed}");
        // Set aside, or sled itself gave up what it could not read.
        rebuilt += running.store.figures().rows;
        running.stop().await;
        assert!(fs::read_dir(damaged.path()).expect("readable").count() <= 3, "more than one is kept");
    }
    assert!(rebuilt > 0, "no damage was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_damaged_after_a_clean_stop_is_met_by_its_reader_and_begins_the_store_anew() {
    let (folder, world) = filled(400).await;
    let everywhere = world.model().len() as u64;
    // Every value holds these octets; sled's own checksum of each message is what notices.
    let path = folder.path().join("rows/db");
    let file = fs::read(&path).expect("readable");
    let written = OpenOptions::new().write(true).open(&path).expect("writable");
    for at in (4096..file.len()).step_by(512) {
        written.write_all_at(&[file[at] ^ 0xFF], at as u64).expect("writable");
    }

    let running = Running::start(folder.path(), &world, None);
    for id in world.model().into_keys() {
        // A failure, or a right answer; never a wrong one.
        if let Ok(row) = running.store.get(id).await {
            assert!(row.is_some_and(|row| world.model().get(&id) == Some(&row.record)));
        }
    }
    running.reaches(Completeness::Complete).await;
    let listed = running.all(&Query::default(), 1000).await.len() as u64;
    assert_eq!(listed, everywhere);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_closes_the_store_and_not_the_node() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::write(folder.path().join("rows"), b"a file where a folder should be").expect("room");
    let world = World::new(100);
    let id = world.submit(1, 1, 0);

    let running = Running::start(folder.path(), &world, None);
    running.reaches(Completeness::Closed).await;

    assert!(running.store.get(id).await.is_ok_and(|row| row.is_some()), "memory answers");
    let page = running.store.list(&Query::default(), None, 10).await;
    assert!(page.rows.len() == 1 && !page.complete);
    assert!(running.store.get(smsgrid::model::MessageId::from_bytes([9; 16])).await.is_err());
    assert!(!running.store.flush_now().await);
    running.stop().await;
}

async fn filled(messages: u64) -> (tempfile::TempDir, World) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(100_000);
    let running = Running::complete(folder.path(), &world, None).await;
    for number in 0..messages {
        world.submit(number as u8, 1 + (number % 4) as u8, 0);
        world.work(number % 3 > 0);
    }
    assert!(running.store.flush_now().await);
    running.stop().await;
    (folder, world)
}

/// Cuts the file, overwrites some of it, or takes a piece out of it.
fn damage(path: &std::path::Path, dice: &mut Dice) {
    let mut octets = fs::read(path).expect("readable");
    let at = dice.below(octets.len() as u64) as usize;
    match dice.below(4) {
        0 => octets.truncate(at),
        1 => octets.iter_mut().skip(at).take(4096).for_each(|octet| *octet = 0),
        2 => drop(octets.drain(at..(at + 4096).min(octets.len().max(at)))),
        _ => octets[at] ^= 4,
    }
    fs::write(path, octets).expect("room");
}
