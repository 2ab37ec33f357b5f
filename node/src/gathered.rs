//! A stream whose writer gathers: what is written leaves when its task has been polled once more, so that answers which
//! become ready together leave with one call and wake their reader once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most octets gathered. More goes out at once.
const GATHERED_MAX: usize = 64 << 10;
/// With so many octets a flush waits for nobody: more would not make the call cheaper.
const WORTH_A_CALL: usize = 16 << 10;
/// Octets of room that are kept while nothing waits.
const KEPT_MAX: usize = 32 << 10;

/// Gathers what is written to `S` until it is flushed; a flush first lets every other task that is ready have its turn.
#[derive(Debug)]
pub(crate) struct Gathered<S> {
    stream: S,
    waiting: Vec<u8>,
    /// The others had their turn since something waits.
    has_yielded: bool,
}

impl<S> Gathered<S> {
    /// Nothing waits.
    pub(crate) fn new(stream: S) -> Gathered<S> {
        Gathered { stream, waiting: Vec::new(), has_yielded: false }
    }

    /// The stream below.
    pub(crate) fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncWrite + Unpin> Gathered<S> {
    /// Hands everything that waits to the stream.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut left = 0;
        let ended = loop {
            let octets = self.waiting.get(left..).unwrap_or_default();
            if octets.is_empty() {
                break Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.stream).poll_write(cx, octets) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => left += count,
                Poll::Ready(Err(failure)) => break Poll::Ready(Err(failure)),
                Poll::Pending => break Poll::Pending,
            }
        };
        self.waiting.drain(..left);
        if self.waiting.is_empty() {
            self.has_yielded = false;
            self.waiting.shrink_to(KEPT_MAX);
        }
        ended
    }

    /// Makes room for so many octets. Whether they can be gathered; otherwise nothing waits before them.
    fn poll_room(&mut self, cx: &mut Context<'_>, octets: usize) -> Poll<io::Result<bool>> {
        if self.waiting.len() + octets > GATHERED_MAX {
            ready!(self.poll_leave(cx))?;
        }
        Poll::Ready(Ok(octets <= GATHERED_MAX))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

/// It takes no vectors, since it copies what it takes: a caller that knows it copies small pieces together itself.
impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if !ready!(self.poll_room(cx, octets.len()))? {
            return Pin::new(&mut self.stream).poll_write(cx, octets);
        }
        self.waiting.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.waiting.is_empty() {
            let is_little = self.waiting.len() < WORTH_A_CALL;
            if is_little && !std::mem::replace(&mut self.has_yielded, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(self.poll_leave(cx))?;
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_leave(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_written_before_the_flush_leaves_with_one_call_after_one_more_turn() {
        let mut gathered = Gathered::new(Counted::default());
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut cx = Context::from_waker(&waker);
        let mut pinned = Pin::new(&mut gathered);
        let write = |pinned: &mut Pin<&mut Gathered<Counted>>, cx: &mut Context<'_>, octets: &[u8]| matches!(pinned.as_mut().poll_write(cx, octets), Poll::Ready(Ok(count)) if count == octets.len());

        assert!(write(&mut pinned, &mut cx, b"one "));
        assert!(pinned.as_mut().poll_flush(&mut cx).is_pending());
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1, "its task comes by again");
        assert!(write(&mut pinned, &mut cx, b"two"));
        assert!(pinned.as_mut().poll_flush(&mut cx).is_ready());

        assert_eq!(gathered.get_ref().writes, [b"one two".to_vec()]);
    }

    #[tokio::test]
    async fn nothing_is_lost_or_exchanged_whatever_the_sizes_and_however_slow_the_reader() {
        let (near, mut far) = duplex(1000);
        let mut gathered = Gathered::new(near);
        let sizes = [1, 999, GATHERED_MAX - 1, GATHERED_MAX, GATHERED_MAX + 1, 3, 200_000, 0, 5];
        let expected: Vec<u8> =
            sizes.iter().zip(0_u8..).flat_map(|(size, octet)| vec![octet; *size]).collect();
        let reading = tokio::spawn(async move {
            let mut read = Vec::new();
            far.read_to_end(&mut read).await.expect("read");
            read
        });

        for (size, octet) in sizes.iter().zip(0_u8..) {
            gathered.write_all(&vec![octet; *size]).await.expect("written");
            if octet % 2 == 0 {
                gathered.flush().await.expect("flushed");
            }
        }
        gathered.shutdown().await.expect("shut down");

        assert!(reading.await.expect("no panic") == expected);
    }

    #[tokio::test]
    async fn enough_for_a_call_leaves_at_once_and_little_room_is_kept() {
        let mut gathered = Gathered::new(Counted::default());
        let mut cx = Context::from_waker(Waker::noop());
        let mut pinned = Pin::new(&mut gathered);

        for _ in 0..3 {
            assert!(pinned.as_mut().poll_write(&mut cx, &[7; WORTH_A_CALL]).is_ready());
        }
        assert!(pinned.as_mut().poll_flush(&mut cx).is_ready(), "it does not wait for others");

        assert_eq!(gathered.get_ref().writes, [vec![7; WORTH_A_CALL * 3]]);
        assert!(gathered.waiting.capacity() <= KEPT_MAX);
    }

    #[tokio::test]
    async fn a_stream_that_takes_nothing_more_is_an_error() {
        let mut gathered = Gathered::new(Full);

        gathered.write_all(b"x").await.expect("gathered");

        let flushed = gathered.flush().await.map_err(|failure| failure.kind());
        assert_eq!(flushed, Err(io::ErrorKind::WriteZero));
    }

    /// Remembers each call.
    #[derive(Default)]
    struct Counted {
        writes: Vec<Vec<u8>>,
    }

    impl AsyncWrite for Counted {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            octets: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.writes.push(octets.to_vec());
            Poll::Ready(Ok(octets.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    struct Full;

    impl AsyncWrite for Full {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(0))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
