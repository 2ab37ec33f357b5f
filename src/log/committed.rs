//! Up to where the log is known to be agreed on: knowledge that helps a restart, and that no promise rests on.

use super::{LogId, Record, State};

/// The last entry known to be agreed on; never beyond the end of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed(Option<LogId>);

impl Committed {
    /// The entry.
    pub fn id(self) -> Option<LogId> {
        self.0
    }

    /// Takes in that `id` is agreed on, unless more is known, or the log, which says `state`, ends before it.
    pub fn note(&mut self, id: LogId, state: State) {
        let is_news = self.0.is_none_or(|known| known.index < id.index);
        if is_news && state.last.is_some_and(|last| id.index <= last.index) {
            self.0 = Some(id);
        }
    }

    /// Takes in what `record` means, after which the log says `state`.
    pub fn after(&mut self, record: &Record<'_>, state: State) {
        match record {
            Record::Committed(id) => self.note(*id, state),
            Record::Truncate(_) => self.clamp(state.last),
            Record::Floor(_) | Record::Entry { .. } | Record::Vote(_) | Record::Purge(_) | Record::Seal => {}
        }
    }

    /// What is agreed on is never taken back; should it be all the same, it is not said any more.
    fn clamp(&mut self, last: Option<LogId>) {
        let index = last.map(|last| last.index);
        if self.0.map(|known| known.index) > index {
            self.0 = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NodeId;

    #[test]
    fn it_grows_and_never_reaches_beyond_the_end() {
        let mut committed = Committed::default();
        committed.note(id(1), State::default());
        assert_eq!(committed.id(), None);

        for (told, known) in [(3, 3), (2, 3), (6, 3), (5, 5)] {
            committed.note(id(told), upto(5));
            assert_eq!(committed.id(), Some(id(known)), "told {told}");
        }
    }

    #[test]
    fn what_is_taken_back_is_not_said_any_more() {
        let mut committed = Committed(Some(id(5)));
        committed.after(&Record::Truncate(Some(id(7))), upto(7));
        assert_eq!(committed.id(), Some(id(5)));
        committed.after(&Record::Truncate(Some(id(4))), upto(4));
        assert_eq!(committed.id(), Some(id(4)));
        committed.after(&Record::Truncate(None), State::default());
        assert_eq!(committed.id(), None);
    }

    fn id(index: u64) -> LogId {
        LogId { term: 1, node: NodeId(1), index }
    }

    fn upto(index: u64) -> State {
        State { last: Some(id(index)), ..State::default() }
    }
}
