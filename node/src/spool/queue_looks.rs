//! Looks at the folders of smsd's `[queues]`: what smsd of before left there, or a check handler or somebody else put there,
//! waits for the modems of the queue.
//!
//! A file is brought when two passes in a row have seen the same of it. One call does a slice of a pass.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::io::Errno;
use smsgrid::sms_file::{self, FILE_OCTETS_MIN};
use smsgrid::worker::intake::{FileName, Identity, Input, Kind, Observation, QueueLook, QueueRest, Staying};
use tracing::info;

use super::file;
use super::pass::Pass;
use super::queue_folder::{Bringing, CLAIMED, Found, Opened, QueueFolder, Stays};

/// Most files brought in a slice: each costs a sync.
const SLICE_FILES: usize = 32;
/// Most files brought in a pass; then `checked` is listed.
const PASS_FILES: usize = 1_000;
/// Most files of a folder that are remembered from one pass to the next; those beyond are, when these are gone.
const SEEN_MAX: usize = 10_000;

/// Which file of a folder: its name, and whether it is on its way already.
type Key = (bool, FileName);

/// All folders of queues.
#[derive(Debug, Default)]
pub(super) struct QueueLooks {
    folders: Vec<Looked>,
    /// The folder whose turn it is.
    at: usize,
    /// Files brought in this pass.
    brought: usize,
    /// In this pass something was seen that is not known yet.
    unsettled: bool,
}

/// A folder, and what is known of it.
#[derive(Debug)]
struct Looked {
    queue: QueueFolder,
    pass: Option<QueuePass>,
    seen: BTreeMap<Key, Identity>,
    seeing: BTreeMap<Key, Identity>,
    /// Files that stay, whose alarm was raised.
    stay: BTreeMap<Key, Identity>,
    staying: BTreeMap<Key, Identity>,
    /// That it cannot be read was told.
    is_troubled: bool,
    /// Files were brought that are not known to be on disk under their new names.
    is_unsynced: bool,
}

/// A pass over one folder.
#[derive(Debug)]
struct QueuePass {
    opened: Opened,
    passes: Vec<(bool, Pass)>,
    due: VecDeque<Found>,
}

impl QueueLooks {
    pub(super) fn of(queues: Vec<QueueFolder>) -> QueueLooks {
        QueueLooks { folders: queues.into_iter().map(Looked::of).collect(), ..QueueLooks::default() }
    }

    /// Does a slice of the pass.
    pub(super) fn look(&mut self, checked: BorrowedFd<'_>, messages: &sms_file::Settings) -> Input {
        let mut look = QueueLook { brought: 0, rest: QueueRest::Slices, stays: Vec::new() };
        if let Some(folder) = self.folders.get_mut(self.at) {
            let is_over = folder.slice(checked, messages, &mut look);
            self.brought += look.brought;
            self.unsettled |= is_over && !folder.seen.is_empty();
            self.at += usize::from(is_over);
        }
        let is_cut = self.brought >= PASS_FILES;
        if is_cut || self.at >= self.folders.len() {
            let unsettled = std::mem::take(&mut self.unsettled) || is_cut;
            look.rest = if unsettled { QueueRest::Files } else { QueueRest::Nothing };
            self.brought = 0;
            self.at = if is_cut { self.at % self.folders.len().max(1) } else { 0 };
        }
        Input::QueuesLooked(look)
    }

    /// Brings to disk where files were brought: before the journal knows them, they are not met in their old place again.
    pub(super) fn sync(&mut self, checked: BorrowedFd<'_>) -> Result<(), Errno> {
        for folder in self.folders.iter_mut().filter(|folder| folder.is_unsynced) {
            rustix::fs::fsync(checked)?;
            let own = match folder.pass {
                Some(_) => None,
                None => match Opened::open(&folder.queue) {
                    Ok(opened) => Some(opened),
                    // Nothing of it can be met again.
                    Err(Errno::NOENT | Errno::NOTDIR) => None,
                    Err(errno) => return Err(errno),
                },
            };
            let opened = folder.pass.as_ref().map(|pass| &pass.opened).or(own.as_ref());
            opened.map_or(Ok(()), Opened::sync)?;
            folder.is_unsynced = false;
        }
        Ok(())
    }
}

impl Looked {
    fn of(queue: QueueFolder) -> Looked {
        Looked {
            queue,
            pass: None,
            seen: BTreeMap::new(),
            seeing: BTreeMap::new(),
            stay: BTreeMap::new(),
            staying: BTreeMap::new(),
            is_troubled: false,
            is_unsynced: false,
        }
    }

    /// Whether the pass over this folder is over.
    fn slice(
        &mut self,
        checked: BorrowedFd<'_>,
        messages: &sms_file::Settings,
        look: &mut QueueLook,
    ) -> bool {
        match self.try_slice(checked, messages, look) {
            Ok(is_over) => {
                self.is_troubled = false;
                is_over
            }
            Err(errno) => {
                (self.pass, self.seen, self.seeing) = (None, BTreeMap::new(), BTreeMap::new());
                if !std::mem::replace(&mut self.is_troubled, true) {
                    let (path, what) = (self.queue.path.display().to_string(), file::words(errno));
                    let why = format!("this folder of a queue cannot be looked into: {what}");
                    look.stays.push(Staying { path, why });
                }
                true
            }
        }
    }

    fn try_slice(
        &mut self,
        checked: BorrowedFd<'_>,
        messages: &sms_file::Settings,
        look: &mut QueueLook,
    ) -> Result<bool, Errno> {
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => QueuePass::start(&self.queue)?,
        };
        if pass.opened.is(checked)? {
            return Ok(true);
        }
        if pass.due.is_empty() {
            self.read_on(&mut pass)?;
        }
        self.bring_slice(&mut pass, checked, messages, look);
        if !pass.due.is_empty() || !pass.passes.is_empty() {
            self.pass = Some(pass);
            return Ok(false);
        }
        self.seen = std::mem::take(&mut self.seeing);
        self.stay = std::mem::take(&mut self.staying);
        if !self.is_unsynced {
            pass.opened.tidy();
        }
        Ok(true)
    }

    /// Looks at the next files: those that are as they were are due.
    fn read_on(&mut self, pass: &mut QueuePass) -> Result<(), Errno> {
        let Some((is_claimed, reading)) = pass.passes.last_mut() else { return Ok(()) };
        let is_claimed = *is_claimed;
        let folder = if is_claimed { pass.opened.claimed() } else { Some(pass.opened.folder.as_fd()) };
        let slice = folder.map(|folder| reading.next_slice(folder)).unwrap_or_default();
        if reading.is_over() {
            reading.broken_off().map_or(Ok(()), Err)?;
            pass.passes.pop();
        }
        for Observation { name, identity, .. } in slice.into_iter().filter(is_to_be_brought) {
            let key = (is_claimed, name);
            let is_known = |known: &BTreeMap<Key, Identity>| known.get(&key) == Some(&identity);
            if is_known(&self.seen) || is_known(&self.stay) {
                pass.due.push_back(Found { name: key.1, identity, is_claimed });
            } else {
                remember(&mut self.seeing, key, identity);
            }
        }
        Ok(())
    }

    fn bring_slice(
        &mut self,
        pass: &mut QueuePass,
        checked: BorrowedFd<'_>,
        messages: &sms_file::Settings,
        look: &mut QueueLook,
    ) {
        let QueueFolder { queue, path } = &self.queue;
        for _ in 0..SLICE_FILES {
            let Some(found) = pass.due.pop_front() else { break };
            let mut bringing = Bringing { queue, opened: &mut pass.opened, checked, messages };
            let brought = bringing.bring(&found);
            let Found { name, identity, is_claimed } = found;
            let key = (is_claimed, name);
            match brought {
                Ok(()) => {
                    info!(event = "spool.queue", queue, file = %key.1, "file taken from the folder of a queue");
                    self.is_unsynced = true;
                    look.brought += 1;
                }
                Err(Stays::Changing) => remember(&mut self.seeing, key, identity),
                Err(why) => {
                    if self.stay.get(&key) != Some(&identity) {
                        let folder =
                            if is_claimed { path.join(OsStr::from_bytes(CLAIMED)) } else { path.clone() };
                        let path = folder.join(String::from_utf8_lossy(key.1.as_bytes()).as_ref());
                        look.stays.push(Staying { path: path.display().to_string(), why: why.to_string() });
                    }
                    remember(&mut self.staying, key, identity);
                }
            }
        }
    }
}

impl QueuePass {
    fn start(queue: &QueueFolder) -> Result<QueuePass, Errno> {
        let opened = Opened::open(queue)?;
        let mut passes = vec![(false, Pass::start(opened.folder.as_fd())?)];
        if let Some(claimed) = opened.claimed() {
            passes.push((true, Pass::start(claimed)?));
        }
        Ok(QueuePass { opened, passes, due: VecDeque::new() })
    }
}

fn remember(known: &mut BTreeMap<Key, Identity>, key: Key, identity: Identity) {
    if known.len() < SEEN_MAX {
        known.insert(key, identity);
    }
}

/// What smsd looks at in the folder of a queue.
fn is_to_be_brought(observation: &Observation) -> bool {
    let Observation { name, kind, identity, .. } = observation;
    *kind != Kind::Directory && !name.is_ignored() && identity.size >= FILE_OCTETS_MIN
}
