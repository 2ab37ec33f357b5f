//! A watch: every event of interest after a revision, without gap and without repeat.
//!
//! ```text
//!          next_events(cursor), in slices
//! waiting ──────────────────────▶ telling ──client takes too long, node stops──▶ ended, with the revision
//!    ▲  something applied            │ all told
//!    └───────────────────────────────┘
//!          older than the window: Resync, then on from the newest
//! ```
//!
//! Events are taken from the window the applied state keeps, so a watch holds no queue of its own beyond what waits
//! for its client, and it can go on at any node: all have the same events under the same revisions.

use std::sync::Arc;

use smsgrid::queue::Event;
use smsgrid_proto::{Reason, v1};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Code, Status};

use super::Api;
use super::limits::{WATCH_ITEMS_MAX, WATCH_PROGRESS, WATCH_SLICE, WATCH_STALL_MAX, WORD_OCTETS_MAX};
use super::refusal::Refusal;
use super::revision;
use crate::raft::{Gone, Revision};

/// The stream of a watch, as the services give it.
pub(super) type Watching = std::pin::Pin<Box<dyn Stream<Item = Result<v1::WatchItem, Status>> + Send>>;

/// What a watch is interested in, and what it says of it.
pub(super) trait Interest: Send + 'static {
    /// The event for the client, if it is of interest.
    fn event(&mut self, api: &Api, revision: Revision, event: &Event) -> Option<v1::Event>;
    /// What a client that has missed events has to know; the state is read at the revision given back.
    fn resync(&mut self, api: &Api) -> (Vec<v1::Message>, Revision);
}

impl Api {
    /// Begins a watch after `from`; with an empty word from now on.
    pub(super) fn watch(self: &Arc<Api>, from: &str, interest: impl Interest) -> Result<Watching, Refusal> {
        if from.len() > WORD_OCTETS_MAX {
            return Err(Refusal::field("from_revision", "is no revision of this cluster"));
        }
        let cursor = match from {
            "" => self.view.revision(),
            word => revision::read(word, "from_revision")?,
        };
        if self.draining.is_cancelled() {
            return Err(Refusal::stopping());
        }
        let permit = self.watches.clone().try_acquire_owned().map_err(|_| {
            Refusal::unavailable(Reason::Overloaded, "this node serves as many watches as it can")
        })?;
        let (items, taken) = mpsc::channel(WATCH_ITEMS_MAX);
        let (end, ended) = oneshot::channel();
        let teller =
            Teller { api: self.clone(), cursor, interest, items, last_told: Instant::now(), _permit: permit };
        self.tellers.spawn(async move {
            // The client is gone when nobody takes the word.
            let _ = end.send(teller.run().await);
        });
        let last =
            futures_util::stream::once(ended).filter_map(|end| end.ok().flatten().map(|end| Err(end.into())));
        Ok(Box::pin(ReceiverStream::new(taken).map(Ok).chain(last)))
    }
}

/// Tells one client.
struct Teller<I> {
    api: Arc<Api>,
    /// Everything up to here is told.
    cursor: Revision,
    interest: I,
    items: mpsc::Sender<v1::WatchItem>,
    last_told: Instant,
    _permit: OwnedSemaphorePermit,
}

/// Why a watch ends: the client is gone, or it has to be told to go on elsewhere.
enum End {
    Gone,
    Told(Refusal),
}

impl<I: Interest> Teller<I> {
    /// Tells until the end; gives what the client has to be told of it.
    async fn run(mut self) -> Option<Refusal> {
        match self.tell().await {
            End::Gone => None,
            End::Told(refusal) => Some(refusal.fact("revision", revision::word(self.cursor))),
        }
    }

    async fn tell(&mut self) -> End {
        let mut wakes = self.api.view.wakes();
        if let Err(end) = self.begin().await {
            return end;
        }
        loop {
            wakes.mark_unchanged();
            if let Err(end) = self.catch_up().await {
                return end;
            }
            let quiet_until = self.last_told + WATCH_PROGRESS;
            tokio::select! {
                woken = wakes.changed() => {
                    if woken.is_err() {
                        return ended("the node stops");
                    }
                }
                () = self.api.draining.cancelled() => return ended("the node stops"),
                () = self.items.closed() => return End::Gone,
                () = tokio::time::sleep_until(quiet_until) => {
                    if let Err(end) = self.progress().await {
                        return end;
                    }
                }
            }
        }
    }

    /// What is known already, between two words of how far it goes: a client that wants no more knows then that it
    /// has all.
    async fn begin(&mut self) -> Result<(), End> {
        self.progress().await?;
        self.catch_up().await?;
        self.progress().await
    }

    /// Tells what has happened, a slice at a time: others have their turn in between.
    async fn catch_up(&mut self) -> Result<(), End> {
        loop {
            // Looked at first: whatever it covers is among the events that are read afterwards.
            let covered = self.api.view.revision();
            let events = match self.api.view.next_events(self.cursor, WATCH_SLICE) {
                Ok(events) => events,
                Err(gone) => return self.resync(gone).await,
            };
            let is_last = events.len() < WATCH_SLICE;
            for (revision, event) in events {
                let told = self.interest.event(&self.api, revision, &event);
                if let Some(event) = told {
                    self.say(v1::watch_item::Item::Event(event)).await?;
                }
                self.cursor = revision;
            }
            if is_last {
                self.cursor = self.cursor.max(covered);
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    async fn resync(&mut self, gone: Gone) -> Result<(), End> {
        self.api.metrics.resynced();
        let (messages, at) = self.interest.resync(&self.api);
        let item = v1::Resync { revision: revision::word(at), oldest: revision::word(gone.oldest), messages };
        self.say(v1::watch_item::Item::Resync(item)).await?;
        self.cursor = at;
        Ok(())
    }

    async fn progress(&mut self) -> Result<(), End> {
        let revision = revision::word(self.cursor);
        self.say(v1::watch_item::Item::Progress(v1::Progress { revision })).await
    }

    /// Hands one item to the client. What it does not take in time it is not told: the cursor stays before it.
    async fn say(&mut self, item: v1::watch_item::Item) -> Result<(), End> {
        self.last_told = Instant::now();
        let item = v1::WatchItem { item: Some(item) };
        match timeout(WATCH_STALL_MAX, self.items.send(item)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(ended("its client did not take what it was told")),
        }
    }
}

fn ended(why: &str) -> End {
    let title = format!("the watch has ended: {why}; go on from the revision given");
    End::Told(Refusal::new(Code::Unavailable, Reason::WatchEnded, title))
}
