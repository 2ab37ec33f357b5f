//! What the log says as a whole: the vote, the last entry, the purge mark; and which record may come next.

use super::{ENTRIES_MAX, LogId, Record, Vote};

/// The view after some records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The last vote written.
    pub vote: Option<Vote>,
    /// The last entry, or the purge mark when nothing follows it.
    pub last: Option<LogId>,
    /// The last entry that is no longer needed.
    pub purged: Option<LogId>,
}

/// Why a record cannot follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Entries follow each other without a gap; the first is 0 or 1.
    #[error("entry {found} cannot follow entry {last:?}")]
    Gap {
        /// The entry's index.
        found: u64,
        /// Index of the last entry.
        last: Option<u64>,
    },
    /// Terms never go back from one entry to the next.
    #[error("an entry of term {found} cannot follow one of term {last}")]
    Term {
        /// The entry's term.
        found: u64,
        /// The last entry's term.
        last: u64,
    },
    /// Only entries that exist, after the purge mark, can be taken back.
    #[error(
        "cannot take back what follows entry {after:?}: the log ends at {last:?} and is purged to {purged:?}"
    )]
    Truncate {
        /// The entry that was to become the last.
        after: Option<u64>,
        /// Index of the last entry.
        last: Option<u64>,
        /// Index of the purge mark.
        purged: Option<u64>,
    },
    /// The purge mark never goes back.
    #[error("cannot purge to entry {upto}: the log is purged to {purged}")]
    Purge {
        /// The entry that was to become the mark.
        upto: u64,
        /// Index of the purge mark.
        purged: u64,
    },
    /// The payload is larger than a record or a segment holds.
    #[error("an entry of {octets} octets is larger than {octets_max}")]
    TooLarge {
        /// Octets of the payload.
        octets: usize,
        /// Most octets it may have.
        octets_max: usize,
    },
    /// The index of the log in memory is full; purge first.
    #[error("the log holds {entries} entries, as many as it can; it must be purged")]
    Full {
        /// Entries it holds.
        entries: u64,
    },
}

impl State {
    /// The state after `record`, or why it cannot come next.
    pub fn after(self, record: &Record<'_>) -> Result<State, Refused> {
        match record {
            Record::Floor(_) | Record::Seal | Record::Committed(_) => Ok(self),
            Record::Vote(vote) => Ok(State { vote: Some(*vote), ..self }),
            Record::Entry { id, .. } => self.after_entry(*id),
            Record::Truncate(last) => self.after_truncate(*last),
            Record::Purge(upto) => self.after_purge(*upto),
        }
    }

    fn after_entry(self, id: LogId) -> Result<State, Refused> {
        let last = self.last.map(|last| last.index);
        let follows = match last {
            Some(last) => last.checked_add(1) == Some(id.index),
            None => id.index <= 1,
        };
        if !follows {
            return Err(Refused::Gap { found: id.index, last });
        }
        let entries = id.index.saturating_sub(self.purged.map_or(0, |purged| purged.index));
        if entries > ENTRIES_MAX as u64 {
            return Err(Refused::Full { entries: entries - 1 });
        }
        match self.last {
            Some(last) if id.term < last.term => Err(Refused::Term { found: id.term, last: last.term }),
            Some(_) | None => Ok(State { last: Some(id), ..self }),
        }
    }

    fn after_truncate(self, after: Option<LogId>) -> Result<State, Refused> {
        let [new, last, purged] = [after, self.last, self.purged].map(|id| id.map(|id| id.index));
        if new < purged || new > last {
            return Err(Refused::Truncate { after: new, last, purged });
        }
        let last = if new == purged { self.purged } else { after };
        Ok(State { last, ..self })
    }

    fn after_purge(self, upto: LogId) -> Result<State, Refused> {
        match self.purged {
            Some(purged) if upto.index < purged.index => {
                Err(Refused::Purge { upto: upto.index, purged: purged.index })
            }
            Some(_) | None => {
                let last = self.last.filter(|last| last.index > upto.index).or(Some(upto));
                Ok(State { last, purged: Some(upto), ..self })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NodeId;

    #[test]
    fn entries_follow_each_other_without_a_gap_and_terms_never_go_back() {
        let state = State { last: Some(id(2, 5)), ..State::default() };

        assert_eq!(state.after(&entry(2, 6)).map(|after| after.last), Ok(Some(id(2, 6))));
        assert_eq!(state.after(&entry(2, 7)), Err(Refused::Gap { found: 7, last: Some(5) }));
        assert_eq!(state.after(&entry(2, 5)), Err(Refused::Gap { found: 5, last: Some(5) }));
        assert_eq!(state.after(&entry(1, 6)), Err(Refused::Term { found: 1, last: 2 }));
        assert_eq!(State::default().after(&entry(1, 2)), Err(Refused::Gap { found: 2, last: None }));
    }

    #[test]
    fn a_log_that_holds_as_many_entries_as_it_can_takes_one_more_after_a_purge() {
        let full = State { last: Some(id(1, ENTRIES_MAX as u64)), ..State::default() };
        let next = entry(1, ENTRIES_MAX as u64 + 1);

        assert_eq!(full.after(&next), Err(Refused::Full { entries: ENTRIES_MAX as u64 }));
        let purged = full.after(&Record::Purge(id(1, 1))).expect("there");
        assert!(purged.after(&next).is_ok());
    }

    #[test]
    fn what_is_purged_cannot_be_taken_back() {
        let state = State { last: Some(id(2, 9)), purged: Some(id(1, 4)), ..State::default() };

        let taken_back = state.after(&Record::Truncate(Some(id(2, 6)))).expect("after the mark");
        assert_eq!(taken_back.last, Some(id(2, 6)));
        let all = state.after(&Record::Truncate(Some(id(1, 4)))).expect("at the mark");
        assert_eq!(all.last, Some(id(1, 4)));
        for after in [None, Some(id(1, 3)), Some(id(2, 10))] {
            assert!(
                matches!(state.after(&Record::Truncate(after)), Err(Refused::Truncate { .. })),
                "{after:?}"
            );
        }
    }

    #[test]
    fn a_purge_beyond_the_last_entry_moves_the_end_of_the_log() {
        let state = State { last: Some(id(2, 9)), ..State::default() };

        let beyond = state.after(&Record::Purge(id(3, 40))).expect("a snapshot reaches further");
        assert_eq!((beyond.last, beyond.purged), (Some(id(3, 40)), Some(id(3, 40))));
        assert!(beyond.after(&entry(3, 41)).is_ok());
        assert_eq!(beyond.after(&Record::Purge(id(3, 39))), Err(Refused::Purge { upto: 39, purged: 40 }));
    }

    #[test]
    fn a_vote_may_be_followed_by_the_leadership_of_another_node_in_its_term() {
        let vote = Vote { term: 4, node: NodeId(2), committed: false };
        let leader = Vote { term: 4, node: NodeId(1), committed: true };

        let state = State { vote: Some(vote), ..State::default() };
        assert_eq!(state.after(&Record::Vote(leader)).map(|after| after.vote), Ok(Some(leader)));
    }

    fn id(term: u64, index: u64) -> LogId {
        LogId { term, node: NodeId(1), index }
    }

    fn entry(term: u64, index: u64) -> Record<'static> {
        Record::Entry { id: id(term, index), payload: b"" }
    }
}
