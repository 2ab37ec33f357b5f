//! The engine: one procedure, one command in flight, absolute deadlines.
//!
//! ```text
//!                    ┌────────────── Wait ◀────────────┐
//!  Idle ──start──▶ advance ── Ask ──▶ Exchange ──▶ advance ── End ──▶ Idle
//!                    └────────────── Confirm ◀─────────┘
//! ```
//!
//! Every stage has its own deadline and the procedure as a whole has one, so a modem that says anything, or
//! nothing, holds the engine for a known time at most.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{NotWrittenReason, PartOutcome, Time};

use super::codes;
use super::command::Command;
use super::dialogue::{self, Abandoned, Context, Dialogue, Input, Knowledge, Recover, Step};
use super::exchange::{End, Exchange, Offered};
use super::framer::{Framer, Token};
use super::pacing::Paced;
use super::response::{FinalResult, is_answer, is_hex};
use super::storage::is_whole;
use super::trace::{by_length, heard, masked};
use super::urc::{Listener, is_boot_line, is_ready_line};
use super::{Driver, Event, Procedure, ProcedureKind, Profile, SendEnd, SendPart, Urc};

/// Events kept for a host that does not take them: noise beyond the first number is dropped, then all.
const NOISE_MAX: usize = 256;
const EVENTS_MAX: usize = 8192;
/// Longest PDU: 12 octets of service centre address and 164 of SMS-SUBMIT, in hex, and some room.
const PDU_DIGITS_MAX: usize = 400;
/// What a procedure may take besides the waits the profile names: many commands, none of them slow.
const PROCEDURE_MAX: Duration = Duration::from_secs(600);
/// How long a dialling that is being written may still take when it is to be hung up.
const CUT_SHORT_MAX: Duration = Duration::from_secs(1);
/// The rest of a quiet time once the late answer is there.
const QUIET_AFTER_ANSWER: Duration = Duration::from_secs(1);

/// Why a procedure was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Another procedure runs, or an uncertain part is being waited out.
    #[error("the modem is busy")]
    Busy,
    /// The modem has to be initialised first: it was never, or it was reset, or the port was lost.
    #[error("the modem is not configured")]
    NotConfigured,
    /// The request contains something that cannot be written to a modem.
    #[error("the request cannot be written to a modem")]
    Unwritable,
}

/// The dialogue with one modem on one port.
#[derive(Debug)]
pub struct Engine {
    profile: Profile,
    modem: Knowledge,
    framer: Framer,
    listener: Listener,
    running: Option<Running>,
    /// When the command in flight was to be written, and when it was.
    asked: Option<Time>,
    written: Option<Time>,
    transmit: VecDeque<Piece>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Running {
    dialogue: Box<dyn Dialogue>,
    stage: Stage,
    overdue_at: Time,
}

#[derive(Debug)]
enum Stage {
    Exchange(Exchange),
    /// A command that is not written whole yet, for modems that want pauses.
    Paced(Paced),
    Wait {
        until: Time,
    },
    Confirm {
        until: Time,
    },
}

/// Bytes to be written at once.
#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    /// Whether the command in flight is handed over with it.
    last: bool,
}

impl Engine {
    /// An engine that has said nothing yet.
    pub fn new(profile: Profile) -> Engine {
        let modem = Knowledge::new(profile.driver.unwrap_or(Driver::generic()));
        Engine {
            profile,
            modem,
            framer: Framer::default(),
            listener: Listener::default(),
            running: None,
            asked: None,
            written: None,
            transmit: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Whether every line is said from now on, masked, as [`Event::Traced`].
    pub fn trace(&mut self, traces: bool) {
        self.profile.trace = traces;
        self.framer.keep_raw(traces && self.profile.trace_form.wants_raw());
    }

    /// Begins a procedure. `Initialise`, `Resynchronise` and `Reset` need no configured modem; the others do.
    pub fn start(&mut self, procedure: Procedure, now: Time) -> Result<(), StartError> {
        if self.running.is_some() {
            return Err(StartError::Busy);
        }
        let preparatory = matches!(
            procedure.kind(),
            ProcedureKind::Initialise
                | ProcedureKind::Stop
                | ProcedureKind::Resynchronise
                | ProcedureKind::Reset
        );
        if !preparatory && !self.modem.configured {
            return Err(StartError::NotConfigured);
        }
        if !is_writable(&procedure, &self.profile) {
            return Err(StartError::Unwritable);
        }
        if procedure.kind() == ProcedureKind::Initialise {
            self.modem.configured = false;
        }
        let overdue_at = now + self.longest(&procedure);
        self.advance(dialogue::of(procedure), Input::Begin, overdue_at, now);
        Ok(())
    }

    /// The modem was out of use: the next `Initialise` says the profile's `start` again.
    pub fn forget_start(&mut self) {
        self.modem.start_due = true;
    }

    /// Whether nothing runs, so that a procedure may start.
    pub fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    /// Whether a procedure of this kind runs.
    pub fn is_running(&self, kind: ProcedureKind) -> bool {
        self.running.as_ref().is_some_and(|running| running.dialogue.kind() == kind)
    }

    /// Whether nothing is lost when the port is closed now: no part is on its way, no late answer awaited.
    pub fn is_settled(&self) -> bool {
        let sends = |running: &Running| {
            matches!(running.dialogue.kind(), ProcedureKind::SendPart | ProcedureKind::Call)
        };
        self.modem.unsettled.is_none() && !self.running.as_ref().is_some_and(sends)
    }

    /// Whether the modem is configured, so that any procedure may start.
    pub fn is_configured(&self) -> bool {
        self.modem.configured
    }

    /// The driver in use.
    pub fn driver(&self) -> &'static Driver {
        self.modem.driver
    }

    /// Bytes the modem sent.
    pub fn handle_input(&mut self, bytes: &[u8], now: Time) {
        for byte in bytes {
            match self.framer.push(*byte) {
                None => {}
                Some(Token::Line(line)) => self.line(&line, now),
                Some(Token::Prompt) => self.prompt(now),
                Some(Token::Overlong) => {
                    self.push(Event::Unsolicited(Urc::Noise("<overlong line>".to_owned())))
                }
            }
        }
    }

    /// It is `now`: ends what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        let Some(running) = self.running.take_if(|running| running.due() <= now) else { return };
        if running.overdue_at <= now {
            self.overdue(running, now);
            return;
        }
        let Running { dialogue, stage, overdue_at } = running;
        let input = match stage {
            Stage::Paced(paced) => {
                let stage = self.pace(paced, now);
                self.running = Some(Running { dialogue, stage, overdue_at });
                return;
            }
            Stage::Exchange(exchange) => {
                self.transmit.clear();
                Input::Reply(exchange.reply(End::Silent))
            }
            Stage::Wait { .. } => Input::Elapsed,
            Stage::Confirm { .. } => Input::Unconfirmed,
        };
        self.advance(dialogue, input, overdue_at, now);
    }

    /// The host stands by what it was asked at `PromptReached` or `PinToBeTried`. Without such a question
    /// it does nothing. Returns whether there was one.
    pub fn confirm_write(&mut self, now: Time) -> bool {
        self.end_question(Input::Confirmed, now)
    }

    /// Gives the running procedure up. A part whose Ctrl-Z has not been taken yet ends as not written for
    /// `reason`; one whose Ctrl-Z has been taken goes on, and so does a recovery. Returns whether
    /// anything was given up.
    pub fn abort(&mut self, reason: NotWrittenReason, now: Time) -> bool {
        let Some(running) = self.running.take_if(|running| running.is_abortable()) else { return false };
        self.transmit.clear();
        let kind = running.dialogue.kind();
        let overdue_at = running.overdue_at;
        self.abandon(running, Abandoned::Aborted(reason), now);
        if kind != ProcedureKind::Initialise {
            self.advance(Box::new(Recover::new(Duration::ZERO)), Input::Begin, overdue_at, now);
        }
        true
    }

    /// The modem is to be left: a call is hung up as soon as may be, or not dialled. Everything else goes on.
    pub fn cut_call_short(&mut self, now: Time) {
        if !self.is_running(ProcedureKind::Call) || self.abort(NotWrittenReason::Draining, now) {
            return;
        }
        let Some(running) = self.running.as_mut() else { return };
        if !running.dialogue.cut_short() {
            return;
        }
        match &mut running.stage {
            Stage::Exchange(exchange) if exchange.handed_over => {
                exchange.deadline = exchange.deadline.min(now)
            }
            Stage::Exchange(exchange) => exchange.deadline = exchange.deadline.min(now + CUT_SHORT_MAX),
            // Half a dialling is no state to leave a modem in.
            Stage::Paced(paced) => paced.shorten(CUT_SHORT_MAX),
            Stage::Wait { until } => *until = (*until).min(now),
            Stage::Confirm { .. } => {}
        }
    }

    /// The port failed, or was closed. Bytes not taken yet are forgotten. Answers that still come belong to
    /// nobody: the port may lead to another modem when it is opened again.
    pub fn port_lost(&mut self, now: Time) {
        self.transmit.clear();
        self.framer.clear();
        self.listener.clear();
        if let Some(running) = self.running.take() {
            self.abandon(running, Abandoned::PortLost, now);
        }
        self.modem.forget_port();
    }

    /// The next bytes to write. They have to be written whole before the next are taken; when that fails
    /// the host calls `port_lost` instead of taking more: Ctrl-Z comes by itself, so what was never taken
    /// was never written.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        let piece = self.transmit.pop_front()?;
        if piece.last
            && let Some(Running { stage: Stage::Exchange(exchange), .. }) = &mut self.running
        {
            exchange.handed_over = true;
        }
        Some(piece.bytes)
    }

    /// The next event, in the order they happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When `handle_timeout` wants to be called; none when nothing runs.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.running.as_ref().map(Running::due)
    }

    fn line(&mut self, line: &str, now: Time) {
        self.trace_heard(line, now);
        let mut heard = Vec::new();
        let resumed = self.listener.resume(line, &mut heard);
        self.heard(std::mem::take(&mut heard), line, now);
        if resumed || self.claimed(line, now) {
            return;
        }
        if self.listener.hear(line, &mut heard) {
            self.heard(heard, line, now);
            return;
        }
        self.offer(line, now);
    }

    /// What may be seen of a line the modem said. As long as the echo is on for a PDU, any line may be what is left of
    /// it, and while a question is answered, a text or a name; only answers are certain not to be.
    fn shown(&self, line: &str) -> String {
        let in_flight = match &self.running {
            Some(Running { stage: Stage::Exchange(exchange), .. }) => Some(&exchange.command),
            Some(_) | None => None,
        };
        let sends = self.is_running(ProcedureKind::SendPart) || self.is_running(ProcedureKind::Resynchronise);
        let may_be_pdu = sends || self.modem.unsettled.is_some();
        let may_be_text =
            self.modem.is_questioned && !in_flight.is_some_and(|command| command.is_echoed_by(line));
        match ((self.profile.verify_pdu && may_be_pdu) || may_be_text) && !is_answer(line) {
            true => by_length(line),
            false => heard(line, in_flight),
        }
    }

    fn claimed(&mut self, line: &str, now: Time) -> bool {
        let Some(Running { stage: Stage::Exchange(exchange), .. }) = &mut self.running else { return false };
        let is_claimed = exchange.claim(line, now);
        if is_claimed && exchange.is_fulfilled() {
            self.end_exchange(End::Result(FinalResult::Ok), now);
        }
        is_claimed
    }

    fn offer(&mut self, line: &str, now: Time) {
        let offered = match &mut self.running {
            Some(Running { stage: Stage::Exchange(exchange), .. }) => exchange.offer(line),
            Some(_) | None => Offered::Refused,
        };
        match offered {
            Offered::Taken => {}
            Offered::Ended(end) => self.end_exchange(end, now),
            Offered::Refused => self.stray(line, now),
        }
    }

    fn prompt(&mut self, now: Time) {
        if self.profile.trace_form.wants_raw() {
            self.trace_heard(">", now);
        }
        let awaited = matches!(&self.running, Some(Running { stage: Stage::Exchange(exchange), .. })
            if exchange.handed_over && exchange.command.awaits_prompt());
        match awaited {
            true => self.end_exchange(End::Prompt, now),
            false => self.push(Event::Unsolicited(Urc::Noise(">".to_owned()))),
        }
    }

    fn end_exchange(&mut self, end: End, now: Time) {
        let Some(Running { dialogue, stage, overdue_at }) = self.running.take() else { return };
        let exchange = match stage {
            Stage::Exchange(exchange) => exchange,
            Stage::Paced(paced) => paced.into_exchange(&self.profile, now).0,
            Stage::Wait { .. } | Stage::Confirm { .. } => return,
        };
        // What was not taken yet will never be written.
        self.transmit.clear();
        self.advance(dialogue, Input::Reply(exchange.reply(end)), overdue_at, now);
    }

    fn end_question(&mut self, input: Input, now: Time) -> bool {
        let Some(running) = self.running.take_if(|running| matches!(running.stage, Stage::Confirm { .. }))
        else {
            return false;
        };
        self.advance(running.dialogue, input, running.overdue_at, now);
        true
    }

    fn heard(&mut self, urcs: Vec<Urc>, line: &str, now: Time) {
        for urc in urcs {
            let restart = matches!(urc, Urc::Restarted | Urc::PowerFailing);
            let forgetful = restart || urc == Urc::SimGone;
            self.push(Event::Unsolicited(urc));
            self.modem.configured &= !forgetful;
            // Modems that take a PIN say then that they are ready: that is no restart.
            if forgetful && !is_ready_line(line) {
                self.modem.pin_on_trial = false;
            }
            if restart {
                self.restarted(line, now);
            }
        }
    }

    fn restarted(&mut self, line: &str, now: Time) {
        let Some(running) = &mut self.running else { return };
        let pointless = is_boot_line(line) && running.dialogue.restarted();
        let command = match &running.stage {
            Stage::Exchange(exchange) => Some(&exchange.command),
            Stage::Paced(paced) => Some(paced.command()),
            Stage::Wait { .. } | Stage::Confirm { .. } => None,
        };
        if command.is_some_and(Command::ends_on_restart) {
            self.end_exchange(End::Restarted, now);
        } else if pointless {
            self.end_question(Input::Unconfirmed, now);
        }
    }

    /// A line nobody asked for. After an uncertain part it may be the answer that was missing.
    fn stray(&mut self, line: &str, now: Time) {
        if let Some(outcome) = self.late_answer(line) {
            self.settle(outcome, now);
            return;
        }
        let text = if is_hex(line) { masked(line) } else { line.to_owned() };
        self.push(Event::Unsolicited(match is_answer(line) {
            true => Urc::StrayAnswer(text),
            false => Urc::Noise(text),
        }));
    }

    fn late_answer(&self, line: &str) -> Option<PartOutcome> {
        let unsettled = self.modem.unsettled.as_ref()?;
        if let Some(sent) = codes::sent(line) {
            return Some(sent);
        }
        let Some(FinalResult::Error(Some(crate::model::Cause::Cms(code)))) = FinalResult::parse(line) else {
            return None;
        };
        match codes::end_of_code(code, &unsettled.part, self.modem.driver) {
            SendEnd::Outcome(refused @ PartOutcome::Refused(_)) if unsettled.unanswered => Some(refused),
            SendEnd::Outcome(_) | SendEnd::NotWritten { .. } | SendEnd::EarlierCopyAccepted => None,
        }
    }

    fn settle(&mut self, outcome: PartOutcome, now: Time) {
        let Some(unsettled) = self.modem.unsettled.take() else { return };
        self.push(Event::LateAnswer { attempt: unsettled.attempt(), outcome });
        match &mut self.running {
            Some(Running { stage: Stage::Wait { until }, .. }) => {
                *until = (*until).min(now + QUIET_AFTER_ANSWER);
            }
            // It came with the answer to another command.
            Some(Running { stage: Stage::Exchange(_), .. }) => self.modem.slow_at_prompt = true,
            Some(Running { stage: Stage::Paced(_) | Stage::Confirm { .. }, .. }) | None => {}
        }
    }

    /// Tells the dialogue what came and does what it says, until something has to be waited for.
    fn advance(&mut self, mut dialogue: Box<dyn Dialogue>, mut input: Input, overdue_at: Time, now: Time) {
        loop {
            let stage = match dialogue.advance(input, &mut self.context(now)) {
                Step::End => return,
                Step::Continue(next) => {
                    dialogue = next;
                    input = Input::Begin;
                    continue;
                }
                Step::Ask(command) => {
                    self.asked = Some(now);
                    let paced = Paced::new(command, &self.profile, now);
                    self.pace(paced, now)
                }
                Step::Write(bytes, pause) => {
                    self.trace_sent(&format!("<{} octets>", bytes.len()), None, now);
                    self.transmit.push_back(Piece { bytes, last: false });
                    Stage::Wait { until: now + pause }
                }
                Step::Wait(pause) => Stage::Wait { until: now + pause },
                Step::Confirm => Stage::Confirm { until: now + self.profile.confirm_timeout },
            };
            self.running = Some(Running { dialogue, stage, overdue_at });
            return;
        }
    }

    fn pace(&mut self, mut paced: Paced, now: Time) -> Stage {
        if let Some(bytes) = paced.next_piece(now) {
            self.transmit.push_back(Piece { bytes, last: false });
        }
        if paced.until() > now {
            return Stage::Paced(paced);
        }
        let (exchange, mut pieces) = paced.into_exchange(&self.profile, now);
        self.trace_sent(&exchange.command.shown(), self.asked, now);
        self.written = Some(now);
        let last = pieces.pop_back().map(|bytes| Piece { bytes, last: true });
        self.transmit.extend(pieces.into_iter().map(|bytes| Piece { bytes, last: false }));
        self.transmit.extend(last);
        Stage::Exchange(exchange)
    }

    fn overdue(&mut self, running: Running, now: Time) {
        self.transmit.clear();
        self.abandon(running, Abandoned::Overdue, now);
        self.modem.configured = false;
        self.push(Event::NeedsReopen);
    }

    fn abandon(&mut self, running: Running, why: Abandoned, now: Time) {
        let Running { mut dialogue, stage, .. } = running;
        let exchange = match stage {
            Stage::Exchange(exchange) => Some(exchange),
            Stage::Paced(paced) => Some(paced.into_exchange(&self.profile, now).0),
            Stage::Wait { .. } | Stage::Confirm { .. } => None,
        };
        dialogue.abandoned(why, exchange, &mut self.context(now));
    }

    fn context(&mut self, now: Time) -> Context<'_> {
        Context { profile: &self.profile, modem: &mut self.modem, events: &mut self.events, now }
    }

    fn longest(&self, procedure: &Procedure) -> Duration {
        let own = match procedure {
            Procedure::Initialise { quiet, .. } => {
                let resets = self.profile.check_sim.as_ref().map(|check| check.reset.rests());
                let own = self.profile.registration_wait + self.profile.warm_up_max * 2;
                *quiet + own + resets.unwrap_or_default()
            }
            Procedure::SendPart(_) => self.profile.result_timeout.unwrap_or(self.modem.driver.result_timeout),
            Procedure::Call(place) => dialogue::longest_call(place, &self.profile),
            Procedure::Ask { patience, .. } => *patience,
            Procedure::Survey
            | Procedure::List { .. }
            | Procedure::Read { .. }
            | Procedure::Delete { .. }
            | Procedure::Stop
            | Procedure::Resynchronise
            | Procedure::Reset(_) => Duration::ZERO,
        };
        own + self.profile.quiet + PROCEDURE_MAX
    }

    fn trace_sent(&mut self, shown: &str, since: Option<Time>, now: Time) {
        if self.profile.trace {
            self.push(Event::Traced(self.profile.trace_form.sent(shown, since, now)));
        }
    }

    fn trace_heard(&mut self, line: &str, now: Time) {
        if !self.profile.trace {
            return;
        }
        let raw = self.framer.take_raw();
        let is_answer = matches!(&self.running, Some(Running { stage: Stage::Exchange(_), .. }));
        let since = self.written.filter(|_| is_answer);
        for told in self.profile.trace_form.heard((line, &raw), &self.shown(line), (since, now)) {
            self.push(Event::Traced(told));
        }
    }

    fn push(&mut self, event: Event) {
        let noise =
            matches!(event, Event::Unsolicited(Urc::Noise(_) | Urc::StrayAnswer(_)) | Event::Traced(_));
        let room = if noise { NOISE_MAX } else { EVENTS_MAX };
        if self.events.len() < room {
            self.events.push_back(event);
        }
    }
}

impl Running {
    /// When its stage ends, or when it has taken too long altogether.
    fn due(&self) -> Time {
        let due = match &self.stage {
            Stage::Exchange(exchange) => exchange.deadline,
            Stage::Paced(paced) => paced.until(),
            Stage::Wait { until } | Stage::Confirm { until } => *until,
        };
        due.min(self.overdue_at)
    }

    fn is_abortable(&self) -> bool {
        let on_the_wire = match &self.stage {
            Stage::Exchange(exchange) => !exchange.is_unwritten() && exchange.command.hands_over(),
            Stage::Paced(paced) => paced.has_begun() && paced.command().hands_over(),
            Stage::Wait { .. } | Stage::Confirm { .. } => false,
        };
        let runs_on = on_the_wire || self.dialogue.is_committed();
        self.dialogue.kind() != ProcedureKind::Resynchronise && !runs_on
    }
}

/// Whether nothing in the request could be more than it says.
fn is_writable(procedure: &Procedure, profile: &Profile) -> bool {
    match procedure {
        Procedure::SendPart(SendPart { pdu_hex, tpdu_length, .. }) => {
            let is_announced = match profile.bare_pdu {
                true => pdu_hex.len() == 2 * usize::from(*tpdu_length),
                false => is_whole(pdu_hex, *tpdu_length),
            };
            is_hex(pdu_hex) && pdu_hex.len() <= PDU_DIGITS_MAX && is_announced
        }
        Procedure::Call(place) => place.is_writable(),
        Procedure::Ask { line, .. } => dialogue::is_askable(line),
        Procedure::Initialise { .. } | Procedure::Stop => profile.is_writable(dialogue::is_askable),
        Procedure::Survey
        | Procedure::List { .. }
        | Procedure::Read { .. }
        | Procedure::Delete { .. }
        | Procedure::Resynchronise
        | Procedure::Reset(_) => true,
    }
}
