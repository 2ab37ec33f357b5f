//! Messages come in.

use smsgrid_proto::v1;
use tonic::Code;

use super::served::Served;
use super::{fact, field, hello, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_accepted_once_and_found_under_its_id() {
    let served = Served::alone().await;

    let taken = served.messages().submit(hello("k1")).await.expect("accepted").into_inner();
    let get = v1::GetMessageRequest { id: taken.id.clone(), read: None };
    let message = served.messages().get(get).await.expect("found").into_inner().message.expect("a message");

    assert_eq!((taken.to.as_str(), taken.parts, taken.replayed), ("+4915112345678", 1, false));
    assert_eq!(taken.state(), v1::MessageState::Queued);
    assert_eq!((message.id.as_str(), message.text.as_str()), (taken.id.as_str(), "hello"));
    assert_eq!((message.key.as_str(), message.client.as_str()), ("k1", "api"));
    assert_eq!(message.waiting_for.expect("it waits").what(), v1::Waiting::Route);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_answered_with_the_same_message_and_another_body_is_refused() {
    let served = Served::alone().await;
    let mut messages = served.messages();

    let first = messages.submit(hello("k1")).await.expect("accepted").into_inner();
    let again = messages.submit(hello("k1")).await.expect("accepted").into_inner();
    let other = v1::SubmitRequest { text: "other".to_owned(), ..hello("k1") };
    let refused = messages.submit(other).await.expect_err("another body");

    assert_eq!((again.id.as_str(), again.replayed), (first.id.as_str(), true));
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "KEY_REUSED"));
    assert_eq!((fact(&refused, "id"), field(&refused).as_str()), (first.id, "key"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_of_a_batch_gets_its_own_answer_in_order() {
    let served = Served::alone().await;
    let bad = v1::SubmitRequest { to: "0151".to_owned() + "1234567", ..hello("k2") };
    let request = v1::SubmitBatchRequest { messages: vec![hello("k1"), bad, hello("k3"), hello("k1")] };

    let results = served.messages().submit_batch(request).await.expect("answered").into_inner().messages;

    let told: Vec<(String, String)> = results.into_iter().map(told).collect();
    assert_eq!(told[0].0, "k1");
    assert_eq!(told[1], ("BAD_NUMBER".to_owned(), "messages[1].to".to_owned()));
    assert_eq!(told[2].0, "k3");
    assert_eq!(told[3], told[0], "the same key is the same message");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_batch_is_in_the_log_when_it_is_answered() {
    let served = Served::alone().await;
    let messages: Vec<_> = (0..500).map(|number| hello(&format!("k{number}"))).collect();

    let request = v1::SubmitBatchRequest { messages };
    let results = served.messages().submit_batch(request).await.expect("answered").into_inner().messages;

    assert_eq!(results.len(), 500);
    let accepted = served.view.read(|queue| queue.messages().count());
    assert_eq!(accepted, 500);
    served.stop().await;
}

/// Key and id of what was taken; word and field of what was not.
fn told(result: v1::SubmitResult) -> (String, String) {
    match result.result.expect("a result") {
        v1::submit_result::Result::Message(message) => (message.key, message.id),
        v1::submit_result::Result::Problem(problem) => (problem.reason, problem.field),
    }
}
