//! Memories, slots and what is found in them (TS 27.005 section 3.2.3).

use std::fmt;

/// Octets of service centre address at the front of a stored PDU are counted by its first octet.
const HEX_DIGITS_PER_OCTET: usize = 2;

/// A message memory, by its two letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory([u8; 2]);

/// One place in one memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The memory.
    pub memory: Memory,
    /// The modem's number for the place; some count from 0, others from 1.
    pub index: u16,
}

/// A message as the modem keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Where.
    pub slot: Slot,
    /// 0 received unread, 1 received read, 2 stored unsent, 3 stored sent.
    pub status: u8,
    /// Octets of TPDU the modem promised.
    pub tpdu_length: u16,
    /// Service centre address and TPDU in hex, as the modem gave them.
    pub pdu_hex: String,
}

/// The content of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The memory.
    pub memory: Memory,
    /// Slots taken, as `+CPMS` counts them.
    pub used: Option<u16>,
    /// Slots there are.
    pub capacity: Option<u16>,
    /// What was found, in the modem's order.
    pub messages: Vec<StoredMessage>,
    /// Whether everything was seen; if not, the next listing shows the rest.
    pub complete: bool,
}

impl Memory {
    /// The SIM.
    pub const SM: Memory = Memory(*b"SM");
    /// The device.
    pub const ME: Memory = Memory(*b"ME");
    /// SIM and device together.
    pub const MT: Memory = Memory(*b"MT");
    /// Status reports.
    pub const SR: Memory = Memory(*b"SR");
    /// Broadcast messages.
    pub const BM: Memory = Memory(*b"BM");

    /// The memory with these two capital letters.
    pub fn new(letters: &str) -> Option<Memory> {
        let letters: [u8; 2] = letters.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Memory(letters))
    }
}

impl StoredMessage {
    /// Whether the PDU has as many octets as the modem promised.
    pub fn is_whole(&self) -> bool {
        is_whole(&self.pdu_hex, self.tpdu_length)
    }
}

/// Whether a PDU in hex has its service centre address and `tpdu_length` octets more.
pub(super) fn is_whole(pdu_hex: &str, tpdu_length: u16) -> bool {
    let Some(centre) = pdu_hex.get(..HEX_DIGITS_PER_OCTET) else { return false };
    let Ok(centre_octets) = usize::from_str_radix(centre, 16) else { return false };
    let promised = 1 + centre_octets + usize::from(tpdu_length);
    pdu_hex.len() == HEX_DIGITS_PER_OCTET * promised
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.memory, self.index)
    }
}

impl fmt::Debug for StoredMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredMessage({}, status {}, {} octets)", self.slot, self.status, self.tpdu_length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdu_shorter_than_promised_is_not_whole() {
        let slot = Slot { memory: Memory::SM, index: 1 };
        let stored =
            |hex: &str| StoredMessage { slot, status: 0, tpdu_length: 3, pdu_hex: hex.to_owned() }.is_whole();

        assert!(stored("00AABBCC"));
        assert!(stored("0291FFAABBCC"));
        assert!(!stored("00AABB"));
        assert!(!stored("0291FFAABB"));
        assert!(!stored(""));
        assert!(!stored("ZZAABBCC"));
    }

    #[test]
    fn a_memory_has_two_capital_letters() {
        assert_eq!(Memory::new("SM"), Some(Memory::SM));
        assert_eq!(Memory::new("sm"), None);
        assert_eq!(Memory::new("SMS"), None);
        assert_eq!(Memory::new("S\""), None);
    }
}
