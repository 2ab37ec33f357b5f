//! What is known of one message.

use serde::{Deserialize, Serialize};

use super::claim::{AttemptRecord, AttemptState, Claim, Failing};
use super::history::Step;
use super::lane::{LaneId, LaneKey, Place};
use super::modem::Registration;
use super::shelf::ShelfPlace;
use super::{IdempotencyKey, Rejection, Route, Verdict};
use crate::model::{
    Attempt, Content, Epoch, Imsi, MessageId, MessageState, ModemIdentity, Name, Origin, PartNumber,
    Position, Priority, Refusal, Timestamp, UncertainPolicy,
};

/// A message with its parts, claims and attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: MessageId,
    /// Who brought it.
    pub client: Name,
    /// The client's name for the request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key: Option<IdempotencyKey>,
    /// What to send to whom.
    pub content: Content,
    /// The way it came in.
    pub origin: Origin,
    /// Its class when accepted; waiting lifts it.
    pub priority: Priority,
    /// What becomes of it when nobody knows whether a part was sent.
    pub uncertain: UncertainPolicy,
    /// Which modems may carry it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub route: Route,
    /// Not after this moment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deadline: Option<Timestamp>,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// Where in the log it was accepted.
    pub accepted_at: Position,
    /// The state it was accepted in.
    pub accepted_as: MessageState,
    /// When its state changed last.
    pub changed: Timestamp,
    /// The command that changed its state last: its version.
    pub changed_at: Position,
    /// A copy may arrive twice: something was sent again without proof that it had not been sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub possible_duplicate: bool,
    /// Temporary refusals so far.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refusals: u8,
    /// Modem faults so far that count against it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub faults: u8,
    /// Automatic resends left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resends_left: u8,
    /// How often it was started again as a whole, from 0. Parts are sent and missing within a generation.
    #[serde(default, skip_serializing_if = "is_default")]
    pub generation: u8,
    /// A person keeps it from the modems.
    #[serde(default, skip_serializing_if = "is_default")]
    pub held: bool,
    /// A person has seen that it failed, and leaves it so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub discarded: bool,
    /// The open claim.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claim: Option<Epoch>,

    pub(super) digest: super::Digest,
    pub(super) stage: Stage,
    /// Not matched before: the schedule at first, later the next retry.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) not_before: Timestamp,
    /// Refusals allowed, from the message or from policy.
    pub(super) attempts_max: u8,
    /// All modem faults, whether they count or not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) faults_seen: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) avoid: Option<Box<Avoid>>,
    /// Its place in the order of waiting messages; none before its first moment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) place: Option<Place>,
    /// End of the evidence window of an uncertain message; none under `hold`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) evidence_until: Option<Timestamp>,
    /// Next look at whether the SIM it is pinned to is still there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) pin_check: Option<Timestamp>,
    /// Since when that SIM is missing, as far as a look has shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) pin_lost: Option<Timestamp>,
    /// Every open claim, and the closed ones under which something was started; by epoch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) claims: Vec<Claim>,
    /// Changes of its state after the first, the oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) steps: Vec<Step>,
    /// When it became final.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) ended: Option<Timestamp>,
    /// What the indexes hold of it: kept here so that they are changed without a search.
    pub(super) indexed: Indexed,
}

/// A record as the indexes have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Indexed {
    /// The state its counters and listeners have seen.
    pub(super) shown: Option<MessageState>,
    /// The lane it waits in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) lane: Option<LaneId>,
    /// Its entry in the timer index.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) wake: Option<Timestamp>,
    /// Its entry among the messages that wait for a person's word.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) shelf: Option<ShelfPlace>,
}

/// Where a message stands, before exposure and schedule are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    Queued,
    Claimed,
    Uncertain,
    Sent,
    Failed(Failure),
    Expired,
    Canceled,
    Rejected(Rejection),
}

/// Why a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Failure {
    /// Nothing was sent: refused for good.
    Refused(Refusal),
    /// Nothing was sent: the last of its attempts was refused.
    AttemptsUsed(Refusal),
    /// Nothing was sent: it was there each time a modem went wrong.
    Poison,
    /// Some parts were sent, the others were not.
    Partial,
    /// Nobody knows whether a part was sent. Late evidence may still make it sent.
    Uncertain,
}

/// Why a message is in its state, or moved to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateCause {
    /// Given up.
    Failed(Failure),
    /// Refused by policy.
    Rejected(Rejection),
    /// The last word on its last attempt.
    Attempt(Failing),
    /// Its modem or the session of its node was gone before a part was in flight.
    ModemGone,
    /// Its deadline passed before a part was started.
    Deadline,
    /// The evidence window was over, and its policy is to send again: a copy may arrive twice.
    Resend,
    /// The modem or its node said late what had become of the uncertain part.
    Evidence,
    /// A person said what had become of the uncertain part.
    Resolved(Verdict),
    /// A person, or the client, withdrew it.
    Canceled,
    /// A person keeps it from the modems.
    Held,
    /// A person had it sent again after it was given up.
    Retried,
}

/// What a waiting message waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// Its schedule.
    Schedule(Timestamp),
    /// The next retry.
    Retry(Timestamp),
    /// A person, to release it.
    Person,
    /// A person, to say what became of an uncertain part.
    Verdict,
    /// Evidence about an uncertain part, until this moment.
    Evidence(Timestamp),
    /// The SIM it has started on.
    Sim(Imsi),
    /// Another modem than the one that was at fault, or that one from this moment on.
    OtherModem(Timestamp),
    /// A registered modem that may carry it is busy or not ready.
    Modem,
    /// No registered modem may carry it.
    Route,
}

/// A modem a message stays away from for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Avoid {
    pub(super) modem: ModemIdentity,
    pub(super) until: Timestamp,
}

/// One part of a message with the attempt that says most about it.
#[derive(Clone, Copy, Debug)]
pub struct PartView<'a> {
    /// The part.
    pub number: PartNumber,
    /// Where it stands.
    pub state: AttemptState,
    /// The claim and the attempt that say so; none when nothing was started.
    pub attempt: Option<(&'a Claim, &'a AttemptRecord)>,
}

impl Record {
    /// The state people and programs see.
    pub fn state(&self) -> MessageState {
        match self.stage {
            Stage::Queued if self.is_scheduled() => MessageState::Scheduled,
            Stage::Queued => MessageState::Queued,
            Stage::Claimed if self.is_exposed() => MessageState::Sending,
            Stage::Claimed => MessageState::Claimed,
            Stage::Uncertain => MessageState::Uncertain,
            Stage::Sent => MessageState::Sent,
            Stage::Failed(_) => MessageState::Failed,
            Stage::Expired => MessageState::Expired,
            Stage::Canceled => MessageState::Canceled,
            Stage::Rejected(_) => MessageState::Rejected,
        }
    }

    /// Why it is in that state, when there is more to say than the state.
    pub fn cause(&self) -> Option<StateCause> {
        match self.stage {
            Stage::Failed(failure) => Some(StateCause::Failed(failure)),
            Stage::Rejected(reason) => Some(StateCause::Rejected(reason)),
            Stage::Queued | Stage::Claimed | Stage::Uncertain | Stage::Expired => {
                self.last_failing().map(StateCause::Attempt)
            }
            Stage::Sent | Stage::Canceled => None,
        }
    }

    /// Whether it waits for a person's word: uncertain, or failed and not discarded.
    pub(super) fn is_on_shelf(&self) -> bool {
        match self.stage {
            Stage::Uncertain => true,
            Stage::Failed(_) => !self.discarded,
            Stage::Queued
            | Stage::Claimed
            | Stage::Sent
            | Stage::Expired
            | Stage::Canceled
            | Stage::Rejected(_) => false,
        }
    }

    /// The number of parts; never 0.
    pub fn parts_count(&self) -> u8 {
        u8::try_from(self.content.parts.len()).unwrap_or(u8::MAX)
    }

    /// Its parts in order, each with the attempt of this generation that says most about it.
    pub fn parts(&self) -> impl Iterator<Item = PartView<'_>> {
        (1..=self.parts_count()).map(|number| self.part(PartNumber(number)))
    }

    /// Every claim under which something was started, and the open one, by epoch.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// Every attempt, by claim, then in the order of their starts.
    pub fn attempts(&self) -> impl Iterator<Item = (Attempt, &AttemptRecord)> {
        self.claims
            .iter()
            .flat_map(|claim| claim.attempts.iter().map(|attempt| (claim.attempt(attempt.part), attempt)))
    }

    /// Whether some attempt at the part, in this generation, is sent.
    pub fn is_part_sent(&self, part: PartNumber) -> bool {
        self.current_claims().any(|claim| claim.state(part) == AttemptState::Sent)
    }

    /// Whether all parts are sent in this generation.
    pub fn is_all_sent(&self) -> bool {
        (1..=self.parts_count()).all(|number| self.is_part_sent(PartNumber(number)))
    }

    /// The first part that is not sent.
    pub fn missing_part(&self) -> Option<PartNumber> {
        (1..=self.parts_count()).map(PartNumber).find(|part| !self.is_part_sent(*part))
    }

    /// Whether some part may have left a modem, in any generation.
    pub fn is_exposed(&self) -> bool {
        self.claims.iter().any(Claim::is_exposed)
    }

    /// The SIM that alone may send the rest of a message of several parts.
    pub fn pin(&self) -> Option<&Imsi> {
        if self.parts_count() < 2 {
            return None;
        }
        self.current_claims().find(|claim| claim.is_exposed()).map(|claim| &claim.identity.imsi)
    }

    /// Not matched before this moment: its schedule at first, later its next retry.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The modem it stays away from after a fault of that modem, and until when.
    pub fn avoids(&self) -> Option<(&ModemIdentity, Timestamp)> {
        self.avoid.as_ref().map(|avoid| (&avoid.modem, avoid.until))
    }

    /// When it became final.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// Accepted for later, and that moment has not come.
    pub fn is_scheduled(&self) -> bool {
        self.place.is_none() && matches!(self.stage, Stage::Queued)
    }

    pub(super) fn is_final(&self) -> bool {
        match self.stage {
            Stage::Queued | Stage::Claimed | Stage::Uncertain => false,
            Stage::Sent | Stage::Failed(_) | Stage::Expired | Stage::Canceled | Stage::Rejected(_) => true,
        }
    }

    /// Whether some attempt, in any generation, may still turn out sent.
    pub(super) fn is_doubtful(&self) -> bool {
        self.attempts().any(|(_, attempt)| attempt.state.is_doubtful())
    }

    /// Whether a part that is not sent has an uncertain attempt.
    pub(super) fn has_open_doubt(&self) -> bool {
        self.current_claims().any(|claim| {
            claim
                .attempts
                .iter()
                .any(|attempt| attempt.state == AttemptState::Uncertain && !self.is_part_sent(attempt.part))
        })
    }

    /// The lane it belongs in, if it may be matched at `now`.
    pub(super) fn lane_key(&self, now: Timestamp) -> Option<LaneKey> {
        let waits = self.stage == Stage::Queued && !self.held && self.not_before <= now;
        if !waits || self.is_past_deadline(now) {
            return None;
        }
        Some(LaneKey {
            modem: self.route.modem.clone(),
            pin: self.pin().cloned(),
            tags: self.route.tags.clone(),
            avoid: self.avoid.as_ref().map(|avoid| avoid.modem.clone()),
        })
    }

    /// Whether this modem may send the message at all, avoided for a while or not.
    pub(super) fn is_carried_by(&self, modem: &Registration) -> bool {
        let key =
            LaneKey { modem: self.route.modem.clone(), tags: self.route.tags.clone(), ..LaneKey::default() };
        key.is_served_by(modem)
    }

    /// The next moment at which time alone changes something.
    pub(super) fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        match self.stage {
            Stage::Queued => {
                let due = Some(self.not_before).filter(|due| *due > now);
                let rested = self.avoid.as_ref().map(|avoid| avoid.until);
                [due, rested, self.deadline, self.pin_check].into_iter().flatten().min()
            }
            Stage::Claimed => self.deadline.filter(|_| !self.is_exposed()),
            Stage::Uncertain => self.evidence_until,
            Stage::Sent | Stage::Failed(_) | Stage::Expired | Stage::Canceled | Stage::Rejected(_) => None,
        }
    }

    pub(super) fn is_past_deadline(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    pub(super) fn claim_of(&self, epoch: Epoch) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.epoch == epoch)
    }

    pub(super) fn claim_mut(&mut self, epoch: Epoch) -> Option<&mut Claim> {
        self.claims.iter_mut().find(|claim| claim.epoch == epoch)
    }

    pub(super) fn open_claim(&self) -> Option<&Claim> {
        self.claim.and_then(|epoch| self.claim_of(epoch))
    }

    pub(super) fn current_claims(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| claim.generation == self.generation)
    }

    fn part(&self, number: PartNumber) -> PartView<'_> {
        let attempt = self
            .current_claims()
            .filter_map(|claim| claim.record(number).map(|attempt| (claim, attempt)))
            .max_by_key(|(claim, attempt)| (certainty(attempt.state), claim.epoch));
        let state = attempt.map_or(AttemptState::None, |(_, attempt)| attempt.state);
        PartView { number, state, attempt }
    }

    fn last_failing(&self) -> Option<Failing> {
        let (_, attempt) = self.attempts().last()?;
        attempt.failing.filter(|_| attempt.state != AttemptState::Sent)
    }
}

impl Claim {
    /// Whether something under this claim may have left the modem.
    pub(super) fn is_exposed(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.state.is_exposed())
    }
}

/// How much an attempt in this state says about its part; the higher says more.
fn certainty(state: AttemptState) -> u8 {
    match state {
        AttemptState::None => 0,
        AttemptState::NotAired => 1,
        AttemptState::Released => 2,
        AttemptState::Uncertain => 3,
        AttemptState::InFlight => 4,
        AttemptState::Sent => 5,
    }
}

/// Whether a field need not be written: whoever reads the record finds the same value by itself.
pub(super) fn is_default<T: Default + PartialEq>(field: &T) -> bool {
    *field == T::default()
}
