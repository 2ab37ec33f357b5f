//! What must be true of the state between any two commands.
//!
//! The numbers in brackets are those of the protocol's properties. What only the air can tell (a part aired
//! twice, a canceled message aired) is checked where there is an air: in the simulation.

use std::collections::{BTreeMap, BTreeSet};

use super::arena::Slot;
use super::claim::{AttemptState, Claim, Source};
use super::modem::Registration;
use super::record::{Failure, Record, Stage};
use super::state::Queue;
use crate::model::{Imsi, MessageId, MessageState, PartNumber, RegistrationId, SessionId, UncertainPolicy};

/// What was found not to be true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Of a message.
    #[error("message {message}: not true that {rule}")]
    Message {
        /// The message.
        message: MessageId,
        /// What should be true.
        rule: &'static str,
    },
    /// Of a modem.
    #[error("registration {registration}: not true that {rule}")]
    Modem {
        /// Its registration.
        registration: RegistrationId,
        /// What should be true.
        rule: &'static str,
    },
    /// Of a session.
    #[error("session {session}: not true that {rule}")]
    Session {
        /// The session.
        session: SessionId,
        /// What should be true.
        rule: &'static str,
    },
    /// Of the indexes.
    #[error("indexes: not true that {rule}")]
    Index {
        /// What should be true.
        rule: &'static str,
    },
}

/// Checks everything. Its work grows with the state: for tests and for an operator's doubt, not for every command.
pub fn check(queue: &Queue) -> Result<(), Violation> {
    queue.sessions.keys().try_for_each(|id| check_session(queue, *id))?;
    queue.registrations.values().try_for_each(|modem| check_modem(queue, modem))?;
    queue.messages.iter().try_for_each(|(slot, record)| check_message(queue, slot, record))?;
    check_indexes(queue)?;
    check_matched(queue)
}

fn check_session(queue: &Queue, id: SessionId) -> Result<(), Violation> {
    let all = |rules: &[(bool, &'static str)]| first(rules, |rule| Violation::Session { session: id, rule });
    let Some(session) = queue.sessions.get(&id) else { return Ok(()) };
    let node = queue.nodes.get(&session.node);
    let owned = |id: &RegistrationId| queue.registrations.get(id).is_some_and(|r| r.session == session.id);
    all(&[
        (id <= queue.last_session, "its number was granted"),
        (node.is_some_and(|node| node.session == Some(id)), "its node knows it as the live one"),
        (node.is_some_and(|node| node.last_start == session.start), "no later start of its node was applied"),
        (session.registrations.iter().all(owned), "its registrations are its own"),
    ])
}

fn check_modem(queue: &Queue, modem: &Registration) -> Result<(), Violation> {
    let all = |rules: &[(bool, &'static str)]| {
        first(rules, |rule| Violation::Modem { registration: modem.id, rule })
    };
    let session = queue.sessions.get(&modem.session);
    let free = modem.armed && modem.claim.is_none() && !queue.blocked.contains(&modem.name);
    let claim = modem.claim.map(|epoch| queue.claim(epoch));
    let claim_is_its_own =
        claim.is_none_or(|claim| claim.is_some_and(|c| c.open && c.registration == modem.id));
    all(&[
        (modem.id <= queue.last_registration, "its number was granted"),
        (session.is_some_and(|s| s.registrations.contains(&modem.id)), "its session lives and knows it [8]"),
        (
            session.is_some_and(|s| s.opens.get(&modem.identity) == Some(&modem.open)),
            "it is the last opening",
        ),
        (queue.sims.get(&modem.identity.imsi) == Some(&modem.id), "its SIM is registered once [6]"),
        (!(modem.armed && modem.claim.is_some()), "a modem with a claim is not armed [13]"),
        (claim_is_its_own, "its claim is open and its own [12]"),
        (
            queue.free.contains(&(modem.armed_order, modem.id)) == free,
            "it is among the free ones if it is free",
        ),
    ])
}

fn check_message(queue: &Queue, slot: Slot, record: &Record) -> Result<(), Violation> {
    let all =
        |rules: &[(bool, &'static str)]| first(rules, |rule| Violation::Message { message: record.id, rule });
    all(&claim_rules(queue, slot, record))?;
    all(&stage_rules(record))?;
    all(&attempt_rules(record))?;
    all(&index_rules(queue, slot, record))
}

fn claim_rules(queue: &Queue, slot: Slot, record: &Record) -> [(bool, &'static str); 6] {
    let open: Vec<_> = record.claims.iter().filter(|claim| claim.open).map(|claim| claim.epoch).collect();
    let mut epochs = BTreeSet::new();
    let known = |claim: &Claim| queue.epochs.get(&claim.epoch) == Some(&slot) && claim.message == record.id;
    let backed = |claim: &Claim| {
        queue.registrations.get(&claim.registration).is_some_and(|modem| {
            modem.claim == Some(claim.epoch)
                && modem.session == claim.session
                && modem.identity == claim.identity
        })
    };
    [
        (open == Vec::from_iter(record.claim), "the open claim is the one it names [12]"),
        (record.open_claim().is_none_or(backed), "a modem of a live session has its claim [8, 12]"),
        (record.claims.iter().all(|claim| epochs.insert(claim.epoch)), "an epoch is used once [11]"),
        (record.claims.iter().all(|claim| claim.epoch <= queue.last_epoch), "its epochs were granted"),
        (record.claims.iter().all(known), "its claims are known by their epochs"),
        ((record.stage == Stage::Claimed) == record.claim.is_some(), "claimed means it has a claim [12]"),
    ]
}

fn stage_rules(record: &Record) -> [(bool, &'static str); 7] {
    let exposed = record.is_exposed();
    let certain = match record.stage {
        Stage::Failed(failure) => match failure {
            Failure::Refused(_) | Failure::AttemptsUsed(_) | Failure::Poison => !exposed,
            Failure::Partial => exposed && !record.is_doubtful(),
            // Late evidence may have said since that nothing was sent.
            Failure::Uncertain => true,
        },
        Stage::Expired | Stage::Canceled | Stage::Rejected(_) => !exposed,
        Stage::Queued | Stage::Claimed | Stage::Uncertain | Stage::Sent => true,
    };
    let runs_out = record.open_claim().is_some_and(|claim| claim.in_flight().is_some());
    [
        (certain, "its final state says what may have left [4, 5]"),
        (record.stage != Stage::Sent || record.is_all_sent(), "sent means every part is"),
        (
            !record.is_all_sent() || record.stage == Stage::Sent || runs_out,
            "when every part is sent, it is sent, unless a part is still in flight [12]",
        ),
        (
            (record.stage == Stage::Uncertain) == (!record.is_final() && record.has_open_doubt()),
            "uncertain means a missing part is",
        ),
        (record.stage != Stage::Queued || record.missing_part().is_some(), "a queued message misses a part"),
        (record.is_final() == record.ended.is_some(), "it has an end if it is final"),
        (record.evidence_until.is_none() || record.stage == Stage::Uncertain, "only doubt has a window"),
    ]
}

fn attempt_rules(record: &Record) -> [(bool, &'static str); 7] {
    let in_flight =
        |claim: &Claim| claim.attempts.iter().filter(|a| a.state == AttemptState::InFlight).count();
    let quiet = |claim: &Claim| in_flight(claim) == usize::from(claim.open && in_flight(claim) > 0);
    let once = |claim: &Claim| {
        let parts: BTreeSet<PartNumber> = claim.attempts.iter().map(|attempt| attempt.part).collect();
        parts.len() == claim.attempts.len()
            && parts.iter().all(|part| (1..=record.parts_count()).contains(&part.0))
    };
    let released = |state: AttemptState| state == AttemptState::Released;
    let by_person = record.uncertain == UncertainPolicy::Resend
        || record.attempts().all(|(_, a)| !released(a.state) || a.source == Some(Source::Operator));
    let any_released = record.attempts().any(|(_, attempt)| released(attempt.state));
    let marked = record.attempts().all(|(_, attempt)| !attempt.state.is_doubtful() || attempt.was_uncertain);
    [
        (record.claims.iter().all(quiet), "one part is in flight, under the open claim [6]"),
        (record.claims.iter().all(once), "each attempt of a claim is at another of its parts [11]"),
        (
            certain_exposures_are_single(record),
            "of two that may have left, one was known to be uncertain [1]",
        ),
        (one_sim_per_generation(record), "a generation is on one SIM [10]"),
        (by_person, "only a person releases what is not to be sent again [2]"),
        (!any_released || record.possible_duplicate, "a resend is marked"),
        (marked, "doubt is never forgotten"),
    ]
}

fn certain_exposures_are_single(record: &Record) -> bool {
    let mut certain: BTreeMap<PartNumber, u32> = BTreeMap::new();
    let exposed =
        record.attempts().filter(|(_, attempt)| attempt.state.is_exposed() && !attempt.was_uncertain);
    exposed.for_each(|(_, attempt)| *certain.entry(attempt.part).or_insert(0) += 1);
    certain.values().all(|count| *count <= 1)
}

fn one_sim_per_generation(record: &Record) -> bool {
    let mut sims: BTreeMap<u8, BTreeSet<&Imsi>> = BTreeMap::new();
    for claim in record.claims.iter().filter(|claim| claim.is_exposed()) {
        sims.entry(claim.generation).or_default().insert(&claim.identity.imsi);
    }
    record.parts_count() < 2 || sims.values().all(|sims| sims.len() <= 1)
}

fn index_rules(queue: &Queue, slot: Slot, record: &Record) -> [(bool, &'static str); 6] {
    let now = queue.now;
    let overdue = queue.timers.first().is_some_and(|(at, _)| *at <= now);
    let lane = record.indexed.lane.and_then(|lane| queue.lanes.key(lane)).cloned();
    let wake = record.indexed.wake;
    let shelf = record.indexed.shelf;
    let shelved = shelf.is_some_and(|(shown, _)| shown == record.state()) == record.is_on_shelf();
    let settled = record.ended.is_some_and(|ended| queue.settled.contains(&(ended, slot)));
    [
        (record.indexed.shown == Some(record.state()), "its state was shown"),
        (overdue || lane == record.lane_key(now), "it waits in its lane"),
        (overdue || wake == record.wake(now), "its next moment is known"),
        (wake.is_none_or(|at| queue.timers.contains(&(at, slot))), "its next moment is in the index"),
        (
            shelved && shelf.is_none_or(|place| queue.shelf.contains(place, slot)),
            "it is on the shelf if it waits for a word",
        ),
        (settled == record.is_final(), "it is among the final ones if it is final"),
    ]
}

fn check_indexes(queue: &Queue) -> Result<(), Violation> {
    let mut counts: BTreeMap<MessageState, u64> = BTreeMap::new();
    let mut routes = BTreeMap::new();
    for (_, record) in queue.messages.iter() {
        *counts.entry(record.state()).or_insert(0) += 1;
        if !record.is_final() {
            *routes.entry(record.route.clone()).or_insert(0) += 1;
        }
    }
    let records = || queue.messages();
    let claims: usize = records().map(|record| record.claims.len()).sum();
    let registrations: usize = queue.sessions.values().map(|session| session.registrations.len()).sum();
    let rules = [
        (counts == queue.counts, "the counters count"),
        (routes == queue.routes, "the routes in use are counted"),
        (claims == queue.epochs.len(), "an epoch belongs to a claim that is kept"),
        (
            queue.settled.len() == records().filter(|r| r.is_final()).count(),
            "only final messages are settled",
        ),
        (
            queue.timers.len() == records().filter(|r| r.indexed.wake.is_some()).count(),
            "a timer has a message",
        ),
        (
            queue.shelf.len() == records().filter(|r| r.indexed.shelf.is_some()).count(),
            "on the shelf are only messages that wait for a word",
        ),
        (
            queue.dead_letters() == queue.in_state(MessageState::Failed).count() as u64,
            "dead letters are counted",
        ),
        (lanes_agree(queue), "a lane holds what waits in it"),
        (queue.sims.len() == queue.registrations.len(), "a SIM has one registration"),
        (registrations == queue.registrations.len(), "a registration has a session [8]"),
        (queue.sims_gone.keys().all(|imsi| !queue.sims.contains_key(imsi)), "a registered SIM is not gone"),
        (queue.free.iter().all(|(_, id)| queue.registrations.contains_key(id)), "a free modem is registered"),
        (queue.keys.is_consistent(), "the idempotency keys agree"),
        (queue.messages.is_consistent(), "ids and slots agree"),
    ];
    first(&rules, |rule| Violation::Index { rule })
}

fn lanes_agree(queue: &Queue) -> bool {
    let mut waiting = 0;
    let agree = queue.lanes.iter().all(|(lane, _, messages)| {
        waiting += messages.len();
        !messages.is_empty()
            && messages.iter().all(|(class, place, slot)| {
                queue.messages.get(*slot).is_some_and(|record| {
                    record.indexed.lane == Some(lane)
                        && record.priority == *class
                        && record.place == Some(*place)
                })
            })
    });
    agree && waiting == queue.messages().filter(|record| record.indexed.lane.is_some()).count()
}

/// No free modem is left that could serve a waiting message, unless the work of the last command was cut short.
fn check_matched(queue: &Queue) -> Result<(), Violation> {
    let free = queue.free.iter().filter_map(|(_, id)| queue.registrations.get(id));
    for modem in free.filter(|_| queue.stalled.is_empty()) {
        if queue.lanes.iter().any(|(_, key, _)| key.is_served_by(modem)) {
            let rule = "a free modem serves no waiting message";
            return Err(Violation::Modem { registration: modem.id, rule });
        }
    }
    Ok(())
}

fn first(
    rules: &[(bool, &'static str)],
    violation: impl Fn(&'static str) -> Violation,
) -> Result<(), Violation> {
    rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(violation(rule)))
}
