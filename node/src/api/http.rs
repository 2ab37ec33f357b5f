//! What the port answers over HTTP: is it alive, is it ready, does the cluster work, what does it count. Anything else
//! is told that there is no such thing.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use smsgrid_proto::{Problem, Reason, v1};
use tonic::{Code, Status};

use super::Api;
use super::refusal::Refusal;

/// The media type of a problem document (RFC 9457).
const PROBLEM: &str = "application/problem+json";
/// The media type of what is counted (OpenMetrics 1.0.0).
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Longest part of an unknown path that an answer repeats, in characters.
const PATH_CHARS_MAX: usize = 100;

/// The routes over HTTP, and what is said about any other path.
pub(super) fn routes(api: Arc<Api>) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(wrong_method)
        .with_state(api)
}

/// What is said to a path nobody serves: in the tongue of the caller.
pub(super) async fn unknown(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path: String = uri.path().chars().take(PATH_CHARS_MAX).collect();
    let is_grpc = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if is_grpc {
        let title = format!("this node does not know the method {path}");
        let refusal = Refusal::new(Code::Unimplemented, Reason::UnknownMethod, title);
        return Status::from(refusal).into_http::<Body>();
    }
    let title = format!("there is nothing at {path}");
    let fix = "health is at /livez, /readyz and /healthz, counters at /metrics; everything else is gRPC on this port";
    problem(
        StatusCode::NOT_FOUND,
        &Problem::new(Reason::NotFound, title).why(format!("{method} {path}")).fix(fix),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let title = format!("{} is only read", uri.path());
    let told = Problem::new(Reason::UnknownMethod, title).why(method.to_string()).fix("use GET");
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, &told);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// The process turns. A majority is not asked for: a node without one is alive.
async fn livez() -> Response {
    json_response(StatusCode::OK, &json!({ "alive": true }))
}

/// The node may be sent requests.
async fn readyz(State(api): State<Arc<Api>>) -> Response {
    let faults = api.unready().await;
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_response(status, &json!({ "ready": faults.is_empty(), "node": api.name.as_str(), "why": faults }))
}

/// The cluster works; it also works, with fewer nodes than it has, when this says degraded.
async fn healthz(State(api): State<Arc<Api>>) -> Response {
    let health = api.health().await;
    let status = match health.verdict {
        v1::ClusterVerdict::Healthy | v1::ClusterVerdict::Degraded => StatusCode::OK,
        v1::ClusterVerdict::Unspecified | v1::ClusterVerdict::NoQuorum | v1::ClusterVerdict::Unknown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let body = json!({ "verdict": health.word(), "say": health.sentence(), "cluster": api.cluster, "node": api.name.as_str() });
    json_response(status, &body)
}

async fn metrics(State(api): State<Arc<Api>>) -> Response {
    match api.scrape().await {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS)], text).into_response(),
        Err(failure) => {
            let told =
                Problem::new(Reason::Overloaded, "the counters cannot be written").why(failure.to_string());
            problem(StatusCode::INTERNAL_SERVER_ERROR, &told)
        }
    }
}

/// A problem as a document.
fn problem(status: StatusCode, problem: &Problem) -> Response {
    let document = json!({
        "type": "about:blank",
        "title": problem.title,
        "status": status.as_u16(),
        "detail": problem.why.as_deref().unwrap_or(problem.reason.meaning()),
        "hint": problem.fix.as_deref().unwrap_or(problem.reason.fix()),
        "reason": problem.reason.word(),
    });
    typed(status, PROBLEM, document.to_string())
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    typed(status, "application/json", body.to_string())
}

fn typed(status: StatusCode, kind: &'static str, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}
