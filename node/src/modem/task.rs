//! The task of one modem: moves the effects of its worker, and tells it what came of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smsgrid::at::InitialiseFailure;
use smsgrid::model::{Attempt, MessageId, Name, PartOutcome, SessionId, Time};
use smsgrid::queue::{Body, Queue, Reply};
use smsgrid::worker::Lease;
use smsgrid::worker::handlers::{Alarm, Severity, of_modem};
use smsgrid::worker::modem::{Answer as Given, Context, Effect, ModemWorker, Notice, Settings};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Level, enabled, error, trace, warn};

use super::board::Board;
use super::counting::count;
use super::notify::Waker;
use super::outcomes::Outcomes;
use super::pin_marks::PinMark;
use super::places::{Given as Place, Places};
use super::port::{Location, Port, PortError};
use super::questions::{Asked, Questions};
use super::report;
use super::suspend_file::{Breaks, Suspended};
use crate::administrator::{Administrator, News};
use crate::api::{Metrics, ModemCounts};
use crate::clock::Clock;
use crate::cluster::Barrier;
use crate::handlers::Installed;
use crate::machine::{Proposer, View, propose_while};

/// Octets read from a port at once.
const READ_OCTETS: usize = 4096;
/// Longest wait for a port to take what is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the word of a majority about who holds a modem.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a question may wait for a modem that cannot be asked.
const ASK_WITHIN: Duration = Duration::from_secs(60);
/// Longest wait for a port to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a worker shares with the rest of the node.
#[derive(Clone)]
pub struct Shared {
    /// The node's name, as the client of its own commands.
    pub client: Name,
    /// Writes.
    pub proposer: Proposer,
    /// Reads.
    pub view: View,
    /// What makes a read see everything that was applied anywhere before it.
    pub barrier: Barrier,
    /// Outcomes on their way to the log.
    pub outcomes: Outcomes,
    /// The node's lease.
    pub lease: Arc<Mutex<Lease>>,
    /// Where the modems' news is shown.
    pub board: Board,
    /// Which port each modem has.
    pub places: Places,
    /// What is asked of the modems.
    pub questions: Questions,
    /// What the node counts.
    pub metrics: Metrics,
    /// The programs of the operator.
    pub handlers: Installed,
    /// Who is told by SMS.
    pub administrator: Administrator,
    /// The node's session.
    pub session: watch::Receiver<Option<SessionId>>,
    /// Which modems are to be left alone.
    pub suspended: Suspended,
    /// When one round is wanted of those that are left alone.
    pub breaks: Breaks,
    /// Time.
    pub clock: Clock,
}

/// One modem with its port.
pub struct ModemTask {
    shared: Shared,
    name: Name,
    location: Location,
    /// The port was left, the one it moves to not entered yet.
    is_between: bool,
    worker: ModemWorker,
    counts: ModemCounts,
    port: Option<Port>,
    waker: Waker,
    questions: mpsc::Receiver<Asked>,
    /// Where the answer goes that the worker owes.
    asking: Option<oneshot::Sender<Given>>,
    pin: Option<PinMark>,
    pending: Option<Pending>,
    marking: Option<Pending>,
    looking: Option<Pending>,
    /// The fault of the port that was told last.
    port_failed: Option<String>,
    /// Why the port was lost last.
    lost_because: String,
    /// The SIM of nobody that was told last.
    stranger: Option<String>,
}

/// The answer that is awaited.
type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

enum Answer {
    Reply(Reply),
    Recorded,
    LookedUp,
    NotLookedUp,
    PinMarked,
    PinNotMarked,
    /// The log has stopped, or the node stops and no majority is there: nothing will be answered any more.
    Over,
}

/// What woke the task.
enum Wake {
    Bytes(std::io::Result<usize>),
    Answer(Answer),
    Drain,
    Suspensions,
    Asked(Asked),
    Break,
    Look,
}

impl ModemTask {
    /// A task for the modem at `location`, which counts into `counts`. `pin` is the mark of the PIN its settings hold.
    pub fn new(
        shared: Shared,
        location: Location,
        settings: Settings,
        (waker, questions): (Waker, mpsc::Receiver<Asked>),
        pin: Option<PinMark>,
        counts: ModemCounts,
    ) -> ModemTask {
        ModemTask {
            questions,
            asking: None,
            name: settings.name.clone(),
            counts,
            worker: ModemWorker::new(settings),
            shared,
            location,
            is_between: false,
            port: None,
            waker,
            pin,
            pending: None,
            marking: None,
            looking: None,
            port_failed: None,
            lost_because: String::new(),
            stranger: None,
        }
    }

    /// Runs until `drain` is cancelled and everything is given back.
    #[tracing::instrument(name = "modem", skip_all, fields(modem = %self.name))]
    pub async fn run(mut self, drain: CancellationToken) {
        self.work(drain).await;
        self.leave();
    }

    async fn work(&mut self, drain: CancellationToken) {
        let mut buffer = vec![0; READ_OCTETS];
        let mut draining = false;
        self.enter();
        self.heed_suspensions();
        // What was wanted before this modem was there is none of its business.
        self.shared.breaks.mark_unchanged();
        loop {
            self.carry_out(&drain).await;
            if self.worker.is_stopped() {
                return;
            }
            match self.wait(&mut buffer, &drain, draining).await {
                Wake::Bytes(Ok(0)) => self.lose_port("the other end closed it"),
                Wake::Bytes(Ok(octets)) => {
                    let bytes = buffer.get(..octets).unwrap_or_default().to_vec();
                    self.tell(|worker, context| worker.handle_input(&bytes, context));
                }
                Wake::Bytes(Err(failure)) => self.lose_port(&failure.to_string()),
                Wake::Answer(Answer::Reply(reply)) => {
                    self.tell(|worker, context| worker.handle_reply(&reply, context));
                }
                Wake::Answer(Answer::Recorded) => self.tell(ModemWorker::handle_recorded),
                Wake::Answer(Answer::LookedUp) => self.tell(ModemWorker::handle_looked_up),
                Wake::Answer(Answer::NotLookedUp) => self.tell(ModemWorker::handle_look_up_failed),
                Wake::Answer(Answer::PinMarked) => self.tell(ModemWorker::handle_pin_marked),
                // The dialogue gives up by itself, and asks again when it is set up anew.
                Wake::Answer(Answer::PinNotMarked) => {}
                Wake::Answer(Answer::Over) => return,
                Wake::Drain => {
                    draining = true;
                    self.shared.board.drain(&self.name, self.shared.clock.utc());
                    self.tell(ModemWorker::handle_drain);
                }
                Wake::Suspensions => self.heed_suspensions(),
                Wake::Asked(Asked { question, answer }) => {
                    self.asking = Some(answer);
                    let until = self.shared.clock.now() + ASK_WITHIN;
                    self.tell(|worker, context| worker.handle_question(question, until, context));
                }
                Wake::Break => self.tell(ModemWorker::handle_break),
                Wake::Look => self.look(),
            }
        }
    }

    async fn wait(&mut self, buffer: &mut [u8], drain: &CancellationToken, draining: bool) -> Wake {
        let now = self.shared.clock.now();
        let due = self.worker.poll_timeout().map(|due| due.since(now));
        let port = self.port.as_mut();
        tokio::select! {
            biased;
            answer = or_never(self.pending.as_mut()) => {
                self.pending = None;
                Wake::Answer(answer)
            }
            answer = or_never(self.marking.as_mut()) => {
                self.marking = None;
                Wake::Answer(answer)
            }
            answer = or_never(self.looking.as_mut()) => {
                self.looking = None;
                Wake::Answer(answer)
            }
            read = read(port, buffer) => Wake::Bytes(read),
            () = self.waker.woken() => Wake::Look,
            // The keeper of the session is gone only when the node stops.
            Ok(()) = self.shared.session.changed() => Wake::Look,
            // Without a suspend file there is nobody who could change it.
            Ok(()) = self.shared.suspended.changed() => Wake::Suspensions,
            Some(asked) = self.questions.recv(), if self.asking.is_none() => Wake::Asked(asked),
            Ok(()) = self.shared.breaks.changed() => Wake::Break,
            () = drain.cancelled(), if !draining => Wake::Drain,
            () = or_never(due.map(tokio::time::sleep)) => Wake::Look,
        }
    }

    /// Something may have changed, the modem's port among it.
    fn look(&mut self) {
        let places = &self.shared.places;
        if self.is_between {
            match places.enter(&self.name) {
                Some(location) => self.arrive(location),
                None => self.tell(ModemWorker::handle_wake),
            }
        } else if places.of(&self.name).is_some_and(|location| location != self.location) {
            self.tell(ModemWorker::handle_moved);
        } else {
            self.tell(ModemWorker::handle_wake);
        }
    }

    /// Before the first opening. Where another modem has not left the port yet, this one waits for it.
    fn enter(&mut self) {
        match self.shared.places.enter(&self.name) {
            Some(location) => self.location = location,
            None => self.tell(ModemWorker::handle_moved),
        }
    }

    /// The port is closed: whoever waits for it may have it.
    fn leave(&mut self) {
        self.shared.places.leave(&self.name);
        self.waker.wake_all();
    }

    fn arrive(&mut self, location: Location) {
        self.is_between = false;
        self.location = location;
        self.port_failed = None;
        self.tell(ModemWorker::handle_arrived);
    }

    /// Another SIM than the modem's own is at its port: whose it is gets the port. A SIM of nobody is told once.
    fn other_sim(&mut self, notice: &Notice, found: &str) {
        let now = self.shared.clock.now();
        match self.shared.places.give(&self.name, &self.location, found, now) {
            Place::To(owner) => {
                report::moved(&self.name, &owner, &self.location);
                self.waker.wake_all();
            }
            Place::Nobody if self.stranger.as_deref() == Some(found) => {}
            Place::Nobody => {
                self.stranger = Some(found.to_owned());
                self.report(notice);
            }
            // Whoever took the port has woken this task.
            Place::Already => {}
        }
    }

    fn heed_suspensions(&mut self) {
        let suspensions = self.shared.suspended.borrow_and_update().clone();
        let reason = suspensions.reason(self.name.as_str()).map(str::to_owned);
        self.tell(|worker, context| worker.handle_suspension(reason.as_deref(), context));
    }

    /// Moves every effect that is due.
    async fn carry_out(&mut self, drain: &CancellationToken) {
        while let Some(effect) = self.worker.poll_effect() {
            match effect {
                Effect::LookUp => self.looking = Some(self.look_up()),
                Effect::OpenPort => self.open().await,
                Effect::ClosePort => self.close().await,
                Effect::LeavePort => {
                    self.is_between = true;
                    self.leave();
                }
                Effect::Write(bytes) => self.write(&bytes).await,
                Effect::Propose(body) => self.pending = Some(self.propose(body, drain)),
                Effect::Record { attempt, outcome } => self.pending = Some(self.record(attempt, outcome)),
                Effect::Forget { attempt } => self.shared.outcomes.forget(attempt).await,
                // The mark under way is as good as another of the same PIN.
                Effect::MarkPin if self.marking.is_some() => {}
                Effect::MarkPin => self.marking = self.mark_pin(),
                Effect::UnmarkPin => self.unmark_pin().await,
                Effect::Notify(Notice::PortLost { sending }) => {
                    self.report(&Notice::PortLost { sending });
                    self.say_lost(sending);
                }
                Effect::Notify(notice) => self.hear(&notice),
                Effect::Answer(answer) => {
                    // Whoever asked may have gone.
                    let _ = self.asking.take().map(|asking| asking.send(answer));
                }
                Effect::Trace(line) => trace!(line, "dialogue"),
            }
            self.waker.follow(self.worker.registration());
        }
    }

    fn hear(&mut self, notice: &Notice) {
        if let Notice::SetUpFailed { failure: InitialiseFailure::OtherIdentity { found, .. }, .. } = notice {
            return self.other_sim(notice, found);
        }
        if matches!(notice, Notice::Ready { .. }) {
            self.stranger = None;
        }
        self.report(notice);
    }

    fn report(&self, notice: &Notice) {
        self.shared.board.note(&self.name, notice, self.shared.clock.utc());
        count(notice, &self.counts, &self.shared.view);
        let mark = self.pin.as_ref().map(PinMark::file);
        report::notice(&self.name, notice, &self.location, mark);
        self.alarm(of_modem(self.name.as_str(), notice));
        if let Notice::LimitReached { messages } = notice {
            self.shared.administrator.tell(Some(self.name.as_str()), News::MessageLimit(*messages));
        }
    }

    fn alarm(&self, alarm: Option<Alarm>) {
        if let (Some(handlers), Some(alarm)) = (self.shared.handlers.get(), alarm) {
            handlers.alarm(alarm);
        }
    }

    /// What smsd tells of a port that it cannot use.
    fn alarm_of_port(&self, why: &str) {
        let (kind, port) = match &self.location {
            Location::Serial { device, .. } => ("serial port", device.display().to_string()),
            Location::Tcp { address, .. } => ("socket", address.clone()),
        };
        let text = format!("Cannot open {kind} {port}, error: {why}");
        self.alarm(Some(Alarm::of_modem(Severity::Error, self.name.as_str(), text)));
    }

    async fn open(&mut self) {
        match self.location.open().await {
            Ok(port) => {
                self.port_failed = None;
                self.port = Some(port);
                self.tell(ModemWorker::handle_opened);
            }
            Err(failure) => {
                self.say_once(&failure);
                self.tell(ModemWorker::handle_port_failed);
            }
        }
    }

    /// Closing a serial line may wait for what was written and not sent: it happens on a thread that may wait.
    async fn close(&mut self) {
        let Some(port) = self.port.take() else { return };
        let closing = tokio::task::spawn_blocking(move || drop(port));
        if tokio::time::timeout(CLOSE_TIMEOUT, closing).await.is_err() {
            warn!(port = %self.location, "the port does not close; it is left to the system");
        }
    }

    /// That a lost port is then missing is no news.
    fn say_lost(&mut self, sending: Option<MessageId>) {
        report::port_lost(&self.name, &self.location, &self.lost_because, sending);
        let text = format!("The port was lost, cause: {}", self.lost_because);
        self.alarm(Some(Alarm::of_modem(Severity::Error, self.name.as_str(), text)));
        self.port_failed = Some(PortError::Missing { location: self.location.to_string() }.to_string());
    }

    /// The same fault of the same port is news once.
    fn say_once(&mut self, failure: &PortError) {
        let said = failure.to_string();
        let now = self.shared.clock.utc();
        self.shared.board.unreachable(&self.name, said.clone(), report::reason_of_port(failure), now);
        if self.port_failed.as_ref() != Some(&said) {
            report::port_failed(&self.name, failure);
            self.alarm_of_port(&said);
            self.port_failed = Some(said);
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        let Some(port) = &mut self.port else { return };
        match tokio::time::timeout(WRITE_TIMEOUT, port.write(bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.lose_port(&failure.to_string()),
            Err(_) => self.lose_port("it takes no bytes"),
        }
    }

    fn lose_port(&mut self, why: &str) {
        why.clone_into(&mut self.lost_because);
        self.tell(ModemWorker::handle_port_failed);
    }

    /// A node that stops without a majority gives up: the session ends with its lease.
    fn propose(&self, body: Body, drain: &CancellationToken) -> Pending {
        let (proposer, client) = (self.shared.proposer.clone(), self.shared.client.clone());
        let drain = drain.clone();
        Box::pin(async move {
            match propose_while(&proposer, &client, &body, || !drain.is_cancelled()).await {
                Some(reply) => Answer::Reply(reply),
                None => Answer::Over,
            }
        })
    }

    fn record(&self, attempt: Attempt, outcome: PartOutcome) -> Pending {
        let outcomes = self.shared.outcomes.clone();
        Box::pin(async move {
            match outcomes.record(attempt, outcome).await {
                Ok(()) => Answer::Recorded,
                Err(failure) => {
                    error!(%attempt, %failure, "the outbox failed; the node must stop");
                    Answer::Over
                }
            }
        })
    }

    fn look_up(&self) -> Pending {
        let barrier = self.shared.barrier.clone();
        Box::pin(async move {
            if barrier.reach(LOOK_UP_TIMEOUT).await { Answer::LookedUp } else { Answer::NotLookedUp }
        })
    }

    fn mark_pin(&self) -> Option<Pending> {
        let mark = self.pin.clone()?;
        Some(Box::pin(async move {
            match tokio::task::spawn_blocking(move || mark.set()).await {
                Ok(Ok(())) => Answer::PinMarked,
                Ok(Err(failure)) => {
                    error!(%failure, "the PIN is not used: that it was tried cannot be written down");
                    Answer::PinNotMarked
                }
                Err(_) => Answer::Over,
            }
        }))
    }

    /// Waits for the end, so that a mark made after this one is not taken away.
    async fn unmark_pin(&mut self) {
        let Some(mark) = self.pin.clone() else { return };
        let file = mark.file().display().to_string();
        if let Ok(Err(failure)) = tokio::task::spawn_blocking(move || mark.clear()).await {
            warn!(%failure, file, "the mark of the PIN cannot be removed; remove it, or the PIN is not used again");
        }
    }

    /// Gives the worker an input together with what it may look at.
    fn tell(&mut self, input: impl FnOnce(&mut ModemWorker, &Context<'_>)) {
        let lease = *self.shared.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let session = *self.shared.session.borrow();
        let now: Time = self.shared.clock.now();
        let worker = &mut self.worker;
        // Asked each time: a reload may turn the log up or down.
        worker.trace(enabled!(Level::TRACE));
        self.shared.view.read(|queue: &Queue| input(worker, &Context { queue, session, lease: &lease, now }));
        self.shared.places.keep(&self.name, self.worker.keeps_port());
    }
}

/// The future, or one that never ends when there is none.
async fn or_never<F: Future>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn read(port: Option<&mut Port>, buffer: &mut [u8]) -> std::io::Result<usize> {
    match port {
        Some(port) => port.read(buffer).await,
        None => std::future::pending().await,
    }
}
