//! The form of a log entry: a list of commands that every later version can read.
//!
//! ```text
//! entry    format (1 octet) | number of commands (4) | commands
//! command  kind (2) | version (1) | flags (1) | now (8) | length of client (1) | client
//!          | length of body (4) | body: CBOR, a map with field names
//! ```
//!
//! Numbers are big-endian. Flag bit 0 says "must understand": a node that does not know the kind or the version
//! stops, because its state would differ from the others'. Without it the command is skipped. Fields a reader
//! does not know are ignored; fields added later have defaults.

mod body;

pub(super) use body::{read as read_body, write as write_body};

use super::Command;
use crate::model::{Name, Timestamp};

/// The form described here.
const FORMAT: u8 = 1;
/// The first version of every kind.
const VERSION: u8 = 1;
/// That of a kind of which some commands say what an earlier reader must not overlook.
const VERSION_2: u8 = 2;
/// Flag bit 0.
const MUST_UNDERSTAND: u8 = 1;
/// Octets of an entry before its commands.
const ENTRY_HEADER_OCTETS: usize = 5;
/// Octets of a command besides client and body.
const COMMAND_OCTETS_MIN: usize = 17;
/// What most commands stay below: a message of two parts.
const COMMAND_OCTETS_USUAL: usize = 768;
/// Octets of a command before its `now`.
const NOW_OFFSET: usize = 4;

/// One command as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A command to apply.
    Command(Command),
    /// A command of a later version that may be skipped: it takes its position and has no effect.
    Skipped {
        /// Its kind.
        kind: u16,
        /// Its version.
        version: u8,
    },
}

/// Why an entry cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The entry has another form than any this version knows.
    #[error("log entry has format {found}, known is {FORMAT}")]
    Format {
        /// Format found.
        found: u8,
    },
    /// The entry ends inside something.
    #[error("log entry ends at octet {at}, {wanted} more wanted there")]
    Truncated {
        /// Where the missing octets should begin.
        at: usize,
        /// How many are wanted.
        wanted: usize,
    },
    /// Octets after the last command.
    #[error("{octets} octets follow the last command of the log entry")]
    Trailing {
        /// How many.
        octets: usize,
    },
    /// A command this version does not know and must not skip: the node stops.
    #[error("command {offset} is of kind {kind} version {version}, which this version does not know")]
    Unknown {
        /// Its place in the entry, from 0.
        offset: u32,
        /// Its kind.
        kind: u16,
        /// Its version.
        version: u8,
    },
    /// A client that has no name.
    #[error("the client of command {offset} has no legal name")]
    Client {
        /// The command's place in the entry, from 0.
        offset: u32,
    },
    /// A body that is not what its kind says.
    #[error("the body of command {offset} is no command of kind {kind}: {fault}")]
    Body {
        /// The command's place in the entry, from 0.
        offset: u32,
        /// Its kind.
        kind: u16,
        /// What is wrong with it.
        fault: String,
    },
}

/// Writes commands as one entry.
pub fn encode_entry(commands: &[Command]) -> Vec<u8> {
    let count = u32::try_from(commands.len()).unwrap_or(u32::MAX);
    debug_assert!(count < u32::MAX, "an entry holds fewer commands than its counter");
    let mut entry = Vec::with_capacity(commands.len() * COMMAND_OCTETS_USUAL);
    entry.push(FORMAT);
    entry.extend(count.to_be_bytes());
    for command in commands {
        encode_command(command, &mut entry);
    }
    entry
}

/// Reads the commands of an entry. Never panics, and allocates no more than a small multiple of the entry.
pub fn decode_entry(entry: &[u8]) -> Result<Vec<Decoded>, CodecError> {
    let mut reader = Reader { entry, at: 0 };
    let count = reader.header()?;
    let mut commands = Vec::with_capacity((count as usize).min(entry.len() / COMMAND_OCTETS_MIN));
    for offset in 0..count {
        commands.push(reader.command(offset)?);
    }
    match entry.len() - reader.at {
        0 => Ok(commands),
        octets => Err(CodecError::Trailing { octets }),
    }
}

/// Writes the leader's calendar time into every command of an entry that a node has put together.
pub fn stamp(entry: &mut [u8], now: Timestamp) -> Result<(), CodecError> {
    let mut reader = Reader { entry, at: 0 };
    let count = reader.header()?;
    let mut places = Vec::with_capacity((count as usize).min(entry.len() / COMMAND_OCTETS_MIN));
    for _ in 0..count {
        places.push(reader.at + NOW_OFFSET);
        reader.frame()?;
    }
    for at in places {
        if let Some(field) = entry.get_mut(at..at + size_of::<u64>()) {
            field.copy_from_slice(&now.as_unix_millis().to_be_bytes());
        }
    }
    Ok(())
}

fn encode_command(command: &Command, entry: &mut Vec<u8>) {
    let client = command.client.as_str().as_bytes();
    entry.extend(body::kind(&command.body).to_be_bytes());
    entry.extend([body::version(&command.body), MUST_UNDERSTAND]);
    entry.extend(command.now.as_unix_millis().to_be_bytes());
    entry.push(u8::try_from(client.len()).expect("a name has at most 64 octets"));
    entry.extend(client);
    let length_at = entry.len();
    entry.extend([0; size_of::<u32>()]);
    body::encode(&command.body, entry);
    let length =
        u32::try_from(entry.len() - length_at - size_of::<u32>()).expect("a body is bounded by its fields");
    if let Some(field) = entry.get_mut(length_at..length_at + size_of::<u32>()) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// The octets of one command, taken apart.
struct Frame<'a> {
    kind: u16,
    version: u8,
    flags: u8,
    now: u64,
    client: &'a [u8],
    body: &'a [u8],
}

struct Reader<'a> {
    entry: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<u32, CodecError> {
        debug_assert!(self.at == 0);
        let [format, a, b, c, d] = self.array::<ENTRY_HEADER_OCTETS>()?;
        match format {
            FORMAT => Ok(u32::from_be_bytes([a, b, c, d])),
            found => Err(CodecError::Format { found }),
        }
    }

    fn command(&mut self, offset: u32) -> Result<Decoded, CodecError> {
        let Frame { kind, version, flags, now, client, body } = self.frame()?;
        if !body::is_known(kind, version) {
            return match flags & MUST_UNDERSTAND {
                0 => Ok(Decoded::Skipped { kind, version }),
                _ => Err(CodecError::Unknown { offset, kind, version }),
            };
        }
        let client = std::str::from_utf8(client).ok().and_then(|client| Name::new(client).ok());
        let client = client.ok_or(CodecError::Client { offset })?;
        let body = body::decode(kind, body).map_err(|fault| CodecError::Body { offset, kind, fault })?;
        Ok(Decoded::Command(Command { client, now: Timestamp::from_unix_millis(now), body }))
    }

    fn frame(&mut self) -> Result<Frame<'a>, CodecError> {
        let kind = u16::from_be_bytes(self.array()?);
        let [version, flags] = self.array()?;
        let now = u64::from_be_bytes(self.array()?);
        let [client] = self.array()?;
        let client = self.take(usize::from(client))?;
        let body = u32::from_be_bytes(self.array()?);
        let body = self.take(body as usize)?;
        Ok(Frame { kind, version, flags, now, client, body })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let octets = self.take(N)?;
        Ok(octets.try_into().expect("take() gives as many octets as asked for"))
    }

    fn take(&mut self, octets: usize) -> Result<&'a [u8], CodecError> {
        let rest = self.entry.get(self.at..).unwrap_or_default();
        let taken = rest
            .get(..octets)
            .ok_or(CodecError::Truncated { at: self.entry.len(), wanted: octets - rest.len().min(octets) })?;
        self.at += octets;
        Ok(taken)
    }
}
