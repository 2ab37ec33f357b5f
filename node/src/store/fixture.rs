//! Messages for the tests of this room.

use smsgrid::model::{MessageId, Name, Position, Timestamp};
use smsgrid::queue::{Body, Command, Policy, Queue, Record};

use crate::fixture;

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
    let to = format!("35840{:07}", number % 50);
    Body::Submit(Box::new(fixture::submit(id(number), &to, parts, &[change & 0x7F; 140])))
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
