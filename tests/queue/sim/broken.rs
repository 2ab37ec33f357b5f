//! Queues gone wrong: each breaks one rule of the protocol. They stand on the real queue and change what reaches
//! it, what it answers, or its state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cbor4ii::core::Value;
use smsgrid::model::{
    Attempt, Epoch, MessageId, NotWrittenReason, PartOutcome, Position, Priority, ReadyNumber, StartNumber,
    UncertainPolicy,
};
use smsgrid::queue::{
    AttemptState, Body, CancelReply, Command, Event, Queue, Record, RegisterReply, Reply, RetryReply,
    StartReply,
};

use super::machine::Machine;
use crate::frames::{MESSAGE, put_together, take_apart, written};

/// Octets of a slot before its message.
const SLOT: usize = 4;

/// Which rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    StartIgnoresEpoch,
    ExpiryRequeuesInFlight,
    RegistrationOutlivesSession,
    SecondOutcomeRearms,
    TakeoverFromLiveSession,
    OutcomeIgnoresEpoch,
    RetryWithoutAttemptKey,
    NotWrittenWithoutPart,
    BootNonce,
    ReadyWithoutNumber,
    CancelInFlight,
    DeadlineInFlight,
    CancelAfterResend,
    PinFromSentOnly,
    LateRefusalRequeues,
    LateSuccessLeavesClaim,
    StaleOutcomeStartsNext,
    ResendInFlight,
    ReregistrationKeepsClaim,
    EarlyNotWrittenDropped,
    NegativeProofIgnored,
    PriorityIgnored,
    DeadlineIgnored,
    ScheduleIgnored,
    RetryUnmarked,
    RetryForgetsDoubt,
    RetryUnderOpenClaim,
    RetryWithoutGeneration,
}

pub(crate) struct Broken {
    queue: Queue,
    mutant: Mutant,
    /// Of every claim there ever was.
    messages: BTreeMap<Epoch, MessageId>,
    outcomes: BTreeSet<Attempt>,
}

/// The command being applied, for the further commands a broken rule amounts to.
struct Call<'a> {
    position: Position,
    command: &'a Command,
    events: &'a mut Vec<Event>,
}

impl Machine for Broken {
    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply {
        let from = events.len();
        let reply = self.misapply(&mut Call { position, command, events });
        for event in &events[from..] {
            if let Event::Claimed { epoch, message, .. } = event {
                self.messages.insert(*epoch, *message);
            }
        }
        if let Body::Outcome { attempt, .. } = command.body {
            self.outcomes.insert(attempt);
        }
        reply
    }

    fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What a mutant remembers beside its queue is in no image.
    fn install(&mut self, _image: &[u8]) -> bool {
        false
    }
}

impl Broken {
    pub(crate) fn new(queue: Queue, mutant: Mutant) -> Broken {
        Broken { queue, mutant, messages: BTreeMap::new(), outcomes: BTreeSet::new() }
    }

    fn misapply(&mut self, call: &mut Call<'_>) -> Reply {
        match self.mutant {
            Mutant::StartIgnoresEpoch => self.start_any(call),
            Mutant::ExpiryRequeuesInFlight | Mutant::DeadlineInFlight | Mutant::ResendInFlight => {
                self.take_back_in_flight(call)
            }
            Mutant::RegistrationOutlivesSession => match call.command.body {
                Body::ExpireSession { .. } => Reply::Done,
                _ => self.say(call, call.command.body.clone()),
            },
            Mutant::SecondOutcomeRearms => self.rearm_again(call),
            Mutant::TakeoverFromLiveSession => self.take_over(call),
            Mutant::OutcomeIgnoresEpoch | Mutant::RetryWithoutAttemptKey | Mutant::NotWrittenWithoutPart => {
                self.hit_newest(call)
            }
            Mutant::BootNonce | Mutant::ReadyWithoutNumber => self.forget_order(call),
            Mutant::CancelInFlight | Mutant::CancelAfterResend => self.cancel_anyway(call),
            Mutant::PinFromSentOnly => self.pin_late(call),
            Mutant::LateRefusalRequeues => self.requeue_on_late_refusal(call),
            Mutant::LateSuccessLeavesClaim => self.leave_claim(call),
            Mutant::StaleOutcomeStartsNext => self.start_next_anyway(call),
            Mutant::ReregistrationKeepsClaim => self.reregister_in_place(call),
            Mutant::EarlyNotWrittenDropped | Mutant::NegativeProofIgnored => self.drop_not_written(call),
            Mutant::RetryUnmarked | Mutant::RetryForgetsDoubt => self.retry_quietly(call),
            Mutant::RetryUnderOpenClaim | Mutant::RetryWithoutGeneration => self.retry_anyway(call),
            Mutant::PriorityIgnored | Mutant::DeadlineIgnored | Mutant::ScheduleIgnored => {
                self.ask_less(call)
            }
        }
    }

    fn say(&mut self, call: &mut Call<'_>, body: Body) -> Reply {
        let command = Command { body, ..call.command.clone() };
        self.queue.apply(call.position, &command, call.events)
    }

    fn as_told(&mut self, call: &mut Call<'_>) -> Reply {
        self.say(call, call.command.body.clone())
    }

    /// The message a claim was for, and its open claim now.
    fn current(&self, epoch: Epoch) -> Option<(&Record, Epoch)> {
        let record = self.queue.message(*self.messages.get(&epoch)?)?;
        Some((record, record.claim?))
    }

    fn in_flight(&self, wanted: impl Fn(&Record, Attempt) -> bool) -> Vec<Attempt> {
        let attempts = self.queue.messages().flat_map(|record| {
            record
                .attempts()
                .filter(|(_, a)| a.state == AttemptState::InFlight)
                .map(move |(key, _)| (record, key))
        });
        attempts.filter(|(record, key)| wanted(record, *key)).map(|(_, key)| key).collect()
    }

    fn not_written(&mut self, call: &mut Call<'_>, attempt: Attempt) {
        self.say(call, Body::NotWritten { attempt, reason: NotWrittenReason::LeaseLost });
    }

    fn start_any(&mut self, call: &mut Call<'_>) -> Reply {
        let Body::Start { attempt } = call.command.body else { return self.as_told(call) };
        let reply = self.as_told(call);
        if reply != Reply::Start(StartReply::Closed) {
            return reply;
        }
        if let Some((_, epoch)) = self.current(attempt.epoch) {
            self.say(call, Body::Start { attempt: Attempt { epoch, part: attempt.part } });
        }
        Reply::Start(StartReply::Go)
    }

    fn take_back_in_flight(&mut self, call: &mut Call<'_>) -> Reply {
        let queue = &self.queue;
        let now = queue.now().max(call.command.now);
        let taken = match (self.mutant, &call.command.body) {
            (Mutant::ExpiryRequeuesInFlight, Body::ExpireSession { session }) => {
                let of_session = |key: Attempt| queue.claim(key.epoch).is_some_and(|c| c.session == *session);
                self.in_flight(|_, key| of_session(key))
            }
            (Mutant::DeadlineInFlight, Body::Tick) => {
                self.in_flight(|record, _| record.deadline.is_some_and(|deadline| deadline <= now))
            }
            (Mutant::ResendInFlight, Body::Tick) => self.in_flight(|record, key| {
                let started = record.attempts().find(|(other, _)| *other == key).map(|(_, a)| a.started);
                record.uncertain == UncertainPolicy::Resend
                    && started.is_some_and(|started| now.since(started) > Duration::from_secs(2))
            }),
            _ => Vec::new(),
        };
        for attempt in taken {
            self.not_written(call, attempt);
        }
        self.as_told(call)
    }

    fn rearm_again(&mut self, call: &mut Call<'_>) -> Reply {
        let reply = self.as_told(call);
        if let Body::Outcome { attempt, rearm: Some(rearm), .. } = call.command.body
            && self.outcomes.contains(&attempt)
            && let Some(modem) = self.queue.registration(rearm.registration)
        {
            let body = Body::Ready { registration: rearm.registration, seq: modem.ready_seq.next() };
            self.say(call, body);
        }
        reply
    }

    fn take_over(&mut self, call: &mut Call<'_>) -> Reply {
        let reply = self.as_told(call);
        let Body::RegisterModem { identity, .. } = &call.command.body else { return reply };
        let Reply::Modem(RegisterReply::Held(_)) = reply else { return reply };
        if let Some(registration) = self.queue.registration_of_sim(&identity.imsi).map(|modem| modem.id) {
            self.say(call, Body::UnregisterModem { registration, force: true });
        }
        self.as_told(call)
    }

    fn hit_newest(&mut self, call: &mut Call<'_>) -> Reply {
        let (Body::Outcome { attempt, .. } | Body::NotWritten { attempt, .. }) = call.command.body else {
            return self.as_told(call);
        };
        let is_outcome = matches!(call.command.body, Body::Outcome { .. });
        let applies = match self.mutant {
            Mutant::OutcomeIgnoresEpoch => is_outcome,
            Mutant::RetryWithoutAttemptKey => is_outcome && self.outcomes.contains(&attempt),
            _ => !is_outcome && self.queue.attempt(attempt) != AttemptState::InFlight,
        };
        let Some((record, epoch)) = self.current(attempt.epoch).filter(|_| applies) else {
            return self.as_told(call);
        };
        let flying = record.claims().iter().find_map(|claim| claim.in_flight());
        let part = flying.filter(|_| !is_outcome).unwrap_or(attempt.part);
        let mut body = call.command.body.clone();
        if let Body::Outcome { attempt, .. } | Body::NotWritten { attempt, .. } = &mut body {
            *attempt = Attempt { epoch, part };
        }
        self.say(call, body)
    }

    fn forget_order(&mut self, call: &mut Call<'_>) -> Reply {
        match (self.mutant, call.command.body.clone()) {
            (Mutant::BootNonce, Body::RegisterSession { node, start }) => {
                let live = self.queue.session(node).map(|session| session.start);
                let start = live.map_or(start, |live| start.max(StartNumber(live.0 + 1)));
                self.say(call, Body::RegisterSession { node, start })
            }
            (Mutant::ReadyWithoutNumber, Body::Ready { registration, seq }) => {
                let last = self.queue.registration(registration).map(|modem| modem.ready_seq);
                let seq = last.map_or(seq, |last| seq.max(ReadyNumber(last.0 + 1)));
                self.say(call, Body::Ready { registration, seq })
            }
            (_, body) => self.say(call, body),
        }
    }

    fn cancel_anyway(&mut self, call: &mut Call<'_>) -> Reply {
        let Body::Cancel { message } = call.command.body else { return self.as_told(call) };
        if self.mutant == Mutant::CancelInFlight {
            for attempt in self.in_flight(|record, _| record.id == message) {
                self.not_written(call, attempt);
            }
            return self.as_told(call);
        }
        let resends = self.queue.message(message).is_some_and(|record| {
            record.attempts().any(|(_, attempt)| attempt.state == AttemptState::Released)
        });
        let reply = self.as_told(call);
        if resends { Reply::Cancel(CancelReply::Canceled) } else { reply }
    }

    /// Takes the pin from messages of several parts that have nothing but doubtful attempts.
    fn pin_late(&mut self, call: &mut Call<'_>) -> Reply {
        let reply = self.as_told(call);
        let loose = |record: &&Record| {
            let sent = record.parts().any(|part| part.state == AttemptState::Sent);
            record.pin().is_some()
                && record.claim.is_none()
                && !sent
                && !record.held
                && !record.state().is_final()
        };
        let messages: Vec<MessageId> = self
            .queue
            .messages()
            .filter(loose)
            .filter(|record| !record.attempts().any(|(_, a)| a.state == AttemptState::Uncertain))
            .map(|record| record.id)
            .collect();
        for message in messages {
            self.edit(message, None, "generation", &Value::Integer(255));
            self.say(call, Body::Hold { message });
            self.say(call, Body::Release { message });
        }
        reply
    }

    fn requeue_on_late_refusal(&mut self, call: &mut Call<'_>) -> Reply {
        let Body::Outcome { attempt, outcome: PartOutcome::Refused(_), .. } = call.command.body else {
            return self.as_told(call);
        };
        let doubtful = self.queue.attempt(attempt).is_doubtful();
        let message = self.queue.claim(attempt.epoch).map(|claim| claim.message);
        let reply = self.as_told(call);
        for newer in self.in_flight(|record, _| doubtful && Some(record.id) == message) {
            self.not_written(call, newer);
        }
        reply
    }

    /// The old attempt is sent, the newer claim stays as it was.
    fn leave_claim(&mut self, call: &mut Call<'_>) -> Reply {
        let Body::Outcome { attempt, outcome: PartOutcome::Sent { .. } | PartOutcome::Called(_), .. } =
            call.command.body
        else {
            return self.as_told(call);
        };
        let before = self.queue.clone();
        let reply = self.as_told(call);
        let record = before.claim(attempt.epoch).and_then(|claim| before.message(claim.message));
        let newer = record.is_some_and(|record| record.claim.is_some_and(|claim| claim > attempt.epoch));
        if newer && before.attempt(attempt).is_doubtful() {
            self.queue = before;
            if let Some(message) = self.messages.get(&attempt.epoch).copied() {
                self.edit(message, Some(attempt.epoch), "state", &Value::Text("Sent".to_owned()));
            }
        }
        reply
    }

    fn start_next_anyway(&mut self, call: &mut Call<'_>) -> Reply {
        let stale = match call.command.body {
            Body::Outcome { attempt, next: Some(part), .. } => self
                .current(attempt.epoch)
                .filter(|(_, epoch)| *epoch > attempt.epoch)
                .map(|(_, e)| (e, part)),
            _ => None,
        };
        let reply = self.as_told(call);
        if let Some((epoch, part)) = stale {
            self.say(call, Body::Start { attempt: Attempt { epoch, part } });
        }
        reply
    }

    fn reregister_in_place(&mut self, call: &mut Call<'_>) -> Reply {
        if let Body::RegisterModem { session, open, identity, .. } = &call.command.body
            && let Some(modem) = self.queue.registration_of_sim(&identity.imsi)
            && modem.session == *session
            && modem.identity == *identity
            && modem.open < *open
        {
            return Reply::Modem(RegisterReply::Registered(modem.id));
        }
        self.as_told(call)
    }

    fn drop_not_written(&mut self, call: &mut Call<'_>) -> Reply {
        let attempt = match call.command.body {
            Body::NotWritten { attempt, .. } => attempt,
            Body::Outcome { attempt, outcome: PartOutcome::Refused(_), .. }
                if self.mutant == Mutant::NegativeProofIgnored =>
            {
                attempt
            }
            _ => return self.as_told(call),
        };
        let state = self.queue.attempt(attempt);
        let drops = match self.mutant {
            Mutant::EarlyNotWrittenDropped => state == AttemptState::None,
            _ => state.is_doubtful(),
        };
        if drops { Reply::Done } else { self.as_told(call) }
    }

    fn retry_quietly(&mut self, call: &mut Call<'_>) -> Reply {
        let reply = self.as_told(call);
        let (Body::Retry { message, .. }, Reply::Retry(RetryReply::Retried)) = (&call.command.body, reply)
        else {
            return reply;
        };
        if self.mutant == Mutant::RetryUnmarked {
            self.edit_record(*message, |record| {
                entry(record, "possible_duplicate").into_iter().for_each(|mark| *mark = Value::Bool(false));
            });
        } else {
            self.edit(*message, None, "was_uncertain", &Value::Bool(false));
        }
        reply
    }

    fn retry_anyway(&mut self, call: &mut Call<'_>) -> Reply {
        let Body::Retry { message, .. } = call.command.body else { return self.as_told(call) };
        if self.mutant == Mutant::RetryUnderOpenClaim {
            for attempt in self.in_flight(|record, _| record.id == message) {
                self.not_written(call, attempt);
            }
            return self.as_told(call);
        }
        let generation = self.queue.message(message).map_or(0, |record| record.generation);
        self.say(call, Body::Retry { message, generation })
    }

    fn ask_less(&mut self, call: &mut Call<'_>) -> Reply {
        let mut body = call.command.body.clone();
        if let Body::Submit(submit) = &mut body {
            match self.mutant {
                Mutant::PriorityIgnored => submit.priority = Priority::Normal,
                Mutant::DeadlineIgnored => submit.deadline = None,
                _ => submit.not_before = None,
            }
        }
        self.say(call, body)
    }

    /// Writes a field of the claims with a doubtful attempt, or of that attempt, past all rules; of all such claims
    /// of the message, or of one.
    fn edit(&mut self, message: MessageId, epoch: Option<Epoch>, field: &str, value: &Value) {
        self.edit_record(message, |record| {
            let claims = entry(record, "claims");
            for claim in elements(claims) {
                if epoch.is_some_and(|epoch| !has(claim, "epoch", &Value::Integer(i128::from(epoch.0)))) {
                    continue;
                }
                let attempts = elements(entry(claim, "attempts"));
                let doubtful: Vec<&mut Value> = attempts
                    .into_iter()
                    .filter(|attempt| ["Released", "Uncertain"].into_iter().any(|state| is(attempt, state)))
                    .collect();
                let exposed = !doubtful.is_empty();
                for attempt in doubtful {
                    entry(attempt, field).into_iter().for_each(|place| *place = value.clone());
                }
                if exposed {
                    entry(claim, field).into_iter().for_each(|place| *place = value.clone());
                }
            }
        });
    }

    /// Changes the written form of a message, past all rules.
    fn edit_record(&mut self, message: MessageId, change: impl FnOnce(&mut Value)) {
        let id = Value::Bytes(message.to_bytes().to_vec());
        let mut frames = take_apart(&written(&self.queue));
        let found = frames.iter_mut().filter(|(kind, _)| *kind == MESSAGE).find_map(|(_, body)| {
            let record: Value = cbor4ii::serde::from_slice(&body[SLOT..]).ok()?;
            has(&record, "id", &id).then_some((body, record))
        });
        let Some((body, mut record)) = found else { panic!("the image has its messages elsewhere") };
        change(&mut record);
        body.truncate(SLOT);
        body.extend(cbor4ii::serde::to_vec(Vec::new(), &record).expect("a value has a written form"));
        let image = put_together(&frames);
        self.queue = Queue::restore_unchecked(&mut image.as_slice()).expect("the edited image is one");
    }
}

fn entry<'a>(map: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let Value::Map(entries) = map else { return None };
    let named = entries.iter_mut().find(|(key, _)| *key == Value::Text(name.to_owned()));
    named.map(|(_, value)| value)
}

fn has(map: &Value, name: &str, wanted: &Value) -> bool {
    let Value::Map(entries) = map else { return false };
    entries.iter().any(|(key, value)| *key == Value::Text(name.to_owned()) && value == wanted)
}

fn is(attempt: &Value, state: &str) -> bool {
    has(attempt, "state", &Value::Text(state.to_owned()))
}

fn elements(list: Option<&mut Value>) -> Vec<&mut Value> {
    match list {
        Some(Value::Array(elements)) => elements.iter_mut().collect(),
        _ => Vec::new(),
    }
}
