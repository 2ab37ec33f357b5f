//! Waiting for a condition, with a deadline and a name.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks at `condition` until it gives a value, or `patience` is over.
pub fn poll<T>(patience: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pause();
    }
}

/// Looks at `condition` until it gives a value; panics with `what` when `patience` is over.
pub fn until<T>(what: &str, patience: Duration, condition: impl FnMut() -> Option<T>) -> T {
    poll(patience, condition).unwrap_or_else(|| panic!("waited {patience:?} in vain: {what}"))
}

/// Like [`until`], for a condition that is true or false.
pub fn until_true(what: &str, patience: Duration, mut condition: impl FnMut() -> bool) {
    until(what, patience, || condition().then_some(()));
}

/// Lets time pass, where the moment that follows is meant to be arbitrary. Never to wait for something.
#[allow(clippy::disallowed_methods, reason = "an arbitrary moment is what is wanted")]
pub fn pause_for(span: Duration) {
    std::thread::sleep(span);
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place where a condition is looked at again after a while"
)]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}
