//! The operator's look at the SIM (smsd's `check_sim`), and the resets before the next look.
//!
//! ```text
//! Reset ─▶ command, pause, … ─▶ Reset: the set-up begins again, without it
//! Look ─▶ no error ─▶ Ready
//!   └──── error, or ERROR in a line ─▶ not ready
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use crate::at::InitialiseFailure;
use crate::at::check_sim::{CheckSim, SimResetStep};
use crate::at::command::Command;
use crate::at::exchange::{End, Reply};
use crate::at::response::FinalResult;

use super::stop::{cause, own};
use super::{Flow, Input, Step};

/// What an answer holds that is no answer of a SIM that is ready.
const ERROR: &str = "ERROR";
/// Pause before the SIM is asked again after no answer, and after a reset that ended with no answer.
const SILENCE_PAUSE: Duration = Duration::from_secs(1);
/// How often it is asked.
const TRIES_MAX: u8 = 2;

#[derive(Debug)]
pub(super) struct CheckingSim {
    check: CheckSim,
    reset: VecDeque<SimResetStep>,
    is_reset: bool,
    silences: u8,
    is_silent: bool,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// The SIM is ready.
    Ready,
    /// The modem was reset, and is left alone for so long before its set-up begins again.
    Reset(Duration),
}

impl CheckingSim {
    /// A look at the SIM, or the reset before one.
    pub(super) fn new(check: CheckSim, resets: bool) -> CheckingSim {
        let reset: VecDeque<SimResetStep> = check.reset.steps().iter().filter(|_| resets).cloned().collect();
        CheckingSim { check, is_reset: !reset.is_empty(), reset, silences: 0, is_silent: false }
    }

    pub(super) fn advance(&mut self, input: Input) -> Flow<Result<Checked, InitialiseFailure>> {
        match (self.is_reset, input) {
            (true, Input::Reply(reply)) => {
                // A modem that restarts by it says nothing.
                self.is_silent = reply.end == End::Silent;
                self.next_step()
            }
            (true, _) => self.next_step(),
            (false, Input::Reply(reply)) => self.judge(&reply),
            (false, _) => Flow::Next(Step::Ask(Command::words(self.check.command.clone()).secret())),
        }
    }

    fn next_step(&mut self) -> Flow<Result<Checked, InitialiseFailure>> {
        match self.reset.pop_front() {
            Some(SimResetStep::Say(line)) => Flow::Next(Step::Ask(own(&line))),
            Some(SimResetStep::Rest(rest)) => Flow::Next(Step::Wait(rest)),
            None => {
                let pause = if self.is_silent { SILENCE_PAUSE } else { Duration::ZERO };
                Flow::Done(Ok(Checked::Reset(pause)))
            }
        }
    }

    fn judge(&mut self, reply: &Reply) -> Flow<Result<Checked, InitialiseFailure>> {
        if reply.end == End::Silent && reply.lines.is_empty() {
            self.silences += 1;
            return match self.silences < TRIES_MAX {
                true => Flow::Next(Step::Wait(SILENCE_PAUSE)),
                false => Flow::Done(Err(InitialiseFailure::Mute { command: "check_sim_cmd".to_owned() })),
            };
        }
        let is_refused = matches!(
            reply.end,
            End::Result(FinalResult::Error(_)) | End::Numeric(FinalResult::Error(_)) | End::Restarted
        );
        if is_refused || reply.lines.iter().any(|line| line.contains(ERROR)) {
            return Flow::Done(Err(InitialiseFailure::SimNotReady { cause: cause(reply) }));
        }
        Flow::Done(Ok(Checked::Ready))
    }
}
