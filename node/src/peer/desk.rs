//! Where a call is handed to the part of the node that answers it, once that part is up.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use smsgrid::model::{MessageId, NodeId, SessionId};

use super::served::{
    Calls, Forming, Founder, Founding, Histories, HistoryPage, NotServed, Renewal, Renewals, RowFound,
    RowWanted, RowsFound, RowsWanted, Standing,
};
use crate::raft::Call;

/// The parts that answer. Clones are the same desk. A part is put here once, and stays until the process ends.
#[derive(Clone)]
pub struct Desk {
    founding: Arc<dyn Founding>,
    calls: Arc<OnceLock<Arc<dyn Calls>>>,
    renewals: Arc<OnceLock<Arc<dyn Renewals>>>,
    histories: Arc<OnceLock<Arc<dyn Histories>>>,
}

impl Desk {
    /// A desk that answers for the founding alone.
    pub fn new(founding: Arc<dyn Founding>) -> Desk {
        let (calls, renewals, histories) = Default::default();
        Desk { founding, calls, renewals, histories }
    }

    /// From now on calls of the consensus are answered by `calls`.
    pub fn serve_calls(&self, calls: Arc<dyn Calls>) {
        let _ = self.calls.set(calls);
    }

    /// From now on leases are renewed by `renewals`.
    pub fn serve_renewals(&self, renewals: Arc<dyn Renewals>) {
        let _ = self.renewals.set(renewals);
    }

    /// From now on rows are given by `histories`.
    pub fn serve_histories(&self, histories: Arc<dyn Histories>) {
        let _ = self.histories.set(histories);
    }

    /// Answers a call of the consensus.
    pub fn call(
        &self,
        from: NodeId,
        call: Call,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Bytes, NotServed>> {
        match self.calls.get() {
            Some(calls) => calls.call(from, call, body),
            None => not_yet("its consensus"),
        }
    }

    /// Renews a lease.
    pub fn renew(&self, from: NodeId, session: SessionId) -> BoxFuture<'static, Result<Renewal, NotServed>> {
        match self.renewals.get() {
            Some(renewals) => renewals.renew(from, session),
            None => not_yet("leases"),
        }
    }

    /// Gives rows of the store.
    pub fn history(
        &self,
        after: Option<MessageId>,
        limit: u32,
    ) -> BoxFuture<'static, Result<HistoryPage, NotServed>> {
        match self.histories.get() {
            Some(histories) => histories.history(after, limit),
            None => not_yet("its history"),
        }
    }

    /// Gives the row of one message.
    pub fn get_row(&self, wanted: RowWanted) -> BoxFuture<'static, Result<RowFound, NotServed>> {
        match self.histories.get() {
            Some(histories) => histories.get_row(wanted),
            None => not_yet("its history"),
        }
    }

    /// Gives a page of a list.
    pub fn list_rows(&self, wanted: RowsWanted) -> BoxFuture<'static, Result<RowsFound, NotServed>> {
        match self.histories.get() {
            Some(histories) => histories.list_rows(wanted),
            None => not_yet("its history"),
        }
    }

    /// Tells where this node stands.
    pub fn probe(&self, from: Founder, to: &str) -> BoxFuture<'static, Result<Standing, NotServed>> {
        self.founding.probe(from, to)
    }

    /// Takes the cluster's id over.
    pub fn form(&self, forming: Forming) -> BoxFuture<'static, Result<(), NotServed>> {
        self.founding.form(forming)
    }
}

fn not_yet<T: Send + 'static>(what: &str) -> BoxFuture<'static, Result<T, NotServed>> {
    let refusal = NotServed(format!("the node is starting and does not serve {what} yet"));
    async move { Err(refusal) }.boxed()
}
