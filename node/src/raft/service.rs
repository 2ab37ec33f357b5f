//! The other end of the calls between nodes.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use openraft::raft::AppendEntriesRequest;
use openraft::storage::Snapshot;
use smsgrid::model::NodeId;
use tokio::time::Instant;

use super::core::Core;
use super::network::BlockReply;
use super::payload::{Origin, Payload};
use super::snapshot::{Block, Folder, Incoming, Received, SnapshotFile};
use super::wire::{self, Handed};
use super::{Call, StateMachine, types};

/// Batches remembered for each node, so that one that comes again is not written twice. A node has fewer under way.
const BATCHES_REMEMBERED: usize = 64;
/// Longest a leader keeps the node waiting that handed it a batch.
const HAND_OVER_MAX: Duration = Duration::from_secs(5);

/// Why a call is not served; it had no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// The body cannot be read.
    #[error("the body of the call cannot be read")]
    Malformed,
    /// This node has been started a moment ago and gives no vote yet.
    #[error("no vote is given so soon after a start")]
    TooEarly,
    /// Consensus has stopped here.
    #[error("consensus has stopped: {0}")]
    Stopped(String),
}

/// What serving needs beside consensus itself.
#[derive(Debug)]
pub(super) struct Desk {
    /// No vote is given before.
    votes_from: Mutex<Instant>,
    /// The leader that was heard last, and when.
    heard: Mutex<Option<(NodeId, Instant)>>,
    incoming: Arc<tokio::sync::Mutex<Option<Incoming>>>,
    recent: Mutex<BTreeMap<NodeId, Recent>>,
}

/// The batches one node handed over lately. Each is written at most once, and one that was refused never is, so that
/// a call which comes late, or twice, makes no certain answer wrong.
#[derive(Debug, Default)]
struct Recent {
    start: u64,
    term: u64,
    /// Batches up to this one are no longer remembered.
    forgotten: u64,
    batches: VecDeque<(u64, Handed)>,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            votes_from: Mutex::new(Instant::now()),
            heard: Mutex::new(None),
            incoming: Arc::new(tokio::sync::Mutex::new(None)),
            recent: Mutex::default(),
        }
    }

    /// Gives no vote before.
    pub(super) fn wait_until(&self, instant: Instant) {
        *self.votes_from.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }

    /// Whether `leader` was heard within `span`.
    pub(super) fn has_heard(&self, leader: NodeId, span: Duration) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|(from, at)| from == leader && at.elapsed() < span)
    }

    fn hears(&self, leader: NodeId) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some((leader, Instant::now()));
    }

    fn gives_votes(&self) -> bool {
        *self.votes_from.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now()
    }

    /// Notes a batch as pending; what became of it when it was here before.
    fn enter(&self, term: u64, batch: &Payload) -> Option<Handed> {
        let origin = batch.origin();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.entry(origin.node).or_default().enter(term, origin)
    }

    fn settle(&self, term: u64, batch: &Payload, handed: Handed) {
        let origin = batch.origin();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.get_mut(&origin.node);
        let Some(recent) = recent.filter(|recent| (recent.start, recent.term) == (origin.start, term)) else {
            return;
        };
        for (batch, state) in &mut recent.batches {
            if *batch == origin.batch {
                *state = handed;
            }
        }
    }
}

impl Recent {
    fn enter(&mut self, term: u64, origin: Origin) -> Option<Handed> {
        if (origin.start, term) > (self.start, self.term) {
            *self = Recent { start: origin.start, term, ..Recent::default() };
        }
        if (origin.start, term) < (self.start, self.term) || origin.batch <= self.forgotten {
            return Some(Handed::Refused);
        }
        if let Some((_, handed)) = self.batches.iter().find(|(batch, _)| *batch == origin.batch) {
            return Some(*handed);
        }
        self.batches.push_back((origin.batch, Handed::Pending));
        if self.batches.len() > BATCHES_REMEMBERED
            && let Some((batch, _)) = self.batches.pop_front()
        {
            self.forgotten = self.forgotten.max(batch);
        }
        None
    }
}

impl<M: StateMachine> Core<M> {
    pub(super) async fn serve(
        self: &Arc<Self>,
        from: NodeId,
        call: Call,
        body: Bytes,
    ) -> Result<Bytes, ServeError> {
        match call {
            Call::AppendEntries => {
                let request: AppendEntriesRequest<types::Types> = read(&body)?;
                // When it came counts, not when this node's own disk had let it pass.
                if self.is_newest(request.vote) {
                    self.desk.hears(from);
                }
                let response = self.raft.append_entries(request).await;
                response.map(|response| wire::encode(&response)).map_err(|error| stopped(&error))
            }
            Call::Vote | Call::PreVote if !self.desk.gives_votes() => Err(ServeError::TooEarly),
            Call::Vote => {
                let response = self.raft.vote(read(&body)?).await;
                response.map(|response| wire::encode(&response)).map_err(|error| stopped(&error))
            }
            Call::PreVote => {
                let response = self.raft.pre_vote(read(&body)?).await;
                response.map(|response| wire::encode(&response)).map_err(|error| stopped(&error))
            }
            Call::TransferLeader => {
                let response = self.raft.handle_transfer_leader(read(&body)?).await;
                response.map(|response| wire::encode(&response)).map_err(|error| stopped(&error))
            }
            Call::SnapshotBlock => self.take_block(from, read(&body)?).await,
            Call::Propose => self.take_batch(from, &body).await,
            Call::ReadIndex => Ok(wire::encode_index(self.confirm_index().await)),
        }
    }

    /// Whether this node knows of no later vote than this one.
    fn is_newest(&self, vote: types::Vote) -> bool {
        self.log.state().vote.map(types::vote).is_none_or(|own| own <= vote)
    }

    async fn take_batch(self: &Arc<Self>, from: NodeId, body: &[u8]) -> Result<Bytes, ServeError> {
        let (term, batch) = wire::decode_batch(body).ok_or(ServeError::Malformed)?;
        if batch.origin().node != from {
            return Err(ServeError::Malformed);
        }
        if let Some(handed) = self.desk.enter(term, &batch) {
            return Ok(handed.encode());
        }
        let core = self.clone();
        // Goes on when the caller hangs up: what became of the batch must be remembered.
        let writing = tokio::spawn(async move {
            let written = core.closing.run_until_cancelled(core.write(term, &batch)).await;
            let handed = written.unwrap_or(Handed::Pending);
            core.desk.settle(term, &batch, handed);
            handed
        });
        let handed = tokio::time::timeout(HAND_OVER_MAX, writing).await;
        Ok(handed.ok().and_then(Result::ok).unwrap_or(Handed::Pending).encode())
    }

    async fn take_block(self: &Arc<Self>, from: NodeId, block: Block) -> Result<Bytes, ServeError> {
        if let Some(own) = self.log.state().vote.map(types::vote).filter(|own| *own > block.vote) {
            return Ok(wire::encode(&BlockReply::Done(own)));
        }
        self.desk.hears(from);
        let core = self.clone();
        // Goes on when the caller hangs up: the file must not be written by two calls at once.
        let taking = tokio::spawn(async move {
            let mut incoming = core.desk.incoming.clone().lock_owned().await;
            if core.folder.current().is_some_and(|current| current.header.id == block.id) {
                return Ok(wire::encode(&BlockReply::Done(block.vote)));
            }
            let before = incoming.take().filter(|incoming| incoming.id() == block.id);
            let vote = block.vote;
            let (still_incoming, received) = take(before, core.folder.clone(), block).await?;
            match received {
                Received::Wants(offset) => {
                    *incoming = Some(still_incoming);
                    Ok(wire::encode(&BlockReply::Wants(offset)))
                }
                Received::Complete(file) => core.take_over(vote, file).await,
            }
        });
        taking.await.map_err(|error| stopped(&error))?
    }

    async fn take_over(&self, vote: types::Vote, file: SnapshotFile) -> Result<Bytes, ServeError> {
        let snapshot = Snapshot { meta: file.header.meta.clone(), snapshot: Arc::new(file) };
        let installed = self.raft.install_full_snapshot(vote, snapshot).await;
        installed
            .map(|response| wire::encode(&BlockReply::Done(response.vote)))
            .map_err(|error| stopped(&error))
    }
}

async fn take(
    before: Option<Incoming>,
    folder: Folder,
    block: Block,
) -> Result<(Incoming, Received), ServeError> {
    let taken = tokio::task::spawn_blocking(move || {
        let mut incoming = before.map_or_else(|| Incoming::resume(&folder, block.id), Ok)?;
        let received = incoming.take(&block)?;
        Ok::<_, io::Error>((incoming, received))
    });
    taken.await.map_err(|error| stopped(&error))?.map_err(|error| stopped(&error))
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ServeError> {
    wire::decode(body).ok_or(ServeError::Malformed)
}

fn stopped(error: &dyn std::fmt::Display) -> ServeError {
    ServeError::Stopped(error.to_string())
}
