//! The port of a simulated modem: a pseudo terminal or a TCP address.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::SimError;
use super::pty::PtyPort;
use super::tcp::TcpPort;

/// A port, open or closed.
#[derive(Debug)]
pub(super) enum Port {
    /// A pseudo terminal.
    Pty(PtyPort),
    /// A TCP address.
    Tcp(TcpPort),
}

/// What happened at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// So many octets were read.
    Read(usize),
    /// There is room to write again.
    Writable,
    /// Another driver is connected, or none is any more: what was on the way to the last one is lost.
    Changed,
}

impl Port {
    /// Opens a pseudo terminal with a link to it.
    pub(super) fn pty(link: &Path) -> Result<Port, SimError> {
        PtyPort::open(link).map(Port::Pty)
    }

    /// Listens on `address`.
    pub(super) async fn tcp(address: &str) -> Result<Port, SimError> {
        TcpPort::open(address).await.map(Port::Tcp)
    }

    /// The name of the modem: the link's file name, or the address.
    pub(super) fn name(&self) -> String {
        match self {
            Port::Pty(pty) => pty.name(),
            Port::Tcp(tcp) => tcp.address().to_string(),
        }
    }

    /// Path of the pseudo terminal itself, when it is one and open.
    pub(super) fn device(&self) -> Option<&Path> {
        match self {
            Port::Pty(pty) => pty.device(),
            Port::Tcp(_) => None,
        }
    }

    /// The address listened on, when it is one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Port::Pty(_) => None,
            Port::Tcp(tcp) => Some(tcp.address()),
        }
    }

    /// Waits until something happens; for ever while the port is closed. With `wants_write` room to write counts.
    /// Safe to drop at any time: what was read is reported by the same poll.
    pub(super) async fn wait(&mut self, buffer: &mut [u8], wants_write: bool) -> io::Result<Happened> {
        match self {
            Port::Pty(pty) => pty.wait(buffer, wants_write).await,
            Port::Tcp(tcp) => tcp.wait(buffer, wants_write).await,
        }
    }

    /// Writes what there is room for and returns how much; octets without a driver are lost.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Port::Pty(pty) => pty.write(bytes),
            Port::Tcp(tcp) => tcp.write(bytes),
        }
    }

    /// Closes the port as if the device were pulled out.
    pub(super) fn close(&mut self) {
        match self {
            Port::Pty(pty) => pty.close(),
            Port::Tcp(tcp) => tcp.close(),
        }
    }

    /// Opens the port again: the same link or address, another pseudo terminal.
    pub(super) async fn reopen(&mut self) -> Result<(), SimError> {
        match self {
            Port::Pty(pty) => pty.reopen(),
            Port::Tcp(tcp) => tcp.reopen().await,
        }
    }
}
