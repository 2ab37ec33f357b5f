//! The batches of this node that are under way, from the moment they are handed to a leader until it is certain what
//! became of them.
//!
//! ```text
//!            its entry is applied here
//! under way ─────────────────────────────▶ answered
//!    │ │ the leader refused it, or an entry of a later term is applied here first
//!    │ └────────────────────────────────▶ certainly lost: its commands are proposed again
//!    │ a snapshot of its term or a later one is installed here, or the log fails
//!    └──────────────────────────────────▶ unknown
//! ```
//!
//! A batch is handed over for one term only and no leader writes it in another. Entries are applied in order and
//! terms never go back, so once a later term has begun here without it, it cannot come any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use smsgrid::model::NodeId;
use tokio::sync::{Notify, watch};

use super::payload::Origin;
use super::propose::{Ticket, Waiter};
use super::{Failure, ProposeError, StateMachine};

/// Most commands kept outside the lanes because no leader can be reached; those of lost batches come on top.
const PARKED_MAX: usize = 4096;

/// What became of the batches; shared by the coalescer, which sends them, and apply, which answers them.
pub(super) struct Flights<M: StateMachine> {
    node: NodeId,
    start: u64,
    inner: Mutex<Inner<M>>,
    /// Wakes the coalescer: there is room, or something to propose again.
    changed: Notify,
    applied_term: watch::Sender<u64>,
}

struct Inner<M: StateMachine> {
    next_batch: u64,
    under_way: BTreeMap<u64, Flight<M>>,
    lost: VecDeque<Ticket<M>>,
    applied_term: u64,
    ended: Option<Option<Failure>>,
}

struct Flight<M: StateMachine> {
    term: u64,
    commands: Vec<M::Command>,
    waiters: Vec<Waiter<M>>,
}

impl<M: StateMachine> Flights<M> {
    pub(super) fn new(node: NodeId, start: u64) -> Flights<M> {
        let inner = Inner {
            next_batch: 1,
            under_way: BTreeMap::new(),
            lost: VecDeque::new(),
            applied_term: 0,
            ended: None,
        };
        let (applied_term, _) = watch::channel(0);
        Flights { node, start, inner: Mutex::new(inner), changed: Notify::new(), applied_term }
    }

    /// Notes a batch that is about to be handed to the leader of `term`. None when it must not be: that term is over
    /// here, so its commands are proposed again, or everything has ended.
    pub(super) fn depart(
        &self,
        term: u64,
        commands: Vec<M::Command>,
        waiters: Vec<Waiter<M>>,
    ) -> Option<Origin> {
        let flight = Flight { term, commands, waiters };
        let mut inner = self.inner();
        if let Some(failure) = &inner.ended {
            flight.end(failure.as_ref());
            return None;
        }
        if term < inner.applied_term {
            inner.lost.extend(flight.give_back());
            return None;
        }
        let batch = inner.next_batch;
        inner.next_batch += 1;
        inner.under_way.insert(batch, flight);
        Some(Origin { node: self.node, start: self.start, batch })
    }

    /// Whether the batch is still under way and somebody waits for it; one nobody waits for is forgotten.
    pub(super) fn is_awaited(&self, batch: u64) -> bool {
        let mut inner = self.inner();
        let is_gone = |flight: &Flight<M>| flight.waiters.iter().all(Waiter::is_gone);
        match inner.under_way.get(&batch).map(is_gone) {
            Some(false) => true,
            Some(true) => {
                inner.under_way.remove(&batch);
                false
            }
            None => false,
        }
    }

    /// The batch was certainly not taken.
    pub(super) fn refused(&self, batch: u64) {
        let mut inner = self.inner();
        if let Some(flight) = inner.under_way.remove(&batch) {
            inner.lost.extend(flight.give_back());
        }
    }

    /// Whom to answer for an entry of this origin; nobody when another node or an earlier start proposed it.
    pub(super) fn arrive(&self, origin: Origin) -> Vec<Waiter<M>> {
        if (origin.node, origin.start) != (self.node, self.start) {
            return Vec::new();
        }
        let flight = self.inner().under_way.remove(&origin.batch);
        flight.map(|flight| flight.waiters).unwrap_or_default()
    }

    /// Somebody was answered: there is room for the next batch.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    /// An entry of `term` is about to be applied.
    pub(super) fn term_reached(&self, term: u64) {
        let mut inner = self.inner();
        if term <= inner.applied_term {
            return;
        }
        inner.applied_term = term;
        let lost = inner.take_under_way(|flight| flight.term < term);
        inner.lost.extend(lost.into_iter().flat_map(Flight::give_back));
        drop(inner);
        self.changed.notify_one();
        self.applied_term.send_replace(term);
    }

    /// The state now contains everything up to an entry of `term`; what of it came from here cannot be answered.
    pub(super) fn installed(&self, term: u64) {
        let mut inner = self.inner();
        inner.applied_term = inner.applied_term.max(term);
        let unknown = inner.take_under_way(|flight| flight.term <= term);
        drop(inner);
        unknown.into_iter().for_each(|flight| flight.end(None));
        self.changed.notify_one();
        self.applied_term.send_replace(term);
    }

    /// Nothing will be applied any more.
    pub(super) fn end(&self, failure: Option<&Failure>) {
        let mut inner = self.inner();
        inner.ended.get_or_insert(failure.cloned());
        let unknown = inner.take_under_way(|_| true);
        inner.lost.clear();
        drop(inner);
        unknown.into_iter().for_each(|flight| flight.end(failure));
    }

    /// Takes commands that are to be proposed again.
    pub(super) fn fill(&self, tickets: &mut Vec<Ticket<M>>, commands_max: usize) {
        let mut inner = self.inner();
        while tickets.len() < commands_max
            && let Some(ticket) = inner.lost.pop_front()
        {
            tickets.extend(ticket.take());
        }
    }

    /// Keeps a command that waits for a leader; false when there is no room for another.
    pub(super) fn park(&self, ticket: Ticket<M>) -> bool {
        let mut inner = self.inner();
        inner.lost.push_back(ticket);
        inner.lost.len() < PARKED_MAX
    }

    /// Forgets commands nobody waits for; true when there is room for more.
    pub(super) fn sweep(&self) -> bool {
        let mut inner = self.inner();
        inner.lost.retain(|ticket| !ticket.waiter.is_gone());
        inner.lost.len() < PARKED_MAX
    }

    /// How many are under way, and whether there is something to propose again.
    pub(super) fn load(&self) -> (usize, bool) {
        let inner = self.inner();
        (inner.under_way.len(), !inner.lost.is_empty())
    }

    /// Waits until something may be different. Safe to drop.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The term of the last entry applied.
    pub(super) fn applied_term(&self) -> watch::Receiver<u64> {
        self.applied_term.subscribe()
    }

    fn inner(&self) -> MutexGuard<'_, Inner<M>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: StateMachine> Inner<M> {
    fn take_under_way(&mut self, goes: impl Fn(&Flight<M>) -> bool) -> Vec<Flight<M>> {
        let (gone, kept) =
            std::mem::take(&mut self.under_way).into_iter().partition(|(_, flight)| goes(flight));
        self.under_way = kept;
        let gone: BTreeMap<u64, Flight<M>> = gone;
        gone.into_values().collect()
    }
}

impl<M: StateMachine> Flight<M> {
    fn give_back(self) -> impl Iterator<Item = Ticket<M>> {
        let tickets = self.commands.into_iter().zip(self.waiters);
        tickets.map(|(command, waiter)| Ticket { command, waiter }.give_back())
    }

    fn end(self, failure: Option<&Failure>) {
        for waiter in self.waiters {
            waiter.answer(Err(ProposeError::Unknown(failure.cloned())));
        }
    }
}
