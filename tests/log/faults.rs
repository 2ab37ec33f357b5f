//! Disks for the real log: one in memory that can lose power, and one that fails, or holds its syncs, on demand.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smsgrid::log::Step;
use smsgrid_node::raft::Disk;

use crate::disk::World;

/// The simulated disk behind the interface of the real one.
#[derive(Debug)]
pub(crate) struct Memory(Mutex<World>);

/// Passes everything on to another disk, until told otherwise.
pub(crate) struct Faulty {
    disk: Arc<dyn Disk>,
    plan: Mutex<Plan>,
    changed: Condvar,
}

/// Lets the syncs go on when it is dropped.
pub(crate) struct Held(Arc<Faulty>);

#[derive(Default)]
struct Plan {
    is_holding: bool,
    held: usize,
    fails: Option<Fault>,
    steps: Vec<&'static str>,
}

/// Which steps fail, and how.
type Fault = (fn(&Step) -> bool, io::ErrorKind);

impl Memory {
    pub(crate) fn new(world: World) -> Arc<Memory> {
        Arc::new(Memory(Mutex::new(world)))
    }

    /// The disk as it is at this moment.
    pub(crate) fn world(&self) -> World {
        self.0.lock().expect("no panic").clone()
    }
}

impl Disk for Memory {
    fn segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.world().visible().into_keys().collect())
    }

    fn load(&self, segment: u64, into: &mut Vec<u8>) -> io::Result<()> {
        let image = self.world().visible();
        into.clone_from(image.get(&segment).ok_or(io::ErrorKind::NotFound)?);
        Ok(())
    }

    fn read_at(&self, segment: u64, octet: u32, into: &mut [u8]) -> io::Result<usize> {
        let image = self.world().visible();
        let bytes = image.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        let rest = bytes.get(octet as usize..).unwrap_or_default();
        let read = rest.len().min(into.len());
        into[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn carry_out(&self, step: &Step) -> io::Result<()> {
        self.0.lock().expect("no panic").carry_out(step);
        Ok(())
    }
}

impl Faulty {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Arc<Faulty> {
        Arc::new(Faulty { disk, plan: Mutex::default(), changed: Condvar::new() })
    }

    /// From now on every sync waits, until the guard is dropped: also by a failing test, which would hang otherwise.
    pub(crate) fn hold_syncs(self: &Arc<Faulty>) -> Held {
        self.plan().is_holding = true;
        Held(self.clone())
    }

    /// Waits until a sync is held.
    pub(crate) fn wait_held(&self) {
        let limit = Duration::from_secs(20);
        let (plan, timeout) =
            self.changed.wait_timeout_while(self.plan(), limit, |plan| plan.held == 0).expect("no panic");
        assert!(!timeout.timed_out(), "no sync came: {:?}", plan.steps);
    }

    /// From now on every step of this kind fails.
    pub(crate) fn fail(&self, which: fn(&Step) -> bool, kind: io::ErrorKind) {
        self.plan().fails = Some((which, kind));
    }

    /// What was attempted, in order.
    pub(crate) fn steps(&self) -> Vec<&'static str> {
        self.plan().steps.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        // Poisoned by a test that fails meanwhile; the syncs must go on all the same.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.plan().is_holding = false;
        self.0.changed.notify_all();
    }
}

impl Disk for Faulty {
    fn segments(&self) -> io::Result<Vec<u64>> {
        self.disk.segments()
    }

    fn load(&self, segment: u64, into: &mut Vec<u8>) -> io::Result<()> {
        self.disk.load(segment, into)
    }

    fn read_at(&self, segment: u64, octet: u32, into: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(segment, octet, into)
    }

    fn carry_out(&self, step: &Step) -> io::Result<()> {
        let mut plan = self.plan();
        plan.steps.push(name(step));
        if matches!(step, Step::Sync { .. }) {
            plan.held += 1;
            self.changed.notify_all();
            plan = self.changed.wait_while(plan, |plan| plan.is_holding).expect("no panic");
            plan.held -= 1;
        }
        if let Some((which, kind)) = plan.fails
            && which(step)
        {
            return Err(kind.into());
        }
        drop(plan);
        self.disk.carry_out(step)
    }
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::Create { .. } => "create",
        Step::Write { .. } => "write",
        Step::Sync { .. } => "sync",
        Step::SyncDirectory => "sync directory",
        Step::Unlink { .. } => "unlink",
    }
}
