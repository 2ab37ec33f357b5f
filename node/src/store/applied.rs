//! The applied state as the store sees it: what is known now, and which messages something was done to.

use smsgrid::model::{MessageId, Position};
use smsgrid::queue::{Event, Queue};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::watch;

use crate::machine::View;

/// The state that the log leads to, and what happens to it.
pub trait Applied: Send + Sync + 'static {
    /// Everything up to here is in the state.
    fn position(&self) -> Position;
    /// Shows the state. `act` must be short and never wait: nothing is applied meanwhile.
    fn read(&self, act: &mut dyn FnMut(&Queue));
    /// Wakes whenever something was applied.
    fn wakes(&self) -> watch::Receiver<Position>;
    /// Follows the messages from now on.
    fn changes(&self) -> Box<dyn Changes>;
}

/// The messages something was done to, in order.
pub trait Changes: Send {
    /// The next, without waiting for one; none when nothing has happened since.
    fn next(&mut self) -> Option<Change>;
}

/// Something that was done to the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// This one is new or changed.
    Revised(MessageId),
    /// This one has left memory.
    Forgotten(MessageId),
    /// Nobody knows what was done: every message may be another.
    Anything,
}

impl Applied for View {
    fn position(&self) -> Position {
        self.applied()
    }

    fn read(&self, act: &mut dyn FnMut(&Queue)) {
        View::read(self, act);
    }

    fn wakes(&self) -> watch::Receiver<Position> {
        View::wakes(self)
    }

    fn changes(&self) -> Box<dyn Changes> {
        Box::new(Events { events: self.events() })
    }
}

struct Events {
    events: Receiver<(Position, Event)>,
}

impl Changes for Events {
    fn next(&mut self) -> Option<Change> {
        loop {
            match self.events.try_recv() {
                Ok((_, event)) => {
                    if let Some(change) = change(&event) {
                        return Some(change);
                    }
                }
                Err(TryRecvError::Lagged(_)) => return Some(Change::Anything),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

fn change(event: &Event) -> Option<Change> {
    match event {
        Event::Changed { message, .. }
        | Event::Revised { message }
        | Event::Resolved { message, .. }
        | Event::Retried { message, .. }
        | Event::Discarded { message, .. } => Some(Change::Revised(*message)),
        Event::Forgotten { message } => Some(Change::Forgotten(*message)),
        Event::Claimed { .. }
        | Event::Unarmed { .. }
        | Event::ModemRegistered { .. }
        | Event::ModemUnregistered { .. }
        | Event::SessionStarted { .. }
        | Event::SessionEnded { .. } => None,
    }
}
