//! What the host can ask of the engine; one procedure at a time.

use std::time::Duration;

use crate::model::{Attempt, UncertainPolicy};

use super::{Expectation, Memory, PinPlan, PlaceCall, ProcedureKind, Rung, Slot};

/// A piece of dialogue with a beginning and an end. It ends with the event named here, or with
/// [`super::Event::Failed`] where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Procedure {
    /// The full configuration, needed after every open and every reset; ends with
    /// [`super::Event::Initialised`] or [`super::Event::InitialiseFailed`].
    Initialise {
        /// How to unlock the SIM.
        pin: PinPlan,
        /// How long to read before the first command; the host asks for the rest of the quiet time when a
        /// part of an earlier life of the process may still be on its way. Zero otherwise.
        quiet: Duration,
        /// Whether the resets of the profile's `check_sim` are said before the SIM is looked at.
        resets_sim: bool,
    },
    /// Signal, registration, operator; ends with [`super::Event::Surveyed`].
    Survey,
    /// One SMS-SUBMIT; ends with [`super::Event::SendEnded`], then, unless the engine is idle at once, with
    /// [`super::Event::Quiesced`] or [`super::Event::NeedsReopen`].
    SendPart(SendPart),
    /// One voice call; ends with [`super::Event::SendEnded`] once it was hung up, then as `SendPart` does.
    Call(PlaceCall),
    /// All messages of one memory; ends with [`super::Event::Listed`].
    List {
        /// The memory to select and to list.
        memory: Memory,
    },
    /// The message in one slot; ends with [`super::Event::Read`].
    Read {
        /// The slot.
        slot: Slot,
    },
    /// Frees one slot, never more; ends with [`super::Event::Deleted`].
    Delete {
        /// The slot.
        slot: Slot,
        /// The PDU the slot must still hold, in hex: it is read again and compared first.
        only_if: Option<String>,
    },
    /// One command of the host's own, for instance a USSD request or hanging up; ends with
    /// [`super::Event::Answered`].
    Ask {
        /// The command without its CR. Anything that could end or extend it is refused.
        line: String,
        /// What ends its answer instead of a final result; an error ends it all the same.
        expects: Option<Expectation>,
        /// How long to wait for the end of the answer.
        patience: Duration,
    },
    /// The profile's `stop` command, after which the port is to be closed; needs no configured modem. It ends with the
    /// engine idle, and with [`super::Event::OwnRefused`] when the modem does not accept it.
    Stop,
    /// ESC, AT, echo off, verify; ends with [`super::Event::Quiesced`] or [`super::Event::NeedsReopen`].
    Resynchronise,
    /// One rung of the reset ladder; ends with [`super::Event::ResetEnded`] or [`super::Event::NeedsReopen`].
    Reset(Rung),
}

/// One part to put on the air.
#[derive(Clone, PartialEq, Eq)]
pub struct SendPart {
    /// The attempt every event about this part will name.
    pub attempt: Attempt,
    /// Length of the TPDU in octets, without the service centre address: the number in `AT+CMGS=`.
    pub tpdu_length: u16,
    /// Service centre address, unless the profile has bare PDUs, and TPDU in hex.
    pub pdu_hex: String,
    /// What the message's owner wants when nobody knows. Under `hold` and `fail` the network causes that
    /// some firmware also uses for its own timer count as uncertain, not as refused.
    pub policy: UncertainPolicy,
    /// The part was uncertain before and is sent again with TP-RD: `+CMS ERROR: 197` then proves that the
    /// earlier copy was accepted.
    pub resend: bool,
}

impl Procedure {
    /// Which procedure it is.
    pub fn kind(&self) -> ProcedureKind {
        match self {
            Procedure::Initialise { .. } => ProcedureKind::Initialise,
            Procedure::Survey => ProcedureKind::Survey,
            Procedure::SendPart(_) => ProcedureKind::SendPart,
            Procedure::Call(_) => ProcedureKind::Call,
            Procedure::List { .. } => ProcedureKind::List,
            Procedure::Read { .. } => ProcedureKind::Read,
            Procedure::Delete { .. } => ProcedureKind::Delete,
            Procedure::Ask { .. } => ProcedureKind::Ask,
            Procedure::Stop => ProcedureKind::Stop,
            Procedure::Resynchronise => ProcedureKind::Resynchronise,
            Procedure::Reset(_) => ProcedureKind::Reset,
        }
    }
}

impl std::fmt::Debug for SendPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SendPart({}, {} octets)", self.attempt, self.tpdu_length)
    }
}
