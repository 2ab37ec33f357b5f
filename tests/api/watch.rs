//! Watches: every change once, in order, from where the client was.

use std::collections::BTreeSet;

use smsgrid::model::PartOutcome;
use smsgrid_proto::v1;
use smsgrid_proto::v1::watch_item::Item;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

use super::served::Served;
use super::{PATIENCE, fact, field, hello, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_every_change_once_and_goes_on_where_it_was() {
    let served = Served::alone().await;
    let mut messages = served.messages();
    let registration = served.modem(served.session(1).await).await;
    let taken = messages.submit(hello("k1")).await.expect("accepted").into_inner();
    let other = messages.submit(hello("k2")).await.expect("accepted").into_inner();
    send(&served, registration, &taken.id).await;
    let watch = |from: &str| v1::WatchMessagesRequest {
        from_revision: from.to_owned(),
        ids: vec![taken.id.clone()],
        states: Vec::new(),
    };

    let mut whole = messages.watch(watch(&taken.revision)).await.expect("a watch").into_inner();
    let all = [event(&mut whole).await, event(&mut whole).await, event(&mut whole).await];
    let mut rest = messages.watch(watch(&all[0].revision)).await.expect("a watch").into_inner();
    let later = [event(&mut rest).await, event(&mut rest).await];

    use v1::MessageState::{Claimed, Sending, Sent};
    assert_eq!(all.iter().map(v1::Event::state).collect::<Vec<_>>(), [Claimed, Sending, Sent]);
    assert!(all.windows(2).all(|pair| pair[0].revision < pair[1].revision));
    assert_eq!(later, all[1..]);
    assert!(all.iter().all(|event| event.id == taken.id && event.id != other.id));
    assert_eq!((all[0].node.as_str(), all[0].modem.as_str()), ("gw-a", "GSM1"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_from_now_on_begins_by_telling_where_now_is() {
    let served = Served::alone().await;
    let mut watch =
        served.cluster().watch(v1::WatchClusterRequest::default()).await.expect("a watch").into_inner();

    let begin = next(&mut watch).await.expect("an item");
    served.session(1).await;
    let started = event(&mut watch).await;

    assert!(matches!(begin, Item::Progress(_)), "{begin:?}");
    assert_eq!((started.kind(), started.node.as_str()), (v1::EventKind::NodeStarted, "gw-a"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_comes_back_from_far_is_told_every_event_once_and_in_order() {
    let served = Served::alone().await;
    let mut messages = served.messages();
    let first = messages.submit(hello("first")).await.expect("accepted").into_inner();
    let mut accepted = BTreeSet::new();
    // More than is looked at in one go, and no multiple of it.
    for round in 0..3 {
        let batch = (0..333).map(|number| hello(&format!("{round}-{number}"))).collect();
        let results =
            messages.submit_batch(v1::SubmitBatchRequest { messages: batch }).await.expect("accepted");
        for result in results.into_inner().messages {
            let Some(v1::submit_result::Result::Message(message)) = result.result else {
                panic!("{result:?}")
            };
            accepted.insert(message.id);
        }
    }
    let request =
        v1::WatchMessagesRequest { from_revision: first.revision, ids: Vec::new(), states: Vec::new() };
    let mut watch = messages.watch(request).await.expect("a watch").into_inner();

    let mut told = Vec::new();
    for _ in 0..accepted.len() {
        told.push(event(&mut watch).await);
    }
    messages.cancel(v1::CancelMessageRequest { id: first.id.clone() }).await.expect("canceled");
    let last = event(&mut watch).await;

    assert!(told.windows(2).all(|pair| pair[0].revision < pair[1].revision));
    assert_eq!(told.into_iter().map(|event| event.id).collect::<BTreeSet<_>>(), accepted);
    assert_eq!((last.id, accepted.len()), (first.id, 999));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_older_than_what_is_kept_is_told_to_read_anew_and_goes_on() {
    let served = Served::alone().await;
    let mut messages = served.messages();
    let taken = messages.submit(hello("first")).await.expect("accepted").into_inner();
    for round in 0..140 {
        let batch = (0..500).map(|number| hello(&format!("{round}-{number}"))).collect();
        messages.submit_batch(v1::SubmitBatchRequest { messages: batch }).await.expect("accepted");
    }

    let request = v1::WatchMessagesRequest {
        from_revision: taken.revision.clone(),
        ids: vec![taken.id.clone()],
        states: Vec::new(),
    };
    let mut watch = messages.watch(request).await.expect("a watch").into_inner();
    next(&mut watch).await.expect("where it begins");
    let resync = next(&mut watch).await.expect("an item");
    messages.cancel(v1::CancelMessageRequest { id: taken.id.clone() }).await.expect("canceled");
    let canceled = event(&mut watch).await;

    let Item::Resync(resync) = resync else { panic!("{resync:?}") };
    assert!(taken.revision < resync.oldest && resync.oldest < resync.revision);
    assert_eq!(resync.messages.iter().map(|message| &message.id).collect::<Vec<_>>(), [&taken.id]);
    assert_eq!(canceled.state(), v1::MessageState::Canceled);
    assert!(resync.revision < canceled.revision);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_ends_a_watch_with_the_revision_to_go_on_from() {
    let served = Served::alone().await;
    let taken = served.messages().submit(hello("k1")).await.expect("accepted").into_inner();
    let request = v1::WatchMessagesRequest { from_revision: taken.revision.clone(), ..Default::default() };
    let mut watch = served.messages().watch(request).await.expect("a watch").into_inner();
    next(&mut watch).await.expect("where it begins");

    served.draining.cancel();
    let mut reached = taken.revision.clone();
    let end = loop {
        match next(&mut watch).await {
            Ok(v1::watch_item::Item::Progress(progress)) => reached = progress.revision,
            Ok(other) => panic!("nothing happened, but {other:?}"),
            Err(end) => break end,
        }
    };
    let refused = served.messages().watch(v1::WatchMessagesRequest::default()).await.expect_err("too late");

    assert_eq!((end.code(), reason(&end).as_str()), (Code::Unavailable, "WATCH_ENDED"));
    assert_eq!(fact(&end, "revision"), reached);
    assert_eq!(reason(&refused), "NODE_STOPPING");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_of_nonsense_is_refused() {
    let served = Served::alone().await;
    let table = [
        ("from_revision", v1::WatchMessagesRequest { from_revision: "x".to_owned(), ..Default::default() }),
        ("ids[0]", v1::WatchMessagesRequest { ids: vec!["x".to_owned()], ..Default::default() }),
        ("ids", v1::WatchMessagesRequest { ids: vec![String::new(); 101], ..Default::default() }),
        ("states[0]", v1::WatchMessagesRequest { states: vec![77], ..Default::default() }),
    ];

    for (name, request) in table {
        let refused = served.messages().watch(request).await.expect_err(name);
        assert_eq!((refused.code(), field(&refused).as_str()), (Code::InvalidArgument, name));
    }
    served.stop().await;
}

/// The next item of a watch.
async fn next(watch: &mut Streaming<v1::WatchItem>) -> Result<Item, Status> {
    let item = timeout(PATIENCE, watch.message()).await.expect("an item in time")?;
    Ok(item.expect("more items").item.expect("a kind this test knows"))
}

/// The next event, past what only tells how far the watch is.
async fn event(watch: &mut Streaming<v1::WatchItem>) -> v1::Event {
    loop {
        if let Item::Event(event) = next(watch).await.expect("an item") {
            return event;
        }
    }
}

/// The modem sends the message.
async fn send(served: &Served, registration: smsgrid::model::RegistrationId, id: &str) {
    served.ready(registration, 1).await;
    let epoch = served.claim(id);
    served.start(epoch).await;
    served.outcome(epoch, PartOutcome::Sent { message_reference: 7, service_centre_time: None }).await;
}
