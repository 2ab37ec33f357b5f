//! `Submit`: a message comes in, once.

use super::record::{Indexed, Record, Stage};
use super::state::{Effects, Queue};
use super::{Rejection, Reply, Route, Submit};
use crate::model::{Content, MessageId, MessageState, Name, Origin, Part, Payload, Timestamp};

/// Most tags a route asks for.
const ROUTE_TAGS_MAX: usize = 8;
/// Longest key of a spool journal, in octets.
const INTAKE_OCTETS_MAX: usize = 256;
/// Most septets or octets of one part: 160 septets fill 140 octets.
const PART_UNITS_MAX: usize = 160;
/// Longest user data header, in octets.
const HEADER_OCTETS_MAX: usize = 139;
/// Most automatic resends, whatever a message asks for: each leaves an attempt that is never forgotten.
const RESENDS_MAX: u8 = 8;

impl Queue {
    pub(super) fn submit(&mut self, client: &Name, submit: &Submit, effects: &mut Effects<'_>) -> Reply {
        if !is_well_formed(submit) {
            return Reply::Rejected { reason: Rejection::Malformed };
        }
        if let Some(reply) = self.known(client, submit) {
            return reply;
        }
        if !self.has_room(client, submit) {
            return Reply::Full;
        }
        self.take(client, submit, effects);
        self.standing(submit.id, false)
    }

    /// The answer to a request that was made before, under its key or its id.
    fn known(&self, client: &Name, submit: &Submit) -> Option<Reply> {
        if let Some(entry) = submit.key.as_ref().and_then(|key| self.keys.get(client, key)) {
            return Some(match entry.digest == submit.digest {
                true if self.messages.find(entry.id).is_some() => self.standing(entry.id, true),
                true => Reply::Accepted { id: entry.id, state: entry.state, replayed: true },
                false => Reply::KeyReused { id: entry.id },
            });
        }
        let record = self.message(submit.id)?;
        let same = record.client == *client && record.digest == submit.digest && record.key == submit.key;
        Some(if same { self.standing(submit.id, true) } else { Reply::KeyReused { id: submit.id } })
    }

    fn has_room(&mut self, client: &Name, submit: &Submit) -> bool {
        self.has_room_for(&submit.route)
            && self.messages.has_room()
            && (submit.key.is_none() || self.keys.make_room(client, &self.policy))
    }

    /// Whether one more message on this route may wait.
    pub(super) fn has_room_for(&self, route: &Route) -> bool {
        let living = self.messages.len().saturating_sub(self.settled.len());
        let routes = self.policy.routes_max as usize;
        living < self.policy.messages_max as usize
            && (self.routes.len() < routes || self.routes.contains_key(route))
    }

    fn take(&mut self, client: &Name, submit: &Submit, effects: &mut Effects<'_>) {
        let record = self.record(client, submit, effects);
        if let Some(key) = &submit.key {
            self.keys.insert(client, key.clone(), submit.id, submit.digest);
        }
        *self.routes.entry(submit.route.clone()).or_insert(0) += 1;
        if let Some(slot) = self.messages.insert(record) {
            self.settle(slot, effects);
        }
    }

    fn record(&self, client: &Name, submit: &Submit, effects: &Effects<'_>) -> Record {
        let too_many = submit.content.parts.len() > usize::from(self.policy.parts_max);
        let stage = if too_many { Stage::Rejected(Rejection::TooManyParts) } else { Stage::Queued };
        Record {
            id: submit.id,
            client: client.clone(),
            key: submit.key.clone(),
            content: submit.content.clone(),
            origin: submit.origin.clone(),
            priority: submit.priority,
            uncertain: submit.uncertain,
            route: submit.route.clone(),
            deadline: submit.deadline,
            accepted: self.now,
            accepted_at: effects.position,
            accepted_as: MessageState::Queued,
            changed: self.now,
            changed_at: effects.position,
            possible_duplicate: false,
            refusals: 0,
            faults: 0,
            resends_left: submit.resend_limit.0.min(RESENDS_MAX),
            generation: 0,
            held: false,
            discarded: false,
            claim: None,
            digest: submit.digest,
            stage,
            not_before: submit.not_before.unwrap_or(Timestamp::ZERO),
            attempts_max: submit.attempts_max.unwrap_or(self.policy.attempts_max).max(1),
            faults_seen: 0,
            avoid: None,
            place: None,
            evidence_until: None,
            pin_check: None,
            pin_lost: None,
            claims: Vec::new(),
            steps: Vec::new(),
            ended: None,
            indexed: Indexed::default(),
        }
    }

    /// The answer for a message in memory.
    fn standing(&self, id: MessageId, replayed: bool) -> Reply {
        match self.message(id).map(|record| (record.stage, record.state())) {
            Some((Stage::Rejected(reason), _)) => Reply::Rejected { reason },
            Some((_, state)) => Reply::Accepted { id, state, replayed },
            None => Reply::Accepted { id, state: MessageState::Queued, replayed },
        }
    }
}

/// Whether every field keeps the bounds of the standard and of the log.
fn is_well_formed(submit: &Submit) -> bool {
    let intake = match &submit.origin {
        Origin::Api => 0,
        Origin::Spool { node: _, intake } => intake.len(),
    };
    submit.route.tags.len() <= ROUTE_TAGS_MAX
        && intake <= INTAKE_OCTETS_MAX
        && has_legal_parts(&submit.content)
}

pub(super) fn has_legal_parts(content: &Content) -> bool {
    let numbered = content.parts.iter().zip(1..=u8::MAX).all(|(part, number)| part.number.0 == number);
    let fits = content.parts.iter().all(|part| {
        let (Payload::Septets(units) | Payload::Octets(units)) = &part.user_data.payload;
        units.len() <= PART_UNITS_MAX && part.user_data.header.len() <= HEADER_OCTETS_MAX
    });
    (1..=usize::from(u8::MAX)).contains(&content.parts.len()) && numbered && fits && has_legal_call(content)
}

/// A call has one part, and nothing in it that could be sent as an SMS.
fn has_legal_call(content: &Content) -> bool {
    let is_empty = |part: &Part| part.user_data.header.is_empty() && part.user_data.payload.units() == 0;
    content
        .call
        .as_ref()
        .is_none_or(|call| call.is_legal() && content.parts.len() == 1 && content.parts.iter().all(is_empty))
}
