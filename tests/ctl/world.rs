//! What the servers of a test agree on: messages by their keys, who was asked what, and what each server is to do.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use smsgrid_proto::v1;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Shared by the servers of one test.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<Facts>>);

/// What is so.
#[derive(Default)]
pub(crate) struct Facts {
    /// Accepted messages by their keys.
    pub(crate) accepted: BTreeMap<String, v1::Message>,
    /// Every request, in order: server, method, and what it names.
    pub(crate) asked: Vec<(String, &'static str, String)>,
    /// Messages that `get` and `list` know beside the accepted ones.
    pub(crate) known: Vec<v1::Message>,
    pub(crate) modems: Vec<v1::Modem>,
    pub(crate) nodes: Vec<v1::Node>,
    pub(crate) status: v1::StatusResponse,
    /// Every submission, in order.
    pub(crate) submitted: Vec<v1::SubmitRequest>,
}

/// What a server does with one request; the last one goes on for ever.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// What a server should do.
    Serve,
    /// Says no with a code and a word of the catalogue.
    Refuse(Code, &'static str),
    /// Says no without a word of the catalogue.
    Fail(Code),
    /// Does it, and dies before the answer.
    DoAndDie,
    /// Never answers.
    Hang,
    /// Refuses one number of a batch, with a word; serves the rest.
    RefuseNumber(&'static str, Code, &'static str),
}

impl World {
    /// The facts.
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().expect("no server panics")
    }

    /// Messages that were accepted.
    pub(crate) fn accepted(&self) -> Vec<v1::Message> {
        self.facts().accepted.values().cloned().collect()
    }

    /// What each request to `method` named, in order.
    pub(crate) fn asked(&self, method: &str) -> Vec<(String, String)> {
        let facts = self.facts();
        let of_it = facts.asked.iter().filter(|(_, asked, _)| *asked == method);
        of_it.map(|(server, _, what)| (server.clone(), what.clone())).collect()
    }

    /// Writes a request down.
    pub(crate) fn note(&self, server: &str, method: &'static str, what: impl Into<String>) {
        self.facts().asked.push((server.to_owned(), method, what.into()));
    }

    /// Accepts a message, once for each key.
    pub(crate) fn accept(&self, request: &v1::SubmitRequest) -> v1::SubmitResponse {
        let mut facts = self.facts();
        facts.submitted.push(request.clone());
        let number = facts.accepted.len();
        let replayed = facts.accepted.contains_key(&request.key);
        let message = facts.accepted.entry(request.key.clone()).or_insert_with(|| v1::Message {
            id: format!("01KAVX9C0Y00000000000000{number:02}"),
            to: request.to.clone(),
            text: request.text.clone(),
            state: v1::MessageState::Queued.into(),
            parts: vec![v1::Part { number: 1, ..v1::Part::default() }],
            key: request.key.clone(),
            report: request.report,
            uncertain: request.uncertain,
            events: vec![step(1, v1::MessageState::Queued, "")],
            revision: "r01".to_owned(),
            ..v1::Message::default()
        });
        v1::SubmitResponse {
            id: message.id.clone(),
            to: message.to.clone(),
            state: message.state,
            parts: 1,
            replayed,
            revision: message.revision.clone(),
            key: message.key.clone(),
        }
    }

    /// Messages whose id begins like this.
    pub(crate) fn beginning(&self, id: &str) -> Vec<v1::Message> {
        let facts = self.facts();
        let all = facts.accepted.values().chain(&facts.known);
        all.filter(|message| message.id.starts_with(id)).cloned().collect()
    }

    /// Changes the accepted messages and the known ones.
    pub(crate) fn change(&self, change: impl Fn(&mut v1::Message)) {
        let mut facts = self.facts();
        let Facts { accepted, known, .. } = &mut *facts;
        accepted.values_mut().chain(known).for_each(change);
    }
}

/// A step of a history, so many seconds after the beginning.
pub(crate) fn step(seconds: i64, state: v1::MessageState, modem: &str) -> v1::HistoryEvent {
    v1::HistoryEvent {
        time: Some(moment(seconds)),
        state: state.into(),
        modem: modem.to_owned(),
        ..v1::HistoryEvent::default()
    }
}

/// So many seconds after the beginning.
pub(crate) fn moment(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: 1_795_000_000 + seconds, nanos: 0 }
}

/// An event about a message.
pub(crate) fn event(revision: &str, id: &str, seconds: i64, state: v1::MessageState) -> v1::WatchItem {
    let event = v1::Event {
        revision: revision.to_owned(),
        time: Some(moment(seconds)),
        kind: v1::EventKind::MessageChanged.into(),
        id: id.to_owned(),
        state: state.into(),
        modem: "GSM1".to_owned(),
        ..v1::Event::default()
    };
    v1::WatchItem { item: Some(v1::watch_item::Item::Event(event)) }
}

/// Nothing up to here.
pub(crate) fn progress(revision: &str) -> v1::WatchItem {
    let progress = v1::Progress { revision: revision.to_owned() };
    v1::WatchItem { item: Some(v1::watch_item::Item::Progress(progress)) }
}

/// A refusal as a node tells it.
pub(crate) fn refusal(code: Code, word: &str) -> Status {
    let metadata = HashMap::from([("fix".to_owned(), "do this".to_owned())]);
    Status::with_error_details(
        code,
        format!("no: {word}"),
        ErrorDetails::with_error_info(word, "smsgrid", metadata),
    )
}
