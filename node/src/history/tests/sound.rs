//! Answers that are not believed.

use super::*;

#[tokio::test]
async fn the_row_of_another_message_is_no_answer() {
    let other = MessageId::from_bytes([8; 16]);
    let rig = rig(vec![Answer::Row(row(&queue_with(other, APPLIED), other, APPLIED), APPLIED)]);

    let told = rig.history.get(id(), APPLIED).await.expect_err("it is another").to_string();

    assert!(told.ends_with("gw-b: it answered with another message"), "{told}");
}

#[tokio::test]
async fn a_row_of_a_state_that_was_not_applied_is_no_answer() {
    let rig = rig(vec![Answer::Row(row(&queue_with(id(), APPLIED), id(), APPLIED + 1), APPLIED)]);

    let told = rig.history.get(id(), APPLIED).await.expect_err("it cannot be").to_string();
    assert!(told.ends_with("gw-b: its answer is of a state it had not applied"), "{told}");
    let told = rig
        .history
        .list(&Query::default(), None, 10, APPLIED)
        .await
        .unanswered
        .expect("nor this")
        .to_string();
    assert!(told.ends_with("gw-b: its answer is of a state it had not applied"), "{told}");
}
