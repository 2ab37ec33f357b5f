//! The full configuration, made after every open and every reset: what a modem stored is never trusted.
//!
//! ```text
//! Quiet ─▶ Synchronise ─▶ hang up, if a call may go on ─▶ the operator's start, once ─▶ Rest ─▶ the operator's look at the SIM ─▶ who are you ─▶ is it the SIM of `identity` ─▶ Unlock ─▶ driver's and user's commands ─▶ PDU mode,
//! announcements, memories ─▶ IMEI, IMSI ─▶ Register (up to a while) ─▶ Survey ─▶ Initialised
//!            ▲
//!            └── the modem says that it has just started: all over again
//! ```

use std::time::Duration;

use crate::at::command::Command;
use crate::at::exchange::{End, Reply};
use crate::at::response::FinalResult;
use crate::at::{
    Event, InitialiseFailure, ModemFacts, OwnCommand, PinPlan, ProcedureKind, Registration, Survey,
};
use crate::model::{Cause, Time};

use super::check_sim::{Checked, CheckingSim};
use super::configure::{self, Duty, Learned, Task, Tasks};
use super::survey::Surveying;
use super::synchronise::{Listening, Synchronise};
use super::unlock::Unlock;
use super::{Abandoned, Context, Dialogue, Exchange, Flow, Input, Step, stop};

/// Pause before a command is tried again, or registration is looked at again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How often a necessary command is tried.
const TRIES_MAX: u8 = 2;
/// How often the configuration begins again because the modem restarted.
const RESTARTS_MAX: u8 = 2;
/// How long a modem that has just started is left alone.
const RESTART_PAUSE: Duration = Duration::from_secs(3);
/// How long a device takes to wake up.
const WAKEUP_PAUSE: Duration = Duration::from_millis(500);
/// Looks at the registration of a SIM the network refuses.
const DENIALS_MAX: u8 = 3;

#[derive(Debug)]
pub(super) struct Initialise {
    plan: PinPlan,
    quiet: Duration,
    /// The resets of `check_sim` are still to be said.
    resets_sim: bool,
    phase: Phase,
    tasks: Tasks,
    learned: Learned,
    pin_used: bool,
    tries: u8,
    busy_until: Option<Time>,
    restart_heard: bool,
    restarts: u8,
}

#[derive(Debug)]
enum Phase {
    Quiet,
    Synchronise(Synchronise),
    CheckSim(CheckingSim),
    Unlock(Unlock),
    Task(Task),
    /// After the operator's `start`.
    Rest,
    Register {
        surveying: Surveying,
        until: Time,
        denials: u8,
    },
    Survey(Surveying),
}

impl Initialise {
    pub(super) fn new(plan: PinPlan, quiet: Duration, resets_sim: bool) -> Initialise {
        Initialise {
            plan,
            quiet,
            resets_sim,
            phase: Phase::Quiet,
            tasks: Tasks::default(),
            learned: Learned::default(),
            pin_used: false,
            tries: 0,
            busy_until: None,
            restart_heard: false,
            restarts: 0,
        }
    }
}

impl Dialogue for Initialise {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Initialise
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        if std::mem::take(&mut self.restart_heard) && self.restarts < RESTARTS_MAX {
            self.restarts += 1;
            return self.begin_again(RESTART_PAUSE, context);
        }
        match self.step(input, context) {
            Ok(step) => step,
            Err(failure) => {
                context.events.push_back(Event::InitialiseFailed(failure));
                Step::End
            }
        }
    }

    fn abandoned(&mut self, why: Abandoned, _exchange: Option<Exchange>, context: &mut Context<'_>) {
        let failure = match why {
            Abandoned::PortLost => InitialiseFailure::PortLost,
            Abandoned::Aborted(_) => InitialiseFailure::Aborted,
            Abandoned::Overdue => InitialiseFailure::Silent,
        };
        context.events.push_back(Event::InitialiseFailed(failure));
    }

    fn restarted(&mut self) -> bool {
        // While it is being woken up, a modem may say so; afterwards what was set is gone.
        self.restart_heard = !matches!(self.phase, Phase::Quiet | Phase::Synchronise(_));
        self.restart_heard
    }
}

impl Initialise {
    fn step(&mut self, input: Input, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        match &mut self.phase {
            Phase::Quiet => Ok(self.wake(input, context)),
            Phase::Synchronise(synchronise) => match synchronise.advance(input, context) {
                Flow::Next(step) => Ok(step),
                Flow::Done(None) => Err(InitialiseFailure::Silent),
                Flow::Done(Some(listening)) => self.woken(listening, context),
            },
            Phase::CheckSim(checking) => {
                let flow = checking.advance(input);
                self.after_check(flow, context)
            }
            Phase::Unlock(unlock) => {
                let flow = unlock.advance(input, context);
                let used = unlock.has_used_pin();
                self.after_unlock(flow, used, context)
            }
            Phase::Task(Task { duty: Duty::Start, .. }) => self.after_start(input, context),
            Phase::Task(Task { duty: Duty::Identify, .. }) => self.after_identity(input, context),
            Phase::Task(_) => self.after_task(input, context),
            Phase::Rest => self.next_task(context),
            Phase::Register { .. } => self.after_registration(input, context),
            Phase::Survey(surveying) => match surveying.step(input, context) {
                Flow::Next(step) => Ok(step),
                Flow::Done(survey) => self.end(survey.ok_or_else(mute_survey)?, context),
            },
        }
    }

    fn wake(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let pause = match input {
            Input::Begin => {
                let rest = context.modem.quiet_until.map_or(Duration::ZERO, |until| until.since(context.now));
                self.quiet.max(rest)
            }
            Input::Elapsed | Input::Reply(_) | Input::Confirmed | Input::Unconfirmed => Duration::ZERO,
        };
        self.begin_again(pause, context)
    }

    /// Starts from the first command, after a pause if there is one.
    fn begin_again(&mut self, pause: Duration, context: &mut Context<'_>) -> Step {
        context.modem.selected = None;
        context.modem.unsupported.clear();
        if !pause.is_zero() {
            self.phase = Phase::Quiet;
            return Step::Wait(pause);
        }
        self.phase = Phase::Synchronise(Synchronise::default());
        match &context.profile.wakeup {
            Some(wakeup) => Step::Write(format!("{wakeup}\r").into_bytes(), WAKEUP_PAUSE),
            None => Step::Ask(Command::attention()),
        }
    }

    fn woken(&mut self, listening: Listening, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        // What an earlier life of the process left on its way may be a call.
        let hangs_up = context.modem.in_call || !self.quiet.is_zero();
        self.tasks = Tasks::new(listening == Listening::Numeric, hangs_up, context);
        self.learned = Learned::default();
        self.next_task(context)
    }

    fn next_task(&mut self, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        self.tries = 0;
        match self.tasks.next(context) {
            Some(task) if task.duty == Duty::CheckSim => self.check_sim(context),
            Some(task) if task.duty == Duty::Unlock => {
                let mut unlock = Unlock::new(self.plan.clone());
                let flow = unlock.advance(Input::Begin, context);
                self.phase = Phase::Unlock(unlock);
                self.after_unlock(flow, false, context)
            }
            Some(task) => {
                if task.duty == Duty::Start {
                    // Whatever comes of it, it is not said again: a modem that restarts by it would never be set up.
                    context.modem.start_due = false;
                }
                let command = task.command.clone();
                self.phase = Phase::Task(task);
                Ok(Step::Ask(command))
            }
            None => self.register(context),
        }
    }

    /// What resets the modem is said once: a modem that restarts by it would never be looked at.
    fn check_sim(&mut self, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        let Some(check) = context.profile.check_sim.clone() else { return self.next_task(context) };
        let mut checking = CheckingSim::new(check, std::mem::take(&mut self.resets_sim));
        let flow = checking.advance(Input::Begin);
        self.phase = Phase::CheckSim(checking);
        self.after_check(flow, context)
    }

    fn after_check(
        &mut self,
        flow: Flow<Result<Checked, InitialiseFailure>>,
        context: &mut Context<'_>,
    ) -> Result<Step, InitialiseFailure> {
        match flow {
            Flow::Next(step) => Ok(step),
            Flow::Done(Err(failure)) => Err(failure),
            Flow::Done(Ok(Checked::Reset(pause))) => Ok(self.begin_again(pause, context)),
            Flow::Done(Ok(Checked::Ready)) => {
                context.modem.sim_checked = true;
                self.next_task(context)
            }
        }
    }

    /// A PIN that was used and did not unlock the SIM before the modem restarted may have been refused: it is spent for
    /// the rest of this configuration, and so is the PUK.
    fn after_unlock(
        &mut self,
        flow: Flow<Result<bool, InitialiseFailure>>,
        used: bool,
        context: &mut Context<'_>,
    ) -> Result<Step, InitialiseFailure> {
        if used {
            self.plan.spend();
            self.pin_used = true;
        }
        match flow {
            Flow::Next(step) => Ok(step),
            Flow::Done(unlocked) => {
                if unlocked? {
                    self.plan.prove();
                }
                self.next_task(context)
            }
        }
    }

    /// A refusal is told, and changes nothing else.
    fn after_start(&mut self, input: Input, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        let Input::Reply(reply) = input else { return self.next_task(context) };
        if !reply.is_ok() {
            let cause = stop::cause(&reply);
            context.events.push_back(Event::OwnRefused { command: OwnCommand::Start, cause });
        }
        let rest = context.profile.start.as_ref().map_or(Duration::ZERO, |start| start.rest);
        self.phase = Phase::Rest;
        match reply.end {
            // Its late answer must not become that of the next command.
            End::Silent => Ok(self.begin_again(rest.max(RETRY_PAUSE), context)),
            End::Result(_) | End::Numeric(_) | End::Prompt | End::Restarted | End::PortLost
                if rest.is_zero() =>
            {
                self.next_task(context)
            }
            End::Result(_) | End::Numeric(_) | End::Prompt | End::Restarted | End::PortLost => {
                Ok(Step::Wait(rest))
            }
        }
    }

    /// The task of now and what the modem answered to it; the next step where that is nothing to go by.
    fn replied(
        &mut self,
        input: Input,
        context: &mut Context<'_>,
    ) -> Result<Flow<(Task, Reply)>, InitialiseFailure> {
        let Phase::Task(task) = &self.phase else { return self.next_task(context).map(Flow::Next) };
        let task = task.clone();
        let Input::Reply(reply) = input else { return Ok(Flow::Next(Step::Ask(task.command))) };
        if reply.end == End::Silent {
            let mute = InitialiseFailure::Mute { command: task.command.told() };
            return self.try_again(TRIES_MAX).map(Flow::Next).ok_or(mute);
        }
        if is_busy(&reply) && self.may_wait(context) {
            return Ok(Flow::Next(Step::Wait(RETRY_PAUSE)));
        }
        Ok(Flow::Done((task, reply)))
    }

    fn after_task(&mut self, input: Input, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        let (task, reply) = match self.replied(input, context)? {
            Flow::Done(replied) => replied,
            Flow::Next(step) => return Ok(step),
        };
        if self.learned.learn(&task, &reply, context) {
            if task.duty == Duty::Indications {
                self.tasks.indicated();
            }
            return self.next_task(context);
        }
        let tries = if task.is_worth_repeating() { TRIES_MAX } else { 1 };
        match (self.try_again(tries), task.failure(&reply)) {
            (Some(step), _) => Ok(step),
            (None, Some(failure)) => Err(failure),
            (None, None) => self.next_task(context),
        }
    }

    /// A SIM that is not the one of `identity` is left alone: a PIN could be that of another SIM.
    fn after_identity(&mut self, input: Input, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        let (task, reply) = match self.replied(input, context)? {
            Flow::Done(replied) => replied,
            Flow::Next(step) => return Ok(step),
        };
        match (configure::identity(&reply), task.device_instead()) {
            (Some(found), _) if context.profile.identity.as_ref() == Some(&found) => self.next_task(context),
            (Some(found), device) => {
                Err(InitialiseFailure::OtherIdentity { found, is_hidden: device.is_none() })
            }
            (None, Some(device)) => {
                let command = device.command.clone();
                self.phase = Phase::Task(device);
                Ok(Step::Ask(command))
            }
            (None, None) => Err(InitialiseFailure::NoIdentity),
        }
    }

    fn try_again(&mut self, tries_max: u8) -> Option<Step> {
        self.tries += 1;
        (self.tries < tries_max).then_some(Step::Wait(RETRY_PAUSE))
    }

    fn may_wait(&mut self, context: &Context<'_>) -> bool {
        let until = *self.busy_until.get_or_insert(context.now + context.profile.warm_up_max);
        context.now < until
    }

    fn register(&mut self, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        if !context.profile.check_registration {
            self.phase = Phase::Survey(Surveying::default());
            return self.step(Input::Begin, context);
        }
        let until = context.now + context.profile.registration_wait;
        self.phase = Phase::Register { surveying: Surveying::of_registration(), until, denials: 0 };
        self.after_registration(Input::Begin, context)
    }

    fn after_registration(
        &mut self,
        input: Input,
        context: &mut Context<'_>,
    ) -> Result<Step, InitialiseFailure> {
        let Phase::Register { surveying, until, denials } = &mut self.phase else {
            return self.register(context);
        };
        let survey = match surveying.step(input, context) {
            Flow::Next(step) => return Ok(step),
            Flow::Done(survey) => survey.ok_or_else(mute_survey)?,
        };
        if survey.registration == Registration::Denied {
            *denials += 1;
        }
        if survey.registration.is_registered() || context.now >= *until || *denials >= DENIALS_MAX {
            self.phase = Phase::Survey(Surveying::of_the_rest(survey));
            return self.step(Input::Begin, context);
        }
        *surveying = Surveying::of_registration();
        Ok(Step::Wait(RETRY_PAUSE))
    }

    fn end(&mut self, survey: Survey, context: &mut Context<'_>) -> Result<Step, InitialiseFailure> {
        let learned = std::mem::take(&mut self.learned);
        let identity = learned.identity().ok_or(InitialiseFailure::NoIdentity)?;
        context.modem.configured = true;
        context.modem.in_call = false;
        context.modem.unsettled = None;
        context.modem.quiet_until = None;
        context.events.push_back(Event::Initialised(Box::new(ModemFacts {
            identity,
            manufacturer: learned.manufacturer,
            model: learned.model,
            revision: learned.revision,
            service_centre: learned.service_centre,
            driver: context.modem.driver.name(),
            memories: learned.memories,
            indications: learned.indications,
            pin_used: self.pin_used,
            survey,
        })));
        Ok(Step::End)
    }
}

/// "SIM busy", and the makers' "wait".
fn is_busy(reply: &Reply) -> bool {
    match reply.end {
        End::Result(FinalResult::Error(Some(Cause::Cme(code)))) => matches!(code, 14 | 515),
        End::Result(FinalResult::Error(Some(Cause::Cms(code)))) => matches!(code, 314 | 512 | 515),
        End::Result(_) | End::Numeric(_) | End::Prompt | End::Silent | End::Restarted | End::PortLost => {
            false
        }
    }
}

fn mute_survey() -> InitialiseFailure {
    InitialiseFailure::Mute { command: "AT+CSQ".to_owned() }
}
