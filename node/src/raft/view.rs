//! The door for reads: the applied state, how far it is, and what just happened.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use smsgrid::model::Position;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;

use super::StateMachine;
use super::window::{Gone, Revision, Window};

/// Most events kept for a listener that is behind; one further behind is told that it lagged.
const EVENTS_MAX: usize = 4096;
/// Most commands applied before readers get their turn.
const APPLY_COMMANDS_MAX: usize = 128;

/// A handle for reads; clones share the state.
#[derive(Debug)]
pub struct View<M: StateMachine> {
    state: Arc<RwLock<State<M>>>,
    applied: watch::Sender<Position>,
    installed: watch::Sender<Position>,
    events: broadcast::Sender<(Position, M::Event)>,
}

struct State<M: StateMachine> {
    machine: M,
    /// After the last command applied.
    at: Revision,
    window: Window<M::Event>,
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
    pub(super) fn new(machine: M) -> View<M> {
        let at = Revision::default();
        let state = State { machine, at, window: Window::begin_at(at) };
        View {
            state: Arc::new(RwLock::new(state)),
            applied: watch::Sender::new(Position::default()),
            installed: watch::Sender::new(Position::default()),
            events: broadcast::Sender::new(EVENTS_MAX),
        }
    }

    /// Reads the applied state. `act` must be short and never wait: nothing is applied meanwhile.
    pub fn read<T>(&self, act: impl FnOnce(&M) -> T) -> T {
        act(&self.state.read().unwrap_or_else(PoisonError::into_inner).machine)
    }

    /// Reads the applied state together with the revision it is at: events after it are not in what was read.
    pub fn read_at<T>(&self, act: impl FnOnce(&M) -> T) -> (T, Revision) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (act(&state.machine), state.at)
    }

    /// The last position applied; entries are applied as a whole. The default before the first.
    pub fn applied(&self) -> Position {
        *self.applied.borrow()
    }

    /// Wakes whenever something was applied. Several entries may be one wake-up: read the state after it.
    pub fn wakes(&self) -> watch::Receiver<Position> {
        self.applied.subscribe()
    }

    /// Wakes when the state was replaced by a snapshot, with its position: whoever follows events must read the
    /// state anew.
    pub fn installed(&self) -> watch::Receiver<Position> {
        self.installed.subscribe()
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

    /// The events after `after`, all of them, as long as the newest 65,536 reach that far back. They begin anew with
    /// a start of the node, and with a snapshot taken over from another.
    pub fn events_since(&self, after: Revision) -> Result<Vec<(Revision, M::Event)>, Gone> {
        self.next_events(after, usize::MAX)
    }

    /// The same, but at most the first `most`; fewer are all there are.
    pub fn next_events(&self, after: Revision, most: usize) -> Result<Vec<(Revision, M::Event)>, Gone> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).window.since(after, most)
    }

    /// The revision the state is at: after every event of the last command applied, whether it had any or not.
    pub fn revision(&self) -> Revision {
        self.state.read().unwrap_or_else(PoisonError::into_inner).at
    }

    /// Applies the commands of one entry and tells everybody. What is none takes its position and has no effect.
    pub(super) fn apply(&self, index: u64, commands: &[Option<M::Command>]) -> Vec<M::Reply> {
        let mut replies = Vec::with_capacity(commands.len());
        let mut happened = Vec::new();
        let offsets = (0u32..).step_by(APPLY_COMMANDS_MAX);
        for (offset, commands) in offsets.zip(commands.chunks(APPLY_COMMANDS_MAX)) {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            for (offset, command) in (offset..).zip(commands) {
                let Some(command) = command else { continue };
                let position = Position { index, offset };
                replies.push(state.apply(position, command, &mut happened));
            }
        }
        let offset = u32::try_from(commands.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.applied.send_replace(Position { index, offset });
        for event in happened {
            // Nobody listens when this fails.
            let _ = self.events.send(event);
        }
        replies
    }

    /// Passes over an entry without commands.
    pub(super) fn pass(&self, index: u64) {
        self.applied.send_replace(Position { index, offset: 0 });
    }

    /// Replaces the state by that after the entry `index`.
    pub(super) fn install(&self, machine: M, index: u64) {
        let at = Revision::after_entry(index);
        let window = Window::begin_at(at);
        let old = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *state, State { machine, at, window })
        };
        // Dropping a large state takes a while; neither readers nor a heartbeat need wait for it.
        drop(tokio::task::spawn_blocking(move || drop(old)));
        // Whatever the entry held is part of it.
        let position = Position { index, offset: u32::MAX };
        self.applied.send_replace(position);
        self.installed.send_replace(position);
    }
}

impl<M: StateMachine> State<M> {
    fn apply(
        &mut self,
        position: Position,
        command: &M::Command,
        happened: &mut Vec<(Position, M::Event)>,
    ) -> M::Reply {
        let mut events = Vec::new();
        let reply = self.machine.apply(position, command, &mut events);
        for (number, event) in events.into_iter().enumerate() {
            let Position { index, offset } = position;
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            self.window.push(Revision { index, offset, event: number }, event.clone());
            happened.push((position, event));
        }
        self.at = Revision::after(position);
        reply
    }
}

impl<M: StateMachine> std::fmt::Debug for State<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("revision", &self.at).finish_non_exhaustive()
    }
}

impl<M: StateMachine> Clone for View<M> {
    fn clone(&self) -> View<M> {
        View {
            state: self.state.clone(),
            applied: self.applied.clone(),
            installed: self.installed.clone(),
            events: self.events.clone(),
        }
    }
}
