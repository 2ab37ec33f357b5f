//! The state of the queue and what may be asked of it without changing it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::arena::Slot;
use super::claim::{AttemptState, Claim};
use super::keys::Keys;
use super::lane::{LaneId, LaneKey, Lanes};
use super::modem::{Node, Registration, Session};
use super::record::{Record, Stage, WaitingFor};
use super::records::Records;
use super::shelf::Shelf;
use super::{Event, Policy, Route, StateCause};
use crate::model::{
    Attempt, Epoch, Imsi, MessageId, MessageState, ModemIdentity, Name, NodeId, Position, RegistrationId,
    SessionId, Timestamp,
};

/// The replicated state machine: every message that is not final, the recent final ones, and who may send them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Queue {
    pub(super) policy: Policy,
    /// The latest calendar time of any command.
    pub(super) now: Timestamp,
    pub(super) last_session: SessionId,
    pub(super) last_registration: RegistrationId,
    pub(super) last_epoch: Epoch,
    pub(super) last_order: u64,
    pub(super) last_armed: u64,
    /// Messages that have left memory so far.
    pub(super) forgotten: u64,

    pub(super) nodes: BTreeMap<NodeId, Node>,
    /// Live sessions only: a number that is not here is over.
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) registrations: BTreeMap<RegistrationId, Registration>,
    pub(super) messages: Records,
    pub(super) keys: Keys,
    /// Names of modems that get nothing new.
    pub(super) blocked: BTreeSet<Name>,
    /// Modems whose last answer was a fault of their own.
    pub(super) faulty: BTreeSet<ModemIdentity>,

    /// Which message a claim belongs to, for every claim its record keeps.
    pub(super) epochs: BTreeMap<Epoch, Slot>,
    /// The live registration of each SIM.
    pub(super) sims: BTreeMap<Imsi, RegistrationId>,
    /// Since when a SIM is not registered.
    pub(super) sims_gone: BTreeMap<Imsi, Timestamp>,
    /// Armed modems without a claim that are not blocked, the longest idle first.
    pub(super) free: BTreeSet<(u64, RegistrationId)>,
    pub(super) lanes: Lanes,
    /// Lanes whose matching was cut short by the bound on work per command.
    pub(super) stalled: BTreeSet<LaneId>,
    /// When time alone changes a message.
    pub(super) timers: BTreeSet<(Timestamp, Slot)>,
    /// Final messages, the oldest ended first.
    pub(super) settled: BTreeSet<(Timestamp, Slot)>,
    /// Messages that wait for a person's word.
    pub(super) shelf: Shelf,
    /// How many messages that are not final ask for each route.
    pub(super) routes: BTreeMap<Route, u32>,
    pub(super) counts: BTreeMap<MessageState, u64>,

    /// Lanes and modems looked at by matching so far; a measure, no part of the state.
    #[serde(skip)]
    pub(super) match_steps: u64,
}

/// What one command does besides changing state, and how much it may still do.
pub(super) struct Effects<'a> {
    pub(super) position: Position,
    pub(super) events: &'a mut Vec<Event>,
    /// Lanes a message has entered.
    pub(super) lanes: BTreeSet<LaneId>,
    /// Why the message that is settled next is queued again, if it is.
    pub(super) moved: Option<StateCause>,
    /// Modems that have become free.
    pub(super) freed: Vec<RegistrationId>,
    /// The modem whose next claim is started with it.
    pub(super) starting: Option<RegistrationId>,
    /// How many messages time may still change in this command.
    pub(super) budget: u32,
}

impl Queue {
    /// An empty queue under this policy.
    pub fn new(policy: Policy) -> Queue {
        Queue { policy, ..Queue::default() }
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The latest calendar time of any command.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What is known of a message, unless it has left memory.
    pub fn message(&self, id: MessageId) -> Option<&Record> {
        self.messages.get(self.messages.find(id)?)
    }

    /// The message as it is now, which stays so whatever is applied later. It is copied only when it changes while
    /// somebody holds it.
    pub fn picture(&self, id: MessageId) -> Option<Arc<Record>> {
        self.messages.shared(self.messages.find(id)?).cloned()
    }

    /// Every message in memory, by id.
    pub fn messages(&self) -> impl Iterator<Item = &Record> {
        self.messages.iter().map(|(_, record)| record)
    }

    /// Every message in memory with an id above `after`, by id.
    pub fn messages_after(&self, after: Option<MessageId>) -> impl Iterator<Item = &Record> {
        self.messages.after(after)
    }

    /// How many messages have left memory so far.
    pub fn forgotten_count(&self) -> u64 {
        self.forgotten
    }

    /// A live registration.
    pub fn registration(&self, id: RegistrationId) -> Option<&Registration> {
        self.registrations.get(&id)
    }

    /// Every live registration.
    pub fn registrations(&self) -> impl Iterator<Item = &Registration> {
        self.registrations.values()
    }

    /// The live registration of the modem with this SIM.
    pub fn registration_of_sim(&self, imsi: &Imsi) -> Option<&Registration> {
        self.sims.get(imsi).and_then(|id| self.registrations.get(id))
    }

    /// The node whose live session has this modem or its SIM: a port that leads to it stays closed elsewhere.
    pub fn holder(&self, identity: &ModemIdentity) -> Option<NodeId> {
        let registration = self.registration_of_sim(&identity.imsi)?;
        self.sessions.get(&registration.session).map(|session| session.node)
    }

    /// A claim, open or over, as long as its message keeps it.
    pub fn claim(&self, epoch: Epoch) -> Option<&Claim> {
        self.messages.get(*self.epochs.get(&epoch)?)?.claim_of(epoch)
    }

    /// What is remembered of a node; none when it never had a session.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Every node that ever had a session, by id.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// Every live registration with the node of its session.
    pub fn modems(&self) -> impl Iterator<Item = (NodeId, &Registration)> {
        self.registrations.values().filter_map(|modem| Some((self.session_by_id(modem.session)?.node, modem)))
    }

    /// The live session of a node.
    pub fn session(&self, node: NodeId) -> Option<&Session> {
        self.nodes.get(&node).and_then(|node| node.session).and_then(|id| self.sessions.get(&id))
    }

    /// A live session by its number.
    pub fn session_by_id(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// Every live session.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// The open claims of a session's modems.
    pub fn claims_of(&self, session: SessionId) -> impl Iterator<Item = &Claim> {
        let registrations = self.sessions.get(&session).into_iter().flat_map(Session::registrations);
        registrations.filter_map(|id| self.claim(self.registrations.get(&id)?.claim?))
    }

    /// What is known of an attempt.
    pub fn attempt(&self, attempt: Attempt) -> AttemptState {
        self.claim(attempt.epoch).map_or(AttemptState::None, |claim| claim.state(attempt.part))
    }

    /// Whether the modem of this name gets nothing new.
    pub fn is_blocked(&self, modem: &Name) -> bool {
        self.blocked.contains(modem)
    }

    /// How many messages in memory are in each state.
    pub fn counts(&self) -> &BTreeMap<MessageState, u64> {
        &self.counts
    }

    /// The messages in one state. Those that wait for a person's word are the least recently changed first:
    /// `Uncertain`, and `Failed` without those a person has discarded; `Claimed` and `Sending` cost as much as there
    /// are modems. For every other state all messages are looked at.
    pub fn in_state(&self, state: MessageState) -> Box<dyn Iterator<Item = &Record> + '_> {
        match state {
            MessageState::Uncertain | MessageState::Failed => {
                Box::new(self.shelf.slots(state).filter_map(|slot| self.messages.get(slot)))
            }
            MessageState::Claimed | MessageState::Sending => {
                let claims = self.registrations.values().filter_map(|modem| self.claim(modem.claim?));
                let records = claims.filter_map(|claim| self.message(claim.message));
                Box::new(records.filter(move |record| record.state() == state))
            }
            MessageState::Scheduled
            | MessageState::Queued
            | MessageState::Sent
            | MessageState::Delivered
            | MessageState::Undelivered
            | MessageState::Expired
            | MessageState::Canceled
            | MessageState::Rejected => Box::new(self.messages().filter(move |r| r.state() == state)),
        }
    }

    /// Since when the message waits that waits longest for a modem, its schedule and retries aside.
    pub fn oldest_waiting(&self) -> Option<Timestamp> {
        self.lanes.oldest()
    }

    /// Messages that ended before this moment need not be kept in the history on disk.
    pub fn history_horizon(&self) -> Timestamp {
        self.now - self.policy.history_retention
    }

    /// How many idempotency keys are remembered.
    pub fn keys_count(&self) -> u32 {
        self.keys.count()
    }

    /// When the next `Tick` has something to do; in the past when one is overdue.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let stalled = (!self.stalled.is_empty()).then_some(self.now);
        let timer = self.timers.first().map(|(at, _)| *at);
        [stalled, timer, self.next_forgotten(), self.keys.next_expiry(self.policy.keys_retention)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lanes and modems looked at by matching since this replica started.
    pub fn match_steps(&self) -> u64 {
        self.match_steps
    }

    /// What a message waits for; none when it does not wait.
    pub fn waiting_for(&self, id: MessageId) -> Option<WaitingFor> {
        let record = self.message(id)?;
        match record.stage {
            Stage::Queued => Some(self.queued_for(record)),
            Stage::Uncertain => Some(record.evidence_until.map_or(WaitingFor::Verdict, WaitingFor::Evidence)),
            Stage::Claimed
            | Stage::Sent
            | Stage::Failed(_)
            | Stage::Expired
            | Stage::Canceled
            | Stage::Rejected(_) => None,
        }
    }

    /// When the next final message is to leave memory by age.
    pub(super) fn next_forgotten(&self) -> Option<Timestamp> {
        self.settled.first().map(|(ended, _)| *ended + self.policy.retention)
    }

    fn queued_for(&self, record: &Record) -> WaitingFor {
        if record.held {
            return WaitingFor::Person;
        }
        if record.not_before > self.now {
            let due = record.not_before;
            return if record.is_scheduled() { WaitingFor::Schedule(due) } else { WaitingFor::Retry(due) };
        }
        if let Some(imsi) = record.pin().filter(|imsi| !self.sims.contains_key(*imsi)) {
            return WaitingFor::Sim(imsi.clone());
        }
        let key = record.lane_key(self.now).unwrap_or_default();
        let serves = |key: &LaneKey| self.registrations.values().any(|modem| key.is_served_by(modem));
        match &record.avoid {
            _ if serves(&key) => WaitingFor::Modem,
            Some(avoid) if serves(&LaneKey { avoid: None, ..key }) => WaitingFor::OtherModem(avoid.until),
            Some(_) | None => WaitingFor::Route,
        }
    }
}
