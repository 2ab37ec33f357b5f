//! What this node answers to the others, put together from the parts that know.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::{MessageId, NodeId, SessionId};

use crate::cluster::Leases;
use crate::machine::Consensus;
use crate::peer::{Calls, Histories, HistoryPage, NotServed, Renewal, Renewals};
use crate::raft::Call;
use crate::store::Store;

/// Calls of the consensus.
pub(super) struct Served(pub(super) Consensus);

/// The history, for a node that lost its own.
pub(super) struct Kept(pub(super) Store);

/// Leases of other nodes.
pub(super) struct Renewed(pub(super) Leases);

impl Calls for Served {
    fn call(&self, from: NodeId, call: Call, body: Bytes) -> BoxFuture<'static, Result<Bytes, NotServed>> {
        let consensus = self.0.clone();
        async move { consensus.serve(from, call, body).await.map_err(|failure| NotServed(failure.to_string())) }.boxed()
    }
}

impl Renewals for Renewed {
    fn renew(&self, _: NodeId, session: SessionId) -> BoxFuture<'static, Result<Renewal, NotServed>> {
        let leases = self.0.clone();
        async move { Ok(leases.renew(session).await) }.boxed()
    }
}

impl Histories for Kept {
    fn history(
        &self,
        after: Option<MessageId>,
        limit: u32,
    ) -> BoxFuture<'static, Result<HistoryPage, NotServed>> {
        let store = self.0.clone();
        async move {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let rows = store.page(after, limit).await.map_err(|failure| NotServed(failure.to_string()))?;
            let rows: Vec<Bytes> = rows.iter().map(|row| Bytes::from(row.encode())).collect();
            // A page that is not full is the last one; one that is may have nothing behind it.
            Ok(HistoryPage { more: rows.len() >= limit, rows })
        }
        .boxed()
    }
}
