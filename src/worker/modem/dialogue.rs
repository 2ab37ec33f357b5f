//! What the engine tells: facts about the modem, and what became of a part.

use super::job::Phase;
use super::proceed::other_missing;
use super::sim_check::SimLooks;
use super::{Answer, Context, Effect, LATE_ANSWERS_MAX, ModemWorker, Notice};
use crate::at::{
    BreakerState, Event, InitialiseFailure, ModemFacts, ProcedureKind, Registration, SendEnd, Survey, Urc,
    Verdict,
};
use crate::model::{Attempt, Cause, Disposition, NotWrittenReason, PartOutcome, Refusal};

/// `+CMS ERROR: 331`, no network service (TS 27.005 section 3.2.5).
const NO_NETWORK_SERVICE: Cause = Cause::Cms(331);

impl ModemWorker {
    pub(super) fn take_events(&mut self, context: &Context<'_>) {
        while let Some(event) = self.engine.poll_event() {
            self.take_event(event, context);
        }
    }

    fn take_event(&mut self, event: Event, context: &Context<'_>) {
        match event {
            Event::Initialised(facts) => {
                self.pin_checking = false;
                self.initialised(*facts, context);
            }
            Event::InitialiseFailed(failure) => {
                self.pin_checking = false;
                self.initialise_failed(failure, context);
            }
            Event::PinToBeTried { .. } => self.pin_to_be_tried(context),
            Event::PinAccepted => {
                self.pin_checking = false;
                self.settings.pin.prove();
                self.effects.push_back(Effect::UnmarkPin);
            }
            Event::Surveyed(survey) => self.surveyed(survey, context),
            Event::PromptReached { attempt } => self.prompt_reached(attempt, context),
            Event::PduEchoed { attempt, echo } => self.notify(Notice::PduEchoed { attempt, echo }),
            Event::SendEnded { attempt, end } => self.send_ended(attempt, end, context),
            Event::LateAnswer { attempt, outcome } => self.late_answer(attempt, outcome, context),
            Event::OwnRefused { command, cause } => self.notify(Notice::OwnRefused { command, cause }),
            Event::NeedsReopen | Event::NeedsPowerCycle => self.close_port(context.now, context.now),
            Event::Failed { procedure, .. } => self.procedure_failed(procedure, context),
            Event::Unsolicited(urc) => self.unsolicited(&urc, context),
            Event::Traced(line) => self.effects.push_back(Effect::Trace(line)),
            // The engine is idle again; what follows is decided from the facts.
            Event::Quiesced | Event::ResetEnded(_) => {}
            // Asked for by the receiving side only.
            Event::Listed(_) | Event::Read { .. } | Event::Deleted { .. } => {}
            Event::Answered { lines, end } => self.answered(lines, end, context.now),
        }
    }

    fn initialised(&mut self, facts: ModemFacts, context: &Context<'_>) {
        self.quiet_first = false;
        self.is_waking = false;
        self.last_failure = None;
        self.sim_looks = SimLooks::default();
        self.reset = None;
        self.ladder.recovered(context.now);
        self.surveyed(facts.survey.clone(), context);
        self.facts = Some(facts);
    }

    /// A PIN that was tried is not written down again and not confirmed.
    fn pin_to_be_tried(&mut self, context: &Context<'_>) {
        if self.settings.pin.is_spent() {
            self.engine.abort(NotWrittenReason::LeaseLost, context.now);
        } else {
            self.pin_marking = true;
            self.effects.push_back(Effect::MarkPin);
        }
    }

    /// One mark permits one use. A mark for which nobody waits any more is taken back: its PIN was not used.
    pub(super) fn pin_marked(&mut self, context: &Context<'_>) {
        if !std::mem::take(&mut self.pin_marking) {
            return;
        }
        if self.engine.confirm_write(context.now) {
            self.pin_checking = true;
            self.settings.pin.spend();
        } else if !self.settings.pin.already_tried {
            self.effects.push_back(Effect::UnmarkPin);
        }
    }

    fn initialise_failed(&mut self, failure: InitialiseFailure, context: &Context<'_>) {
        if matches!(failure, InitialiseFailure::PortLost | InitialiseFailure::Aborted) {
            return;
        }
        self.is_waking = false;
        if let InitialiseFailure::SimNotReady { cause } = failure {
            return self.sim_not_ready(cause, context);
        }
        let passing = is_passing(&failure);
        // Whether somebody knows that SIM may change from one look to the next: the host tells it once.
        let is_asked = matches!(failure, InitialiseFailure::OtherIdentity { .. });
        if is_asked || self.last_failure.as_ref() != Some(&failure) {
            self.notify(Notice::SetUpFailed { failure: failure.clone(), passing });
            self.last_failure = Some(failure);
        }
        if passing {
            self.dialogue_failed(context.now);
        } else {
            self.close_port(context.now + self.settings.person_interval, context.now);
        }
    }

    fn surveyed(&mut self, survey: Survey, context: &Context<'_>) {
        let registered = survey.registration.is_registered() || !self.settings.profile.check_registration;
        let wait = if registered { self.settings.survey_interval } else { self.settings.search_interval };
        self.survey_due = context.now + wait;
        if !registered && !self.is_told_no_network {
            self.notify(Notice::NoNetwork);
        }
        self.is_told_no_network = !registered;
        self.network = survey.registration;
        self.notify(Notice::Surveyed(survey));
    }

    /// The last moment before Ctrl-Z: the claim, the lease, the port and the SIM are looked at once more.
    fn prompt_reached(&mut self, attempt: Attempt, context: &Context<'_>) {
        let verdict = match &self.job {
            Some(job) if job.attempt() == attempt => self.may_write(job, context),
            Some(_) | None => Err(NotWrittenReason::LeaseLost),
        };
        match verdict {
            Ok(()) => {
                self.engine.confirm_write(context.now);
            }
            Err(reason) => {
                self.engine.abort(reason, context.now);
            }
        }
    }

    fn send_ended(&mut self, attempt: Attempt, end: SendEnd, context: &Context<'_>) {
        self.asking.take_turn(None);
        self.judge(&end, context);
        if cause_of(&end) == Some(NO_NETWORK_SERVICE) {
            self.doubt_network(context);
        }
        let Some(mut job) = self.job.filter(|job| job.attempt() == attempt) else { return };
        let since = match job.phase {
            Phase::OnWire { since } => since,
            Phase::Claimed | Phase::Started | Phase::Answered(_) | Phase::Recorded(_) | Phase::Forfeit(_) => {
                context.now
            }
        };
        job.phase = match end {
            SendEnd::Outcome(outcome) => Phase::Answered(outcome),
            SendEnd::NotWritten { reason, .. } => Phase::Forfeit(reason),
            SendEnd::EarlierCopyAccepted => Phase::Answered(PartOutcome::Refused(Refusal {
                cause: Cause::Cms(197),
                disposition: Disposition::Permanent,
            })),
        };
        self.job = Some(job);
        if matches!(job.phase, Phase::Answered(PartOutcome::Sent { .. } | PartOutcome::Called(_))) {
            let is_last = other_missing(&job, context).is_none();
            self.asking.take_turn((!is_last).then_some(job.message));
            self.count_sent(is_last, context);
        }
        let message = job.message;
        self.notify(match job.phase {
            Phase::Answered(PartOutcome::Sent { message_reference, .. }) => {
                Notice::Sent { message, attempt, message_reference, took: context.now.since(since) }
            }
            Phase::Answered(PartOutcome::Called(end)) => {
                Notice::Called { message, attempt, end, took: context.now.since(since) }
            }
            Phase::Answered(PartOutcome::Refused(refusal)) => Notice::Refused { message, attempt, refusal },
            Phase::Answered(PartOutcome::Uncertain(doubt)) => Notice::Uncertain { message, attempt, doubt },
            Phase::Forfeit(reason) => Notice::NotWritten { message, attempt, reason, cause: cause_of(&end) },
            Phase::Claimed | Phase::Started | Phase::OnWire { .. } | Phase::Recorded(_) => return,
        });
    }

    /// A part was sent, the last one of its message or not: the limit hears of it.
    fn count_sent(&mut self, is_last: bool, context: &Context<'_>) {
        if self.allowance.sent(is_last, context.now)
            && let Some(messages) = self.settings.pace.message_limit
        {
            self.notify(Notice::LimitReached { messages });
        }
    }

    /// The breaker hears of every end; the operator hears when it takes the modem out of the pool.
    fn judge(&mut self, end: &SendEnd, context: &Context<'_>) {
        let before = self.breaker.state(context.now);
        self.breaker.record(Verdict::of(end), context.now);
        if let (BreakerState::Closed, BreakerState::Open { until }) =
            (before, self.breaker.state(context.now))
        {
            self.notify(Notice::Blocked { lasts: until.since(context.now), end: *end });
        }
    }

    /// The network is gone: the modem gets no message before it was asked about it.
    fn doubt_network(&mut self, context: &Context<'_>) {
        self.network = Registration::Unknown;
        self.survey_due = context.now;
    }

    fn late_answer(&mut self, attempt: Attempt, outcome: PartOutcome, context: &Context<'_>) {
        self.notify(Notice::LateAnswer { attempt, outcome });
        if matches!(outcome, PartOutcome::Sent { .. }) {
            self.breaker.settled();
            self.count_sent(true, context);
        }
        if self.late.len() < LATE_ANSWERS_MAX {
            self.late.push_back((attempt, outcome));
        }
    }

    fn procedure_failed(&mut self, procedure: ProcedureKind, context: &Context<'_>) {
        match procedure {
            ProcedureKind::Survey | ProcedureKind::Resynchronise | ProcedureKind::Reset => {
                self.survey_due = context.now + self.settings.search_interval;
                self.dialogue_failed(context.now);
            }
            ProcedureKind::Ask => self.answer(Answer::Lost),
            ProcedureKind::Initialise
            | ProcedureKind::SendPart
            | ProcedureKind::Call
            | ProcedureKind::List
            | ProcedureKind::Read
            | ProcedureKind::Delete
            | ProcedureKind::Stop => {}
        }
    }

    fn unsolicited(&mut self, urc: &Urc, context: &Context<'_>) {
        match urc {
            // Ask at once: the line itself may be of a domain that carries no SMS.
            Urc::Registration(_) => self.survey_due = context.now,
            Urc::MessageStored(_)
            | Urc::ReportStored(_)
            | Urc::Message { .. }
            | Urc::Report { .. }
            | Urc::Ring
            | Urc::Caller { .. }
            | Urc::Ussd { .. }
            | Urc::Restarted
            | Urc::PowerFailing
            | Urc::MemoryFull
            | Urc::SimGone
            | Urc::StrayAnswer(_)
            | Urc::Noise(_) => {}
        }
    }
}

fn cause_of(end: &SendEnd) -> Option<Cause> {
    match end {
        SendEnd::NotWritten { cause, .. } => *cause,
        SendEnd::Outcome(PartOutcome::Refused(refusal)) => Some(refusal.cause),
        SendEnd::Outcome(PartOutcome::Sent { .. } | PartOutcome::Uncertain(_) | PartOutcome::Called(_))
        | SendEnd::EarlierCopyAccepted => None,
    }
}

/// Whether a modem that cannot be set up may get better by itself.
fn is_passing(failure: &InitialiseFailure) -> bool {
    match failure {
        InitialiseFailure::Silent
        | InitialiseFailure::Mute { .. }
        | InitialiseFailure::SimBusy
        | InitialiseFailure::SimNotReady { .. }
        | InitialiseFailure::Refused { .. }
        | InitialiseFailure::NoIdentity
        | InitialiseFailure::PinNotConfirmed
        | InitialiseFailure::PortLost
        | InitialiseFailure::Aborted => true,
        InitialiseFailure::PinWrong { .. }
        | InitialiseFailure::PinAlreadyTried { .. }
        | InitialiseFailure::PinNeeded { .. }
        | InitialiseFailure::PinLastAttempt
        | InitialiseFailure::PukLocked
        | InitialiseFailure::DeviceLocked { .. }
        | InitialiseFailure::SimMissing
        | InitialiseFailure::OtherIdentity { .. }
        | InitialiseFailure::SimFault { .. } => false,
    }
}
