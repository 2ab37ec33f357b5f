//! The message a modem works on: one claim, one part at a time.
//!
//! ```text
//!             Start: go, or the last
//!             Outcome started it     bytes may be written          answer, or none by the deadline
//!  Claimed ──────────────▶ Started ────────────────▶ OnWire ─────────────────▶ Answered ──▶ outbox ──▶ Outcome
//!     │ part_sent: next      │ lease, claim, SIM, port: no        │ no Ctrl-Z left              │ next started: Started
//!     │ closed: over         ▼                                    ▼                             ▼ else: over
//!     └───────────────▶ Forfeit ◀─────────────────────────────────┘
//!        port gone, drain    └── NotWritten: over
//! ```

use crate::model::{Attempt, Epoch, MessageId, NotWrittenReason, PartNumber, PartOutcome, Time};

/// How far one part of the claimed message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The claim is ours; `Start` is not committed.
    Claimed,
    /// `Start`, or the outcome before that started it, is committed; nothing is written.
    Started,
    /// The engine sends it.
    OnWire {
        /// When it was given to the engine.
        since: Time,
    },
    /// The engine said what became of it; not in the outbox yet.
    Answered(PartOutcome),
    /// In the outbox; `Outcome` is not applied.
    Recorded(PartOutcome),
    /// It will not be written; `NotWritten` is not applied.
    Forfeit(NotWrittenReason),
}

/// The claim at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) epoch: Epoch,
    pub(super) message: MessageId,
    pub(super) part: PartNumber,
    pub(super) phase: Phase,
}

impl Job {
    pub(super) fn attempt(&self) -> Attempt {
        Attempt { epoch: self.epoch, part: self.part }
    }

    /// Whether the engine may still put it on the air.
    pub(super) fn is_on_wire(&self) -> bool {
        match self.phase {
            Phase::OnWire { .. } => true,
            Phase::Claimed | Phase::Started | Phase::Answered(_) | Phase::Recorded(_) | Phase::Forfeit(_) => {
                false
            }
        }
    }
}
