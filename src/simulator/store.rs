//! The memories of messages: slots that are read, listed and deleted by their index (TS 27.005 section 3.2.2).

use std::fmt;

/// Most slots of a memory.
pub(super) const SLOTS_MAX: u16 = 255;
/// The index of the first slot.
const INDEX_MIN: u16 = 1;

/// The two memories of a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// The SIM: it goes where the card goes.
    Sim,
    /// The device.
    Device,
}

impl Memory {
    /// The memory that `+CPMS` calls so.
    pub(super) fn named(name: &str) -> Option<Memory> {
        match name {
            "SM" => Some(Memory::Sim),
            "ME" => Some(Memory::Device),
            _ => None,
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Memory::Sim => "SM",
            Memory::Device => "ME",
        })
    }
}

/// A message in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Whether it was read or listed.
    pub(super) read: bool,
    /// Service centre address and TPDU.
    pub(super) pdu: Vec<u8>,
}

impl Stored {
    /// Octets of the TPDU, the service centre address not counted.
    pub(super) fn tpdu_octets(&self) -> usize {
        tpdu_octets(&self.pdu)
    }

    /// `<stat>` in PDU mode: 0 received unread, 1 received read.
    pub(super) fn stat(&self) -> u8 {
        u8::from(self.read)
    }
}

/// Octets of the TPDU behind the service centre address of `pdu`.
pub(super) fn tpdu_octets(pdu: &[u8]) -> usize {
    let service_centre = pdu.first().map_or(0, |length| usize::from(*length) + 1);
    pdu.len().saturating_sub(service_centre)
}

/// One memory.
#[derive(Clone, Debug)]
pub(super) struct Store {
    slots: Vec<Option<Stored>>,
}

impl Store {
    /// An empty memory of `slots` slots.
    pub(super) fn new(slots: u16) -> Store {
        Store { slots: vec![None; usize::from(slots)] }
    }

    /// Slots in all.
    pub(super) fn total(&self) -> usize {
        self.slots.len()
    }

    /// Slots that hold a message.
    pub(super) fn used(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Puts a message into the first free slot and returns its index, or none when there is no free slot.
    pub(super) fn put(&mut self, pdu: Vec<u8>) -> Option<u16> {
        let free = self.slots.iter().position(Option::is_none)?;
        *self.slots.get_mut(free)? = Some(Stored { read: false, pdu });
        u16::try_from(free).ok().map(|free| free + INDEX_MIN)
    }

    /// Whether a slot has this index.
    pub(super) fn has(&self, index: u16) -> bool {
        index >= INDEX_MIN && usize::from(index - INDEX_MIN) < self.slots.len()
    }

    /// The message in slot `index`.
    pub(super) fn get_mut(&mut self, index: u16) -> Option<&mut Stored> {
        let slot = usize::from(index.checked_sub(INDEX_MIN)?);
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Empties slot `index`.
    pub(super) fn delete(&mut self, index: u16) {
        let slot = index.checked_sub(INDEX_MIN).map(usize::from);
        if let Some(slot) = slot.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = None;
        }
    }

    /// Empties every slot whose message was read; with `unread` the others too.
    pub(super) fn delete_all(&mut self, unread: bool) {
        for slot in &mut self.slots {
            if slot.as_ref().is_some_and(|stored| stored.read || unread) {
                *slot = None;
            }
        }
    }

    /// The messages with their indexes, in order.
    pub(super) fn messages(&mut self) -> impl Iterator<Item = (u16, &mut Stored)> {
        let indexed = (INDEX_MIN..).zip(&mut self.slots);
        indexed.filter_map(|(index, slot)| slot.as_mut().map(|stored| (index, stored)))
    }
}
