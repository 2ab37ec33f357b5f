//! The worker of one modem: from an open port to parts on the air, under the claim protocol.
//!
//! ```text
//!        shared: LookUp; a suspended modem stays closed
//!  Closed ──▶ LookingUp ──OpenPort──▶ Opening ──▶ Open
//!    ▲            │ held elsewhere                 │  initialise the modem, find its network
//!    │◀───────────┘                                │
//!    │ port lost, reset, person, held elsewhere,   │
//!    │ suspended and everything given back         ▼
//!    └─────────────────────────────────────  RegisterModem ──▶ Ready ──claim──▶ job ──▶ Outcome (re-arms, fetches) ──▶ …
//!                                                                ▲                        │ uncertain, failed
//!                                                                └──── quiet, in step ◀───┘
//! ```
//!
//! Where the port is not kept open it is closed whenever nothing is to be done: `rest` has the figure.
//!
//! Every input sets facts; `proceed` then decides the one next step from them and from the
//! applied state of the queue. One proposal or outbox record is under way at a time; while it is, nothing
//! else is decided. Events of the queue only wake: the claim is read from the applied state.
//!
//! The worker does not know files, ports, clocks or the log; its host moves the effects.

mod allowance;
mod asking;
mod dialogue;
mod effect;
mod elsewhere;
mod job;
mod leave;
mod link;
mod moving;
mod proceed;
mod reply;
mod rest;
mod round;
mod settings;
mod sim_check;
mod suspensions;

use std::collections::VecDeque;

use super::Lease;
use crate::at::{Breaker, Engine, InitialiseFailure, Ladder, ModemFacts, Registration, Rung};
use crate::model::{Attempt, NodeId, OpenNumber, PartNumber, PartOutcome, RegistrationId, SessionId, Time};
use crate::queue::Queue;

pub use allowance::Pace;
pub use asking::Answer;
pub use effect::{Effect, Notice};
pub use settings::Settings;
pub use sim_check::SimRetries;
pub use suspensions::Suspensions;

use allowance::Allowance;
use asking::Asking;
use job::Job;
use moving::Moving;
use round::Round;
use sim_check::SimLooks;

/// Most late answers kept until they are recorded; an engine gives at most one for each uncertain part.
const LATE_ANSWERS_MAX: usize = 16;

/// What the worker may look at when it decides.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The applied state.
    pub queue: &'a Queue,
    /// The node's live session; none while it has none.
    pub session: Option<SessionId>,
    /// The node's lease.
    pub lease: &'a Lease,
    /// Now.
    pub now: Time,
}

/// The worker of one modem.
#[derive(Debug)]
pub struct ModemWorker {
    settings: Settings,
    engine: Engine,
    link: Link,
    /// How often the port was opened in this session of the node.
    open: OpenNumber,
    /// The port was opened, or is being opened, under a registration that stands, or a question made the modem forget its
    /// settings, and it is not set up yet.
    is_waking: bool,
    /// Reads that precede the first command after the next opening.
    quiet_first: bool,
    facts: Option<ModemFacts>,
    network: Registration,
    /// Whether the operator knows that there is no network.
    is_told_no_network: bool,
    registered: Option<Registered>,
    /// Another node's registration of this modem, while it keeps the port closed.
    held: Option<RegistrationId>,
    /// Whether it has let the others go first since it began.
    had_turn: bool,
    /// The node of which the operator was told that it has the modem.
    told_holder: Option<NodeId>,
    waiting: Waiting,
    job: Option<Job>,
    late: VecDeque<(Attempt, PartOutcome)>,
    breaker: Breaker,
    allowance: Allowance,
    asking: Asking,
    ladder: Ladder,
    reset: Option<PlannedReset>,
    survey_due: Time,
    failures_to_open: u32,
    /// The mark that the PIN is about to be tried is being written.
    pin_marking: bool,
    /// The SIM is checking the PIN.
    pin_checking: bool,
    last_failure: Option<InitialiseFailure>,
    /// What the operator's check of the SIM found.
    sim_looks: SimLooks,
    /// The port is not opened, the modem not registered before.
    not_before: Time,
    /// The end of the registration is not asked for before.
    unregister_after: Time,
    /// When the facts were last looked at.
    seen: Time,
    /// On its way to another port.
    moving: Option<Moving>,
    draining: bool,
    /// Why the modem is to be left alone for now.
    suspended: Option<String>,
    /// Whether the operator knows that it is left alone.
    is_told_suspended: bool,
    /// The suspension is broken for as long as this lasts.
    round: Option<Round>,
    /// The operator's `stop` was said since the modem was set up last.
    stop_said: bool,
    stopped: bool,
    effects: VecDeque<Effect>,
}

/// The port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Closed,
    /// Asking who holds the modem.
    LookingUp,
    Opening,
    Open,
    /// Closed for as long as there is nothing to do; the registration stands.
    Resting,
}

/// The registration, and the opening of the port it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Registered {
    id: RegistrationId,
    open: OpenNumber,
}

/// The one answer that is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Nothing,
    Reply(Asked),
    Recorded(Record),
}

/// What was proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Register(OpenNumber),
    Unregister,
    Ready,
    Withdraw,
    Start,
    NotWritten,
    Outcome(Option<PartNumber>),
    Evidence(Attempt),
}

/// What is being written to the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    Job,
    Evidence(Attempt, PartOutcome),
}

/// A reset that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PlannedReset {
    rung: Rung,
    not_before: Time,
}

impl ModemWorker {
    /// A worker whose port is closed.
    pub fn new(settings: Settings) -> ModemWorker {
        ModemWorker {
            engine: Engine::new(settings.profile.clone()),
            link: Link::Closed,
            open: settings.opened,
            is_waking: false,
            quiet_first: settings.quiet_first,
            facts: None,
            network: Registration::Unknown,
            is_told_no_network: false,
            registered: None,
            held: None,
            had_turn: false,
            told_holder: None,
            waiting: Waiting::Nothing,
            job: None,
            late: VecDeque::new(),
            breaker: Breaker::new(settings.breaker),
            allowance: Allowance::new(settings.pace),
            asking: Asking::default(),
            ladder: Ladder::new(settings.ladder),
            reset: None,
            survey_due: Time::ZERO,
            failures_to_open: 0,
            pin_marking: false,
            pin_checking: false,
            last_failure: None,
            sim_looks: SimLooks::default(),
            not_before: Time::ZERO,
            unregister_after: Time::ZERO,
            seen: Time::ZERO,
            moving: None,
            draining: false,
            suspended: None,
            is_told_suspended: false,
            round: None,
            stop_said: false,
            stopped: false,
            effects: VecDeque::new(),
            settings,
        }
    }

    /// Whether the lines of the dialogue are told from now on, as [`Effect::Trace`].
    pub fn trace(&mut self, traces: bool) {
        self.engine.trace(traces);
    }

    /// The look-up was answered: `context` shows at least what was applied anywhere when it was asked.
    pub fn handle_looked_up(&mut self, context: &Context<'_>) {
        self.looked_up(context);
        self.proceed(context);
    }

    /// The look-up was not answered in time: nobody knows who holds the modem.
    pub fn handle_look_up_failed(&mut self, context: &Context<'_>) {
        self.look_up_failed(context.now);
        self.proceed(context);
    }

    /// The port is open.
    pub fn handle_opened(&mut self, context: &Context<'_>) {
        self.link_opened();
        self.proceed(context);
    }

    /// The port could not be opened, or failed while it was open.
    pub fn handle_port_failed(&mut self, context: &Context<'_>) {
        self.link_lost(context.now);
        self.take_events(context);
        self.proceed(context);
    }

    /// Bytes the modem sent.
    pub fn handle_input(&mut self, bytes: &[u8], context: &Context<'_>) {
        self.engine.handle_input(bytes, context.now);
        self.take_events(context);
        self.proceed(context);
    }

    /// It is now, or the applied state or the session have changed, or the lease permits writing again.
    pub fn handle_wake(&mut self, context: &Context<'_>) {
        if self.engine.poll_timeout().is_some_and(|due| due <= context.now) {
            self.engine.handle_timeout(context.now);
            self.take_events(context);
        }
        self.proceed(context);
    }

    /// The proposal under way was applied.
    pub fn handle_reply(&mut self, reply: &crate::queue::Reply, context: &Context<'_>) {
        self.take_reply(reply, context);
        self.proceed(context);
    }

    /// The outcome under way is durable in the outbox.
    pub fn handle_recorded(&mut self, context: &Context<'_>) {
        self.take_recorded(context);
        self.proceed(context);
    }

    /// The mark that the PIN is about to be tried is durable.
    pub fn handle_pin_marked(&mut self, context: &Context<'_>) {
        self.pin_marked(context);
        self.take_events(context);
        self.proceed(context);
    }

    /// Give everything back: no new message, all parts of a started one, then the port is closed and
    /// [`ModemWorker::is_stopped`] holds.
    pub fn handle_drain(&mut self, context: &Context<'_>) {
        self.draining = true;
        self.engine.cut_call_short(context.now);
        self.take_events(context);
        self.proceed(context);
    }

    /// Another port waits for this modem: the one it has is left, by [`Effect::LeavePort`], once nothing is lost by it.
    pub fn handle_moved(&mut self, context: &Context<'_>) {
        self.move_away();
        self.handle_wake(context);
    }

    /// The port it moves to is free: it may be opened.
    pub fn handle_arrived(&mut self, context: &Context<'_>) {
        self.arrive(context.now);
        self.proceed(context);
    }

    /// The modem is to be left alone from now on, for a reason that may be empty; or not any more. A started message
    /// goes to its end first; then the registration ends and the port is closed.
    pub fn handle_suspension(&mut self, reason: Option<&str>, context: &Context<'_>) {
        self.suspend(reason, context.now);
        self.proceed(context);
    }

    /// One round is wanted of a modem that is left alone though it stays suspended: it takes one message, if one waits,
    /// and is left alone again.
    pub fn handle_break(&mut self, context: &Context<'_>) {
        self.begin_round(context.now);
        self.proceed(context);
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front().or_else(|| self.engine.poll_transmit().map(Effect::Write))
    }

    /// When `handle_wake` wants to be called at the latest.
    pub fn poll_timeout(&self) -> Option<Time> {
        if self.stopped {
            return None;
        }
        [self.engine.poll_timeout(), self.next_step_due(), self.asking.due(self.seen), self.round_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The registration it works under.
    pub fn registration(&self) -> Option<RegistrationId> {
        self.registered.map(|registered| registered.id)
    }

    /// Whether everything is given back and the port is closed.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    fn notify(&mut self, notice: Notice) {
        self.effects.push_back(Effect::Notify(notice));
    }

    fn propose(&mut self, asked: Asked, body: crate::queue::Body) {
        self.waiting = Waiting::Reply(asked);
        self.effects.push_back(Effect::Propose(body));
    }
}
