//! Who is woken by what is applied: the worker whose registration it concerns, or all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::model::RegistrationId;
use smsgrid::queue::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, futures::Notified};

use crate::machine::View;

/// Wakes workers. A wake-up only says that something may have changed; the worker reads the applied state.
#[derive(Clone, Debug, Default)]
pub struct Wakers {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    workers: Vec<Arc<Notify>>,
    registrations: HashMap<RegistrationId, Arc<Notify>>,
}

/// One worker's end.
#[derive(Debug)]
pub struct Waker {
    wakers: Wakers,
    notify: Arc<Notify>,
    registration: Option<RegistrationId>,
}

impl Wakers {
    /// A waker for a new worker.
    pub fn add(&self) -> Waker {
        let notify = Arc::new(Notify::new());
        self.lock().workers.push(notify.clone());
        Waker { wakers: self.clone(), notify, registration: None }
    }

    /// Wakes every worker: the session, or the policy, or everything may have changed.
    pub fn wake_all(&self) {
        self.lock().workers.iter().for_each(|worker| worker.notify_one());
    }

    /// Passes on what `view` tells until it tells no more.
    pub async fn dispatch(self, view: View) {
        let (mut events, mut installed) = (view.events(), view.installed());
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok((_, event)) => self.wake_for(&event),
                    Err(RecvError::Lagged(_)) => self.wake_all(),
                    Err(RecvError::Closed) => return,
                },
                // What led to the state of a snapshot is told by no event.
                Ok(_) = installed.changed() => self.wake_all(),
            }
        }
    }

    fn wake_for(&self, event: &Event) {
        match event {
            Event::Claimed { registration, .. } | Event::Unarmed { registration, .. } => {
                if let Some(worker) = self.lock().registrations.get(registration) {
                    worker.notify_one();
                }
            }
            // Another node's modem may be free for this one.
            Event::ModemUnregistered { .. } | Event::SessionStarted { .. } | Event::SessionEnded { .. } => {
                self.wake_all();
            }
            Event::Changed { .. }
            | Event::Revised { .. }
            | Event::ModemRegistered { .. }
            | Event::Resolved { .. }
            | Event::Retried { .. }
            | Event::Discarded { .. }
            | Event::Forgotten { .. } => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waker {
    /// From now on events of `registration` wake this worker, those of its last one no more.
    pub fn follow(&mut self, registration: Option<RegistrationId>) {
        if self.registration == registration {
            return;
        }
        let mut inner = self.wakers.lock();
        if let Some(old) = self.registration {
            inner.registrations.remove(&old);
        }
        if let Some(new) = registration {
            inner.registrations.insert(new, self.notify.clone());
            // It may have been matched before anybody listened.
            self.notify.notify_one();
        }
        self.registration = registration;
    }

    /// Wakes every worker.
    pub fn wake_all(&self) {
        self.wakers.wake_all();
    }

    /// Waits to be woken. Safe to drop.
    pub fn woken(&self) -> Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.follow(None);
        let own = &self.notify;
        self.wakers.lock().workers.retain(|worker| !Arc::ptr_eq(worker, own));
    }
}
