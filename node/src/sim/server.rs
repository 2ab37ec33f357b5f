//! The control socket: any number of connections, each a row of orders.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::tasks::TaskResult;

use super::SimError;
use super::control::{Handle, answer};

/// Longest order, in octets.
const LINE_OCTETS_MAX: u64 = 64 * 1024;
/// Most connections at once; another waits until one ends.
const CONNECTIONS_MAX: usize = 64;

/// A socket for orders. Dropping it takes its file away.
#[derive(Debug)]
pub(super) struct Server {
    path: PathBuf,
    listener: UnixListener,
    modems: Arc<[Handle]>,
}

impl Server {
    /// Makes the socket, for its owner alone. One left behind by a process that ended is replaced.
    pub(super) fn bind(path: &Path, modems: Vec<Handle>) -> Result<Server, SimError> {
        let listener = bind(path).map_err(|source| SimError::Control { path: path.to_owned(), source })?;
        Ok(Server { path: path.to_owned(), listener, modems: modems.into() })
    }

    /// Serves connections until `shutdown`.
    pub(super) async fn run(self, shutdown: CancellationToken) -> TaskResult {
        // Owned here and nowhere else: dropped with the server, they end at their next wait.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, self.modems.clone()));
                    }
                    Err(error) => tracing::warn!(%error, "cannot accept a control connection"),
                },
                Some(_) = connections.join_next() => {}
                () = shutdown.cancelled() => return Ok(()),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a socket that stays; the next process replaces it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Whether nobody listens on the socket any more.
fn is_left_behind(path: &Path) -> bool {
    let connected = std::os::unix::net::UnixStream::connect(path);
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// One connection: an order a line, an answer a line. It ends with the first line that cannot be read or answered.
async fn serve(stream: UnixStream, modems: Arc<[Handle]>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let taken = (&mut read).take(LINE_OCTETS_MAX).read_until(b'\n', &mut line).await;
        if !taken.is_ok_and(|octets| octets > 0) || !line.ends_with(b"\n") {
            return;
        }
        let answer = answer(&String::from_utf8_lossy(&line), &modems).await;
        if write.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}
