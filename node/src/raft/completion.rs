//! How a caller learns that its records are durable, or that they will never be.

use std::fmt;

use tokio::sync::oneshot;

use super::Failure;

type Notify = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// Called exactly once: with the result, or with [`Failure::Closed`] when it is dropped without one.
///
/// The second half matters: whoever waits for a job that was thrown away would wait for ever.
pub struct Completion {
    notify: Option<Notify>,
}

/// The waiting half of [`Completion::pair`].
#[derive(Debug)]
pub struct Completed {
    result: oneshot::Receiver<Result<(), Failure>>,
}

impl Completion {
    /// Calls `notify` on the thread of the log; it must not block.
    pub fn new(notify: impl FnOnce(Result<(), Failure>) + Send + 'static) -> Completion {
        Completion { notify: Some(Box::new(notify)) }
    }

    /// A completion and its waiting half.
    pub fn pair() -> (Completion, Completed) {
        let (sender, result) = oneshot::channel();
        let notify = move |result| drop(sender.send(result));
        (Completion::new(notify), Completed { result })
    }

    /// For whoever does not wait.
    pub fn unheard() -> Completion {
        Completion { notify: None }
    }

    /// Reports the result.
    pub fn complete(mut self, result: Result<(), Failure>) {
        if let Some(notify) = self.notify.take() {
            notify(result);
        }
    }
}

impl Completed {
    /// Waits for the result. Safe to drop: the records are written all the same.
    pub async fn wait(self) -> Result<(), Failure> {
        self.result.await.unwrap_or(Err(Failure::Closed))
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if let Some(notify) = self.notify.take() {
            notify(Err(Failure::Closed));
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completion")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_completion_that_is_dropped_reports_an_error() {
        let (completion, completed) = Completion::pair();
        drop(completion);
        assert!(matches!(completed.wait().await, Err(Failure::Closed)));

        let (completion, completed) = Completion::pair();
        completion.complete(Ok(()));
        assert!(completed.wait().await.is_ok());
    }
}
