//! Since when no leader with a majority can be reached, so that callers are not left waiting for one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long there must be no leader until commands that wait are refused.
const HOPELESS_AFTER: Duration = Duration::from_secs(2);
/// How long a command waits at least before it is refused, should a leader come back.
const GRACE: Duration = Duration::from_millis(500);

/// Kept by the coalescer, looked at by callers.
#[derive(Debug, Default)]
pub(super) struct Stranded(Mutex<Option<Instant>>);

impl Stranded {
    /// A batch could not be handed to a leader, or there is none.
    pub(super) fn begins(&self) {
        self.since().get_or_insert_with(Instant::now);
    }

    /// A leader took a batch.
    pub(super) fn ends(&self) {
        self.since().take();
    }

    /// Whether there is none now.
    pub(super) fn is_on(&self) -> bool {
        self.since().is_some()
    }

    /// Whether it has lasted so long that waiting is pointless.
    pub(super) fn is_hopeless(&self) -> bool {
        self.since().is_some_and(|since| since.elapsed() >= HOPELESS_AFTER)
    }

    /// When a caller looks first.
    pub(super) fn first_look(&self, entered: Instant) -> Instant {
        entered + GRACE
    }

    /// When a caller looks again.
    pub(super) fn next_look(&self) -> Instant {
        let (now, since) = (Instant::now(), *self.since());
        // Nothing can be hopeless sooner; one that already is may be in doubt and is looked at again.
        let due = since.map_or(now + HOPELESS_AFTER, |since| since + HOPELESS_AFTER);
        due.max(now + GRACE / 5)
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
