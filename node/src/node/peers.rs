//! What this node answers to the others, put together from the parts that know.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::{NodeId, SessionId};

use crate::cluster::Leases;
use crate::machine::Consensus;
use crate::peer::{Calls, NotServed, Renewal, Renewals};
use crate::raft::Call;

/// Calls of the consensus.
pub(super) struct Served(pub(super) Consensus);

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
