//! What this node gives to others.

use std::task::Poll;

use futures_util::poll;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::peer::{Histories, NotServed};

#[tokio::test]
async fn a_node_whose_own_history_is_incomplete_says_so_at_once_and_asks_nobody() {
    let rig = rig(vec![Answer::Nothing(APPLIED)]);
    let kept = kept(&rig);

    for entry in [APPLIED, APPLIED + 1] {
        let row = kept.get_row(RowWanted { id: id(), applied: entry }).now_or_never();
        let rows = kept.list_rows(RowsWanted { applied: entry, ..RowsWanted::default() }).now_or_never();

        let opening = NotServed("its history is opening".to_owned());
        assert_eq!(row, Some(Err(opening.clone())), "{entry}");
        assert_eq!(rows, Some(Err(opening)), "{entry}");
    }
    assert!(rig.asked().is_empty());
}

#[tokio::test]
async fn a_node_that_is_asked_waits_until_it_has_applied_what_the_question_is_about() {
    let rig = whole(queue_with(id(), APPLIED)).await;
    let kept = kept(&rig);
    let mut row = kept.get_row(RowWanted { id: id(), applied: APPLIED + 1 });
    let mut rows = kept.list_rows(RowsWanted { limit: 10, applied: APPLIED + 1, ..RowsWanted::default() });
    assert!(poll!(&mut row).is_pending() && poll!(&mut rows).is_pending());

    rig.applied.send_replace(Position { index: APPLIED + 1, offset: 0 });

    let (row, rows) = (row.await.expect("it has it"), rows.await.expect("it has them"));
    assert_eq!((row.applied, rows.applied), (APPLIED + 1, APPLIED + 1));
    let found = Row::decode(&row.row.expect("a row")).expect("a row");
    assert_eq!((found.record.id, found.position.index), (id(), APPLIED + 1));
    assert_eq!(rows.rows.len(), 1);
}

#[tokio::test]
async fn a_node_that_stays_behind_says_how_far_it_is() {
    let rig = whole(queue_with(id(), APPLIED)).await;

    let behind = kept(&rig).get_row(RowWanted { id: id(), applied: APPLIED + 1 }).await.expect_err("not yet");

    assert_eq!(behind.0, "it is behind: it has applied entry 40, not yet 41");
}

#[tokio::test]
async fn lists_that_nobody_waits_for_any_more_count_until_they_are_made() {
    let rig = whole(queue_with(id(), APPLIED)).await;
    let kept = kept(&rig);
    let wanted = RowsWanted { limit: 10, applied: APPLIED, ..RowsWanted::default() };
    for number in 1..=8 {
        let mut given_up = kept.list_rows(wanted.clone());
        assert!(poll!(&mut given_up).is_pending(), "{number}");
    }

    let Poll::Ready(refused) = poll!(kept.list_rows(wanted.clone())) else { panic!("it waits") };

    assert_eq!(refused.expect_err("too many").0, "busy: it makes 8 lists for others already");
}

fn kept(rig: &Rig) -> Kept {
    Kept::new(rig.history.store.clone())
}

/// A node with this state whose history is complete.
async fn whole(queue: Queue) -> Rig {
    let rig = rig_with(queue, Vec::new());
    let running = rig.history.store.clone();
    tokio::spawn(async move { running.run(None, CancellationToken::new()).await });
    let mut changes = rig.history.store.completeness_changes();
    changes.wait_for(|told| told.is_complete()).await.expect("the store lives");
    rig
}
