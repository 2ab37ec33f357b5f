//! What memory no longer has comes from another node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::MessageId;
use smsgrid::queue::Body;
use smsgrid_node::store::{Completeness, Query, Row, Source, SourceError, Store};

use crate::rig::{Nobody, Running, World, expected};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_rows_gets_them_back_from_another() {
    let (ours, theirs) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let world = World::new(5);
    let other = Running::complete(theirs.path(), &world, None).await;
    fill(&world, &other, 300).await;
    let source =
        Arc::new(Peer { store: other.store.clone(), refusals: AtomicU32::new(0), pages: AtomicU32::new(0) });

    let running = Running::complete(ours.path(), &world, Some(source.clone())).await;
    assert_all(&world, &running).await;
    assert!(source.pages.load(Ordering::Relaxed) > 0);
    running.stop().await;

    // What was fetched stays.
    let again = Running::complete(ours.path(), &world, None).await;
    assert_all(&world, &again).await;
    again.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_rows_are_missing_the_store_says_so_and_knows_what_is_in_memory() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::new(5);
    (0..50).for_each(|number| {
        world.submit(number, 1, 0);
        world.work(true);
    });
    let gone = *world.model().keys().find(|id| !world.remembers(**id)).expect("memory keeps five");
    let kept = *world.model().keys().find(|id| world.remembers(**id)).expect("memory keeps five");
    let running = Running::start(folder.path(), &world, Some(Arc::new(Nobody)));
    running.reaches(Completeness::Rebuilding).await;

    assert!(running.store.get(gone).await.is_err(), "nobody knows");
    assert!(running.store.get(kept).await.is_ok_and(|row| row.is_some()));
    let page = running.store.list(&Query::default(), None, 100).await;
    let in_memory = world.queue(|queue| queue.messages().count());
    assert_eq!((page.rows.len(), page.complete), (in_memory, false));
    assert!(running.store.page(None, 10).await.is_err(), "no other node may take this for the whole");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_took_over_a_snapshot_shows_nothing_as_it_was_before_it() {
    let (ours, theirs) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let behind = World::new(5);
    let waiting: Vec<MessageId> = (0..20).map(|number| behind.submit(number, 1, 0)).collect();
    let ahead = behind.replica();
    let other = Running::complete(theirs.path(), &ahead, None).await;
    let source =
        Arc::new(Peer { store: other.store.clone(), refusals: AtomicU32::new(1), pages: AtomicU32::new(0) });
    let running = Running::complete(ours.path(), &behind, Some(source)).await;
    assert!(running.store.flush_now().await);

    // The others go on; what was waiting is sent and leaves memory everywhere.
    for _ in 0..20 {
        ahead.work(true);
        assert!(other.store.flush_now().await);
    }
    fill(&ahead, &other, 40).await;
    behind.install(&ahead);
    assert!(running.store.flush_now().await);

    for id in waiting {
        match running.store.get(id).await {
            Ok(row) => assert_eq!(row.map(|row| row.record), ahead.model().get(&id).cloned()),
            Err(incomplete) => assert_eq!(incomplete.0, Completeness::Rebuilding),
        }
    }
    running.reaches(Completeness::Complete).await;
    assert_all(&ahead, &running).await;
    running.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_and_went_unseen_is_not_denied_before_the_next_round() {
    let folder = tempfile::tempdir().expect("a directory");
    let behind = World::new(5);
    let waiting: Vec<MessageId> = (0..20).map(|number| behind.submit(number, 1, 0)).collect();
    let ahead = behind.replica();
    let running = Running::complete(folder.path(), &behind, Some(Arc::new(Nobody))).await;
    assert!(running.store.flush_now().await);
    let unseen = ahead.submit(1, 1, 0);
    (0..21).for_each(|_| assert!(ahead.work(true).is_some()));
    let later: Vec<MessageId> = (0..10).map(|number| ahead.submit(number, 1, 0)).collect();
    later.iter().for_each(|_| assert!(ahead.work(true).is_some()));

    // The task looks at it when it is quiet, in some seconds.
    behind.install(&ahead);
    for id in waiting.into_iter().chain([unseen]) {
        assert!(!behind.remembers(id));
        let known = running.store.get(id).await;
        assert!(known.is_err(), "an answer that nobody can give here: {known:?}");
    }
    let page = running.store.list(&Query::default(), None, 100).await;
    assert!(!page.complete, "a list that lacks messages");
    let shown: Vec<_> = page.rows.into_iter().map(|row| row.record).collect();
    assert!(shown.iter().all(|record| Some(record) == ahead.model().get(&record.id)), "{shown:?}");
    assert!(running.store.page(None, 10).await.is_err(), "no other node may take this for the whole");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_failed_and_was_sent_after_all_unseen_is_neither_shown_as_failed_nor_left_so() {
    let (ours, theirs) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let behind = World::new(5);
    let failed = behind.submit(0, 1, 0);
    assert_eq!(behind.work(false), Some(failed));
    // It had failed more than an hour before anything went unseen.
    behind.advance(Duration::from_secs(2 * 3600));
    let ahead = behind.replica();
    let other = Running::complete(theirs.path(), &ahead, None).await;
    let source =
        Arc::new(Peer { store: other.store.clone(), refusals: AtomicU32::new(1), pages: AtomicU32::new(0) });
    let running = Running::complete(ours.path(), &behind, Some(source)).await;
    assert!(running.store.flush_now().await);

    let generation = ahead.model()[&failed].generation;
    ahead.apply(Body::Retry { message: failed, generation });
    assert_eq!(ahead.work(true), Some(failed));
    fill(&ahead, &other, 40).await;
    behind.install(&ahead);

    let known = running.store.get(failed).await;
    assert!(known.is_err(), "an answer that nobody can give here: {known:?}");
    assert!(running.store.flush_now().await);
    let known = running.store.get(failed).await;
    assert!(
        known.is_err()
            || known.is_ok_and(|row| row.map(|row| row.record) == ahead.model().get(&failed).cloned())
    );
    running.reaches(Completeness::Complete).await;
    assert_all(&ahead, &running).await;
    running.stop().await;
    other.stop().await;
}

/// Another node's store; refuses some times before it answers.
struct Peer {
    store: Store,
    refusals: AtomicU32,
    pages: AtomicU32,
}

impl Source for Peer {
    fn page(&self, after: Option<MessageId>, _: usize) -> BoxFuture<'_, Result<Vec<Row>, SourceError>> {
        async move {
            if self
                .refusals
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
            {
                return Err(SourceError { why: "busy".into() });
            }
            self.pages.fetch_add(1, Ordering::Relaxed);
            let page = self.store.page(after, 37).await;
            let page = page.map_err(|incomplete| SourceError { why: incomplete.to_string() })?;
            // As it goes over the wire.
            let again = page.iter().map(|row| Row::decode(&row.encode()).expect("its own octets"));
            Ok(again.collect())
        }
        .boxed()
    }
}

async fn fill(world: &World, running: &Running, messages: u64) {
    for number in 0..messages {
        world.submit(number as u8, 1, 0);
        world.work(number % 4 > 0);
        if number % 3 == 0 {
            assert!(running.store.flush_now().await);
        }
    }
    assert!(running.store.flush_now().await);
}

async fn assert_all(world: &World, running: &Running) {
    let listed: Vec<_> =
        running.all(&Query::default(), 1000).await.into_iter().map(|row| row.record).collect();
    let expected = expected(world, &Query::default());
    assert_eq!(listed.len(), expected.len());
    assert!(listed == expected, "a row is not as the message was last");
}
