//! Answers the calls of other nodes.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use smsgrid::model::{NodeId, SessionId};
use smsgrid_proto::internal as proto;
use smsgrid_proto::internal::line_answer::Result as LineResult;
use smsgrid_proto::internal::peer_service_server::{PeerService, PeerServiceServer};
use tokio::net::TcpListener;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status, Streaming};
use tracing::warn;

use super::accept::{Connection, connections};
use super::belonging::{Belonging, Caller};
use super::bounds::{
    CALLS_MAX, CONNECTION_WINDOW, CONNECTIONS_MAX, FRAME_OCTETS_MAX, GREETING_TIMEOUT, KEEP_ALIVE, LINES_MAX,
    MESSAGE_OCTETS_MAX, METADATA_OCTETS_MAX, PAGE_OCTETS, SERVE_TIMEOUT, STREAM_WINDOW,
};
use super::desk::Desk;
use super::served::NotServed;
use super::{line, rows, wire};
use crate::raft::Call;

/// Answers every call on `listener` from `desk`, until `shutdown`; then calls under way end first.
pub async fn serve(
    listener: TcpListener,
    belonging: Belonging,
    desk: Desk,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error> {
    let closing = CancellationToken::new();
    let shutdown = {
        let closing = closing.clone();
        async move {
            shutdown.await;
            closing.cancel();
        }
    };
    let service = PeerServiceServer::new(Answers { desk, closing })
        .max_decoding_message_size(MESSAGE_OCTETS_MAX)
        .max_encoding_message_size(MESSAGE_OCTETS_MAX);
    let refused = Arc::new(Refused::default());
    let checked = InterceptedService::new(service, move |request| admit(&belonging, &refused, request));
    tonic::transport::Server::builder()
        .max_concurrent_streams(CALLS_MAX)
        .max_frame_size(FRAME_OCTETS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(METADATA_OCTETS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .timeout(SERVE_TIMEOUT)
        .add_service(checked)
        .serve_with_incoming_shutdown(connections(listener, CONNECTIONS_MAX, GREETING_TIMEOUT), shutdown)
        .await
}

/// Refusals that were told; each is told once.
#[derive(Default)]
struct Refused(Mutex<BTreeSet<(Option<IpAddr>, String)>>);

/// Most refusals that are remembered; from then on none is told.
const REFUSED_MAX: usize = 64;

impl Refused {
    fn tell(&self, from: Option<SocketAddr>, why: &str) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < REFUSED_MAX && told.insert((from.map(|from| from.ip()), why.to_owned())) {
            warn!(event = "peer.refused", ?from, why, "a call was refused; it is told once");
        }
    }
}

/// Looks at the metadata before the body is read.
fn admit(belonging: &Belonging, refused: &Refused, mut request: Request<()>) -> Result<Request<()>, Status> {
    match belonging.check(request.metadata()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(request)
        }
        Err(status) => {
            let from = request.extensions().get::<Connection>().and_then(|connection| connection.from);
            refused.tell(from, status.message());
            Err(status)
        }
    }
}

struct Answers {
    desk: Desk,
    /// Cancelled, no line takes a call any more.
    closing: CancellationToken,
}

#[tonic::async_trait]
impl PeerService for Answers {
    async fn call(&self, request: Request<proto::CallRequest>) -> Result<Response<proto::CallReply>, Status> {
        let from = member(&request)?;
        let proto::CallRequest { call, body } = request.into_inner();
        let known = u8::try_from(call).ok().and_then(Call::from_number);
        let known = known.ok_or_else(|| Status::unimplemented(unknown(call)))?;
        let body = self.desk.call(from, known, body).await.map_err(refusal)?;
        Ok(Response::new(proto::CallReply { body }))
    }

    type LineStream = BoxStream<'static, Result<proto::LineAnswer, Status>>;

    async fn line(
        &self,
        request: Request<Streaming<proto::LineCall>>,
    ) -> Result<Response<Self::LineStream>, Status> {
        if self.closing.is_cancelled() {
            return Err(Status::failed_precondition("the node is stopping"));
        }
        let (from, desk) = (member(&request)?, self.desk.clone());
        let place = line_place(&request)?;
        let calls = request.into_inner().take_until(self.closing.clone().cancelled_owned());
        let answers = calls.map_ok(move |call| answer(desk.clone(), from, call).map(Ok));
        let answers = answers.try_buffer_unordered(CALLS_MAX as usize);
        // The place is free again when the last answer is given, or nobody takes it.
        Ok(Response::new(answers.inspect(move |_| _ = &place).boxed()))
    }

    async fn renew(
        &self,
        request: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::RenewReply>, Status> {
        let from = member(&request)?;
        let session = SessionId(request.into_inner().session);
        let renewal = self.desk.renew(from, session).await.map_err(refusal)?;
        Ok(Response::new(wire::renewal_to_wire(renewal)))
    }

    async fn history(
        &self,
        request: Request<proto::HistoryRequest>,
    ) -> Result<Response<proto::HistoryReply>, Status> {
        member(&request)?;
        let proto::HistoryRequest { after, limit } = request.into_inner();
        let after = wire::after_from_wire(&after).map_err(malformed)?;
        let page = self.desk.history(after, limit).await.map_err(refusal)?;
        Ok(Response::new(wire::page_to_wire(page, PAGE_OCTETS)))
    }

    async fn get_row(
        &self,
        request: Request<proto::GetRowRequest>,
    ) -> Result<Response<proto::GetRowReply>, Status> {
        member(&request)?;
        let wanted = rows::wanted_from_wire(&request.into_inner()).map_err(malformed)?;
        let found = self.desk.get_row(wanted).await.map_err(refusal)?;
        Ok(Response::new(rows::found_to_wire(found)))
    }

    async fn list_rows(
        &self,
        request: Request<proto::ListRowsRequest>,
    ) -> Result<Response<proto::ListRowsReply>, Status> {
        member(&request)?;
        let wanted = rows::page_wanted_from_wire(request.into_inner()).map_err(malformed)?;
        let found = self.desk.list_rows(wanted).await.map_err(refusal)?;
        Ok(Response::new(rows::page_found_to_wire(found)))
    }

    async fn probe(
        &self,
        request: Request<proto::ProbeRequest>,
    ) -> Result<Response<proto::ProbeReply>, Status> {
        let proto::ProbeRequest { from, to } = request.into_inner();
        let from = wire::founder_from_wire(from).map_err(malformed)?;
        let standing = self.desk.probe(from, &to).await.map_err(refusal)?;
        Ok(Response::new(wire::standing_to_wire(&standing)))
    }

    async fn form(&self, request: Request<proto::FormRequest>) -> Result<Response<proto::FormReply>, Status> {
        let forming = wire::forming_from_wire(request.into_inner()).map_err(malformed)?;
        self.desk.form(forming).await.map_err(refusal)?;
        Ok(Response::new(proto::FormReply {}))
    }
}

/// The place of one more line on the connection.
fn line_place<T>(request: &Request<T>) -> Result<OwnedSemaphorePermit, Status> {
    let connection = request.extensions().get::<Connection>();
    let place = connection.and_then(|connection| connection.lines.clone().try_acquire_owned().ok());
    place.ok_or_else(|| {
        Status::failed_precondition(format!(
            "{LINES_MAX} lines are open on this connection, which is the most"
        ))
    })
}

/// Serves one call of a line.
async fn answer(desk: Desk, from: NodeId, call: proto::LineCall) -> proto::LineAnswer {
    let proto::LineCall { number, call, body, within_ms } = call;
    let refused = |why: String| Some(LineResult::Refused(why));
    // Nobody waits for it any longer: it must not keep the place of another.
    let within = SERVE_TIMEOUT.min(Duration::from_millis(within_ms.into()));
    let result = match u8::try_from(call).ok().and_then(Call::from_number) {
        Some(_) if body.len() > line::BODY_OCTETS_MAX => {
            refused(format!("{} octets are more than a call on a line may have", body.len()))
        }
        Some(known) => match timeout(within, desk.call(from, known, body)).await {
            Ok(Ok(body)) => Some(LineResult::Body(body)),
            Ok(Err(NotServed(why))) => refused(why),
            Err(_) => None,
        },
        None => refused(unknown(call)),
    };
    proto::LineAnswer { number, result }
}

fn unknown(call: u32) -> String {
    format!("no call has the number {call}")
}

fn member<T>(request: &Request<T>) -> Result<NodeId, Status> {
    match request.extensions().get::<Caller>() {
        Some(Caller::Member(node)) => Ok(*node),
        Some(Caller::Stranger) | None => {
            Err(Status::failed_precondition("the caller does not say of which cluster it is"))
        }
    }
}

fn refusal(NotServed(why): NotServed) -> Status {
    Status::failed_precondition(why)
}

fn malformed(malformed: wire::Malformed) -> Status {
    Status::invalid_argument(malformed.to_string())
}
