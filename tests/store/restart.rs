//! Stops, clean and unclean, and what is found afterwards.

use std::sync::Arc;

use smsgrid_node::store::{Completeness, Query};

use crate::rig::{Dice, Nobody, Running, World, copy, expected};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_closed_in_order_is_there_again_and_not_written_again() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(10);
    let running = Running::complete(folder.path(), &world, None).await;
    fill(&world, &running, 100).await;
    running.stop().await;
    assert!(folder.path().join("clean").exists());

    let running = Running::complete(folder.path(), &world, None).await;
    assert!(!folder.path().join("clean").exists());
    assert!(running.store.flush_now().await);
    assert_eq!(running.store.figures().rows, 0, "what is the same is not written again");
    assert_all(&world, &running).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_taken_at_any_moment_opens_and_is_right_or_is_built_anew() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(100_000);
    let running = Running::complete(folder.path(), &world, None).await;
    let mut dice = Dice(7);
    for round in 0..6 {
        let (store, target) = (running.store.clone(), tempfile::tempdir().expect("a temporary directory"));
        for _ in 0..(200 + dice.below(400)) {
            world.submit(dice.below(10) as u8, 1 + dice.below(3) as u8, 0);
            if dice.below(2) == 0 {
                world.work(true);
            }
        }
        let writing = tokio::spawn(async move { store.flush_now().await });
        // Somewhere in the middle of the slices.
        smsgrid_tests::wait::pause_for(std::time::Duration::from_millis(dice.below(60)));
        copy(folder.path(), target.path());
        assert!(writing.await.expect("it does not panic"));

        let copied = Running::complete(target.path(), &world, None).await;
        assert_all(&world, &copied).await;
        copied.stop().await;
        assert!(target.path().join("clean").exists(), "round {round}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_killed_writes_only_what_had_not_been_written() {
    let (folder, left) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let world = World::new(10);
    let running = Running::complete(folder.path(), &world, None).await;
    fill(&world, &running, 60).await;
    assert!(running.store.flush_now().await);
    copy(folder.path(), left.path());
    let late: Vec<_> = (0..5).map(|number| world.submit(number, 1, 0)).collect();
    // What leaves memory meanwhile had been written: no other node is needed to know it.
    (0..5).for_each(|_| assert!(world.work(true).is_some()));

    let again = Running::complete(left.path(), &world, Some(Arc::new(Nobody))).await;
    assert!(again.store.flush_now().await);
    assert_eq!(again.store.figures().rows, late.len() as u64);
    assert_all(&world, &again).await;
    again.stop().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rows_of_another_node_are_set_aside() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(10);
    let running = Running::complete(folder.path(), &world, None).await;
    fill(&world, &running, 20).await;
    running.stop().await;
    let other = World::new(10);
    let owner = smsgrid::log::Owner { cluster: [3; 16], node: [2; 8] };
    let store = smsgrid_node::store::Store::open(folder.path(), owner, other.clone()).expect("usable");
    let cancel = tokio_util::sync::CancellationToken::new();
    let task = tokio::spawn({
        let (store, cancel) = (store.clone(), cancel.clone());
        async move { store.run(None, cancel).await }
    });
    let mut changes = store.completeness_changes();
    changes.wait_for(|told| *told == Completeness::Complete).await.expect("it lives");

    assert!(folder.path().join("doubtful").exists());
    assert_eq!(store.list(&Query::default(), None, 10).await.rows.len(), 0);
    cancel.cancel();
    task.await.expect("it does not panic");
}

async fn fill(world: &World, running: &Running, messages: u64) {
    for number in 0..messages {
        world.submit(number as u8, 1 + (number % 3) as u8, 0);
        world.work(number % 4 > 0);
        if number % 5 == 0 {
            assert!(running.store.flush_now().await);
        }
    }
}

async fn assert_all(world: &World, running: &Running) {
    let listed: Vec<_> =
        running.all(&Query::default(), 1000).await.into_iter().map(|row| row.record).collect();
    let expected = expected(world, &Query::default());
    assert_eq!(listed.len(), expected.len());
    assert!(listed == expected, "a row is not as the message was last");
}
