//! Addresses of a cluster's own: all of 127/8 is loopback, so each cluster takes a network of its own there.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Port of the listener that marks a network as taken; the nodes use others.
const MARK: u16 = 7169;
/// Most networks looked at before giving up.
const TRIES_MAX: u32 = 4_096;

/// A network 127.x.y.0/24 that nobody else on this machine uses, for as long as this lives.
#[derive(Debug)]
pub struct Addresses {
    network: [u8; 3],
    /// Whoever holds this listener has the network.
    _mark: TcpListener,
}

impl Addresses {
    /// Takes a network. Two processes never get the same one: the kernel lets only one bind its mark.
    pub fn take() -> Addresses {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        for _ in 0..TRIES_MAX {
            let number =
                std::process::id().wrapping_mul(31).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            let [_, _, high, low] = number.to_be_bytes();
            // 127.0 is where everybody else is.
            let network = [127, high % 250 + 2, low];
            if let Ok(mark) = TcpListener::bind((ip(network, 254), MARK)) {
                return Addresses { network, _mark: mark };
            }
        }
        panic!("no network in 127/8 is free")
    }

    /// An address on host number `host` of the network.
    pub fn at(&self, host: u8, port: u16) -> SocketAddr {
        (ip(self.network, host), port).into()
    }
}

fn ip([a, b, c]: [u8; 3], host: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clusters_have_no_address_in_common() {
        let (one, other) = (Addresses::take(), Addresses::take());

        assert_ne!(one.at(1, 7170), other.at(1, 7170));
        assert!(one.at(1, 7170).ip().is_loopback());
        let _free = TcpListener::bind(one.at(1, 7170)).expect("nobody else is there");
    }
}
