//! One rung of the reset ladder. What the modem cannot do itself is asked of the host.

use std::time::Duration;

use crate::at::command::Command;
use crate::at::exchange::Exchange;
use crate::at::{Event, Failure, ProcedureKind, Rung};

use super::slot::{accepted, ended};
use super::{Abandoned, Context, Dialogue, Input, Recover, Step, failed};

/// How long `CFUN` may take.
const RADIO_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the radio stays off.
const RADIO_OFF_PAUSE: Duration = Duration::from_secs(2);
/// How long the radio and the SIM take to come up.
const RADIO_ON_PAUSE: Duration = Duration::from_secs(5);
/// How long a module takes to start before it listens.
const RESTART_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Reset {
    rung: Rung,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begin,
    RadioOff,
    RadioOn,
    Restart,
    Settle,
}

impl Reset {
    pub(super) fn new(rung: Rung) -> Reset {
        Reset { rung, stage: Stage::Begin }
    }
}

impl Dialogue for Reset {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Reset
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let restart = context.modem.driver.restart;
        match (self.stage, input) {
            (Stage::Begin, _) => self.begin(context),
            (Stage::RadioOff, Input::Reply(reply)) => match accepted(&reply) {
                Ok(()) => Step::Wait(RADIO_OFF_PAUSE),
                Err(failure) => ended(ProcedureKind::Reset, failure, context),
            },
            (Stage::RadioOff, _) => self.ask(Stage::RadioOn, "AT+CFUN=1"),
            // A refusal may mean that it is on already; what it is good for shows when it is initialised.
            (Stage::RadioOn, Input::Reply(reply)) => match accepted(&reply) {
                Err(Failure::Silent) => ended(ProcedureKind::Reset, Failure::Silent, context),
                Ok(()) | Err(_) => self.settle(RADIO_ON_PAUSE),
            },
            (Stage::RadioOn, _) => self.ask(Stage::Restart, restart),
            // Some answer, some are gone at once.
            (Stage::Restart, _) => self.settle(RESTART_PAUSE),
            (Stage::Settle, _) => done(self.rung, context),
        }
    }

    fn abandoned(&mut self, why: Abandoned, _exchange: Option<Exchange>, context: &mut Context<'_>) {
        // A port that vanishes with the restart is the restart.
        let restarting = self.rung == Rung::Restart && matches!(self.stage, Stage::Restart | Stage::Settle);
        if restarting && why == Abandoned::PortLost {
            done(self.rung, context);
            return;
        }
        context.events.push_back(Event::Failed { procedure: self.kind(), failure: why.failure() });
    }
}

impl Reset {
    fn begin(&mut self, context: &mut Context<'_>) -> Step {
        match self.rung {
            Rung::Resynchronise => Step::Continue(Box::new(Recover::new(Duration::ZERO))),
            Rung::Reopen => requested(Event::NeedsReopen, context),
            Rung::PowerCycle => requested(Event::NeedsPowerCycle, context),
            Rung::Quarantine => done(self.rung, context),
            Rung::RadioCycle => match context.modem.driver.radio_off {
                Some(radio_off) => {
                    context.modem.configured = false;
                    self.ask(Stage::RadioOff, radio_off)
                }
                None => failed(ProcedureKind::Reset, Failure::Refused(None), context),
            },
            Rung::Restart => {
                context.modem.configured = false;
                self.ask(Stage::Restart, context.modem.driver.restart)
            }
        }
    }

    fn ask(&mut self, stage: Stage, command: &'static str) -> Step {
        self.stage = stage;
        Step::Ask(Command::set(command).within(RADIO_TIMEOUT))
    }

    fn settle(&mut self, pause: Duration) -> Step {
        self.stage = Stage::Settle;
        Step::Wait(pause)
    }
}

fn requested(event: Event, context: &mut Context<'_>) -> Step {
    context.modem.configured = false;
    context.events.push_back(event);
    Step::End
}

fn done(rung: Rung, context: &mut Context<'_>) -> Step {
    context.modem.configured = false;
    context.events.push_back(Event::ResetEnded(rung));
    Step::End
}
