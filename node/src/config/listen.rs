//! `[listen]` and `insecure`: where this node is reached, and by whom.

use std::net::SocketAddr;

use smsgrid_proto::Reason;

use super::address::Listener;
use super::section::{Placed, Section};
use super::value::words;

/// Where this node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where programs and people reach it: gRPC and HTTP. Default 127.0.0.1:7170. Port 0 takes one that is free. Off the
    /// loopback it needs `insecure = "i know"`: anybody who reaches it can send messages.
    pub api: SocketAddr,
    /// Where the other nodes of the cluster reach it. Default 127.0.0.1:7171; not opened without `[cluster]`. Calls to
    /// other nodes come from the same address where it is a certain one. Off the loopback it needs `insecure = "i know"`:
    /// anybody who reaches it can write to the log.
    pub peer: SocketAddr,
}

impl Default for Listen {
    fn default() -> Listen {
        Listen {
            api: SocketAddr::from(([127, 0, 0, 1], 7170)),
            peer: SocketAddr::from(([127, 0, 0, 1], 7171)),
        }
    }
}

/// `insecure = "i know"`: the listeners may be reached from the network although nothing guards them. Default: not set,
/// and a listener off the loopback is refused. For a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insecure {
    IKnow,
}

words!(Insecure, "the words that lift the guard",
    "i know" => Insecure::IKnow,
);

/// Reads `[listen]`.
pub(super) fn read(section: &mut Section<'_, '_>, insecure: bool) -> Listen {
    let default = Listen::default();
    let api = section.or_placed("api", Listener(default.api));
    let peer = section.or_placed("peer", Listener(default.peer));
    if !insecure {
        on_loopback(section, "api", &api);
        on_loopback(section, "peer", &peer);
    }
    if overlap(api.value.0, peer.value.0) {
        let what = format!("`api` and `peer` of [listen] both take port {}", api.value.0.port());
        let fix = "give each its own port";
        section.fault(peer.at.max(api.at), Reason::ConfigConflict, &what, None, Some(fix));
    }
    Listen { api: api.value.0, peer: peer.value.0 }
}

fn on_loopback(section: &mut Section<'_, '_>, key: &str, listener: &Placed<Listener>) {
    let address = listener.value.0;
    if !address.ip().is_loopback() {
        let what = format!("refusing to listen on {address} (`{key}`) without TLS and sign-in");
        let why = "anybody who reaches it could send messages and read them";
        section.fault(listener.at, Reason::InsecureBind, &what, Some(why), None);
    }
}

/// Whether both cannot be listened on at once.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (everywhere || one.ip() == other.ip())
}
