//! The modems of a configuration as running tasks: each is started, drained and started anew by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use smsgrid::at::TraceForm;
use smsgrid::model::{Name, NodeId, OpenNumber};
use smsgrid::queue::{Body, Queue};
use smsgrid::worker::modem::Settings;
use tracing::{info, warn};

use super::StartError;
use super::begin::{self, Begun};
use super::doubts::in_doubt;
use super::profile;
use crate::config::{Config, Modem, Port};
use crate::machine::propose_until_answered;
use crate::modem::port::Location;
use crate::modem::{ModemTask, PinMark, Shared, Tried, Wakers};
use crate::sim::Inside;
use crate::tasks::Tasks;

/// The modems of this node.
pub(super) struct ModemTasks {
    running: BTreeMap<Name, Running>,
    /// Ends all of them.
    tasks: Tasks,
    /// Ends those that are simulated, after them.
    simulated: Tasks,
    inside: Inside,
    data_dir: PathBuf,
    drain_timeout: Duration,
    /// How the dialogues are told.
    dialogue: TraceForm,
    shared: Shared,
    wakers: Wakers,
    node: NodeId,
    turn: Duration,
    begun: Begun,
}

/// A modem at work, and what it was started with.
struct Running {
    modem: Modem,
    tasks: Tasks,
    simulated: Tasks,
}

/// How the modems of a configuration differ from those that run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Those that do not run yet.
    pub added: Vec<Name>,
    /// Those with other settings.
    pub changed: Vec<Name>,
    /// Those that are not named any more.
    pub removed: Vec<Name>,
}

impl Differences {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Differences::default()
    }
}

impl ModemTasks {
    /// None runs yet. Modems run in `tasks`, simulated ones in `simulated` too, which has to outlive `tasks`.
    pub(super) fn new(
        config: &Config,
        (tasks, simulated): (&Tasks, &Tasks),
        shared: Shared,
        wakers: Wakers,
        (node, turn): (NodeId, Duration),
        begun: Begun,
    ) -> ModemTasks {
        let data_dir = config.node.data_dir.clone();
        let inside =
            Inside::new(&data_dir.join("sim"), &data_dir.join("sim-ledger.jsonl"), shared.clock.clone());
        ModemTasks {
            running: BTreeMap::new(),
            tasks: tasks.clone(),
            simulated: simulated.clone(),
            inside,
            data_dir,
            drain_timeout: config.node.drain_timeout,
            dialogue: config.log.dialogue,
            shared,
            wakers,
            node,
            turn,
            begun,
        }
    }

    /// Starts one task for each modem, which waits until the node has begun.
    pub(super) fn start_all(&mut self, modems: &BTreeMap<Name, Modem>) -> Result<(), StartError> {
        modems.iter().try_for_each(|(name, modem)| self.start(name, modem, true))
    }

    /// Ends those that are changed or not among `modems`: each first sends the rest of a message it has begun, for as long
    /// as a stop would let it. Gives all differences, for [`ModemTasks::begin`].
    pub(super) async fn end_others(&mut self, modems: &BTreeMap<Name, Modem>) -> Differences {
        let differences = self.differences(modems);
        let Differences { changed, removed, .. } = &differences;
        join_all(removed.iter().chain(changed).map(|name| self.drain(name))).await;
        for name in removed.iter().chain(changed) {
            self.running.remove(name);
        }
        removed.iter().for_each(|name| {
            self.shared.board.remove(name);
            self.shared.places.remove(name);
        });
        differences
    }

    /// Starts those that are changed or new.
    pub(super) fn begin(
        &mut self,
        modems: &BTreeMap<Name, Modem>,
        Differences { added, changed, .. }: &Differences,
    ) -> Result<(), StartError> {
        for name in changed.iter().chain(added) {
            if let Some(modem) = modems.get(name) {
                self.start(name, modem, false)?;
            }
        }
        // Ports may have gone back to those that the configuration names.
        self.wakers.wake_all();
        Ok(())
    }

    /// How these differ from those that run.
    pub(super) fn differences(&self, modems: &BTreeMap<Name, Modem>) -> Differences {
        let is_new = |name: &&Name| !self.running.contains_key(*name);
        let is_changed = |name: &&Name| {
            let running = self.running.get(*name).map(|running| &running.modem);
            modems
                .get(*name)
                .is_some_and(|modem| running.is_some_and(|running| !running.says_the_same(modem)))
        };
        let is_gone = |name: &&Name| !modems.contains_key(*name);
        Differences {
            added: modems.keys().filter(is_new).cloned().collect(),
            changed: modems.keys().filter(is_changed).cloned().collect(),
            removed: self.running.keys().filter(is_gone).cloned().collect(),
        }
    }

    /// Lets a modem end what it has begun, and gives back whatever it had to be cut off from. Safe to drop.
    async fn drain(&self, name: &Name) {
        let Some(running) = self.running.get(name) else { return };
        let cut_off = running.tasks.drain(self.drain_timeout).await;
        running.simulated.abort().await;
        if !cut_off.is_empty() {
            warn!(modem = %name, "cut off while sending; its part in flight is uncertain");
        }
        // One that was cut off, or had no majority, has given nothing back.
        for registration in self.shared.view.read(|queue| registrations(queue, self.node, name)) {
            let body = Body::UnregisterModem { registration, force: true };
            propose_until_answered(&self.shared.proposer, &self.shared.client, &body).await;
        }
    }

    /// Starts the task of one modem; `is_first` is one the process starts with.
    fn start(&mut self, name: &Name, modem: &Modem, is_first: bool) -> Result<(), StartError> {
        let (tasks, simulated) = (self.tasks.group(), self.simulated.group());
        let location = location(name, modem, &mut self.inside, &simulated)?;
        let place = self.shared.places.add(name, modem.identity.as_deref(), &location);
        let mut mark =
            modem.pin.as_ref().map(|pin| PinMark::new(&self.data_dir, name, &location.to_string(), pin));
        let tried = mark.as_mut().and_then(PinMark::recall);
        if let Some(tried) = &tried {
            tell_tried(name, tried);
        }
        let is_shared = matches!(location, Location::Tcp { .. });
        let mut settings =
            Settings { is_shared, turn: self.turn, ..profile::settings(name, modem, tried.is_some()) };
        settings.profile.trace_form = self.dialogue;
        self.shared.board.add(name, is_shared, self.shared.clock.utc());
        let counts = self.shared.metrics.modem(name);
        let (shared, waker, begun, node) =
            (self.shared.clone(), self.wakers.add(), self.begun.clone(), self.node);
        // Before the node begins, so that the first regular run finds it.
        let questions = self.shared.questions.open(name);
        tasks.spawn(name.as_str(), |drain| async move {
            let Some(at_begin) = begin::wait(begun, &drain).await else { return Ok(()) };
            // What its earlier task left in doubt is seen in the log only now.
            let quiet = if is_first { at_begin } else { Arc::new(in_doubt_now(&shared, node, &settings)) };
            let opened = shared.view.read(|queue| last_open(queue, node));
            let settings = Settings { quiet_first: is_quiet(&quiet, &settings), opened, ..settings };
            let task = ModemTask::new(shared, place, settings, (waker, questions), mark, counts);
            Box::pin(task.run(drain)).await;
            Ok(())
        });
        self.running.insert(name.clone(), Running { modem: modem.clone(), tasks, simulated });
        Ok(())
    }
}

/// The number under which a port was opened last in the session of this node.
fn last_open(queue: &Queue, node: NodeId) -> OpenNumber {
    queue.session(node).map(|session| session.last_open()).unwrap_or_default()
}

/// What this node has registered for a modem.
fn registrations(queue: &Queue, node: NodeId, name: &Name) -> Vec<smsgrid::model::RegistrationId> {
    let Some(session) = queue.session(node) else { return Vec::new() };
    let own = queue.registrations().filter(|registration| registration.session == session.id);
    own.filter(|registration| registration.name == *name).map(|registration| registration.id).collect()
}

fn in_doubt_now(shared: &Shared, node: NodeId, settings: &Settings) -> BTreeSet<Name> {
    let quiet_times = [(settings.name.clone(), settings.profile.quiet)].into();
    shared.view.read(|queue| in_doubt(queue, node, shared.clock.utc(), &quiet_times))
}

fn is_quiet(quiet: &BTreeSet<Name>, settings: &Settings) -> bool {
    let is_quiet = quiet.contains(&settings.name);
    if is_quiet {
        let seconds = settings.profile.quiet.as_secs();
        info!(modem = %settings.name, seconds, "waiting for a late answer before it is used");
    }
    is_quiet
}

/// A SIM that asks for no PIN now will ask after the next power cut: said while there is time.
fn tell_tried(modem: &Name, Tried { file, doubt }: &Tried) {
    let file = file.display();
    match doubt {
        Some(why) => {
            warn!(%modem, %file, why, "a mark of a tried PIN cannot be read; the PIN counts as tried")
        }
        None => {
            info!(%modem, %file, "the PIN was tried before and is not known to be right; it is not tried again")
        }
    }
}

fn location(
    name: &Name,
    modem: &Modem,
    inside: &mut Inside,
    simulated: &Tasks,
) -> Result<Location, StartError> {
    let serial = |device| Location::Serial { device, baudrate: modem.baudrate, rtscts: modem.rtscts };
    match &modem.port {
        Port::Serial(device) => Ok(serial(device.clone())),
        Port::Tcp(address) => {
            Ok(Location::Tcp { address: address.clone(), words: Box::new(modem.telnet.words()) })
        }
        Port::Simulated { spec, .. } => {
            let device = inside
                .start(name.as_str(), spec, simulated)
                .map_err(|failure| StartError::Simulator { modem: name.clone(), failure })?;
            Ok(serial(device))
        }
    }
}
