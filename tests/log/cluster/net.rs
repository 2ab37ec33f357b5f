//! A network in memory between the nodes of a test, whose links can be broken one by one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use smsgrid::model::NodeId;
use smsgrid_node::raft::{Call, Consensus, Member, Transport, TransportError};
use tokio::time::{sleep, timeout};

use crate::ledger::Ledger;

/// What a link does to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// It is carried.
    #[default]
    Sound,
    /// The other side refuses connections.
    Refusing,
    /// It vanishes.
    Silent,
    /// It arrives, its answer vanishes.
    Deaf,
    /// It arrives, and arrives again later; the second answer counts.
    Twice,
}

/// The network; clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Net(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    nodes: BTreeMap<NodeId, Consensus<Ledger>>,
    links: BTreeMap<(NodeId, NodeId), Link>,
    carried: BTreeMap<Call, u64>,
    /// How many more calls of a kind are carried before links fall silent for it.
    left: BTreeMap<Call, u64>,
}

/// The network as one node sees it.
pub(super) struct From {
    pub(super) net: Net,
    pub(super) node: NodeId,
}

impl Net {
    pub(super) fn plug(&self, node: NodeId, consensus: Consensus<Ledger>) {
        self.lock().nodes.insert(node, consensus);
    }

    pub(super) fn unplug(&self, node: NodeId) {
        self.lock().nodes.remove(&node);
    }

    pub(super) fn set(&self, from: NodeId, to: NodeId, link: Link) {
        self.lock().links.insert((from, to), link);
    }

    /// Breaks every link from and to the node.
    pub(super) fn isolate(&self, node: NodeId, link: Link) {
        for other in (1..=3).map(NodeId).filter(|other| *other != node) {
            self.set(node, other, link);
            self.set(other, node, link);
        }
    }

    pub(super) fn heal(&self) {
        let mut state = self.lock();
        state.links.clear();
        state.left.clear();
    }

    /// Carries so many more calls of this kind, then none.
    pub(super) fn carry_only(&self, call: Call, left: u64) {
        self.lock().left.insert(call, left);
    }

    /// How many calls of this kind arrived.
    pub(super) fn carried(&self, call: Call) -> u64 {
        self.lock().carried.get(&call).copied().unwrap_or_default()
    }

    fn link(&self, from: NodeId, to: NodeId, call: Call) -> (Link, Option<Consensus<Ledger>>) {
        let mut state = self.lock();
        let mut link = state.links.get(&(from, to)).copied().unwrap_or_default();
        if let Some(left) = state.left.get_mut(&call) {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => link = Link::Silent,
            }
        }
        if link != Link::Silent && link != Link::Refusing {
            *state.carried.entry(call).or_default() += 1;
        }
        (link, state.nodes.get(&to).cloned())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics under it")
    }
}

impl Transport for From {
    fn call(
        &self,
        to: NodeId,
        _: &Member,
        call: Call,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let (net, from) = (self.net.clone(), self.node);
        Box::pin(async move {
            let lost = || TransportError::Broken("nothing came back".to_owned());
            let (link, node) = net.link(from, to, call);
            let Some(node) = node.filter(|_| link != Link::Refusing) else {
                return Err(TransportError::Unreachable("nobody is there".to_owned()));
            };
            if link == Link::Silent {
                sleep(within).await;
                return Err(lost());
            }
            // A node goes on with a call when the caller gives up.
            let served = tokio::spawn(async move {
                let first = node.serve(from, call, body.clone()).await;
                if link == Link::Twice { node.serve(from, call, body).await } else { first }
            });
            match timeout(within, served).await {
                Ok(Ok(Ok(_))) if link == Link::Deaf => {
                    sleep(within).await;
                    Err(lost())
                }
                Ok(Ok(Ok(answer))) => Ok(answer),
                Ok(Ok(Err(refusal))) => Err(TransportError::Refused(refusal.to_string())),
                Ok(Err(_)) | Err(_) => Err(lost()),
            }
        })
    }
}
