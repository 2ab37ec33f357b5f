//! A voice call as clients see it.

use smsgrid::model::{
    Address, Alphabet, Call, CallEnd, Content, MessageId, Origin, Part, PartNumber, PartOutcome, Payload,
    Priority, ResendLimit, SendOptions, UncertainPolicy, UserData,
};
use smsgrid::queue::{Body, Digest, Reply, Route, Submit};
use smsgrid_proto::v1;

use super::served::Served;

/// A call that is asked for.
pub(crate) fn call(id: MessageId) -> Body {
    let user_data = UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(Vec::new()) };
    let call = Call { tones: "12#".to_owned(), rounds: 3, wait_seconds: Some(30) };
    Body::Submit(Box::new(Submit {
        id,
        key: None,
        digest: Digest([0; 16]),
        content: Content {
            destination: Address::international("491700000001").expect("digits"),
            alphabet: Alphabet::GSM7,
            parts: vec![Part { number: PartNumber::FIRST, user_data }],
            options: SendOptions::default(),
            call: Some(Box::new(call)),
        },
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: UncertainPolicy::Hold,
        resend_limit: ResendLimit(0),
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_told_with_its_tones_and_its_end() {
    let served = Served::alone().await;
    let session = served.session(1).await;
    let registration = served.modem(session).await;
    let id = MessageId::from_bytes([7; 16]);
    let taken = served.propose(call(id)).await;
    assert!(matches!(taken, Reply::Accepted { .. }), "{taken:?}");
    served.ready(registration, 1).await;
    let epoch = served.claim(&id.to_string());
    served.start(epoch).await;
    served.outcome(epoch, PartOutcome::Called(CallEnd::NoAnswer)).await;

    let asked = v1::GetMessageRequest { id: id.to_string(), read: None };
    let got = served.messages().get(asked).await.expect("found").into_inner().message.expect("a message");

    let told = got.call.expect("a call");
    assert_eq!((told.tones.as_str(), told.rounds, told.wait_seconds), ("12#", 3, Some(30)));
    assert_eq!((got.state, got.text.as_str()), (v1::MessageState::Sent.into(), ""));
    assert_eq!(got.parts[0].call_result, "NO ANSWER");
    assert_eq!(got.attempts[0].call_result, "NO ANSWER");
    assert_eq!(got.parts[0].message_reference, None);
    served.stop().await;
}
