//! A message for unit tests of every room.

use smsgrid::model::{
    Address, Alphabet, Content, MessageId, Origin, Part, PartNumber, Payload, Priority, ResendLimit,
    SendOptions, UncertainPolicy, UserData,
};
use smsgrid::queue::{Digest, Route, Submit};

/// A message to these digits, of so many parts that hold these septets each.
pub(crate) fn submit(id: MessageId, to: &str, parts: u8, septets: &[u8]) -> Submit {
    let part = |number| Part {
        number: PartNumber(number),
        user_data: UserData { data_coding: 0, header: vec![], payload: Payload::Septets(septets.to_vec()) },
    };
    Submit {
        id,
        key: None,
        digest: Digest([7; 16]),
        content: Content {
            destination: Address::international(to).expect("digits"),
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
    }
}
