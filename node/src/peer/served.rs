//! What a node does for its peers, as traits: each is carried out by the part of the node that can.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use smsgrid::model::{MessageId, Name, NodeId, SessionId};

use crate::identity::ClusterId;
use crate::raft::Call;
use crate::store::{Cursor, Query};

/// A call that was refused before anything was done for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotServed(pub String);

/// Answers the calls of the consensus.
pub trait Calls: Send + Sync + 'static {
    /// Answers one call of the node `from`. A refusal says that nothing was done.
    fn call(&self, from: NodeId, call: Call, body: Bytes) -> BoxFuture<'static, Result<Bytes, NotServed>>;
}

/// Renews leases.
pub trait Renewals: Send + Sync + 'static {
    /// The node `from` renews the lease of `session`. Answered `Renewed` only while this node has leadership confirmed;
    /// the lease counts from the arrival.
    fn renew(&self, from: NodeId, session: SessionId) -> BoxFuture<'static, Result<Renewal, NotServed>>;
}

/// What came of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The lease counts from the arrival of the request.
    Renewed {
        /// For how long the leader keeps it; none when it does not say.
        length: Option<Duration>,
    },
    /// The session does not live: a new one must be registered.
    Ended,
    /// The node called does not lead, or cannot know it.
    NotLeader {
        /// The leader it knows.
        leader: Option<NodeId>,
    },
}

/// Gives rows of the message store.
pub trait Histories: Send + Sync + 'static {
    /// At most `limit` rows behind `after`, in order of their ids.
    fn history(
        &self,
        after: Option<MessageId>,
        limit: u32,
    ) -> BoxFuture<'static, Result<HistoryPage, NotServed>>;

    /// The row of one message, from the own store of this node alone: whoever is asked by a peer asks nobody else.
    fn get_row(&self, wanted: RowWanted) -> BoxFuture<'static, Result<RowFound, NotServed>>;

    /// A page of a list, from the own store of this node alone.
    fn list_rows(&self, wanted: RowsWanted) -> BoxFuture<'static, Result<RowsFound, NotServed>>;
}

/// The row of one message is wanted by a node that lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowWanted {
    /// The message.
    pub id: MessageId,
    /// The entry that must be applied before it is looked for.
    pub applied: u64,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFound {
    /// The row as the store writes it; none when there is no such message.
    pub row: Option<Bytes>,
    /// The last entry that was applied when it had been looked for.
    pub applied: u64,
}

/// A page of a list is wanted by a node that lacks rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsWanted {
    /// Which messages.
    pub query: Query,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
    /// Most rows of the page.
    pub limit: u32,
    /// The entry that must be applied before they are looked for.
    pub applied: u64,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsFound {
    /// Rows as the store writes them, the newest first.
    pub rows: Vec<Bytes>,
    /// Where to go on; none when there are no more.
    pub next: Option<Cursor>,
    /// The last entry that was applied when they had been looked for.
    pub applied: u64,
}

/// Some rows of the message store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// Rows as the store writes them.
    pub rows: Vec<Bytes>,
    /// Whether there are rows behind these.
    pub more: bool,
}

/// Answers for the founding of the cluster, and afterwards for its having been founded.
pub trait Founding: Send + Sync + 'static {
    /// Where this node stands. Refused when the caller means another node.
    fn probe(&self, from: Founder, to: &str) -> BoxFuture<'static, Result<Standing, NotServed>>;

    /// Takes the cluster's id over, durable when this returns.
    fn form(&self, forming: Forming) -> BoxFuture<'static, Result<(), NotServed>>;
}

/// How a founding member names itself and its list of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founder {
    /// Its name.
    pub name: Name,
    /// The cluster's name in its configuration.
    pub cluster_name: Name,
    /// SHA-256 over the list of members in its configuration.
    pub members: [u8; 32],
}

/// How far a member's cluster has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its data directory is empty.
    Empty,
    /// The id is drawn, or taken over, and the cluster may not have formed.
    Forming(ClusterId),
    /// The cluster has formed.
    Formed(ClusterId),
}

/// Where a member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who answers.
    pub from: Founder,
    /// How far it has come.
    pub stage: Stage,
    /// Whether the caller's name is a member of its cluster.
    pub knows_caller: bool,
    /// Drawn by its process when it started.
    pub life: u64,
}

/// The first founding member gives the cluster's id to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forming {
    /// Who forms the cluster.
    pub from: Founder,
    /// The name of the node it means to call.
    pub to: String,
    /// The cluster's id.
    pub cluster: ClusterId,
    /// The life of the process that said that it is empty; a later one does not take the id.
    pub life: u64,
}
