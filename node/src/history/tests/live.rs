//! Lists of what has not ended: memory has all of it.

use smsgrid::model::MessageState::{Queued, Sent, Uncertain};

use super::*;

#[tokio::test]
async fn what_has_not_ended_is_listed_from_memory_and_nobody_is_asked() {
    let rig = rig_with(queue_with(id(), APPLIED), vec![Answer::Never]);
    let query = Query { states: [Queued, Uncertain].into(), ..Query::default() };

    let Listed { page, unanswered } = rig.list(&query).await;

    assert_eq!(page.rows.iter().map(|row| row.record.id).collect::<Vec<_>>(), [id()]);
    assert_eq!((page.complete, unanswered, page.next), (true, None, None));
    assert!(rig.asked().is_empty());
}

#[tokio::test]
async fn what_may_have_ended_is_asked_for() {
    let rig = rig_with(queue_with(id(), APPLIED), vec![Answer::Refused("busy")]);
    let query = Query { states: [Queued, Sent].into(), ..Query::default() };

    let listed = rig.list(&query).await;

    assert!(!listed.page.complete && listed.unanswered.is_some());
    assert_eq!(rig.asked(), ["gw-b"]);
}
