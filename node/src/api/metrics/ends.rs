//! Messages that come to their end while this node follows the log.
//!
//! What a node applies again after a start has been counted before: counting begins when it has caught up. Events are
//! kept for a while and looked at whenever something was applied; those that a snapshot leaves out are not counted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use smsgrid::model::MessageState;
use smsgrid::queue::Event;

use crate::machine::View;
use crate::raft::Revision;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The counters of all ends, and how far events were counted; none before counting has begun.
pub(super) struct Ends {
    finished: Family<Outcome, Counter>,
    counted: Mutex<Option<Revision>>,
}

impl Ends {
    pub(super) fn register(registry: &mut Registry) -> Ends {
        let finished = Family::<Outcome, Counter>::default();
        let help = "Moves of messages to a final state since this node caught up with the log, by outcome; \
                    one that late evidence moves on counts in both (cluster)";
        registry.register("messages_finished", help, finished.clone());
        Ends { finished, counted: Mutex::new(None) }
    }

    /// Whether counting has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.counted().is_some()
    }

    /// Counts what happens after what `view` has applied by now, unless it counts already. There are no series before.
    pub(super) fn begin(&self, view: &View) {
        self.counted().get_or_insert_with(|| view.revision());
        for state in MessageState::ALL.into_iter().filter(|state| state.is_final()) {
            drop(self.finished.get_or_create(&Outcome { outcome: state.word() }));
        }
    }

    /// Counts what `view` has applied meanwhile.
    pub(super) fn follow(&self, view: &View) {
        let mut counted = self.counted();
        let Some(after) = *counted else { return };
        let Ok(events) = view.events_since(after) else {
            *counted = Some(view.revision());
            return;
        };
        for (revision, event) in events {
            if let Event::Changed { to, .. } = event
                && to.is_final()
            {
                self.finished.get_or_create(&Outcome { outcome: to.word() }).inc();
            }
            *counted = Some(revision);
        }
    }

    fn counted(&self) -> MutexGuard<'_, Option<Revision>> {
        // Nothing that can panic happens under this lock.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
