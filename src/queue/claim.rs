//! A claim on a message and the attempts made under it.
//!
//! ```text
//! none --Start--> in_flight --Outcome--> sent
//!                     |    \--Outcome, NotWritten--> not_aired
//!                     |
//!                     +--Outcome uncertain, session lost--> uncertain --resend granted--> released
//!                                                               \                            |
//!                                                                +------- evidence ----------+--> sent, not_aired
//! ```

use serde::{Deserialize, Serialize};

use super::record::is_default;
use crate::model::{
    Attempt, CallEnd, Doubt, Epoch, MessageId, ModemIdentity, Name, NodeId, NotWrittenReason, PartNumber,
    Refusal, RegistrationId, SessionId, Timestamp,
};

/// Where one attempt stands. `Sent` and `NotAired` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AttemptState {
    /// Not started, or so long over that nothing is known of it.
    None,
    /// Started; its owner may be writing it.
    InFlight,
    /// Nobody knows whether it was sent.
    Uncertain,
    /// Nobody knows whether it was sent, and it may be sent again.
    Released,
    /// The network took it.
    Sent,
    /// It certainly never left.
    NotAired,
}

/// Who said what became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// The modem, while the part was in flight.
    Modem,
    /// The modem or its node, after the part had become uncertain.
    LateEvidence,
    /// A person.
    Operator,
}

/// Why an attempt is not known to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Failing {
    /// The modem or the network said no.
    Refused(Refusal),
    /// It was never handed over.
    NotWritten(NotWrittenReason),
    /// Nobody knows.
    Doubt(Doubt),
}

/// One try to put one part on the air.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The part.
    pub part: PartNumber,
    /// Where it stands.
    pub state: AttemptState,
    /// Whether it has ever been uncertain; never taken back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub was_uncertain: bool,
    /// When it was started.
    pub started: Timestamp,
    /// When its state was last said; none while it is in flight.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ended: Option<Timestamp>,
    /// TP-MR, once sent, when the modem said it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub message_reference: Option<u8>,
    /// Service centre time stamp, when the modem returned one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service_centre_time: Option<Timestamp>,
    /// How it ended, when it was a call and somebody heard.
    #[serde(default, skip_serializing_if = "is_default")]
    pub call: Option<CallEnd>,
    /// Why it is not known to be sent: the last word on it before it was.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failing: Option<Failing>,
    /// Who said what became of it; none while it is in flight, and when its node was lost.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source: Option<Source>,
}

/// The exclusive right of one modem under one session to a message, open or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its number.
    pub epoch: Epoch,
    /// The message.
    pub message: MessageId,
    /// The modem's registration.
    pub registration: RegistrationId,
    /// The session of its node.
    pub session: SessionId,
    /// That node.
    pub node: NodeId,
    /// Device and SIM.
    pub identity: ModemIdentity,
    /// The modem's name.
    pub modem: Name,
    /// The generation of the message it sends.
    pub generation: u8,
    /// Whether parts may still be started under it.
    pub open: bool,
    /// The parts started under it, in that order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts: Vec<AttemptRecord>,
}

impl AttemptState {
    /// Whether the part may have left the modem.
    pub const fn is_exposed(self) -> bool {
        match self {
            AttemptState::InFlight
            | AttemptState::Uncertain
            | AttemptState::Released
            | AttemptState::Sent => true,
            AttemptState::None | AttemptState::NotAired => false,
        }
    }

    /// Whether nobody knows what became of it, and evidence may still say so.
    pub const fn is_doubtful(self) -> bool {
        match self {
            AttemptState::Uncertain | AttemptState::Released => true,
            AttemptState::None | AttemptState::InFlight | AttemptState::Sent | AttemptState::NotAired => {
                false
            }
        }
    }
}

impl AttemptRecord {
    /// An attempt that starts now.
    pub(super) fn started(part: PartNumber, now: Timestamp) -> AttemptRecord {
        AttemptRecord {
            part,
            state: AttemptState::InFlight,
            was_uncertain: false,
            started: now,
            ended: None,
            message_reference: None,
            service_centre_time: None,
            call: None,
            failing: None,
            source: None,
        }
    }

    /// In flight, and now nobody knows.
    pub(super) fn doubt(&mut self, doubt: Doubt, source: Option<Source>, now: Timestamp) {
        debug_assert!(self.state == AttemptState::InFlight, "only a part in flight becomes uncertain");
        self.state = AttemptState::Uncertain;
        self.was_uncertain = true;
        self.failing = Some(Failing::Doubt(doubt));
        self.source = source;
        self.ended = Some(now);
    }

    /// Sent, whoever said so.
    pub(super) fn sent(
        &mut self,
        reference: Option<u8>,
        centre: Option<Timestamp>,
        source: Source,
        now: Timestamp,
    ) {
        debug_assert!(self.state == AttemptState::InFlight || self.state.is_doubtful());
        self.state = AttemptState::Sent;
        self.message_reference = reference;
        self.service_centre_time = centre;
        self.source = Some(source);
        self.ended = Some(now);
    }

    /// A call that was made.
    pub(super) fn called(&mut self, end: CallEnd, source: Source, now: Timestamp) {
        self.sent(None, None, source, now);
        self.call = Some(end);
    }

    /// Certainly never left.
    pub(super) fn not_aired(&mut self, failing: Failing, source: Source, now: Timestamp) {
        debug_assert!(self.state == AttemptState::InFlight || self.state.is_doubtful());
        self.state = AttemptState::NotAired;
        self.failing = Some(failing);
        self.source = Some(source);
        self.ended = Some(now);
    }
}

impl Claim {
    /// The key of one of its attempts.
    pub fn attempt(&self, part: PartNumber) -> Attempt {
        Attempt { epoch: self.epoch, part }
    }

    /// What is known of the attempt at `part`.
    pub fn state(&self, part: PartNumber) -> AttemptState {
        self.record(part).map_or(AttemptState::None, |attempt| attempt.state)
    }

    /// The attempt at `part`.
    pub fn record(&self, part: PartNumber) -> Option<&AttemptRecord> {
        self.attempts.iter().find(|attempt| attempt.part == part)
    }

    /// The part in flight, if any.
    pub fn in_flight(&self) -> Option<PartNumber> {
        self.attempts
            .iter()
            .find(|attempt| attempt.state == AttemptState::InFlight)
            .map(|attempt| attempt.part)
    }

    pub(super) fn record_mut(&mut self, part: PartNumber) -> Option<&mut AttemptRecord> {
        self.attempts.iter_mut().find(|attempt| attempt.part == part)
    }
}
