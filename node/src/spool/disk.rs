//! Carries out the effects of the intake on real folders, one after the other.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use smsgrid::model::{Address, MessageId};
use smsgrid::sms_file::{self, Document, FILE_OCTETS_MAX, INCLUDES_MAX, Included, is_urgent};
use smsgrid::worker::intake::{
    Alarm, Contents, Copied, Destination, Effect, Fault, FileName, Filed, Filing, Folder, FolderTrouble,
    Gone, Halt, Identity, Input, Inspection, IntakeId, Irregularity, Kind, Observation, Ownership, Place,
    Places, Reach, Record, Replayed,
};

use super::copying::{CopyRefused, Copying};
use super::file;
use super::folders::{Folders, Strictness};
use super::handles::SpoolMessage;
use super::include::{self, NotIncluded, Sender};
use super::journal::Journal;
use super::kept;
use super::pass::Pass;
use super::queue_folder::QueueFolder;
use super::queue_looks::QueueLooks;
use super::result_copy::{self, Refused};

/// How much of a file is read to see whether it is urgent.
const HEADER_OCTETS_MAX: usize = 4096;

/// The folders and the journal of one spool.
#[derive(Debug)]
pub struct Disk {
    folders: Folders,
    journal: Journal,
    /// What a lock file says: process id and title, as smsd writes it.
    lock_text: String,
    pass: Option<Pass>,
    /// Folders of queues, whose files are brought into `checked`.
    queues: QueueLooks,
    /// How its files are read; it says too whether priority is looked for.
    messages: sms_file::Settings,
    /// `checked` was listed: the locks there are of this run, or of somebody who is at work.
    listed: bool,
}

/// What became of an effect.
#[derive(Debug)]
pub enum Done {
    /// It happened, or not; this is to be told.
    Reply(Input),
    /// It happened; nothing is to be told.
    Silent,
    /// It is not the disk's business.
    Outside(Outside),
}

/// The effects that do not touch the disk.
#[derive(Debug)]
pub enum Outside {
    /// Submit a message; the answer is [`Input::Submitted`].
    Submit(IntakeId, u16, Box<SpoolMessage>),
    /// Tell what becomes of a message; the answer is [`Input::Settled`].
    Follow(IntakeId, u16, MessageId),
    /// Tell the operator.
    Alarm(Alarm),
    /// Ask the check handler; the answer is [`Input::Checked`].
    Check(IntakeId, Folder, FileName),
    /// Tell the operator, and let the alarm handler help; the answer is [`Input::Handled`].
    Handle(FileName, Alarm),
    /// Tell the event handler.
    Tell(Filed),
    /// Stop.
    Halt(Halt),
}

impl Disk {
    /// The disk side of a spool; `title` stands in lock files, `messages` says how files are read.
    pub fn new(folders: Folders, journal: Journal, title: &str, messages: sms_file::Settings) -> Disk {
        let lock_text = format!("{} {title}\n", std::process::id());
        Disk {
            folders,
            journal,
            lock_text,
            pass: None,
            messages,
            queues: QueueLooks::default(),
            listed: false,
        }
    }

    /// The same, with files that wait in the folders of these queues.
    pub fn with_queues(self, queues: Vec<QueueFolder>) -> Disk {
        Disk { queues: QueueLooks::of(queues), ..self }
    }

    /// The files of the journal that are gone. One that cannot be looked for is not.
    pub fn gone(&self, journal: &Replayed) -> Gone {
        let gone = journal.pending.iter().filter(|(id, pending)| {
            let places = self.examine(**id, &pending.name, &pending.place, pending.filing.as_ref());
            places.is_ok_and(|places| pending.is_gone(&places))
        });
        Gone::new(self.uuid(), gone.map(|(id, _)| *id))
    }

    /// The folders.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The spool's number.
    pub fn uuid(&self) -> MessageId {
        self.journal.uuid()
    }

    /// Carries out one effect.
    pub fn execute(&mut self, effect: Effect) -> Done {
        Done::Reply(match effect {
            Effect::Scan => self.scan(),
            Effect::Inspect(name) => self.inspect(name),
            Effect::Take { name, identity, place } => self.record(name, identity, place),
            Effect::Append(record) => match self.journal.append(record) {
                Ok(()) => return Done::Silent,
                Err(error) => Input::JournalFailed(error.to_string()),
            },
            Effect::SyncJournal => self.sync_journal(),
            Effect::Lock(id, name) => Input::Locked(id, self.told(&[Folder::Checked], self.lock(&name))),
            Effect::Move(id, name, place) => {
                Input::Moved(id, self.told(&[Folder::Outgoing, Folder::Checked], self.take(&name, &place)))
            }
            Effect::Claim(id, name) => {
                Input::Claimed(id, self.told(&[Folder::Outgoing], self.copying().claim(id, &name)))
            }
            Effect::Copy(id) => Input::Copied(id, self.copied(id)),
            Effect::Adopt(id, name) => {
                Input::Adopted(id, self.told(&[Folder::Checked], self.copying().adopt(id, &name)))
            }
            Effect::Release { id, aside } => {
                // What cannot be removed stays under a hidden name.
                let _ = file::put_away(self.folders.outgoing(), &temporary(id), &aside);
                return Done::Silent;
            }
            Effect::Read(id, name, ownership) => Input::Read(id, self.read(id, &name, Some(ownership))),
            Effect::Reread(id, name) => Input::Read(id, self.read(id, &name, None)),
            Effect::Stage { id, name, destination, octets } => {
                Input::Staged(id, self.staged(id, &name, destination, &octets))
            }
            Effect::SyncFolder(folder) => {
                Input::FolderSynced(folder, self.told(&[folder], self.sync(folder)))
            }
            Effect::Publish { id, destination, name } => {
                let published = self.publish(id, destination, &name);
                Input::Published(id, self.told(&[destination.folder()], published))
            }
            Effect::KeepCopy { id, destination, name, spare } => self.keep_copy(id, destination, name, spare),
            Effect::Unlink { id, name, aside } => {
                let put_away = file::put_away(self.folders.checked(), name.as_bytes(), &aside);
                Input::Unlinked(id, self.told(&[Folder::Checked], put_away))
            }
            Effect::Unlock(name) => {
                // A lock that cannot be removed is removed at the next start.
                let _ = self.unlink(&name.lock());
                return Done::Silent;
            }
            Effect::Discard(id) => {
                self.discard(id);
                return Done::Silent;
            }
            Effect::Examine { id, name, place, filing } => {
                let examined = self.examine(id, &name, &place, filing.as_ref());
                Input::Examined(id, self.told(&[Folder::Checked, Folder::Outgoing], examined))
            }
            Effect::ListChecked => self.listed_checked(),
            Effect::LookAtQueues => self.queues.look(self.folders.checked(), &self.messages),
            Effect::Submit { id, recipient, key, submission, owner } => {
                let message = SpoolMessage { key, submission: *submission, owner };
                return Done::Outside(Outside::Submit(id, recipient, Box::new(message)));
            }
            Effect::Follow(id, recipient, message) => {
                return Done::Outside(Outside::Follow(id, recipient, message));
            }
            Effect::Alarm(alarm) => return Done::Outside(Outside::Alarm(alarm)),
            Effect::Check { id, folder, name } => return Done::Outside(Outside::Check(id, folder, name)),
            Effect::Handle(name, alarm) => return Done::Outside(Outside::Handle(name, alarm)),
            Effect::Tell(filed) => return Done::Outside(Outside::Tell(filed)),
            Effect::Halt(why) => return Done::Outside(Outside::Halt(why)),
        })
    }

    fn record(&mut self, name: FileName, identity: Identity, place: Place) -> Input {
        let id = IntakeId::from_bytes(ulid::Ulid::new().to_bytes());
        let owner = self.owner(&name, identity, &place);
        match self.journal.append(Record::taken(id, &name, &place.name(&name, id), identity, owner)) {
            Ok(()) => Input::Taken { name, identity, place, id, owner },
            Err(error) => Input::JournalFailed(error.to_string()),
        }
    }

    /// Who owns a file that is to be taken, if it is the one that was looked at. What stands in `checked` and is smsnode's
    /// own was written there by a program of it, for nobody knows whom.
    fn owner(&self, name: &FileName, identity: Identity, place: &Place) -> Option<u32> {
        let (folder, name) = match place {
            Place::Same | Place::Made => (self.folders.outgoing(), name),
            Place::Known(known) => (self.folders.checked(), known),
        };
        let stat = file::stat(folder, name.as_bytes()).ok()??;
        let is_ours = stat.st_uid == rustix::process::geteuid().as_raw();
        let is_known = match place {
            Place::Same | Place::Made => true,
            Place::Known(_) => !is_ours,
        };
        (stat.st_ino == identity.inode && is_known).then_some(stat.st_uid)
    }

    fn sync_journal(&mut self) -> Input {
        match self.journal.sync() {
            Ok(()) => Input::JournalSynced,
            Err(error) => Input::JournalFailed(error.to_string()),
        }
    }

    fn staged(
        &self,
        id: IntakeId,
        name: &FileName,
        destination: Destination,
        octets: &[u8],
    ) -> Result<u64, Fault> {
        self.told(&[destination.folder()], self.stage(id, name, destination, octets))
    }

    fn scan(&mut self) -> Input {
        let pass = match self.pass.take() {
            Some(pass) => Ok(pass),
            None => Pass::start(self.folders.outgoing()),
        };
        let mut pass = match pass {
            Ok(pass) => pass,
            Err(errno) => return Input::Scanned { observations: Vec::new(), reach: self.broken(errno) },
        };
        let observations = pass.next_slice(self.folders.outgoing());
        if !pass.is_over() {
            self.pass = Some(pass);
            return Input::Scanned { observations, reach: Reach::More };
        }
        let reach = pass.fault().map_or(Reach::Complete, |errno| self.broken(errno));
        Input::Scanned { observations, reach }
    }

    fn broken(&self, errno: Errno) -> Reach {
        Reach::Broken(self.fault(&[Folder::Outgoing], errno))
    }

    fn inspect(&self, name: FileName) -> Input {
        let found = self.told(&[Folder::Outgoing, Folder::Checked], self.look(&name));
        Input::Inspected { name, found }
    }

    fn look(&self, name: &FileName) -> Result<Option<Inspection>, Errno> {
        let outgoing = self.folders.outgoing();
        let Some(stat) = file::stat(outgoing, name.as_bytes())? else { return Ok(None) };
        let mut observation = file::observation(name.clone(), &stat);
        let checked = self.folders.checked();
        let locked = file::stat(outgoing, &name.lock())?.is_some();
        let conflict =
            file::stat(checked, name.as_bytes())?.is_some() || file::stat(checked, &name.lock())?.is_some();
        let (mut urgent, mut readable, mut recipient) = (false, true, None);
        if observation.kind == Kind::Regular {
            match file::open(outgoing, name.as_bytes()) {
                Ok(opened) => {
                    observation = file::observation(name.clone(), &rustix::fs::fstat(&opened)?);
                    // Beyond the checks of the machine: only what is regular now is read.
                    let priority = self.messages.priority;
                    if (priority || conflict) && observation.kind == Kind::Regular {
                        let start = file::read_start(&opened, HEADER_OCTETS_MAX)?;
                        urgent = priority && is_urgent(&start, &self.messages.translation);
                        recipient = self.recipient_of(&start).filter(|_| conflict);
                    }
                }
                Err(Errno::NOENT) => return Ok(None),
                Err(_) => readable = false,
            }
        }
        Ok(Some(Inspection { observation, locked, conflict, recipient, urgent, readable }))
    }

    /// Whom the start of a file names first.
    fn recipient_of(&self, start: &[u8]) -> Option<Address> {
        let document = Document::read_translated(start, &self.messages.translation).ok()?;
        let all = sms_file::recipients(&document, &sms_file::Settings::default()).ok()?;
        all.into_iter().next().map(|recipient| recipient.address)
    }

    fn lock(&self, name: &FileName) -> Result<(), Errno> {
        let lock = create(self.folders.checked(), &name.lock(), OFlags::EXCL, 0o644)?;
        file::write_all(&lock, self.lock_text.as_bytes())
    }

    fn take(&self, name: &FileName, place: &FileName) -> Result<(), Errno> {
        let to = (self.folders.checked(), place.as_bytes());
        file::rename((self.folders.outgoing(), name.as_bytes()), to)
    }

    /// To be submitted, it has an ownership, and its content is on disk before it is acted on: after a power cut the same
    /// message is made of it.
    fn read(&self, id: IntakeId, name: &FileName, ownership: Option<Ownership>) -> Result<Contents, Fault> {
        let opened = match file::open(self.folders.checked(), name.as_bytes()) {
            Ok(opened) => opened,
            Err(Errno::LOOP) => return Err(Fault::Irregular(self.irregularity(name))),
            Err(errno) => return Err(self.fault(&[Folder::Checked], errno)),
        };
        let stat = rustix::fs::fstat(&opened).map_err(file::fault)?;
        if file::kind(&stat) != Kind::Regular {
            return Err(Fault::Irregular(Irregularity::Special));
        }
        if stat.st_nlink != 1 {
            return Err(Fault::Irregular(Irregularity::Hardlink));
        }
        if ownership.is_some() {
            rustix::fs::fdatasync(&opened).map_err(file::fault)?;
        }
        let octets = file::read_start(&opened, FILE_OCTETS_MAX + 1).map_err(file::fault)?;
        let sender = ownership.map(|ownership| Sender::of(&stat, ownership));
        let included = self.included(id, &octets, sender)?;
        let owner = sender.and_then(|Sender(owner)| owner).unwrap_or(stat.st_uid);
        Ok(Contents { octets, identity: file::identity(&stat), owner, included })
    }

    /// The files that one with these octets includes: as they were when they were read first. With a sender, those that
    /// were not are read for him, and kept.
    fn included(&self, id: IntakeId, octets: &[u8], sender: Option<Sender>) -> Result<Vec<Included>, Fault> {
        let paths = Document::read_translated(octets, &self.messages.translation)
            .map(|document| document.includes())
            .unwrap_or_default();
        if paths.is_empty() || paths.len() > INCLUDES_MAX {
            return Ok(Vec::new());
        }
        let checked = self.folders.checked();
        if let Some(files) = self.told(&[Folder::Checked], kept::read(checked, id, &paths))? {
            return Ok(files.into_iter().map(Ok).collect());
        }
        let Some(sender) = sender else { return Ok(Vec::new()) };
        let read = |path: &Vec<u8>| match include::read(path, sender) {
            Err(NotIncluded::System(errno)) => Err(unread(path, errno)),
            read => Ok(read.map_err(|why| why.to_string())),
        };
        let included = paths.iter().map(read).collect::<Result<Vec<Included>, Fault>>()?;
        // A file that lacks one is refused: there is nothing to keep.
        let files: Result<Vec<_>, _> = included.iter().cloned().collect();
        if let Ok(files) = files {
            let files: Vec<_> = paths.into_iter().zip(files).collect();
            self.told(&[Folder::Checked], kept::write(checked, id, &files))?;
        }
        Ok(included)
    }

    fn irregularity(&self, name: &FileName) -> Irregularity {
        match file::stat(self.folders.checked(), name.as_bytes()) {
            Ok(Some(stat)) if file::kind(&stat) == Kind::Symlink => Irregularity::Symlink,
            Ok(_) | Err(_) => Irregularity::Special,
        }
    }

    fn stage(
        &self,
        id: IntakeId,
        name: &FileName,
        destination: Destination,
        octets: &[u8],
    ) -> Result<u64, Errno> {
        let folder = self.folders.destination(destination).ok_or(Errno::NOENT)?;
        let strictness = self.folders.strictness();
        let mode = match strictness {
            Strictness::Strict => 0o600,
            // The umask takes its part of it.
            Strictness::Lenient => 0o666,
        };
        let staged = create(folder, &temporary(id), OFlags::TRUNC, mode)?;
        file::write_all(&staged, octets)?;
        if strictness == Strictness::Strict {
            self.take_mode(name, &staged)?;
        }
        rustix::fs::fsync(&staged)?;
        Ok(rustix::fs::fstat(&staged)?.st_ino)
    }

    /// Gives a result the mode of the file it is the result of.
    fn take_mode(&self, name: &FileName, staged: impl AsFd) -> Result<(), Errno> {
        let taken = file::stat(self.folders.checked(), name.as_bytes())?;
        // A link has no mode of its own, everybody may do everything with it.
        match taken.filter(|stat| file::kind(stat) == Kind::Regular) {
            Some(stat) => rustix::fs::fchmod(staged, Mode::from_raw_mode(stat.st_mode & 0o777)),
            None => Ok(()),
        }
    }

    fn sync(&self, folder: Folder) -> Result<(), Errno> {
        rustix::fs::fsync(self.folders.get(folder).ok_or(Errno::NOENT)?)
    }

    fn publish(&self, id: IntakeId, destination: Destination, name: &FileName) -> Result<(), Errno> {
        let folder = self.folders.destination(destination).ok_or(Errno::NOENT)?;
        file::rename((folder, &temporary(id)), (folder, name.as_bytes()))
    }

    fn keep_copy(&self, id: IntakeId, destination: Destination, name: FileName, spare: FileName) -> Input {
        let folders = self.folders.destination(destination).zip(self.folders.get(destination.copy_folder()));
        let copied = folders
            .ok_or(Refused::NoResult)
            .and_then(|(results, copies)| result_copy::keep(results, copies, &temporary(id), name, spare));
        let kept = copied.map_err(|refused| match refused {
            Refused::NoResult => Fault::Missing,
            // A folder of copies that is gone is no reason to write the result anew.
            Refused::System(Errno::NOENT) => Fault::Io(file::words(Errno::NOENT)),
            Refused::System(errno) => self.fault(&[destination.copy_folder()], errno),
        });
        Input::CopyKept(id, kept)
    }

    fn unlink(&self, name: &[u8]) -> Result<(), Errno> {
        rustix::fs::unlinkat(self.folders.checked(), name, AtFlags::empty())
    }

    fn copying(&self) -> Copying<'_> {
        Copying { outgoing: self.folders.outgoing(), checked: self.folders.checked() }
    }

    fn copied(&self, id: IntakeId) -> Result<Copied, Fault> {
        self.copying().copy(id).map_err(|refused| match refused {
            CopyRefused::Irregular(why) => Fault::Irregular(why),
            CopyRefused::System(errno) => self.fault(&[Folder::Checked], errno),
        })
    }

    fn discard(&self, id: IntakeId) {
        for folder in [Folder::Checked, Folder::Sent, Folder::Failed, Folder::SentCopy, Folder::FailedCopy] {
            if let Some(folder) = self.folders.get(folder) {
                // Mostly there is none.
                let _ = rustix::fs::unlinkat(folder, temporary(id).as_slice(), AtFlags::empty());
            }
        }
        kept::remove(self.folders.checked(), id);
    }

    fn examine(
        &self,
        id: IntakeId,
        name: &FileName,
        place: &FileName,
        filing: Option<&Filing>,
    ) -> Result<Places, Errno> {
        let identity_in = |folder: BorrowedFd<'_>, name: &FileName| {
            Ok::<_, Errno>(file::stat(folder, name.as_bytes())?.map(|stat| file::identity(&stat)))
        };
        let mut places = Places {
            outgoing: identity_in(self.folders.outgoing(), name)?,
            checked: identity_in(self.folders.checked(), place)?,
            claimed: file::stat(self.folders.outgoing(), &temporary(id))?.map(|stat| file::identity(&stat)),
            copied: file::stat(self.folders.checked(), &temporary(id))?.map(|stat| stat.st_ino),
            ..Places::default()
        };
        let inode = |identity: &Option<smsgrid::worker::intake::Identity>| identity.map(|found| found.inode);
        let one_file_system = self.folders.share_a_file_system();
        if places.checked.is_some() && one_file_system && inode(&places.outgoing) == inode(&places.checked) {
            // A move by link and unlink was cut short between the two.
            rustix::fs::unlinkat(self.folders.outgoing(), name.as_bytes(), AtFlags::empty())?;
            places.outgoing = None;
        }
        if let Some(filing) = filing
            && let Some(folder) = self.folders.destination(filing.destination)
        {
            places.staged = file::stat(folder, &temporary(id))?.map(|stat| stat.st_ino);
            places.filed = file::stat(folder, filing.name.as_bytes())?.map(|stat| stat.st_ino);
        }
        Ok(places)
    }

    fn listed_checked(&mut self) -> Input {
        let listed = self.list_checked();
        Input::ListedChecked(self.told(&[Folder::Checked], listed))
    }

    /// An entry that cannot be looked at is passed over: it is no reason to take nothing from `outgoing`.
    fn list_checked(&mut self) -> Result<Vec<Observation>, Errno> {
        let checked = self.folders.checked();
        self.queues.sync(checked)?;
        let mut observations = Vec::new();
        let mut pass = Pass::start(checked)?;
        while !pass.is_over() {
            for observation in pass.next_slice(checked) {
                match observation.name.locked_file() {
                    Some(locked) if !self.listed => self.remove_stale_lock(&locked),
                    Some(_) => {}
                    None => observations.push(observation),
                }
            }
        }
        pass.broken_off().map_or(Ok(()), Err)?;
        self.listed = true;
        Ok(observations)
    }

    fn remove_stale_lock(&self, name: &FileName) {
        if let Ok(None) = file::stat(self.folders.checked(), name.as_bytes()) {
            let _ = self.unlink(&name.lock());
        }
    }

    fn told<T>(&self, folders: &[Folder], result: Result<T, Errno>) -> Result<T, Fault> {
        result.map_err(|errno| self.fault(folders, errno))
    }

    /// What an error means for a step in these folders, where the file changes or is made first.
    fn fault(&self, folders: &[Folder], errno: Errno) -> Fault {
        let of_folder = match errno {
            Errno::ACCESS | Errno::PERM | Errno::ROFS => {
                folders.iter().find_map(|folder| Some((*folder, self.folders.trouble(*folder)?)))
            }
            Errno::NOSPC | Errno::DQUOT => folders.first().map(|folder| (*folder, FolderTrouble::Full)),
            _ => None,
        };
        of_folder.map_or_else(|| file::fault(errno), |(folder, trouble)| Fault::Folder(folder, trouble))
    }
}

/// The system could not read an included file now; that says nothing of the message file itself.
fn unread(path: &[u8], errno: Errno) -> Fault {
    Fault::Io(format!("included file {}: {}", String::from_utf8_lossy(path), file::words(errno)))
}

/// The name of a copy or a result that has not its own yet; hidden, so that nobody takes it for one.
pub(super) fn temporary(id: IntakeId) -> Vec<u8> {
    format!(".{id}.tmp").into_bytes()
}

pub(super) fn create(folder: impl AsFd, name: &[u8], how: OFlags, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | how;
    rustix::fs::openat(folder, name, flags, Mode::from_raw_mode(mode))
}
