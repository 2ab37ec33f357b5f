//! The port: bounds, services, routes, and the way to end.

use std::sync::Arc;

use smsgrid_proto::DESCRIPTORS;
use smsgrid_proto::v1::cluster_service_server::ClusterServiceServer;
use smsgrid_proto::v1::message_service_server::MessageServiceServer;
use smsgrid_proto::v1::modem_service_server::ModemServiceServer;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_reflection::server::Builder;
use tower::util::MapResponseLayer;

use super::cluster_service::Clusters;
use super::context::Context;
use super::limits::{
    ANSWER_OCTETS_MAX, DRAIN, HEADERS_OCTETS_MAX, KEEP_ALIVE, REQUEST_OCTETS_MAX, REQUEST_TIMEOUT,
    STREAMS_MAX,
};
use super::message_service::Messages;
use super::modem_service::Modems;
use super::undecoded::{self, Answer};
use super::{Api, connection, http};

/// The names of the services, for reflection.
const SERVICES: [&str; 4] = [
    "smsgrid.v1.MessageService",
    "smsgrid.v1.ModemService",
    "smsgrid.v1.ClusterService",
    "grpc.health.v1.Health",
];

/// Why the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener does not tell where it listens.
    #[error("the address of the API's listener is unknown")]
    Listener(#[source] std::io::Error),
    /// The descriptors of the services cannot be served.
    #[error("the API cannot describe itself")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// Serving failed.
    #[error("the API failed")]
    Transport(#[from] tonic::transport::Error),
}

macro_rules! bounded {
    ($service:expr) => {
        $service.max_decoding_message_size(REQUEST_OCTETS_MAX).max_encoding_message_size(ANSWER_OCTETS_MAX)
    };
}

/// Serves the API until `shutdown`, then lets calls under way end, for 3 seconds at most. Watches are told where to go
/// on.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let local = listener.local_addr().map_err(ServeError::Listener)?.ip();
    let draining = context.draining.clone();
    let api = Arc::new(Api::new(context));
    let (reporter, health) = tonic_health::server::health_reporter();
    let routes = Routes::new(health)
        .add_service(bounded!(MessageServiceServer::new(Messages(api.clone()))))
        .add_service(bounded!(ModemServiceServer::new(Modems(api.clone()))))
        .add_service(bounded!(ClusterServiceServer::new(Clusters(api.clone()))));
    let routes = if local.is_loopback() { reflected(routes)? } else { routes };
    let router = routes
        .prepare()
        .into_axum_router()
        .reset_fallback()
        .merge(http::routes(api.clone()))
        .fallback(http::unknown);
    let stopping = shutdown.clone();
    let serving = Server::builder()
        .accept_http1(true)
        .timeout(REQUEST_TIMEOUT)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADERS_OCTETS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .layer(MapResponseLayer::new(undecoded::told as fn(Answer) -> Answer))
        .add_routes(Routes::from(router))
        .serve_with_incoming_shutdown(connection::accept(listener), stopping.cancelled_owned());
    let ended = async {
        shutdown.cancelled().await;
        draining.cancel();
        tokio::time::sleep(DRAIN).await;
    };
    let served = tokio::select! {
        served = serving => served.map_err(ServeError::from),
        () = api.follow_health(&reporter) => Ok(()),
        () = api.keep_confirming() => Ok(()),
        () = api.count_ends() => Ok(()),
        // What does not end by itself is cut off.
        () = ended => Ok(()),
    };
    api.tellers.close();
    let _ = timeout(DRAIN, api.tellers.wait()).await;
    served
}

/// The services with the one that describes them, in both versions clients ask for. Only for callers on this host: off it
/// nobody can sign in yet.
fn reflected(routes: Routes) -> Result<Routes, ServeError> {
    let describe = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        SERVICES.iter().fold(builder, |builder, service| builder.with_service_name(*service))
    };
    Ok(routes.add_service(describe().build_v1()?).add_service(describe().build_v1alpha()?))
}
