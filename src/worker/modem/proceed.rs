//! The one next step, decided from the facts and the applied state.

use std::time::Duration;

use super::job::{Job, Phase};
use super::moving::Moving;
use super::{Asked, Context, Effect, Link, ModemWorker, Notice, Record, Registered, Waiting};
use crate::at::{BreakerState, PlaceCall, Procedure, ProcedureKind, SendPart};
use crate::model::{
    Attempt, Cause, Disposition, ModemIdentity, NotWrittenReason, PartNumber, PartOutcome, Refusal, Time,
};
use crate::queue::{AttemptState, Body, Claim, Rearm, Registration};
use crate::worker::{PduForm, dialled, submit_pdu};

/// Wait before a registration that was refused is asked for again.
const REGISTER_AGAIN: Duration = Duration::from_secs(10);
/// Wait before the end of a registration with a part in flight is asked for again.
const UNREGISTER_AGAIN: Duration = Duration::from_secs(1);

impl ModemWorker {
    /// Takes steps until one has to be answered, or nothing is left to do now.
    pub(super) fn proceed(&mut self, context: &Context<'_>) {
        self.seen = context.now;
        self.end_overdue_round(context.now);
        self.settle_question(context.now);
        while self.waiting == Waiting::Nothing && !self.stopped && self.step(context) {}
        self.settle_question(context.now);
    }

    /// One step. Whether the facts changed, so that another may follow at once.
    fn step(&mut self, context: &Context<'_>) -> bool {
        self.notice_lost_session(context);
        match (self.job, self.late.front().copied()) {
            (Some(job), _) => self.step_job(job, context),
            (None, Some((attempt, outcome))) => {
                self.late.pop_front();
                self.record(Record::Evidence(attempt, outcome), attempt, outcome)
            }
            (None, None) if self.take_started(context) || self.leave_port(context) => true,
            (None, None) => match self.link {
                Link::Closed => self.step_closed(context),
                Link::LookingUp => self.is_leaving() && self.cut_short(context),
                Link::Opening => false,
                Link::Open => self.step_open(context),
                Link::Resting => self.step_resting(context),
            },
        }
    }

    /// Rule 7: the registration died with its session. What is not started is forgotten, what is started
    /// but not written never will be, what is on the wire runs to its end as evidence.
    fn notice_lost_session(&mut self, context: &Context<'_>) {
        let Some(registered) = self.registered else { return };
        if context.queue.registration(registered.id).is_some() {
            return;
        }
        self.registered = None;
        if let Some(job) = &mut self.job {
            match job.phase {
                Phase::Claimed => {
                    let epoch = job.epoch;
                    self.job = None;
                    self.notify(Notice::ClaimLost { epoch });
                }
                Phase::Started => job.phase = Phase::Forfeit(NotWrittenReason::LeaseLost),
                Phase::OnWire { .. } | Phase::Answered(_) | Phase::Recorded(_) | Phase::Forfeit(_) => {}
            }
        }
    }

    fn step_job(&mut self, mut job: Job, context: &Context<'_>) -> bool {
        match job.phase {
            Phase::Claimed => return self.step_claimed(job, context),
            Phase::Started => job.phase = self.begin_writing(&job, context),
            Phase::OnWire { .. } => return false,
            Phase::Answered(outcome) => return self.record(Record::Job, job.attempt(), outcome),
            Phase::Recorded(outcome) => return self.propose_outcome(&job, outcome, context),
            Phase::Forfeit(reason) => {
                let attempt = job.attempt();
                self.propose(Asked::NotWritten, Body::NotWritten { attempt, reason });
                return false;
            }
        }
        self.job = Some(job);
        true
    }

    fn step_claimed(&mut self, mut job: Job, context: &Context<'_>) -> bool {
        let begun = context.queue.message(job.message).is_some_and(|record| record.is_exposed());
        let reason = if self.link != Link::Open || self.reset.is_some() || self.facts.is_none() {
            Some(NotWrittenReason::PortLost)
        } else if self.is_leaving() && !begun {
            Some(NotWrittenReason::Draining)
        } else if self.draining && !context.lease.permits_writing(context.now) {
            Some(NotWrittenReason::LeaseLost)
        } else {
            None
        };
        if let Some(reason) = reason {
            job.phase = Phase::Forfeit(reason);
            self.job = Some(job);
            return true;
        }
        // Without a lease nothing could be written: the claim waits for the next one, or ends with the session.
        let rested = self.draining || !self.allowance.is_resting(context.now);
        if rested && self.engine.is_idle() && context.lease.permits_writing(context.now) {
            self.propose(Asked::Start, Body::Start { attempt: job.attempt() });
        }
        false
    }

    /// Rule 5: all of it holds, now, or not one byte is written.
    pub(super) fn may_write(&self, job: &Job, context: &Context<'_>) -> Result<(), NotWrittenReason> {
        let claim = context.queue.claim(job.epoch).ok_or(NotWrittenReason::LeaseLost)?;
        let in_flight = claim.open && claim.state(job.part) == AttemptState::InFlight;
        // Late evidence may say between `Start` and the first byte that an earlier attempt was sent after all.
        let sent = context.queue.message(job.message).is_none_or(|record| record.is_part_sent(job.part));
        if !in_flight || sent || !context.lease.permits_writing(context.now) {
            return Err(NotWrittenReason::LeaseLost);
        }
        let Some(identity) = self.identity().filter(|_| self.link == Link::Open) else {
            return Err(NotWrittenReason::PortLost);
        };
        if identity.imsi != claim.identity.imsi {
            return Err(NotWrittenReason::SimChanged);
        }
        Ok(())
    }

    fn begin_writing(&mut self, job: &Job, context: &Context<'_>) -> Phase {
        if let Err(reason) = self.may_write(job, context) {
            let (message, attempt) = (job.message, job.attempt());
            self.notify(Notice::NotWritten { message, attempt, reason, cause: None });
            return Phase::Forfeit(reason);
        }
        let Some(procedure) = to_do(job, self.settings.form, context) else {
            let refusal = Refusal { cause: Cause::Unencodable, disposition: Disposition::Permanent };
            self.notify(Notice::Refused { message: job.message, attempt: job.attempt(), refusal });
            return Phase::Answered(PartOutcome::Refused(refusal));
        };
        // It would be hung up before anybody answers.
        if self.draining && procedure.kind() == ProcedureKind::Call {
            let (message, attempt, reason) = (job.message, job.attempt(), NotWrittenReason::Draining);
            self.notify(Notice::NotWritten { message, attempt, reason, cause: None });
            return Phase::Forfeit(reason);
        }
        match self.engine.start(procedure, context.now) {
            Ok(()) => Phase::OnWire { since: context.now },
            Err(_) => Phase::Forfeit(NotWrittenReason::NoPrompt),
        }
    }

    fn record(&mut self, record: Record, attempt: Attempt, outcome: PartOutcome) -> bool {
        self.waiting = Waiting::Recorded(record);
        self.effects.push_back(Effect::Record { attempt, outcome });
        false
    }

    fn propose_outcome(&mut self, job: &Job, outcome: PartOutcome, context: &Context<'_>) -> bool {
        let next = match outcome {
            PartOutcome::Sent { .. } => self.next_part(job, context),
            PartOutcome::Refused(_) | PartOutcome::Uncertain(_) | PartOutcome::Called(_) => None,
        };
        let rearm = match outcome {
            PartOutcome::Sent { .. } | PartOutcome::Refused(_) | PartOutcome::Called(_) => {
                self.rearm(context)
            }
            PartOutcome::Uncertain(_) => None,
        };
        let attempt = job.attempt();
        self.propose(Asked::Outcome(next), Body::Outcome { attempt, outcome, next, rearm });
        false
    }

    /// The part to start in the same step; none when this node may not write any more.
    fn next_part(&self, job: &Job, context: &Context<'_>) -> Option<PartNumber> {
        self.registered.filter(|_| self.is_in_step() && context.lease.permits_writing(context.now))?;
        // A pause is kept before a part is started, while nothing of it is in doubt should the node die.
        // A modem that is to be left soon keeps none within a message: nobody would send the rest of it.
        let pauses = self.allowance.has_pauses() && !self.draining && self.suspended.is_none();
        other_missing(job, context).filter(|_| !pauses)
    }

    fn rearm(&self, context: &Context<'_>) -> Option<Rearm> {
        let registration =
            self.registered.and_then(|registered| context.queue.registration(registered.id))?;
        // A question that waits is asked before another message is begun.
        let free = !self.asking.is_waiting()
            && self.is_in_step()
            && self.takes_work(context)
            && context.lease.permits_writing(context.now);
        // A look at the network is not put off as long as messages wait.
        let start = self.survey_due > context.now;
        free.then(|| Rearm { registration: registration.id, seq: registration.ready_seq.next(), start })
    }

    fn step_closed(&mut self, context: &Context<'_>) -> bool {
        if let Some(registered) = self.registered {
            self.propose_unregister(registered, context);
        } else if self.is_leaving() {
            self.stay_away();
        } else if self.moving != Some(Moving::Between) {
            self.take_turn(context);
            if self.not_before <= context.now {
                self.approach_port(context);
            }
        }
        false
    }

    fn step_open(&mut self, context: &Context<'_>) -> bool {
        if !self.engine.is_idle() {
            return self.is_leaving() && self.cut_short(context);
        }
        let is_set_up = self.engine.is_configured() || self.is_waking;
        let usable = self.reset.is_none() && is_set_up && !self.is_leaving();
        if !usable && let Some(again) = self.give_back(context) {
            return again;
        }
        if self.is_leaving() {
            return self.step_leaving(context);
        }
        if self.begin_reset(context) {
            return true;
        }
        if !self.engine.is_configured() {
            // A SIM that is not in this modem any more may be used elsewhere meanwhile.
            if let Some(registered) = self.registered.filter(|_| self.sim_looks.has_failed()) {
                self.propose_unregister(registered, context);
                return false;
            }
            let is_due = self.reset.is_none() && self.sim_looks.not_before <= context.now;
            return is_due && self.initialise(context);
        }
        if self.survey_due <= context.now {
            return self.start(Procedure::Survey, context);
        }
        self.step_configured(context)
    }

    /// A modem that cannot send keeps no standing claim: others would wait for it. A claim it has got meanwhile is
    /// taken, so that it is given back, or sent to its end when the message was begun and the modem can. None when
    /// there is nothing to give back.
    fn give_back(&mut self, context: &Context<'_>) -> Option<bool> {
        let registration =
            self.registered.and_then(|registered| context.queue.registration(registered.id))?;
        if let Some(epoch) = registration.claim {
            return Some(self.take_claim(epoch, context));
        }
        if !registration.armed {
            return None;
        }
        let seq = registration.ready_seq.next();
        self.propose(Asked::Withdraw, Body::Withdraw { registration: registration.id, seq });
        Some(false)
    }

    fn initialise(&mut self, context: &Context<'_>) -> bool {
        self.facts = None;
        self.stop_said = false;
        let pin = self.settings.pin.clone();
        let quiet = if self.quiet_first { self.settings.profile.quiet } else { Duration::ZERO };
        let resets_sim = self.sim_looks.resets();
        self.start(Procedure::Initialise { pin, quiet, resets_sim }, context)
    }

    /// The modem is set up and nothing is under way: register it, take its claim, or make it ready.
    fn step_configured(&mut self, context: &Context<'_>) -> bool {
        let Some(registration) = self.current_registration(context) else {
            return self.step_register(context);
        };
        if self.ask(registration, context) {
            return true;
        }
        if let Some(epoch) = registration.claim {
            return self.take_claim(epoch, context);
        }
        // Nothing waits for it: what a round was asked for is done.
        if !self.keep_standing(registration, context) || self.round_waits(context.now) {
            return false;
        }
        self.end_round() || self.rest(context)
    }

    /// Makes the claim stand while the modem takes work, and only then. Whether that is so already.
    pub(super) fn keep_standing(&mut self, registration: &Registration, context: &Context<'_>) -> bool {
        if let Some(messages) = self.allowance.clear(context.now).filter(|_| self.has_network()) {
            self.notify(Notice::CountCleared { messages });
        }
        let seq = registration.ready_seq.next();
        let (id, armed) = (registration.id, registration.armed);
        match (armed, self.takes_work(context)) {
            (true, true) | (false, false) => return true,
            (true, false) => self.propose(Asked::Withdraw, Body::Withdraw { registration: id, seq }),
            // A lease that lapsed is usually back before a withdrawal would be agreed on, so what is armed stays armed.
            (false, true) if context.lease.permits_writing(context.now) => {
                self.propose(Asked::Ready, Body::Ready { registration: id, seq });
            }
            (false, true) => {}
        }
        false
    }

    /// The registration, when it stands for this opening of the port and this SIM.
    fn current_registration<'a>(&self, context: &Context<'a>) -> Option<&'a Registration> {
        let registered = self.registered.filter(|registered| registered.open == self.open)?;
        let registration = context.queue.registration(registered.id)?;
        (Some(&registration.identity) == self.identity()).then_some(registration)
    }

    fn step_register(&mut self, context: &Context<'_>) -> bool {
        let (Some(session), Some(identity)) = (context.session, self.identity().cloned()) else {
            return false;
        };
        let another_sim = self
            .registered
            .and_then(|registered| context.queue.registration(registered.id).map(|at| (registered, at)))
            .filter(|(_, at)| at.identity != identity);
        if let Some((registered, _)) = another_sim {
            self.propose_unregister(registered, context);
            return false;
        }
        if self.not_before > context.now || !self.has_network() {
            return false;
        }
        if let Some(other) = self.same_identity_elsewhere(&identity, context) {
            self.notify(Notice::SameIdentity { other });
            self.close_port(context.now + self.settings.person_interval, context.now);
            return true;
        }
        let (open, name) = (self.open, self.settings.name.clone());
        let (carries, prefers) = (self.settings.carries.clone(), self.settings.prefers.clone());
        let body = Body::RegisterModem { session, open, identity, name, carries, prefers };
        self.propose(Asked::Register(open), body);
        false
    }

    /// One worker an identity: two ports of this node that lead to one modem would replace each other's
    /// registration for ever.
    fn same_identity_elsewhere(
        &self,
        identity: &ModemIdentity,
        context: &Context<'_>,
    ) -> Option<crate::model::Name> {
        let holder = context.queue.registration_of_sim(&identity.imsi)?;
        let other = Some(holder.session) == context.session && holder.name != self.settings.name;
        other.then(|| holder.name.clone())
    }

    fn take_claim(&mut self, epoch: crate::model::Epoch, context: &Context<'_>) -> bool {
        let Some(claim) = context.queue.claim(epoch) else { return false };
        self.count_for_round();
        let missing = context.queue.message(claim.message).and_then(|record| record.missing_part());
        let part = missing.unwrap_or(PartNumber::FIRST);
        self.job = Some(Job { epoch, message: claim.message, part, phase: Phase::Claimed });
        true
    }

    /// What the last outcome has started for this modem is written at once, or is given back whatever has become of
    /// the port: nobody else knows that nothing of it was written.
    fn take_started(&mut self, context: &Context<'_>) -> bool {
        let registration = self.registered.and_then(|registered| context.queue.registration(registered.id));
        let Some(epoch) = registration.and_then(|registration| registration.claim) else { return false };
        let Some(part) = context.queue.claim(epoch).and_then(Claim::in_flight) else { return false };
        self.take_up(Attempt { epoch, part }, context);
        self.job.is_some()
    }

    /// Makes an attempt that an outcome has started this worker's job.
    pub(super) fn take_up(&mut self, attempt: Attempt, context: &Context<'_>) {
        let Some(message) = context.queue.claim(attempt.epoch).map(|claim| claim.message) else { return };
        let begun = context.queue.message(message).is_some_and(|record| {
            let mut others = record.attempts().filter(|(other, _)| *other != attempt);
            others.any(|(_, tried)| tried.state != AttemptState::NotAired)
        });
        let is_usable = self.link == Link::Open && self.reset.is_none() && self.facts.is_some();
        let phase = match (is_usable, self.is_leaving() && !begun) {
            (true, false) => Phase::Started,
            (true, true) => Phase::Forfeit(NotWrittenReason::Draining),
            (false, _) => Phase::Forfeit(NotWrittenReason::PortLost),
        };
        self.job = Some(Job { epoch: attempt.epoch, message, part: attempt.part, phase });
    }

    pub(super) fn propose_unregister(&mut self, registered: Registered, context: &Context<'_>) {
        if context.now < self.unregister_after {
            return;
        }
        let body = Body::UnregisterModem { registration: registered.id, force: false };
        self.propose(Asked::Unregister, body);
    }

    pub(super) fn unregister_later(&mut self, now: Time) {
        self.unregister_after = now + UNREGISTER_AGAIN;
    }

    pub(super) fn register_later(&mut self, now: Time) {
        self.not_before = now + REGISTER_AGAIN;
    }

    pub(super) fn identity(&self) -> Option<&ModemIdentity> {
        self.facts.as_ref().map(|facts| &facts.identity)
    }

    pub(super) fn has_network(&self) -> bool {
        self.network.is_registered() || !self.settings.profile.check_registration
    }

    /// Whether the dialogue is where a part can be sent at once.
    fn is_in_step(&self) -> bool {
        self.link == Link::Open
            && self.reset.is_none()
            && self.facts.is_some()
            && self.engine.is_idle()
            && self.engine.is_configured()
    }

    /// Whether the modem should get messages at all.
    pub(super) fn takes_work(&self, context: &Context<'_>) -> bool {
        let rested = match self.breaker.state(context.now) {
            BreakerState::Closed | BreakerState::HalfOpen => true,
            BreakerState::Open { .. } => false,
        };
        let may_send = rested && self.round_permits() && self.allowance.permits(context.now);
        may_send && self.moving.is_none() && !self.is_leaving() && self.has_network() && self.reset.is_none()
    }

    /// The next moment at which a step may be due that nothing else announces.
    pub(super) fn next_step_due(&self) -> Option<Time> {
        if self.waiting != Waiting::Nothing {
            return None;
        }
        if let Some(job) = self.job {
            return self.allowance.due(self.seen).filter(|_| job.phase == Phase::Claimed);
        }
        let due = match self.link {
            Link::LookingUp | Link::Opening => None,
            Link::Closed => {
                [self.not_before, self.unregister_after].into_iter().filter(|due| *due > self.seen).min()
            }
            Link::Open if !self.engine.is_idle() => None,
            Link::Open | Link::Resting => {
                let rested = match self.breaker.state(self.seen) {
                    BreakerState::Open { until } => Some(until),
                    BreakerState::Closed | BreakerState::HalfOpen => None,
                };
                let reset = self.reset.map(|reset| reset.not_before);
                let survey = Some(self.survey_due).filter(|_| self.link == Link::Open);
                let waits = [self.not_before, self.unregister_after, self.sim_looks.not_before];
                let others = [survey, rested, reset, self.allowance.due(self.seen)];
                waits.map(Some).into_iter().chain(others).flatten().filter(|due| *due > self.seen).min()
            }
        };
        // What was due when the facts were last looked at has been decided then.
        due.filter(|due| *due > self.seen)
    }
}

/// The first other part of the job's message that is not sent.
pub(super) fn other_missing(job: &Job, context: &Context<'_>) -> Option<PartNumber> {
    let record = context.queue.message(job.message)?;
    (1..=record.parts_count()).map(PartNumber).find(|part| *part != job.part && !record.is_part_sent(*part))
}

/// The call the job's message is, or its part; none when it cannot be encoded.
fn to_do(job: &Job, form: PduForm, context: &Context<'_>) -> Option<Procedure> {
    let record = context.queue.message(job.message)?;
    match &record.content.call {
        Some(call) => {
            let number = dialled(&record.content.destination);
            let call = PlaceCall { attempt: job.attempt(), number, call: call.as_ref().clone() };
            Some(Procedure::Call(call))
        }
        None => part_to_send(job, form, context).map(Procedure::SendPart),
    }
}

/// The PDU of the job's part; none when it cannot be encoded.
fn part_to_send(job: &Job, form: PduForm, context: &Context<'_>) -> Option<SendPart> {
    let record = context.queue.message(job.message)?;
    let pdu = submit_pdu(record, job.part, form).ok()?;
    Some(SendPart {
        attempt: job.attempt(),
        tpdu_length: u16::try_from(pdu.tpdu_octets).ok()?,
        pdu_hex: pdu.hex,
        policy: record.uncertain,
        resend: false,
    })
}
