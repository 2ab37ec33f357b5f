//! The segment log as the library's log store. Votes and entries go through one queue, so the disk has them in the
//! order of the calls; `append` returns at once, and one sync of the log's thread completes all that waits for it.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};

use futures_util::stream::{self, Stream};
use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use openraft::{OptionalSend, RaftLogReader};
use smsgrid::log::State;

use super::types::{self, Entry, LogId, Types, Vote};
use super::{AppendError, Completed, Completion, SegmentLog};

/// Most octets of entries in one message to a follower, and read at once to be applied.
pub(super) const READ_OCTETS: usize = 1 << 20;

/// The log store; clones share it. Any error of it is final.
#[derive(Clone, Debug)]
pub(super) struct Store {
    log: SegmentLog,
}

impl Store {
    pub(super) fn new(log: SegmentLog) -> Store {
        Store { log }
    }

    /// Entries from `start` on, at least one of a range that is not empty, until they reach `octets_max`.
    async fn read(&self, start: u64, end: u64, octets_max: usize) -> io::Result<Vec<Entry>> {
        if let Some(kept) = self.log.read_kept(start..end, octets_max).map_err(io::Error::other)? {
            return kept.into_iter().map(types::entry).collect();
        }
        let log = self.log.clone();
        let read = tokio::task::spawn_blocking(move || log.read(start..end, octets_max)).await?;
        read.map_err(io::Error::other)?.into_iter().map(types::entry).collect()
    }

    /// The part of the range that the log holds.
    fn held(&self, range: &impl RangeBounds<u64>) -> (u64, u64) {
        let State { last, purged, .. } = self.log.state();
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(end) => end.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        let first = match purged {
            Some(purged) => purged.index + 1,
            // A log begins with 0 or 1.
            None if start == 0 => u64::from(!self.log.holds(0)),
            None => 0,
        };
        (start.max(first), end.min(last.map_or(0, |last| last.index + 1)))
    }
}

impl RaftLogReader<Types> for Store {
    async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<Entry>>
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (start, end) = self.held(&range);
        self.read(start, end, usize::MAX).await
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        self.read(start, end, READ_OCTETS).await
    }

    async fn entries_stream<R>(&mut self, range: R) -> impl Stream<Item = io::Result<Entry>> + OptionalSend
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (start, end) = self.held(&range);
        let store = self.clone();
        let slices = stream::unfold(start, move |next| {
            let store = store.clone();
            async move {
                if next >= end {
                    return None;
                }
                let slice = store.read(next, end, READ_OCTETS).await;
                let after = slice.as_ref().map_or(end, |slice| next + slice.len() as u64);
                Some((slice, after))
            }
        });
        let entries = futures_util::StreamExt::flat_map(slices, |slice| {
            stream::iter(match slice {
                Ok(entries) => entries.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            })
        });
        Box::pin(entries)
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.log.state().vote.map(types::vote))
    }
}

impl RaftLogStorage<Types> for Store {
    type LogReader = Store;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let State { last, purged, .. } = self.log.state();
        Ok(LogState { last_purged_log_id: purged.map(types::log_id), last_log_id: last.map(types::log_id) })
    }

    async fn get_log_reader(&mut self) -> Store {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let (done, saved) = Completion::pair();
        self.log.save_vote(types::stored_vote(vote), done).await.map_err(failed)?;
        durable(saved).await
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries = entries.into_iter().map(types::stored_entry).collect();
        let done = Completion::new(move |result| callback.io_completed(result.map_err(io::Error::other)));
        self.log.append_shared(entries, done).await.map_err(failed)
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let kept = self.log.state().last;
        if last.as_ref().map(LogId::index) >= kept.map(|kept| kept.index) {
            return Ok(());
        }
        let (done, truncated) = Completion::pair();
        self.log.truncate_after(last.as_ref().map(types::stored_id), done).await.map_err(failed)?;
        durable(truncated).await
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        if let Some(committed) = committed {
            self.log.commit(types::stored_id(&committed));
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.log.committed().map(types::log_id))
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        if Some(upto.index()) <= self.log.state().purged.map(|purged| purged.index) {
            return Ok(());
        }
        // Nothing depends on it: a purge that is lost is repeated after the next snapshot.
        self.log.purge(types::stored_id(&upto), Completion::unheard()).await.map_err(failed)
    }
}

async fn durable(completed: Completed) -> io::Result<()> {
    completed.wait().await.map_err(io::Error::other)
}

fn failed(error: AppendError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use openraft::StorageError;
    use openraft::entry::RaftEntry;
    use openraft::testing::log::{StoreBuilder, Suite};
    use smsgrid::model::{NodeId, Position, Timestamp};
    use tempfile::TempDir;

    use std::convert::Infallible;
    use std::sync::Arc;

    use super::*;
    use crate::raft::applier::{Applier, Weight};
    use crate::raft::failure::Ended;
    use crate::raft::flights::Flights;
    use crate::raft::payload::{Origin, Payload};
    use crate::raft::snapshot::Folder;
    use crate::raft::types::log_id_of;
    use crate::raft::{Lane, Options, StateMachine, View};

    #[tokio::test]
    async fn the_suite_of_the_library_finds_nothing() {
        Suite::test_all(Builder).await.expect("a sound store");
    }

    #[tokio::test]
    async fn a_message_to_a_follower_holds_a_mebibyte_and_at_least_one_entry() {
        let (_folder, Anywhere { mut store, .. }, _) = Builder.build().await.expect("a new store");
        let entries = (1..=5u64).map(|index| {
            let origin = Origin { node: NodeId(1), start: 1, batch: index };
            let batch = Payload::compose(origin, &vec![7; READ_OCTETS / 2 + 1]);
            Entry::new_normal(log_id_of(1, index), batch)
        });
        store.append(entries, IOFlushed::noop()).await.expect("taken");

        let indexes = |entries: Vec<Entry>| entries.iter().map(RaftEntry::index).collect::<Vec<u64>>();
        assert_eq!(indexes(store.limited_get_log_entries(2, 6).await.expect("there")), [2, 3]);
        assert_eq!(indexes(store.limited_get_log_entries(5, 6).await.expect("there")), [5]);
        assert_eq!(indexes(store.try_get_log_entries(1..).await.expect("there")), [1, 2, 3, 4, 5]);
    }

    /// The store, for a suite whose logs may begin anywhere. Ours begin at their beginning or after a purge.
    struct Anywhere {
        store: Store,
        begins_after: Option<u64>,
    }

    impl RaftLogReader<Types> for Anywhere {
        async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<Entry>>
        where
            R: RangeBounds<u64> + Clone + Debug + OptionalSend,
        {
            self.store.try_get_log_entries(range).await
        }

        async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
            self.store.read_vote().await
        }
    }

    impl RaftLogStorage<Types> for Anywhere {
        type LogReader = Store;

        async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
            let mut state = self.store.get_log_state().await?;
            state.last_purged_log_id.take_if(|purged| Some(purged.index()) == self.begins_after);
            state.last_log_id.take_if(|last| Some(last.index()) == self.begins_after);
            Ok(state)
        }

        async fn get_log_reader(&mut self) -> Store {
            self.store.get_log_reader().await
        }

        async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
            self.store.save_vote(vote).await
        }

        async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
        where
            I: IntoIterator<Item = Entry> + OptionalSend,
            I::IntoIter: OptionalSend,
        {
            let entries: Vec<Entry> = entries.into_iter().collect();
            let first = entries.first().map_or(0, RaftEntry::index);
            if self.store.get_log_state().await?.last_log_id.is_none() && first > 1 {
                self.begins_after = Some(first - 1);
                self.store.purge(log_id_of(0, first - 1)).await?;
            }
            self.store.append(entries, callback).await
        }

        async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
            self.store.truncate_after(last).await
        }

        async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
            self.store.save_committed(committed).await
        }

        async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
            self.store.read_committed().await
        }

        async fn purge(&mut self, upto: LogId) -> io::Result<()> {
            // From now on it is the suite that has purged so far.
            self.begins_after.take_if(|after| *after <= upto.index());
            self.store.purge(upto).await
        }
    }

    struct Builder;

    impl StoreBuilder<Types, Anywhere, Applier<Nothing>, TempDir> for Builder {
        async fn build(&self) -> Result<(TempDir, Anywhere, Applier<Nothing>), StorageError<Types>> {
            let directory = TempDir::new().expect("a temporary directory");
            let options = Options { segment_octets: 1 << 22, ..Options::default() };
            let log = SegmentLog::open(&directory.path().join("log"), &options).expect("a new log");
            let folder = Folder::open(&directory.path().join("snap")).expect("a new folder");
            let flights = Arc::new(Flights::new(NodeId(0), 1));
            let (weight, ended) = (Arc::new(Weight::new(u64::MAX)), Arc::new(Ended::new()));
            let applier = Applier::new(View::new(Nothing), flights, folder, weight, ended);
            let store = Anywhere { store: Store::new(log), begins_after: None };
            Ok((directory, store, applier))
        }
    }

    /// A state machine with one state.
    struct Nothing;

    impl StateMachine for Nothing {
        type Command = ();
        type Reply = ();
        type Event = ();
        type Image = ();
        type DecodeError = Infallible;

        fn apply(&mut self, _: Position, (): &(), _: &mut Vec<()>) {}

        fn now(&self) -> Timestamp {
            Timestamp::ZERO
        }

        fn lane((): &()) -> Lane {
            Lane::Submit
        }

        fn encode(_: &[()]) -> Vec<u8> {
            Vec::new()
        }

        fn stamp(_: &mut [u8], _: Timestamp) -> Result<(), Infallible> {
            Ok(())
        }

        fn decode(_: &[u8]) -> Result<Vec<Option<()>>, Infallible> {
            Ok(Vec::new())
        }

        fn image(&self) {}

        fn write_image((): &(), _: &mut dyn io::Write) -> io::Result<()> {
            Ok(())
        }

        fn restore(_: &mut dyn io::Read) -> Result<Nothing, Infallible> {
            Ok(Nothing)
        }
    }
}
