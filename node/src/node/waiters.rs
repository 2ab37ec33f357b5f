//! Who waits for the end of which message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smsgrid::model::{MessageId, Position};
use smsgrid::queue::Event;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

/// Wakes whoever waits for a message that has become final. A wake-up only says: look again.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiters {
    waiting: Arc<Mutex<HashMap<MessageId, Vec<oneshot::Sender<()>>>>>,
}

impl Waiters {
    /// A wait that begins now; look at the state after this and before waiting.
    pub(super) fn wait_for(&self, message: MessageId) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        let mut waiting = self.lock();
        let row = waiting.entry(message).or_default();
        // Whoever gave up leaves its end behind.
        row.retain(|wake| !wake.is_closed());
        row.push(wake);
        woken
    }

    /// Passes events on until there are no more.
    pub(super) async fn dispatch(self, mut events: Receiver<(Position, Event)>) {
        loop {
            match events.recv().await {
                Ok((_, Event::Changed { message, to, .. })) if to.is_final() => self.wake(message),
                Ok((_, Event::Forgotten { message })) => self.wake(message),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.wake_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn wake(&self, message: MessageId) {
        let row = self.lock().remove(&message).unwrap_or_default();
        // Whoever is gone needs no waking.
        for wake in row {
            let _ = wake.send(());
        }
    }

    fn wake_all(&self) {
        let rows = std::mem::take(&mut *self.lock());
        for wake in rows.into_values().flatten() {
            let _ = wake.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MessageId, Vec<oneshot::Sender<()>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
