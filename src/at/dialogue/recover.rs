//! Bringing a dialogue back in step.
//!
//! ```text
//! Quiet ─▶ Escape ─▶ Attention ─▶ EchoOff ─▶ Mode ─▶ Verify ─▶ Quiesced
//!             ▲           │          │         │       │
//!             └── Flush ◀─┴──────────┴─────────┴───────┘ no answer, or not the one asked for
//!                   └─ three times ─▶ NeedsReopen
//! ```
//!
//! `OK` proves nothing: it may be the late answer to something before. `+CMGF: 0` answers nothing else.

use std::time::Duration;

use crate::at::command::Command;
use crate::at::exchange::{End, Reply};
use crate::at::response::after_prefix;
use crate::at::{Event, ProcedureKind};

use super::synchronise::ESCAPE;
use super::{Context, Dialogue, Input, Step};

/// Rounds before the port is given up.
const ROUNDS_MAX: u8 = 3;
/// How long the answer to ESC may take; it is swallowed.
const ESCAPE_PAUSE: Duration = Duration::from_millis(300);
/// How long late answers are read before the next round.
const FLUSH_PAUSE: Duration = Duration::from_secs(1);

/// ESC, AT, echo off, verify.
#[derive(Debug)]
pub(crate) struct Recover {
    quiet: Duration,
    stage: Stage,
    round: u8,
    verify_refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Quiet,
    Flush,
    Escape,
    Attention,
    EchoOff,
    Mode,
    Verify,
}

impl Recover {
    /// Recovers after sending nothing for `quiet`.
    pub(crate) fn new(quiet: Duration) -> Recover {
        Recover { quiet, stage: Stage::Quiet, round: 0, verify_refused: false }
    }
}

impl Dialogue for Recover {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Resynchronise
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        match (self.stage, input) {
            (Stage::Quiet, Input::Begin) if !self.quiet.is_zero() => Step::Wait(self.quiet),
            (Stage::Quiet | Stage::Flush, _) => self.escape(),
            (_, Input::Reply(reply)) => self.judge(&reply, context),
            (Stage::Escape, _) => self.ask(Stage::Attention, Command::attention()),
            (Stage::Attention | Stage::EchoOff | Stage::Mode | Stage::Verify, _) => self.escape(),
        }
    }
}

impl Recover {
    fn escape(&mut self) -> Step {
        self.stage = Stage::Escape;
        Step::Write(vec![ESCAPE], ESCAPE_PAUSE)
    }

    fn ask(&mut self, stage: Stage, command: Command) -> Step {
        self.stage = stage;
        Step::Ask(command)
    }

    fn judge(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        match self.stage {
            Stage::Attention if reply.is_ok() => self.ask(Stage::EchoOff, Command::numeric("ATE0")),
            Stage::EchoOff if reply.is_ok() && context.modem.configured => {
                self.ask(Stage::Mode, Command::set("AT+CMGF=0"))
            }
            Stage::EchoOff if reply.is_ok() => done(context),
            Stage::Mode if reply.is_ok() => self.ask(Stage::Verify, Command::query("AT+CMGF?", "+CMGF")),
            Stage::Verify if is_pdu_mode(reply) => done(context),
            Stage::Verify if self.verify_refused && is_refused(reply) => done(context),
            Stage::Verify => {
                // A modem without this query refuses it every time; a late answer is not there twice.
                self.verify_refused = is_refused(reply);
                self.next_round(context)
            }
            Stage::Quiet | Stage::Flush | Stage::Escape | Stage::Attention | Stage::EchoOff | Stage::Mode => {
                self.next_round(context)
            }
        }
    }

    fn next_round(&mut self, context: &mut Context<'_>) -> Step {
        self.round += 1;
        if self.round == ROUNDS_MAX {
            context.modem.is_questioned = false;
            context.modem.configured = false;
            context.modem.unsettled = None;
            context.events.push_back(Event::NeedsReopen);
            return Step::End;
        }
        self.stage = Stage::Flush;
        Step::Wait(FLUSH_PAUSE)
    }
}

fn done(context: &mut Context<'_>) -> Step {
    context.modem.is_questioned = false;
    context.modem.unsettled = None;
    context.modem.quiet_until = None;
    context.events.push_back(Event::Quiesced);
    Step::End
}

fn is_pdu_mode(reply: &Reply) -> bool {
    reply.is_ok() && reply.lines.iter().any(|line| after_prefix(line, "+CMGF") == Some("0"))
}

fn is_refused(reply: &Reply) -> bool {
    matches!(reply.end, End::Result(_)) && !reply.is_ok()
}
