//! Rounds that are interrupted: by the end of the process, by a stop that has no time for the rest, and by load.
//!
//! A round looks at the applied state again and again, so that a state that is meddled with is there in its middle.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smsgrid::model::{MessageId, Position};
use smsgrid::queue::{Body, Queue};
use smsgrid_node::store::{Applied, Changes, Completeness, Query};
use smsgrid_tests::wait::pause_for;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::rig::{Running, World, copy, expected};

/// Messages of the round: many slices.
const MESSAGES: u64 = 3_000;
/// The look at the state that is meddled with: some slices are written by then, and some are not.
const MIDDLE: u64 = 100;
/// Longer than the last round of a stop may take.
const LAST_ROUND: Duration = Duration::from_millis(2_200);
/// Longer than the time over which changes are counted, and far more of them than count as busy in twice that time.
const MEASURE: Duration = Duration::from_millis(1_100);
const BURST: u64 = 12_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_cut_off_by_the_end_of_the_process_leaves_nothing_missing_or_doubled() {
    let (folder, killed) = (directory(), directory());
    let world = filled();
    let (from, to) = (folder.path().to_owned(), killed.path().to_owned());
    let meddled = Meddled::new(&world, move |look| {
        if look == MIDDLE {
            copy(&from, &to);
        }
    });
    let running = Running::until(folder.path(), meddled, None, CancellationToken::new());
    running.reaches(Completeness::Complete).await;
    assert!(running.store.flush_now().await);
    assert_all(&world, &running).await;
    running.stop().await;

    let rest = rest_of(killed.path(), &world).await;
    assert!(0 < rest && rest < MESSAGES, "the middle of the round, with {rest} rows to write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_stopped_without_time_for_the_rest_is_gone_on_with_at_the_next_opening() {
    let folder = directory();
    let world = filled();
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let meddled = Meddled::new(&world, move |look| match look {
        MIDDLE => stop.cancel(),
        // The state is slow when the last round begins.
        look if look == MIDDLE + 1 => pause_for(LAST_ROUND),
        _ => {}
    });
    let running = Running::until(folder.path(), meddled, None, cancel.clone());
    let store = running.store.clone();
    cancel.cancelled().await;
    running.stop().await;
    let written = store.figures().rows;
    assert!(folder.path().join("clean").exists(), "it was closed in order");

    let rest = rest_of(folder.path(), &world).await;
    assert!(0 < rest && rest < MESSAGES, "the middle of the round, with {rest} rows to write");
    assert_eq!(written + rest, MESSAGES, "each row is written once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_interrupted_by_load_goes_on_when_it_is_quiet() {
    let folder = directory();
    let world = filled();
    let newest = *world.model().keys().next_back().expect("many");
    let busy = world.clone();
    let meddled = Meddled::new(&world, move |look| {
        if look == MIDDLE {
            burst(&busy, newest);
            pause_for(MEASURE);
        }
    });
    let running = Running::until(folder.path(), meddled, None, CancellationToken::new());
    let mut durable = running.store.durable_applied();
    let before = world.position();

    let told = tokio::time::timeout(Duration::from_secs(60), durable.changed()).await;
    told.expect("it takes too long").expect("the store lives");
    let reached = *durable.borrow_and_update();
    assert!(
        reached >= Position { index: before.index + BURST, offset: 0 },
        "it was not interrupted: {reached}"
    );
    let figures = running.store.figures();
    assert_eq!((figures.rows, figures.dirty), (MESSAGES, 0), "each row is written once");
    assert_all(&world, &running).await;
    running.stop().await;
}

/// Changes of one message whose row is among the last of the round.
fn burst(world: &World, message: MessageId) {
    for _ in 0..BURST / 2 {
        world.apply(Body::Hold { message });
        world.apply(Body::Release { message });
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn filled() -> World {
    let world = World::new(100_000);
    for number in 0..MESSAGES {
        world.submit(number as u8, 1, 0);
    }
    world
}

/// Opens what was left; how many rows had to be written until all was there.
async fn rest_of(folder: &Path, world: &World) -> u64 {
    let again = Running::complete(folder, world, None).await;
    assert!(again.store.flush_now().await);
    assert_all(world, &again).await;
    let figures = again.store.figures();
    assert_eq!(figures.rebuilds, 0, "the rows were believed");
    again.stop().await;
    figures.rows
}

async fn assert_all(world: &World, running: &Running) {
    let rows = running.all(&Query::default(), 1000).await;
    let listed: Vec<_> = rows.into_iter().map(|row| row.record).collect();
    let expected = expected(world, &Query::default());
    assert_eq!(listed.len(), expected.len());
    assert!(listed == expected, "a row is not as the message was last");
}

/// A state at which something happens whenever it is looked at.
struct Meddled {
    world: World,
    looks: AtomicU64,
    meddle: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Meddled {
    fn new(world: &World, meddle: impl Fn(u64) + Send + Sync + 'static) -> Meddled {
        Meddled { world: world.clone(), looks: AtomicU64::new(0), meddle: Arc::new(meddle) }
    }
}

impl Applied for Meddled {
    fn position(&self) -> Position {
        self.world.position()
    }

    fn read(&self, act: &mut dyn FnMut(&Queue)) {
        (self.meddle)(self.looks.fetch_add(1, Ordering::Relaxed));
        self.world.read(act);
    }

    fn wakes(&self) -> watch::Receiver<Position> {
        self.world.wakes()
    }

    fn changes(&self) -> Box<dyn Changes> {
        self.world.changes()
    }
}
