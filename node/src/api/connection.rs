//! A connection with its bounds: it counts among the connections, and ends when nothing comes from it for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::transport::server::{Connected, TcpConnectInfo};
use tracing::warn;

use super::limits::{CONNECTIONS_MAX, FIRST_OCTET, SILENCE_MAX};
use crate::gathered::Gathered;

/// Wait after the system refused a connection, usually because it has no descriptors left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// An accepted connection.
pub(super) struct Connection {
    stream: Gathered<TcpStream>,
    /// When something came last.
    heard: Instant,
    /// How long the peer may be silent from then on.
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

/// The connections of a listener, at most as many at once as there are permits; others wait in the system's queue.
pub(super) fn accept(listener: TcpListener) -> impl Stream<Item = io::Result<Connection>> {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    futures_util::stream::unfold((listener, permits), |(listener, permits)| async move {
        let permit = permits.clone().acquire_owned().await.ok()?;
        let stream = accepted(&listener).await;
        Some((Ok(Connection::new(stream, permit)), (listener, permits)))
    })
}

async fn accepted(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it an answer waits for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(failure) => {
                warn!(%failure, "a connection of the API could not be accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

impl Connection {
    fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Connection {
        let heard = Instant::now();
        let alarm = Box::pin(sleep_until(heard + FIRST_OCTET));
        let stream = Gathered::new(stream);
        Connection { stream, heard, patience: FIRST_OCTET, alarm, _permit: permit }
    }

    /// Ready once the peer has been silent for too long.
    fn poll_silent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let until = self.heard + self.patience;
            if until <= Instant::now() {
                return Poll::Ready(());
            }
            // Moved only when it rings: not at every octet.
            self.alarm.as_mut().reset(until);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.heard = Instant::now();
            self.patience = SILENCE_MAX;
            return read;
        }
        match self.poll_silent(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.get_ref().connect_info()
    }
}
