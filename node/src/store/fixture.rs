//! Messages for the tests of this room.

use smsgrid::model::{
    Address, Alphabet, Content, MessageId, Name, Origin, Part, PartNumber, Payload, Position, Priority,
    ResendLimit, SendOptions, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{Body, Command, Digest, Policy, Queue, Record, Route, Submit};

/// When the fixtures are accepted.
pub(super) const NOW_MS: u64 = 1_700_000_000_000;

/// A record of `parts` parts that was accepted at `NOW_MS`; `change` tells versions of one message apart.
pub(super) fn record(number: u64, parts: u8, change: u8) -> Record {
    let mut queue = Queue::new(Policy::default());
    let command = Command {
        client: name("fixture"),
        now: Timestamp::from_unix_millis(NOW_MS),
        body: submit(number, parts, change),
    };
    queue.apply(Position { index: number + 1, offset: 0 }, &command, &mut Vec::new());
    queue.message(id(number)).cloned().expect("it was accepted")
}

/// The id of the message with this number.
pub(super) fn id(number: u64) -> MessageId {
    MessageId::from_bytes(((u128::from(NOW_MS + number) << 80) | u128::from(number)).to_be_bytes())
}

fn submit(number: u64, parts: u8, change: u8) -> Body {
    let part = |number| Part {
        number: PartNumber(number),
        user_data: UserData {
            data_coding: 0,
            header: vec![],
            payload: Payload::Septets(vec![change & 0x7F; 140]),
        },
    };
    Body::Submit(Box::new(Submit {
        id: id(number),
        key: None,
        digest: Digest([7; 16]),
        content: Content {
            destination: Address::international(&format!("35840{:07}", number % 50)).expect("12 digits"),
            alphabet: Alphabet::GSM7,
            parts: (1..=parts).map(part).collect(),
            options: SendOptions::default(),
            call: None,
        },
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: UncertainPolicy::Resend,
        resend_limit: ResendLimit(1),
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    }))
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
