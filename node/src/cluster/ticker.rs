//! Says in the log that time has passed, when something waits for it and only then: an idle log grows by nothing.

use std::time::Duration;

use smsgrid::model::Name;
use smsgrid::queue::{Body, Command};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::debug;

use crate::clock::Clock;
use crate::machine::{Proposer, View};
use crate::raft::{Leadership, ProposeError, Rejection};

/// How long one try of a proposal may take.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Least time between two ticks: deadlines of the queue are not finer.
const TICK_INTERVAL_MIN: Duration = Duration::from_millis(20);
/// Longest sleep: the calendar may be set while we sleep.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Proposes `Tick` at each deadline of the queue while this node leads, until the log stops.
pub async fn tick(
    client: Name,
    proposer: Proposer,
    view: View,
    mut leadership: watch::Receiver<Leadership>,
    clock: Clock,
) {
    loop {
        if leadership.wait_for(|now| now.ready).await.is_err() {
            return;
        }
        let mut deposed = leadership.clone();
        tokio::select! {
            () = tick_leading(&client, &proposer, &view, &clock) => return,
            lost = deposed.wait_for(|now| !now.ready) => if lost.is_err() { return },
        }
    }
}

/// Goes on until the log stops.
async fn tick_leading(client: &Name, proposer: &Proposer, view: &View, clock: &Clock) {
    let mut wakes = view.wakes();
    loop {
        wakes.mark_unchanged();
        let Some(deadline) = view.read(|queue| queue.next_deadline()) else {
            if wakes.changed().await.is_err() {
                return;
            }
            continue;
        };
        let wait = deadline.since(clock.utc()).min(SLEEP_MAX);
        if !wait.is_zero() {
            tokio::select! {
                () = sleep(wait) => {}
                // A new deadline may be earlier; under load one look in a while is enough.
                changed = wakes.changed() => match changed {
                    Ok(()) => sleep(TICK_INTERVAL_MIN.min(wait)).await,
                    Err(_) => return,
                },
            }
            continue;
        }
        let command = Command { client: client.clone(), now: Default::default(), body: Body::Tick };
        match proposer.propose(command, PROPOSE_TIMEOUT).await {
            Ok(_) => {}
            Err(ProposeError::Rejected(Rejection::Stopped)) => return,
            Err(failure) => debug!(%failure, "tick not taken"),
        }
        sleep(TICK_INTERVAL_MIN).await;
    }
}
