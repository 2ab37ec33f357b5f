//! The tasks of the node: each has a name, a span, an owner and a way to end. Nobody spawns outside a [`Tasks`] set.
//!
//! ```text
//!             spawn                    cancel, then its own end
//!  (nothing) -------> running ────────────────────────────────────> ended
//!                      │  │          deadline of the drain passed
//!                      │  └──────────────────────────────────────> cut off
//!                      │ ends or panics before the drain
//!                      └──────────────> unexpected end: the node stops
//! ```
//!
//! A group is a set of its own that can be drained before the rest; what ends in it unexpectedly is told to all.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{Instrument, info, info_span, warn};

/// How a task ends: well, or with the reason it could not go on.
pub type TaskResult = Result<(), Box<dyn Error + Send + Sync>>;

/// A set of named tasks. Clones are the same set.
#[derive(Clone)]
pub struct Tasks {
    group: Arc<Group>,
    first_end: Arc<watch::Sender<Option<UnexpectedEnd>>>,
}

struct Group {
    parent: Option<Arc<Group>>,
    cancel: CancellationToken,
    tracker: TaskTracker,
    running: Mutex<BTreeMap<Id, Running>>,
}

struct Running {
    name: String,
    handle: AbortHandle,
}

/// A task that ended before it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("task '{task}' {how}")]
pub struct UnexpectedEnd {
    /// Its name.
    pub task: String,
    /// What it ended with.
    pub how: String,
}

impl Default for Tasks {
    fn default() -> Tasks {
        Tasks::new()
    }
}

impl Tasks {
    /// An empty set.
    pub fn new() -> Tasks {
        let (first_end, _) = watch::channel(None);
        Tasks { group: Arc::new(Group::new(None, CancellationToken::new())), first_end: Arc::new(first_end) }
    }

    /// An empty set inside this one: draining this one drains it too, draining it leaves the rest alone.
    pub fn group(&self) -> Tasks {
        let group = Group::new(Some(self.group.clone()), self.group.cancel.child_token());
        Tasks { group: Arc::new(group), first_end: self.first_end.clone() }
    }

    /// Starts a task. It gets the token that asks it to end, and must end soon after that.
    pub fn spawn<F>(&self, name: &str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = TaskResult> + Send + 'static,
    {
        let cancel = self.group.cancel.child_token();
        let work = tokio::spawn(task(cancel.clone()).instrument(info_span!("task", task = name)));
        let tokens: Vec<TaskTrackerToken> = self.group.lineage().map(|group| group.tracker.token()).collect();
        for group in self.group.lineage() {
            group.running().insert(work.id(), Running { name: name.to_owned(), handle: work.abort_handle() });
        }
        let (group, first_end, name) = (self.group.clone(), self.first_end.clone(), name.to_owned());
        tokio::spawn(async move {
            let id = work.id();
            let end = work.await;
            group.lineage().for_each(|group| {
                group.running().remove(&id);
            });
            settle(&name, end, &cancel, &first_end);
            drop(tokens);
        });
    }

    /// Waits for a task, of this set or of any related one, to end without having been asked to. Safe to drop.
    pub async fn unexpected_end(&self) -> UnexpectedEnd {
        let mut ends = self.first_end.subscribe();
        let end = ends.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
        match end {
            Some(end) => end,
            None => std::future::pending().await, // unreachable while `self` holds the sender
        }
    }

    /// Asks every task to end without waiting for it.
    pub fn cancel(&self) {
        self.group.cancel.cancel();
    }

    /// Asks every task to end without waiting for it; none is started any more. See [`Tasks::ended`].
    pub fn retire(&self) {
        self.group.cancel.cancel();
        self.group.tracker.close();
    }

    /// Waits until every task of a retired set has ended. Safe to drop.
    pub async fn ended(&self) {
        self.group.tracker.wait().await;
    }

    /// A token that is cancelled when the tasks are asked to end.
    pub fn token(&self) -> CancellationToken {
        self.group.cancel.child_token()
    }

    /// Whether the tasks were asked to end.
    pub fn is_canceled(&self) -> bool {
        self.group.cancel.is_cancelled()
    }

    /// Asks every task to end, waits at most `deadline`, cuts off the rest and gives their names.
    pub async fn drain(&self, deadline: Duration) -> Vec<String> {
        self.group.cancel.cancel();
        self.group.tracker.close();
        if tokio::time::timeout(deadline, self.group.tracker.wait()).await.is_ok() {
            return Vec::new();
        }
        let cut_off: Vec<String> = {
            let running = self.group.running();
            running.values().for_each(|task| task.handle.abort());
            running.values().map(|task| task.name.clone()).collect()
        };
        warn!(tasks = ?cut_off, ?deadline, "tasks were cut off");
        cut_off
    }

    /// Cuts every task off where it stands and waits until all are gone. No end of theirs is unexpected any more.
    pub async fn abort(&self) {
        self.group.tracker.close();
        self.group.running().values().for_each(|task| task.handle.abort());
        self.group.cancel.cancel();
        self.group.tracker.wait().await;
    }
}

/// Does one numbered step of a drain. False when its deadline cut it off.
pub async fn drain_step(number: u8, name: &str, deadline: Duration, work: impl Future<Output = ()>) -> bool {
    let done = tokio::time::timeout(deadline, work).await.is_ok();
    match done {
        true => info!(number, step = name, "drain step done"),
        false => warn!(number, step = name, ?deadline, "drain step cut off"),
    }
    done
}

impl Group {
    fn new(parent: Option<Arc<Group>>, cancel: CancellationToken) -> Group {
        Group { parent, cancel, tracker: TaskTracker::new(), running: Mutex::new(BTreeMap::new()) }
    }

    /// This group, the one around it, and so on.
    fn lineage(&self) -> impl Iterator<Item = &Group> {
        std::iter::successors(Some(self), |group| group.parent.as_deref())
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Id, Running>> {
        // Nothing that can panic happens under this lock.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settle(
    name: &str,
    end: Result<TaskResult, JoinError>,
    cancel: &CancellationToken,
    first_end: &watch::Sender<Option<UnexpectedEnd>>,
) {
    let how = match end {
        Ok(Ok(())) => "ended by itself".to_owned(),
        Ok(Err(error)) => format!("failed: {}", Chain(&*error)),
        Err(error) if error.is_cancelled() => return, // cut off by a drain, which says so
        Err(_) => "panicked".to_owned(),              // the panic hook said where and why
    };
    if cancel.is_cancelled() {
        if how != "ended by itself" {
            warn!(task = name, how, "task ended badly while draining");
        }
        return;
    }
    let end = UnexpectedEnd { task: name.to_owned(), how };
    first_end.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert(end);
        is_first
    });
}

/// An error with its causes, in one line.
struct Chain<'a>(&'a (dyn Error + Send + Sync));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the folder")]
    struct Unreadable(#[source] std::io::Error);

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_an_unexpected_end_even_when_it_ends_well() {
        let tasks = Tasks::new();
        tasks.spawn("ticker", |_| async { Ok(()) });

        let end = tokio::time::timeout(SOON, tasks.unexpected_end()).await.expect("it was told");

        assert_eq!(end.to_string(), "task 'ticker' ended by itself");
    }

    #[tokio::test]
    async fn a_failure_is_told_with_its_causes_and_a_panic_by_name() {
        let failing = Tasks::new();
        failing.spawn("spool", |_| async {
            let cause = std::io::Error::other("disk on fire");
            Err(Box::new(Unreadable(cause)) as Box<dyn Error + Send + Sync>)
        });
        let panicking = Tasks::new();
        panicking.spawn("worker", |_| async { panic!("a bug") });

        let failed = tokio::time::timeout(SOON, failing.unexpected_end()).await.expect("it was told");
        let panicked = tokio::time::timeout(SOON, panicking.unexpected_end()).await.expect("it was told");

        assert_eq!(failed.to_string(), "task 'spool' failed: cannot read the folder: disk on fire");
        assert_eq!(panicked.to_string(), "task 'worker' panicked");
    }

    #[tokio::test]
    async fn a_drained_task_is_no_unexpected_end() {
        let tasks = Tasks::new();
        tasks.spawn("worker", |cancel| async move {
            cancel.cancelled().await;
            Ok(())
        });

        assert_eq!(tasks.drain(SOON).await, [""; 0]);
        assert!(tasks.first_end.borrow().is_none());
    }

    #[tokio::test]
    async fn a_task_that_is_aborted_takes_no_further_step_and_is_no_unexpected_end() {
        let tasks = Tasks::new();
        let (inner, stepped) = (tasks.group(), watch::Sender::new(false));
        let step = stepped.clone();
        inner.spawn("polite", |cancel| async move {
            cancel.cancelled().await;
            step.send_replace(true);
            Ok(())
        });

        tokio::time::timeout(SOON, tasks.abort()).await.expect("it ends");

        assert!(!*stepped.borrow());
        assert!(tasks.first_end.borrow().is_none());
    }

    #[tokio::test]
    async fn a_task_that_ignores_the_drain_is_cut_off_and_named() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", |_| pending::<TaskResult>());
        tasks.spawn("polite", |cancel| async move {
            cancel.cancelled().await;
            Ok(())
        });

        assert_eq!(tasks.drain(Duration::from_millis(20)).await, ["deaf"]);
        tokio::time::timeout(SOON, tasks.group.tracker.wait()).await.expect("the cut off task is gone");
    }

    #[tokio::test]
    async fn a_group_drains_alone_and_the_whole_waits_for_it() {
        let tasks = Tasks::new();
        let modems = tasks.group();
        let polite = |cancel: CancellationToken| async move {
            cancel.cancelled().await;
            Ok(())
        };
        tasks.spawn("log", polite);
        modems.spawn("GSM1", polite);

        assert_eq!(modems.drain(SOON).await, [""; 0]);
        assert!(!tasks.is_canceled() && tasks.group.running().len() == 1);
        let deaf = tasks.group();
        deaf.spawn("GSM2", |_| pending::<TaskResult>());
        assert_eq!(tasks.drain(Duration::from_millis(20)).await, ["GSM2"]);
    }

    #[tokio::test]
    async fn a_drain_step_past_its_deadline_is_cut_off() {
        assert!(drain_step(1, "refuse", SOON, async {}).await);
        assert!(!drain_step(2, "withdraw", Duration::from_millis(5), pending()).await);
    }
}
