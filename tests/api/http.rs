//! Every URL, health and reflection.

use std::time::Duration;

use serde_json::Value;
use smsgrid_proto::v1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::served::Served;
use super::{PATIENCE, hello, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_at_work_is_alive_ready_and_healthy() {
    let served = Served::alone().await;

    let livez = get(&served, "/livez").await;
    let readyz = get(&served, "/readyz").await;
    let healthz = get(&served, "/healthz").await;

    assert_eq!((livez.status, livez.json()["alive"].as_bool()), (200, Some(true)));
    assert_eq!((readyz.status, readyz.json()["ready"].as_bool()), (200, Some(true)), "{}", readyz.body);
    assert_eq!((healthz.status, healthz.json()["verdict"].as_str()), (200, Some("healthy")));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_majority_is_alive_and_neither_ready_nor_healthy() {
    let served = Served::without_majority().await;

    let livez = get(&served, "/livez").await;
    let readyz = get(&served, "/readyz").await;
    let healthz = get(&served, "/healthz").await;
    let metrics = get(&served, "/metrics").await;

    assert_eq!((livez.status, readyz.status, healthz.status), (200, 503, 503));
    assert_eq!(healthz.json()["verdict"], "no-quorum");
    assert!(metrics.body.contains("smsgrid_cluster_failures_tolerated -1\n"), "{}", metrics.body);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_url_is_not_found_and_told_in_a_problem_document() {
    let served = Served::alone().await;

    for path in ["/", "/api/v1/messages", "/metrics/", "/smsgrid.v1.MessageService", "/%ff", "/livez/x"] {
        let answer = get(&served, path).await;
        assert_eq!((answer.status, answer.kind.as_str()), (404, "application/problem+json"), "{path}");
        let document = answer.json();
        assert_eq!(
            (document["status"].as_u64(), document["reason"].as_str()),
            (Some(404), Some("NOT_FOUND"))
        );
        assert!(document["title"].as_str().is_some_and(|title| title.contains(path)), "{document}");
    }
    let post = ask(&served, "POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n").await;
    assert_eq!((post.status, post.kind.as_str()), (405, "application/problem+json"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_method_is_unimplemented() {
    let served = Served::alone().await;

    for path in ["/smsgrid.v1.NoService/Nothing", "/smsgrid.v1.MessageService/Nothing"] {
        let mut client = Grpc::new(served.channel.clone());
        client.ready().await.expect("a connection");
        let path = PathAndQuery::try_from(path).expect("a path");
        let codec = ProstCodec::<v1::SubmitRequest, v1::SubmitResponse>::default();
        let refused = client.unary(Request::new(hello("")), path.clone(), codec).await.expect_err("unknown");
        assert_eq!(
            refused.code(),
            if path == "/livez" { Code::Unknown } else { Code::Unimplemented },
            "{path}"
        );
        if path == "/smsgrid.v1.NoService/Nothing" {
            assert_eq!(reason(&refused), "UNKNOWN_METHOD");
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_counted_under_the_names_that_stay() {
    let served = Served::alone().await;
    served.messages().submit(hello("k1")).await.expect("accepted");
    served.messages().submit(hello("k1")).await.expect("accepted");
    served
        .messages()
        .submit(v1::SubmitRequest { to: "x".to_owned(), ..hello("") })
        .await
        .expect_err("refused");

    let metrics = get(&served, "/metrics").await;

    assert!(metrics.kind.starts_with("application/openmetrics-text"), "{}", metrics.kind);
    let lines = [
        "smsgrid_messages_accepted_total{source=\"grpc\"} 1",
        "smsgrid_duplicate_submits_total{source=\"grpc\"} 1",
        "smsgrid_messages_rejected_total{source=\"grpc\",reason=\"BAD_NUMBER\"} 1",
        "smsgrid_messages_current{state=\"queued\"} 1",
        "smsgrid_submit_seconds_count{source=\"grpc\"} 2",
        "smsgrid_grpc_requests_total{method=\"MessageService/Submit\",code=\"OK\"} 2",
        "smsgrid_grpc_requests_total{method=\"MessageService/Submit\",code=\"INVALID_ARGUMENT\"} 1",
        "smsgrid_raft_role{role=\"leader\"} 1",
        "smsgrid_raft_has_quorum 1",
        "smsgrid_cluster_members{kind=\"voter\"} 1",
        "smsgrid_cluster_failures_tolerated 0",
        "smsgrid_uncertain_current 0",
        "smsgrid_dead_letters_current 0",
        "smsgrid_stream_clients_current 0",
    ];
    for line in lines {
        assert!(metrics.body.lines().any(|found| found == line), "{line}\n{}", metrics.body);
    }
    assert!(metrics.body.ends_with("# EOF\n"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_service_follows_the_node() {
    let served = Served::alone().await;
    let mut health = HealthClient::new(served.channel.clone());
    let request = HealthCheckRequest { service: "smsgrid.v1.MessageService".to_owned() };
    let mut watch = health.watch(request).await.expect("a watch").into_inner();
    let mut status = async || {
        timeout(PATIENCE, watch.message()).await.expect("in time").expect("well").expect("more").status()
    };

    while status().await != ServingStatus::Serving {}
    served.draining.cancel();
    while status().await != ServingStatus::NotServing {}

    let unknown = HealthCheckRequest { service: "no.Service".to_owned() };
    assert_eq!(health.check(unknown).await.expect_err("unknown").code(), Code::NotFound);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_describe_themselves_on_loopback_and_no_inner_one_does() {
    let served = Served::alone().await;
    let mut client = ServerReflectionClient::new(served.channel.clone());
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };

    let answers = client.server_reflection_info(tokio_stream::once(request)).await.expect("answers");
    let answer = timeout(PATIENCE, answers.into_inner().message()).await.expect("in time").expect("well");

    let Some(MessageResponse::ListServicesResponse(list)) = answer.expect("one").message_response else {
        panic!("no list of services");
    };
    let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in ["MessageService", "ModemService", "ClusterService"] {
        assert!(names.contains(&format!("smsgrid.v1.{name}").as_str()), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("internal")), "{names:?}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed_and_does_not_hold_up_the_end() {
    let served = Served::alone().await;
    let mut silent = TcpStream::connect(served.address).await.expect("a connection");
    let mut half = TcpStream::connect(served.address).await.expect("a connection");
    half.write_all(b"GET /livez HTTP/1.1\r\nhost:").await.expect("half a request");

    let mut octet = [0];
    let closed = timeout(Duration::from_secs(15), silent.read(&mut octet)).await.expect("closed in time");

    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    served.stop().await;
}

/// An answer over HTTP/1.1.
pub(crate) struct Answer {
    status: u16,
    kind: String,
    pub(crate) body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

pub(crate) async fn get(served: &Served, path: &str) -> Answer {
    ask(served, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n")).await
}

/// Sends a request line with headers and reads the answer to its end.
async fn ask(served: &Served, head: &str) -> Answer {
    let mut stream = TcpStream::connect(served.address).await.expect("a connection");
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.expect("a request");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    Answer { status, kind: header("content-type").unwrap_or_default(), body: body.to_owned() }
}
