//! The library's calls to other nodes, over the [`Transport`].

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openraft::errors::{ErrorSource, NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{EntryPayload, OptionalSend, StorageError};
use serde::de::DeserializeOwned;
use smsgrid::model::NodeId;

use super::applier::SnapshotOf;
use super::payload::Octets;
use super::snapshot::{Block, SnapshotFile, block_at};
use super::types::{Entry, Types, Vote};
use super::{Call, Member, Transport, TransportError, wire};

/// About what stands before the payload of an entry, and before the entries.
const HEAD_OCTETS: usize = 128;

/// Makes clients for other nodes.
pub(super) struct Network {
    pub(super) transport: Arc<dyn Transport>,
    /// Longest wait for the answer to entries or to a block.
    pub(super) append_timeout: Duration,
}

/// Calls one node.
pub(super) struct Client {
    transport: Arc<dyn Transport>,
    to: NodeId,
    member: Member,
    append_timeout: Duration,
}

/// What a follower says to a block.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum BlockReply {
    /// It wants the block that begins at this octet.
    Wants(u64),
    /// It has taken the snapshot over, or knows a later leader; its vote.
    Done(Vote),
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Client;

    async fn new_client(&mut self, target: u64, member: &Member) -> Client {
        Client {
            transport: self.transport.clone(),
            to: NodeId(target),
            member: member.clone(),
            append_timeout: self.append_timeout,
        }
    }
}

impl Client {
    async fn ask<T: DeserializeOwned>(
        &self,
        call: Call,
        body: Bytes,
        within: Duration,
    ) -> Result<T, RPCError<Types>> {
        let answer = self.transport.call(self.to, &self.member, call, body, within).await;
        let answer = answer.map_err(|error| match error {
            TransportError::Unreachable(_) | TransportError::Refused(_) => {
                RPCError::Unreachable(Unreachable::new(&error))
            }
            TransportError::Broken(_) => RPCError::Network(NetworkError::new(&error)),
        })?;
        let unreadable = || RPCError::Unreachable(Unreachable::from_string("the answer cannot be read"));
        wire::decode(&answer).ok_or_else(unreadable)
    }

    async fn send(&self, vote: Vote, file: &SnapshotFile) -> Result<Vote, StreamingError<Types>> {
        let id = file.header.id;
        let mut source = Some(open(file).await.map_err(unread)?);
        let (mut offset, mut octets) = (0, Vec::new());
        loop {
            let block = Block { vote, id, offset, octets: Octets(octets.into()) };
            match self.ask(Call::SnapshotBlock, wire::encode(&block), self.append_timeout).await? {
                BlockReply::Done(vote) => return Ok(vote),
                BlockReply::Wants(wanted) => offset = wanted,
            }
            let file = source.take().ok_or_else(|| unread(io::Error::other("the file is gone")))?;
            let (file, block) = read(file, offset).await.map_err(unread)?;
            source = Some(file);
            octets = block;
        }
    }
}

impl RaftNetworkV2<Types> for Client {
    type SnapshotData = Arc<SnapshotFile>;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        // A heartbeat is given up in time for the next. Entries may wait for a slow disk.
        let within = if request.entries.is_empty() { option.hard_ttl() } else { self.append_timeout };
        let octets: usize = request.entries.iter().map(octets_of).sum();
        self.ask(Call::AppendEntries, wire::encode_about(&request, HEAD_OCTETS + octets), within).await
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        self.ask(Call::Vote, wire::encode(&request), option.soft_ttl()).await
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        self.ask(Call::PreVote, wire::encode(&request), option.soft_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: SnapshotOf,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let mut cancel = pin!(cancel);
        tokio::select! {
            sent = self.send(vote, &snapshot.snapshot) => sent.map(SnapshotResponse::new),
            closed = &mut cancel => Err(StreamingError::Closed(closed)),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        self.ask(Call::TransferLeader, wire::encode(&request), option.soft_ttl()).await
    }
}

/// About how many octets an entry takes on the wire.
fn octets_of(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Normal(batch) => HEAD_OCTETS + batch.octets().len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => HEAD_OCTETS,
    }
}

async fn open(file: &SnapshotFile) -> io::Result<File> {
    let path = file.path.clone();
    tokio::task::spawn_blocking(move || File::open(path)).await?
}

async fn read(mut file: File, offset: u64) -> io::Result<(File, Vec<u8>)> {
    let read = move || block_at(&mut file, offset).map(|block| (file, block));
    tokio::task::spawn_blocking(read).await?
}

fn unread(error: io::Error) -> StreamingError<Types> {
    StreamingError::StorageError(StorageError::read_snapshot(None, ErrorSource::from_error(&error)))
}
