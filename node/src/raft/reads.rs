//! How far a read must have applied to see everything that was answered to anybody before it began.
//!
//! One question to the leader is under way at a time; reads that come meanwhile share the next.

use std::sync::Arc;
use std::time::Duration;

use smsgrid::model::{NodeId, Position};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::{Call, StateMachine, wire};

/// Most reads waiting; further ones wait for room.
pub(super) const READS_MAX: usize = 4096;
/// Wait before the leader is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Why there is no such position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadIndexError {
    /// No leader with a majority answered in time.
    #[error("no leader with a majority answered in time")]
    NoLeader,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

/// One read that waits.
pub(super) type Read = oneshot::Sender<Position>;

pub(super) async fn ask(reads: &mpsc::Sender<Read>, within: Duration) -> Result<Position, ReadIndexError> {
    let asked = async {
        let (read, answer) = oneshot::channel();
        reads.send(read).await.map_err(|_| ReadIndexError::Stopped)?;
        answer.await.map_err(|_| ReadIndexError::Stopped)
    };
    timeout(within, asked).await.unwrap_or(Err(ReadIndexError::NoLeader))
}

/// Answers reads until it is cancelled.
pub(super) async fn answer<M: StateMachine>(
    core: Arc<Core<M>>,
    mut reads: mpsc::Receiver<Read>,
    cancel: CancellationToken,
) {
    let mut waiting: Vec<Read> = Vec::new();
    let work = async {
        loop {
            waiting.retain(|read| !read.is_closed());
            if waiting.is_empty() && reads.recv_many(&mut waiting, READS_MAX).await == 0 {
                return;
            }
            while waiting.len() < READS_MAX
                && let Ok(read) = reads.try_recv()
            {
                waiting.push(read);
            }
            match round(&core).await {
                Some(index) => {
                    for read in waiting.drain(..) {
                        // Whoever asked is gone when this fails.
                        let _ = read.send(Position { index, offset: 0 });
                    }
                }
                None => sleep(ASK_AGAIN).await,
            }
        }
    };
    let ended = cancel.run_until_cancelled(work).await;
    if ended.is_some() {
        // Every handle is gone; only the end of the node ends this task.
        cancel.cancelled().await;
    }
}

async fn round<M: StateMachine>(core: &Core<M>) -> Option<u64> {
    let leader = core.leadership.borrow().leader?;
    if leader == core.node {
        return core.confirm_index().await;
    }
    ask_leader(core, leader).await
}

async fn ask_leader<M: StateMachine>(core: &Core<M>, leader: NodeId) -> Option<u64> {
    let member = core.member(leader)?;
    let within = core.call_timeout();
    let call = core.transport.call(leader, &member, Call::ReadIndex, bytes::Bytes::new(), within);
    wire::decode_index(&call.await.ok()?)
}
