//! What became of the messages of a demo, held against what the simulated network took.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use smsgrid::model::{MessageId, MessageState};
use smsgrid::queue::{AttemptState, Queue};
use smsgrid::simulator::Entry;

/// What became of the messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    pub(super) sent: usize,
    pub(super) failed: usize,
    pub(super) waiting: usize,
    /// Messages that were acknowledged and are gone, and parts called sent that the network never saw.
    pub(super) lost: usize,
}

/// What the network took: how often each (IMSI, TP-MR) was given.
type Network = BTreeMap<(String, u8), usize>;

/// Counts the messages of `queue`, with the ledger of the network at `ledger`.
pub(super) fn count(queue: &Queue, ledger: &Path, acknowledged: &BTreeSet<MessageId>) -> Tally {
    let lines = std::fs::read_to_string(ledger).unwrap_or_default();
    let mut network = Network::new();
    for entry in lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
        .filter(|entry| entry.call.is_none())
    {
        *network.entry((entry.imsi, entry.message_reference)).or_insert(0) += 1;
    }
    let gone = acknowledged.iter().filter(|id| queue.message(**id).is_none()).count();
    let mut tally = Tally { accepted: queue.messages().count() + gone, lost: gone, ..Tally::default() };
    for record in queue.messages() {
        match record.state() {
            MessageState::Sent | MessageState::Delivered | MessageState::Undelivered => tally.sent += 1,
            MessageState::Failed
            | MessageState::Expired
            | MessageState::Canceled
            | MessageState::Rejected => tally.failed += 1,
            MessageState::Scheduled
            | MessageState::Queued
            | MessageState::Claimed
            | MessageState::Sending
            | MessageState::Uncertain => tally.waiting += 1,
        }
        for (claim, attempt) in record.parts().filter_map(|part| part.attempt) {
            let key = (claim.identity.imsi.to_string(), attempt.message_reference.unwrap_or_default());
            if attempt.state == AttemptState::Sent && !take(&mut network, key) {
                tally.lost += 1;
            }
        }
    }
    tally
}

/// Takes one entry of the ledger for a sent part.
fn take(network: &mut Network, key: (String, u8)) -> bool {
    match network.get_mut(&key) {
        Some(entries) if *entries > 0 => {
            *entries -= 1;
            true
        }
        Some(_) | None => false,
    }
}

#[test]
fn a_message_that_was_acknowledged_and_is_gone_is_lost() {
    let queue = Queue::new(smsgrid::queue::Policy::default());
    let id = MessageId::from_bytes([7; 16]);

    let tally = count(&queue, Path::new("/nowhere"), &BTreeSet::from([id]));

    assert_eq!(tally, Tally { accepted: 1, lost: 1, ..Tally::default() });
}

#[test]
fn an_entry_of_the_ledger_counts_for_one_part_only() {
    let mut network = Network::from([(("imsi".to_owned(), 7), 1)]);

    assert!(take(&mut network, ("imsi".to_owned(), 7)));
    assert!(!take(&mut network, ("imsi".to_owned(), 7)));
    assert!(!take(&mut network, ("imsi".to_owned(), 8)));
}
