//! The segment log as the rest of the node sees it: open, append, vote, truncate, purge, read.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use smsgrid::log::{self, Committed, Known, Layout, LogId, Owner, Recovery, Refused, State, Step, Vote};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::failure::{AppendError, Failure, OpenError};
use super::tail::Tail;
use super::writer::{self, Job, Work};
use super::{Completion, Directory, Disk};

/// Most octets handed over and not yet durable. When they are reached, callers wait for room.
const QUEUE_OCTETS_MAX: usize = 64 << 20;
/// What a job counts for besides its payloads.
const JOB_OCTETS: usize = 256;
/// A flush that takes longer than this ends the log as if it had failed.
const FLUSH_MAX: Duration = Duration::from_secs(30);
/// How often the age of the flush is looked at.
const FLUSH_CHECK: Duration = Duration::from_secs(5);

/// How to open a log.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whose log it is; a log of another owner is refused.
    pub owner: Owner,
    /// Size of new segments in octets.
    pub segment_octets: u32,
    /// What is known of the log from elsewhere, so that a log that fell behind is refused.
    pub known: Known,
}

/// What the log has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Groups made durable.
    pub groups: u64,
    /// `fdatasync` and `fsync` calls.
    pub syncs: u64,
    /// Jobs in those groups.
    pub jobs: u64,
    /// Entries in those groups.
    pub entries: u64,
    /// Octets written.
    pub octets: u64,
}

/// A handle on the log; clones share it. The log closes when the last is dropped.
#[derive(Clone, Debug)]
pub struct SegmentLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What callers, readers and the writing thread share.
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    /// What was taken, in order of calls, and the way to the thread.
    pub(super) staged: Mutex<Staged>,
    /// What was written, in the same order, later.
    pub(super) writer: Mutex<log::Writer>,
    pub(super) failure: watch::Sender<Option<Failure>>,
    pub(super) counters: Counters,
    room: Arc<Semaphore>,
    opened: Instant,
}

pub(super) struct Staged {
    pub(super) state: State,
    committed: Committed,
    /// What the thread has been told of it.
    handed: Committed,
    pub(super) tail: Tail,
    payload_octets_max: usize,
    job: u64,
    jobs: Option<mpsc::Sender<Job>>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) groups: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) jobs: AtomicU64,
    pub(super) entries: AtomicU64,
    pub(super) octets: AtomicU64,
    /// Milliseconds from opening to the start of the flush under way, plus one; 0 when there is none.
    pub(super) flushing_since: AtomicU64,
}

impl Default for Options {
    fn default() -> Options {
        Options { owner: Owner::default(), segment_octets: log::SEGMENT_OCTETS, known: Known::default() }
    }
}

impl SegmentLog {
    /// Opens the log in `directory`, creating it when nothing is there and nothing is known of it. Returns after
    /// everything that was accepted is durable. Blocks: a second for a million entries.
    pub fn open(directory: &Path, options: &Options) -> Result<SegmentLog, OpenError> {
        let disk = Directory::open(directory).map_err(OpenError::Directory)?;
        SegmentLog::open_on(Arc::new(disk), options)
    }

    /// Opens the log on any disk.
    pub fn open_on(disk: Arc<dyn Disk>, options: &Options) -> Result<SegmentLog, OpenError> {
        let layout = Layout::new(options.owner, options.segment_octets);
        let writer = recover(disk.as_ref(), layout, options.known)?;
        let (jobs, received) = mpsc::channel();
        let staged = Staged {
            state: writer.state(),
            committed: writer.committed(),
            handed: writer.committed(),
            tail: Tail::default(),
            payload_octets_max: layout.payload_octets_max(),
            job: 0,
            jobs: Some(jobs),
        };
        let shared = Arc::new(Shared {
            disk,
            staged: Mutex::new(staged),
            writer: Mutex::new(writer),
            failure: watch::Sender::new(None),
            counters: Counters::default(),
            room: Arc::new(Semaphore::new(QUEUE_OCTETS_MAX)),
            opened: Instant::now(),
        });
        let thread = writer::spawn(shared.clone(), received).map_err(OpenError::Start)?;
        Ok(SegmentLog { inner: Arc::new(Inner { shared, thread: Some(thread) }) })
    }

    /// Takes entries. When this returns they can be read; `done` is called when they are durable, or with an error when
    /// the log has failed or they are refused. Waits while too much is under way; nothing is taken when the future is
    /// dropped before it returns.
    pub async fn append(&self, entries: Vec<(LogId, Vec<u8>)>, done: Completion) -> Result<(), AppendError> {
        let entries = entries.into_iter().map(|(id, payload)| (id, Arc::from(payload))).collect();
        self.append_shared(entries, done).await
    }

    /// Takes entries whose payloads others hold too; like [`append`](SegmentLog::append).
    pub(super) async fn append_shared(
        &self,
        entries: Vec<(LogId, Arc<[u8]>)>,
        done: Completion,
    ) -> Result<(), AppendError> {
        self.hand_over(Work::Append(entries), done).await
    }

    /// Takes a vote; like [`append`](SegmentLog::append).
    pub async fn save_vote(&self, vote: Vote, done: Completion) -> Result<(), AppendError> {
        self.hand_over(Work::Vote(vote), done).await
    }

    /// Takes back every entry after `last`; like [`append`](SegmentLog::append).
    pub async fn truncate_after(&self, last: Option<LogId>, done: Completion) -> Result<(), AppendError> {
        self.hand_over(Work::Truncate(last), done).await
    }

    /// Gives up every entry up to and including `upto`; like [`append`](SegmentLog::append). Files that hold
    /// nothing else are removed afterwards.
    pub async fn purge(&self, upto: LogId, done: Completion) -> Result<(), AppendError> {
        self.hand_over(Work::Purge(upto), done).await
    }

    /// What the log says, counting everything taken.
    pub fn state(&self) -> State {
        self.inner.shared.staged().state
    }

    /// Takes in that the entry `id` and all before it are agreed on. It is written with what comes next, or when the log
    /// closes.
    pub fn commit(&self, id: LogId) {
        let mut staged = self.inner.shared.staged();
        let state = staged.state;
        staged.committed.note(id, state);
    }

    /// The last entry known to be agreed on; after a restart perhaps less than was known before it.
    pub fn committed(&self) -> Option<LogId> {
        self.inner.shared.staged().committed.id()
    }

    /// Most octets of an entry's payload.
    pub fn payload_octets_max(&self) -> usize {
        self.inner.shared.staged().payload_octets_max
    }

    /// How many segments have a file.
    pub fn segments(&self) -> u64 {
        self.inner.shared.writer().segments()
    }

    /// What the log has done.
    pub fn figures(&self) -> Figures {
        let counters = &self.inner.shared.counters;
        Figures {
            groups: counters.groups.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            jobs: counters.jobs.load(Ordering::Relaxed),
            entries: counters.entries.load(Ordering::Relaxed),
            octets: counters.octets.load(Ordering::Relaxed),
        }
    }

    /// The time the flush under way has taken so far.
    pub fn flush_age(&self) -> Option<Duration> {
        let since = self.inner.shared.counters.flushing_since.load(Ordering::Relaxed);
        (since > 0)
            .then(|| self.inner.shared.opened.elapsed().saturating_sub(Duration::from_millis(since - 1)))
    }

    /// Waits until the log has ended; the node must stop then. Safe to drop.
    pub async fn fatal(&self) -> Failure {
        let mut failure = self.inner.shared.failure.subscribe();
        loop {
            let checked = tokio::time::timeout(FLUSH_CHECK, failure.wait_for(Option::is_some)).await;
            if let Ok(Ok(failure)) = checked {
                return failure.clone().unwrap_or(Failure::Closed);
            }
            if let Some(age) = self.flush_age().filter(|age| *age > FLUSH_MAX) {
                return Failure::Stalled { seconds: age.as_secs() };
            }
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    async fn hand_over(&self, work: Work, done: Completion) -> Result<(), AppendError> {
        let shared = &self.inner.shared;
        let octets = (work.octets() + JOB_OCTETS).min(QUEUE_OCTETS_MAX);
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        let room = shared.room.clone().acquire_many_owned(octets).await;
        shared.check()?;
        let room = room.map_err(|_| Failure::Closed)?;
        shared.staged().take(work, done, room)
    }
}

impl Shared {
    pub(super) fn staged(&self) -> MutexGuard<'_, Staged> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, log::Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure that ended the log, if it has ended.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.failure.borrow().clone().map_or(Ok(()), Err)
    }

    /// Ends the log for good; the first failure stays.
    pub(super) fn fail(&self, failure: Failure) {
        self.failure.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(failure);
            is_first
        });
        self.room.close();
    }

    /// Carries steps out in order; the first that fails ends the log.
    pub(super) fn carry_out(&self, steps: &[Step]) -> Result<(), Failure> {
        for step in steps {
            self.disk.carry_out(step).map_err(|source| failure_of(step, source))?;
            match step {
                Step::Sync { .. } | Step::SyncDirectory => {
                    self.counters.syncs.fetch_add(1, Ordering::Relaxed);
                }
                Step::Write { bytes, .. } => {
                    self.counters.octets.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
                Step::Create { .. } | Step::Unlink { .. } => {}
            }
        }
        Ok(())
    }

    pub(super) fn flush_begins(&self) {
        let since = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.counters.flushing_since.store(since + 1, Ordering::Relaxed);
    }

    pub(super) fn flush_ends(&self) {
        self.counters.flushing_since.store(0, Ordering::Relaxed);
    }
}

impl Staged {
    /// Checks the whole work before any of it shows, and queues it under the same lock: the order on disk is the
    /// order of calls.
    fn take(&mut self, work: Work, done: Completion, room: OwnedSemaphorePermit) -> Result<(), AppendError> {
        let jobs = self.jobs.as_ref().ok_or(Failure::Closed)?;
        let (mut state, mut after) = (self.state, self.committed);
        for record in work.records() {
            if let log::Record::Entry { payload, .. } = record
                && payload.len() > self.payload_octets_max
            {
                let (octets, octets_max) = (payload.len(), self.payload_octets_max);
                return Err(Refused::TooLarge { octets, octets_max }.into());
            }
            state = state.after(&record)?;
            after.after(&record, state);
        }
        let committed = self.committed.id().filter(|_| self.committed != self.handed);
        (self.committed, self.handed) = (after, after);
        self.state = state;
        self.job += 1;
        work.stage(&mut self.tail, self.job);
        let job = Job { work, done, number: self.job, committed, room };
        jobs.send(job).map_err(|_| Failure::Closed)?;
        Ok(())
    }

    /// What is agreed on, when `job` was the last one taken.
    pub(super) fn committed_after(&self, job: u64) -> Option<LogId> {
        self.committed.id().filter(|_| job == self.job)
    }
}

impl Drop for Inner {
    /// Waits for the thread, so that the directory is free again afterwards.
    fn drop(&mut self) {
        self.shared.staged().jobs = None;
        let Some(thread) = self.thread.take() else { return };
        // The last handle may live in a completion, which is dropped on that very thread.
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("failure", &*self.failure.borrow()).finish_non_exhaustive()
    }
}

/// Reads the segments, cuts an interrupted group, and makes durable whatever was accepted: bytes that a killed
/// process left in the page cache would otherwise be shown now and lost by the next power cut.
fn recover(disk: &dyn Disk, layout: Layout, known: Known) -> Result<log::Writer, OpenError> {
    let segments = disk.segments().map_err(OpenError::Directory)?;
    let mut recovery = Recovery::new(layout, known, segments);
    let mut bytes = Vec::new();
    while let Some(segment) = recovery.wanted() {
        disk.load(segment, &mut bytes).map_err(|source| OpenError::Read { segment, source })?;
        recovery.read(&bytes)?;
    }
    let recovered = recovery.finish(salt().map_err(OpenError::Start)?)?;
    if let Some(cut) = recovered.cut {
        tracing::warn!(end = %cut.end, octets = cut.octets, "an interrupted write was cut from the log");
    }
    for step in &recovered.repairs {
        disk.carry_out(step).map_err(OpenError::Repair)?;
    }
    Ok(recovered.writer)
}

fn salt() -> io::Result<u64> {
    let mut salt = [0; 8];
    rustix::rand::getrandom(&mut salt, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_le_bytes(salt))
}

fn failure_of(step: &Step, source: io::Error) -> Failure {
    let (deed, segment) = match step {
        Step::Create { segment, .. } => ("create", *segment),
        Step::Write { segment, .. } => ("write", *segment),
        Step::Sync { segment } => ("sync", *segment),
        Step::SyncDirectory => ("sync the directory of", 0),
        Step::Unlink { segment } => ("unlink", *segment),
    };
    Failure::Write { deed, segment, source: Arc::new(source) }
}
