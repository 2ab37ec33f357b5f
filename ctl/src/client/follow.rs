//! A watch that outlives the servers it is told by: it goes on at the next one after the last revision, so that
//! nothing is missed and nothing is told twice.

use std::collections::VecDeque;
use std::time::Duration;

use smsgrid_proto::v1;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Status, Streaming};
use v1::cluster_service_client::ClusterServiceClient;
use v1::message_service_client::MessageServiceClient;

use super::refusal::{Meaning, meaning};
use super::told;
use super::{Client, Failed, PATIENCE, ROUND_PAUSE, Unreached};
use crate::view::{Event, Message};

/// After this long without a word it is asked whether the server still hears from the cluster.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// These messages.
    Messages(Vec<String>),
    /// Everything of these kinds, or of all.
    Everything(Vec<v1::EventKind>),
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Event(Event),
    /// Nothing of interest up to this revision.
    Progress(String),
    /// Events are missing up to this revision; these are the watched messages as they then stood. The watch can go
    /// back as far as `oldest`.
    Resync {
        oldest: String,
        messages: Vec<Message>,
    },
}

/// A watch.
#[derive(Debug)]
pub(crate) struct Follow<'a> {
    client: &'a mut Client,
    watched: Watched,
    /// Everything up to here is told; empty before the first word.
    revision: String,
    stream: Option<Streaming<v1::WatchItem>>,
    /// The server that tells.
    at: usize,
    /// Since when no server tells anything.
    failing: Option<Instant>,
    waiting: VecDeque<Told>,
}

impl Client {
    /// Watches after `revision`, or from now on when that is empty.
    pub(crate) fn follow(&mut self, watched: Watched, revision: &str) -> Follow<'_> {
        let at = self.good;
        let revision = revision.to_owned();
        Follow { client: self, watched, revision, stream: None, at, failing: None, waiting: VecDeque::new() }
    }

    /// The kinds of events with these words; the first that is none is the error, with all there are.
    pub(crate) fn kinds(words: &[String]) -> Result<Vec<v1::EventKind>, (String, Vec<String>)> {
        let kinds = told::kinds();
        let known = |word: &String| {
            let asked = word.to_lowercase().replace('-', "_");
            let found = kinds.iter().find(|(known, _)| *known == asked).map(|(_, kind)| *kind);
            found.ok_or_else(|| (word.clone(), kinds.iter().map(|(word, _)| word.clone()).collect()))
        };
        words.iter().map(known).collect()
    }
}

impl Follow<'_> {
    /// The next thing told. Fails when a server refuses the watch, or when none has told anything for a while.
    pub(crate) async fn next(&mut self) -> Result<Told, Failed> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Ok(told);
            }
            match &mut self.stream {
                None => self.open().await?,
                Some(stream) => match timeout(SILENCE_MAX, stream.message()).await {
                    Ok(Ok(Some(item))) => self.take(item),
                    Ok(Ok(None)) => self.broken(None)?,
                    Ok(Err(status)) => self.broken(Some(&status))?,
                    Err(_) => self.look_around().await,
                },
            }
        }
    }

    /// Goes back to an older revision, where a resync named one.
    pub(crate) fn go_back(&mut self, revision: &str) {
        revision.clone_into(&mut self.revision);
        self.stream = None;
        self.waiting.clear();
    }

    fn take(&mut self, item: v1::WatchItem) {
        self.failing = None;
        let (revision, told) = match item.item {
            Some(v1::watch_item::Item::Event(event)) => {
                let event = told::event(event);
                (event.revision.clone(), Told::Event(event))
            }
            Some(v1::watch_item::Item::Progress(progress)) => {
                (progress.revision.clone(), Told::Progress(progress.revision))
            }
            Some(v1::watch_item::Item::Resync(resync)) => {
                let messages = resync.messages.into_iter().map(told::message).collect();
                (resync.revision, Told::Resync { oldest: resync.oldest, messages })
            }
            None => return,
        };
        // Revisions are ordered as octets are; one that was told already is not told again.
        let is_old_event = matches!(told, Told::Event(_)) && revision <= self.revision;
        if !is_old_event {
            if revision > self.revision {
                self.revision = revision;
            }
            self.waiting.push_back(told);
        }
    }

    /// The stream ended: the next server goes on, unless the watch itself is refused.
    fn broken(&mut self, status: Option<&Status>) -> Result<(), Failed> {
        self.stream = None;
        self.failing.get_or_insert_with(Instant::now);
        if let Some(status) = status {
            match meaning(status) {
                Meaning::Refused(refusal) => return Err(Failed::Refused(refusal)),
                Meaning::Elsewhere(refusal) => self.go_on_after(refusal.revision),
                Meaning::Doubt(_) => self.forget(),
            }
        } else {
            self.forget();
        }
        self.at += 1;
        Ok(())
    }

    /// A watch that a server ends says how far it has told.
    fn go_on_after(&mut self, revision: Option<String>) {
        if let Some(revision) = revision.filter(|revision| *revision > self.revision) {
            self.revision = revision;
        }
    }

    fn forget(&mut self) {
        let at = self.at % self.client.servers.len();
        if let Some(server) = self.client.servers.get_mut(at) {
            server.forget();
        }
    }

    /// Opens the stream at the next server that takes it.
    async fn open(&mut self) -> Result<(), Failed> {
        let count = self.client.servers.len();
        let mut unreachable = Vec::new();
        let mut elsewhere = None;
        for _ in 0..count {
            let at = self.at % count;
            match self.open_at(at).await {
                Ok(stream) => {
                    self.stream = Some(stream);
                    self.client.good = at;
                    self.at = at;
                    return Ok(());
                }
                Err(Meaning::Refused(refusal)) => return Err(Failed::Refused(refusal)),
                Err(Meaning::Elsewhere(refusal)) => elsewhere = Some(refusal),
                Err(Meaning::Doubt(why)) => {
                    self.forget();
                    unreachable.push((self.client.name(at), why));
                }
            }
            self.at = at + 1;
        }
        let since = *self.failing.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.client.timeout.unwrap_or(PATIENCE) {
            let unreached = Unreached { servers: unreachable, context: self.client.context.clone() };
            return Err(elsewhere.map_or(Failed::Unreachable(unreached), Failed::Refused));
        }
        sleep(ROUND_PAUSE).await;
        Ok(())
    }

    async fn open_at(&mut self, at: usize) -> Result<Streaming<v1::WatchItem>, Meaning> {
        let Some(server) = self.client.servers.get_mut(at) else {
            return Err(Meaning::Doubt("there is no such server".to_owned()));
        };
        let channel = server.channel().await.map_err(Meaning::Doubt)?;
        let from_revision = self.revision.clone();
        let opened = match &self.watched {
            Watched::Messages(ids) => {
                let request =
                    v1::WatchMessagesRequest { from_revision, ids: ids.clone(), ..Default::default() };
                timeout(SILENCE_MAX, MessageServiceClient::new(channel).watch(request)).await
            }
            Watched::Everything(kinds) => {
                let kinds = kinds.iter().map(|kind| i32::from(*kind)).collect();
                let request = v1::WatchClusterRequest { from_revision, kinds };
                timeout(SILENCE_MAX, ClusterServiceClient::new(channel).watch(request)).await
            }
        };
        match opened {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(status)) => Err(meaning(&status)),
            Err(_) => Err(Meaning::Doubt("no answer in time".to_owned())),
        }
    }

    /// A silent server may be cut off from the others: where another answers for the majority, that one goes on.
    async fn look_around(&mut self) {
        let asked = self.client.members().await;
        let elsewhere = self.client.good != self.at % self.client.servers.len();
        match asked {
            Ok((_, freshness)) if !freshness.stale && elsewhere => {
                self.at = self.client.good;
                self.stream = None;
            }
            Ok(_) | Err(_) => {}
        }
    }
}
