//! What the history answers while it is written.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid::model::{MessageId, MessageState, Timestamp};
use smsgrid::queue::Body;
use smsgrid_node::store::{Cursor, Query};

use crate::rig::{BEGIN_MS, Dice, Running, World, digits, expected, name};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_and_reads_say_what_was_applied_whether_it_is_written_or_not() {
    for seed in 1..=4 {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let world = World::new(20);
        let running = Running::complete(folder.path(), &world, None).await;
        let mut dice = Dice(seed);
        for step in 0..160 {
            live(&world, &mut dice);
            // Memory forgets all but twenty; what it forgets must be in the rows by then.
            if step % 5 == 0 {
                assert!(running.store.flush_now().await);
            }
            let query = query(&mut dice);
            let limit = [1, 3, 17, 1000][dice.below(4) as usize];
            let listed: Vec<_> = running.all(&query, limit).await.into_iter().map(|row| row.record).collect();
            assert_eq!(listed, expected(&world, &query), "seed {seed} step {step} {query:?}");
        }
        for (id, record) in world.model() {
            let row = running.store.get(id).await.expect("complete").expect("there");
            assert_eq!(row.record, record);
        }
        assert!(
            world.model().keys().filter(|id| !world.remembers(**id)).count() > 20,
            "memory forgot nothing"
        );
        assert_eq!(running.store.get(MessageId::from_bytes([9; 16])).await, Ok(None));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_goes_on_misses_and_repeats_nothing_while_rows_change() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(1000);
    let running = Running::complete(folder.path(), &world, None).await;
    let all: Vec<MessageId> = (0..300).map(|number| world.submit(number as u8, 1, 0)).collect();
    let mut seen: BTreeMap<MessageId, u32> = BTreeMap::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = running.store.list(&Query::default(), cursor, 7).await;
        page.rows.iter().for_each(|row| *seen.entry(row.record.id).or_default() += 1);
        world.submit(1, 1, 0);
        world.work(true);
        assert!(running.store.flush_now().await);
        let Some(next) = page.next else { break };
        // A cursor survives its way through somebody else's hands.
        cursor = Some(next.to_string().parse().expect("its own text"));
    }

    assert!(all.iter().all(|id| seen.get(id) == Some(&1)), "missed or repeated");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_ended_before_the_horizon_are_dropped_and_no_others() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(10_000);
    let running = Running::complete(folder.path(), &world, None).await;
    let waiting = world.submit(1, 1, 0);
    world.apply(Body::Hold { message: waiting });
    let old: Vec<MessageId> =
        (0..40).map(|number| world.submit(2, 1 + number % 20, i64::from(number % 2) * 3_600_000)).collect();
    while world.work(true).is_some() {}
    assert!(running.store.flush_now().await);
    world.advance(Duration::from_secs(80 * 24 * 3600));
    let young = world.submit(3, 1, 0);
    assert!(running.store.flush_now().await);
    world.advance(Duration::from_secs(11 * 24 * 3600));

    let mut figures = running.store.figures();
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    while running.store.get(old[39]).await.is_ok_and(|row| row.is_some()) {
        assert!(tokio::time::Instant::now() < until, "{figures:?}");
        assert!(running.store.flush_now().await);
        tokio::task::yield_now().await;
        figures = running.store.figures();
    }
    for id in old {
        assert_eq!(running.store.get(id).await.map(|row| row.is_some()), Ok(false));
    }
    for id in [waiting, young] {
        assert!(running.store.get(id).await.is_ok_and(|row| row.is_some()));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_store_writes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(100);
    let running = Running::complete(folder.path(), &world, None).await;
    (0..50).for_each(|number| {
        world.submit(number, 1, 0);
    });
    assert!(running.store.flush_now().await);
    let (figures, file) = (running.store.figures(), modified(folder.path()));
    // Applied, but nothing of a message.
    (0..20).for_each(|_| {
        world.apply(Body::Tick);
    });
    let _ = running.store.list(&Query::default(), None, 100).await;
    assert!(running.store.flush_now().await);
    rounds_go_by(2).await;

    assert_eq!(running.store.figures(), figures);
    assert_eq!(modified(folder.path()), file);
    running.stop().await;
}

/// Waits for rounds of a store that has something to write: one that waited when this was called is over.
async fn rounds_go_by(rounds: u8) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(100);
    let running = Running::complete(folder.path(), &world, None).await;
    for round in 0..rounds {
        let rows = running.store.figures().rows;
        world.submit(round, 1, 0);
        let mut durable = running.store.durable_applied();
        let round = tokio::time::timeout(Duration::from_secs(30), async {
            while running.store.figures().rows == rows {
                durable.changed().await.expect("the store lives");
            }
        });
        round.await.expect("it takes too long");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_applied_becomes_durable_by_itself_within_a_few_seconds() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(100);
    let running = Running::complete(folder.path(), &world, None).await;
    let id = world.submit(1, 1, 0);
    let wanted = world.queue(|queue| queue.message(id).map(|record| record.accepted_at)).expect("applied");

    let mut durable = running.store.durable_applied();
    let reached = tokio::time::timeout(Duration::from_secs(20), durable.wait_for(|at| *at >= wanted)).await;

    assert!(reached.is_ok());
    // It keeps the position from being told anew, and the store waits for that when it stops.
    drop(reached);
    let figures = running.store.figures();
    assert!(figures.syncs > 0 && figures.rows == 1 && figures.dirty == 0, "{figures:?}");
    running.stop().await;
}

/// Something happens to some message.
fn live(world: &World, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        match dice.below(10) {
            0..=4 => {
                let skew = [0, 0, 0, 30_000, -30_000, 3_600_000, -7_200_000][dice.below(7) as usize];
                let parts = [1, 1, 1, 2, 40][dice.below(5) as usize];
                world.submit(dice.below(10) as u8, parts, skew);
            }
            5..=7 => drop(world.work(dice.below(5) > 0)),
            8 => {
                let ids: Vec<MessageId> = world.queue(|queue| {
                    queue
                        .messages()
                        .filter(|record| !record.state().is_final())
                        .map(|record| record.id)
                        .collect()
                });
                if let Some(message) = ids.get(dice.below(ids.len() as u64) as usize).copied() {
                    let bodies =
                        [Body::Cancel { message }, Body::Hold { message }, Body::Release { message }];
                    world.apply(bodies[dice.below(3) as usize].clone());
                }
            }
            _ => world.advance(Duration::from_secs(dice.below(50))),
        }
    }
}

fn query(dice: &mut Dice) -> Query {
    let mut query = Query::default();
    let moment = |dice: &mut Dice| Timestamp::from_unix_millis(BEGIN_MS + dice.below(3_000_000));
    if dice.below(2) == 0 {
        let some = MessageState::ALL.into_iter().filter(|_| dice.below(3) == 0);
        query.states = some.collect();
    }
    match dice.below(4) {
        0 => query.to = Some(digits(dice.below(10) as u8)),
        1 => query.modem = Some(name(["GSM1", "GSM2"][dice.below(2) as usize])),
        _ => {}
    }
    match dice.below(4) {
        0 => query.after = Some(moment(dice)),
        1 => query.before = Some(moment(dice)),
        _ => {}
    }
    query
}

fn modified(folder: &std::path::Path) -> Vec<(std::path::PathBuf, std::time::SystemTime, u64)> {
    let entries = std::fs::read_dir(folder.join("rows")).expect("readable");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let entry = entry.expect("readable");
            let metadata = entry.metadata().expect("readable");
            (entry.path(), metadata.modified().expect("kept"), metadata.len())
        })
        .collect();
    files.sort();
    files
}
