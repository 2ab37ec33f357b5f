//! Applies what the cluster has agreed on to the view, and answers whoever proposed it here.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::{Stream, StreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine, Snapshot};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder};
use tokio::sync::Notify;

use super::failure::Ended;
use super::flights::Flights;
use super::payload::Payload;
use super::snapshot::{Folder, SnapshotFile};
use super::types::{Entry, LogId, SnapshotMeta, StoredMembership, Types, term_of};
use super::{Failure, StateMachine, View};

pub(super) type SnapshotOf = openraft::type_config::alias::SnapshotOf<Types, Arc<SnapshotFile>>;

/// Octets of entries after which others have their turn: a node that starts applies many at once.
const TURN_OCTETS: usize = 256 << 10;

/// The state machine as the library drives it.
pub(super) struct Applier<M: StateMachine> {
    view: View<M>,
    flights: Arc<Flights<M>>,
    folder: Folder,
    weight: Arc<Weight>,
    ended: Arc<Ended>,
    last: Option<LogId>,
    membership: StoredMembership,
}

/// How many octets were applied since the last snapshot; asks for the next one.
#[derive(Debug)]
pub(super) struct Weight {
    octets: AtomicU64,
    octets_max: u64,
    due: Notify,
}

/// Writes one picture of the state.
pub(super) struct Builder<M: StateMachine> {
    folder: Folder,
    image: Option<M::Image>,
    meta: SnapshotMeta,
    ended: Arc<Ended>,
}

impl<M: StateMachine> Applier<M> {
    pub(super) fn new(
        view: View<M>,
        flights: Arc<Flights<M>>,
        folder: Folder,
        weight: Arc<Weight>,
        ended: Arc<Ended>,
    ) -> Applier<M> {
        let membership = StoredMembership::default();
        Applier { view, flights, folder, weight, ended, last: None, membership }
    }

    fn apply_entry(&mut self, entry: Entry) -> Result<(), Failure> {
        let id = entry.log_id;
        self.flights.term_reached(term_of(&id));
        match entry.payload {
            EntryPayload::Blank => self.view.pass(id.index()),
            EntryPayload::Normal(batch) => self.apply_batch(id.index(), &batch)?,
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(id), membership);
                self.view.pass(id.index());
            }
        }
        self.last = Some(id);
        Ok(())
    }

    fn apply_batch(&self, index: u64, batch: &Payload) -> Result<(), Failure> {
        let commands =
            M::decode(batch.entry()).map_err(|source| Failure::Decode { index, source: Arc::new(source) })?;
        let replies = self.view.apply(index, &commands);
        self.weight.add(batch.octets().len());
        let waiters = self.flights.arrive(batch.origin());
        if !waiters.is_empty() {
            for (waiter, reply) in waiters.into_iter().zip(replies) {
                waiter.answer(Ok(reply));
            }
            self.flights.wake();
        }
        Ok(())
    }

    /// A failure that ends the node, as the library takes it.
    fn fatal(&self, failure: Failure) -> io::Error {
        self.ended.fail(failure.clone());
        io::Error::other(failure)
    }
}

impl<M: StateMachine> RaftStateMachine<Types> for Applier<M> {
    type SnapshotData = Arc<SnapshotFile>;
    type SnapshotBuilder = Builder<M>;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.last, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        let mut octets = 0;
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            octets += octets_of(&entry);
            if octets >= TURN_OCTETS {
                octets = 0;
                tokio::task::yield_now().await;
            }
            self.apply_entry(entry).map_err(|failure| self.fatal(failure))?;
            if let Some(responder) = responder {
                responder.send(());
            }
        }
        Ok(())
    }

    async fn try_create_snapshot_builder(&mut self, _force: bool) -> Option<Builder<M>> {
        self.weight.reset();
        let image = Some(self.view.read(M::image));
        let meta = SnapshotMeta { last_log_id: self.last, last_membership: self.membership.clone() };
        Some(Builder { folder: self.folder.clone(), image, meta, ended: self.ended.clone() })
    }

    async fn get_snapshot_builder(&mut self) -> Builder<M> {
        self.try_create_snapshot_builder(true).await.expect("a builder is always given")
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, file: Arc<SnapshotFile>) -> io::Result<()> {
        let folder = self.folder.clone();
        let restored = tokio::task::spawn_blocking(move || {
            let machine = file.read(|input| M::restore(input).map_err(io::Error::other))?;
            folder.accept(&file.path, file.header.clone())?;
            Ok::<_, io::Error>(machine)
        });
        let machine = restored.await?.map_err(|source| {
            self.fatal(Failure::Snapshot { deed: "taken over", source: Arc::new(source) })
        })?;
        if let Some(last) = &meta.last_log_id {
            self.view.install(machine, last.index());
            self.flights.installed(term_of(last));
        }
        self.last = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.weight.reset();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<SnapshotOf>> {
        Ok(self.folder.current().map(snapshot))
    }
}

impl<M: StateMachine> RaftSnapshotBuilder<Types> for Builder<M> {
    type SnapshotData = Arc<SnapshotFile>;

    async fn build_snapshot(&mut self) -> io::Result<SnapshotOf> {
        let image = self.image.take().ok_or_else(|| io::Error::other("a builder builds once"))?;
        let (folder, meta) = (self.folder.clone(), self.meta.clone());
        let build = move || folder.build(meta, |out| M::write_image(&image, out));
        let built = tokio::task::spawn_blocking(build).await?;
        built.map(snapshot).map_err(|source| {
            let failure = Failure::Snapshot { deed: "written", source: Arc::new(source) };
            self.ended.fail(failure.clone());
            io::Error::other(failure)
        })
    }
}

impl Weight {
    pub(super) fn new(octets_max: u64) -> Weight {
        Weight { octets: AtomicU64::new(0), octets_max, due: Notify::new() }
    }

    /// Waits until a snapshot is due for what was applied. Safe to drop.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    fn add(&self, octets: usize) {
        let before = self.octets.fetch_add(octets as u64, Ordering::Relaxed);
        if before < self.octets_max && before + octets as u64 >= self.octets_max {
            self.due.notify_one();
        }
    }

    fn reset(&self) {
        self.octets.store(0, Ordering::Relaxed);
    }
}

fn octets_of(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Normal(batch) => batch.octets().len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    }
}

fn snapshot(file: Arc<SnapshotFile>) -> SnapshotOf {
    Snapshot { meta: file.header.meta.clone(), snapshot: file }
}
