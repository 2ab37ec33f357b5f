//! The SIM's PIN (TS 27.007 section 8.3). Three wrong tries lock a SIM, so a PIN is used once, never as the
//! last attempt, and only after the host has written down that it is about to be used.
//!
//! ```text
//! Query ─ READY ─────────────────────────────────────────────▶ unlocked
//!  │ ▲ └─ busy: wait 1 s, up to the warm-up time
//!  │ └───────────────── OK ──────────────────────────┐
//!  └─ SIM PIN ─▶ Attempts ─▶ Confirm ─yes▶ Use ─────┤
//!                   │           └─ no: not confirmed  └─ wrong ─▶ AttemptsLeft ─▶ wrong
//!                   └─ none, tried before, last attempt: given up
//! ```

use std::time::Duration;

use crate::at::command::Command;
use crate::at::exchange::{End, Reply};
use crate::at::response::{FinalResult, after_prefix, fields, number};
use crate::at::trace::told;
use crate::at::{Event, InitialiseFailure, PinPlan};
use crate::model::{Cause, Time};

use super::{Context, Flow, Input, Step};

const QUERY: &str = "AT+CPIN?";
/// Pause between two looks at a SIM that is busy.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// How long the SIM may take to check a PIN.
const USE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait for a final result that some never send.
const NO_RESULT_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Unlock {
    plan: PinPlan,
    stage: Stage,
    /// Until when a busy SIM is waited for.
    busy_until: Option<Time>,
    attempts_left: Option<u8>,
    used: bool,
    silences: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Query,
    Attempts,
    Confirm,
    Use,
    AttemptsLeft,
}

/// What the SIM wants.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sim {
    Ready,
    Pin,
    Puk,
    Locked(String),
    Missing,
    Busy,
    Fault(Cause),
    Unclear(Option<Cause>),
}

type Unlocked = Result<bool, InitialiseFailure>;

impl Unlock {
    pub(super) fn new(plan: PinPlan) -> Unlock {
        let stage = Stage::Query;
        Unlock { plan, stage, busy_until: None, attempts_left: None, used: false, silences: 0 }
    }

    /// Whether the PIN was used, whatever came of it.
    pub(super) fn has_used_pin(&self) -> bool {
        self.used
    }

    /// Ends when the SIM is ready, with whether the PIN unlocked it.
    pub(super) fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Flow<Unlocked> {
        if self.plan.ignore {
            return Flow::Done(Ok(false));
        }
        match (self.stage, input) {
            (Stage::Query, Input::Reply(reply)) => self.after_query(&reply, context),
            (Stage::Query, _) => Flow::Next(Step::Ask(query(context))),
            (Stage::Attempts, Input::Reply(reply)) => {
                self.attempts_left = attempts_left(&reply, context);
                self.decide(context)
            }
            (Stage::Confirm, Input::Confirmed) => self.use_pin(context),
            (Stage::Confirm, _) => Flow::Done(Err(InitialiseFailure::PinNotConfirmed)),
            (Stage::Use, Input::Reply(reply)) => self.after_use(&reply, context),
            (Stage::AttemptsLeft, Input::Reply(reply)) => {
                let attempts_left = attempts_left(&reply, context);
                Flow::Done(Err(InitialiseFailure::PinWrong { attempts_left }))
            }
            (Stage::Attempts | Stage::Use | Stage::AttemptsLeft, _) => self.look_again(),
        }
    }

    fn after_query(&mut self, reply: &Reply, context: &mut Context<'_>) -> Flow<Unlocked> {
        let answered = context.modem.driver.pin_without_result && !reply.lines.is_empty();
        if reply.end == End::Silent && !answered {
            self.silences += 1;
            return match self.silences {
                1 => Flow::Next(Step::Wait(BUSY_PAUSE)),
                _ => Flow::Done(Err(InitialiseFailure::Mute { command: QUERY.to_owned() })),
            };
        }
        match sim(reply) {
            Sim::Ready => ready(context),
            Sim::Busy => self.wait_for_sim(context),
            Sim::Pin if self.used => self.wrong(context),
            Sim::Pin => {
                // Used by an earlier configuration, and refused.
                context.modem.pin_on_trial = false;
                self.ask_attempts(context)
            }
            Sim::Puk if self.plan.puk.is_some() && self.plan.pin.is_some() && !self.used => {
                self.confirm(context)
            }
            Sim::Puk => puk_locked(context),
            Sim::Locked(lock) => Flow::Done(Err(InitialiseFailure::DeviceLocked { lock: told(&lock) })),
            Sim::Missing => Flow::Done(Err(InitialiseFailure::SimMissing)),
            Sim::Fault(cause) => Flow::Done(Err(InitialiseFailure::SimFault { cause })),
            Sim::Unclear(cause) => {
                Flow::Done(Err(InitialiseFailure::Refused { command: QUERY.to_owned(), cause }))
            }
        }
    }

    fn wait_for_sim(&mut self, context: &Context<'_>) -> Flow<Unlocked> {
        let until = *self.busy_until.get_or_insert(context.now + context.profile.warm_up_max);
        match context.now < until {
            true => Flow::Next(Step::Wait(BUSY_PAUSE)),
            false => Flow::Done(Err(InitialiseFailure::SimBusy)),
        }
    }

    fn ask_attempts(&mut self, context: &mut Context<'_>) -> Flow<Unlocked> {
        let Some(query) = context.modem.driver.attempts_query else { return self.decide(context) };
        self.stage = Stage::Attempts;
        Flow::Next(Step::Ask(Command::query(query.command, query.prefix)))
    }

    fn decide(&mut self, context: &mut Context<'_>) -> Flow<Unlocked> {
        match self.plan.usable(self.attempts_left) {
            Ok(_) => self.confirm(context),
            Err(failure) => Flow::Done(Err(failure)),
        }
    }

    fn confirm(&mut self, context: &mut Context<'_>) -> Flow<Unlocked> {
        self.stage = Stage::Confirm;
        context.events.push_back(Event::PinToBeTried { attempts_left: self.attempts_left });
        Flow::Next(Step::Confirm)
    }

    fn use_pin(&mut self, context: &mut Context<'_>) -> Flow<Unlocked> {
        let Some(pin) = &self.plan.pin else {
            return Flow::Done(Err(InitialiseFailure::PinNeeded { attempts_left: self.attempts_left }));
        };
        let line = match &self.plan.puk {
            Some(puk) => format!("AT+CPIN=\"{}\",\"{}\"", puk.digits(), pin.digits()),
            None => format!("AT+CPIN=\"{}\"", pin.digits()),
        };
        self.stage = Stage::Use;
        self.used = true;
        context.modem.pin_on_trial = true;
        Flow::Next(Step::Ask(Command::set(line).secret().within(USE_TIMEOUT)))
    }

    fn after_use(&mut self, reply: &Reply, context: &mut Context<'_>) -> Flow<Unlocked> {
        let cause = match reply.end {
            End::Result(FinalResult::Error(cause)) => cause,
            End::Result(FinalResult::Ok)
            | End::Numeric(_)
            | End::Prompt
            | End::Silent
            | End::Restarted
            | End::PortLost => None,
        };
        match cause {
            Some(Cause::Cme(16)) if self.plan.puk.is_none() => self.wrong(context),
            Some(Cause::Cme(12 | 16)) => puk_locked(context),
            // Whatever else was said: what the SIM wants now tells whether it worked.
            _ => self.look_again(),
        }
    }

    fn look_again(&mut self) -> Flow<Unlocked> {
        self.stage = Stage::Query;
        Flow::Next(Step::Wait(BUSY_PAUSE))
    }

    fn wrong(&mut self, context: &mut Context<'_>) -> Flow<Unlocked> {
        context.modem.pin_on_trial = false;
        let Some(query) = context.modem.driver.attempts_query else {
            let attempts_left = self.attempts_left.map(|left| left.saturating_sub(1));
            return Flow::Done(Err(InitialiseFailure::PinWrong { attempts_left }));
        };
        self.stage = Stage::AttemptsLeft;
        Flow::Next(Step::Ask(Command::query(query.command, query.prefix)))
    }
}

fn ready(context: &mut Context<'_>) -> Flow<Unlocked> {
    let accepted = std::mem::take(&mut context.modem.pin_on_trial);
    if accepted {
        context.events.push_back(Event::PinAccepted);
    }
    Flow::Done(Ok(accepted))
}

fn puk_locked(context: &mut Context<'_>) -> Flow<Unlocked> {
    context.modem.pin_on_trial = false;
    Flow::Done(Err(InitialiseFailure::PukLocked))
}

fn query(context: &Context<'_>) -> Command {
    let command = Command::query(QUERY, "+CPIN");
    match context.modem.driver.pin_without_result {
        true => command.within(NO_RESULT_TIMEOUT),
        false => command,
    }
}

/// What the answer to `AT+CPIN?` says. The second PIN is for call barring and the like and hinders no SMS.
fn sim(reply: &Reply) -> Sim {
    let code = reply.lines.iter().find_map(|line| after_prefix(line, "+CPIN"));
    match code.map(|code| code.trim_matches('"')) {
        Some("READY" | "SIM PIN2" | "SIM PUK2") => Sim::Ready,
        Some("SIM PIN") => Sim::Pin,
        Some("SIM PUK" | "BLOCKED") => Sim::Puk,
        Some("NOT INSERTED" | "NO SIM") => Sim::Missing,
        Some("NOT READY") => Sim::Busy,
        Some(lock) => Sim::Locked(lock.to_owned()),
        None => sim_without_code(reply),
    }
}

fn sim_without_code(reply: &Reply) -> Sim {
    let cause = match reply.end {
        End::Result(FinalResult::Error(cause)) => cause,
        // Some say OK instead of READY.
        End::Result(FinalResult::Ok) | End::Numeric(FinalResult::Ok) => return Sim::Ready,
        End::Numeric(FinalResult::Error(_)) | End::Prompt | End::Silent | End::Restarted | End::PortLost => {
            None
        }
    };
    match cause {
        Some(Cause::Cme(10) | Cause::Cms(310)) => Sim::Missing,
        Some(Cause::Cme(11) | Cause::Cms(311)) => Sim::Pin,
        Some(Cause::Cme(12) | Cause::Cms(316)) => Sim::Puk,
        Some(Cause::Cme(14 | 515) | Cause::Cms(314 | 515)) => Sim::Busy,
        Some(Cause::Cme(17 | 18) | Cause::Cms(317 | 318)) => Sim::Ready,
        Some(cause @ (Cause::Cme(13 | 15) | Cause::Cms(313 | 315))) => Sim::Fault(cause),
        cause => Sim::Unclear(cause),
    }
}

fn attempts_left(reply: &Reply, context: &Context<'_>) -> Option<u8> {
    let query = context.modem.driver.attempts_query?;
    let text = reply.lines.iter().find_map(|line| after_prefix(line, query.prefix))?;
    number(&fields(text), query.field)
}
