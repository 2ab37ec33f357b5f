//! A frozen picture of the queue and its form on disk and wire.
//!
//! ```text
//! image   "SMSQ" (4) | format (1) | frames
//! frame   kind (1) | length of body (4) | body | CRC-32 (4) of everything so far, this frame's length and body included
//! frames  head | empty slots of messages ... | message ... | empty slots of keys ... | key ... | end
//! ```
//!
//! Numbers are big-endian. The head is what is not per message; a message and a key are their slot (4) and a CBOR map
//! with field names; empty slots are numbers of 4 octets, the one that is filled next first; the end counts messages
//! (4) and keys (4). Fields a reader does not know are ignored; fields added later have defaults.
//!
//! What can be computed from the rest is not written: each index is built again by [`Queue::restore`], so that an
//! image cannot contradict itself there. Slots, their empty chain and the numbers of lanes are written, because
//! replicas must agree on them for ever after.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

use super::Policy;
use super::arena::{Arena, Slot};
use super::codec::write_body;
use super::keys::Entry;
use super::lane::{LaneId, LaneKey};
use super::modem::{Node, Registration, Session};
use super::record::Record;
use super::state::Queue;
use crate::model::{Epoch, Imsi, ModemIdentity, Name, NodeId, RegistrationId, SessionId, Timestamp};

/// The first octets of an image.
pub(super) const MAGIC: [u8; 4] = *b"SMSQ";
/// The form described here.
pub(super) const FORMAT: u8 = 1;
/// Octets handed to the writer at once.
const BLOCK_OCTETS: usize = 1 << 16;
/// Empty slots of one frame.
const EMPTY_SLOTS_MAX: usize = 4096;

/// What a frame holds; in this order they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    Head = 1,
    EmptyMessages = 2,
    Message = 3,
    EmptyKeys = 4,
    Key = 5,
    End = 6,
}

impl Kind {
    /// Every kind, in order.
    pub(super) const ALL: [Kind; 6] =
        [Kind::Head, Kind::EmptyMessages, Kind::Message, Kind::EmptyKeys, Kind::Key, Kind::End];
}

/// A picture of the queue between two commands.
///
/// It shares messages and keys with the queue it was taken of: whatever the queue changes from then on, it copies
/// first. So an image costs little to take, and memory only for what has changed since.
#[derive(Clone, Debug)]
pub struct Image {
    head: Head,
    messages: Arena<Record>,
    keys: Arena<Entry>,
}

/// What an image keeps besides messages and keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    pub(super) last_session: SessionId,
    pub(super) last_registration: RegistrationId,
    pub(super) last_epoch: Epoch,
    pub(super) last_order: u64,
    pub(super) last_armed: u64,
    pub(super) forgotten: u64,
    pub(super) last_lane: LaneId,
    pub(super) lanes: Vec<(LaneId, LaneKey)>,
    pub(super) stalled: BTreeSet<LaneId>,
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) sessions: Vec<Session>,
    pub(super) registrations: Vec<Registration>,
    pub(super) blocked: BTreeSet<Name>,
    pub(super) faulty: BTreeSet<ModemIdentity>,
    pub(super) sims_gone: BTreeMap<Imsi, Timestamp>,
}

impl Queue {
    /// A picture of the state. Its work grows with nodes, modems and routes, and by a pointer for each 4,096 messages.
    pub fn image(&self) -> Image {
        let (last_lane, lanes) = self.lanes.keys();
        Image {
            head: Head {
                policy: self.policy.clone(),
                now: self.now,
                last_session: self.last_session,
                last_registration: self.last_registration,
                last_epoch: self.last_epoch,
                last_order: self.last_order,
                last_armed: self.last_armed,
                forgotten: self.forgotten,
                last_lane,
                lanes,
                stalled: self.stalled.clone(),
                nodes: self.nodes.clone(),
                sessions: self.sessions.values().cloned().collect(),
                registrations: self.registrations.values().cloned().collect(),
                blocked: self.blocked.clone(),
                faulty: self.faulty.clone(),
                sims_gone: self.sims_gone.clone(),
            },
            messages: self.messages.arena().clone(),
            keys: self.keys.arena().clone(),
        }
    }
}

impl Image {
    /// Writes the image, 64 KiB at a time. Equal states write equal octets.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut frames = Frames { out, block: Vec::with_capacity(BLOCK_OCTETS), crc: Hasher::new() };
        frames.block.extend(MAGIC);
        frames.block.push(FORMAT);
        frames.crc.update(&frames.block);
        frames.frame(Kind::Head, |body| write_body(&self.head, body))?;
        frames.empty(Kind::EmptyMessages, self.messages.empty())?;
        for (slot, record) in self.messages.iter() {
            frames.value(Kind::Message, slot, record)?;
        }
        frames.empty(Kind::EmptyKeys, self.keys.empty())?;
        for (slot, entry) in self.keys.iter() {
            frames.value(Kind::Key, slot, entry)?;
        }
        let counts = [self.messages.len(), self.keys.len()];
        frames.frame(Kind::End, |body| counts.iter().for_each(|count| body.extend(count.to_be_bytes())))?;
        frames.flush()
    }
}

struct Frames<'a> {
    out: &'a mut dyn io::Write,
    block: Vec<u8>,
    /// Of all octets so far but the checksums.
    crc: Hasher,
}

impl Frames<'_> {
    fn value<T: Serialize>(&mut self, kind: Kind, slot: Slot, value: &T) -> io::Result<()> {
        self.frame(kind, |body| {
            body.extend(slot.0.to_be_bytes());
            write_body(value, body);
        })
    }

    fn empty(&mut self, kind: Kind, mut slots: impl Iterator<Item = Slot>) -> io::Result<()> {
        loop {
            let some: Vec<Slot> = slots.by_ref().take(EMPTY_SLOTS_MAX).collect();
            if some.is_empty() {
                return Ok(());
            }
            self.frame(kind, |body| some.iter().for_each(|slot| body.extend(slot.0.to_be_bytes())))?;
        }
    }

    fn frame(&mut self, kind: Kind, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let start = self.block.len();
        self.block.push(kind as u8);
        self.block.extend([0; size_of::<u32>()]);
        let body = self.block.len();
        fill(&mut self.block);
        let length = u32::try_from(self.block.len() - body).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if let Some(field) = self.block.get_mut(start + 1..body) {
            field.copy_from_slice(&length.to_be_bytes());
        }
        self.crc.update(self.block.get(start..).unwrap_or_default());
        let crc = self.crc.clone().finalize();
        self.block.extend(crc.to_be_bytes());
        if self.block.len() >= BLOCK_OCTETS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}
