//! This node as a member of its cluster, once the log runs: its session and lease, and the leader's part.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::{Name, NodeId, SessionId};
use smsgrid::worker::Lease;
use tokio::sync::watch;
use tokio::time::Instant;

use super::background;
use super::open::Opened;
use crate::clock::Clock;
use crate::cluster::{AskLeader, Barrier, Differing, Holder, Leases, SessionKeeper, announce, tick};
use crate::config::Config;
use crate::machine::{Consensus, View};
use crate::modem::Wakers;
use crate::peer::{self, Renewal};
use crate::tasks::Tasks;

/// What the rest of the node works with.
pub(super) struct Membership {
    pub(super) barrier: Barrier,
    pub(super) leases: Leases,
    pub(super) lease: Arc<Mutex<Lease>>,
    pub(super) session: watch::Receiver<Option<SessionId>>,
    pub(super) keeper: Arc<SessionKeeper>,
}

impl Membership {
    /// Starts the tasks that keep the lease, and those that work while this node leads.
    pub(super) fn start(
        config: &Config,
        opened: &Opened,
        wakers: &Wakers,
        tasks: &Tasks,
        clock: &Clock,
    ) -> Membership {
        let Opened { proposer, view, consensus, .. } = opened;
        let leadership = consensus.leadership();
        let barrier = barrier(consensus.clone(), view.clone());
        let (client, terms) = (&config.node.name, config.lease.terms());
        let leases = Leases::new(terms, leadership.clone(), barrier.clone(), view.clone(), clock.clone());
        background(tasks, "expirer", leases.clone().expire(client.clone(), proposer.clone()));
        let ticker = tick(client.clone(), proposer.clone(), view.clone(), leadership.clone(), clock.clone());
        background(tasks, "ticker", ticker);

        if opened.founded.client.is_some() {
            background(tasks, "herald", announce(leadership.clone(), names(consensus.clone())));
        }

        let lease = Arc::new(Mutex::new(Lease::new(terms)));
        let (keeper, session) = SessionKeeper::new(
            client.clone(),
            opened.data_dir.clone(),
            proposer.clone(),
            view.clone(),
            lease.clone(),
        );
        let holder = Holder {
            lease: lease.clone(),
            session: session.clone(),
            leadership,
            leader: ask(
                opened.identity.node,
                leases.clone(),
                opened.founded.client.clone(),
                consensus.clone(),
            ),
            differing: Differing::new(terms, names(consensus.clone())),
            regained: Box::new({
                let wakers = wakers.clone();
                move || wakers.wake_all()
            }),
            clock: clock.clone(),
        };
        background(tasks, "lease", holder.keep());
        Membership { barrier, leases, lease, session, keeper: Arc::new(keeper) }
    }
}

/// A majority says how far the log is; then it is waited for here.
fn barrier(consensus: Consensus, view: View) -> Barrier {
    Barrier::new(move |within| {
        let (consensus, view) = (consensus.clone(), view.clone());
        async move {
            let until = Instant::now() + within;
            let Ok(position) = consensus.read_index(within).await else { return false };
            view.wait_applied(position, until.saturating_duration_since(Instant::now())).await.is_ok()
        }
        .boxed()
    })
}

/// How members are called.
fn names(consensus: Consensus) -> impl Fn(NodeId) -> Option<Name> + Send + 'static {
    move |node| consensus.members().remove(&node).map(|member| member.name)
}

/// The way to a leader: this node, which keeps leases of its `own` then, or another one.
fn ask(node: NodeId, own: Leases, peers: Option<peer::Client>, consensus: Consensus) -> Arc<AskLeader> {
    Arc::new(move |leader: NodeId, session: SessionId, within: Duration| {
        if leader == node {
            let own = own.clone();
            return async move { Some(own.renew(session).await) }.boxed();
        }
        let member = consensus.members().remove(&leader);
        let asked =
            peers.as_ref().zip(member).map(|(peers, member)| peers.renew(leader, &member, session, within));
        let answer: BoxFuture<'static, Option<Renewal>> = async move {
            match asked {
                Some(asked) => asked.await.ok(),
                None => None,
            }
        }
        .boxed();
        answer
    })
}
