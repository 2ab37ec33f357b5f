//! Collects the commands of this node into batches and hands these to the leader, here or one hop away.
//!
//! While batches are under way the lanes collect the next, so batches grow with the load and an idle node answers
//! after one sync.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::payload::{BATCH_HEADER_OCTETS, Payload};
use super::propose::{Lanes, Ticket, Waiter};
use super::wire::{self, Handed};
use super::{Call, Failure, Leadership, Rejection, StateMachine, TransportError};

/// Most commands in one batch.
const BATCH_COMMANDS_MAX: usize = 1024;
/// Most batches under way; a batch that had to be divided may exceed it by its parts.
const BATCHES_MAX: usize = 4;
/// Wait before a batch is handed over again whose answer did not come, doubled each time.
const ASK_AGAIN_MIN: Duration = Duration::from_millis(50);
const ASK_AGAIN_MAX: Duration = Duration::from_secs(1);
/// How often commands whose callers have gone are removed while no leader can be reached.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
/// Wait after a leader refused a batch, doubled each time.
const HOLD_MIN: Duration = Duration::from_millis(10);
const HOLD_MAX: Duration = Duration::from_millis(200);

/// The task that proposes.
pub(super) struct Coalescer<M: StateMachine> {
    core: Arc<Core<M>>,
    lanes: Lanes<M>,
    deliveries: FuturesUnordered<BoxFuture<'static, (u64, Handed)>>,
    hold: Hold,
    next_sweep: Instant,
    /// No majority followed when it was last looked for.
    is_left: bool,
    /// Every proposer is gone.
    is_closed: bool,
}

/// When the next batch may go after one was refused.
struct Hold {
    until: Instant,
    next: Duration,
}

impl<M: StateMachine> Coalescer<M> {
    pub(super) fn new(core: Arc<Core<M>>, lanes: Lanes<M>) -> Coalescer<M> {
        let hold = Hold { until: Instant::now(), next: HOLD_MIN };
        let next_sweep = Instant::now();
        let (deliveries, is_left, is_closed) = (FuturesUnordered::new(), false, false);
        Coalescer { core, lanes, deliveries, hold, next_sweep, is_left, is_closed }
    }

    /// Runs until it is cancelled, or consensus fails: then the node must stop. Callers are told either way.
    pub(super) async fn run(mut self, cancel: CancellationToken) -> Result<(), Failure> {
        let ended = cancel.run_until_cancelled(self.propose()).await;
        self.core.flights.end(ended.as_ref());
        ended.map_or(Ok(()), Err)
    }

    async fn propose(&mut self) -> Failure {
        let core = self.core.clone();
        let mut leadership = core.leadership.subscribe();
        loop {
            let led = *leadership.borrow_and_update();
            let is_followed = self.is_followed(&led);
            let (under_way, is_again) = core.flights.load();
            let may_send = is_followed && under_way < BATCHES_MAX && self.hold.until <= Instant::now();
            if may_send && is_again {
                self.send(led, None).await;
                continue;
            }
            tokio::select! {
                biased;
                failure = core.ended.wait() => return failure,
                Some((batch, handed)) = self.deliveries.next() => self.delivered(batch, handed),
                changed = leadership.changed() => match changed {
                    Ok(()) => self.leader_changed(*leadership.borrow()),
                    Err(_) => return Failure::Closed,
                },
                () = core.flights.changed() => {}
                () = sleep_until(self.next_sweep), if core.stranded.is_on() => self.sweep(),
                () = sleep_until(self.hold.until), if self.hold.until > Instant::now() => {}
                next = self.lanes.next(), if may_send && !self.is_closed => match next {
                    // The majority may have been lost since it was last looked for.
                    Some(first) if self.is_followed(&led) => self.send(led, Some(first)).await,
                    Some(first) => self.park(first),
                    None => self.is_closed = true,
                },
            }
        }
    }

    /// Whether a command may be brought into the log now; notes since when not.
    fn is_followed(&mut self, led: &Leadership) -> bool {
        let is_followed = self.core.is_followed(led);
        if !is_followed {
            self.core.stranded.begins();
        } else if self.is_left {
            self.core.stranded.ends();
        }
        self.is_left = !is_followed;
        is_followed
    }

    fn park(&mut self, ticket: Ticket<M>) {
        // One more than there is room for: the next sweep looks for room before it takes another.
        self.core.flights.park(ticket.give_back());
    }

    /// Keeps the lanes from filling with commands that were given up, so that new ones wait and are not shed.
    fn sweep(&mut self) {
        self.next_sweep = Instant::now() + SWEEP_EVERY;
        if self.core.flights.sweep() {
            self.lanes.empty_into(|ticket| self.core.flights.park(ticket));
        }
    }

    fn leader_changed(&mut self, led: Leadership) {
        self.hold.release();
        if led.leader.is_some() {
            self.core.stranded.ends();
        }
    }

    fn delivered(&mut self, batch: u64, handed: Handed) {
        match handed {
            Handed::Taken => {
                self.core.stranded.ends();
                self.hold.release();
            }
            Handed::Refused => {
                self.core.flights.refused(batch);
                self.core.stranded.begins();
                self.hold.prolong();
            }
            Handed::Pending => {}
        }
    }

    /// Forms a batch of what waits and hands it over.
    async fn send(&mut self, led: Leadership, first: Option<Ticket<M>>) {
        let mut tickets = Vec::new();
        self.core.flights.fill(&mut tickets, BATCH_COMMANDS_MAX);
        tickets.extend(first);
        // Those that were answered together propose together: let them.
        tokio::task::yield_now().await;
        self.lanes.fill(&mut tickets, BATCH_COMMANDS_MAX);
        let octets_max = self.core.log.payload_octets_max().saturating_sub(BATCH_HEADER_OCTETS);
        let (commands, waiters) =
            tickets.into_iter().map(|Ticket { command, waiter }| (command, waiter)).unzip();
        for parcel in pack::<M>(commands, waiters, octets_max) {
            self.depart(led, parcel);
        }
    }

    fn depart(&mut self, led: Leadership, parcel: Parcel<M>) {
        let Some(leader) = led.leader else { return };
        let Some(origin) = self.core.flights.depart(led.term, parcel.commands, parcel.waiters) else {
            return;
        };
        let batch = Payload::compose(origin, &parcel.entry);
        let delivery = Delivery { core: self.core.clone(), term: led.term, batch };
        let number = origin.batch;
        let is_here = leader == self.core.node;
        self.deliveries.push(Box::pin(async move {
            let handed = if is_here { delivery.write().await } else { delivery.hand_over(leader).await };
            (number, handed)
        }));
    }
}

/// Hands one batch over.
struct Delivery<M: StateMachine> {
    core: Arc<Core<M>>,
    term: u64,
    batch: Payload,
}

impl<M: StateMachine> Delivery<M> {
    async fn write(&self) -> Handed {
        self.core.write(self.term, &self.batch).await
    }

    /// Asks until the answer is certain or nobody waits for it. The leader writes a batch once, however often it
    /// comes.
    async fn hand_over(&self, leader: smsgrid::model::NodeId) -> Handed {
        let Some(member) = self.core.member(leader) else { return Handed::Refused };
        let body = wire::encode_batch(self.term, self.batch.octets());
        let (mut may_be_there, mut wait) = (false, ASK_AGAIN_MIN);
        loop {
            let within = self.core.call_timeout();
            let call = self.core.transport.call(leader, &member, Call::Propose, body.clone(), within);
            match call.await {
                Ok(answer) => match Handed::decode(&answer) {
                    Some(handed @ (Handed::Taken | Handed::Refused)) => return handed,
                    Some(Handed::Pending) | None => may_be_there = true,
                },
                Err(TransportError::Unreachable(_) | TransportError::Refused(_)) if !may_be_there => {
                    return Handed::Refused;
                }
                Err(TransportError::Unreachable(_) | TransportError::Refused(_)) => {}
                Err(TransportError::Broken(_)) => may_be_there = true,
            }
            if !self.core.flights.is_awaited(self.batch.origin().batch) {
                return Handed::Pending;
            }
            sleep(wait).await;
            wait = (wait * 2).min(ASK_AGAIN_MAX);
        }
    }
}

impl Hold {
    fn release(&mut self) {
        *self = Hold { until: Instant::now(), next: HOLD_MIN };
    }

    fn prolong(&mut self) {
        *self = Hold { until: Instant::now() + self.next, next: (self.next * 2).min(HOLD_MAX) };
    }
}

/// What goes as one batch.
struct Parcel<M: StateMachine> {
    commands: Vec<M::Command>,
    waiters: Vec<Waiter<M>>,
    entry: Vec<u8>,
}

/// One parcel when it fits, else as few as halving finds; a command too large for any is refused.
fn pack<M: StateMachine>(
    commands: Vec<M::Command>,
    waiters: Vec<Waiter<M>>,
    octets_max: usize,
) -> Vec<Parcel<M>> {
    let mut parcels = Vec::new();
    let mut left = vec![(commands, waiters)];
    while let Some((mut commands, mut waiters)) = left.pop() {
        if commands.is_empty() {
            continue;
        }
        let entry = M::encode(&commands);
        if entry.len() <= octets_max {
            parcels.push(Parcel { commands, waiters, entry });
        } else if commands.len() == 1 {
            let refusal = Rejection::TooLarge { octets: entry.len(), octets_max };
            waiters.into_iter().for_each(|waiter| waiter.answer(Err(refusal.into())));
        } else {
            let middle = commands.len() / 2;
            left.push((commands.split_off(middle), waiters.split_off(middle)));
            left.push((commands, waiters));
        }
    }
    parcels
}
