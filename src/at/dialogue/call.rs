//! One voice call (TS 27.007 sections 6.2, 6.5, 7.18, C.2.11 and 8.1).
//!
//! ```text
//!  Dial ──▶ Poll ⇄ Ask ──answered──▶ Pause ⇄ Tones ──▶ Rest ──▶ HangUp ──▶ SendEnded ──▶ idle
//!   │ OK: answered, without a sign to be polled               ▲
//!   └─ busy, no answer, refused, over time, rang and gone ────┘
//! ```
//!
//! Cut short, it hangs up before the next look and the next tones, with the outcome that says so.
//!
//! From the first octet of the dialling on somebody's telephone may ring: what is lost from there on is uncertain, and
//! the call is hung up whatever was said before.

use std::time::Duration;

use crate::at::calling::{AnswerSign, PlaceCall};
use crate::at::command::Command;
use crate::at::exchange::{End, Exchange, Reply};
use crate::at::response::{FinalResult, after_prefix, fields};
use crate::at::{Event, ProcedureKind, Profile, SendEnd};
use crate::model::{CallEnd, Doubt, NotWrittenReason, PartOutcome, Time};

use super::stop::cause;
use super::{Abandoned, Context, Dialogue, Input, Recover, Step};

/// Longest wait for an answer when the call says none: to the dialling, and while it is polled.
const RESULT_WAIT: Duration = Duration::from_secs(120);
const POLLED_WAIT: Duration = Duration::from_secs(150);
/// Between two looks whether it was answered.
const POLL_PAUSE: Duration = Duration::from_millis(500);
/// Before each round of tones, and after the last one.
const TONES_PAUSE: Duration = Duration::from_secs(3);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// What one tone may take besides the time of a command.
const TONE_TIMEOUT: Duration = Duration::from_millis(500);

/// Dial, see the answer, play, hang up.
#[derive(Debug)]
pub(super) struct Calls {
    place: PlaceCall,
    stage: Stage,
    /// When the wait for an answer is over.
    until: Time,
    /// It rang: when it is gone, it was hung up.
    rang: bool,
    rounds_left: u8,
    end: Option<CallEnd>,
    restarted: bool,
    /// It is to be hung up before its end.
    is_cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Dial,
    /// Dials too, and no answer is looked at.
    Ringing,
    Poll,
    Ask,
    Pause,
    Tones,
    Rest,
    HangUp,
    HangUpOtherwise,
}

/// What a look at the call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Answered,
    Rings,
    Nothing,
}

/// Longest such a call takes besides its own commands.
pub(in crate::at) fn longest(place: &PlaceCall, profile: &Profile) -> Duration {
    let wait = place.call.wait().unwrap_or(POLLED_WAIT);
    let count = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let tones = &place.call.tones;
    let line = count(&profile.calling.tones.line(tones));
    let pauses = profile.chunking.map_or(Duration::ZERO, |chunking| chunking.pause.saturating_mul(line));
    let round = TONES_PAUSE + TONE_TIMEOUT * count(tones) + profile.command_pause + pauses;
    wait + round * u32::from(place.call.rounds)
}

impl Calls {
    pub(super) fn new(place: PlaceCall) -> Calls {
        let rounds_left = if place.call.tones.is_empty() { 0 } else { place.call.rounds };
        let (stage, until) = (Stage::Dial, Time::ZERO);
        Calls { place, stage, until, rang: false, rounds_left, end: None, restarted: false, is_cut: false }
    }
}

impl Dialogue for Calls {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Call
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        match (self.stage, input) {
            (Stage::Dial | Stage::Ringing, Input::Reply(reply)) => self.dialled(&reply, context),
            (Stage::Dial | Stage::Ringing, _) => self.dial(context),
            (Stage::Ask, Input::Reply(reply)) => self.looked(&reply, context),
            (Stage::Poll | Stage::Ask, _) => self.look(context),
            (Stage::Tones, Input::Reply(reply)) => self.played(&reply, context),
            (Stage::Pause | Stage::Tones, _) => self.play(context),
            (Stage::Rest, _) => self.hang_up(CallEnd::Answered, context),
            (Stage::HangUp | Stage::HangUpOtherwise, Input::Reply(reply)) => self.hung_up(&reply, context),
            (Stage::HangUp | Stage::HangUpOtherwise, _) => self.over(context),
        }
    }

    fn abandoned(&mut self, why: Abandoned, exchange: Option<Exchange>, context: &mut Context<'_>) {
        let is_unwritten = self.is_dialling() && exchange.is_none_or(|exchange| exchange.is_unwritten());
        context.modem.in_call &= !is_unwritten;
        let end = match (is_unwritten, self.end, why) {
            (true, _, Abandoned::PortLost | Abandoned::Overdue) => not_written(NotWrittenReason::PortLost),
            (true, _, Abandoned::Aborted(reason)) => not_written(reason),
            (_, Some(end), _) => SendEnd::Outcome(PartOutcome::Called(end)),
            (_, None, Abandoned::PortLost) => SendEnd::Outcome(PartOutcome::Uncertain(Doubt::PortLost)),
            (_, None, Abandoned::Aborted(_) | Abandoned::Overdue) => {
                SendEnd::Outcome(PartOutcome::Uncertain(Doubt::Silent))
            }
        };
        self.ended(end, context);
    }

    fn restarted(&mut self) -> bool {
        self.restarted = true;
        false
    }

    fn cut_short(&mut self) -> bool {
        self.is_cut = true;
        match self.stage {
            Stage::Dial | Stage::Ringing | Stage::Poll | Stage::Pause => true,
            Stage::Ask | Stage::Tones | Stage::Rest | Stage::HangUp | Stage::HangUpOtherwise => false,
        }
    }

    fn is_committed(&self) -> bool {
        !self.is_dialling()
    }
}

impl Calls {
    fn dial(&mut self, context: &mut Context<'_>) -> Step {
        context.modem.in_call = true;
        let calling = context.profile.calling;
        let otherwise = match calling.answer {
            AnswerSign::Result => RESULT_WAIT,
            AnswerSign::Activity | AnswerSign::CallList => POLLED_WAIT,
        };
        let wait = self.place.call.wait();
        let is_ignored = calling.ignores_result && calling.answer == AnswerSign::Result;
        let line = format!("ATD{};", self.place.number);
        self.until = context.now + wait.unwrap_or(otherwise);
        if let Some(wait) = wait.filter(|_| is_ignored) {
            self.stage = Stage::Ringing;
            return Step::Ask(Command::ring(line).within(wait));
        }
        Step::Ask(Command::call(line).within(wait.unwrap_or(otherwise)))
    }

    /// Whether nothing but the dialling was written.
    fn is_dialling(&self) -> bool {
        matches!(self.stage, Stage::Dial | Stage::Ringing)
    }

    fn dialled(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        if !reply.has_begun {
            context.modem.in_call = false;
            return self.gone(not_written(NotWrittenReason::PortLost), context);
        }
        if !reply.handed_over {
            // The next CR may still dial what the modem has of it.
            let doubt = if reply.end == End::Restarted { Doubt::ModemRestarted } else { Doubt::Silent };
            return self.lost(doubt, context);
        }
        match (reply.end, context.profile.calling.answer) {
            (End::Result(FinalResult::Ok), AnswerSign::Result) => self.answered(),
            (End::Result(FinalResult::Ok), AnswerSign::Activity | AnswerSign::CallList) => self.poll(),
            (End::Restarted, _) => self.lost(Doubt::ModemRestarted, context),
            (End::Silent, _) if self.is_cut => self.hang_up(CallEnd::CutShort, context),
            (End::Silent, _) => self.hang_up(CallEnd::Timeout, context),
            (End::PortLost, _) => self.lost(Doubt::PortLost, context),
            (End::Result(FinalResult::Error(_)) | End::Numeric(_) | End::Prompt, _) => {
                let end = word(reply).unwrap_or(CallEnd::Error(cause(reply)));
                self.hang_up(end, context)
            }
        }
    }

    fn poll(&mut self) -> Step {
        self.stage = Stage::Poll;
        Step::Wait(POLL_PAUSE)
    }

    fn look(&mut self, context: &mut Context<'_>) -> Step {
        if self.restarted {
            return self.lost(Doubt::ModemRestarted, context);
        }
        if self.is_cut {
            return self.hang_up(CallEnd::CutShort, context);
        }
        if self.until <= context.now {
            return self.hang_up(CallEnd::Timeout, context);
        }
        self.stage = Stage::Ask;
        Step::Ask(match context.profile.calling.answer {
            AnswerSign::Result | AnswerSign::Activity => Command::query("AT+CPAS", "+CPAS"),
            AnswerSign::CallList => Command::query("AT+CLCC", "+CLCC"),
        })
    }

    fn looked(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        if reply.end == End::Silent {
            return self.hang_up(CallEnd::Timeout, context);
        }
        let seen = match context.profile.calling.answer {
            AnswerSign::Result | AnswerSign::Activity => activity(reply),
            AnswerSign::CallList => listed(reply, &self.place.number),
        };
        match seen {
            Seen::Answered => self.answered(),
            Seen::Rings => {
                self.rang = true;
                self.poll()
            }
            Seen::Nothing if self.rang && reply.is_ok() => self.hang_up(CallEnd::Hangup, context),
            Seen::Nothing => self.poll(),
        }
    }

    fn answered(&mut self) -> Step {
        self.stage = if self.rounds_left > 0 { Stage::Pause } else { Stage::Rest };
        Step::Wait(if self.rounds_left > 0 { TONES_PAUSE } else { LAST_PAUSE })
    }

    fn play(&mut self, context: &mut Context<'_>) -> Step {
        if self.restarted {
            return self.lost(Doubt::ModemRestarted, context);
        }
        if self.is_cut {
            return self.hang_up(CallEnd::CutShort, context);
        }
        self.stage = Stage::Tones;
        self.rounds_left = self.rounds_left.saturating_sub(1);
        let tones = &self.place.call.tones;
        let time = TONE_TIMEOUT * u32::try_from(tones.len()).unwrap_or(u32::MAX);
        let line = context.profile.calling.tones.line(tones);
        let command = Command::tones(line, tones.len());
        Step::Ask(command.within(context.profile.command_timeout + time))
    }

    /// A refusal of tones costs the round; a word about the call ends it.
    fn played(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        match reply.end {
            End::Result(_) | End::Numeric(_) | End::Prompt if word(reply).is_none() => self.answered(),
            End::Restarted => self.lost(Doubt::ModemRestarted, context),
            End::Result(_) | End::Numeric(_) | End::Prompt | End::Silent | End::PortLost => {
                self.hang_up(CallEnd::Answered, context)
            }
        }
    }

    fn hang_up(&mut self, end: CallEnd, context: &Context<'_>) -> Step {
        self.end = Some(end);
        self.stage = Stage::HangUp;
        Step::Ask(Command::set(context.profile.calling.hang_up.line()))
    }

    /// A modem that does not know the one command knows the other.
    fn hung_up(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        let is_refused = matches!(reply.end, End::Result(FinalResult::Error(_)));
        if is_refused && self.stage == Stage::HangUp {
            self.stage = Stage::HangUpOtherwise;
            return Step::Ask(Command::set(context.profile.calling.hang_up.other().line()));
        }
        let step = self.over(context);
        if reply.end == End::Silent {
            return self.recover(context);
        }
        context.modem.in_call = false;
        step
    }

    fn over(&mut self, context: &mut Context<'_>) -> Step {
        let end = self.end.unwrap_or(CallEnd::Answered);
        self.ended(SendEnd::Outcome(PartOutcome::Called(end)), context);
        Step::End
    }

    fn lost(&mut self, doubt: Doubt, context: &mut Context<'_>) -> Step {
        self.gone(SendEnd::Outcome(PartOutcome::Uncertain(doubt)), context)
    }

    fn gone(&mut self, end: SendEnd, context: &mut Context<'_>) -> Step {
        self.ended(end, context);
        self.recover(context)
    }

    /// A modem that may still be in a call is set up anew, which hangs up first.
    fn recover(&self, context: &mut Context<'_>) -> Step {
        context.modem.configured &= !context.modem.in_call;
        Step::Continue(Box::new(Recover::new(Duration::ZERO)))
    }

    fn ended(&self, end: SendEnd, context: &mut Context<'_>) {
        context.events.push_back(Event::SendEnded { attempt: self.place.attempt, end });
    }
}

fn not_written(reason: NotWrittenReason) -> SendEnd {
    SendEnd::NotWritten { reason, cause: None }
}

/// What the modem said of the call instead of a final result.
fn word(reply: &Reply) -> Option<CallEnd> {
    reply.lines.iter().find_map(|line| match line.as_str() {
        "BUSY" => Some(CallEnd::Busy),
        "NO ANSWER" => Some(CallEnd::NoAnswer),
        "NO CARRIER" => Some(CallEnd::NoCarrier),
        "DELAYED" => Some(CallEnd::Delayed),
        "NO DIALTONE" | "NO DIAL TONE" => Some(CallEnd::Error(None)),
        _ => None,
    })
}

/// `+CPAS: 4` is a call in progress, 3 one that rings.
fn activity(reply: &Reply) -> Seen {
    let answer = reply.lines.iter().find_map(|line| after_prefix(line, "+CPAS"));
    match answer.map(|text| fields(text).swap_remove(0)).as_deref() {
        Some("4") => Seen::Answered,
        Some("3") => Seen::Rings,
        Some(_) | None => Seen::Nothing,
    }
}

/// `+CLCC: id,dir,state,mode,multiparty,number,type` of the number dialled: state 0 is active, 2 and 3 ring.
fn listed(reply: &Reply, number: &str) -> Seen {
    let digits = |text: &str| text.trim_start_matches('+').to_owned();
    let lines = reply.lines.iter().filter_map(|line| after_prefix(line, "+CLCC")).map(fields);
    let own = lines.filter(|call| call.get(5).is_some_and(|listed| digits(listed) == digits(number)));
    own.fold(Seen::Nothing, |seen, call| match call.get(2).map(String::as_str) {
        Some("0") => Seen::Answered,
        Some("2" | "3") if seen == Seen::Nothing => Seen::Rings,
        Some(_) | None => seen,
    })
}
