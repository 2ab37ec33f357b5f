//! Takes connections: not more than a bound, and none that says nothing.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{Stream, unfold};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;
use tracing::warn;

use super::bounds::LINES_MAX;
use crate::gathered::Gathered;

/// Wait after the system refused to accept, which is when descriptors have run out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What a request knows of the connection it came over.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) from: Option<SocketAddr>,
    /// Places of the lines that may be open on it.
    pub(super) lines: Arc<Semaphore>,
}

/// An accepted connection. It ends when its first octet does not come in time.
pub(super) struct Accepted {
    stream: Gathered<TcpStream>,
    greeting: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

/// Every connection to `listener`, for ever. At most `at_once` live, the next one waits until one ends; each must say
/// something within `greeting`.
pub(super) fn connections(
    listener: TcpListener,
    at_once: usize,
    greeting: Duration,
) -> impl Stream<Item = io::Result<Accepted>> {
    let places = Arc::new(Semaphore::new(at_once));
    unfold((listener, places), move |(listener, places)| async move {
        let place = places.clone().acquire_owned().await.ok()?;
        let stream = Gathered::new(accept(&listener).await);
        let greeting = Some(Box::pin(sleep(greeting)));
        Some((Ok(Accepted { stream, greeting, _place: place }), (listener, places)))
    })
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        let accepted = listener.accept().await.and_then(|(stream, _)| {
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        match accepted {
            Ok(stream) => return stream,
            Err(failure) => {
                warn!(%failure, "a peer's connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

impl Connected for Accepted {
    type ConnectInfo = Connection;

    fn connect_info(&self) -> Connection {
        let from = self.stream.get_ref().peer_addr().ok();
        Connection { from, lines: Arc::new(Semaphore::new(LINES_MAX)) }
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.greeting = None;
        } else if let Some(greeting) = &mut self.greeting
            && greeting.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Accepted {
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

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::StreamExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    async fn listener() -> (TcpListener, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        (listener, address)
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_ended_and_one_that_spoke_is_not() {
        let (listener, address) = listener().await;
        let mut accepted = pin!(connections(listener, 2, Duration::from_millis(50)));
        let _silent = TcpStream::connect(address).await.expect("connects");
        let mut speaks = TcpStream::connect(address).await.expect("connects");
        speaks.write_all(b"P").await.expect("written");
        let mut first = accepted.next().await.expect("one").expect("accepted");
        let mut second = accepted.next().await.expect("another").expect("accepted");

        let silent = tokio::time::timeout(SOON, first.read_u8()).await.expect("it is ended");
        let greeting = second.read_u8().await;
        let more = tokio::time::timeout(Duration::from_millis(200), second.read_u8()).await;

        assert_eq!(silent.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        assert_eq!(greeting.expect("read"), b'P');
        assert!(more.is_err(), "{more:?}");
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_ends() {
        let (listener, address) = listener().await;
        let mut accepted = pin!(connections(listener, 1, SOON));
        let _callers = [TcpStream::connect(address).await, TcpStream::connect(address).await];
        let first = accepted.next().await.expect("one").expect("accepted");

        let early = tokio::time::timeout(Duration::from_millis(50), accepted.next()).await;
        drop(first);
        let late = tokio::time::timeout(SOON, accepted.next()).await;

        assert!(early.is_err() && late.is_ok());
    }
}
