//! Orders the commands of this node: collects them into entries, writes these, applies them, replies.
//!
//! While one entry is on its way to the disk the lanes collect the next, so entries grow with the load and an idle
//! node answers after one sync.

use std::ops::Range;
use std::sync::Arc;

use smsgrid::log::{LogId, State, Vote};
use smsgrid::model::{NodeId, Position, Timestamp};

use super::propose::{Answer, Lanes, Ticket, lanes};
use super::{
    AppendError, Completion, Failure, ProposeError, Proposer, ReadError, Rejection, SegmentLog, StateMachine,
    View,
};

/// Most commands in one entry.
const ENTRY_COMMANDS_MAX: usize = 1024;
/// Most commands applied before readers get their turn.
const APPLY_COMMANDS_MAX: usize = 128;
/// How much of the log is read at once when it is replayed.
const REPLAY_OCTETS: usize = 1 << 20;
/// The term of a node that was never part of a cluster.
const FIRST_TERM: u64 = 1;

/// A calendar.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why the log could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An entry cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry holds what this program does not know; a newer one wrote it.
    #[error("entry {index} cannot be applied by this program")]
    Decode {
        /// The entry.
        index: u64,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The state given is older than what the log has given up.
    #[error("the state holds entries up to {applied}, the log begins after {purged}")]
    Purged {
        /// The last entry in the state.
        applied: u64,
        /// The last entry the log gave up.
        purged: u64,
    },
    /// The log has failed.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// The replay was abandoned because the process stops.
    #[error("the replay was abandoned")]
    Abandoned,
}

/// Writes and applies; [`run`](Driver::run) it as a task of the node.
pub struct Driver<M: StateMachine> {
    log: SegmentLog,
    view: View<M>,
    lanes: Lanes<M>,
    leader: Vote,
    clock: Clock,
    now: Timestamp,
}

/// Commands with one entry each, or a part of one.
struct Batch<M: StateMachine> {
    commands: Vec<M::Command>,
    answers: Vec<Answer<M>>,
    pieces: Vec<Piece>,
}

/// Which commands an entry holds, and its content.
struct Piece {
    commands: Range<usize>,
    payload: Vec<u8>,
}

/// Replays the log into `machine`, which holds the entries up to `applied`, and returns the handles. Nothing is
/// served before that. `clock` is asked once an entry; what it says never goes back in the log.
pub async fn start<M: StateMachine>(
    log: SegmentLog,
    node: NodeId,
    machine: M,
    applied: u64,
    clock: Clock,
) -> Result<(Proposer<M>, View<M>, Driver<M>), StartError> {
    let view = View::new(machine, Position { index: applied, offset: 0 });
    let replayed = tokio::task::spawn_blocking({
        let (log, view) = (log.clone(), view.clone());
        move || replay(&log, &view, applied)
    });
    replayed.await.map_err(|_| StartError::Abandoned)??;
    let leader = lead(&log, node).await?;
    let (proposer, lanes) = lanes();
    let now = view.read(M::now);
    let driver = Driver { log, view: view.clone(), lanes, leader, clock, now };
    Ok((proposer, view, driver))
}

fn replay<M: StateMachine>(log: &SegmentLog, view: &View<M>, applied: u64) -> Result<(), StartError> {
    let State { last, purged, .. } = log.state();
    if let Some(purged) = purged.map(|purged| purged.index).filter(|purged| *purged > applied) {
        return Err(StartError::Purged { applied, purged });
    }
    let end = last.map_or(0, |last| last.index + 1);
    let mut next = applied + 1;
    while next < end {
        for entry in log.read(next..end, REPLAY_OCTETS)? {
            let index = entry.id.index;
            let commands = M::decode(&entry.payload)
                .map_err(|source| StartError::Decode { index, source: Box::new(source) })?;
            view.apply(Position { index, offset: 0 }, commands.iter().map(Option::as_ref));
            next = index + 1;
        }
    }
    Ok(())
}

/// The term this node writes under: the one of its vote, or the first.
async fn lead(log: &SegmentLog, node: NodeId) -> Result<Vote, StartError> {
    if let Some(vote) = log.state().vote {
        return Ok(vote);
    }
    let vote = Vote { term: FIRST_TERM, node, committed: true };
    let (done, saved) = Completion::pair();
    log.save_vote(vote, done).await?;
    saved.wait().await.map_err(AppendError::Failed)?;
    Ok(vote)
}

impl<M: StateMachine> Driver<M> {
    /// Runs until every proposer is gone, or the log fails: then the node must stop.
    pub async fn run(mut self) -> Result<(), Failure> {
        while let Some(tickets) = self.lanes.collect(ENTRY_COMMANDS_MAX).await {
            self.commit(tickets).await?;
        }
        Ok(())
    }

    async fn commit(&mut self, tickets: Vec<Ticket<M>>) -> Result<(), Failure> {
        let mut batch = self.prepare(tickets);
        let first = self.log.state().last.map_or(1, |last| last.index + 1);
        let ids = (first..).map(|index| LogId { term: self.leader.term, node: self.leader.node, index });
        let payloads = batch.pieces.iter_mut().map(|piece| std::mem::take(&mut piece.payload));
        let entries = ids.zip(payloads).collect();
        if let Err(failure) = self.write(entries).await {
            batch.fail(&failure);
            return Err(failure);
        }
        self.finish(batch, first);
        Ok(())
    }

    /// Stamps the commands and forms entries of them; those too large for one are refused.
    fn prepare(&mut self, tickets: Vec<Ticket<M>>) -> Batch<M> {
        self.now = self.now.max((self.clock)());
        let octets_max = self.log.payload_octets_max();
        let mut batch = Batch { commands: Vec::new(), answers: Vec::new(), pieces: Vec::new() };
        for Ticket { mut command, answer, .. } in tickets {
            M::stamp(&mut command, self.now);
            batch.commands.push(command);
            batch.answers.push(answer);
        }
        batch.divide(octets_max);
        batch
    }

    async fn write(&self, entries: Vec<(LogId, Vec<u8>)>) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        let (done, written) = Completion::pair();
        match self.log.append(entries, done).await {
            Ok(()) => written.wait().await,
            Err(AppendError::Failed(failure)) => Err(failure),
            Err(AppendError::Refused(refused)) => Err(Failure::Order(refused)),
        }
    }

    fn finish(&self, batch: Batch<M>, first: u64) {
        let mut answers = batch.answers.into_iter();
        for (index, piece) in (first..).zip(batch.pieces) {
            let commands = batch.commands.get(piece.commands).unwrap_or_default();
            let offsets = (0u32..).step_by(APPLY_COMMANDS_MAX);
            for (offset, commands) in offsets.zip(commands.chunks(APPLY_COMMANDS_MAX)) {
                let replies = self.view.apply(Position { index, offset }, commands.iter().map(Some));
                for (reply, answer) in replies.into_iter().zip(&mut answers) {
                    // Whoever asked is gone; the command is applied all the same.
                    drop(answer.send(Ok(reply)));
                }
            }
        }
    }
}

impl<M: StateMachine> Batch<M> {
    /// One entry when it fits, else as few as halving finds.
    fn divide(&mut self, octets_max: usize) {
        let mut left = Vec::new();
        left.push(0..self.commands.len());
        while let Some(range) = left.pop().filter(|range| !range.is_empty()) {
            let payload = M::encode(self.commands.get(range.clone()).unwrap_or_default());
            let middle = range.start + range.len() / 2;
            match (payload.len() <= octets_max, range.len()) {
                (true, _) => self.pieces.push(Piece { commands: range, payload }),
                (false, 1) => {
                    let refusal = Rejection::TooLarge { octets: payload.len(), octets_max };
                    self.refuse(range.start, refusal);
                    left.iter_mut().for_each(|later| *later = later.start - 1..later.end - 1);
                }
                (false, _) => left.extend([middle..range.end, range.start..middle]),
            }
        }
    }

    /// Nobody knows what of it is on disk.
    fn fail(self, failure: &Failure) {
        for answer in self.answers {
            drop(answer.send(Err(ProposeError::Unknown(Some(failure.clone())))));
        }
    }

    fn refuse(&mut self, command: usize, refusal: Rejection) {
        self.commands.remove(command);
        drop(self.answers.remove(command).send(Err(refusal.into())));
    }
}
