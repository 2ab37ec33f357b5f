//! What people ask of messages and modems.

use smsgrid::model::{Cause, Disposition, Doubt, PartOutcome, Refusal};
use smsgrid_proto::v1;
use tonic::Code;

use super::served::{MODEM, Served};
use super::{fact, field, hello, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_held_released_and_withdrawn() {
    let served = Served::alone().await;
    let mut messages = served.messages();
    let id = messages.submit(hello("k1")).await.expect("accepted").into_inner().id;

    let held = messages.hold(v1::HoldMessageRequest { id: id.clone() }).await.expect("held");
    let released = messages.release(v1::ReleaseMessageRequest { id: id.clone() }).await.expect("released");
    let canceled = messages.cancel(v1::CancelMessageRequest { id: id.clone() }).await.expect("canceled");
    let late = messages.hold(v1::HoldMessageRequest { id }).await.expect_err("it has ended");

    let held = held.into_inner().message.expect("a message");
    assert!(held.held);
    assert_eq!(held.waiting_for.expect("it waits").what(), v1::Waiting::Release);
    assert!(!released.into_inner().message.expect("a message").held);
    let canceled = canceled.into_inner().message.expect("a message");
    assert_eq!(canceled.state(), v1::MessageState::Canceled);
    assert_eq!((late.code(), reason(&late).as_str()), (Code::FailedPrecondition, "TOO_LATE"));
    assert_eq!(fact(&late, "state"), "canceled");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_the_air_is_not_withdrawn_and_in_doubt_a_person_decides() {
    let served = Served::alone().await;
    let mut messages = served.messages();
    let registration = served.modem(served.session(1).await).await;
    served.ready(registration, 1).await;
    let hold = v1::SubmitRequest { uncertain: v1::UncertainPolicy::Hold.into(), ..hello("k1") };
    let id = messages.submit(hold).await.expect("accepted").into_inner().id;
    let epoch = served.claim(&id);
    served.start(epoch).await;

    let late = messages.cancel(v1::CancelMessageRequest { id: id.clone() }).await.expect_err("on the air");
    served.outcome(epoch, PartOutcome::Uncertain(Doubt::Silent)).await;
    let unsaid = v1::ResolveMessageRequest { id: id.clone(), part: 0, verdict: 0 };
    let unsaid = messages.resolve(unsaid).await.expect_err("no verdict");
    let sent = v1::ResolveMessageRequest { id: id.clone(), part: 0, verdict: v1::Verdict::Sent.into() };
    let resolved = messages.resolve(sent.clone()).await.expect("resolved").into_inner().message;
    let twice = messages.resolve(sent).await.expect_err("nothing is in doubt");

    assert_eq!((late.code(), fact(&late, "state").as_str()), (Code::FailedPrecondition, "sending"));
    assert_eq!((unsaid.code(), field(&unsaid).as_str()), (Code::InvalidArgument, "verdict"));
    let resolved = resolved.expect("a message");
    assert_eq!(resolved.state(), v1::MessageState::Sent);
    assert_eq!((resolved.attempts[0].node.as_str(), resolved.attempts[0].modem.as_str()), ("gw-a", MODEM));
    let states: Vec<v1::MessageState> = resolved.events.iter().map(v1::HistoryEvent::state).collect();
    use v1::MessageState::{Claimed, Queued, Sending, Sent, Uncertain};
    assert_eq!(states, [Queued, Claimed, Sending, Uncertain, Sent]);
    assert_eq!(twice.code(), Code::FailedPrecondition);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_retried_and_discarded() {
    let served = Served::alone().await;
    let mut messages = served.messages();
    let registration = served.modem(served.session(1).await).await;
    let id = messages.submit(hello("k1")).await.expect("accepted").into_inner().id;
    let early =
        messages.retry(v1::RetryMessageRequest { id: id.clone() }).await.expect_err("it has not failed");
    fail(&served, registration, 1, &id).await;

    let listed = dead_letters(&served).await;
    let retried = messages.retry(v1::RetryMessageRequest { id: id.clone() }).await.expect("retried");
    let none = dead_letters(&served).await;
    fail(&served, registration, 2, &id).await;
    let discarded = messages.discard(v1::DiscardMessageRequest { id: id.clone() }).await.expect("discarded");

    assert_eq!(reason(&early), "TOO_LATE");
    assert_eq!(listed.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    assert!(listed[0].dead_letter && listed[0].reason.contains("+CMS ERROR: 21"), "{:?}", listed[0].reason);
    assert_eq!(retried.into_inner().message.expect("a message").state(), v1::MessageState::Queued);
    assert_eq!(none, []);
    let discarded = discarded.into_inner().message.expect("a message");
    assert_eq!((discarded.state(), discarded.dead_letter), (v1::MessageState::Failed, false));
    assert_eq!(dead_letters(&served).await, []);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_dead_letters_goes_on_though_the_next_of_them_was_retried() {
    let served = Served::alone().await;
    let registration = served.modem(served.session(1).await).await;
    let mut ids = Vec::new();
    for (seq, key) in (1..).zip(["k1", "k2", "k3"]) {
        let id = served.messages().submit(hello(key)).await.expect("accepted").into_inner().id;
        fail(&served, registration, seq, &id).await;
        ids.push(id);
    }
    let page = |token: String| v1::ListMessagesRequest {
        dead_letters: true,
        page_size: 1,
        page_token: token,
        ..v1::ListMessagesRequest::default()
    };

    let first = served.messages().list(page(String::new())).await.expect("a page").into_inner();
    served.messages().retry(v1::RetryMessageRequest { id: ids[1].clone() }).await.expect("retried");
    let last = served.messages().list(page(first.next_page_token)).await.expect("a page").into_inner();
    let made_up = served.messages().list(page("made up".to_owned())).await.expect_err("no place");

    let listed = [&first.messages[..], &last.messages].concat();
    let listed: Vec<&str> = listed.iter().map(|message| message.id.as_str()).collect();
    assert_eq!((listed, last.next_page_token.as_str()), (vec![&ids[0][..], &ids[2]], ""));
    assert_eq!(field(&made_up), "page_token");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_modem_gets_nothing_until_the_block_is_taken_away() {
    let served = Served::alone().await;
    let registration = served.modem(served.session(1).await).await;
    served.ready(registration, 1).await;
    let name = MODEM.to_owned();

    let blocked = served.modems().block(v1::BlockModemRequest { name: name.clone() }).await.expect("blocked");
    let taken = served.messages().submit(hello("k1")).await.expect("accepted").into_inner();
    served.modems().unblock(v1::UnblockModemRequest { name }).await.expect("unblocked");
    let wrong = v1::BlockModemRequest { name: "a/b".to_owned() };
    let wrong = served.modems().block(wrong).await.expect_err("no name");

    let blocked = blocked.into_inner().modem.expect("a modem");
    assert_eq!((blocked.state(), blocked.blocked), (v1::ModemState::Blocked, true));
    assert_eq!(taken.state(), v1::MessageState::Queued);
    served.claim(&taken.id);
    assert_eq!((wrong.code(), field(&wrong).as_str()), (Code::InvalidArgument, "name"));
    served.stop().await;
}

async fn dead_letters(served: &Served) -> Vec<v1::Message> {
    let request = v1::ListMessagesRequest { dead_letters: true, ..v1::ListMessagesRequest::default() };
    served.messages().list(request).await.expect("a list").into_inner().messages
}

/// The modem takes the message and the network refuses it for good.
async fn fail(served: &Served, registration: smsgrid::model::RegistrationId, seq: u64, id: &str) {
    served.ready(registration, seq).await;
    let epoch = served.claim(id);
    served.start(epoch).await;
    let refusal = Refusal { cause: Cause::Cms(21), disposition: Disposition::Permanent };
    served.outcome(epoch, PartOutcome::Refused(refusal)).await;
}
