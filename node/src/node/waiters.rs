//! Who waits for the end of which message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smsgrid::model::MessageId;
use smsgrid::queue::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use crate::machine::View;

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

    /// Passes on what `view` tells until it tells no more.
    pub(super) async fn dispatch(self, view: View) {
        let (mut events, mut installed) = (view.events(), view.installed());
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok((_, Event::Changed { message, to, .. })) if to.is_final() => self.wake(message),
                    Ok((_, Event::Forgotten { message })) => self.wake(message),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => self.wake_all(),
                    Err(RecvError::Closed) => return,
                },
                // What led to the state of a snapshot is told by no event.
                Ok(_) = installed.changed() => self.wake_all(),
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
