//! Calls other nodes, and tells what went wrong with whether the call was delivered.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use smsgrid::model::{MessageId, NodeId, SessionId};
use smsgrid_proto::internal as proto;
use smsgrid_proto::internal::peer_service_client::PeerServiceClient;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Request, Response, Status};

use super::belonging::{Belonging, unsigned};
use super::bounds::{CALLS_MAX, MESSAGE_OCTETS_MAX};
use super::line::{self, Line};
use super::link::{Link, LinkError};
use super::served::{
    Forming, Founder, HistoryPage, Renewal, RowFound, RowWanted, RowsFound, RowsWanted, Standing,
};
use super::{rows, wire};
use crate::raft::{Call, Member, Transport, TransportError};

/// Calls other nodes. Clones share the connections: to each address one for what is urgent, one for what is large.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    belonging: Belonging,
    local: Option<IpAddr>,
    wires: Mutex<BTreeMap<(String, Lane), Wire>>,
}

/// A connection of its own each, so that a snapshot delays no heartbeat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Urgent,
    Bulk,
}

/// A connection with the calls that are under way on it.
#[derive(Clone)]
struct Wire {
    link: Link,
    service: PeerServiceClient<Link>,
    line: Line,
    calls: Arc<Semaphore>,
}

/// Why a node that has no cluster calls nobody.
const NO_CLUSTER: &str = "this node has no cluster yet";
/// Most connections that are remembered; the addresses of members change rarely.
const WIRES_MAX: usize = 128;

impl Client {
    /// Calls as the node `belonging` says; from the address `local` where that reaches the peer.
    pub fn new(belonging: Belonging, local: Option<IpAddr>) -> Client {
        Client(Arc::new(Inner { belonging, local, wires: Mutex::default() }))
    }

    /// Renews the lease of `session` at `to`, which should be the leader.
    pub fn renew(
        &self,
        to: NodeId,
        member: &Member,
        session: SessionId,
        within: Duration,
    ) -> BoxFuture<'static, Result<Renewal, TransportError>> {
        let request = proto::RenewRequest { session: session.0 };
        let reply = self.signed(to, &member.peer, Lane::Urgent, request, within, |mut service, request| {
            async move { service.renew(request).await }.boxed()
        });
        async move { wire::renewal_from_wire(reply.await?).map_err(malformed) }.boxed()
    }

    /// At most `limit` rows behind `after` of the store of `to`.
    pub fn history(
        &self,
        to: NodeId,
        member: &Member,
        after: Option<MessageId>,
        limit: u32,
        within: Duration,
    ) -> BoxFuture<'static, Result<HistoryPage, TransportError>> {
        let request = proto::HistoryRequest { after: wire::after_to_wire(after), limit };
        let reply = self.signed(to, &member.peer, Lane::Bulk, request, within, |mut service, request| {
            async move { service.history(request).await }.boxed()
        });
        async move {
            let proto::HistoryReply { rows, more } = reply.await?;
            Ok(HistoryPage { rows, more })
        }
        .boxed()
    }

    /// The row of one message, as the store of `to` has it.
    pub fn get_row(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        let request = rows::wanted_to_wire(wanted);
        let reply = self.signed(to, &member.peer, Lane::Bulk, request, within, |mut service, request| {
            async move { service.get_row(request).await }.boxed()
        });
        async move { Ok(rows::found_from_wire(reply.await?)) }.boxed()
    }

    /// A page of a list, as the store of `to` has it.
    pub fn list_rows(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowsWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowsFound, TransportError>> {
        let request = rows::page_wanted_to_wire(wanted);
        let reply = self.signed(to, &member.peer, Lane::Bulk, request, within, |mut service, request| {
            async move { service.list_rows(request).await }.boxed()
        });
        async move { rows::page_found_from_wire(reply.await?).map_err(malformed) }.boxed()
    }

    /// Asks the node at `address`, meant to be `to`, where it stands.
    pub fn probe(
        &self,
        address: &str,
        from: &Founder,
        to: &str,
        within: Duration,
    ) -> BoxFuture<'static, Result<Standing, TransportError>> {
        let request = proto::ProbeRequest { from: Some(wire::founder_to_wire(from)), to: to.to_owned() };
        let wire = self.wire(address, Lane::Urgent);
        async move {
            let reply = wire.call(unsigned(request), within, |mut service, request| {
                async move { service.probe(request).await }.boxed()
            });
            wire::standing_from_wire(reply.await?).map_err(malformed)
        }
        .boxed()
    }

    /// Gives the cluster's id to the node at `address`.
    pub fn form(
        &self,
        address: &str,
        forming: &Forming,
        within: Duration,
    ) -> BoxFuture<'static, Result<(), TransportError>> {
        let request = proto::FormRequest {
            from: Some(wire::founder_to_wire(&forming.from)),
            to: forming.to.clone(),
            cluster: wire::cluster_to_wire(forming.cluster),
            life: forming.life,
        };
        let wire = self.wire(address, Lane::Urgent);
        async move {
            let reply = wire.call(unsigned(request), within, |mut service, request| {
                async move { service.form(request).await }.boxed()
            });
            reply.await.map(|proto::FormReply {}| ())
        }
        .boxed()
    }

    /// A call that says from whom and for whom it is.
    fn signed<T: Send + 'static, R: Send + 'static>(
        &self,
        to: NodeId,
        address: &str,
        lane: Lane,
        body: T,
        within: Duration,
        send: impl FnOnce(PeerServiceClient<Link>, Request<T>) -> Answer<R> + Send + 'static,
    ) -> BoxFuture<'static, Result<R, TransportError>> {
        let request = self.0.belonging.stamp(to, body);
        let wire = self.wire(address, lane);
        async move { wire.call(request.ok_or_else(no_cluster)?, within, send).await }.boxed()
    }

    /// A call over the line to the node.
    fn line_call(
        &self,
        to: NodeId,
        address: &str,
        lane: Lane,
        (call, body): (Call, Bytes),
        within: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let wire = self.wire(address, lane);
        let belonging = self.0.belonging.clone();
        async move {
            let deadline = Instant::now() + within;
            belonging.get().ok_or_else(no_cluster)?;
            let _turn = wire.turn(deadline, within).await?;
            let mut service = wire.service.clone();
            let open = move |calls| {
                async move {
                    let request = belonging.stamp(to, calls);
                    service.line(request.ok_or_else(|| Status::failed_precondition(NO_CLUSTER))?).await
                }
                .boxed()
            };
            let answer = wire.line.ask(to, (call, body), deadline, open).await;
            answer.unwrap_or_else(|| Err(late(within)))
        }
        .boxed()
    }

    fn wire(&self, address: &str, lane: Lane) -> Wire {
        let mut wires = self.0.wires.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.to_owned(), lane);
        if let Some(wire) = wires.get(&key) {
            return wire.clone();
        }
        if wires.len() >= WIRES_MAX {
            wires.clear();
        }
        let wire = Wire::new(address, self.0.local, lane);
        wires.insert(key, wire.clone());
        wire
    }
}

impl Transport for Client {
    fn call(
        &self,
        to: NodeId,
        member: &Member,
        call: Call,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        if body.len() > BODY_OCTETS_MAX {
            let why = format!("{} octets are more than a call may have", body.len());
            return async move { Err(TransportError::Refused(why)) }.boxed();
        }
        let lane = match call {
            Call::SnapshotBlock => Lane::Bulk,
            Call::AppendEntries
            | Call::Vote
            | Call::PreVote
            | Call::TransferLeader
            | Call::Propose
            | Call::ReadIndex => Lane::Urgent,
        };
        if body.len() <= line::BODY_OCTETS_MAX {
            return self.line_call(to, &member.peer, lane, (call, body), within);
        }
        let request = proto::CallRequest { call: u32::from(call.number()), body };
        let reply = self.signed(to, &member.peer, lane, request, within, |mut service, request| {
            async move { service.call(request).await }.boxed()
        });
        async move { Ok(reply.await?.body) }.boxed()
    }
}

/// Most octets of a call's body: the rest of the message needs a few itself.
const BODY_OCTETS_MAX: usize = MESSAGE_OCTETS_MAX - 64;

type Answer<R> = BoxFuture<'static, Result<Response<R>, Status>>;

impl Wire {
    fn new(address: &str, local: Option<IpAddr>, lane: Lane) -> Wire {
        let link = Link::new(address, local, lane == Lane::Urgent);
        // HTTP/2 wants an authority; an address that is none cannot be reached anyway.
        let origin = format!("http://{address}").parse().unwrap_or_default();
        let service = PeerServiceClient::with_origin(link.clone(), origin)
            .max_decoding_message_size(MESSAGE_OCTETS_MAX)
            .max_encoding_message_size(MESSAGE_OCTETS_MAX);
        Wire { link, service, line: Line::default(), calls: Arc::new(Semaphore::new(CALLS_MAX as usize)) }
    }

    /// Until the request is handed to the connection, a passed deadline means that it was certainly not delivered.
    async fn call<T, R>(
        &self,
        request: Request<T>,
        within: Duration,
        send: impl FnOnce(PeerServiceClient<Link>, Request<T>) -> Answer<R>,
    ) -> Result<R, TransportError> {
        let deadline = Instant::now() + within;
        let _turn = self.turn(deadline, within).await?;
        match timeout_at(deadline, send(self.service.clone(), request)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(failure(&status)),
            Err(_) => Err(late(within)),
        }
    }

    /// Waits for the turn of a call, and for a connection.
    async fn turn(&self, deadline: Instant, within: Duration) -> Result<SemaphorePermit<'_>, TransportError> {
        let unreachable = |why: String| TransportError::Unreachable(why);
        let turn = timeout_at(deadline, self.calls.acquire()).await;
        let turn = turn.ok().and_then(Result::ok);
        let turn = turn.ok_or_else(|| unreachable(format!("too many calls under way for {within:?}")))?;
        timeout_at(deadline, self.link.connected())
            .await
            .map_err(|_| unreachable(format!("no connection within {within:?}")))?
            .map_err(|failure| unreachable(failure.to_string()))?;
        Ok(turn)
    }
}

fn no_cluster() -> TransportError {
    TransportError::Unreachable(NO_CLUSTER.to_owned())
}

fn late(within: Duration) -> TransportError {
    TransportError::Broken(format!("no answer within {within:?}"))
}

/// What a status says about the delivery. Only what a node says itself is a refusal.
pub(super) fn failure(status: &Status) -> TransportError {
    match link_failure(status) {
        Some(LinkError::NotSent(why)) => return TransportError::Unreachable(why.clone()),
        Some(LinkError::Lost(why)) => return TransportError::Broken(why.clone()),
        None => {}
    }
    let why = status.message().to_owned();
    match status.code() {
        Code::Unimplemented if why.is_empty() => {
            TransportError::Refused("it does not know this call, and may be of an older version".to_owned())
        }
        Code::FailedPrecondition | Code::Unimplemented | Code::InvalidArgument => {
            TransportError::Refused(why)
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => TransportError::Broken(format!("{}: {why}", status.code())),
    }
}

fn link_failure(status: &Status) -> Option<&LinkError> {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<LinkError>() {
            return Some(failure);
        }
        cause = error.source();
    }
    None
}

fn malformed(malformed: wire::Malformed) -> TransportError {
    TransportError::Broken(format!("the answer is malformed: {malformed}"))
}
