//! The newest entries, in memory: those not yet written, which cannot be read from disk, and as many written ones
//! as fit, which followers ask for most.

use std::collections::VecDeque;
use std::sync::Arc;

use smsgrid::log::LogId;

use super::Entry;

/// Most octets of written entries kept.
const TAIL_OCTETS_MAX: usize = 32 << 20;
/// What an entry takes in memory besides its payload.
const ENTRY_OCTETS: usize = 64;

/// A row of entries without a gap, up to the last of the log.
#[derive(Debug, Default)]
pub(super) struct Tail {
    staged: VecDeque<Staged>,
    octets: usize,
    /// Jobs up to this one are written.
    written: u64,
}

#[derive(Debug)]
struct Staged {
    entry: Entry,
    /// The job that writes it. Log ids do not tell: one may be taken back and appended again.
    job: u64,
}

impl Tail {
    /// The entry, if it is kept.
    pub(super) fn get(&self, index: u64) -> Option<Entry> {
        let first = self.staged.front()?.entry.id.index;
        let offset = usize::try_from(index.checked_sub(first)?).ok()?;
        self.staged.get(offset).map(|staged| staged.entry.clone())
    }

    pub(super) fn push(&mut self, id: LogId, payload: Arc<[u8]>, job: u64) {
        self.octets += payload.len() + ENTRY_OCTETS;
        self.staged.push_back(Staged { entry: Entry { id, payload }, job });
    }

    /// Forgets the entries after this one.
    pub(super) fn truncate(&mut self, after: Option<LogId>) {
        let is_kept = |staged: &Staged| after.is_some_and(|after| staged.entry.id.index <= after.index);
        while let Some(staged) = self.staged.pop_back() {
            if is_kept(&staged) {
                self.staged.push_back(staged);
                break;
            }
            self.octets -= staged.entry.payload.len() + ENTRY_OCTETS;
        }
    }

    /// Forgets the entries up to and including this one.
    pub(super) fn purge(&mut self, upto: LogId) {
        self.drop_while(|staged, _| staged.entry.id.index <= upto.index);
    }

    /// Every job up to this one is written: what is too much may go.
    pub(super) fn written(&mut self, job: u64) {
        self.written = job;
        self.drop_while(|staged, octets| octets > TAIL_OCTETS_MAX && staged.job <= job);
    }

    fn drop_while(&mut self, goes: impl Fn(&Staged, usize) -> bool) {
        while let Some(staged) = self.staged.pop_front() {
            if !goes(&staged, self.octets) {
                self.staged.push_front(staged);
                break;
            }
            self.octets -= staged.entry.payload.len() + ENTRY_OCTETS;
        }
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::model::NodeId;

    use super::*;

    #[test]
    fn an_entry_not_yet_written_is_never_dropped_however_much_there_is() {
        let mut tail = Tail::default();
        for index in 1..=40 {
            tail.push(id(index), vec![0; 1 << 20].into(), index);
        }
        tail.written(3);

        assert!(tail.get(3).is_none());
        assert!(tail.get(4).is_some());
        assert!(tail.get(40).is_some());
    }

    #[test]
    fn an_entry_appended_again_waits_for_its_own_job() {
        let mut tail = Tail::default();
        tail.push(id(1), Arc::from([1]), 1);
        tail.push(id(2), Arc::from([2]), 1);
        tail.truncate(Some(id(1)));
        tail.push(id(2), vec![0; TAIL_OCTETS_MAX].into(), 3);

        tail.written(2);
        assert!(tail.get(1).is_none());
        assert_eq!(tail.get(2).map(|entry| entry.payload.len()), Some(TAIL_OCTETS_MAX));
        tail.written(3);
        assert!(tail.get(2).is_none());
        assert_eq!(tail.octets, 0);
    }

    fn id(index: u64) -> LogId {
        LogId { term: 1, node: NodeId(1), index }
    }
}
