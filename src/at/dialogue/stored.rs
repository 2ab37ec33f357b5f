//! Reading the answers of `+CMGL`, `+CMGR`, `+CMGD=?` and `+CPMS`.

use std::collections::BTreeSet;

use crate::at::facts::MemoryUse;
use crate::at::response::{after_prefix, fields, is_hex, number};
use crate::at::{Memory, Slot, StoredMessage};

/// Slots looked at one by one; no SIM has more, and a device that has them can list them.
pub(super) const SLOTS_MAX: u16 = 256;

/// The messages of a `+CMGL` answer, and whether every line was understood.
pub(super) fn listed(lines: &[String], memory: Memory) -> (Vec<StoredMessage>, bool) {
    let mut messages = Vec::new();
    let mut complete = true;
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        let header = after_prefix(line, "+CMGL").map(fields);
        let pdu = lines.next_if(|line| is_hex(line));
        let message = header.zip(pdu).and_then(|(header, pdu)| {
            let (index, fields) = (number(&header, 0)?, header.get(1..)?);
            stored(Slot { memory, index }, fields, pdu)
        });
        complete &= message.is_some();
        messages.extend(message);
    }
    (messages, complete)
}

/// The message of a `+CMGR` answer; `Ok(None)` when the slot is empty, `Err` when it cannot be understood.
pub(super) fn read(lines: &[String], slot: Slot) -> Result<Option<StoredMessage>, ()> {
    let Some(header) = lines.iter().find_map(|line| after_prefix(line, "+CMGR")) else { return Ok(None) };
    let header = fields(header);
    let Some(pdu) = lines.iter().find(|line| is_hex(line)) else {
        // `+CMGR: 0,,0` is how some say "empty".
        return if number(&header, header.len() - 1) == Some(0_u16) { Ok(None) } else { Err(()) };
    };
    stored(slot, &header, pdu).map(Some).ok_or(())
}

/// What `+CPMS` counts in the memory it reads from: `used,total,...` after a selection,
/// `"SM",used,total,...` after a question.
pub(super) fn memory_use(lines: &[String], selected: Option<Memory>) -> Option<MemoryUse> {
    let fields = fields(lines.iter().find_map(|line| after_prefix(line, "+CPMS"))?);
    match fields.first().and_then(|field| Memory::new(field)) {
        Some(memory) => Some(MemoryUse { memory, used: number(&fields, 1)?, capacity: number(&fields, 2)? }),
        None => {
            Some(MemoryUse { memory: selected?, used: number(&fields, 0)?, capacity: number(&fields, 1)? })
        }
    }
}

/// The slots of `+CMGD: (1,2,5),(0-4)`: those taken with some makers, all there are with others.
pub(super) fn deletable(lines: &[String]) -> Option<BTreeSet<u16>> {
    let text = lines.iter().find_map(|line| after_prefix(line, "+CMGD"))?;
    let list = text.strip_prefix('(')?.split(')').next()?;
    let mut slots = BTreeSet::new();
    for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        slots.extend((first..=last).take(usize::from(SLOTS_MAX)));
    }
    Some(slots)
}

/// `stat,[alpha],length` and its PDU.
fn stored(slot: Slot, header: &[String], pdu: &str) -> Option<StoredMessage> {
    let tpdu_length = number(header, header.len().checked_sub(1)?)?;
    Some(StoredMessage { slot, status: number(header, 0)?, tpdu_length, pdu_hex: pdu.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_every_message_with_its_slot() {
        let text = lines(&["+CMGL: 1,1,,24", "0791", "+CMGL: 30,0,\"Bob, Inc\",19", "0792"]);

        let (messages, complete) = listed(&text, Memory::SM);

        let found: Vec<(u16, u8, u16)> =
            messages.iter().map(|m| (m.slot.index, m.status, m.tpdu_length)).collect();
        assert_eq!(found, [(1, 1, 24), (30, 0, 19)]);
        assert!(complete);
    }

    #[test]
    fn a_header_without_its_pdu_makes_a_listing_incomplete() {
        let (messages, complete) = listed(&lines(&["+CMGL: 1,1,,24", "+CMGL: 2,1,,24", "0791"]), Memory::SM);

        assert_eq!(messages.len(), 1);
        assert!(!complete);
        let (_, complete) = listed(&lines(&["+CMGL: 1,\"REC READ\",,24", "0791"]), Memory::SM);
        assert!(!complete);
    }

    #[test]
    fn an_empty_slot_is_empty_however_it_is_said() {
        let slot = Slot { memory: Memory::SM, index: 3 };

        assert_eq!(read(&[], slot), Ok(None));
        assert_eq!(read(&lines(&["+CMGR: 0,,0"]), slot), Ok(None));
        assert_eq!(read(&lines(&["+CMGR: 0,,24"]), slot), Err(()));
        let full = read(&lines(&["+CMGR: 0,,24", "0791"]), slot);
        assert_eq!(full.map(|message| message.map(|m| m.tpdu_length)), Ok(Some(24)));
    }

    #[test]
    fn the_use_of_a_memory_is_read_from_both_forms() {
        let asked = memory_use(&lines(&["+CPMS: \"SM\",3,10,\"SM\",3,10,\"SM\",3,10"]), None);
        let selected = memory_use(&lines(&["+CPMS: 3,10,3,10,3,10"]), Some(Memory::SM));

        assert_eq!(asked, Some(MemoryUse { memory: Memory::SM, used: 3, capacity: 10 }));
        assert_eq!(selected, asked);
        assert_eq!(memory_use(&lines(&["+CPMS: ,,,,,,,,"]), Some(Memory::SM)), None);
    }

    #[test]
    fn deletable_slots_are_read_as_list_and_as_range() {
        let slots =
            |text: &str| deletable(&lines(&[text])).map(|slots| slots.into_iter().collect::<Vec<_>>());

        assert_eq!(slots("+CMGD: (1,2,5),(0-4)"), Some(vec![1, 2, 5]));
        assert_eq!(slots("+CMGD: (0-3)"), Some(vec![0, 1, 2, 3]));
        assert_eq!(slots("+CMGD: (),(0-4)"), Some(vec![]));
        assert_eq!(slots("+CMGD: (0-65535)").map(|slots| slots.len()), Some(256));
        assert_eq!(slots("+CMGD: x"), None);
    }

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }
}
