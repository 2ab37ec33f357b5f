//! Requests that are not done, each with its word.

use std::time::{Duration, Instant};

use smsgrid_proto::v1;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use super::served::Served;
use super::{field, hello, reason};

/// A request with octets in the place of its text.
#[derive(Clone, PartialEq, prost::Message)]
struct Octets {
    #[prost(bytes = "vec", tag = "2")]
    text: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_with_a_wrong_value_is_named() {
    let served = Served::alone().await;
    let table = [
        ("to", v1::SubmitRequest { to: "Bank".to_owned(), ..hello("") }),
        ("text", v1::SubmitRequest { text: "x".repeat(16_385), ..hello("") }),
        ("key", hello(&"k".repeat(129))),
        ("priority", v1::SubmitRequest { priority: 77, ..hello("") }),
        ("uncertain", v1::SubmitRequest { uncertain: 77, ..hello("") }),
        ("alphabet", v1::SubmitRequest { alphabet: 77, ..hello("") }),
    ];

    for (name, request) in table {
        let refused = served.messages().submit(request).await.expect_err(name);
        assert_eq!((refused.code(), field(&refused).as_str()), (Code::InvalidArgument, name));
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn octets_that_are_no_request_are_the_callers_fault() {
    let served = Served::alone().await;

    let not_text = raw(&served, vec![0xFF, 0xFE]).await;
    let too_large = raw(&served, vec![b'x'; 1 << 21]).await;

    assert_eq!((not_text.code(), field(&not_text).as_str()), (Code::InvalidArgument, "text"));
    assert_eq!((too_large.code(), reason(&too_large).as_str()), (Code::InvalidArgument, "BAD_REQUEST"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_past_its_bounds_is_refused_as_a_whole() {
    let served = Served::alone().await;
    let many = vec![hello(""); 501];
    let large = vec![v1::SubmitRequest { text: "x".repeat(1000), ..hello("") }; 300];

    for messages in [Vec::new(), many, large] {
        let refused = served.messages().submit_batch(v1::SubmitBatchRequest { messages }).await;
        let refused = refused.expect_err("past a bound");
        assert_eq!((refused.code(), field(&refused).as_str()), (Code::InvalidArgument, "messages"));
    }
    assert_eq!(served.view.read(|queue| queue.messages().count()), 0);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_majority_nothing_is_accepted_and_the_answer_says_so() {
    let served = Served::without_majority().await;
    let begun = Instant::now();

    let refused = served.messages().submit(hello("k1")).await.expect_err("no majority");

    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(["NO_QUORUM", "LEADER_CHANGING"].contains(&reason(&refused).as_str()), "{refused:?}");
    assert!(refused.message().ends_with("nothing was accepted"), "{}", refused.message());
    assert!(refused.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()));
    let mut cluster = served.cluster();
    let read = Some(v1::Read { level: v1::ReadLevel::Stale.into(), min_revision: String::new() });
    let status = cluster.status(v1::StatusRequest { read }).await.expect("a stale answer").into_inner();
    assert_eq!((status.verdict(), status.can_lose), (v1::ClusterVerdict::NoQuorum, -1));
    assert_eq!(status.freshness.expect("freshness").age, None, "nobody can say how old it is");
    let linear = cluster.status(v1::StatusRequest { read: None }).await.expect_err("no majority");
    assert_eq!(linear.code(), Code::Unavailable);
    served.stop().await;
}

/// What the node says to a submission with these octets for a text.
async fn raw(served: &Served, text: Vec<u8>) -> Status {
    let mut client = Grpc::new(served.channel.clone());
    client.ready().await.expect("a connection");
    let path = PathAndQuery::from_static("/smsgrid.v1.MessageService/Submit");
    let codec = ProstCodec::<Octets, v1::SubmitResponse>::default();
    client.unary(Request::new(Octets { text }), path, codec).await.expect_err("no request")
}
