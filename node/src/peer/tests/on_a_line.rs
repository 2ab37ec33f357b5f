//! Small calls that share a stream.

use futures_util::stream::StreamExt;
use smsgrid_proto::internal::LineCall;
use smsgrid_proto::internal::line_answer::Result as LineResult;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::bounds::LINES_MAX;
use super::*;

#[tokio::test]
async fn a_call_that_hangs_holds_no_other_up_and_its_late_answer_reaches_nobody() {
    let (pair, proxy) = Pair::behind_a_proxy().await;
    let hanging =
        pair.client.call(B, &pair.member, Call::TransferLeader, Bytes::new(), Duration::from_millis(300));

    let (hung, answer) = tokio::join!(hanging, pair.call(Call::Vote, b"1"));
    let later = pair.call(Call::Vote, b"2").await;

    says(hung, "no answer within 300ms");
    assert_eq!([answer, later], ["1 Vote 1", "1 Vote 2"].map(|words| Ok(Bytes::from(words))));
    assert_eq!(proxy.accepted(), 1, "the connection goes on");
}

#[tokio::test]
async fn small_and_large_calls_that_are_under_way_together_are_each_answered() {
    let pair = Pair::start().await;
    let sizes = [0, 1, line::BODY_OCTETS_MAX, line::BODY_OCTETS_MAX + 1, 1 << 20];

    let calls = (0..100).map(|number: usize| {
        let (pair, size) = (&pair, sizes[number % sizes.len()]);
        async move { pair.call(Call::AppendEntries, &vec![number as u8; size]).await }
    });
    let answers = timeout(SOON * 3, join_all(calls)).await.expect("all are answered");

    for (number, answer) in answers.into_iter().enumerate() {
        let expected = [b"1 AppendEntries ".as_slice(), &vec![number as u8; sizes[number % sizes.len()]]];
        assert!(answer.expect("answered") == expected.concat(), "call {number}");
    }
}

#[tokio::test]
async fn what_is_no_call_of_a_line_is_refused_and_the_line_goes_on() {
    let pair = Pair::start().await;
    let call = |number, call| LineCall { number, call, body: Bytes::new(), within_ms: 10_000 };
    let vote = Call::Vote.number().into();
    let large = LineCall { body: vec![0; line::BODY_OCTETS_MAX + 1].into(), ..call(4, vote) };
    let calls = tokio_stream::iter([call(1, 0), call(2, 300), call(3, vote), large]);
    let request = Belonging::of(pair.server.cluster, A).stamp(B, calls).expect("it has a cluster");

    let answers = pair.raw().line(request).await.expect("taken").into_inner();

    let mut told: Vec<_> = answers.map(|answer| answer.expect("an answer")).collect().await;
    told.sort_by_key(|answer| answer.number);
    let refused = |call| LineResult::Refused(format!("no call has the number {call}"));
    let body = LineResult::Body(Bytes::from("1 Vote "));
    let results: Vec<_> = told.into_iter().filter_map(|answer| answer.result).collect();
    let large = LineResult::Refused("65537 octets are more than a call on a line may have".to_owned());
    assert_eq!(results, [refused(0), refused(300), body, large]);
}

#[tokio::test]
async fn a_server_ends_although_a_line_to_it_is_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let to = member(listener.local_addr().expect("its address"));
    let (cluster, echo) = (ClusterId::draw(), Arc::new(Echo::default()));
    let desk = Desk::new(Arc::new(GwB));
    serves_all(&echo)(&desk);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { stopped.await.expect("it is told") };
    let serving = tokio::spawn(serve(listener, Belonging::of(cluster, B), desk, shutdown));
    let client = Client::new(Belonging::of(cluster, A), None);
    assert!(client.call(B, &to, Call::Vote, Bytes::new(), SOON).await.is_ok());

    stop.send(()).expect("it listens");

    let ended = timeout(SOON, serving).await.expect("it ends").expect("no panic");
    assert!(ended.is_ok(), "{ended:?}");
    let late = client.call(B, &to, Call::Vote, Bytes::new(), SOON).await;
    assert!(matches!(late, Err(TransportError::Unreachable(_) | TransportError::Broken(_))), "{late:?}");
}

#[tokio::test]
async fn a_line_to_one_node_is_none_to_another_at_the_same_address() {
    let pair = Pair::start().await;
    assert!(pair.call(Call::Vote, b"").await.is_ok());

    let other = pair.client.call(NodeId(3), &pair.member, Call::Vote, Bytes::new(), SOON).await;

    says(other, "refused the call: the call is for node 3, this is node 2");
    assert!(pair.call(Call::Vote, b"").await.is_ok());
    assert_eq!(pair.served(), 2);
}

#[tokio::test]
async fn a_connection_has_so_many_lines_and_one_more_is_refused_until_one_has_ended() {
    let pair = Pair::start().await;
    let service = pair.raw();
    let open = || {
        let (calls, waiting) = mpsc::channel::<LineCall>(1);
        let calls_to_come = ReceiverStream::new(waiting);
        let request = Belonging::of(pair.server.cluster, A).stamp(B, calls_to_come);
        let request = request.expect("it has a cluster");
        let mut service = service.clone();
        // The line lives as long as there may be calls.
        async move { service.line(request).await.map(|answers| (calls, answers)) }
    };
    let mut lines = Vec::new();
    for _ in 0..LINES_MAX {
        lines.push(open().await.expect("taken"));
    }

    let refused = open().await.expect_err("one too many");
    drop(lines.pop());
    let again = async {
        while open().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, again).await.expect("there is a place again");

    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert_eq!(refused.message(), "4 lines are open on this connection, which is the most");
}
