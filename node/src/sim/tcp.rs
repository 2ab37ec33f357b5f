//! A modem behind a TCP address: one driver at a time, and a newer one replaces the older.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

use super::SimError;
use super::port::Happened;

/// A listener and the driver connected to it.
#[derive(Debug)]
pub(super) struct TcpPort {
    address: SocketAddr,
    listener: Option<TcpListener>,
    driver: Option<TcpStream>,
}

impl TcpPort {
    /// Listens on `address`; port 0 takes a free one, for good.
    pub(super) async fn open(address: &str) -> Result<TcpPort, SimError> {
        let fault = |source| SimError::Tcp { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).await.map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        Ok(TcpPort { address, listener: Some(listener), driver: None })
    }

    /// The address listened on.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// See [`Port::wait`](super::port::Port::wait).
    pub(super) async fn wait(&mut self, buffer: &mut [u8], wants_write: bool) -> io::Result<Happened> {
        let Some(listener) = &self.listener else { return std::future::pending().await };
        tokio::select! {
            accepted = listener.accept() => {
                match accepted {
                    Ok((driver, _)) => {
                        driver.set_nodelay(true)?;
                        self.driver = Some(driver);
                    }
                    // A driver that left before it was taken replaces nobody.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Ok(Happened::Writable),
                    Err(error) => return Err(error),
                }
                Ok(Happened::Changed)
            }
            read = read(self.driver.as_ref(), buffer) => match read {
                Ok(0) | Err(_) => {
                    self.driver = None;
                    Ok(Happened::Changed)
                }
                Ok(read) => Ok(Happened::Read(read)),
            },
            () = writable(self.driver.as_ref()), if wants_write => Ok(Happened::Writable),
        }
    }

    /// Writes what there is room for; a connection that broke is noticed by the next read.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(driver) = &self.driver else { return Ok(bytes.len()) };
        match driver.try_write(bytes) {
            Ok(written) => Ok(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(_) => Ok(bytes.len()),
        }
    }

    /// Drops the driver and refuses others.
    pub(super) fn close(&mut self) {
        self.listener = None;
        self.driver = None;
    }

    /// Listens again on the same address.
    pub(super) async fn reopen(&mut self) -> Result<(), SimError> {
        let fault = |source| SimError::Tcp { address: self.address.to_string(), source };
        self.listener = Some(TcpListener::bind(self.address).await.map_err(fault)?);
        Ok(())
    }
}

/// Reads from the driver; waits for ever while there is none.
async fn read(driver: Option<&TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
    let Some(driver) = driver else { return std::future::pending().await };
    loop {
        driver.readable().await?;
        match driver.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

async fn writable(driver: Option<&TcpStream>) {
    match driver {
        // A broken connection is reported by the read beside this.
        Some(driver) if driver.writable().await.is_ok() => {}
        Some(_) | None => std::future::pending().await,
    }
}
