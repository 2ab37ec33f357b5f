//! The door for reads: the applied state, how far it is, and what just happened.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use smsgrid::model::Position;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;

use super::StateMachine;

/// Most events kept for a listener that is behind; one further behind is told that it lagged.
const EVENTS_MAX: usize = 4096;

/// A handle for reads; clones share the state.
#[derive(Debug)]
pub struct View<M: StateMachine> {
    machine: Arc<RwLock<M>>,
    applied: watch::Sender<Position>,
    events: broadcast::Sender<(Position, M::Event)>,
}

/// A position was not applied in time, or the node is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("position {wanted} is not applied yet, the state is at {applied}")]
pub struct NotApplied {
    /// The position waited for.
    pub wanted: Position,
    /// The position applied.
    pub applied: Position,
}

impl<M: StateMachine> View<M> {
    pub(super) fn new(machine: M, applied: Position) -> View<M> {
        View {
            machine: Arc::new(RwLock::new(machine)),
            applied: watch::Sender::new(applied),
            events: broadcast::Sender::new(EVENTS_MAX),
        }
    }

    /// Reads the applied state. `act` must be short and never wait: nothing is applied meanwhile.
    pub fn read<T>(&self, act: impl FnOnce(&M) -> T) -> T {
        act(&self.machine.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last position applied; the default before the first.
    pub fn applied(&self) -> Position {
        *self.applied.borrow()
    }

    /// Wakes whenever something was applied. Several entries may be one wake-up: read the state after it.
    pub fn wakes(&self) -> watch::Receiver<Position> {
        self.applied.subscribe()
    }

    /// Waits until `wanted` is applied, for a read that must see one's own write. Safe to drop.
    pub async fn wait_applied(&self, wanted: Position, within: Duration) -> Result<(), NotApplied> {
        let mut applied = self.applied.subscribe();
        let reached = timeout(within, applied.wait_for(|applied| *applied >= wanted)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotApplied { wanted, applied: self.applied() }),
        }
    }

    /// Events from now on, each with its position. A listener that falls behind by more than 4096 receives
    /// `Lagged` and must read the state anew; events of what was applied before the start are not repeated.
    pub fn events(&self) -> broadcast::Receiver<(Position, M::Event)> {
        self.events.subscribe()
    }

    /// Applies commands of one entry in one go, from `first` on, and tells everybody. What is none takes its
    /// position and has no effect.
    pub(super) fn apply<'a>(
        &self,
        first: Position,
        commands: impl Iterator<Item = Option<&'a M::Command>>,
    ) -> Vec<M::Reply> {
        let mut replies = Vec::new();
        let mut happened = Vec::new();
        let mut position = first;
        {
            let mut machine = self.machine.write().unwrap_or_else(PoisonError::into_inner);
            let mut events = Vec::new();
            for (offset, command) in (first.offset..).zip(commands) {
                position.offset = offset;
                let Some(command) = command else { continue };
                replies.push(machine.apply(position, command, &mut events));
                happened.extend(events.drain(..).map(|event| (position, event)));
            }
        }
        self.applied.send_replace(position);
        for event in happened {
            // Nobody listens when this fails.
            let _ = self.events.send(event);
        }
        replies
    }
}

impl<M: StateMachine> Clone for View<M> {
    fn clone(&self) -> View<M> {
        View { machine: self.machine.clone(), applied: self.applied.clone(), events: self.events.clone() }
    }
}
