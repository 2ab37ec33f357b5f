//! What all handles and tasks of consensus share, and the two things only a leader can do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openraft::async_runtime::Instant as _;
use openraft::errors::ClientWriteError;
use openraft::impls::ProgressResponder;
use openraft::raft::ReadPolicy;
use smsgrid::model::{NodeId, Timestamp};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::applier::Applier;
use super::failure::Ended;
use super::flights::Flights;
use super::payload::{BATCH_HEADER_OCTETS, Payload};
use super::service::Desk;
use super::snapshot::Folder;
use super::stranded::Stranded;
use super::types::Types;
use super::wire::Handed;
use super::{Clock, Leadership, Member, SegmentLog, Settings, StateMachine, Transport, View};

pub(super) type Raft<M> = openraft::Raft<Types, Applier<M>>;

pub(super) struct Core<M: StateMachine> {
    pub(super) node: NodeId,
    pub(super) raft: Raft<M>,
    pub(super) log: SegmentLog,
    pub(super) folder: Folder,
    pub(super) view: View<M>,
    pub(super) flights: Arc<Flights<M>>,
    pub(super) stranded: Arc<Stranded>,
    pub(super) ended: Arc<Ended>,
    pub(super) leadership: watch::Sender<Leadership>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) settings: Settings,
    pub(super) desk: Desk,
    pub(super) calendar: Calendar,
    /// Cancelled by a shutdown: what goes on by itself must let go of the log.
    pub(super) closing: CancellationToken,
}

/// The calendar a leader stamps commands with; it never goes back.
pub(super) struct Calendar {
    clock: Clock,
    last: Mutex<Timestamp>,
}

impl<M: StateMachine> Core<M> {
    /// Writes a batch if this node leads `term`, and waits until a majority has it.
    pub(super) async fn write(&self, term: u64, batch: &Payload) -> Handed {
        // Its calendar goes on from that of the leaders before, so it must have applied what they wrote.
        let mut applied_term = self.flights.applied_term();
        let has_begun =
            timeout(self.settings.election_max, applied_term.wait_for(|reached| *reached >= term));
        if has_begun.await.is_err() {
            return Handed::Refused;
        }
        let Some(stamped) = self.stamp(batch) else { return Handed::Refused };
        let (responder, written) = ProgressResponder::complete_only();
        let request = self.raft.write(stamped).with_leader(term).responder(responder);
        if request.await.is_err() {
            return Handed::Pending;
        }
        match written.await {
            Ok(Ok(_)) => Handed::Taken,
            Ok(Err(ClientWriteError::ForwardToLeader(_))) => Handed::Refused,
            // It stood in the log of a leader that is none any more.
            Ok(Err(
                ClientWriteError::LogEntryDiscarded(_)
                | ClientWriteError::ChangeMembershipError(_)
                | ClientWriteError::PreconditionFailed(_),
            ))
            | Err(_) => Handed::Pending,
        }
    }

    fn stamp(&self, batch: &Payload) -> Option<Payload> {
        let now = self.calendar.now(self.view.read(M::now));
        let mut octets: Arc<[u8]> = Arc::from(&**batch.octets());
        M::stamp(Arc::get_mut(&mut octets)?.get_mut(BATCH_HEADER_OCTETS..)?, now).ok()?;
        Payload::parse(octets)
    }

    /// Asks a majority whether this node still leads; the last entry that may have been answered to anybody before.
    pub(super) async fn confirm_index(&self) -> Option<u64> {
        let linearizer = self.raft.get_read_linearizer(ReadPolicy::ReadIndex).await.ok()?;
        Some(linearizer.read_log_id().index())
    }

    /// Where the node is found, if it belongs to the cluster.
    pub(super) fn member(&self, node: NodeId) -> Option<Member> {
        let metrics = self.raft.server_metrics();
        let metrics = openraft::async_runtime::watch::WatchReceiver::borrow_watched(&metrics);
        metrics.membership_config.membership().get_node(&node.0).cloned()
    }

    /// Whether who leads may be able to bring a command into the log. Another node that leads must have been heard, and
    /// this node, when it leads, must have been heard by a majority, within the longest election: what was handed over
    /// otherwise would be in doubt until the majority is back.
    pub(super) fn is_followed(&self, led: &Leadership) -> bool {
        let span = self.settings.election_max;
        let Some(leader) = led.leader else { return false };
        if !led.leads {
            return self.desk.has_heard(leader, span) || led.since.elapsed() < span;
        }
        let metrics = self.raft.metrics();
        let metrics = openraft::async_runtime::watch::WatchReceiver::borrow_watched(&metrics);
        let is_alone = metrics.membership_config.membership().nodes().nth(1).is_none();
        let heard = metrics.last_quorum_acked.map(|heard| heard.elapsed());
        is_alone || heard.unwrap_or_else(|| led.since.elapsed()) < span
    }

    /// How long a call to the leader may take.
    pub(super) fn call_timeout(&self) -> Duration {
        self.settings.election_max
    }
}

impl Calendar {
    pub(super) fn new(clock: Clock) -> Calendar {
        Calendar { clock, last: Mutex::new(Timestamp::ZERO) }
    }

    fn now(&self, applied: Timestamp) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (*last).max(applied).max((self.clock)());
        *last
    }
}
