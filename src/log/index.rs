//! Where every live entry stands: four octets of memory each.

use std::collections::VecDeque;

use super::{Record, Seed};

/// Most entries a log holds at once: 128 MiB of index.
pub const ENTRIES_MAX: usize = 1 << 25;

/// From the index of an entry to its segment and octet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Index of the entry that `octets` begins with, or would; unknown before the first entry ever.
    first: Option<u64>,
    /// Entries before `first` were written to segments that were not read.
    is_partial: bool,
    octets: VecDeque<u32>,
    runs: VecDeque<Run>,
}

/// Entries from `first` on, until the next run, stand in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u64,
    seed: Seed,
}

impl Index {
    /// An empty index that continues after entry `last`, which stands elsewhere.
    pub(super) fn continuing(last: Option<u64>) -> Index {
        let first = last.map(|last| last.saturating_add(1));
        Index { first, is_partial: last.is_some(), ..Index::default() }
    }

    /// Whether entries after `purged` stand in segments that were not read.
    pub(super) fn misses_any(&self, purged: Option<u64>) -> bool {
        self.is_partial && self.first > Some(purged.map_or(0, |purged| purged.saturating_add(1)))
    }

    /// Index of the first entry it can find, or of the next one when it is empty.
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// How many entries it can find.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The segment and the octet of the entry.
    pub fn find(&self, index: u64) -> Option<(Seed, u32)> {
        let offset = usize::try_from(index.checked_sub(self.first?)?).ok()?;
        let octet = *self.octets.get(offset)?;
        let after = self.runs.partition_point(|run| run.first <= index);
        let run = self.runs.get(after.checked_sub(1)?)?;
        Some((run.seed, octet))
    }

    /// The oldest segment that holds an entry.
    pub fn oldest_segment(&self) -> Option<u64> {
        self.runs.front().map(|run| run.seed.segment)
    }

    /// Notes what `record` at `octet` of the segment means for the entries.
    pub(super) fn note(&mut self, record: &Record<'_>, seed: Seed, octet: u32) {
        match record {
            Record::Entry { id, .. } => self.push(id.index, seed, octet),
            Record::Truncate(after) => self.truncate(after.map(|after| after.index)),
            Record::Purge(upto) => self.purge(upto.index),
            Record::Floor(_) | Record::Vote(_) | Record::Seal | Record::Committed(_) => {}
        }
    }

    fn push(&mut self, index: u64, seed: Seed, octet: u32) {
        let first = *self.first.get_or_insert(index);
        debug_assert_eq!(first + self.octets.len() as u64, index);
        if self.runs.back().is_none_or(|run| run.seed != seed) {
            self.runs.push_back(Run { first: index, seed });
        }
        self.octets.push_back(octet);
    }

    fn truncate(&mut self, after: Option<u64>) {
        let (Some(after), Some(first)) = (after, self.first) else {
            *self = Index::default();
            return;
        };
        let kept = (after + 1).saturating_sub(first);
        self.octets.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        let left = self.runs.partition_point(|run| run.first <= after);
        self.runs.truncate(left);
        self.first = Some(first.min(after + 1));
    }

    fn purge(&mut self, upto: u64) {
        let first = self.first.unwrap_or(upto + 1).max(upto + 1);
        let gone = self.first.map_or(0, |old| first - old);
        let gone = usize::try_from(gone).unwrap_or(usize::MAX).min(self.octets.len());
        self.octets.drain(..gone);
        self.first = Some(first);
        while self.runs.get(1).is_some_and(|next| next.first <= first) {
            self.runs.pop_front();
        }
        if self.octets.is_empty() {
            self.runs.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_in_the_segment_it_was_last_written_to() {
        let mut index = filled();
        index.truncate(Some(14));
        index.push(15, seed(3), 900);

        assert_eq!(index.find(14), Some((seed(2), 14)));
        assert_eq!(index.find(15), Some((seed(3), 900)));
        assert_eq!((index.find(16), index.find(9)), (None, None));
    }

    #[test]
    fn a_purge_gives_up_the_segments_below_it() {
        let mut index = filled();
        index.purge(11);
        assert_eq!((index.oldest_segment(), index.first()), (Some(1), Some(12)));
        index.purge(12);
        assert_eq!((index.oldest_segment(), index.find(13)), (Some(2), Some((seed(2), 13))));
        index.purge(40);
        assert_eq!((index.oldest_segment(), index.first(), index.len()), (None, Some(41), 0));
    }

    #[test]
    fn a_purge_below_the_first_entry_found_does_not_hide_that_entries_are_missing() {
        let mut index = Index::continuing(Some(99));
        index.purge(50);
        assert_eq!((index.first(), index.misses_any(Some(50))), (Some(100), true));
        index.truncate(Some(70));
        assert_eq!((index.first(), index.misses_any(Some(50))), (Some(71), true));
        assert!(!index.misses_any(Some(70)));
        index.truncate(None);
        assert!(!index.misses_any(None));
    }

    fn seed(segment: u64) -> Seed {
        Seed { segment, salt: 0 }
    }

    /// Entries 10 to 12 in segment 1, 13 to 19 in segment 2.
    fn filled() -> Index {
        let mut index = Index::default();
        for entry in 10..20 {
            index.push(entry, seed(if entry < 13 { 1 } else { 2 }), entry as u32);
        }
        index
    }
}
