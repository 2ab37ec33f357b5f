//! Simulated modems inside the process of a node: each on a pty of its own, so that the node takes the same way to
//! them as to a real one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use smsgrid::model::Time;
use smsgrid::simulator::{Modem, Spec};

use super::SimError;
use super::control::{self, Drawer, Handle};
use super::host::Host;
use super::ledger::LedgerFile;
use super::port::Port;
use crate::clock::Clock;
use crate::tasks::Tasks;

/// Makes the simulated modems of one node.
#[derive(Debug)]
pub struct Inside {
    folder: PathBuf,
    ledger: PathBuf,
    ledgers: BTreeMap<PathBuf, Arc<Mutex<LedgerFile>>>,
    handles: Vec<Handle>,
    clock: Clock,
}

impl Inside {
    /// Modems whose devices are linked in `folder`, with their ledger at `ledger` unless their spec names one.
    pub fn new(folder: &Path, ledger: &Path, clock: Clock) -> Inside {
        let (folder, ledger) = (folder.to_owned(), ledger.to_owned());
        Inside { folder, ledger, ledgers: BTreeMap::new(), handles: Vec::new(), clock }
    }

    /// Starts a modem named `name` in `tasks` and gives its device. It runs until they are cancelled and takes orders
    /// as long as this is there.
    pub fn start(&mut self, name: &str, spec: &Spec, tasks: &Tasks) -> Result<PathBuf, SimError> {
        let path = spec.ledger.as_ref().map_or_else(|| self.ledger.clone(), PathBuf::from);
        let ledger = self.open_ledger(path)?;
        std::fs::create_dir_all(&self.folder)
            .map_err(|source| SimError::Ledger { path: self.folder.clone(), source })?;
        let device = self.folder.join(name);
        let port = Port::pty(&device)?;
        let now = self.clock.now();
        let started = self.clock.utc() - now.since(Time::ZERO);
        let number = u32::try_from(self.handles.len()).unwrap_or(u32::MAX);
        let modem = Modem::new(spec, number, started, now);
        let (handle, orders) = Handle::new(name.to_owned());
        self.handles.push(handle);
        let host = Host::new(modem, port, ledger, self.clock.clone(), Drawer::default(), orders);
        tasks.spawn(&format!("simulated {name}"), |cancel| host.run(cancel));
        Ok(device)
    }

    /// Carries out an order of the control socket, such as `vanish GSM1`, and gives its answer.
    pub async fn order(&self, line: &str) -> Value {
        control::answer(line, &self.handles).await
    }

    fn open_ledger(&mut self, path: PathBuf) -> Result<Arc<Mutex<LedgerFile>>, SimError> {
        if let Some(ledger) = self.ledgers.get(&path) {
            return Ok(ledger.clone());
        }
        let ledger = Arc::new(Mutex::new(LedgerFile::open(&path)?));
        self.ledgers.insert(path, ledger.clone());
        Ok(ledger)
    }
}
