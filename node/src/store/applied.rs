//! The applied state as the store sees it: what is known now, and which messages something was done to.

use std::collections::VecDeque;

use smsgrid::model::{MessageId, Position};
use smsgrid::queue::{Event, Queue};
use tokio::sync::watch;

use crate::machine::View;
use crate::raft::Revision;

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
    /// This one is final, and leaves memory when enough others have ended after it.
    Ended(MessageId),
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
        Box::new(Events { view: self.clone(), at: self.revision(), waiting: VecDeque::new() })
    }
}

/// Most events taken over while the state is held.
const EVENTS_MAX: usize = 1024;

/// The events after a revision. A snapshot that is taken over begins the window anew, so that nothing before it can be
/// had any more.
struct Events {
    view: View,
    at: Revision,
    waiting: VecDeque<(Revision, Event)>,
}

impl Changes for Events {
    fn next(&mut self) -> Option<Change> {
        loop {
            if self.waiting.is_empty() {
                match self.view.next_events(self.at, EVENTS_MAX) {
                    Ok(events) => self.waiting.extend(events),
                    Err(_) => {
                        self.at = self.view.revision();
                        return Some(Change::Anything);
                    }
                }
            }
            let (revision, event) = self.waiting.pop_front()?;
            self.at = revision;
            if let Some(change) = change(&event) {
                return Some(change);
            }
        }
    }
}

fn change(event: &Event) -> Option<Change> {
    match event {
        Event::Changed { message, to, .. } if to.is_final() => Some(Change::Ended(*message)),
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
