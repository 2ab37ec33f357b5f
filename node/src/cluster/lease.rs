//! Renews the lease of this node's session.
//!
//! A node that is its own leader answers itself: the renewal is worth exactly that this process was running
//! when it was made, so a node that was paused writes nothing until it has renewed again.

use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::model::SessionId;
use smsgrid::worker::{Lease, LeaseTerms};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;

/// Renews until the task is dropped. Writes nothing to disk.
pub async fn renew(
    lease: Arc<Mutex<Lease>>,
    terms: LeaseTerms,
    session: watch::Receiver<Option<SessionId>>,
    clock: Clock,
) {
    let mut due = interval(terms.renewal);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        let live = session.borrow().is_some();
        let mut lease = lease.lock().unwrap_or_else(PoisonError::into_inner);
        if live {
            lease.handle_renewed(clock.now());
        } else {
            lease.handle_lost();
        }
    }
}
