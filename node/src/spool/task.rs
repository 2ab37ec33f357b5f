//! The task of a spool: joins the machine, the disk, the watch and the cluster.
//!
//! Everything that touches the disk runs on a blocking thread, one effect after the other; the task itself only waits.
//! When nothing happens it wakes every ten seconds for a pass over the folder, and writes nothing.
//!
//! ```text
//! taking and filing --closing--> filing only --cancel--> filing what is final now --> ended
//! ```

use std::sync::Arc;
use std::time::Duration;

use smsgrid::model::MessageId;
use smsgrid::sms_file::LocalTime;
use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::{
    Alarm, Effect, FileName, Filed, Folder, Halt, Hint, Input, Intake, IntakeId, Moment, Replayed, Settings,
    SubmitReply,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::warn;

use super::disk::{Disk, Done, Outside};
use super::handles::{Listener, Outcomes, SpoolMessage, Submitter};
use super::watch::Watch;
use crate::clock::Clock;

/// Replies of the cluster that wait for their turn; a full channel makes their senders wait.
const REPLIES_MAX: usize = 1024;
/// Effects that do not wait for the disk carried out before replies and hints get their turn.
const EFFECTS_MAX: usize = 256;
/// How long results are still told at the end; the others are told after the next start.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// What a spool is made of.
pub struct Parts<S, O, L> {
    /// Folders and journal.
    pub disk: Disk,
    /// What the journal said when it was opened.
    pub journal: Replayed,
    /// What files mean and how they are taken.
    pub settings: Settings,
    /// Brings messages into the cluster.
    pub submitter: Arc<S>,
    /// Tells what becomes of them.
    pub outcomes: Arc<O>,
    /// Hears alarms and results.
    pub listener: Arc<L>,
    /// The clocks.
    pub clock: Clock,
    /// Seconds the wall clock is ahead of UTC.
    pub utc_offset_seconds: fn() -> i32,
}

/// Why a spool ended.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Nothing can be taken any more.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// The blocking thread panicked.
    #[error("the spool's disk work ended unexpectedly")]
    Disk(#[from] tokio::task::JoinError),
}

/// Runs a spool until `cancel`, and takes nothing new from `closing` on. At its end it files the results that are final
/// then; what else is under way is found again at the next start.
pub async fn run<S: Submitter, O: Outcomes, L: Listener>(
    parts: Parts<S, O, L>,
    closing: CancellationToken,
    cancel: CancellationToken,
) -> Result<(), SpoolError> {
    let (replies, mut inbox) = mpsc::channel(REPLIES_MAX);
    let mut watch = open_watch(&parts.disk);
    // What was begun outside ends with the spool. Its own token would say that it was asked to end.
    let begun = cancel.child_token();
    let _end = begun.clone().drop_guard();
    let hush = CancellationToken::new();
    let _quiet = hush.clone().drop_guard();
    let outside = Abroad {
        submitter: parts.submitter,
        outcomes: parts.outcomes,
        listener: parts.listener,
        replies,
        tracker: TaskTracker::new(),
        cancel: begun,
        hush: hush.clone(),
        runtime: tokio::runtime::Handle::current(),
        events: parts.settings.events,
    };
    let wall = Wall { clock: parts.clock.clone(), utc_offset_seconds: parts.utc_offset_seconds };
    let uuid = parts.disk.uuid();
    let intake = Intake::new(parts.settings, uuid, parts.journal, wall.moment());
    let mut work = Work { intake, disk: parts.disk, outside, wall };
    let mut phase = Phase::Taking;
    let mut told_until = None;
    loop {
        let (returned, progress) = tokio::task::spawn_blocking(move || work.carry_out()).await?;
        work = returned;
        work.outside.listener.holds(work.intake.live());
        let patient = match progress {
            Progress::Halted(why) => return Err(SpoolError::Halted(why)),
            Progress::More => false,
            Progress::Idle if phase == Phase::Ending && work.is_done() => return Ok(()),
            Progress::Idle => true,
        };
        tokio::select! {
            biased;
            () = cancel.cancelled(), if phase != Phase::Ending => {
                phase = work.enter(Phase::Ending);
                told_until = Some(Instant::now() + TOLD_WITHIN);
            }
            () = until(told_until), if told_until.is_some() => {
                told_until = None;
                hush.cancel();
                work.intake.end_telling();
            }
            () = closing.cancelled(), if phase == Phase::Taking => phase = work.enter(Phase::Closed),
            inputs = wait(&mut watch, &mut inbox, &work.intake, &parts.clock, patient) => work.tell(inputs),
        }
        while let Ok(input) = inbox.try_recv() {
            work.tell(vec![input]);
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// What the spool does; the figure of the module shows the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Taking,
    Closed,
    Ending,
}

/// What happened, `patient` waits for it; nothing when only time passed. Safe to drop.
async fn wait(
    watch: &mut Option<Watch>,
    inbox: &mut mpsc::Receiver<Input>,
    intake: &Intake,
    clock: &Clock,
    patient: bool,
) -> Vec<Input> {
    let deadline = intake.poll_timeout();
    let timeout = async {
        match deadline {
            _ if !patient => {}
            Some(deadline) => clock.sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        hints = next_hints(watch) => hints.into_iter().map(Input::Hint).collect(),
        Some(input) = inbox.recv() => vec![input],
        () = timeout => Vec::new(),
    }
}

/// The next hints; a watch that failed is given up, and the passes over the folder go on without it.
async fn next_hints(watch: &mut Option<Watch>) -> Vec<Hint> {
    let Some(open) = watch else { return std::future::pending().await };
    match open.next().await {
        Ok(hints) => hints,
        Err(error) => {
            warn!(%error, "the watch of the spool folder failed, files are found every ten seconds");
            *watch = None;
            vec![Hint::Overflow]
        }
    }
}

fn open_watch(disk: &Disk) -> Option<Watch> {
    let opened = Watch::open(disk.folders().outgoing());
    if let Err(error) = &opened {
        warn!(%error, "the spool folder cannot be watched, files are found every ten seconds");
    }
    opened.ok()
}

/// The clocks as the machine wants them.
struct Wall {
    clock: Clock,
    utc_offset_seconds: fn() -> i32,
}

impl Wall {
    fn moment(&self) -> Moment {
        let offset_seconds = (self.utc_offset_seconds)();
        Moment { now: self.clock.now(), wall: LocalTime { at: self.clock.utc(), offset_seconds } }
    }
}

/// Machine and disk, handed to the blocking thread and back.
struct Work<S, O, L> {
    intake: Intake,
    disk: Disk,
    outside: Abroad<S, O, L>,
    wall: Wall,
}

/// How a turn on the blocking thread ended.
enum Progress {
    Idle,
    More,
    Halted(Halt),
}

impl<S: Submitter, O: Outcomes, L: Listener> Work<S, O, L> {
    fn tell(&mut self, inputs: Vec<Input>) {
        let moment = self.wall.moment();
        for input in inputs {
            self.intake.handle(input, moment);
        }
    }

    /// Takes nothing more; at the end, hears what is final now and was not told yet.
    fn enter(&mut self, phase: Phase) -> Phase {
        self.intake.close();
        if phase == Phase::Ending {
            let followed: Vec<_> = self.intake.followed().collect();
            let outcomes = self.outside.outcomes.clone();
            let settled = |(id, recipient, message)| {
                Some(Input::Settled(id, recipient, Box::new(outcomes.settled(message)?)))
            };
            self.tell(followed.into_iter().filter_map(settled).collect());
        }
        phase
    }

    /// Nothing is being filed, and no result is being told or waits for it.
    fn is_done(&self) -> bool {
        self.intake.filing() == 0 && self.intake.telling() == 0
    }

    fn carry_out(mut self) -> (Self, Progress) {
        self.intake.handle_timeout(self.wall.moment());
        for _ in 0..EFFECTS_MAX {
            let Some(effect) = self.intake.poll_effect() else { return (self, Progress::Idle) };
            let waits = matches!(
                effect,
                Effect::SyncJournal | Effect::SyncFolder(_) | Effect::Stage { .. } | Effect::LookAtQueues
            );
            match self.disk.execute(effect) {
                Done::Reply(input) => self.intake.handle(input, self.wall.moment()),
                Done::Silent => {}
                Done::Outside(Outside::Halt(why)) => return (self, Progress::Halted(why)),
                Done::Outside(outside) => self.outside.carry_out(outside),
            }
            if waits {
                break;
            }
        }
        (self, Progress::More)
    }
}

/// The rest of the node, as effects reach it.
struct Abroad<S, O, L> {
    submitter: Arc<S>,
    outcomes: Arc<O>,
    listener: Arc<L>,
    replies: mpsc::Sender<Input>,
    tracker: TaskTracker,
    cancel: CancellationToken,
    /// No more results are told.
    hush: CancellationToken,
    runtime: tokio::runtime::Handle,
    /// Results are told, and answered.
    events: bool,
}

impl<S: Submitter, O: Outcomes, L: Listener> Abroad<S, O, L> {
    fn carry_out(&self, outside: Outside) {
        match outside {
            Outside::Submit(id, recipient, message) => self.submit(id, recipient, *message),
            Outside::Follow(id, recipient, message) => self.follow(id, recipient, message),
            Outside::Alarm(alarm) => self.listener.alarm(&alarm),
            Outside::Handle(name, alarm) => self.handle(name, alarm),
            Outside::Check(id, folder, name) => self.check(id, folder, name),
            Outside::Tell(filed) => self.tell(filed),
            // The caller has ended on it.
            Outside::Halt(_) => {}
        }
    }

    fn submit(&self, id: IntakeId, recipient: u16, message: SpoolMessage) {
        let submitter = self.submitter.clone();
        self.spawn(Input::Submitted(id, recipient, SubmitReply::Lost), async move {
            Input::Submitted(id, recipient, submitter.submit(message).await)
        });
    }

    fn handle(&self, name: FileName, alarm: Alarm) {
        let listener = self.listener.clone();
        self.spawn(Input::Handled(name.clone()), async move {
            listener.handled(&alarm).await;
            Input::Handled(name)
        });
    }

    fn check(&self, id: IntakeId, folder: Folder, name: FileName) {
        let listener = self.listener.clone();
        let why = "Not accepted: the checkhandler cannot be asked".to_owned();
        self.spawn(Input::Checked(id, Verdict::Rejected { reason: why }), async move {
            Input::Checked(id, listener.check(folder, &name).await)
        });
    }

    /// A handler that runs when the spool ends is waited for: what it has done is not to be done again.
    fn tell(&self, filed: Filed) {
        self.listener.filed(&filed);
        if !self.events {
            return;
        }
        let (listener, stop, id) = (self.listener.clone(), self.hush.clone(), filed.id);
        let told = async move { Input::Told(id, listener.told(&filed, &stop).await) };
        self.tracker.spawn_on(self.answered(Input::Told(id, false), told), &self.runtime);
    }

    fn follow(&self, id: IntakeId, recipient: u16, message: MessageId) {
        let outcomes = self.outcomes.clone();
        self.spawn(Input::FollowLost(id, recipient), async move {
            Input::Settled(id, recipient, Box::new(outcomes.outcome(message).await))
        });
    }

    /// Does the work until the spool ends, as [`Self::answered`].
    fn spawn(&self, lost: Input, work: impl Future<Output = Input> + Send + 'static) {
        let bounded = self.cancel.clone().run_until_cancelled_owned(self.answered(lost, work));
        self.tracker.spawn_on(bounded, &self.runtime);
    }

    /// Does the work and tells its answer; `lost` instead when it panics, so that no file waits for ever.
    fn answered<F>(&self, lost: Input, work: F) -> impl Future<Output = ()> + use<S, O, L, F>
    where
        F: Future<Output = Input> + Send + 'static,
    {
        let replies = self.replies.clone();
        let work = AbortOnDropHandle::new(self.runtime.spawn(work));
        async move {
            let answer = work.await.unwrap_or(lost);
            // The spool has ended when nobody listens.
            let _ = replies.send(answer).await;
        }
    }
}
