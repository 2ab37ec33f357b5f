//! What the engine tells the host.

use crate::model::{Attempt, Cause, NotWrittenReason, PartOutcome};

use super::{FinalResult, Listing, ModemFacts, Rung, Slot, StoredMessage, Survey, Urc};

/// One thing that happened, in the order it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The modem is configured; whether it is registered stands in the facts.
    Initialised(Box<ModemFacts>),
    /// The modem cannot be used as it is.
    InitialiseFailed(InitialiseFailure),
    /// The PIN is about to be used. The host writes down that this PIN was tried on this SIM, durably, and
    /// then calls `confirm_write`, which tells whether the question still stands; the mark is removed again
    /// at [`Event::PinAccepted`], and at nothing less: a SIM that is ready without it may be another one.
    PinToBeTried {
        /// Attempts left before this one, when the modem can tell.
        attempts_left: Option<u8>,
    },
    /// The PIN unlocked the SIM: it asked for one, the PIN was used, and the SIM was ready then.
    PinAccepted,
    /// The result of a survey.
    Surveyed(Survey),
    /// The last moment to say no: the modem waits for the PDU, and the engine for `confirm_write` or `abort`.
    PromptReached {
        /// The attempt.
        attempt: Attempt,
    },
    /// What came back of the PDU of an attempt; only when the profile asks for it.
    PduEchoed {
        /// The attempt.
        attempt: Attempt,
        /// What came back.
        echo: PduEcho,
    },
    /// An attempt ended. Unless the engine is idle now, it recovers and says when it is done.
    SendEnded {
        /// The attempt.
        attempt: Attempt,
        /// How it ended.
        end: SendEnd,
    },
    /// The answer of the attempt that was reported uncertain last: evidence, never a result of its own.
    LateAnswer {
        /// The attempt.
        attempt: Attempt,
        /// Sent or refused.
        outcome: PartOutcome,
    },
    /// The dialogue is in step again; another procedure may start.
    Quiesced,
    /// The content of one memory.
    Listed(Listing),
    /// The content of one slot.
    Read {
        /// The slot.
        slot: Slot,
        /// The message, or none when the slot is empty.
        message: Option<StoredMessage>,
    },
    /// The slot is free.
    Deleted {
        /// The slot.
        slot: Slot,
    },
    /// The answer to a command of the host's own.
    Answered {
        /// The lines before its end.
        lines: Vec<String>,
        /// How it ended.
        end: AnswerEnd,
    },
    /// The modem refused a command of the operator's that is sent for its effect alone, or did not answer it.
    OwnRefused {
        /// Which.
        command: OwnCommand,
        /// The number it gave, if any.
        cause: Option<Cause>,
    },
    /// A procedure ended without its result.
    Failed {
        /// Which.
        procedure: ProcedureKind,
        /// Why.
        failure: Failure,
    },
    /// A rung of the reset ladder did its work; the modem has to be initialised.
    ResetEnded(Rung),
    /// The dialogue cannot be brought in step: the port has to be closed and opened again.
    NeedsReopen,
    /// Only cutting the power helps: the host runs its power hook, then opens the port again.
    NeedsPowerCycle,
    /// Something the modem said unasked.
    Unsolicited(Urc),
    /// A line of the dialogue with everything secret or personal masked; only when the profile asks for it.
    Traced(String),
}

/// A command of the operator's that is sent for its effect alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnCommand {
    /// The profile's `start`.
    Start,
    /// The profile's `stop`.
    Stop,
}

/// What came back of a PDU while the echo was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PduEcho {
    /// The PDU.
    Whole,
    /// The PDU, with something before or behind it.
    Surrounded,
    /// Something else.
    Differs {
        /// The first character that is another, from 1.
        at: usize,
    },
    /// Nothing.
    Nothing,
}

impl PduEcho {
    /// What `line` is that came back of `pdu_hex`.
    pub(super) fn of(line: Option<&str>, pdu_hex: &str) -> PduEcho {
        let Some(line) = line else { return PduEcho::Nothing };
        if line == pdu_hex {
            return PduEcho::Whole;
        }
        if line.contains(pdu_hex) {
            return PduEcho::Surrounded;
        }
        let same = line.chars().zip(pdu_hex.chars()).take_while(|(back, sent)| back == sent).count();
        PduEcho::Differs { at: same + 1 }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendEnd {
    /// The PDU was handed over; this is what is certain.
    Outcome(PartOutcome),
    /// Certainly not written: Ctrl-Z never left.
    NotWritten {
        /// Why.
        reason: NotWrittenReason,
        /// What the modem said instead of the prompt, if it gave a number.
        cause: Option<Cause>,
    },
    /// `+CMS ERROR: 197` on a resend with TP-RD: the service centre holds the copy of an earlier attempt.
    /// This attempt was refused; the part was sent.
    EarlierCopyAccepted,
}

/// Why a modem cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitialiseFailure {
    /// No answer to AT.
    #[error("the modem does not answer AT")]
    Silent,
    /// A command went unanswered after others were answered.
    #[error("the modem does not answer {command}")]
    Mute {
        /// The command, masked, in one short line.
        command: String,
    },
    /// The SIM refused the PIN just now.
    #[error("the SIM refused the PIN")]
    PinWrong {
        /// Attempts left, when the modem can tell.
        attempts_left: Option<u8>,
    },
    /// This PIN was refused before, or its trial never ended: it is not used again.
    #[error("the PIN was tried before and is not tried again")]
    PinAlreadyTried {
        /// Attempts left, when the modem can tell.
        attempts_left: Option<u8>,
    },
    /// The SIM wants a PIN and none is configured.
    #[error("the SIM wants a PIN")]
    PinNeeded {
        /// Attempts left, when the modem can tell.
        attempts_left: Option<u8>,
    },
    /// A wrong try would lock the SIM.
    #[error("one PIN attempt is left and is not used")]
    PinLastAttempt,
    /// The host did not confirm the use of the PIN in time, or refused it.
    #[error("the use of the PIN was not confirmed")]
    PinNotConfirmed,
    /// The SIM wants its PUK.
    #[error("the SIM is locked and wants its PUK")]
    PukLocked,
    /// The device is locked to another SIM or network (`PH-...`).
    #[error("the device is locked: {lock}")]
    DeviceLocked {
        /// What `+CPIN?` said, masked, in one short line.
        lock: String,
    },
    /// No SIM.
    #[error("there is no SIM")]
    SimMissing,
    /// The operator's look at the SIM was answered with an error.
    #[error("the SIM is not ready")]
    SimNotReady {
        /// The number the modem gave, if any.
        cause: Option<Cause>,
    },
    /// The SIM stayed busy.
    #[error("the SIM stays busy")]
    SimBusy,
    /// The SIM is there and does not work.
    #[error("the SIM is faulty")]
    SimFault {
        /// What was said about it.
        cause: Cause,
    },
    /// A command that has to work was refused.
    #[error("the modem refused {command}")]
    Refused {
        /// The command, masked, in one short line.
        command: String,
        /// The number it gave, if any.
        cause: Option<Cause>,
    },
    /// Its SIM is not the one the profile names, or does not tell; no PIN was used.
    #[error("{}: {found}", other_identity(*is_hidden))]
    OtherIdentity {
        /// The IMSI, or the serial number of a modem that tells none.
        found: String,
        /// No IMSI was told, as by a SIM that wants its PIN first.
        is_hidden: bool,
    },
    /// The modem does not tell its serial number.
    #[error("the modem does not tell who it is")]
    NoIdentity,
    /// The port failed.
    #[error("the port was lost")]
    PortLost,
    /// The host gave up.
    #[error("the procedure was aborted")]
    Aborted,
}

fn other_identity(is_hidden: bool) -> &'static str {
    if is_hidden {
        "its SIM tells no IMSI, and the modem's serial number is not `identity`"
    } else {
        "it holds another SIM than that of `identity`"
    }
}

impl InitialiseFailure {
    /// PIN attempts left, when the failure is about the PIN and the modem can tell.
    pub fn attempts_left(&self) -> Option<u8> {
        match self {
            InitialiseFailure::PinWrong { attempts_left }
            | InitialiseFailure::PinAlreadyTried { attempts_left }
            | InitialiseFailure::PinNeeded { attempts_left } => *attempts_left,
            InitialiseFailure::PinLastAttempt => Some(1),
            InitialiseFailure::Silent
            | InitialiseFailure::Mute { .. }
            | InitialiseFailure::PinNotConfirmed
            | InitialiseFailure::PukLocked
            | InitialiseFailure::DeviceLocked { .. }
            | InitialiseFailure::SimMissing
            | InitialiseFailure::SimNotReady { .. }
            | InitialiseFailure::SimBusy
            | InitialiseFailure::SimFault { .. }
            | InitialiseFailure::Refused { .. }
            | InitialiseFailure::OtherIdentity { .. }
            | InitialiseFailure::NoIdentity
            | InitialiseFailure::PortLost
            | InitialiseFailure::Aborted => None,
        }
    }
}

/// Why a procedure ended without its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No final result until the deadline.
    #[error("the modem does not answer")]
    Silent,
    /// Refused, with the number given.
    #[error("the modem refused")]
    Refused(Option<Cause>),
    /// The slot holds another message than the one to be deleted.
    #[error("the slot holds another message")]
    Changed,
    /// The answer cannot be understood.
    #[error("the answer cannot be understood")]
    Malformed,
    /// The port failed.
    #[error("the port was lost")]
    PortLost,
    /// The host gave up.
    #[error("the procedure was aborted")]
    Aborted,
}

/// The name of a procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProcedureKind {
    /// `Procedure::Initialise`.
    Initialise,
    /// `Procedure::Survey`.
    Survey,
    /// `Procedure::SendPart`.
    SendPart,
    /// `Procedure::Call`.
    Call,
    /// `Procedure::List`.
    List,
    /// `Procedure::Read`.
    Read,
    /// `Procedure::Delete`.
    Delete,
    /// `Procedure::Ask`.
    Ask,
    /// `Procedure::Stop`.
    Stop,
    /// `Procedure::Resynchronise`.
    Resynchronise,
    /// `Procedure::Reset`.
    Reset,
}

/// What ended the answer to a command of the host's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerEnd {
    /// A final result.
    Result(FinalResult),
    /// Its lines hold what was expected of them. Where no final result is among them the engine is busy until the dialogue
    /// is in step again.
    Expected,
    /// Its time: what else would have come is not known. The engine is busy as before.
    Silence,
}
