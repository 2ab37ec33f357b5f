//! A runtime of a node's own, for several nodes in one process: what runs in it can be ended as a process ends.
//!
//! Servers start a task for each connection that nobody else knows. In a runtime that is shared they would go on
//! answering for a node that was killed, and hold its data directory.

use std::io;
use std::net;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};

use super::{Listeners, StartError};
use crate::run::THREADS;

/// How long what waits for the disk may take to come to its end.
const DISK: Duration = Duration::from_secs(10);

/// A runtime that can be dropped anywhere.
pub(super) struct Apart(Option<Runtime>);

/// Listeners that belong to no runtime.
pub(super) struct Sockets {
    api: Option<net::TcpListener>,
    peer: Option<net::TcpListener>,
}

impl Apart {
    /// A runtime for the node `name`.
    pub(super) fn new(name: &str) -> Result<Apart, StartError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name(name)
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        Ok(Apart(Some(runtime)))
    }

    /// Where to spawn.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }

    /// Drops everything in it where it stands, and waits until that is done.
    pub(super) async fn end(mut self) {
        let Some(runtime) = self.0.take() else { return };
        // The threads must not be waited for on one that others need.
        let _ = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(DISK)).await;
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Sockets {
    /// Takes listeners out of the runtime they were bound in.
    pub(super) fn of(listeners: Listeners) -> io::Result<Sockets> {
        let out = |listener: Option<TcpListener>| listener.map(TcpListener::into_std).transpose();
        Ok(Sockets { api: out(listeners.api)?, peer: out(listeners.peer)? })
    }

    /// Puts them into this runtime.
    pub(super) fn enter(self) -> io::Result<Listeners> {
        let into = |listener: Option<net::TcpListener>| listener.map(TcpListener::from_std).transpose();
        Ok(Listeners { api: into(self.api)?, peer: into(self.peer)? })
    }
}
