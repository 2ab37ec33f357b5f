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
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::Stream;
use smsgrid::model::NodeId;
use smsgrid_proto::internal::line_answer::Result as Answered;
use smsgrid_proto::internal::{LineAnswer, LineCall};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tonic::{Response, Status, Streaming};

use super::client::failure;
use crate::raft::{Call, TransportError};

/// Most octets of a body that goes over a line: those behind it must not wait for long. Larger ones have a stream each.
pub(super) const BODY_OCTETS_MAX: usize = 64 << 10;
/// Most calls that wait to be written.
const WAITING_MAX: usize = 1024;
/// When a caller gives up, a stream is left for a new one if nothing has come on it for so long, which counts from the
/// oldest call that nothing came after: its connection may live while it does not.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// The calls of a stream. One that is given up before it is written does not leave.
pub(super) struct Outgoing {
    calls: mpsc::Receiver<LineCall>,
    callers: Arc<Mutex<Callers>>,
}

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
    /// Since when nothing came although somebody waited; none when nobody has waited since the last answer, or only
    /// those whose calls did not leave.
    unheard: Option<Instant>,
    /// How many calls have left without an answer so far.
    unanswered: usize,
    /// None once the stream has ended.
    waiting: Option<BTreeMap<u64, oneshot::Sender<Answer>>>,
}

/// One who waits; gone, its answer is thrown away.
struct Waiter {
    callers: Arc<Mutex<Callers>>,
    number: u64,
}

impl Line {
    /// Makes a call to the node `to` and waits for its answer until `deadline`, none when it did not come; `open` opens
    /// the stream where there is none.
    pub(super) async fn ask(
        &self,
        to: NodeId,
        call: (Call, Bytes),
        deadline: Instant,
        open: impl FnOnce(Outgoing) -> Opening,
    ) -> Option<Answer> {
        let within = deadline.saturating_duration_since(Instant::now());
        let (_waiter, answered) = match self.hand_over(to, call, within, open) {
            Ok(handed) => handed,
            Err(failure) => return Some(Err(failure)),
        };
        let ended = || TransportError::Broken("the stream of calls ended".to_owned());
        match timeout_at(deadline, answered).await {
            Ok(answer) => Some(answer.unwrap_or_else(|_| Err(ended()))),
            Err(_) => {
                self.leave_silent();
                None
            }
        }
    }

    /// The next call opens a new stream when this one has been silent for too long. Answers that come on it are still
    /// heard.
    fn leave_silent(&self) {
        let mut line = lock(&self.0);
        if line.as_ref().is_some_and(|open| lock(&open.callers).is_silent(Instant::now())) {
            *line = None;
        }
    }

    fn hand_over(
        &self,
        to: NodeId,
        (call, body): (Call, Bytes),
        within: Duration,
        open: impl FnOnce(Outgoing) -> Opening,
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
        let within_ms = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
        let call = LineCall { number: waiter.number, call: u32::from(call.number()), body, within_ms };
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
    fn begin(to: NodeId, open: impl FnOnce(Outgoing) -> Opening) -> Open {
        let (calls, waiting) = mpsc::channel(WAITING_MAX);
        let callers = Arc::new(Mutex::new(Callers::default()));
        let outgoing = Outgoing { calls: waiting, callers: callers.clone() };
        tokio::spawn(listen(open(outgoing), callers.clone()));
        Open { to, calls, callers }
    }

    /// None when the stream has ended.
    fn enter(&self) -> Option<(Waiter, oneshot::Receiver<Answer>)> {
        let (answer, answered) = oneshot::channel();
        let number = lock(&self.callers).enter(answer, Instant::now())?;
        Some((Waiter { callers: self.callers.clone(), number }, answered))
    }
}

impl Stream for Outgoing {
    type Item = LineCall;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LineCall>> {
        loop {
            match ready!(self.calls.poll_recv(cx)) {
                Some(call) if !lock(&self.callers).leaves(call.number) => {}
                next @ (Some(_) | None) => return Poll::Ready(next),
            }
        }
    }
}

impl Callers {
    /// Whether a call leaves: somebody still waits for its answer. One that does not is never answered, so its silence is
    /// none.
    fn leaves(&mut self, number: u64) -> bool {
        let Some(waiting) = &self.waiting else { return false };
        let leaves = waiting.contains_key(&number);
        if leaves {
            self.unanswered += 1;
        } else if waiting.is_empty() && self.unanswered == 0 {
            self.unheard = None;
        }
        leaves
    }

    /// The number of a call that waits from now on; none when the stream has ended.
    fn enter(&mut self, answer: oneshot::Sender<Answer>, now: Instant) -> Option<u64> {
        let number = self.last + 1;
        self.waiting.as_mut()?.insert(number, answer);
        self.last = number;
        self.unheard.get_or_insert(now);
        Some(number)
    }

    /// Who waits for this answer. It breaks the silence, also when nobody does.
    fn answered(&mut self, number: u64, now: Instant) -> Option<oneshot::Sender<Answer>> {
        let waiting = self.waiting.as_mut()?;
        let answer = waiting.remove(&number);
        // Nothing else says that the other node answers each call once.
        self.unanswered = self.unanswered.saturating_sub(1);
        self.unheard = (!waiting.is_empty()).then_some(now);
        answer
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.unheard.is_some_and(|since| now.saturating_duration_since(since) >= SILENCE_MAX)
    }
}

impl Default for Callers {
    /// The stream has not ended.
    fn default() -> Callers {
        Callers { last: 0, unheard: None, unanswered: 0, waiting: Some(BTreeMap::new()) }
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
                if let Some(answer) = lock(callers).answered(number, Instant::now()) {
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use futures_util::{FutureExt, StreamExt};

    use super::*;

    const B: NodeId = NodeId(2);
    const SHORT: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_stream_on_which_nothing_comes_is_left_for_a_new_one_though_its_connection_lives() {
        let (line, opened) = (Line::default(), Cell::new(0));

        let first = give_up(&line, &opened, SHORT).await;
        assert_eq!((first.is_none(), opened.get()), (true, 1));
        let second = give_up(&line, &opened, SILENCE_MAX).await;
        assert_eq!((second.is_none(), opened.get()), (true, 1), "it might only have been slow");
        let third = give_up(&line, &opened, SHORT).await;
        assert_eq!((third.is_none(), opened.get()), (true, 2));
    }

    #[tokio::test]
    async fn what_was_given_up_before_it_was_written_does_not_leave() {
        let line = Line::default();
        let (told, outgoing) = oneshot::channel();
        let keep = move |calls: Outgoing| {
            let _ = told.send(calls);
            pending().boxed()
        };
        let deadline = Instant::now() + SHORT;
        let given_up = line.ask(B, (Call::Vote, Bytes::from_static(b"1")), deadline, keep).await;
        assert!(given_up.is_none());
        let mut calls = outgoing.await.expect("the stream was opened");

        let deadline = Instant::now() + SILENCE_MAX;
        let asking = line.ask(B, (Call::Vote, Bytes::from_static(b"2")), deadline, |_| pending().boxed());
        let left = tokio::select! {
            biased;
            _ = asking => None,
            left = calls.next() => left,
        };

        assert_eq!(left.map(|call| (call.number, call.body)), Some((2, Bytes::from_static(b"2"))));
    }

    #[test]
    fn silence_counts_from_the_oldest_call_that_nothing_came_after() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut callers = Callers::default();
        let enter = |callers: &mut Callers, at| callers.enter(oneshot::channel().0, at).expect("open");

        enter(&mut callers, after(0));
        assert!(callers.answered(1, after(1)).is_some());
        assert!(!callers.is_silent(after(60)), "nobody asked");

        enter(&mut callers, after(60));
        enter(&mut callers, after(62));
        assert!(!callers.is_silent(after(62)), "it was idle, not silent");
        assert!(callers.is_silent(after(63)), "of the first nothing came for long");

        assert!(callers.answered(3, after(63)).is_some());
        assert!(!callers.is_silent(after(65)), "something came");
        assert!(callers.is_silent(after(66)), "and then nothing for the other");
        assert!(callers.answered(2, after(66)).is_some() && !callers.is_silent(after(100)));
    }

    #[test]
    fn a_call_that_was_given_up_before_it_left_is_no_silence() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut callers = Callers::default();
        let enter = |callers: &mut Callers, at| callers.enter(oneshot::channel().0, at).expect("open");
        let give_up = |callers: &mut Callers, number| callers.waiting.as_mut().map(|all| all.remove(&number));

        enter(&mut callers, after(0));
        give_up(&mut callers, 1);
        assert!(!callers.leaves(1));
        enter(&mut callers, after(60));
        assert!(!callers.is_silent(after(61)), "nobody asked before");
        assert!(callers.leaves(2));

        give_up(&mut callers, 2);
        enter(&mut callers, after(62));
        give_up(&mut callers, 3);
        assert!(!callers.leaves(3));
        assert!(callers.is_silent(after(63)), "of the one that left nothing came");

        assert!(callers.answered(2, after(64)).is_none());
        enter(&mut callers, after(65));
        enter(&mut callers, after(66));
        give_up(&mut callers, 4);
        assert!(!callers.leaves(4));
        assert!(callers.is_silent(after(68)), "another waits still to leave");
        give_up(&mut callers, 5);
        assert!(!callers.leaves(5) && !callers.is_silent(after(100)));
    }

    async fn give_up(line: &Line, opened: &Cell<u32>, within: Duration) -> Option<Answer> {
        let open = |calls: Outgoing| {
            opened.set(opened.get() + 1);
            async move {
                let _kept = calls;
                pending().await
            }
            .boxed()
        };
        line.ask(B, (Call::Vote, Bytes::new()), Instant::now() + within, open).await
    }
}
