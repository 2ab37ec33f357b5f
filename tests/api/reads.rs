//! What is read, and how fresh it is.

use smsgrid_node::store::Completeness;
use smsgrid_proto::v1;
use tonic::Code;

use super::served::Served;
use super::{field, hello, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_read_with_the_revision_of_a_write_sees_it_and_says_how_fresh_it_is() {
    let served = Served::alone().await;
    let taken = served.messages().submit(hello("k1")).await.expect("accepted").into_inner();

    for level in [v1::ReadLevel::Linear, v1::ReadLevel::Stale] {
        let read = Some(v1::Read { level: level.into(), min_revision: taken.revision.clone() });
        let got = served.messages().get(v1::GetMessageRequest { id: taken.id.clone(), read }).await;
        let got = got.expect("found").into_inner();
        let freshness = got.freshness.expect("freshness");
        assert_eq!((freshness.level(), freshness.node.as_str()), (level, "gw-a"));
        assert_eq!(got.message.expect("a message").revision, freshness.revision);
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_read_tells_its_age_once_a_majority_was_asked() {
    let served = Served::alone().await;
    let stale = Some(v1::Read { level: v1::ReadLevel::Stale.into(), min_revision: String::new() });

    served.modems().list(v1::ListModemsRequest { read: None }).await.expect("a linear answer");
    let answer = served.modems().list(v1::ListModemsRequest { read: stale }).await.expect("a stale answer");

    let freshness = answer.into_inner().freshness.expect("freshness");
    assert!(freshness.age.is_some() && freshness.as_of.is_some(), "{freshness:?}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_not_reached_or_none_at_all_is_refused() {
    let served = Served::alone().await;
    let get = |revision: &str| {
        let min_revision = revision.to_owned();
        let read = Some(v1::Read { level: v1::ReadLevel::Stale.into(), min_revision });
        v1::ListModemsRequest { read }
    };

    let ahead = served.modems().list(get("4ffff00")).await.expect_err("far ahead");
    let nonsense = served.modems().list(get("nonsense")).await.expect_err("no revision");
    let level = Some(v1::Read { level: 9, min_revision: String::new() });
    let unknown = served.modems().list(v1::ListModemsRequest { read: level }).await.expect_err("no level");

    assert_eq!((ahead.code(), reason(&ahead).as_str()), (Code::Unavailable, "BEHIND"));
    assert_eq!((nonsense.code(), field(&nonsense).as_str()), (Code::InvalidArgument, "read.min_revision"));
    assert_eq!((unknown.code(), field(&unknown).as_str()), (Code::InvalidArgument, "read.level"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_there_is_not_found() {
    let served = Served::alone().await;
    served.history_is(Completeness::Complete).await;
    let get = |id: &str| v1::GetMessageRequest { id: id.to_owned(), read: None };

    let absent = served.messages().get(get("01ARZ3NDEKTSV4RRFFQ69G5FAV")).await.expect_err("absent");
    assert_eq!((absent.code(), reason(&absent).as_str()), (Code::NotFound, "NOT_FOUND"));
    for id in ["", "01AR", "not an id", "01ARZ3NDEKTSV4RRFFQ69G5FAVX"] {
        let refused = served.messages().get(get(id)).await.expect_err(id);
        assert_eq!((refused.code(), field(&refused).as_str()), (Code::InvalidArgument, "id"), "{id}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_page_by_page_without_gap_or_repeat_the_newest_first() {
    let served = Served::alone().await;
    let batch = (0..25).map(|number| hello(&format!("k{number}"))).collect();
    served.messages().submit_batch(v1::SubmitBatchRequest { messages: batch }).await.expect("accepted");
    let mut request = v1::ListMessagesRequest { page_size: 10, ..Default::default() };
    let mut keys = Vec::new();

    loop {
        let page = served.messages().list(request.clone()).await.expect("a page").into_inner();
        assert!(page.messages.len() <= 10);
        let seconds =
            page.messages.iter().filter_map(|message| message.accepted.map(|at| (at.seconds, at.nanos)));
        assert!(seconds.is_sorted_by(|newer, older| newer >= older));
        keys.extend(page.messages.into_iter().map(|message| message.key));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }

    keys.sort();
    let mut all: Vec<String> = (0..25).map(|number| format!("k{number}")).collect();
    all.sort();
    assert_eq!(keys, all);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_and_its_wrong_fields_are_named() {
    let served = Served::alone().await;
    let other = v1::SubmitRequest { to: "+4915100000000".to_owned(), ..hello("k2") };
    let kept = served.messages().submit(hello("k1")).await.expect("accepted").into_inner().id;
    let other = served.messages().submit(other).await.expect("accepted").into_inner().id;
    served.messages().cancel(v1::CancelMessageRequest { id: other.clone() }).await.expect("canceled");
    let list = async |request| -> Vec<String> {
        let page = served.messages().list(request).await.expect("a page").into_inner();
        page.messages.into_iter().map(|message| message.id).collect()
    };

    let to = v1::ListMessagesRequest { to: "+4915100000000".to_owned(), ..Default::default() };
    assert_eq!(list(to).await, std::slice::from_ref(&other));
    let queued =
        v1::ListMessagesRequest { states: vec![v1::MessageState::Queued.into()], ..Default::default() };
    assert_eq!(list(queued).await, [kept]);
    let table = [
        ("states[0]", v1::ListMessagesRequest { states: vec![99], ..Default::default() }),
        ("modem", v1::ListMessagesRequest { modem: "a/b".to_owned(), ..Default::default() }),
        ("page_size", v1::ListMessagesRequest { page_size: 1001, ..Default::default() }),
        ("page_token", v1::ListMessagesRequest { page_token: "x".to_owned(), ..Default::default() }),
    ];
    for (name, request) in table {
        let refused = served.messages().list(request).await.expect_err(name);
        assert_eq!((refused.code(), field(&refused).as_str()), (Code::InvalidArgument, name));
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_of_an_id_stands_for_it_as_long_as_it_is_alone() {
    let served = Served::alone().await;
    served.history_is(Completeness::Complete).await;
    let one = served.messages().submit(hello("k1")).await.expect("accepted").into_inner().id;
    let get = |id: &str| v1::GetMessageRequest { id: id.to_owned(), read: None };

    let found = served.messages().get(get(&one[..8])).await.expect("found").into_inner();
    served.messages().submit(hello("k2")).await.expect("accepted");
    let both = served.messages().get(get(&one[..6])).await.expect_err("two begin so");
    let none = served.messages().get(get("01ARZ3NDEK")).await.expect_err("none begins so");

    assert_eq!(found.message.expect("a message").id, one);
    assert_eq!((both.code(), reason(&both).as_str()), (Code::FailedPrecondition, "AMBIGUOUS"));
    assert_eq!((none.code(), reason(&none).as_str()), (Code::NotFound, "NOT_FOUND"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_members_and_status_tell_of_the_cluster() {
    let served = Served::alone().await;
    let session = served.session(1).await;
    served.modem(session).await;
    let mut cluster = served.cluster();

    let status = cluster.status(v1::StatusRequest { read: None }).await.expect("status").into_inner();
    let nodes = cluster.list_nodes(v1::ListNodesRequest { read: None }).await.expect("nodes").into_inner();
    let members = cluster.list_members(v1::ListMembersRequest { read: None }).await.expect("members");
    let absent = v1::GetNodeRequest { name: "gw-x".to_owned(), read: None };
    let absent = cluster.get_node(absent).await.expect_err("no such node");

    assert_eq!((status.verdict(), status.leader.as_str()), (v1::ClusterVerdict::Healthy, "gw-a"));
    assert_eq!((status.cluster.as_str(), status.can_lose, status.modems.len()), ("test", 0, 1));
    assert_eq!(nodes.nodes[0].state(), v1::NodeState::Ready);
    assert_eq!(nodes.nodes[0].modems, ["GSM1"]);
    assert_eq!(members.into_inner().members[0].role(), v1::NodeRole::Leader);
    assert_eq!((absent.code(), field(&absent).as_str()), (Code::NotFound, "name"));
    served.stop().await;
}
