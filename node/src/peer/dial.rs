//! One TCP connection to a peer, its name resolved anew each time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::{FutureExt, select_ok};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

/// Longest time a name may take to be resolved.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest time one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
/// How much later than the address before it the next one is tried.
const STAGGER: Duration = Duration::from_millis(50);
/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Connects to `address`, `host:port`; to the first of the name's addresses that answers. Where `local` is of the same
/// kind as the address, calls come from it: what listens on one of several addresses also speaks from that one.
pub(super) async fn dial(address: &str, local: Option<IpAddr>) -> Result<TcpStream, String> {
    let found = timeout(RESOLVE_TIMEOUT, lookup_host(address)).await;
    let found = found.map_err(|_| format!("{address} was not resolved within {RESOLVE_TIMEOUT:?}"))?;
    let found = found.map_err(|error| format!("{address} cannot be resolved: {error}"))?;
    let mut tries = Vec::new();
    for (index, to) in (0..).zip(found.take(ADDRESSES_MAX)) {
        let wait = STAGGER * index;
        let attempt = async move {
            sleep(wait).await;
            connect(to, local).await.map_err(|error| format!("{to} cannot be reached: {error}"))
        };
        tries.push(attempt.boxed());
    }
    if tries.is_empty() {
        return Err(format!("{address} has no address"));
    }
    select_ok(tries).await.map(|(stream, _)| stream)
}

async fn connect(to: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(local) = local.filter(|local| reaches(*local, to.ip())) {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let stream =
        timeout(CONNECT_TIMEOUT, socket.connect(to)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether packets from `local` can reach `to`: the loopback and the network do not mix.
fn reaches(local: IpAddr, to: IpAddr) -> bool {
    !local.is_unspecified() && local.is_ipv4() == to.is_ipv4() && local.is_loopback() == to.is_loopback()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn calls_come_from_the_address_that_is_listened_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address").to_string();

        let dialed = dial(&address, Some("127.0.0.9".parse().expect("an address"))).await.expect("connects");

        let (_, from) = listener.accept().await.expect("accepted");
        assert_eq!(from.ip().to_string(), "127.0.0.9");
        assert!(dialed.nodelay().expect("asked"));
    }

    #[test]
    fn an_address_of_another_kind_is_not_spoken_from() {
        let reaches = |local: &str, to: &str| {
            reaches(local.parse().expect("an address"), to.parse().expect("an address"))
        };

        assert!(reaches("127.0.0.9", "127.0.0.1") && reaches("10.0.0.1", "10.0.0.2"));
        assert!(!reaches("127.0.0.1", "10.0.0.2") && !reaches("10.0.0.1", "127.0.0.1"));
        assert!(!reaches("0.0.0.0", "127.0.0.1") && !reaches("::1", "127.0.0.1"));
    }

    #[tokio::test]
    async fn a_name_with_an_address_that_refuses_is_reached_at_another() {
        // `localhost` is 127.0.0.1 and often also ::1, where nobody listens.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();

        assert!(dial(&format!("localhost:{port}"), None).await.is_ok());
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_told_with_its_address() {
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            listener.local_addr().expect("its address").to_string()
        };

        let refused = dial(&closed, None).await.expect_err("nobody listens");
        let unknown = dial("nowhere.invalid:7171", None).await.expect_err("no such name");

        assert!(refused.contains(&closed) && refused.contains("cannot be reached"), "{refused}");
        assert!(unknown.starts_with("nowhere.invalid:7171 "), "{unknown}");
    }
}
