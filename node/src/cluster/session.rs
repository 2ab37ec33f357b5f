//! Keeps this node under a live session of the cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smsgrid::model::{Name, NodeId, Position, SessionId, StartNumber};
use smsgrid::queue::{Body, Command, Event, Reply, SessionReply};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::identity::{DataDir, IdentityError};
use crate::machine::{Proposer, View};
use crate::raft::{ProposeError, Rejection};

/// How long one try of a proposal may take.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Wait before a proposal that was not answered is repeated.
const PROPOSE_AGAIN: Duration = Duration::from_millis(100);

/// Registers the session, and registers the next one when it is lost while the node lives.
pub struct SessionKeeper {
    node: NodeId,
    client: Name,
    data_dir: Arc<Mutex<DataDir>>,
    proposer: Proposer,
    view: View,
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
    ) -> (SessionKeeper, watch::Receiver<Option<SessionId>>) {
        let (session, told) = watch::channel(None);
        let node = data_dir.lock().unwrap_or_else(PoisonError::into_inner).identity().node;
        (SessionKeeper { node, client, data_dir, proposer, view, session }, told)
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
                None => start = self.next_start()?,
            }
        }
    }

    /// Watches the session until the node stops; takes the next one when it ends.
    pub async fn keep(self) -> Result<(), SessionError> {
        let mut events = self.view.events();
        loop {
            self.ended(&mut events).await?;
            self.session.send_replace(None);
            warn!("session lost; what was claimed and not started goes back to the queue");
            self.next_start()?;
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

    fn next_start(&self) -> Result<StartNumber, SessionError> {
        Ok(self.data_dir.lock().unwrap_or_else(PoisonError::into_inner).next_start()?)
    }

    /// The session; none when the start number is used up.
    async fn propose(&self, start: StartNumber) -> Result<Option<SessionId>, SessionError> {
        loop {
            let body = Body::RegisterSession { node: self.node, start };
            let command = Command { client: self.client.clone(), now: Default::default(), body };
            match self.proposer.propose(command, PROPOSE_TIMEOUT).await {
                Ok(Reply::Session(SessionReply::Registered(id))) => return Ok(Some(id)),
                Ok(Reply::Session(SessionReply::Used)) => return Ok(None),
                Ok(_) => return Err(SessionError::Full),
                Err(ProposeError::Rejected(Rejection::Stopped)) => return Err(SessionError::Stopped),
                Err(ProposeError::Rejected(_) | ProposeError::Unknown(_)) => {
                    tokio::time::sleep(PROPOSE_AGAIN).await;
                }
            }
        }
    }
}
