//! Answers that are not believed, and those that wait for this node.

use std::task::Poll;

use futures_util::poll;

use super::*;

/// Later than what this node has applied.
const LATER: u64 = APPLIED + 5;

#[tokio::test]
async fn the_row_of_another_message_is_no_answer() {
    let other = MessageId::from_bytes([8; 16]);
    let rig = rig(vec![Answer::Row(row(&queue_with(other, APPLIED), other, APPLIED), APPLIED)]);

    let told = rig.get().await.expect_err("it is another").to_string();

    assert!(told.ends_with("gw-b: it answered with another message"), "{told}");
}

#[tokio::test]
async fn a_row_of_a_state_that_was_not_applied_is_no_answer() {
    let rig = rig(vec![Answer::Row(row(&queue_with(id(), APPLIED), id(), APPLIED + 1), APPLIED)]);

    let told = rig.get().await.expect_err("it cannot be").to_string();
    assert!(told.ends_with("gw-b: its answer is of a state it had not applied"), "{told}");
    let told = rig.list(&Query::default()).await.unanswered.expect("nor this").to_string();
    assert!(told.ends_with("gw-b: its answer is of a state it had not applied"), "{told}");
}

#[tokio::test]
async fn a_later_list_waits_until_this_node_is_as_far() {
    let rig = rig(vec![Answer::Row(row(&queue_with(id(), LATER), id(), LATER), LATER)]);
    let every = Query::default();
    let mut listed = Box::pin(rig.list(&every));
    assert_eq!(poll!(&mut listed), Poll::Pending);

    rig.applied.send_replace(Position { index: LATER, offset: 0 });

    let listed = listed.await;
    assert_eq!((listed.page.rows.len(), listed.unanswered), (1, None));
}

#[tokio::test]
async fn a_later_list_that_this_node_does_not_reach_is_no_answer() {
    let rig = rig(vec![Answer::Row(row(&queue_with(id(), LATER), id(), LATER), LATER)]);

    let listed = rig.list(&Query::default()).await;

    assert!(listed.page.rows.is_empty());
    let told = listed.unanswered.expect("it is too far ahead").to_string();
    assert!(told.ends_with("gw-b: its answer is of entry 45, this node has applied entry 40"), "{told}");
}
