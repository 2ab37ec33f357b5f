//! Which message is meant: an id as a person writes it, whole or its beginning.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use smsgrid::model::{MessageId, Timestamp};
use smsgrid_proto::Reason;
use tokio::time::Instant;
use tonic::Code;

use super::Api;
use super::limits::PAGE_MAX;
use super::operate::absent;
use super::refusal::Refusal;
use crate::history::Unanswered;
use crate::store::Query;

/// Characters of an id.
const ID_CHARS: usize = 26;
/// Characters at its beginning that tell when it was drawn.
const MOMENT_CHARS: usize = 10;
/// Fewest characters that stand for an id.
const ID_CHARS_MIN: usize = 6;
/// How far the clock that drew an id may be from the one that accepted the message.
const CLOCK_SLACK: Duration = Duration::from_secs(60);
/// Most pages looked through to complete an id.
const CANDIDATE_PAGES_MAX: usize = 10;

/// What an id is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To show the message.
    Show,
    /// To change it: it must be certain that no other is meant.
    Change,
}

/// The messages that the beginning of an id may stand for.
struct Candidates {
    found: BTreeSet<MessageId>,
    /// The search ended before it had seen all of them.
    is_cut: bool,
    /// Why some may be missing.
    lacking: Option<Unanswered>,
}

impl Candidates {
    /// The one there is.
    fn only(self, text: &str, purpose: Purpose) -> Result<MessageId, Refusal> {
        match (self.found.first(), self.lacking) {
            (Some(_), _) if self.found.len() > 1 => Err(ambiguous(text, &self.found)),
            // What has not ended is never missing: it is shown whatever became of the history.
            (Some(id), Some(unanswered)) if purpose == Purpose::Change => {
                Err(uncertain(text, *id, &unanswered))
            }
            (None, Some(unanswered)) => {
                Err(unknown(format_args!("no message whose id begins with {text}"), &unanswered))
            }
            (Some(_), _) | (None, None) if self.is_cut => Err(too_many(text)),
            (Some(id), _) => Ok(*id),
            (None, None) => Err(absent(format_args!("whose id begins with {text}"))),
        }
    }
}

impl Api {
    /// The id a person wrote, whole or its beginning. Other nodes are asked `until` then.
    pub(super) async fn find(
        &self,
        text: &str,
        purpose: Purpose,
        until: Instant,
    ) -> Result<MessageId, Refusal> {
        check_id(text)?;
        if text.len() == ID_CHARS {
            return text.parse().map_err(|_| Refusal::field("id", "is no message id"));
        }
        let (first, last) =
            range(text).ok_or_else(|| Refusal::field("id", "is no beginning of a message id"))?;
        let query = Query {
            after: Some(time_of(first) - CLOCK_SLACK),
            before: Some(time_of(last) + CLOCK_SLACK),
            ..Query::default()
        };
        let candidates = self.candidates(&query, first..=last, until).await;
        candidates.only(text, purpose)
    }

    /// The messages whose ids are in this range, among those of the query.
    async fn candidates(
        &self,
        query: &Query,
        range: RangeInclusive<MessageId>,
        until: Instant,
    ) -> Candidates {
        let mut found = BTreeSet::new();
        let (mut cursor, mut lacking) = (None, None);
        for _ in 0..CANDIDATE_PAGES_MAX {
            let page = if lacking.is_none() {
                let applied = self.applied_with(self.view.revision());
                let listed = self.history.list(query, cursor, PAGE_MAX, applied, until).await;
                lacking = listed.unanswered;
                listed.page
            } else {
                // Nobody had the page before.
                self.history.own(query, cursor, PAGE_MAX).await
            };
            let ids = page.rows.iter().map(|row| row.record.id);
            found.extend(ids.filter(|id| range.contains(id)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Candidates { found, is_cut: cursor.is_some(), lacking }
    }
}

/// Nobody can say whether there is such a message.
pub(super) fn unknown(what: impl std::fmt::Display, unanswered: &Unanswered) -> Refusal {
    let title = format!("this node knows of {what}, and its history is not complete yet");
    Refusal::unavailable(Reason::Behind, title).why(unanswered.to_string()).fix(later(unanswered))
}

/// Nobody can say whether another message is meant as well.
fn uncertain(text: &str, id: MessageId, unanswered: &Unanswered) -> Refusal {
    let title = format!(
        "message {id} begins with {text}, and whether another does is not known: the history of this node is not complete \
         yet; nothing was changed"
    );
    let fix = format!("write the whole id if you mean this one; else {}", later(unanswered));
    Refusal::unavailable(Reason::Behind, title).at("id").why(unanswered.to_string()).fix(fix)
}

/// What to do when others cannot answer either.
fn later(unanswered: &Unanswered) -> &'static str {
    if unanswered.asked.is_empty() {
        "ask again a little later, when the history has been looked through"
    } else {
        "ask again a little later; look at the nodes named, one of them with its whole history is enough"
    }
}

/// Refuses what can be no id and no beginning of one.
pub(super) fn check_id(text: &str) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::field("id", "is empty")),
        1..ID_CHARS_MIN => Err(Refusal::field("id", format!("is shorter than {ID_CHARS_MIN} characters"))),
        ID_CHARS_MIN..=ID_CHARS if text.is_ascii() => Ok(()),
        _ => Err(Refusal::field("id", "is no message id")),
    }
}

/// The first and the last id that begin with `text`.
fn range(text: &str) -> Option<(MessageId, MessageId)> {
    let padded =
        |pad: &str| format!("{text}{}", pad.repeat(ID_CHARS.saturating_sub(text.len()))).parse().ok();
    Some((padded("0")?, padded("Z")?))
}

/// When an id was drawn: its first 48 bits are milliseconds of the calendar.
fn time_of(id: MessageId) -> Timestamp {
    let [a, b, c, d, e, f, ..] = id.to_bytes();
    Timestamp::from_unix_millis(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

/// Too many messages are of the moment that the beginning tells.
fn too_many(text: &str) -> Refusal {
    let title = format!("{text} was looked for among too many messages of its moment");
    // Longer beginnings are of the same moment.
    let fix = if text.len() < MOMENT_CHARS { "write more of the id" } else { "write the whole id" };
    Refusal::new(Code::FailedPrecondition, Reason::Ambiguous, title).at("id").fix(fix)
}

fn ambiguous(text: &str, found: &BTreeSet<MessageId>) -> Refusal {
    let shown: Vec<String> = found.iter().take(5).map(ToString::to_string).collect();
    let title = format!("{text} is the beginning of several messages");
    let refusal = Refusal::new(Code::FailedPrecondition, Reason::Ambiguous, title).at("id");
    refusal.why(shown.join(", ")).fix("write more of the id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_stands_for_all_ids_that_begin_so() {
        let id: MessageId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("an id");

        for chars in ID_CHARS_MIN..ID_CHARS {
            let (first, last) = range(&id.to_string()[..chars]).expect("a range");
            assert!((first..=last).contains(&id), "{chars}");
            assert!(time_of(first) <= time_of(id) && time_of(id) <= time_of(last));
        }
        assert_eq!(range("01ARZ!"), None);
        assert_eq!(time_of(id), Timestamp::from_unix_millis(1_469_922_850_259));
    }

    #[test]
    fn what_can_be_no_id_is_refused_before_anything_is_searched() {
        for text in ["", "01ARZ", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "0é1é2é3"] {
            assert!(check_id(text).is_err(), "{text}");
        }
        assert!(check_id("01ARZ3").is_ok());
    }
}
