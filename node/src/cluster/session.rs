//! Keeps this node under a live session of the cluster.

use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::model::{Name, NodeId, Position, SessionId, StartNumber};
use smsgrid::queue::{Body, Event, Reply, SessionReply};
use smsgrid::worker::Lease;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::identity::{DataDir, IdentityError};
use crate::machine::{Proposer, View, propose_until_answered};

/// Registers the session, and registers the next one when it is lost while the node lives.
pub struct SessionKeeper {
    node: NodeId,
    client: Name,
    data_dir: Arc<Mutex<DataDir>>,
    proposer: Proposer,
    view: View,
    lease: Arc<Mutex<Lease>>,
    session: watch::Sender<Option<SessionId>>,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The start number cannot be written down.
    #[error("the start number cannot be written down: {0}")]
    Identity(#[from] IdentityError),
    /// The log has stopped.
    #[error("the log has stopped")]
    Stopped,
    /// No more sessions are taken.
    #[error("the log takes no more sessions")]
    Full,
}

impl SessionKeeper {
    /// A keeper without a session yet, and where the session is told.
    pub fn new(
        client: Name,
        data_dir: Arc<Mutex<DataDir>>,
        proposer: Proposer,
        view: View,
        lease: Arc<Mutex<Lease>>,
    ) -> (SessionKeeper, watch::Receiver<Option<SessionId>>) {
        let (session, told) = watch::channel(None);
        let node = data_dir.lock().unwrap_or_else(PoisonError::into_inner).identity().node;
        (SessionKeeper { node, client, data_dir, proposer, view, lease, session }, told)
    }

    /// Registers a session under the start number of this start, or the next that is not used up.
    pub async fn register(&self) -> Result<SessionId, SessionError> {
        let mut start = self.data_dir.lock().unwrap_or_else(PoisonError::into_inner).identity().start;
        loop {
            match self.propose(start).await? {
                Some(id) => {
                    self.session.send_replace(Some(id));
                    info!(session = id.0, start = start.0, "session registered");
                    return Ok(id);
                }
                None => start = self.next_start().await?,
            }
        }
    }

    /// Watches the session until the node stops; takes the next one when it ends.
    pub async fn keep(self) -> Result<(), SessionError> {
        let mut events = self.view.events();
        loop {
            self.ended(&mut events).await?;
            self.lease.lock().unwrap_or_else(PoisonError::into_inner).handle_lost();
            self.session.send_replace(None);
            warn!("session lost; what was claimed and not started goes back to the queue");
            self.next_start().await?;
            self.register().await?;
        }
    }

    async fn ended(&self, events: &mut Receiver<(Position, Event)>) -> Result<(), SessionError> {
        loop {
            let own = *self.session.borrow();
            let live = self.view.read(|queue| queue.session(self.node).map(|session| session.id));
            if own.is_none() || live != own {
                return Ok(());
            }
            match events.recv().await {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(SessionError::Stopped),
            }
        }
    }

    /// The next start number, durable; on a thread that may wait for the disk.
    async fn next_start(&self) -> Result<StartNumber, SessionError> {
        let data_dir = self.data_dir.clone();
        let taken = tokio::task::spawn_blocking(move || {
            data_dir.lock().unwrap_or_else(PoisonError::into_inner).next_start()
        });
        Ok(taken.await.map_err(|_| SessionError::Stopped)??)
    }

    /// The session; none when the start number is used up.
    async fn propose(&self, start: StartNumber) -> Result<Option<SessionId>, SessionError> {
        let body = Body::RegisterSession { node: self.node, start };
        match propose_until_answered(&self.proposer, &self.client, &body).await {
            Some(Reply::Session(SessionReply::Registered(id))) => Ok(Some(id)),
            Some(Reply::Session(SessionReply::Used)) => Ok(None),
            Some(_) => Err(SessionError::Full),
            None => Err(SessionError::Stopped),
        }
    }
}
