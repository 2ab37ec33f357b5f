//! One client that watches all messages, at one node after the other, going on where it was.

use std::sync::Arc;
use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use smsgrid_proto::v1::watch_item::Item;
use tonic::{Request, Streaming};

use super::{ANSWER, Shared, state_of};
use crate::chance::Chance;
use crate::history::{Change, Revision, Watch};

/// Rest before another node is tried.
const BACKOFF: Duration = Duration::from_millis(100);
/// Longest silence before another node is tried: nodes say now and then how far they are.
const SILENCE: Duration = Duration::from_secs(5);
/// Changes heard at one node before the next one is tried, so that watches move without a fault, too.
const STAY_MAX: usize = 150;

/// Watches until the end.
pub(super) async fn run(shared: Arc<Shared>, name: String, mut chance: Chance) {
    let mut watching = Watching { name, part: 0, last: String::new(), watch: None };
    while !shared.is_ending() {
        let node = chance.below(shared.channels.len());
        let stay = 1 + chance.below(STAY_MAX);
        tokio::select! {
            () = follow(&shared, node, stay, &mut watching) => {}
            () = shared.ending.cancelled() => {}
        }
        shared.rest(BACKOFF).await;
    }
    watching.close(&shared);
}

struct Watching {
    name: String,
    /// How often it had to begin anew.
    part: usize,
    /// Where it goes on; empty at first.
    last: String,
    watch: Option<Watch>,
}

async fn follow(shared: &Shared, node: usize, stay: usize, watching: &mut Watching) {
    let mut client = MessageServiceClient::new(shared.channels[node].clone());
    let request = v1::WatchMessagesRequest { from_revision: watching.last.clone(), ..Default::default() };
    let Ok(Ok(response)) = tokio::time::timeout(ANSWER, client.watch(Request::new(request))).await else {
        return;
    };
    let mut items: Streaming<v1::WatchItem> = response.into_inner();
    let mut heard = 0;
    while heard < stay {
        let Ok(Ok(Some(item))) = tokio::time::timeout(SILENCE, items.message()).await else { return };
        heard += 1;
        match item.item {
            Some(Item::Event(event)) => watching.event(&event),
            Some(Item::Progress(progress)) => watching.progress(progress.revision),
            Some(Item::Resync(resync)) => {
                watching.close(shared);
                watching.progress(resync.revision);
            }
            None => {}
        }
    }
}

impl Watching {
    fn event(&mut self, event: &v1::Event) {
        self.last.clone_from(&event.revision);
        let moved = event.kind == i32::from(v1::EventKind::MessageChanged);
        let Some(state) = state_of(event.state).filter(|_| moved) else { return };
        let change = Change {
            revision: Revision(event.revision.clone()),
            id: event.id.clone(),
            from: state_of(event.from),
            state,
        };
        if let Some(watch) = &mut self.watch {
            watch.changes.push(change);
        }
    }

    fn progress(&mut self, revision: String) {
        if self.watch.is_none() {
            let (name, part) = (&self.name, self.part);
            let after = Revision(revision.clone());
            self.watch = Some(Watch { name: format!("{name}.{part}"), after, changes: Vec::new() });
            self.part += 1;
        }
        self.last = revision;
    }

    fn close(&mut self, shared: &Shared) {
        if let Some(watch) = self.watch.take() {
            shared.record_watch(watch);
        }
    }
}
