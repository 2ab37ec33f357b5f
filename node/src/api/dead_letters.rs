//! Lists of the messages that failed and that nobody has retried or discarded.

use std::sync::Arc;

use smsgrid::queue::{DeadLetterPlace, Queue, Record};

use super::Api;
use super::list::matches;
use crate::store::Query;

/// How far one page goes.
const BOUNDS: Bounds = Bounds { hold: 1024, holds: 10 };

#[derive(Clone, Copy)]
struct Bounds {
    /// Most messages looked at while the state is held.
    hold: usize,
    /// How often it is held; a list whose messages lie far apart goes on at the next page.
    holds: usize,
}

/// What a page has so far.
struct Page<'a> {
    query: &'a Query,
    found: Vec<Arc<Record>>,
    /// Everything up to here was looked at.
    after: Option<DeadLetterPlace>,
    limit: usize,
}

/// Messages, and the place where to go on.
type Found = (Vec<Arc<Record>>, Option<DeadLetterPlace>);

impl Api {
    /// At most `limit` of them behind `after`, the least recently changed first; and the place where to go on, none when
    /// there are no more.
    pub(super) async fn dead_letters(
        &self,
        query: &Query,
        after: Option<DeadLetterPlace>,
        limit: usize,
    ) -> Found {
        let page = Page { query, found: Vec::new(), after, limit };
        page.fill(BOUNDS, |look| self.view.read(look)).await
    }
}

impl Page<'_> {
    /// Looks until it is full, there are no more or it has looked at as many as it may. `read` shows the state once.
    async fn fill(mut self, bounds: Bounds, read: impl Fn(&mut dyn FnMut(&Queue) -> bool) -> bool) -> Found {
        for _ in 0..bounds.holds {
            let more = read(&mut |queue| self.look(queue, bounds.hold));
            if !more {
                return (self.found, None);
            }
            if self.found.len() == self.limit {
                break;
            }
            tokio::task::yield_now().await;
        }
        (self.found, self.after)
    }

    /// Looks at the next messages, `most` at most. Whether there are more.
    fn look(&mut self, queue: &Queue, most: usize) -> bool {
        let mut letters = queue.dead_letters_after(self.after);
        for (place, record) in letters.by_ref().take(most) {
            self.after = Some(place);
            if matches(self.query, record) {
                self.found.push(record.clone());
            }
            if self.found.len() == self.limit {
                break;
            }
        }
        letters.next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::model::{
        Attempt, Cause, Disposition, Imei, Imsi, MessageId, ModemIdentity, Name, NodeId, OpenNumber,
        PartNumber, PartOutcome, Position, ReadyNumber, Refusal, RegistrationId, SessionId, StartNumber,
        Timestamp,
    };
    use smsgrid::queue::{Body, Command, Policy};

    use super::*;
    use crate::fixture;

    const LETTERS: u64 = 7;
    /// Two looks at two letters each.
    const FOUR: Bounds = Bounds { hold: 2, holds: 2 };
    const REGISTRATION: RegistrationId = RegistrationId(1);

    #[tokio::test]
    async fn a_list_goes_on_over_pages_until_there_are_no_more() {
        let queue = dead();
        let all = Query::default();

        let (first, next) = page(&queue, &all, None, 3, FOUR).await;
        let (second, last) = page(&queue, &all, next, 3, FOUR).await;
        let (third, end) = page(&queue, &all, last, 3, FOUR).await;

        assert_eq!((first, second, third), (vec![1, 2, 3], vec![4, 5, 6], vec![7]));
        assert!(next.is_some() && last.is_some() && end.is_none());
    }

    #[tokio::test]
    async fn a_page_that_takes_the_last_letter_is_the_last() {
        let queue = dead();
        let twice = Bounds { hold: 4, holds: 2 };

        for (limit, bounds) in [(7, twice), (8, twice), (7, Bounds { hold: 7, holds: 1 })] {
            let (found, next) = page(&queue, &Query::default(), None, limit, bounds).await;
            assert_eq!((found, next), ((1..=LETTERS).collect(), None), "{limit}");
        }
    }

    #[tokio::test]
    async fn a_page_that_has_looked_at_enough_is_short_or_empty_and_the_next_goes_on() {
        let queue = dead();
        let to = |number| Query { to: Some(destination(number)), ..Query::default() };

        let (short, next) = page(&queue, &Query::default(), None, 7, FOUR).await;
        assert_eq!((short, next.is_some()), (vec![1, 2, 3, 4], true));
        let (empty, next) = page(&queue, &to(6), None, 7, FOUR).await;
        assert_eq!((empty, next.is_some()), (vec![], true));
        assert_eq!(page(&queue, &to(6), next, 7, FOUR).await, (vec![6], None));
        assert_eq!(page(&queue, &to(1), next, 7, FOUR).await, (vec![], None));
    }

    /// Which letters stand on it, by their number.
    async fn page(
        queue: &Queue,
        query: &Query,
        after: Option<DeadLetterPlace>,
        limit: usize,
        bounds: Bounds,
    ) -> (Vec<u64>, Option<DeadLetterPlace>) {
        let page = Page { query, found: Vec::new(), after, limit };
        let (found, next) = page.fill(bounds, |look| look(queue)).await;
        let number = |record: &Arc<Record>| u128::from_be_bytes(record.id.to_bytes()) as u64;
        (found.iter().map(number).collect(), next)
    }

    /// A queue whose letters failed one after the other.
    fn dead() -> Queue {
        let mut queue = Queue::new(Policy::default());
        let identity = ModemIdentity {
            imei: Imei::new("490154203237518").expect("digits"),
            imsi: Imsi::new("262011234567890").expect("digits"),
        };
        say(&mut queue, 0, Body::RegisterSession { node: NodeId(1), start: StartNumber(1) });
        let register = Body::RegisterModem {
            session: SessionId(1),
            open: OpenNumber(1),
            identity,
            name: name("GSM1"),
            carries: Default::default(),
            prefers: Vec::new(),
        };
        say(&mut queue, 0, register);
        (1..=LETTERS).for_each(|number| fail(&mut queue, number));
        assert_eq!(queue.dead_letters(), LETTERS);
        queue
    }

    fn fail(queue: &mut Queue, number: u64) {
        say(queue, number, Body::Ready { registration: REGISTRATION, seq: ReadyNumber(number) });
        say(queue, number, submit(number));
        let epoch = queue.registration(REGISTRATION).and_then(|modem| modem.claim).expect("it is claimed");
        let attempt = Attempt { epoch, part: PartNumber(1) };
        say(queue, number, Body::Start { attempt });
        let refusal = Refusal { cause: Cause::Cms(21), disposition: Disposition::Permanent };
        let outcome = PartOutcome::Refused(refusal);
        say(queue, number, Body::Outcome { attempt, outcome, next: None, rearm: None });
    }

    fn say(queue: &mut Queue, second: u64, body: Body) {
        let now = Timestamp::from_unix_millis(1_700_000_000_000 + second * 1_000);
        let position = Position { index: second, offset: 0 };
        queue.apply(position, &Command { client: name("test"), now, body }, &mut Vec::new());
    }

    fn submit(number: u64) -> Body {
        let id = MessageId::from_bytes(u128::from(number).to_be_bytes());
        Body::Submit(Box::new(fixture::submit(id, &destination(number), 1, &[0x41])))
    }

    fn destination(number: u64) -> String {
        format!("1555000{number}")
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a legal name")
    }
}
