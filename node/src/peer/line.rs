//! Small calls to one node, all over one stream: a stream of HTTP/2 for each would cost more than most of them do.
//!
//! ```text
//!          first call                    answers, in any order
//! none ────────────────▶ open ───────────────────────────────────▶ open
//!   ▲                      │ the stream ends: every call that waits fails
//!   └──────────────────────┘
//! ```
//!
//! A call is handed over without waiting for the stream to be accepted. So it may have been delivered whenever the
//! stream ends later; when it ends before it began, the status says what is certain.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use smsgrid::model::NodeId;
use smsgrid_proto::internal::line_answer::Result as Answered;
use smsgrid_proto::internal::{LineAnswer, LineCall};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::client::failure;
use crate::raft::{Call, TransportError};

/// Most octets of a body that goes over a line: those behind it must not wait for long. Larger ones have a stream each.
pub(super) const BODY_OCTETS_MAX: usize = 64 << 10;
/// Most calls that wait to be written.
const WAITING_MAX: usize = 1024;

/// What opens the stream.
pub(super) type Opening = BoxFuture<'static, Result<Response<Streaming<LineAnswer>>, Status>>;

type Answer = Result<Bytes, TransportError>;

/// The way for small calls to one node. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Mutex<Option<Open>>>);

#[derive(Clone)]
struct Open {
    /// The stream says for whom it is, once for all calls.
    to: NodeId,
    calls: mpsc::Sender<LineCall>,
    callers: Arc<Mutex<Callers>>,
}

/// Who waits for an answer.
struct Callers {
    last: u64,
    /// None once the stream has ended.
    waiting: Option<BTreeMap<u64, oneshot::Sender<Answer>>>,
}

/// One who waits; gone, its answer is thrown away.
struct Waiter {
    callers: Arc<Mutex<Callers>>,
    number: u64,
}

impl Line {
    /// Makes a call to the node `to` and waits for its answer; `open` opens the stream where there is none.
    pub(super) async fn ask(
        &self,
        to: NodeId,
        call: (Call, Bytes),
        open: impl FnOnce(ReceiverStream<LineCall>) -> Opening,
    ) -> Answer {
        let (_waiter, answered) = self.hand_over(to, call, open)?;
        let ended = || TransportError::Broken("the stream of calls ended".to_owned());
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    fn hand_over(
        &self,
        to: NodeId,
        (call, body): (Call, Bytes),
        open: impl FnOnce(ReceiverStream<LineCall>) -> Opening,
    ) -> Result<(Waiter, oneshot::Receiver<Answer>), TransportError> {
        let mut line = lock(&self.0);
        let known = line.as_ref().filter(|open| open.to == to && !open.calls.is_closed());
        let entered = known.and_then(|open| Some((open.clone(), open.enter()?)));
        let (open, (waiter, answered)) = match entered {
            Some(entered) => entered,
            None => {
                let open = line.insert(Open::begin(to, open));
                let entered = open.enter();
                let gone = || TransportError::Unreachable("the stream of calls ended at once".to_owned());
                (open.clone(), entered.ok_or_else(gone)?)
            }
        };
        let call = LineCall { number: waiter.number, call: u32::from(call.number()), body };
        open.calls.try_send(call).map_err(|error| match error {
            TrySendError::Full(_) => TransportError::Unreachable("too many calls wait".to_owned()),
            TrySendError::Closed(_) => {
                TransportError::Unreachable("the stream of calls has ended".to_owned())
            }
        })?;
        Ok((waiter, answered))
    }
}

impl Open {
    fn begin(to: NodeId, open: impl FnOnce(ReceiverStream<LineCall>) -> Opening) -> Open {
        let (calls, waiting) = mpsc::channel(WAITING_MAX);
        let callers = Arc::new(Mutex::new(Callers { last: 0, waiting: Some(BTreeMap::new()) }));
        tokio::spawn(listen(open(ReceiverStream::new(waiting)), callers.clone()));
        Open { to, calls, callers }
    }

    /// None when the stream has ended.
    fn enter(&self) -> Option<(Waiter, oneshot::Receiver<Answer>)> {
        let (answer, answered) = oneshot::channel();
        let mut callers = lock(&self.callers);
        let number = callers.last + 1;
        callers.waiting.as_mut()?.insert(number, answer);
        callers.last = number;
        Some((Waiter { callers: self.callers.clone(), number }, answered))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(waiting) = &mut lock(&self.callers).waiting {
            waiting.remove(&self.number);
        }
    }
}

/// Hands answers out until the stream ends, then fails whoever still waits.
async fn listen(opening: Opening, callers: Arc<Mutex<Callers>>) {
    let why = match opening.await {
        Ok(answers) => take_answers(answers.into_inner(), &callers).await,
        Err(status) => failure(&status),
    };
    let waiting = lock(&callers).waiting.take();
    for answer in waiting.into_iter().flatten().map(|(_, answer)| answer) {
        // Who no longer waits needs no answer.
        let _ = answer.send(Err(why.clone()));
    }
}

/// Why the stream ended.
async fn take_answers(mut answers: Streaming<LineAnswer>, callers: &Mutex<Callers>) -> TransportError {
    loop {
        match answers.message().await {
            Ok(Some(LineAnswer { number, result })) => {
                let waiting = lock(callers).waiting.as_mut().and_then(|waiting| waiting.remove(&number));
                if let Some(answer) = waiting {
                    let _ = answer.send(read(result));
                }
            }
            Ok(None) => return TransportError::Broken("the node ended the stream of calls".to_owned()),
            // What was under way on it may have been served.
            Err(status) => {
                let why = failure(&status).to_string();
                return TransportError::Broken(format!("the stream of calls broke: {why}"));
            }
        }
    }
}

fn read(result: Option<Answered>) -> Answer {
    match result {
        Some(Answered::Body(body)) => Ok(body),
        Some(Answered::Refused(why)) => Err(TransportError::Refused(why)),
        None => Err(TransportError::Broken("the node came to no end in time".to_owned())),
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
