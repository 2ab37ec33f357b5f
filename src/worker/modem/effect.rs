//! What the worker wants done, and what an operator should hear about it.

use std::time::Duration;

use super::Answer;
use crate::at::{InitialiseFailure, OwnCommand, PduEcho, Rung, SendEnd, Survey};
use crate::model::{
    Attempt, CallEnd, Cause, Doubt, Epoch, MessageId, ModemIdentity, Name, NodeId, NotWrittenReason,
    PartOutcome, Refusal,
};
use crate::queue::Body;

/// One thing to do. Where an answer is named the worker goes on when it comes, never before.
#[derive(Debug)]
pub enum Effect {
    /// Find out by a linearizable read who holds the modem; answered by `handle_looked_up` once what the read saw is
    /// applied here, else by `handle_look_up_failed`.
    LookUp,
    /// Open the port; answered by `handle_opened` or `handle_port_failed`.
    OpenPort,
    /// Close the port. Not answered.
    ClosePort,
    /// The port the modem had is closed and may be another modem's; answered by `handle_arrived` once the one it moves to
    /// is free.
    LeavePort,
    /// Write these bytes to the modem, whole, before the next effect is taken. Not answered; a failure is
    /// `handle_port_failed`.
    Write(Vec<u8>),
    /// Propose this command and repeat it unchanged until it is answered by `handle_reply`.
    Propose(Body),
    /// Make this outcome durable in the outbox; answered by `handle_recorded`.
    Record {
        /// The attempt it is about.
        attempt: Attempt,
        /// What became of it.
        outcome: PartOutcome,
    },
    /// The outcome is in the log: the outbox may forget it. Not answered.
    Forget {
        /// The attempt.
        attempt: Attempt,
    },
    /// Write down durably that the PIN is about to be tried; answered by `handle_pin_marked`. It may come again before
    /// it was answered; one answer is enough then.
    MarkPin,
    /// The PIN unlocked the SIM, or was not used after all: the mark may go. Carried out before the next effect, so that
    /// it takes no later mark away. Not answered.
    UnmarkPin,
    /// What became of the question of `handle_question`. Not answered.
    Answer(Answer),
    /// Tell the operator. Not answered.
    Notify(Notice),
    /// A masked line of the dialogue, for the trace. Not answered.
    Trace(String),
}

/// News of one modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The modem answers, its SIM is ready and the log knows it.
    Ready {
        /// Device and SIM.
        identity: ModemIdentity,
    },
    /// The modem cannot be set up.
    SetUpFailed {
        /// Why.
        failure: InitialiseFailure,
        /// Whether it helps to wait; otherwise a person has to do something.
        passing: bool,
    },
    /// The operator's check of the SIM was answered with an error.
    SimNotReady {
        /// How often so far.
        tries: u32,
        /// The number the modem gave, if any.
        cause: Option<Cause>,
        /// After how long it is looked at again; none when that was the last retry.
        again: Option<Duration>,
    },
    /// The SIM was not ready at the last retry either: it is looked at once in a while, and nothing is tried any more.
    SimGivenUp {
        /// How often it was not ready.
        tries: u32,
    },
    /// Another node holds this modem or SIM.
    HeldElsewhere {
        /// The node.
        node: NodeId,
    },
    /// The log holds as many modems as it can; asked again after a while.
    NotRegistered,
    /// Another port of this node leads to the same modem.
    SameIdentity {
        /// The modem as it is named at that port.
        other: Name,
    },
    /// The modem is not registered with a network: it takes no messages.
    NoNetwork,
    /// Signal and registration, as they are now.
    Surveyed(Survey),
    /// The network took a part.
    Sent {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: Attempt,
        /// TP-MR.
        message_reference: u8,
        /// From `AT+CMGS` to the answer.
        took: Duration,
    },
    /// A voice call was made.
    Called {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: Attempt,
        /// How it ended.
        end: CallEnd,
        /// From dialling until it was hung up.
        took: Duration,
    },
    /// A part was certainly not sent.
    Refused {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: Attempt,
        /// Why.
        refusal: Refusal,
    },
    /// Nobody knows whether a part was sent.
    Uncertain {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: Attempt,
        /// Why.
        doubt: Doubt,
    },
    /// What came back of the PDU of an attempt.
    PduEchoed {
        /// The attempt.
        attempt: Attempt,
        /// What came back.
        echo: PduEcho,
    },
    /// A started part was certainly never written.
    NotWritten {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: Attempt,
        /// Why.
        reason: NotWrittenReason,
        /// What the modem said instead of the prompt, if it gave a number.
        cause: Option<Cause>,
    },
    /// The answer to an uncertain part came late.
    LateAnswer {
        /// The attempt.
        attempt: Attempt,
        /// What it says.
        outcome: PartOutcome,
    },
    /// Too many failures in a row: no messages for a while.
    Blocked {
        /// For how long.
        lasts: Duration,
        /// How the last attempt ended.
        end: SendEnd,
    },
    /// As many messages were sent as may be.
    LimitReached {
        /// How many.
        messages: u32,
    },
    /// Messages are counted anew.
    CountCleared {
        /// How many there were.
        messages: u32,
    },
    /// The modem did not accept a command of the operator's; it is used all the same.
    OwnRefused {
        /// Which.
        command: OwnCommand,
        /// The number it gave, if any.
        cause: Option<Cause>,
    },
    /// The modem does not answer as it should; this is tried.
    Resetting {
        /// The rung of the reset ladder.
        rung: Rung,
    },
    /// A claim was lost before anything was written.
    ClaimLost {
        /// The claim.
        epoch: Epoch,
    },
    /// The port was lost while it was open.
    PortLost {
        /// The message a part of which was being sent.
        sending: Option<MessageId>,
    },
    /// The modem is suspended: everything is given back, the port is closed.
    Suspended {
        /// The operator's words; may be empty.
        reason: String,
    },
    /// The modem is taken into use again.
    Resumed,
    /// The modem is taken into use for one round; it stays suspended.
    SuspensionBroken,
    /// The worker has given everything back and closed the port.
    Stopped,
}
