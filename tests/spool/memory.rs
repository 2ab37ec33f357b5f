//! Folders and journal in memory that forget at a power cut what was not brought to disk.
//!
//! `outgoing` and `checked` are one file system or two, `sent` and `failed` another, the journal lies on one of its own.
//! A file system remembers its changes in order: a cut keeps some of them from the first on. Contents are another matter: what was not
//! synced is gone, although its name may be there.

use std::collections::BTreeMap;

use smsgrid::model::MessageId;
use smsgrid::worker::intake::{
    Contents, Copied, Copy, Destination, Effect, Fault, FileName, Filing, Folder, Identity, Input,
    Inspection, IntakeId, Kind, MAGIC, Observation, Place as Standing, Places, Reach, Record, Replayed,
    frame,
};

/// Numbers that look random and are the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }
}

type Place = (Folder, Vec<u8>);

#[derive(Clone, Debug)]
enum Change {
    Set(Place, u64),
    Remove(Place),
    Rename(Place, Place),
}

/// Names of one file system.
#[derive(Default)]
struct Names {
    now: BTreeMap<Place, u64>,
    on_disk: BTreeMap<Place, u64>,
    unsynced: Vec<Change>,
}

#[derive(Default)]
struct Data {
    octets: Vec<u8>,
    on_disk: bool,
}

/// The disks of a node.
#[derive(Default)]
pub(crate) struct Memory {
    intake: Names,
    /// `checked`, where it lies on a file system of its own.
    apart: Option<Names>,
    results: Names,
    files: BTreeMap<u64, Data>,
    next_inode: u64,
    next_id: u128,
    journal: Vec<u8>,
    journal_on_disk: usize,
}

impl Memory {
    /// Disks where `checked` lies on a file system of its own.
    pub(crate) fn with_checked_apart() -> Memory {
        Memory { apart: Some(Names::default()), ..Memory::default() }
    }

    /// A user's file: its name is on disk, its content not yet.
    pub(crate) fn put(&mut self, name: &str, content: &str) {
        let inode = self.create(content.as_bytes(), false);
        self.change(Change::Set((Folder::Outgoing, name.into()), inode));
        self.intake.sync();
    }

    pub(crate) fn put_older_result(&mut self, name: &str) {
        let inode = self.create(b"older result", true);
        self.change(Change::Set((Folder::Sent, name.into()), inode));
        self.results.sync();
    }

    pub(crate) fn journal(&self) -> &[u8] {
        &self.journal
    }

    /// What opening the journal does: cuts its tail, begins a new one, and brings it to disk.
    pub(crate) fn begin_journal(&mut self, replayed: &Replayed) -> MessageId {
        let uuid = replayed.uuid.unwrap_or(MessageId::from_bytes([9; 16]));
        self.journal.truncate(replayed.length);
        if replayed.length == 0 {
            self.journal = MAGIC.to_vec();
        }
        if replayed.uuid.is_none() {
            self.append(&Record::Spool { uuid });
        }
        self.journal_on_disk = self.journal.len();
        uuid
    }

    /// How many files of a folder, or of all when it is "", contain the text.
    pub(crate) fn count(&self, folder: &str, text: &str) -> usize {
        let all = self.systems().flat_map(|names| &names.now);
        let contains = |inode: &u64| String::from_utf8_lossy(&self.files[inode].octets).contains(text);
        all.filter(|(place, inode)| (folder.is_empty() || place.0.to_string() == folder) && contains(inode))
            .count()
    }

    pub(crate) fn cut_power(&mut self, chance: &mut Chance) {
        let apart = self.apart.as_mut();
        for names in [&mut self.intake, &mut self.results].into_iter().chain(apart) {
            names.cut(chance);
        }
        for file in self.files.values_mut().filter(|file| !file.on_disk) {
            if chance.below(2) == 0 {
                file.octets.clear();
            }
            file.on_disk = true;
        }
        let unsynced = (self.journal.len() - self.journal_on_disk) as u64;
        let kept = self.journal_on_disk + usize::try_from(chance.below(unsynced + 1)).expect("small");
        self.journal.truncate(kept);
    }

    /// Carries out an effect of the disk.
    pub(crate) fn execute(&mut self, effect: Effect) -> Option<Input> {
        Some(match effect {
            Effect::Scan => {
                Input::Scanned { observations: self.list(Folder::Outgoing), reach: Reach::Complete }
            }
            Effect::ListChecked => self.list_checked(),
            Effect::Inspect(name) => {
                let found = Ok(self.inspect(&name));
                Input::Inspected { name, found }
            }
            Effect::Take { name, identity, place } => self.take_up(name, identity, place),
            Effect::Append(record) => {
                self.append(&record);
                return None;
            }
            Effect::SyncJournal => {
                self.journal_on_disk = self.journal.len();
                Input::JournalSynced
            }
            Effect::Lock(id, name) => Input::Locked(id, self.lock(&name)),
            Effect::Move(id, name, place) => {
                Input::Moved(id, self.rename(at(Folder::Outgoing, &name), at(Folder::Checked, &place)))
            }
            Effect::Claim(id, name) => {
                let renamed = self.rename(at(Folder::Outgoing, &name), temporary(Folder::Outgoing, id));
                Input::Claimed(id, renamed)
            }
            Effect::Copy(id) => Input::Copied(id, self.copy(id)),
            Effect::Adopt(id, name) => {
                Input::Adopted(id, self.rename(temporary(Folder::Checked, id), at(Folder::Checked, &name)))
            }
            Effect::Release { id, .. } => {
                let _ = self.remove(temporary(Folder::Outgoing, id));
                return None;
            }
            Effect::Read(id, name, _) => Input::Read(id, self.read(&name, true)),
            Effect::Reread(id, name) => Input::Read(id, self.read(&name, false)),
            Effect::Stage { id, destination, octets, .. } => self.stage(id, destination, &octets),
            Effect::KeepCopy { .. } => panic!("no copies are asked for"),
            Effect::SyncFolder(folder) => {
                self.names(folder).sync();
                Input::FolderSynced(folder, Ok(()))
            }
            Effect::Publish { id, destination, name } => {
                let folder = destination.folder();
                Input::Published(id, self.rename(temporary(folder, id), at(folder, &name)))
            }
            Effect::Unlink { id, name, .. } => Input::Unlinked(id, self.remove(at(Folder::Checked, &name))),
            Effect::Examine { id, name, place, filing } => {
                Input::Examined(id, Ok(self.examine(id, (&name, &place), filing.as_ref())))
            }
            Effect::Unlock(name) => {
                let _ = self.remove((Folder::Checked, name.lock()));
                return None;
            }
            Effect::Discard(id) => {
                for folder in [Folder::Checked, Folder::Sent, Folder::Failed] {
                    let _ = self.remove(temporary(folder, id));
                }
                return None;
            }
            Effect::LookAtQueues | Effect::Tell(_) => return None,
            Effect::Submit { .. }
            | Effect::Follow(..)
            | Effect::Alarm(_)
            | Effect::Handle(..)
            | Effect::Check { .. }
            | Effect::Halt(_) => {
                panic!("not the disk's business")
            }
        })
    }

    fn take_up(&mut self, name: FileName, identity: Identity, place: Standing) -> Input {
        self.next_id += 1;
        let id = IntakeId::from_bytes(self.next_id.to_be_bytes());
        self.append(&Record::taken(id, &name, &place.name(&name, id), identity, None));
        Input::Taken { name, identity, place, id, owner: None }
    }

    fn stage(&mut self, id: IntakeId, destination: Destination, octets: &[u8]) -> Input {
        let inode = self.create(octets, true);
        self.change(Change::Set(temporary(destination.folder(), id), inode));
        Input::Staged(id, Ok(inode))
    }

    fn examine(
        &self,
        id: IntakeId,
        (name, place): (&FileName, &FileName),
        filing: Option<&Filing>,
    ) -> Places {
        let mut places = Places {
            outgoing: self.identity(&at(Folder::Outgoing, name)),
            checked: self.identity(&at(Folder::Checked, place)),
            claimed: self.identity(&temporary(Folder::Outgoing, id)),
            copied: self.inode(&temporary(Folder::Checked, id)),
            ..Places::default()
        };
        if let Some(filing) = filing {
            let folder = filing.destination.folder();
            places.staged = self.inode(&temporary(folder, id));
            places.filed = self.inode(&at(folder, &filing.name));
        }
        places
    }

    fn append(&mut self, record: &Record) {
        let floor = u32::try_from(self.journal_on_disk).expect("small");
        self.journal.extend(frame(record, floor));
    }

    fn systems(&self) -> impl Iterator<Item = &Names> {
        [&self.intake, &self.results].into_iter().chain(&self.apart)
    }

    fn names(&mut self, folder: Folder) -> &mut Names {
        match (folder, &mut self.apart) {
            (Folder::Checked, Some(apart)) => apart,
            (Folder::Outgoing | Folder::Checked, _) => &mut self.intake,
            (Folder::Sent | Folder::Failed | Folder::SentCopy | Folder::FailedCopy, _) => &mut self.results,
        }
    }

    fn copy(&mut self, id: IntakeId) -> Result<Copied, Fault> {
        let original = self.identity(&temporary(Folder::Outgoing, id)).ok_or(Fault::Missing)?;
        let file = self.files.get_mut(&original.inode).ok_or(Fault::Missing)?;
        file.on_disk = true;
        let octets = file.octets.clone();
        let inode = self.create(&octets, true);
        self.change(Change::Set(temporary(Folder::Checked, id), inode));
        Ok(Copied { copy: Copy { inode, owner: 0 }, original })
    }

    fn change(&mut self, change: Change) {
        let (Change::Set(place, _) | Change::Remove(place) | Change::Rename(place, _)) = &change;
        let names = self.names(place.0);
        apply(&mut names.now, &change);
        names.unsynced.push(change);
    }

    fn create(&mut self, octets: &[u8], on_disk: bool) -> u64 {
        self.next_inode += 1;
        self.files.insert(self.next_inode, Data { octets: octets.to_vec(), on_disk });
        self.next_inode
    }

    fn inode(&self, place: &Place) -> Option<u64> {
        self.systems().find_map(|names| names.now.get(place)).copied()
    }

    fn identity(&self, place: &Place) -> Option<Identity> {
        let inode = self.inode(place)?;
        Some(Identity { inode, size: self.files[&inode].octets.len() as u64, mtime_ns: inode })
    }

    fn lock(&mut self, name: &FileName) -> Result<(), Fault> {
        let place = (Folder::Checked, name.lock());
        if self.inode(&place).is_some() {
            return Err(Fault::Exists);
        }
        let inode = self.create(b"1 smsd\n", true);
        self.change(Change::Set(place, inode));
        Ok(())
    }

    fn rename(&mut self, from: Place, to: Place) -> Result<(), Fault> {
        if self.inode(&from).is_none() {
            return Err(Fault::Missing);
        }
        let apart = |place: &Place| self.apart.is_some() && place.0 == Folder::Checked;
        if apart(&from) != apart(&to) {
            return Err(Fault::OtherFileSystem);
        }
        if self.inode(&to).is_some() {
            return Err(Fault::Exists);
        }
        self.change(Change::Rename(from, to));
        Ok(())
    }

    fn remove(&mut self, place: Place) -> Result<(), Fault> {
        self.inode(&place).ok_or(Fault::Missing)?;
        self.change(Change::Remove(place));
        Ok(())
    }

    fn read(&mut self, name: &FileName, to_disk: bool) -> Result<Contents, Fault> {
        let place = at(Folder::Checked, name);
        let identity = self.identity(&place).ok_or(Fault::Missing)?;
        let file = self.files.get_mut(&identity.inode).ok_or(Fault::Missing)?;
        file.on_disk |= to_disk;
        Ok(Contents { octets: file.octets.clone(), identity, owner: 0, included: Vec::new() })
    }

    fn list(&self, folder: Folder) -> Vec<Observation> {
        let names = self.systems().flat_map(|names| names.now.keys());
        let inside = names.filter(|place| place.0 == folder);
        inside.filter_map(|place| self.observe(place)).collect()
    }

    fn list_checked(&mut self) -> Input {
        let (locks, files): (Vec<_>, Vec<_>) =
            self.list(Folder::Checked).into_iter().partition(|found| found.name.locked_file().is_some());
        for lock in locks {
            let locked = lock.name.locked_file().expect("a lock");
            if self.inode(&at(Folder::Checked, &locked)).is_none() {
                self.change(Change::Remove(at(Folder::Checked, &lock.name)));
            }
        }
        Input::ListedChecked(Ok(files))
    }

    fn observe(&self, place: &Place) -> Option<Observation> {
        let (name, identity) = (FileName::new(&place.1)?, self.identity(place)?);
        Some(Observation { name, kind: Kind::Regular, identity, links: 1, owner: 0 })
    }

    fn inspect(&self, name: &FileName) -> Option<Inspection> {
        let observation = self.observe(&at(Folder::Outgoing, name))?;
        let conflict = self.inode(&at(Folder::Checked, name)).is_some()
            || self.inode(&(Folder::Checked, name.lock())).is_some();
        Some(Inspection {
            observation,
            locked: false,
            conflict,
            recipient: None,
            urgent: false,
            readable: true,
        })
    }
}

impl Names {
    fn sync(&mut self) {
        self.on_disk = self.now.clone();
        self.unsynced.clear();
    }

    fn cut(&mut self, chance: &mut Chance) {
        let kept = chance.below(self.unsynced.len() as u64 + 1);
        for change in self.unsynced.drain(..).take(usize::try_from(kept).expect("small")) {
            apply(&mut self.on_disk, &change);
        }
        self.now = self.on_disk.clone();
    }
}

fn apply(names: &mut BTreeMap<Place, u64>, change: &Change) {
    match change {
        Change::Set(place, inode) => {
            names.insert(place.clone(), *inode);
        }
        Change::Remove(place) => {
            names.remove(place);
        }
        Change::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
    }
}

fn at(folder: Folder, name: &FileName) -> Place {
    (folder, name.as_bytes().to_vec())
}

fn temporary(folder: Folder, id: IntakeId) -> Place {
    (folder, format!(".{id}.tmp").into_bytes())
}
