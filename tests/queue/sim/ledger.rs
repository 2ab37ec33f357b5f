//! What really happened, kept apart from what the queue believes, and the properties that compare the two.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::model::{
    Attempt, Epoch, Imsi, MessageId, MessageState, NodeId, PartNumber, PartOutcome, Priority, ReadyNumber,
    RegistrationId, SessionId, StartNumber, Timestamp, UncertainPolicy,
};
use smsgrid::queue::{
    AttemptState, Body, CancelReply, Claim, Command, Event, Failure, Queue, Rearm, Record, Reply,
    SessionReply, Source, StateCause, Verdict, WaitingFor, invariants,
};

/// One part that went on the air.
#[derive(Clone, Debug)]
struct Aired {
    attempt: Attempt,
    part: PartNumber,
    imsi: Imsi,
    generation: u8,
}

/// What a message asked of the queue.
#[derive(Clone, Copy, Debug)]
struct Asked {
    priority: Priority,
    not_before: Timestamp,
    deadline: Option<Timestamp>,
}

#[derive(Default)]
pub(crate) struct Ledger {
    aired: BTreeMap<MessageId, Vec<Aired>>,
    canceled: BTreeSet<MessageId>,
    /// What each message asked for when it was accepted.
    asked: BTreeMap<MessageId, Asked>,
    /// A person said "not sent" about one of its parts, or had it sent again.
    released_by_person: BTreeSet<MessageId>,
    /// A person had it sent again: it has lost its place in the order.
    retried: BTreeSet<MessageId>,
    starts: BTreeMap<NodeId, StartNumber>,
    live: BTreeMap<NodeId, SessionId>,
    dead: BTreeSet<SessionId>,
    /// The highest ready number said for a registration, and whether it still stands.
    permits: BTreeMap<RegistrationId, (ReadyNumber, bool)>,
    /// Faults injected that may cost an answer.
    pub(crate) faults: u64,
    /// How often each situation came up that the protocol has a rule for.
    pub(crate) seen: BTreeMap<&'static str, u64>,
}

/// Attempts under newer claims.
type Newer = Vec<(Epoch, PartNumber, AttemptState)>;

/// What must be known from before a command to judge it.
pub(crate) struct Before {
    doubts: usize,
    modems: BTreeMap<SessionId, usize>,
    newer: Option<(MessageId, Newer)>,
    /// The claim of the modem that an outcome re-arms.
    held: Option<Epoch>,
    /// Of the message a person has sent again.
    generation: Option<u8>,
}

impl Ledger {
    pub(crate) fn aired_count(&self) -> usize {
        self.aired.values().map(Vec::len).sum()
    }

    /// A part goes on the air. Properties 1, 2, 4, 5, 10, 11.
    pub(crate) fn air(
        &mut self,
        queue: &Queue,
        message: MessageId,
        attempt: Attempt,
        imsi: &Imsi,
    ) -> Result<(), String> {
        let Some(record) = queue.message(message) else { return Err(format!("{message} aired, unknown")) };
        let generation = queue.claim(attempt.epoch).map_or(record.generation, |claim| claim.generation);
        let new = Aired { attempt, part: attempt.part, imsi: imsi.clone(), generation };
        let all = self.aired.entry(message).or_default();
        let known_doubt =
            |attempt: Attempt| record.attempts().any(|(key, a)| key == attempt && a.was_uncertain);
        for old in all.iter() {
            if old.attempt == attempt {
                return Err(format!("[11] attempt {attempt} of {message} aired twice"));
            }
            if old.part == new.part && !known_doubt(old.attempt) && !known_doubt(attempt) {
                return Err(format!(
                    "[1] part {} of {message} aired by {} and {attempt}",
                    new.part, old.attempt
                ));
            }
            if old.part == new.part
                && record.uncertain != UncertainPolicy::Resend
                && !self.released_by_person.contains(&message)
            {
                return Err(format!("[2] {message} is not to be sent again, part {} was", new.part));
            }
            if old.part == new.part && !record.possible_duplicate {
                return Err(format!("[1] part {} of {message} aired again, and it is not marked", new.part));
            }
            let mixed = record.parts_count() > 1 && old.generation == generation && old.imsi != new.imsi;
            if mixed {
                return Err(format!(
                    "[10] {message} aired by {} and {} in one generation",
                    old.imsi, new.imsi
                ));
            }
        }
        all.push(new);
        if queue.attempt(attempt) == AttemptState::NotAired {
            return Err(format!("[4] {attempt} of {message} was said not to be aired"));
        }
        let over = matches!(record.state(), MessageState::Canceled | MessageState::Expired);
        if over || self.canceled.contains(&message) {
            return Err(format!("[5] {message} aired although {}", record.state()));
        }
        Ok(())
    }

    pub(crate) fn before(&mut self, queue: &Queue, command: &Command) -> Before {
        for situation in situations(queue, &command.body) {
            *self.seen.entry(situation).or_insert(0) += 1;
        }
        let attempt = match &command.body {
            Body::Start { attempt } | Body::Outcome { attempt, .. } | Body::NotWritten { attempt, .. } => {
                Some(*attempt)
            }
            _ => None,
        };
        let newer = attempt.and_then(|attempt| {
            let message = queue.claim(attempt.epoch)?.message;
            Some((message, newer_attempts(queue.message(message)?, attempt.epoch)))
        });
        let modems = queue.sessions().map(|session| (session.id, session.registrations().count())).collect();
        let generation = match &command.body {
            Body::Retry { message, .. } => queue.message(*message).map(|record| record.generation),
            _ => None,
        };
        let held = match command.body {
            Body::Outcome { rearm: Some(rearm), .. } => {
                queue.registration(rearm.registration).and_then(|modem| modem.claim)
            }
            _ => None,
        };
        Before { doubts: doubts(queue), modems, newer, held, generation }
    }

    /// Judges a command that has been applied.
    pub(crate) fn after(
        &mut self,
        before: Before,
        queue: &Queue,
        command: &Command,
        reply: Reply,
        events: &[Event],
    ) -> Result<(), String> {
        let lost = self.note_sessions(&command.body, reply);
        self.note_asked(&command.body, reply);
        self.note_retry(&before, queue, &command.body)?;
        self.note_permits(&command.body);
        self.check_claims(queue, events)?;
        self.check_doubts(&before, queue, lost)?;
        check_newer(&before, queue, &command.body)?;
        check_evidence(queue, &command.body)?;
        self.check_cancel(queue, &command.body, reply)?;
        self.check_dead(queue)?;
        queue.messages().try_for_each(|record| self.check_message(record))?;
        invariants::check(queue).map_err(|violation| format!("[12] {violation}"))
    }

    /// Which session this command ends.
    fn note_sessions(&mut self, body: &Body, reply: Reply) -> Option<SessionId> {
        match (body, reply) {
            (Body::ExpireSession { session }, _) => {
                self.live.retain(|_, live| live != session);
                self.dead.insert(*session).then_some(*session)
            }
            (Body::RegisterSession { node, start }, Reply::Session(SessionReply::Registered(id))) => {
                if self.starts.get(node).is_some_and(|last| start <= last) {
                    return None;
                }
                self.starts.insert(*node, *start);
                let lost = self.live.insert(*node, id);
                self.dead.extend(lost);
                lost
            }
            _ => None,
        }
    }

    fn note_asked(&mut self, body: &Body, reply: Reply) {
        if let (Body::Submit(submit), Reply::Accepted { id, replayed: false, .. }) = (body, reply) {
            let not_before = submit.not_before.unwrap_or(Timestamp::ZERO);
            self.asked.insert(id, Asked { priority: submit.priority, not_before, deadline: submit.deadline });
        }
    }

    /// A message is sent again for a person only as the generation that was given up.
    fn note_retry(&mut self, before: &Before, queue: &Queue, body: &Body) -> Result<(), String> {
        let (Body::Retry { message, generation: meant }, Some(was)) = (body, before.generation) else {
            return Ok(());
        };
        let is = queue.message(*message).map_or(was, |record| record.generation);
        if is == was {
            return Ok(());
        }
        if was != *meant {
            return Err(format!("[9] {message} is sent again as {is}, generation {meant} was meant"));
        }
        self.retried.insert(*message);
        self.released_by_person.insert(*message);
        if let Some(asked) = self.asked.get_mut(message) {
            asked.deadline = asked.deadline.filter(|deadline| *deadline > queue.now());
            asked.not_before = Timestamp::ZERO;
        }
        Ok(())
    }

    fn note_permits(&mut self, body: &Body) {
        let (registration, seq, stands) = match body {
            Body::Ready { registration, seq } => (*registration, *seq, true),
            Body::Withdraw { registration, seq } => (*registration, *seq, false),
            Body::Outcome { rearm: Some(rearm), .. } => (rearm.registration, rearm.seq, true),
            Body::Resolve { message, verdict: Verdict::NotSent, .. } => {
                self.released_by_person.insert(*message);
                return;
            }
            _ => return,
        };
        let permit = self.permits.entry(registration).or_insert((ReadyNumber(0), false));
        if seq > permit.0 {
            *permit = (seq, stands);
        }
    }

    /// Property 13, and the order of waiting messages.
    fn check_claims(&mut self, queue: &Queue, events: &[Event]) -> Result<(), String> {
        for event in events {
            let Event::Claimed { registration, epoch, message, .. } = event else { continue };
            match self.permits.get_mut(registration) {
                Some((_, stands)) if *stands => *stands = false,
                _ => return Err(format!("[13] claim {epoch} for modem {registration}, which is not ready")),
            }
            let Some(asked) = self.asked.get(message) else {
                return Err(format!("{message} was never accepted"));
            };
            let now = queue.now();
            if now < asked.not_before || asked.deadline.is_some_and(|deadline| deadline <= now) {
                return Err(format!("time: {message} claimed at {now:?}, it asked for {asked:?}"));
            }
            if queue.policy().ageing_interval.is_zero() {
                self.check_order(queue, *registration, *message)?;
            }
        }
        Ok(())
    }

    /// No message that waits would have had to come first at this modem.
    fn check_order(&self, queue: &Queue, modem: RegistrationId, message: MessageId) -> Result<(), String> {
        let (Some(modem), Some(chosen)) = (queue.registration(modem), queue.message(message)) else {
            return Ok(());
        };
        // The modem with a tag prefers it: what it has begun, what asks for its tag or none, and nothing else.
        let place = |record: &Record| match modem.prefers.as_slice() {
            [] => 0,
            _ if record.pin().is_some() => 0,
            [first, ..] if record.route.tags.is_empty() || record.route.tags.contains(first) => 1,
            _ => 2,
        };
        let rank = |record: &Record| {
            let priority = self.asked.get(&record.id).map(|asked| asked.priority);
            (place(record), std::cmp::Reverse(priority), record.accepted_at)
        };
        let serves = |record: &Record| {
            record.route.modem.as_ref().is_none_or(|name| *name == modem.name)
                && record.route.tags.is_subset(&modem.carries)
                && record.pin().is_none_or(|imsi| *imsi == modem.identity.imsi)
                && record.avoids().is_none_or(|(avoided, _)| *avoided != modem.identity)
        };
        let comes_first = |record: &&Record| match queue.waiting_for(record.id) {
            Some(WaitingFor::Modem) => {
                serves(record) && record.not_before() == chosen.not_before() && rank(record) < rank(chosen)
            }
            _ => false,
        };
        let mut keep_place = queue.messages().filter(|record| !self.retried.contains(&record.id));
        let first = keep_place.find(comes_first).filter(|_| !self.retried.contains(&chosen.id));
        first.map_or(Ok(()), |first| Err(format!("order: {} was to come before {message}", first.id)))
    }

    /// Property 7.
    fn check_doubts(&self, before: &Before, queue: &Queue, lost: Option<SessionId>) -> Result<(), String> {
        let new = doubts(queue).saturating_sub(before.doubts);
        if let Some(modems) = lost.and_then(|session| before.modems.get(&session))
            && new > *modems
        {
            return Err(format!("[7] {new} uncertain parts by the loss of a session with {modems} modems"));
        }
        if new > 0 && self.faults == 0 {
            return Err(format!("[7] {new} uncertain parts without a fault"));
        }
        Ok(())
    }

    /// Property 5: what was said to be canceled stays unsent.
    fn check_cancel(&mut self, queue: &Queue, body: &Body, reply: Reply) -> Result<(), String> {
        let Body::Cancel { message } = body else { return Ok(()) };
        if reply != Reply::Cancel(CancelReply::Canceled) {
            return Ok(());
        }
        self.canceled.insert(*message);
        let state = queue.message(*message).map(Record::state);
        match self.aired.contains_key(message) {
            true => Err(format!("[5] {message} canceled although aired")),
            false if state != Some(MessageState::Canceled) => Err(format!("[5] canceled, but {state:?}")),
            false => Ok(()),
        }
    }

    /// Property 8.
    fn check_dead(&self, queue: &Queue) -> Result<(), String> {
        let dead = queue.registrations().find(|modem| self.dead.contains(&modem.session));
        dead.map_or(Ok(()), |modem| Err(format!("[8] modem {} on dead session {}", modem.id, modem.session)))
    }

    /// Properties 3, 4 and 5 for what the queue says of a message.
    fn check_message(&self, record: &Record) -> Result<(), String> {
        let none = Vec::new();
        let aired = self.aired.get(&record.id).unwrap_or(&none);
        let is_aired = |attempt: Attempt| aired.iter().any(|aired| aired.attempt == attempt);
        for (key, attempt) in record.attempts() {
            let by_person = attempt.source == Some(Source::Operator);
            if attempt.state == AttemptState::Sent && !by_person && !is_aired(key) {
                return Err(format!("[3] {key} of {} is sent, but was not aired", record.id));
            }
            if attempt.state == AttemptState::NotAired && is_aired(key) {
                return Err(format!("[4] {key} of {} is not aired, but was", record.id));
            }
        }
        let over = matches!(record.state(), MessageState::Canceled | MessageState::Expired);
        let certain = matches!(
            record.cause(),
            Some(StateCause::Failed(Failure::Refused(_) | Failure::AttemptsUsed(_) | Failure::Poison))
        );
        if over && !aired.is_empty() {
            return Err(format!("[5] {} is {}, but was aired", record.id, record.state()));
        }
        if certain && !aired.is_empty() {
            return Err(format!("[4] {} failed for certain, but was aired", record.id));
        }
        Ok(())
    }
}

/// The situations a command meets that a rule of the protocol is there for.
fn situations(queue: &Queue, body: &Body) -> Vec<&'static str> {
    let all = match body {
        Body::Outcome { attempt, next, outcome, .. } => {
            outcome_situations(queue, *attempt, next.is_some(), *outcome)
        }
        Body::NotWritten { attempt, .. } => not_written_situations(queue, *attempt),
        Body::RegisterModem { session, open, identity, .. } => {
            let standing = queue.registration_of_sim(&identity.imsi);
            let again = standing.filter(|modem| modem.session == *session && modem.open < *open);
            vec![
                (again.is_some_and(|modem| modem.claim.is_some()), "registered again over an open claim"),
                (standing.is_some_and(|modem| modem.session != *session), "modem held elsewhere"),
            ]
        }
        Body::Tick => {
            let overdue = |record: &Record| record.deadline.is_some_and(|deadline| deadline <= queue.now());
            let late = queue.messages().any(|record| in_flight(record) && overdue(record));
            let whole = queue.messages().any(|record| record.generation > 0);
            vec![(late, "deadline of a part in flight"), (whole, "sent again as a whole")]
        }
        Body::ExpireSession { session } => {
            let claims = || queue.claims_of(*session);
            vec![
                (claims().any(|claim| claim.in_flight().is_some()), "expiry with a part in flight"),
                (claims().any(|claim| claim.attempts.is_empty()), "expiry with a claim not started"),
            ]
        }
        Body::Cancel { message } => {
            let record = queue.message(*message);
            let state = record.map(Record::state);
            let exposed = record.is_some_and(Record::is_exposed);
            vec![
                (record.is_some_and(in_flight), "cancel of a part in flight"),
                (state == Some(MessageState::Claimed), "cancel of a claim not started"),
                (state == Some(MessageState::Queued) && exposed, "cancel of a resend"),
            ]
        }
        Body::Retry { message, generation } => {
            let record = queue.message(*message);
            let dead = record
                .is_some_and(|record| matches!(record.state(), MessageState::Failed | MessageState::Expired));
            let meant = record.is_some_and(|record| record.generation == *generation);
            let exposed = record.is_some_and(Record::is_exposed);
            vec![
                (dead && meant && exposed, "retry of what may have been sent"),
                (dead && meant && !exposed, "retry of what was not sent"),
                (dead && !meant, "retry of what was given up again since"),
                (record.is_some_and(in_flight), "retry beside a part in flight"),
            ]
        }
        _ => Vec::new(),
    };
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, situation)| situation).collect()
}

fn outcome_situations(
    queue: &Queue,
    attempt: Attempt,
    next: bool,
    outcome: PartOutcome,
) -> Vec<(bool, &'static str)> {
    let state = queue.attempt(attempt);
    let late_refusal = state.is_doubtful() && matches!(outcome, PartOutcome::Refused(_));
    let late_success =
        state.is_doubtful() && matches!(outcome, PartOutcome::Sent { .. } | PartOutcome::Called(_));
    let beside = newer_claim(queue, attempt);
    vec![
        (late_success, "late success"),
        (late_refusal, "late refusal"),
        (late_success && beside.is_some(), "late success beside a newer claim"),
        (late_refusal && beside.is_some_and(in_flight), "late refusal beside a part in flight"),
        (beside.is_some(), "outcome beside a newer claim"),
        (beside.is_some() && next, "stale outcome with a next part"),
        (!state.is_doubtful() && state != AttemptState::InFlight, "outcome said again"),
    ]
}

fn not_written_situations(queue: &Queue, attempt: Attempt) -> Vec<(bool, &'static str)> {
    let state = queue.attempt(attempt);
    let open = queue.claim(attempt.epoch).is_some_and(|claim| claim.open);
    vec![
        (state == AttemptState::InFlight, "not written while in flight"),
        (state.is_doubtful(), "not written after the session"),
        (state == AttemptState::None && open, "not written before its start"),
        (newer_claim(queue, attempt).is_some(), "not written beside a newer claim"),
    ]
}

fn in_flight(record: &Record) -> bool {
    record.claims().iter().any(|claim| claim.in_flight().is_some())
}

/// The message of an attempt, if it has a newer open claim.
fn newer_claim(queue: &Queue, attempt: Attempt) -> Option<&Record> {
    let record = queue.message(queue.claim(attempt.epoch)?.message)?;
    record.claim.filter(|claim| *claim > attempt.epoch).map(|_| record)
}

/// How many attempts anyone has ever doubted for want of an answer.
fn doubts(queue: &Queue) -> usize {
    let attempts = queue.messages().flat_map(Record::attempts);
    attempts.filter(|(_, attempt)| attempt.was_uncertain).count()
}

fn newer_attempts(record: &Record, epoch: Epoch) -> Newer {
    let newer = record.attempts().filter(|(key, _)| key.epoch > epoch);
    newer.map(|(key, attempt)| (key.epoch, key.part, settled(attempt.state))).collect()
}

/// Time may release an uncertain attempt in any command.
fn settled(state: AttemptState) -> AttemptState {
    if state == AttemptState::Released { AttemptState::Uncertain } else { state }
}

/// Whether the command may have started the one attempt of this claim.
fn is_started_by(body: &Body, queue: &Queue, epoch: Epoch) -> bool {
    let Body::Outcome { rearm: Some(Rearm { registration, start: true, .. }), .. } = body else {
        return false;
    };
    let is_new = |claim: &Claim| {
        claim.registration == *registration
            && claim.open
            && claim.attempts.len() == 1
            && claim.in_flight().is_some()
    };
    queue.claim(epoch).is_some_and(is_new)
}

/// Property 9: what is said of a claim changes no attempt under a newer one; but an outcome may start the first attempt
/// of the claim it brings about.
fn check_newer(before: &Before, queue: &Queue, body: &Body) -> Result<(), String> {
    let Some((message, newer)) = &before.newer else { return Ok(()) };
    let (Body::Start { attempt } | Body::Outcome { attempt, .. } | Body::NotWritten { attempt, .. }) = body
    else {
        return Ok(());
    };
    let now = queue.message(*message).map(|record| {
        let mut now = newer_attempts(record, attempt.epoch);
        now.retain(|attempt| {
            let is_new = before.held != Some(attempt.0) && !newer.contains(attempt);
            !(is_new && is_started_by(body, queue, attempt.0))
        });
        now
    });
    match now {
        Some(now) if now == *newer => Ok(()),
        Some(now) => Err(format!("[9] {attempt} changed newer attempts {newer:?} to {now:?}")),
        None => Ok(()),
    }
}

/// A node's certain word about an attempt nobody knew about is taken.
fn check_evidence(queue: &Queue, body: &Body) -> Result<(), String> {
    let certain = match body {
        Body::NotWritten { attempt, .. } => Some(*attempt),
        Body::Outcome { attempt, outcome, .. } => match outcome {
            PartOutcome::Sent { .. } | PartOutcome::Called(_) | PartOutcome::Refused(_) => Some(*attempt),
            PartOutcome::Uncertain(_) => None,
        },
        _ => None,
    };
    let Some(attempt) = certain else { return Ok(()) };
    match queue.attempt(attempt) {
        state @ (AttemptState::InFlight | AttemptState::Uncertain | AttemptState::Released) => {
            Err(format!("evidence about {attempt} was ignored, it is {state:?}"))
        }
        AttemptState::None
            if queue.claim(attempt.epoch).is_some_and(|claim| {
                claim.open && claim.in_flight().is_none() && matches!(body, Body::NotWritten { .. })
            }) =>
        {
            Err(format!("claim {} was given back and is still open", attempt.epoch))
        }
        AttemptState::None | AttemptState::Sent | AttemptState::NotAired => Ok(()),
    }
}
