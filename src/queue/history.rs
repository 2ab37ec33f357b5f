//! How a message came to where it is: one step for each change of its state.
//!
//! A step says what [`Event::Changed`] said at that moment, so that a list of past events and the history of a
//! message are the same facts. The first step is made from the record, the others are kept.

use serde::{Deserialize, Serialize};

use super::claim::{AttemptRecord, AttemptState, Claim, Source};
use super::record::{Record, Stage, is_default};
use super::{Event, StateCause, Verdict};
use crate::model::{MessageState, Name, NodeId, Position, Timestamp};

/// Most steps a message keeps besides its first; the oldest leave.
const STEPS_MAX: usize = 48;

/// One change of a message's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The state it moved to.
    pub state: MessageState,
    /// The node that had or has the claim the step is about; none when it is about no claim.
    #[serde(default, skip_serializing_if = "is_default")]
    pub node: Option<NodeId>,
    /// The modem of that claim.
    #[serde(default, skip_serializing_if = "is_default")]
    pub modem: Option<Name>,
    /// Why, when there is more to say than the state.
    #[serde(default, skip_serializing_if = "is_default")]
    pub why: Option<StateCause>,
}

impl Record {
    /// Every change of its state, the oldest first. Of a message that moved more than 48 times the steps after
    /// the first are gone as far as they are older than the last 48.
    pub fn history(&self) -> Vec<Step> {
        let why = match self.stage {
            Stage::Rejected(reason) => Some(StateCause::Rejected(reason)),
            Stage::Queued
            | Stage::Claimed
            | Stage::Uncertain
            | Stage::Sent
            | Stage::Failed(_)
            | Stage::Expired
            | Stage::Canceled => None,
        };
        let first = Step { at: self.accepted, state: self.accepted_as, node: None, modem: None, why };
        std::iter::once(first).chain(self.steps.iter().cloned()).collect()
    }

    /// The state has changed: writes the step down and gives the event that tells of it.
    pub(super) fn step(
        &mut self,
        from: Option<MessageState>,
        at: Timestamp,
        position: Position,
        moved: Option<StateCause>,
    ) -> Event {
        let state = self.state();
        let owner = self.owner(state, from);
        let (node, modem) = owner.map_or((None, None), |(node, modem)| (Some(node), Some(modem)));
        let why = self.why().or(moved.filter(|_| state == MessageState::Queued));
        let event = Event::Changed {
            message: self.id,
            from,
            to: state,
            position,
            at,
            node,
            modem: modem.clone(),
            why,
        };
        if from.is_none() {
            self.accepted_as = state;
            return event;
        }
        if self.steps.len() >= STEPS_MAX {
            self.steps.remove(0);
        }
        self.steps.push(Step { at, state, node, modem, why });
        event
    }

    /// Whose claim the change is about.
    fn owner(&self, state: MessageState, from: Option<MessageState>) -> Option<(NodeId, Name)> {
        let of_claim = |claim: &Claim| (claim.node, claim.modem.clone());
        let of_attempt = |(claim, _): (&Claim, &AttemptRecord)| of_claim(claim);
        match state {
            MessageState::Claimed | MessageState::Sending => self.open_claim().map(of_claim),
            MessageState::Uncertain => self.last_in(AttemptState::Uncertain).map(of_attempt),
            MessageState::Sent | MessageState::Delivered | MessageState::Undelivered => {
                self.last_in(AttemptState::Sent).map(of_attempt)
            }
            MessageState::Scheduled
            | MessageState::Queued
            | MessageState::Failed
            | MessageState::Expired
            | MessageState::Canceled
            | MessageState::Rejected => {
                let had_claim = from.is_some_and(has_claim);
                let last = self.steps.last().filter(|_| had_claim)?;
                Some((last.node?, last.modem.clone()?))
            }
        }
    }

    /// The attempt of this generation that came to this state last, with its claim.
    fn last_in(&self, state: AttemptState) -> Option<(&Claim, &AttemptRecord)> {
        let all = self.current_claims().flat_map(|claim| claim.attempts.iter().map(move |a| (claim, a)));
        let found = all.filter(|(_, attempt)| attempt.state == state);
        found.max_by_key(|(claim, attempt)| (attempt.ended, claim.epoch))
    }

    /// Why it is in this state, as far as the record tells by itself.
    fn why(&self) -> Option<StateCause> {
        match self.stage {
            Stage::Failed(failure) => Some(StateCause::Failed(failure)),
            Stage::Rejected(reason) => Some(StateCause::Rejected(reason)),
            Stage::Expired => Some(StateCause::Deadline),
            Stage::Canceled => Some(StateCause::Canceled),
            Stage::Uncertain => self.last_in(AttemptState::Uncertain)?.1.failing.map(StateCause::Attempt),
            Stage::Sent => match self.last_in(AttemptState::Sent)?.1.source? {
                Source::Modem => None,
                Source::LateEvidence => Some(StateCause::Evidence),
                Source::Operator => Some(StateCause::Resolved(Verdict::Sent)),
            },
            Stage::Queued | Stage::Claimed => None,
        }
    }
}

fn has_claim(state: MessageState) -> bool {
    match state {
        MessageState::Claimed | MessageState::Sending | MessageState::Uncertain => true,
        MessageState::Scheduled
        | MessageState::Queued
        | MessageState::Sent
        | MessageState::Delivered
        | MessageState::Undelivered
        | MessageState::Failed
        | MessageState::Expired
        | MessageState::Canceled
        | MessageState::Rejected => false,
    }
}
