//! The bodies of commands: which number stands for which, and their fields by name.
//!
//! The numbers and the field names are a disk format: they are never used for anything else.

use cbor4ii::core::dec::Read;
use cbor4ii::core::utils::{BufWriter, SliceReader};
use cbor4ii::serde::{Deserializer, Serializer};
use serde::{Deserialize, Serialize};

use super::{VERSION, VERSION_2};
use crate::model::{
    Attempt, MessageId, ModemIdentity, Name, NodeId, NotWrittenReason, OpenNumber, PartNumber, PartOutcome,
    Position, ReadyNumber, RegistrationId, SessionId, StartNumber,
};
use crate::queue::{Body, Policy, Rearm, Submit, Tags, Verdict};

const SUBMIT: u16 = 1;
const SET_POLICY: u16 = 17;
const TICK: u16 = 18;
/// The one with two versions: the second has preferences, which decide what is claimed.
const REGISTER_MODEM: u16 = 4;

/// The version a command is written in: the first, unless it says what a reader of the first would overlook.
pub(super) fn version(body: &Body) -> u8 {
    let prefers = matches!(body, Body::RegisterModem { prefers, .. } if !prefers.is_empty());
    if prefers { VERSION_2 } else { VERSION }
}

/// Commands whose fields stand in the command itself.
macro_rules! commands {
    ($($kind:literal $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),+ })+) => {
        /// The number of a command.
        pub(super) fn kind(body: &Body) -> u16 {
            match body {
                Body::Submit(_) => SUBMIT,
                $(Body::$name { .. } => $kind,)+
                Body::SetPolicy(_) => SET_POLICY,
                Body::Tick => TICK,
            }
        }

        /// Whether this version knows the number, and what it means in this version.
        pub(super) fn is_known(kind: u16, version: u8) -> bool {
            match version {
                VERSION => matches!(kind, SUBMIT | SET_POLICY | TICK $(| $kind)+),
                VERSION_2 => kind == REGISTER_MODEM,
                _ => false,
            }
        }

        /// Appends the fields of a command.
        pub(super) fn encode(body: &Body, to: &mut Vec<u8>) {
            match body {
                Body::Submit(submit) => write(submit.as_ref(), to),
                $(Body::$name { $($field),+ } => {
                    #[derive(Serialize)]
                    struct Fields<'a> {
                        $($(#[$meta])* $field: &'a $type),+
                    }
                    write(&Fields { $($field),+ }, to);
                })+
                Body::SetPolicy(policy) => write(policy, to),
                Body::Tick => write(&Nothing {}, to),
            }
        }

        /// Reads the fields of a command of a known kind.
        pub(super) fn decode(kind: u16, octets: &[u8]) -> Result<Body, String> {
            match kind {
                SUBMIT => read::<Submit>(octets).map(|submit| Body::Submit(Box::new(submit))),
                $($kind => {
                    #[derive(Deserialize)]
                    struct Fields {
                        $($(#[$meta])* $field: $type),+
                    }
                    read(octets).map(|Fields { $($field),+ }| Body::$name { $($field),+ })
                })+
                SET_POLICY => read::<Policy>(octets).map(Body::SetPolicy),
                TICK => read::<Nothing>(octets).map(|Nothing {}| Body::Tick),
                unknown => Err(format!("kind {unknown} is unknown")),
            }
        }
    };
}

commands! {
    2 RegisterSession { node: NodeId, start: StartNumber }
    3 ExpireSession { session: SessionId }
    4 RegisterModem {
        session: SessionId,
        open: OpenNumber,
        identity: ModemIdentity,
        name: Name,
        carries: Tags,
        #[serde(default, skip_serializing_if = "is_empty")]
        prefers: Vec<Name>
    }
    5 UnregisterModem { registration: RegistrationId, force: bool }
    6 Ready { registration: RegistrationId, seq: ReadyNumber }
    7 Withdraw { registration: RegistrationId, seq: ReadyNumber }
    8 Start { attempt: Attempt }
    9 Outcome { attempt: Attempt, outcome: PartOutcome, next: Option<PartNumber>, rearm: Option<Rearm> }
    10 NotWritten { attempt: Attempt, reason: NotWrittenReason }
    11 Resolve { message: MessageId, part: PartNumber, verdict: Verdict }
    12 Cancel { message: MessageId }
    13 Hold { message: MessageId }
    14 Release { message: MessageId }
    15 BlockModem { modem: Name }
    16 UnblockModem { modem: Name }
    19 Retry { message: MessageId, generation: u8 }
    20 Discard { message: MessageId, generation: u8 }
    21 Told { node: NodeId, up_to: Position }
}

fn is_empty(names: &impl AsRef<[Name]>) -> bool {
    names.as_ref().is_empty()
}

/// A command without fields: still a map, so that it can get some.
#[derive(Serialize, Deserialize)]
struct Nothing {}

/// Appends `fields` in CBOR.
pub(in crate::queue) fn write<T: Serialize>(fields: &T, to: &mut Vec<u8>) {
    let mut serializer = Serializer::new(BufWriter::new(std::mem::take(to)));
    fields.serialize(&mut serializer).expect("every field says its length, and a vector takes all octets");
    *to = serializer.into_inner().into_inner();
}

/// Reads what [`write()`] wrote, and nothing after it.
pub(in crate::queue) fn read<'a, T: Deserialize<'a>>(octets: &'a [u8]) -> Result<T, String> {
    let mut deserializer = Deserializer::new(SliceReader::new(octets));
    let fields = T::deserialize(&mut deserializer).map_err(|fault| fault.to_string())?;
    let rest = deserializer.into_inner().fill(1).map(|rest| rest.as_ref().len());
    if matches!(rest, Ok(0)) { Ok(fields) } else { Err("octets follow the fields".to_owned()) }
}
