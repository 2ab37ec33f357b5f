//! Reading messages: one by its id, many by what they are.

use std::str::FromStr;
use std::sync::Arc;

use smsgrid::model::{MessageId, Name};
use smsgrid::queue::{DeadLetterPlace, Queue, Record, WaitingFor};
use smsgrid_proto::v1;
use tokio::time::Instant;

use super::Api;
use super::find::{Purpose, check_id, unknown};
use super::limits::{FILTER_MAX, PAGE_DEFAULT, PAGE_MAX, WORD_OCTETS_MAX};
use super::message::{self, Detail};
use super::operate::absent;
use super::refusal::Refusal;
use super::request::{moment, name};
use super::{revision, words};
use crate::history::Listed;
use crate::raft::Revision;
use crate::store::{Cursor, Query};

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
        let until = self.history.until();
        let id = self.find(&request.id, Purpose::Show, until).await?;
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
                let stored = self.stored(id, revision, until).await;
                // What memory did not have at this revision has left it before, or is accepted later.
                let stored = stored.and_then(|record| {
                    let was_there = record.accepted_at <= revision.position();
                    if was_there { Ok(record) } else { Err(absent(id)) }
                });
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
                let (applied, until) = (self.applied_with(revision), self.history.until());
                let Listed { page, unanswered } =
                    self.history.list(&query, cursor, limit, applied, until).await;
                let records = page.rows.into_iter().map(|row| Arc::new(row.record)).collect();
                (records, page.next.map(|next| next.to_string()), unanswered)
            }
        };
        let names = self.names();
        let waiting: Vec<_> =
            self.view.read(|queue| records.iter().map(|record| waiting(queue, record)).collect());
        let messages = records.iter().zip(&waiting).map(|(record, waiting)| {
            let message = message::message(record, waiting.as_ref(), &names, Detail::Line);
            // It may have changed while the list was made.
            let shown_at = revision.max(Revision::after(record.changed_at));
            v1::Message { revision: revision::word(shown_at), ..message }
        });
        Ok(v1::ListMessagesResponse {
            messages: messages.collect(),
            next_page_token: next.unwrap_or_default(),
            freshness: Some(self.freshness(&fresh, revision)),
            incomplete: unanswered.is_some(),
            incomplete_why: unanswered.map(|unanswered| unanswered.to_string()).unwrap_or_default(),
        })
    }

    /// A message that has left memory, by a state that has everything up to `revision`.
    /// Other nodes are asked `until` then.
    pub(super) async fn stored(
        &self,
        id: MessageId,
        revision: Revision,
        until: Instant,
    ) -> Result<Record, Refusal> {
        match self.history.get(id, self.applied_with(revision), until).await {
            Ok(Some(row)) => Ok(row.record),
            Ok(None) => Err(absent(id)),
            Err(unanswered) => Err(unknown(format_args!("no message {id}"), &unanswered)),
        }
    }

    /// The entry of the log that another node must have applied before its answer is as fresh as this node's own: what is
    /// read may be of an entry that is just being applied.
    pub(super) fn applied_with(&self, revision: Revision) -> u64 {
        self.view.applied().index.max(revision.index)
    }
}

/// What a message waits for, as it is shown: what another node has shown may be newer than what is applied here.
fn waiting(queue: &Queue, record: &Record) -> Option<WaitingFor> {
    let own = queue.message(record.id)?;
    if own.changed_at == record.changed_at { queue.waiting_for(record.id) } else { None }
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
