//! Modems that have to be quiet before they are used, since an answer of before may still come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use smsgrid::model::{Name, NodeId, Timestamp};
use smsgrid::queue::{AttemptRecord, Queue, Record};

/// The modems of `quiet_times` whose late answer may still come: they had a part in flight when an earlier life of this
/// process ended, or one became uncertain so lately that their quiet time is not over. Looks at every message once: a
/// doubt outlives the state `uncertain` where its message is sent again or was discarded, so that no list by state holds
/// them all.
pub(super) fn in_doubt(
    queue: &Queue,
    node: NodeId,
    now: Timestamp,
    quiet_times: &BTreeMap<Name, Duration>,
) -> BTreeSet<Name> {
    let is_recent = |attempt: &AttemptRecord, quiet: Duration| {
        attempt.state.is_doubtful() && attempt.ended.is_none_or(|ended| now.since(ended) < quiet)
    };
    let session = queue.session(node).map(|session| session.id);
    let in_flight = session.into_iter().flat_map(|session| queue.claims_of(session));
    let in_flight = in_flight.filter(|claim| claim.in_flight().is_some());
    let doubtful = queue.messages().flat_map(Record::claims);
    let doubtful = doubtful.filter(|claim| {
        let quiet = quiet_times.get(&claim.modem);
        quiet.is_some_and(|quiet| claim.attempts.iter().any(|attempt| is_recent(attempt, *quiet)))
    });
    in_flight.chain(doubtful).map(|claim| claim.modem.clone()).collect()
}

#[cfg(test)]
mod tests {
    use smsgrid::model::{
        Attempt, Doubt, Epoch, Imei, Imsi, MessageId, MessageState, ModemIdentity, OpenNumber, PartNumber,
        PartOutcome, Position, ReadyNumber, RegistrationId, SessionId, StartNumber,
    };
    use smsgrid::queue::{Body, Command, Policy};

    use super::*;
    use crate::fixture;

    const NODE: NodeId = NodeId(1);
    const ATTEMPT: Attempt = Attempt { epoch: Epoch(1), part: PartNumber::FIRST };

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000 + 1000 * seconds)
    }

    fn say(queue: &mut Queue, now: Timestamp, body: Body) {
        let index = now.as_unix_millis() + queue.messages().count() as u64;
        let command = Command { client: name("test"), now, body };
        queue.apply(Position { index, offset: 0 }, &command, &mut Vec::new());
    }

    fn message() -> Body {
        let id = MessageId::from_bytes([1; 16]);
        Body::Submit(Box::new(fixture::submit(id, "4915112345678", 1, &[1])))
    }

    /// A queue in which GSM1 is sending a part since the first second.
    fn sending() -> Queue {
        let mut queue = Queue::new(Policy::default());
        let identity = ModemIdentity {
            imei: Imei::new("490154203237518").expect("digits"),
            imsi: Imsi::new("262011234567890").expect("digits"),
        };
        let (session, registration) = (SessionId(1), RegistrationId(1));
        for body in [
            Body::RegisterSession { node: NODE, start: StartNumber(1) },
            Body::RegisterModem {
                session,
                open: OpenNumber(1),
                identity,
                name: name("GSM1"),
                carries: Default::default(),
                prefers: Vec::new(),
            },
            Body::Ready { registration, seq: ReadyNumber(1) },
            message(),
            Body::Start { attempt: ATTEMPT },
        ] {
            say(&mut queue, at(0), body);
        }
        queue
    }

    fn quiet(seconds: u64) -> BTreeMap<Name, Duration> {
        [(name("GSM1"), Duration::from_secs(seconds))].into()
    }

    fn state(queue: &Queue) -> MessageState {
        queue.messages().next().expect("a message").state()
    }

    #[test]
    fn a_modem_with_a_part_in_flight_is_in_doubt_for_its_own_node() {
        let queue = sending();

        assert_eq!(state(&queue), MessageState::Sending);
        assert_eq!(in_doubt(&queue, NODE, at(1), &quiet(30)), [name("GSM1")].into());
        assert!(in_doubt(&queue, NodeId(2), at(1), &quiet(30)).is_empty());
    }

    #[test]
    fn a_doubt_counts_for_the_quiet_time_of_its_modem_also_when_its_message_waits_to_be_sent_again() {
        let mut queue = sending();
        let outcome = PartOutcome::Uncertain(Doubt::Silent);
        say(&mut queue, at(1), Body::Outcome { attempt: ATTEMPT, outcome, next: None, rearm: None });
        assert_eq!(state(&queue), MessageState::Uncertain);

        say(&mut queue, at(200), Body::Tick);

        assert_eq!(state(&queue), MessageState::Queued);
        assert_eq!(queue.in_state(MessageState::Uncertain).count(), 0);
        assert_eq!(in_doubt(&queue, NODE, at(600), &quiet(600)), [name("GSM1")].into());
        assert!(in_doubt(&queue, NODE, at(601), &quiet(600)).is_empty());
        assert!(in_doubt(&queue, NODE, at(200), &quiet(30)).is_empty(), "half a minute is long over");
        assert!(in_doubt(&queue, NODE, at(200), &BTreeMap::new()).is_empty(), "no modem of ours");
    }
}
