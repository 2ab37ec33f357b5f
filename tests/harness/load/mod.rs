//! A workload: clients that submit with keys at any node, read what they submitted, and watch; and the record of it.
//!
//! A client repeats a submission under its key, at another node, until it is accepted, or gives it up; both happen, so
//! that what was surely refused can be seen to stay away.

mod answer;
mod reader;
mod submitter;
mod watcher;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use smsgrid::model::MessageState;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::chance::Chance;
use crate::cluster::ask;
use crate::history::{Answer, History, Moment, Read, Submit, Watch};

/// How long a client waits for one answer.
const ANSWER: Duration = Duration::from_secs(4);
/// How long the end of all clients may take once they are told.
const END: Duration = Duration::from_secs(20);

/// How much is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Clients that submit, each one message after the other.
    pub submitters: usize,
    /// How long a submitter rests between two messages.
    pub pace: Duration,
    /// Most messages in all.
    pub messages: usize,
    /// Clients that read.
    pub readers: usize,
    /// Clients that watch.
    pub watchers: usize,
    /// What all choices follow from.
    pub seed: u64,
    /// Of a hundred messages, how many have two parts.
    pub long_percent: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            submitters: 4,
            pace: Duration::from_millis(20),
            messages: usize::MAX,
            readers: 2,
            watchers: 2,
            seed: 1,
            long_percent: 10,
        }
    }
}

/// A running workload.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    runtime: Runtime,
    tasks: JoinSet<()>,
}

/// What all clients share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    channels: Vec<Channel>,
    begun: Instant,
    next: AtomicUsize,
    accepted: AtomicUsize,
    /// Ids of accepted messages with the revision of the acknowledgement.
    known: Mutex<Vec<(String, String)>>,
    history: Mutex<History>,
    ending: CancellationToken,
}

impl Load {
    /// Starts clients of the nodes at `apis`; times are counted from `begun`.
    pub fn start(apis: &[SocketAddr], begun: Instant, settings: Settings) -> Load {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("load")
            .enable_all()
            .build()
            .expect("a runtime");
        let inside = runtime.enter();
        let shared = Arc::new(Shared {
            channels: apis.iter().map(|api| ask::channel(*api)).collect(),
            begun,
            next: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            known: Mutex::new(Vec::new()),
            history: Mutex::new(History::default()),
            ending: CancellationToken::new(),
            settings,
        });
        let mut tasks = JoinSet::new();
        for number in 0..shared.settings.submitters {
            tasks.spawn(submitter::run(shared.clone(), shared.chance(number)));
        }
        for number in 0..shared.settings.readers {
            tasks.spawn(reader::run(shared.clone(), shared.chance(1_000 + number)));
        }
        for number in 0..shared.settings.watchers {
            tasks.spawn(watcher::run(
                shared.clone(),
                format!("watcher {number}"),
                shared.chance(2_000 + number),
            ));
        }
        drop(inside);
        Load { shared, runtime, tasks }
    }

    /// How many messages were accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Whether the submitters have submitted all they were told to.
    pub fn is_done(&self) -> bool {
        self.accepted() >= self.shared.settings.messages
    }

    /// The first message that was asked for and accepted after `moment`.
    pub fn accepted_since(&self, moment: Moment) -> Option<Moment> {
        let history = self.shared.history.lock().expect("no holder panics");
        // They stand in the order of their answers, so the new ones are at the end.
        let new = history.submits.iter().rev().take_while(|submit| submit.returned >= moment);
        let accepted =
            new.filter(|submit| submit.invoked >= moment && matches!(submit.answer, Answer::Accepted { .. }));
        accepted.map(|submit| submit.returned).min()
    }

    /// Ends all clients and gives the record.
    pub fn finish(mut self) -> History {
        self.shared.ending.cancel();
        let tasks = &mut self.tasks;
        let ended = self.runtime.block_on(async {
            let all = async {
                while let Some(end) = tasks.join_next().await {
                    end.expect("no client panics")
                }
            };
            tokio::time::timeout(END, all).await
        });
        ended.expect("every call of a client has a deadline");
        std::mem::take(&mut *self.shared.history.lock().expect("no holder panics"))
    }
}

impl Shared {
    fn now(&self) -> Moment {
        self.begun.elapsed()
    }

    /// A generator for one client.
    fn chance(&self, number: usize) -> Chance {
        Chance::new(self.settings.seed.wrapping_mul(1_000_003).wrapping_add(number as u64))
    }

    fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }

    /// A number for a new message; nothing when there are enough.
    fn take_number(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.settings.messages).then_some(number)
    }

    fn record_submit(&self, submit: Submit) {
        self.history.lock().expect("no holder panics").submits.push(submit);
    }

    fn record_read(&self, read: Read) {
        self.history.lock().expect("no holder panics").reads.push(read);
    }

    fn record_watch(&self, watch: Watch) {
        self.history.lock().expect("no holder panics").watches.push(watch);
    }

    fn know(&self, id: &str, revision: &str) {
        let mut known = self.known.lock().expect("no holder panics");
        known.push((id.to_owned(), revision.to_owned()));
    }

    /// An accepted message, one of the last ones more often than not.
    fn known(&self, chance: &mut Chance) -> Option<(String, String)> {
        let known = self.known.lock().expect("no holder panics");
        if known.is_empty() {
            return None;
        }
        let recent = known.len().saturating_sub(50);
        let first = if chance.below(4) == 0 { 0 } else { recent };
        known.get(first + chance.below(known.len() - first)).cloned()
    }

    /// Rests for a while, or until the end.
    async fn rest(&self, span: Duration) {
        // Either way the client looks at what comes next.
        let _ = tokio::time::timeout(span, self.ending.cancelled()).await;
    }
}

/// The state a wire number stands for; nothing for what is no state.
pub(crate) fn state_of(number: i32) -> Option<MessageState> {
    // The wire counts from one in the order of a message's life.
    let place = usize::try_from(number).ok()?.checked_sub(1)?;
    MessageState::ALL.get(place).copied()
}

#[cfg(test)]
mod tests {
    use smsgrid_proto::v1;

    use super::*;

    #[test]
    fn every_state_has_the_same_word_on_the_wire() {
        for state in MessageState::ALL {
            let wire =
                v1::MessageState::from_str_name(&format!("MESSAGE_STATE_{}", state.word().to_uppercase()));
            assert_eq!(state_of(wire.expect("a word of the API") as i32), Some(state));
        }
        assert_eq!(state_of(0), None);
        assert_eq!(state_of(99), None);
    }
}
