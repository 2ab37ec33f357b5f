//! A thread that gives way: what can wait is done on it, and costs those little who are waited for.
//!
//! The priority of a thread can only be lowered by whoever is not root, so it is a thread of its own and none of a pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::rows::RowsError;

/// How much lower than that of others its priority is: the lowest there is, about a seventieth of their share while a
/// processor is short.
const NICENESS: i32 = 19;

/// Does one thing after the other. The thread ends when this is dropped.
pub(super) struct Calm {
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Calm {
    /// Starts the thread.
    pub(super) fn start() -> Result<Calm, RowsError> {
        let (jobs, due) = mpsc::channel::<Job>();
        let work = move || {
            // Where it may not even be lowered, it works as fast as all others.
            let _ = rustix::process::nice(NICENESS);
            due.into_iter().for_each(|job| job());
        };
        let started = std::thread::Builder::new().name("store".to_owned()).spawn(work);
        started.map_err(|source| RowsError::File { deed: "start a thread for", source })?;
        Ok(Calm { jobs })
    }

    /// Does `act` on the thread. A panic in it is an error, and the thread goes on.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> Result<T, RowsError> + Send + 'static,
    ) -> Result<T, RowsError> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            let done = catch_unwind(AssertUnwindSafe(act)).unwrap_or(Err(RowsError::Panicked));
            // Whoever no longer waits is stopping.
            let _ = answer.send(done);
        };
        self.jobs.send(Box::new(job)).map_err(|_| RowsError::Panicked)?;
        answered.await.unwrap_or(Err(RowsError::Panicked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_gives_way_and_the_caller_does_not() {
        let calm = Calm::start().expect("a thread");
        let own = niceness();

        let lowered = calm.run(|| Ok(niceness())).await.expect("done");

        assert_eq!((lowered, niceness()), ((own + NICENESS).min(19), own));
    }

    #[tokio::test]
    async fn it_outlives_a_panic() {
        let calm = Calm::start().expect("a thread");

        let panicked = calm.run(|| -> Result<(), RowsError> { panic!("as sled may") }).await;

        assert!(matches!(panicked, Err(RowsError::Panicked)), "{panicked:?}");
        assert_eq!(calm.run(|| Ok(7)).await.expect("done"), 7);
    }

    fn niceness() -> i32 {
        rustix::process::getpriority_process(None).expect("a thread has one")
    }
}
