//! What a node that stays dead leaves to others: the events of its files, whose messages ended without it.
//!
//! A file lies on the dead node's disk, so what is told is a file made of the message itself: the same result, without
//! the headers nobody else has. The dead node files its own result when it comes back, and tells its own event under the
//! same id; whoever must not act twice remembers that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{Address, Call, Content, Name, Origin, Part, Payload, Position, Timestamp, TypeOfNumber};
use crate::queue::Record;
use crate::sms_file::{Document, Header, LocalTime};
use crate::text;

use super::outcome::Verdict;
use super::{Account, Destination, Outcome, Settings};

/// How long before the loss of a node's session a message may have ended and not be told: the length of a lease, what a
/// handler may have been waiting for, and differing clocks.
const UNTOLD_BEFORE: Duration = Duration::from_secs(60);
/// Longest time from the acceptance of a message to its end that is looked through.
const WAITED_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// The events of one dead node that are still to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    /// The name of the node, as it stands in the origin of its messages.
    pub node: Name,
    /// When its last session ended.
    pub lost: Timestamp,
    /// What others have told is told up to here.
    pub told: Position,
}

impl Estate {
    /// Whether the end of this message is one of its events.
    pub fn owes(&self, record: &Record) -> bool {
        let is_its_file = match &record.origin {
            Origin::Spool { node, .. } => *node == self.node,
            Origin::Api => false,
        };
        let since = self.lost - UNTOLD_BEFORE;
        is_its_file && record.changed_at > self.told && record.ended().is_some_and(|ended| ended >= since)
    }

    /// No message accepted before this moment is looked at.
    pub fn accepted_after(&self) -> Timestamp {
        self.lost - WAITED_MAX
    }
}

/// How far the telling is, when several are told at once: never further than the first that is not done.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Begun and not done, and whether they are under way.
    open: BTreeMap<Position, bool>,
    /// Done, behind one that is not.
    done: BTreeSet<Position>,
    told: Position,
}

impl Progress {
    /// One is begun; false when it is under way or done already.
    pub fn begin(&mut self, position: Position) -> bool {
        if position <= self.told || self.done.contains(&position) {
            return false;
        }
        self.open.insert(position, true) != Some(true)
    }

    /// One could not be told now: it holds up the rest until it is begun again.
    pub fn give_up(&mut self, position: Position) {
        self.open.insert(position, false);
    }

    /// One is done. Gives how far everything is told, when that is further than before.
    pub fn end(&mut self, position: Position) -> Option<Position> {
        self.open.remove(&position);
        self.done.insert(position);
        let open = self.open.keys().next().copied();
        let before = self.told;
        while let Some(first) =
            self.done.first().copied().filter(|first| open.is_none_or(|open| *first < open))
        {
            self.done.remove(&first);
            self.told = first;
        }
        (self.told > before).then_some(self.told)
    }
}

/// What the event handler is told instead of a file of the folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherited {
    /// The id of the event, the same as on the node that took the file.
    pub event_id: String,
    /// Whether it was sent.
    pub destination: Destination,
    /// By whom.
    pub account: Account,
    /// The result file.
    pub octets: Vec<u8>,
}

impl Inherited {
    /// What is told of a message that ended so; none when it is of no file.
    pub fn of(record: &Record, outcome: Outcome, settings: &Settings, wall: LocalTime) -> Option<Inherited> {
        let Origin::Spool { intake, .. } = &record.origin else { return None };
        let file = Document::read_translated(&file(&record.content), &settings.messages.translation).ok()?;
        let octets = outcome.file(&file, Some(&record.content), Vec::new(), settings, wall);
        let verdict = Verdict::Outcome(Box::new(outcome));
        Some(Inherited {
            event_id: event_id(intake).to_owned(),
            destination: verdict.destination(),
            account: verdict.account(),
            octets,
        })
    }
}

/// The id of the file behind `spool:` and the number of the spool; that of one of several recipients has its number.
fn event_id(intake: &str) -> &str {
    intake.splitn(3, ':').nth(2).unwrap_or(intake)
}

/// A file that asks for this message.
fn file(content: &Content) -> Vec<u8> {
    let mut head = recipient(&content.destination);
    let text = || text::join(content.parts.iter().map(|part| &part.user_data));
    let body = match (&content.call, text()) {
        (Some(call), _) => {
            head.push_str(&line(Header::Voicecall, "yes"));
            tones(call).into_bytes()
        }
        (None, Some(text)) => {
            head.push_str(&line(Header::Alphabet, "UTF-8"));
            text.into_bytes()
        }
        (None, None) => binary(&content.parts, &mut head),
    };
    if content.options.status_report {
        head.push_str(&line(Header::Report, "yes"));
    }
    head.push('\n');
    [head.into_bytes(), body].concat()
}

/// The body that asks for this call.
fn tones(call: &Call) -> String {
    let time = call.wait_seconds.map(|seconds| format!("TIME: {seconds} ")).unwrap_or_default();
    format!("TONE: {time}{} {}\n", call.rounds, call.tones)
}

/// The octets of 8-bit data, behind its own header where it is a single part with one.
fn binary(parts: &[Part], head: &mut String) -> Vec<u8> {
    head.push_str(&line(Header::Alphabet, "binary"));
    let own = match parts {
        [part] if !part.user_data.header.is_empty() => part.user_data.header.as_slice(),
        [] | [_] | [_, ..] => &[],
    };
    head.push_str(&line(Header::Udh, if own.is_empty() { "no" } else { "yes" }));
    let length = u8::try_from(own.len()).ok().filter(|length| *length > 0);
    let data = parts.iter().flat_map(|part| units(&part.user_data.payload));
    length.iter().chain(own).chain(data).copied().collect()
}

fn recipient(address: &Address) -> String {
    let forced = match address.type_of_number() {
        TypeOfNumber::International => None,
        TypeOfNumber::National => Some("national"),
        TypeOfNumber::Unknown
        | TypeOfNumber::NetworkSpecific
        | TypeOfNumber::Subscriber
        | TypeOfNumber::Alphanumeric
        | TypeOfNumber::Abbreviated
        | TypeOfNumber::Reserved => Some("unknown"),
    };
    let to = line(Header::To, address.reveal());
    forced.map(|word| line(Header::ToToa, word)).map_or(to.clone(), |forced| to + &forced)
}

fn line(header: Header, value: &str) -> String {
    format!("{} {value}\n", header.name())
}

fn units(payload: &Payload) -> &[u8] {
    let (Payload::Septets(units) | Payload::Octets(units)) = payload;
    units
}

#[cfg(test)]
mod tests {
    use crate::model::{MessageId, Priority, ResendLimit, UncertainPolicy};
    use crate::queue::{Body, Command, Digest, Queue, Route, Submit};
    use crate::worker::submission;

    use super::*;

    const LOST: Timestamp = Timestamp::from_unix_millis(10_000_000);

    fn content(file: &str) -> Content {
        let document = Document::read(file.as_bytes()).expect("a message file");
        submission::prepare(&document, &Default::default(), 1).expect("a message").content
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn estate(told: u64) -> Estate {
        Estate { node: name("gw-a"), lost: LOST, told: Position { index: told, offset: 0 } }
    }

    /// A message accepted at entry 1 and canceled at entry 2, this long before the loss.
    fn ended(origin: Origin, before: Duration) -> Record {
        let mut queue = Queue::default();
        let id = MessageId::from_bytes([1; 16]);
        let submit = Submit {
            id,
            key: None,
            digest: Digest([0; 16]),
            content: content("To: 491700000001\n\nhello"),
            origin,
            priority: Priority::Normal,
            uncertain: UncertainPolicy::Resend,
            resend_limit: ResendLimit(1),
            not_before: None,
            deadline: None,
            route: Route::default(),
            attempts_max: None,
        };
        for (index, body) in [(1, Body::Submit(Box::new(submit))), (2, Body::Cancel { message: id })] {
            let command = Command { client: name("ops"), now: LOST - before, body };
            queue.apply(Position { index, offset: 0 }, &command, &mut Vec::new());
        }
        queue.message(id).expect("it is there").clone()
    }

    fn of_file() -> Origin {
        Origin::Spool { node: name("gw-a"), intake: "spool:S:F".to_owned() }
    }

    #[test]
    fn what_ended_without_its_node_is_owed_once() {
        let minute = Duration::from_secs(60);
        assert!(estate(0).owes(&ended(of_file(), Duration::ZERO)));
        assert!(estate(0).owes(&ended(of_file(), minute)));
        assert!(estate(1).owes(&ended(of_file(), minute)));

        let others = Origin::Spool { node: name("gw-b"), intake: "spool:S:F".to_owned() };
        assert!(!estate(2).owes(&ended(of_file(), Duration::ZERO)), "it is told already");
        assert!(!estate(0).owes(&ended(of_file(), minute + Duration::from_millis(1))), "its node lived");
        assert!(!estate(0).owes(&ended(others, Duration::ZERO)), "the file of another node");
        assert!(!estate(0).owes(&ended(Origin::Api, Duration::ZERO)), "no file");
    }

    #[test]
    fn progress_never_passes_what_is_not_done() {
        let at = |index| Position { index, offset: 0 };
        let mut progress = Progress::default();
        for index in [3, 5, 9] {
            assert!(progress.begin(at(index)));
        }
        assert_eq!(progress.end(at(5)), None);
        assert_eq!(progress.end(at(3)), Some(at(5)));
        progress.give_up(at(9));
        assert!(progress.begin(at(11)));
        assert_eq!(progress.end(at(11)), None);
        assert!(progress.begin(at(9)), "it was given up");
        assert_eq!(progress.end(at(9)), Some(at(11)));
    }

    #[test]
    fn what_is_under_way_or_done_is_not_begun_again() {
        let at = |index| Position { index, offset: 0 };
        let mut progress = Progress::default();
        assert!(progress.begin(at(3)) && progress.begin(at(5)));
        assert!(!progress.begin(at(3)), "under way");
        progress.end(at(5));
        assert!(!progress.begin(at(5)), "done behind an open one");
        progress.end(at(3));
        assert!(!progress.begin(at(3)) && !progress.begin(at(5)), "told");
    }

    #[test]
    fn the_event_has_the_id_of_the_file() {
        assert_eq!(event_id("spool:01JSPOOL:01JFILE"), "01JFILE");
        assert_eq!(event_id("spool:01JSPOOL:01JFILE:3"), "01JFILE:3");
        assert_eq!(event_id("else"), "else");
    }

    #[test]
    fn the_file_asks_for_the_message_it_was_made_of() {
        let long = format!("To: 491700000001\nAlphabet: UTF-8\n\n{}", "\u{4f60}x[".repeat(60));
        for asked in [
            "To: 491700000001\n\nhello [world]",
            "To: +491700000001\nReport: yes\n\nhello",
            "To: 0170123\n\nhello",
            "To: 0170123\nTo_TOA: national\n\nhello",
            "To: s4711\nAlphabet: binary\nUDH: no\n\n\u{1}\u{2}binary",
            "To: s4711\nAlphabet: binary\nUDH: yes\n\n\u{6}\u{5}\u{4}\u{b}\u{1}\u{2}\u{3}data",
            "To: 491700000001\nVoicecall: yes\n\nTONE: TIME: 20 2 1,2,#",
            "To: 491700000001\nVoicecall: yes\n\nTONE:",
            &long,
        ] {
            let asked = content(asked);
            assert_eq!(content(&String::from_utf8(file(&asked)).expect("text")), asked);
        }
    }
}
