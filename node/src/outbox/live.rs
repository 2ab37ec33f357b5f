//! The records that are in the outbox, and what is still to be written about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::record::{Change, PUT_OCTETS};
use super::{Key, OutboxError, RECORDS_MAX, Receipt, Record};

/// Nothing is copied before the log has grown by this.
const COMPACT_OCTETS: usize = 256 << 10;
/// Nor before it is this many times as large as what lives.
const COMPACT_FACTOR: usize = 4;

/// Records by number, which grows with every put.
#[derive(Debug)]
pub(super) struct Live {
    records: BTreeMap<u64, (Key, Arc<[u8]>)>,
    numbers: BTreeMap<Key, u64>,
    /// Octets of what lives.
    octets: usize,
    next_number: u64,
    /// Index of the next entry of the log.
    next_index: u64,
    /// Octets in the log that is not yet purged.
    log_octets: usize,
    removed: Vec<u64>,
    put: Vec<u64>,
}

/// What to append next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Index of the first entry.
    pub(super) first: u64,
    /// The entries.
    pub(super) entries: Vec<Vec<u8>>,
    /// Their octets.
    pub(super) octets: usize,
    /// Entries up to this one are no longer needed once these are written.
    pub(super) purge: Option<u64>,
}

impl Live {
    /// An empty outbox whose log goes on with `next_index`.
    pub(super) fn new(next_index: u64) -> Live {
        Live {
            records: BTreeMap::new(),
            numbers: BTreeMap::new(),
            octets: 0,
            next_number: 1,
            next_index,
            log_octets: 0,
            removed: Vec::new(),
            put: Vec::new(),
        }
    }

    /// Applies what the log says.
    pub(super) fn replay(&mut self, change: &Change<'_>) {
        match change {
            Change::Put { number, key, octets } => {
                self.log_octets += PUT_OCTETS + octets.len();
                self.next_number = self.next_number.max(number + 1);
                self.insert(*number, *key, octets);
            }
            Change::Remove(numbers) => {
                self.log_octets += numbers.len() * size_of::<u64>();
                numbers.iter().for_each(|number| self.take_out(*number));
            }
        }
    }

    pub(super) fn put(&mut self, key: Key, octets: &[u8]) -> Result<Receipt, OutboxError> {
        if self.records.len() >= RECORDS_MAX && !self.numbers.contains_key(&key) {
            return Err(OutboxError::Full);
        }
        let number = self.next_number;
        self.next_number += 1;
        self.insert(number, key, octets);
        self.put.push(number);
        Ok(Receipt { key, number })
    }

    pub(super) fn remove(&mut self, receipt: Receipt) {
        if self.numbers.get(&receipt.key) == Some(&receipt.number) {
            self.take_out(receipt.number);
            self.removed.push(receipt.number);
        }
    }

    pub(super) fn records(&self) -> Vec<Record> {
        let record = |(number, (key, octets)): (&u64, &(Key, Arc<[u8]>))| Record {
            receipt: Receipt { key: *key, number: *number },
            octets: octets.clone(),
        };
        self.records.iter().map(record).collect()
    }

    /// What is to be written now: what is new, or, when the log is mostly dead, everything that lives. It stays to be
    /// written until [`handed_over`](Live::handed_over).
    pub(super) fn changes(&self) -> Batch {
        let first = self.next_index;
        let is_stale = self.log_octets > COMPACT_OCTETS.max(COMPACT_FACTOR * self.octets);
        let entries: Vec<Vec<u8>> = if is_stale {
            self.records.keys().filter_map(|number| self.entry(*number)).collect()
        } else {
            let removed = self.removed.clone();
            let removal = (!removed.is_empty()).then(|| Change::Remove(removed).encode());
            removal.into_iter().chain(self.put.iter().filter_map(|number| self.entry(*number))).collect()
        };
        let octets = entries.iter().map(Vec::len).sum();
        let purge = (is_stale && !entries.is_empty()).then(|| first - 1);
        Batch { first, entries, octets, purge }
    }

    /// The log has taken the entries of [`changes`](Live::changes).
    pub(super) fn handed_over(&mut self, next_index: u64, octets: usize, is_compacted: bool) {
        self.removed.clear();
        self.put.clear();
        self.next_index = next_index;
        self.log_octets = if is_compacted { octets } else { self.log_octets + octets };
    }

    fn entry(&self, number: u64) -> Option<Vec<u8>> {
        let (key, octets) = self.records.get(&number)?;
        Some(Change::Put { number, key: *key, octets }.encode())
    }

    fn insert(&mut self, number: u64, key: Key, octets: &[u8]) {
        if let Some(replaced) = self.numbers.insert(key, number) {
            self.forget(replaced);
        }
        self.octets += PUT_OCTETS + octets.len();
        self.records.insert(number, (key, Arc::from(octets)));
    }

    fn take_out(&mut self, number: u64) {
        if let Some(key) = self.forget(number) {
            self.numbers.remove(&key);
        }
    }

    fn forget(&mut self, number: u64) -> Option<Key> {
        let (key, octets) = self.records.remove(&number)?;
        self.octets -= PUT_OCTETS + octets.len();
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::model::{Attempt, Epoch, PartNumber};

    use super::*;

    #[test]
    fn removing_a_replaced_record_leaves_the_one_that_replaced_it() {
        let mut live = Live::new(1);
        let uncertain = live.put(key(1), b"uncertain").expect("room");
        let sent = live.put(key(1), b"sent").expect("room");
        live.remove(uncertain);

        assert_eq!(live.records(), [Record { receipt: sent, octets: Arc::from(*b"sent") }]);
        live.remove(sent);
        assert!(live.records().is_empty());
        assert_eq!(live.octets, 0);
    }

    #[test]
    fn a_removal_is_written_with_the_next_put_and_not_before() {
        let mut live = Live::new(1);
        let first = live.put(key(1), b"sent").expect("room");
        take(&mut live);
        live.remove(first);
        let second = live.put(key(2), b"sent").expect("room");

        let batch = take(&mut live);
        let written: Vec<_> = batch.entries.iter().map(|entry| Change::decode(entry)).collect();
        assert_eq!(batch.first, 2);
        assert_eq!(written.first(), Some(&Some(Change::Remove(vec![first.number]))));
        let put = Change::Put { number: second.number, key: key(2), octets: b"sent" };
        assert_eq!(written.get(1), Some(&Some(put)));
        assert!(live.changes().entries.is_empty());
    }

    #[test]
    fn a_log_that_is_mostly_dead_is_copied_and_purged() {
        let mut live = Live::new(1);
        let lasting = live.put(key(0), &[7; 100]).expect("room");
        let mut purged = 0;
        for epoch in 1..10_000 {
            let receipt = live.put(key(epoch), &[1; 100]).expect("room");
            let batch = take(&mut live);
            purged += usize::from(batch.purge.is_some());
            assert!(batch.purge.is_none_or(|upto| upto + 1 == batch.first));
            live.remove(receipt);
        }

        assert!(purged >= 3, "purged {purged} times");
        assert!(live.log_octets < 2 * COMPACT_OCTETS);
        assert_eq!(live.records().len(), 1);
        assert_eq!(live.records().first().map(|record| record.receipt), Some(lasting));
    }

    #[test]
    fn a_full_outbox_refuses_a_new_key_and_takes_a_known_one() {
        let mut live = Live::new(1);
        for epoch in 0..RECORDS_MAX as u64 {
            live.put(key(epoch), b"").expect("room");
        }

        assert!(matches!(live.put(key(u64::MAX), b""), Err(OutboxError::Full)));
        assert!(live.put(key(5), b"sent").is_ok());
    }

    fn take(live: &mut Live) -> Batch {
        let batch = live.changes();
        let next_index = batch.first + batch.entries.len() as u64;
        live.handed_over(next_index, batch.octets, batch.purge.is_some());
        batch
    }

    fn key(epoch: u64) -> Key {
        Key::outcome(Attempt { epoch: Epoch(epoch), part: PartNumber::FIRST })
    }
}
