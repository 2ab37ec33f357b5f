//! The thread that writes: one group under way, one sync a group.
//!
//! ```text
//!          job               group durable, jobs told
//! idle ──────────▶ writing ─────────────────────────▶ idle
//!  │ 1 s after a group: the floor is marked, once      │ a step fails
//!  │ all handles dropped                               ▼
//!  ▼                                                 failed: every job, also later ones, gets the failure
//! closed: the floor is marked and synced
//!
//! What is agreed on goes along with a group or a mark. For its own sake it is written once at a clean stop, and once into
//! a log whose segment is of a format without it.
//! ```

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use smsgrid::log::{LogId, Record, Step, Vote};
use tokio::sync::OwnedSemaphorePermit;

use super::segments::Shared;
use super::tail::Tail;
use super::{Completion, Failure};

/// Most entries in one group.
const GROUP_ENTRIES_MAX: usize = 4096;
/// A group takes no further job once it has this many octets.
const GROUP_OCTETS_MAX: usize = 1 << 20;
/// How long nothing must follow a group before its floor is marked. The mark is not synced; it takes no time from
/// anybody and nothing is written after it.
const MARK_AFTER: Duration = Duration::from_secs(1);

/// Records of one call; they are written together and in order.
#[derive(Debug)]
pub(super) enum Work {
    Append(Vec<(LogId, Arc<[u8]>)>),
    Vote(Vote),
    Truncate(Option<LogId>),
    Purge(LogId),
}

/// One call under way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) done: Completion,
    pub(super) number: u64,
    /// What was known to be agreed on when it was taken, if the job before did not know it.
    pub(super) committed: Option<LogId>,
    pub(super) room: OwnedSemaphorePermit,
}

/// Starts the thread; it ends when the last sender of jobs is dropped, or with the first failure.
pub(super) fn spawn(shared: Arc<Shared>, jobs: Receiver<Job>) -> io::Result<JoinHandle<()>> {
    let thread = Thread { shared, jobs };
    std::thread::Builder::new().name("log".to_owned()).spawn(move || thread.run())
}

struct Thread {
    shared: Arc<Shared>,
    jobs: Receiver<Job>,
}

impl Thread {
    fn run(self) {
        // A panic on this thread must not leave callers waiting for a log that nobody writes.
        let _ended = Ended(self.shared.clone());
        if let Err(failure) = self.write_groups() {
            tracing::error!(error = %failure, "the log has failed");
            self.shared.fail(failure.clone());
            while let Ok(job) = self.jobs.recv() {
                job.done.complete(Err(failure.clone()));
            }
        }
    }

    fn write_groups(&self) -> Result<(), Failure> {
        let mut last = 0;
        while let Some(first) = self.next(last)? {
            let group = self.collect(first);
            let written = self.write(&group);
            let number = group.last().map_or(0, |job| job.number);
            if written.is_ok() {
                self.shared.staged().tail.written(number);
            } else if let Err(failure) = &written {
                self.shared.fail(failure.clone());
            }
            for Job { done, room, .. } in group {
                drop(room);
                done.complete(written.clone());
            }
            written?;
            last = number;
            let obsolete = self.shared.writer().obsolete();
            self.shared.carry_out(&obsolete)?;
        }
        self.close(last)
    }

    /// The next job, or `None` when no handle is left. Says the floor once when none comes for a while; `last` is the
    /// last job written.
    fn next(&self, last: u64) -> Result<Option<Job>, Failure> {
        match self.jobs.recv_timeout(MARK_AFTER) {
            Ok(job) => return Ok(Some(job)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        self.shared.check()?;
        let (_, mark) = self.mark(last);
        self.shared.carry_out(&mark)?;
        Ok(self.jobs.recv().ok())
    }

    fn collect(&self, first: Job) -> Vec<Job> {
        let (mut entries, mut octets) = (first.work.entries(), first.work.octets());
        let mut group = vec![first];
        while entries < GROUP_ENTRIES_MAX && octets < GROUP_OCTETS_MAX {
            let Ok(job) = self.jobs.try_recv() else { break };
            entries += job.work.entries();
            octets += job.work.octets();
            group.push(job);
        }
        group
    }

    fn write(&self, group: &[Job]) -> Result<(), Failure> {
        self.shared.check()?;
        let steps = self.encode(group)?;
        self.shared.flush_begins();
        self.shared.carry_out(&steps)?;
        self.shared.flush_ends();
        let counters = &self.shared.counters;
        let entries: usize = group.iter().map(|job| job.work.entries()).sum();
        counters.groups.fetch_add(1, Ordering::Relaxed);
        counters.jobs.fetch_add(group.len() as u64, Ordering::Relaxed);
        counters.entries.fetch_add(entries as u64, Ordering::Relaxed);
        Ok(())
    }

    fn encode(&self, group: &[Job]) -> Result<Vec<Step>, Failure> {
        let mut writer = self.shared.writer();
        // Said once a group. What a job knows holds for the log as the jobs before it leave it.
        let knows = group.iter().rposition(|job| job.committed.is_some());
        for (place, job) in group.iter().enumerate() {
            if let Some(committed) = job.committed.filter(|_| knows == Some(place)) {
                writer.commit(committed);
            }
            for record in job.work.records() {
                writer.push(&record).map_err(Failure::Order)?;
            }
        }
        Ok(writer.flush())
    }

    /// The segment written to, and the steps that mark it. What is agreed on is known of the log as all jobs taken leave
    /// it, so that it counts when `last`, the last job written, is the last one taken.
    fn mark(&self, last: u64) -> (u64, Vec<Step>) {
        let committed = self.shared.staged().committed_after(last);
        let mut writer = self.shared.writer();
        committed.into_iter().for_each(|committed| writer.commit(committed));
        (writer.end().segment, writer.mark())
    }

    fn close(&self, last: u64) -> Result<(), Failure> {
        self.shared.check()?;
        let (segment, mut mark) = self.mark(last);
        if !mark.is_empty() {
            mark.push(Step::Sync { segment });
        }
        self.shared.carry_out(&mark)
    }
}

/// Ends the log when the thread does, however it does.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.fail(Failure::Closed);
    }
}

impl Work {
    /// The records to write, in order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let (entries, other) = match self {
            Work::Append(entries) => (entries.as_slice(), None),
            Work::Vote(vote) => (&[][..], Some(Record::Vote(*vote))),
            Work::Truncate(last) => (&[][..], Some(Record::Truncate(*last))),
            Work::Purge(upto) => (&[][..], Some(Record::Purge(*upto))),
        };
        entries.iter().map(|(id, payload)| Record::Entry { id: *id, payload }).chain(other)
    }

    /// Shows the work to readers before it is written.
    pub(super) fn stage(&self, tail: &mut Tail, job: u64) {
        match self {
            Work::Append(entries) => {
                entries.iter().for_each(|(id, payload)| tail.push(*id, payload.clone(), job));
            }
            Work::Vote(_) => {}
            Work::Truncate(last) => tail.truncate(*last),
            Work::Purge(upto) => tail.purge(*upto),
        }
    }

    /// Octets it counts for in queue and group.
    pub(super) fn octets(&self) -> usize {
        const ENTRY_OCTETS: usize = 64;
        match self {
            Work::Append(entries) => entries.iter().map(|(_, payload)| payload.len() + ENTRY_OCTETS).sum(),
            Work::Vote(_) | Work::Truncate(_) | Work::Purge(_) => ENTRY_OCTETS,
        }
    }

    fn entries(&self) -> usize {
        match self {
            Work::Append(entries) => entries.len(),
            Work::Vote(_) | Work::Truncate(_) | Work::Purge(_) => 0,
        }
    }
}
