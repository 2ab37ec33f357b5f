//! What local listeners are told. Events only wake: whoever acts reads the applied state.

use super::{StateCause, Verdict};
use crate::model::{
    Epoch, MessageId, MessageState, Name, NodeId, PartNumber, Position, RegistrationId, SessionId, Timestamp,
};

/// A fact that became true while a command was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A modem has got a message.
    Claimed {
        /// The modem's registration.
        registration: RegistrationId,
        /// The session of its node.
        session: SessionId,
        /// The new claim.
        epoch: Epoch,
        /// The message.
        message: MessageId,
    },
    /// A claim has ended; the modem is not ready until it says so again, or said so in the same command.
    Unarmed {
        /// The modem's registration.
        registration: RegistrationId,
        /// The session of its node.
        session: SessionId,
        /// The claim that ended.
        epoch: Epoch,
    },
    /// A message moved.
    Changed {
        /// The message.
        message: MessageId,
        /// From which state; none when it is new.
        from: Option<MessageState>,
        /// To which state.
        to: MessageState,
        /// The command that moved it.
        position: Position,
        /// When.
        at: Timestamp,
        /// The node of the claim this is about; none when it is about no claim.
        node: Option<NodeId>,
        /// The modem of that claim.
        modem: Option<Name>,
        /// Why, when there is more to say than the state.
        why: Option<StateCause>,
    },
    /// A message is as it was before to everybody's eyes, but something that is known of it may have changed: for
    /// whoever keeps records.
    Revised {
        /// The message.
        message: MessageId,
    },
    /// A modem is registered.
    ModemRegistered {
        /// Its registration.
        registration: RegistrationId,
        /// The session of its node.
        session: SessionId,
    },
    /// A registration is over.
    ModemUnregistered {
        /// The registration.
        registration: RegistrationId,
        /// The session it belonged to.
        session: SessionId,
    },
    /// A node has a session.
    SessionStarted {
        /// The session.
        session: SessionId,
        /// Its node.
        node: NodeId,
    },
    /// A session is over, with all its registrations and claims.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// Its node.
        node: NodeId,
    },
    /// A person has said what became of an uncertain part: for the audit.
    Resolved {
        /// The message.
        message: MessageId,
        /// The part.
        part: PartNumber,
        /// What the person said.
        verdict: Verdict,
        /// Who said it.
        client: Name,
    },
    /// A person had a message that was given up sent again: for the audit.
    Retried {
        /// The message.
        message: MessageId,
        /// Its generation from now on.
        generation: u8,
        /// Who had it sent again.
        client: Name,
    },
    /// A person has acknowledged that a message failed: for the audit.
    Discarded {
        /// The message.
        message: MessageId,
        /// Who did.
        client: Name,
    },
    /// A settled message has left memory.
    Forgotten {
        /// The message.
        message: MessageId,
    },
}
