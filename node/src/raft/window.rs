//! The newest events, kept for listeners that come back: in order, without a gap, as every replica numbers them.

use std::collections::VecDeque;
use std::fmt;

use smsgrid::model::Position;

/// Most events kept.
const EVENTS_MAX: usize = 65_536;

/// Where an event stands among all events of the cluster. Events follow from the log, so all nodes agree on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The log entry.
    pub index: u64,
    /// The command's place in the entry, from 0.
    pub offset: u32,
    /// The event's place among those of the command, from 0.
    pub event: u16,
}

/// Events after the revision asked for are no longer kept; read the state anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("events up to {oldest} are no longer kept")]
pub struct Gone {
    /// The oldest revision after which nothing is missing.
    pub oldest: Revision,
}

/// The events after some revision.
#[derive(Debug)]
pub(super) struct Window<E> {
    events: VecDeque<(Revision, E)>,
    begin: Revision,
}

impl Revision {
    /// After everything the entry `index` brought.
    pub(super) fn after_entry(index: u64) -> Revision {
        Revision { index, offset: u32::MAX, event: u16::MAX }
    }

    /// After everything the command at `position` brought.
    pub fn after(position: Position) -> Revision {
        Revision { index: position.index, offset: position.offset, event: u16::MAX }
    }

    /// The command it belongs to.
    pub fn position(self) -> Position {
        Position { index: self.index, offset: self.offset }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.index, self.offset, self.event)
    }
}

impl<E: Clone> Window<E> {
    pub(super) fn begin_at(begin: Revision) -> Window<E> {
        Window { events: VecDeque::new(), begin }
    }

    pub(super) fn push(&mut self, revision: Revision, event: E) {
        debug_assert!(revision >= self.last());
        self.events.push_back((revision, event));
        if self.events.len() > EVENTS_MAX
            && let Some((gone, _)) = self.events.pop_front()
        {
            self.begin = gone;
        }
    }

    /// The revision of the last event, or that before the first one kept.
    pub(super) fn last(&self) -> Revision {
        self.events.back().map_or(self.begin, |(revision, _)| *revision)
    }

    /// The events after `after`, the first `most` of them.
    pub(super) fn since(&self, after: Revision, most: usize) -> Result<Vec<(Revision, E)>, Gone> {
        if after < self.begin {
            return Err(Gone { oldest: self.begin });
        }
        let first = self.events.partition_point(|(revision, _)| *revision <= after);
        Ok(self.events.range(first..).take(most).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = usize::MAX;

    #[test]
    fn a_listener_goes_on_after_the_last_event_it_saw_without_gap_or_repeat() {
        let mut window = Window::begin_at(Revision::default());
        let revisions = [(1, 0, 0), (1, 0, 1), (1, 3, 0), (9, 0, 0)].map(revision);
        revisions.iter().for_each(|revision| window.push(*revision, revision.index));

        assert_eq!(window.since(revisions[1], ALL), Ok(vec![(revisions[2], 1), (revisions[3], 9)]));
        assert_eq!(window.since(revision((1, 2, 0)), ALL), window.since(revisions[1], ALL));
        assert_eq!(window.since(window.last(), ALL), Ok(vec![]));
    }

    #[test]
    fn slices_have_each_event_once() {
        let mut window = Window::begin_at(Revision::default());
        (0..7).for_each(|event| window.push(revision((1, 0, event)), event));
        let mut seen = Vec::new();
        let mut after = Revision::default();
        while let Some((last, _)) = window.since(after, 3).expect("kept").last() {
            seen.extend(window.since(after, 3).expect("kept").into_iter().map(|(_, event)| event));
            after = *last;
        }

        assert_eq!(seen, (0..7).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_longer_kept_is_told() {
        let mut window = Window::begin_at(Revision::after_entry(4));
        assert_eq!(window.since(revision((4, 7, 0)), ALL), Err(Gone { oldest: Revision::after_entry(4) }));
        for index in 5..=5 + EVENTS_MAX as u64 {
            window.push(revision((index, 0, 0)), ());
        }

        let oldest = revision((5, 0, 0));
        assert_eq!(window.since(Revision::after_entry(4), ALL), Err(Gone { oldest }));
        assert_eq!(window.since(oldest, ALL).map(|events| events.len()), Ok(EVENTS_MAX));
    }

    fn revision((index, offset, event): (u64, u32, u16)) -> Revision {
        Revision { index, offset, event }
    }
}
