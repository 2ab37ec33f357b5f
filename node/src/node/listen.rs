//! The listeners of a node: bound first, so that a port that is taken is told before anything is touched.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::{Addresses, Listeners, StartError};
use crate::config::Config;

/// Listeners that are bound, and where.
pub(super) struct Bound {
    pub(super) api: TcpListener,
    /// None when the node is alone.
    pub(super) peer: Option<TcpListener>,
    pub(super) addresses: Addresses,
}

/// Binds what is not bound yet.
pub(super) async fn bind(config: &Config, listeners: Listeners) -> Result<Bound, StartError> {
    let api = or_bind(listeners.api, config.listen.api).await?;
    let peer = match &config.cluster {
        Some(_) => Some(or_bind(listeners.peer, config.listen.peer).await?),
        None => None,
    };
    let addresses = Addresses {
        api: local(&api, config.listen.api)?,
        peer: peer.as_ref().map(|peer| local(peer, config.listen.peer)).transpose()?,
    };
    Ok(Bound { api, peer, addresses })
}

async fn or_bind(bound: Option<TcpListener>, address: SocketAddr) -> Result<TcpListener, StartError> {
    match bound {
        Some(listener) => Ok(listener),
        None => TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source }),
    }
}

fn local(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { address, source })
}
