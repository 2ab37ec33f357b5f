//! The shared vocabulary of every room: identities, addresses, messages, outcomes, time.
//!
//! `model` knows no other module. It holds no behaviour beyond what keeps its values legal.

mod address;
mod alphabet;
mod call;
mod id;
mod identity;
mod message;
mod mode;
mod outcome;
mod part;
mod state;
mod time;

pub use address::{Address, AddressError, NumberingPlan, TypeOfNumber};
pub use alphabet::{Alphabet, Language};
pub use call::{Call, CallEnd, is_tone};
pub use id::{
    Attempt, Epoch, MessageId, MessageIdError, NodeId, OpenNumber, PartNumber, Position, ReadyNumber,
    RegistrationId, SessionId, StartNumber,
};
pub use identity::{DigitsError, Imei, Imsi, ModemIdentity, Name, NameError};
pub use message::{
    Content, MessageClass, Origin, Priority, ProtocolIdentifier, ResendLimit, SendOptions, UncertainPolicy,
    ValidityPeriod,
};
pub use mode::Mode;
pub use outcome::{Cause, Disposition, Doubt, NotWrittenReason, PartOutcome, Refusal};
pub use part::{Part, Payload, UserData};
pub use state::MessageState;
pub use time::{Time, Timestamp};
