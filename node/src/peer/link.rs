//! One HTTP/2 connection to one address, made when it is first needed and again when it broke.
//!
//! ```text
//!           call                  handshake done                    closed
//!  idle ───────────▶ connecting ────────────────▶ connected ─────────────────▶ idle
//!   ▲                    │ failed: every call that waited fails at once
//!   └────────────────────┘
//! ```
//!
//! An attempt to connect goes on when the call that began it gives up, so that calls with short deadlines reach a peer
//! behind a slow network too. What went wrong is told with whether the request can have left: that is why this is no
//! channel of a library, which forgets it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tonic::body::Body;

use super::bounds::{CONNECTION_WINDOW, FRAME_OCTETS_MAX, KEEP_ALIVE, STREAM_WINDOW};
use super::dial::dial;
use crate::gathered::Gathered;

type Sender = http2::SendRequest<Body>;
type Attempt = Shared<BoxFuture<'static, Result<Sender, Arc<str>>>>;

/// A connection that is made when it is needed. Clones share it.
#[derive(Clone)]
pub(super) struct Link(Arc<Inner>);

struct Inner {
    address: String,
    local: Option<IpAddr>,
    /// Whether a silent connection is watched even when nothing is under way on it.
    watched: bool,
    state: Mutex<State>,
}

enum State {
    Idle,
    Connecting(Attempt),
    Connected(Sender),
}

/// Why a request got no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LinkError {
    /// It never left.
    #[error("{0}")]
    NotSent(String),
    /// It may have left.
    #[error("{0}")]
    Lost(String),
}

impl Link {
    /// A link to `address`, from `local` where that is possible.
    pub(super) fn new(address: &str, local: Option<IpAddr>, watched: bool) -> Link {
        let state = Mutex::new(State::Idle);
        Link(Arc::new(Inner { address: address.to_owned(), local, watched, state }))
    }

    /// Waits for a connection. Safe to drop: the attempt goes on.
    pub(super) async fn connected(&self) -> Result<(), LinkError> {
        self.sender().await.map(drop)
    }

    async fn sender(&self) -> Result<Sender, LinkError> {
        let attempt = match &mut *self.state() {
            State::Connected(sender) if !sender.is_closed() => return Ok(sender.clone()),
            State::Connecting(attempt) if !has_failed(attempt) => attempt.clone(),
            state @ (State::Idle | State::Connecting(_) | State::Connected(_)) => {
                let attempt = self.attempt();
                *state = State::Connecting(attempt.clone());
                attempt
            }
        };
        let connected = attempt.clone().await;
        self.settle(&attempt, &connected);
        connected.map_err(|why| LinkError::NotSent(why.to_string()))
    }

    /// Begins to connect, whoever waits for it.
    fn attempt(&self) -> Attempt {
        let link = self.clone();
        let connecting = tokio::spawn(async move { link.connect().await });
        let told = async move {
            match connecting.await {
                Ok(connected) => connected.map_err(Arc::from),
                Err(_) => Err(Arc::from("connecting was abandoned")),
            }
        };
        told.boxed().shared()
    }

    async fn connect(&self) -> Result<Sender, String> {
        let stream = dial(&self.0.address, self.0.local).await?;
        let handshake = builder(self.0.watched).handshake(TokioIo::new(Gathered::new(stream)));
        let (sender, connection) = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake)
            .await
            .map_err(|_| format!("{} did not greet within {HANDSHAKE_TIMEOUT:?}", self.0.address))?
            .map_err(|error| format!("{} does not speak HTTP/2: {error}", self.0.address))?;
        // It ends with the peer, with its keep-alive, or with the last sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Remembers what came of `attempt`, unless another one has begun since.
    fn settle(&self, attempt: &Attempt, connected: &Result<Sender, Arc<str>>) {
        let mut state = self.state();
        if matches!(&*state, State::Connecting(current) if current.ptr_eq(attempt)) {
            *state = match connected {
                Ok(sender) => State::Connected(sender.clone()),
                Err(_) => State::Idle,
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nothing comes of it any more.
fn has_failed(attempt: &Attempt) -> bool {
    attempt.peek().is_some_and(|connected| connected.as_ref().map_or(true, Sender::is_closed))
}

/// Longest time the peer may take to answer the first frame.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);

fn builder(watched: bool) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(watched)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME_OCTETS_MAX);
    builder
}

impl tower::Service<http::Request<Body>> for Link {
    type Response = http::Response<Incoming>;
    type Error = LinkError;
    type Future = BoxFuture<'static, Result<http::Response<Incoming>, LinkError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let link = self.clone();
        async move {
            let mut sender = link.sender().await?;
            sender.try_send_request(request).await.map_err(|mut failure| {
                match (failure.take_message(), failure.into_error()) {
                    (Some(_), error) => LinkError::NotSent(error.to_string()),
                    (None, error) => LinkError::Lost(told(&error)),
                }
            })
        }
        .boxed()
    }
}

/// The failure with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
