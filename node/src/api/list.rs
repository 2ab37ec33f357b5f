//! Finding messages: one by its id or the beginning of it, many by what they are.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use smsgrid::model::{MessageId, Name, Timestamp};
use smsgrid::queue::{DeadLetterPlace, Queue, Record, WaitingFor};
use smsgrid_proto::{Reason, v1};
use tonic::Code;

use super::Api;
use super::limits::{FILTER_MAX, PAGE_DEFAULT, PAGE_MAX, WORD_OCTETS_MAX};
use super::message::{self, Detail};
use super::operate::absent;
use super::refusal::Refusal;
use super::request::{moment, name};
use super::{revision, words};
use crate::history::{Listed, Unanswered};
use crate::raft::Revision;
use crate::store::{Cursor, Query};

/// Characters of an id.
const ID_CHARS: usize = 26;
/// Fewest characters that stand for an id.
const ID_CHARS_MIN: usize = 6;
/// How far the clock that drew an id may be from the one that accepted the message.
const CLOCK_SLACK: Duration = Duration::from_secs(60);
/// Most pages looked through to complete an id.
const CANDIDATE_PAGES_MAX: usize = 10;

/// What is listed, and behind which place.
enum Start {
    All(Option<Cursor>),
    DeadLetters(Option<DeadLetterPlace>),
}

impl Api {
    /// Everything known of a message.
    pub(super) async fn get(
        &self,
        request: &v1::GetMessageRequest,
    ) -> Result<v1::GetMessageResponse, Refusal> {
        check_id(&request.id)?;
        let fresh = self.fresh(request.read.as_ref()).await?;
        let id = self.find(&request.id).await?;
        let names = self.names();
        let (shown, revision) = self.view.read_at(|queue| {
            let waiting = queue.waiting_for(id);
            queue.message(id).map(|record| message::message(record, waiting.as_ref(), &names, Detail::Whole))
        });
        let shown = match shown {
            Some(shown) => shown,
            None => {
                // As of when it is not there: whoever was answered later can tell a lie from the past.
                let at = revision::word(revision);
                let stored = self.stored(id, revision).await;
                let record = stored.map_err(|refusal| refusal.fact("revision", at))?;
                message::message(&record, None, &names, Detail::Whole)
            }
        };
        let freshness = self.freshness(&fresh, revision);
        let shown = v1::Message { revision: freshness.revision.clone(), ..shown };
        Ok(v1::GetMessageResponse { message: Some(shown), freshness: Some(freshness) })
    }

    /// A page of messages, the newest first.
    pub(super) async fn list(
        &self,
        request: &v1::ListMessagesRequest,
    ) -> Result<v1::ListMessagesResponse, Refusal> {
        let query = query(request)?;
        let start = start(request)?;
        let limit = match usize::try_from(request.page_size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(size) if size <= PAGE_MAX => size,
            Ok(_) | Err(_) => return Err(Refusal::field("page_size", format!("is more than {PAGE_MAX}"))),
        };
        let fresh = self.fresh(request.read.as_ref()).await?;
        let revision = self.view.revision();
        let (records, next, unanswered) = match start {
            Start::DeadLetters(after) => {
                let (records, next) = self.dead_letters(&query, after, limit).await;
                (records, next.map(|next| next.to_string()), None)
            }
            Start::All(cursor) => {
                let Listed { page, unanswered } =
                    self.history.list(&query, cursor, limit, self.applied_with(revision)).await;
                let records = page.rows.into_iter().map(|row| Arc::new(row.record)).collect();
                (records, page.next.map(|next| next.to_string()), unanswered)
            }
        };
        let names = self.names();
        let waiting: Vec<_> =
            self.view.read(|queue| records.iter().map(|record| waiting(queue, record)).collect());
        let messages = records.iter().zip(&waiting).map(|(record, waiting)| {
            let message = message::message(record, waiting.as_ref(), &names, Detail::Line);
            v1::Message { revision: revision::word(revision), ..message }
        });
        Ok(v1::ListMessagesResponse {
            messages: messages.collect(),
            next_page_token: next.unwrap_or_default(),
            freshness: Some(self.freshness(&fresh, revision)),
            incomplete: unanswered.is_some(),
            incomplete_why: unanswered.map(|unanswered| unanswered.to_string()).unwrap_or_default(),
        })
    }

    /// The id a person wrote, whole or its beginning.
    pub(super) async fn find(&self, text: &str) -> Result<MessageId, Refusal> {
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
        let mut found = BTreeSet::new();
        let (mut cursor, mut lacking) = (None, None);
        for _ in 0..CANDIDATE_PAGES_MAX {
            let applied = self.applied_with(self.view.revision());
            let Listed { page, unanswered } = self.history.list(&query, cursor, PAGE_MAX, applied).await;
            lacking = lacking.or(unanswered);
            let ids = page.rows.iter().map(|row| row.record.id);
            found.extend(ids.filter(|id| (first..=last).contains(id)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        match (found.first(), lacking) {
            (None, None) if cursor.is_some() => Err(too_many(text)),
            (None, None) => Err(absent(format_args!("whose id begins with {text}"))),
            (None, Some(unanswered)) => {
                Err(unknown(format_args!("no message whose id begins with {text}"), &unanswered))
            }
            // What has not ended is never missing, and can be worked on whatever became of the history.
            (Some(id), _) if found.len() == 1 && cursor.is_none() => Ok(*id),
            (Some(_), _) => Err(ambiguous(text, &found)),
        }
    }

    /// A message that has left memory, by a state that has everything up to `revision`.
    pub(super) async fn stored(&self, id: MessageId, revision: Revision) -> Result<Record, Refusal> {
        match self.history.get(id, self.applied_with(revision)).await {
            Ok(Some(row)) => Ok(row.record),
            Ok(None) => Err(absent(id)),
            Err(unanswered) => Err(unknown(format_args!("no message {id}"), &unanswered)),
        }
    }

    /// The entry of the log that another node must have applied before its answer is as fresh as this node's own: what is
    /// read may be of an entry that is just being applied.
    fn applied_with(&self, revision: Revision) -> u64 {
        self.view.applied().index.max(revision.index)
    }
}

/// Nobody can say whether there is such a message.
fn unknown(what: impl std::fmt::Display, unanswered: &Unanswered) -> Refusal {
    let title = format!("this node knows of {what}, and its history is not complete yet");
    let fix = if unanswered.asked.is_empty() {
        "ask again a little later, when the history has been looked through"
    } else {
        "ask again a little later; look at the nodes named, one of them with its whole history is enough"
    };
    Refusal::unavailable(Reason::Behind, title).why(unanswered.to_string()).fix(fix)
}

/// What a message waits for, as it is shown: what another node has shown may be newer than what is applied here.
fn waiting(queue: &Queue, record: &Record) -> Option<WaitingFor> {
    let own = queue.message(record.id)?;
    if own.changed_at == record.changed_at { queue.waiting_for(record.id) } else { None }
}

fn check_id(text: &str) -> Result<(), Refusal> {
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
    Refusal::new(Code::FailedPrecondition, Reason::Ambiguous, title).at("id").fix("write more of the id")
}

fn ambiguous(text: &str, found: &BTreeSet<MessageId>) -> Refusal {
    let shown: Vec<String> = found.iter().take(5).map(ToString::to_string).collect();
    let title = format!("{text} is the beginning of several messages");
    Refusal::new(Code::FailedPrecondition, Reason::Ambiguous, title).at("id").why(shown.join(", "))
}

fn query(request: &v1::ListMessagesRequest) -> Result<Query, Refusal> {
    if request.states.len() > FILTER_MAX {
        return Err(Refusal::field("states", format!("holds more than {FILTER_MAX} states")));
    }
    let modem: Option<Name> = match request.modem.as_str() {
        "" => None,
        modem => Some(name(modem, "modem")?),
    };
    if request.to.len() > WORD_OCTETS_MAX {
        return Err(Refusal::field("to", "is longer than any number"));
    }
    let to = request.to.trim().trim_start_matches('+');
    Ok(Query {
        states: words::states(&request.states)?.into_iter().collect(),
        modem,
        to: (!to.is_empty()).then(|| to.to_owned()),
        after: request.after.as_ref().map(|after| moment(after, "after")).transpose()?,
        before: request.before.as_ref().map(|before| moment(before, "before")).transpose()?,
    })
}

fn start(request: &v1::ListMessagesRequest) -> Result<Start, Refusal> {
    let token = &request.page_token;
    Ok(if request.dead_letters { Start::DeadLetters(place(token)?) } else { Start::All(place(token)?) })
}

fn place<T: FromStr>(token: &str) -> Result<Option<T>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let bad = |_| Refusal::field("page_token", "was not given out by this cluster for a list like this");
    token.parse().map(Some).map_err(bad)
}

pub(super) fn matches(query: &Query, record: &Record) -> bool {
    let by_modem = |modem: &Name| record.claims().iter().any(|claim| claim.modem == *modem);
    (query.states.is_empty() || query.states.contains(&record.state()))
        && query.modem.as_ref().is_none_or(by_modem)
        && query.to.as_ref().is_none_or(|to| record.content.destination.reveal() == to)
        && query.after.is_none_or(|after| record.accepted >= after)
        && query.before.is_none_or(|before| record.accepted < before)
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
