//! Keeps this node under a live session of the cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smsgrid::model::{Name, NodeId, Position, SessionId, StartNumber, Timestamp};
use smsgrid::queue::{Body, Command, Event, Reply, SessionReply};
use smsgrid::worker::Lease;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tracing::{debug, info, warn};

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

    /// Ends the session, so that nobody has to wait for its lease: a node that stops in order has given everything
    /// back. Best effort; the leader ends it otherwise.
    pub async fn end(&self, within: Duration) {
        let Some(session) = self.session.send_replace(None) else { return };
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).handle_lost();
        let body = Body::ExpireSession { session };
        let command = Command { client: self.client.clone(), now: Timestamp::ZERO, body };
        if let Err(failure) = self.proposer.propose(command, within).await {
            debug!(session = session.0, %failure, "the session ends with its lease");
        }
    }

    /// Watches the session until the node stops; takes the next one when it ends.
    pub async fn keep(&self) -> Result<(), SessionError> {
        let (mut events, mut installed) = (self.view.events(), self.view.installed());
        loop {
            self.ended(&mut events, &mut installed).await?;
            self.lease.lock().unwrap_or_else(PoisonError::into_inner).handle_lost();
            self.session.send_replace(None);
            warn!("session lost; what was claimed and not started goes back to the queue");
            self.next_start().await?;
            self.register().await?;
        }
    }

    async fn ended(
        &self,
        events: &mut Receiver<(Position, Event)>,
        installed: &mut watch::Receiver<Position>,
    ) -> Result<(), SessionError> {
        loop {
            let own = *self.session.borrow();
            let live = self.view.read(|queue| queue.session(self.node).map(|session| session.id));
            if own.is_none() || live != own {
                return Ok(());
            }
            tokio::select! {
                event = events.recv() => match event {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(SessionError::Stopped),
                },
                Ok(_) = installed.changed() => {}
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
