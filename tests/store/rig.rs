//! A queue without a log, its store, and a model that remembers every message as it was last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::log::Owner;
use smsgrid::model::{
    Address, Alphabet, Attempt, Content, Imei, Imsi, MessageId, ModemIdentity, Name, NodeId, OpenNumber,
    Origin, Part, PartNumber, PartOutcome, Payload, Position, Priority, ReadyNumber, RegistrationId,
    ResendLimit, SendOptions, SessionId, StartNumber, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{Body, Command, Digest, Event, Policy, Queue, Record, Reply, Route, Submit};
use smsgrid_node::store::{
    Applied, Change, Changes, Completeness, Cursor, Query, Row, Source, SourceError, Store,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// When the tests begin.
pub(crate) const BEGIN_MS: u64 = 1_700_000_000_000;
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The applied state of one node; clones are the same.
#[derive(Clone)]
pub(crate) struct World(Arc<Shared>);

struct Shared {
    state: RwLock<State>,
    position: watch::Sender<Position>,
}

struct State {
    queue: Queue,
    changes: Vec<Change>,
    index: u64,
    now: u64,
    ready: u64,
    submitted: u64,
    model: BTreeMap<MessageId, Record>,
}

impl World {
    /// A cluster whose node 1 has a modem, and which forgets all but `retained` final messages.
    pub(crate) fn new(retained: u32) -> World {
        let policy = Policy { retained_max: retained, ..Policy::default() };
        let state = State {
            queue: Queue::new(policy),
            changes: Vec::new(),
            index: 0,
            now: BEGIN_MS,
            ready: 0,
            submitted: 0,
            model: BTreeMap::new(),
        };
        let world = World(Arc::new(Shared {
            state: RwLock::new(state),
            position: watch::Sender::new(Position::default()),
        }));
        world.apply(Body::RegisterSession { node: NodeId(1), start: StartNumber(1) });
        let identity = ModemIdentity {
            imei: Imei::new("350000000000001").expect("15 digits"),
            imsi: Imsi::new("244050000000001").expect("15 digits"),
        };
        world.apply(Body::RegisterModem {
            session: SessionId(1),
            open: OpenNumber(1),
            identity,
            name: name("GSM1"),
            carries: Default::default(),
            prefers: Vec::new(),
        });
        world
    }

    /// Another replica with the same state, as far as it is.
    pub(crate) fn replica(&self) -> World {
        let state = self.0.state.read().expect("no test panics inside");
        let state = State {
            queue: state.queue.clone(),
            changes: Vec::new(),
            index: state.index,
            now: state.now,
            ready: state.ready,
            submitted: state.submitted,
            model: state.model.clone(),
        };
        let position = watch::Sender::new(Position { index: state.index, offset: 0 });
        World(Arc::new(Shared { state: RwLock::new(state), position }))
    }

    /// Takes over the state of another replica, as a snapshot does.
    pub(crate) fn install(&self, other: &World) {
        let theirs = other.replica();
        let theirs = theirs.0.state.read().expect("no test panics inside");
        let mut state = self.0.state.write().expect("no test panics inside");
        state.queue = theirs.queue.clone();
        state.model = theirs.model.clone();
        (state.index, state.now) = (theirs.index, theirs.now);
        (state.ready, state.submitted) = (theirs.ready, theirs.submitted);
        state.changes.push(Change::Anything);
        let position = Position { index: state.index, offset: 0 };
        drop(state);
        self.0.position.send_replace(position);
    }

    /// Applies one command.
    pub(crate) fn apply(&self, body: Body) -> Reply {
        let mut state = self.0.state.write().expect("no test panics inside");
        state.index += 1;
        let position = Position { index: state.index, offset: 0 };
        let command = Command { client: name("test"), now: Timestamp::from_unix_millis(state.now), body };
        let mut events = Vec::new();
        let reply = state.queue.apply(position, &command, &mut events);
        for event in &events {
            state.take_in(event);
        }
        drop(state);
        self.0.position.send_replace(position);
        reply
    }

    /// Lets the calendar of the leader go on.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.state.write().expect("no test panics inside").now += by.as_millis() as u64;
        self.apply(Body::Tick);
    }

    /// Submits a message to a destination whose last digit is `to`; its id was made by a clock `skew_ms` ahead.
    pub(crate) fn submit(&self, to: u8, parts: u8, skew_ms: i64) -> MessageId {
        let (told, number) = {
            let mut state = self.0.state.write().expect("no test panics inside");
            state.now += 1;
            state.submitted += 1;
            (state.now.saturating_add_signed(skew_ms), state.submitted)
        };
        let id = MessageId::from_bytes(((u128::from(told) << 80) | u128::from(number)).to_be_bytes());
        self.apply(submit(id, to, parts));
        id
    }

    /// The modem takes the next message and sends all of it, or the network refuses it for good.
    pub(crate) fn work(&self, accept: bool) -> Option<MessageId> {
        let registration = RegistrationId(1);
        let seq = {
            let mut state = self.0.state.write().expect("no test panics inside");
            state.ready += 1;
            ReadyNumber(state.ready)
        };
        self.apply(Body::Ready { registration, seq });
        let (epoch, id, parts) = self.queue(|queue| {
            let claim = queue.claim(queue.registration(registration)?.claim?)?;
            Some((claim.epoch, claim.message, queue.message(claim.message)?.parts_count()))
        })?;
        for part in (1..=parts).map(PartNumber) {
            let attempt = Attempt { epoch, part };
            if part == PartNumber::FIRST {
                self.apply(Body::Start { attempt });
            }
            let outcome = match accept {
                true => PartOutcome::Sent { message_reference: part.0, service_centre_time: None },
                false => PartOutcome::Refused(smsgrid::model::Refusal {
                    cause: smsgrid::model::Cause::Cms(38),
                    disposition: smsgrid::model::Disposition::Permanent,
                }),
            };
            let next = (accept && part.0 < parts).then(|| PartNumber(part.0 + 1));
            self.apply(Body::Outcome { attempt, outcome, next, rearm: None });
            if !accept {
                break;
            }
        }
        Some(id)
    }

    /// Every message as it was last, the newest acceptance first.
    pub(crate) fn model(&self) -> BTreeMap<MessageId, Record> {
        self.0.state.read().expect("no test panics inside").model.clone()
    }

    /// Reads the queue.
    pub(crate) fn queue<T>(&self, act: impl FnOnce(&Queue) -> T) -> T {
        act(&self.0.state.read().expect("no test panics inside").queue)
    }

    /// Whether memory holds the message.
    pub(crate) fn remembers(&self, id: MessageId) -> bool {
        self.queue(|queue| queue.message(id).is_some())
    }
}

impl State {
    fn take_in(&mut self, event: &Event) {
        let change = match event {
            Event::Changed { message, to, .. } if to.is_final() => Change::Ended(*message),
            Event::Changed { message, .. } | Event::Revised { message } => Change::Revised(*message),
            Event::Forgotten { message } => Change::Forgotten(*message),
            Event::Claimed { .. }
            | Event::Unarmed { .. }
            | Event::ModemRegistered { .. }
            | Event::ModemUnregistered { .. }
            | Event::SessionStarted { .. }
            | Event::SessionEnded { .. }
            | Event::Resolved { .. }
            | Event::Retried { .. }
            | Event::Discarded { .. } => return,
        };
        self.changes.push(change);
        if let Change::Revised(id) | Change::Ended(id) = change
            && let Some(record) = self.queue.message(id)
        {
            self.model.insert(id, record.clone());
        }
    }
}

impl Applied for World {
    fn position(&self) -> Position {
        *self.0.position.borrow()
    }

    fn read(&self, act: &mut dyn FnMut(&Queue)) {
        act(&self.0.state.read().unwrap_or_else(PoisonError::into_inner).queue);
    }

    fn wakes(&self) -> watch::Receiver<Position> {
        self.0.position.subscribe()
    }

    fn changes(&self) -> Box<dyn Changes> {
        let next = self.0.state.read().expect("no test panics inside").changes.len();
        Box::new(Following { world: self.clone(), next })
    }
}

struct Following {
    world: World,
    next: usize,
}

impl Changes for Following {
    fn next(&mut self) -> Option<Change> {
        let state = self.world.0.state.read().expect("no test panics inside");
        let change = state.changes.get(self.next).copied()?;
        self.next += 1;
        Some(change)
    }
}

/// A store that runs.
pub(crate) struct Running {
    pub(crate) store: Store,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Opens the store in `folder` over `world`.
    pub(crate) fn start(folder: &Path, world: &World, source: Option<Arc<dyn Source>>) -> Running {
        Running::until(folder, world.clone(), source, CancellationToken::new())
    }

    /// Opens the store in `folder` over `applied`; it is stopped in order when `cancel` is cancelled.
    pub(crate) fn until(
        folder: &Path,
        applied: impl Applied,
        source: Option<Arc<dyn Source>>,
        cancel: CancellationToken,
    ) -> Running {
        let owner = Owner { cluster: [3; 16], node: [1; 8] };
        let store = Store::open(folder, owner, applied).expect("a usable folder");
        let (running, stop) = (store.clone(), cancel.clone());
        let task = tokio::spawn(async move { running.run(source, stop).await });
        Running { store, cancel, task }
    }

    /// The same, once the history is complete.
    pub(crate) async fn complete(folder: &Path, world: &World, source: Option<Arc<dyn Source>>) -> Running {
        let running = Running::start(folder, world, source);
        running.reaches(Completeness::Complete).await;
        running
    }

    /// Waits until the store says so of itself.
    pub(crate) async fn reaches(&self, wanted: Completeness) {
        let mut changes = self.store.completeness_changes();
        let reached = tokio::time::timeout(PATIENCE, changes.wait_for(|told| *told == wanted)).await;
        reached.expect("it takes too long").expect("the store lives");
    }

    /// Stops in order.
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it takes too long")
            .expect("it does not panic");
    }

    /// Everything asked for, page by page.
    pub(crate) async fn all(&self, query: &Query, limit: usize) -> Vec<Row> {
        let (mut rows, mut cursor): (Vec<Row>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let page = self.store.list(query, cursor, limit).await;
            assert!(page.complete && page.rows.len() <= limit);
            rows.extend(page.rows);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return rows,
            }
        }
    }
}

/// Other nodes, none of which is there.
pub(crate) struct Nobody;

impl Source for Nobody {
    fn page(&self, _: Option<MessageId>, _: usize) -> BoxFuture<'_, Result<Vec<Row>, SourceError>> {
        async { Err(SourceError { why: "nobody is there".into() }) }.boxed()
    }
}

/// What the model says to a query, the newest first.
pub(crate) fn expected(world: &World, query: &Query) -> Vec<Record> {
    let mut records: Vec<Record> =
        world.model().into_values().filter(|record| asked_for(record, query)).collect();
    records.sort_by_key(|record| std::cmp::Reverse(place(record)));
    records
}

/// By time, which is that of the id unless it is more than a minute off the acceptance; then by id.
fn place(record: &Record) -> (u64, MessageId) {
    let told = (u128::from_be_bytes(record.id.to_bytes()) >> 80) as u64;
    let accepted = record.accepted.as_unix_millis();
    (if told.abs_diff(accepted) > 60_000 { accepted } else { told }, record.id)
}

fn asked_for(record: &Record, query: &Query) -> bool {
    let modems: BTreeSet<&Name> = record.claims().iter().map(|claim| &claim.modem).collect();
    (query.states.is_empty() || query.states.contains(&record.state()))
        && query.to.as_ref().is_none_or(|to| record.content.destination.reveal() == to)
        && query.modem.as_ref().is_none_or(|modem| modems.contains(modem))
        && query.after.is_none_or(|after| record.accepted >= after)
        && query.before.is_none_or(|before| record.accepted < before)
}

/// The destination whose last digit this is.
pub(crate) fn digits(to: u8) -> String {
    format!("35840123450{}", to % 10)
}

fn submit(id: MessageId, to: u8, parts: u8) -> Body {
    let part = |number| Part {
        number: PartNumber(number),
        user_data: UserData { data_coding: 0, header: vec![], payload: Payload::Septets(vec![0x41; 120]) },
    };
    Body::Submit(Box::new(Submit {
        id,
        key: None,
        digest: Digest([7; 16]),
        content: Content {
            destination: Address::international(&digits(to)).expect("12 digits"),
            alphabet: Alphabet::GSM7,
            parts: (1..=parts).map(part).collect(),
            options: SendOptions::default(),
            call: None,
        },
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: UncertainPolicy::Resend,
        resend_limit: ResendLimit(1),
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    }))
}

/// A name.
pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}

/// A copy of a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).expect("room");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("room");
        }
    }
    to.to_owned()
}

/// Numbers that look random.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }
}
