//! Folders of smsd's `[queues]`: what smsd of before left there, or a check handler put there, waits for the modems of the
//! queue. It is brought into `checked`, and says then itself which queue it is for.
//!
//! ```text
//! QUEUE/NAME ──its `Queue:` is not this one: written anew in its place──▶ QUEUE/NAME ──rename──▶ checked/NAME
//! ```
//!
//! After a stop anywhere the file stands in one of the two.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;
use smsgrid::sms_file::{Document, Entry, FILE_OCTETS_MAX, FILE_OCTETS_MIN, Header};
use smsgrid::worker::intake::{FileName, Kind, Observation};
use tracing::{info, warn};

use super::disk::create;
use super::file;
use super::pass::Pass;

/// The name of a file while it is written anew; hidden, so that nobody takes it.
const DRAFT: &[u8] = b".smsgrid-draft";
/// Most files brought in one pass; the next pass brings others.
const FILES_MAX: usize = 10_000;

/// The folder of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFolder {
    /// The queue, as `Queue:` of a file names it.
    pub queue: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Why a file stays where it is.
#[derive(Debug, thiserror::Error)]
enum Stays {
    #[error("a `.LOCK` file stands beside it")]
    Locked,
    #[error("a file of its name stands in `checked`")]
    NameTaken,
    #[error("the folder lies on another file system than `checked`: move the file into `outgoing`")]
    OtherFileSystem,
    #[error("it is no message file: no regular file of one name and at most {FILE_OCTETS_MAX} octets")]
    Irregular,
    #[error("it includes another file, and would lose its owner: move it into `outgoing`")]
    OwnerLost,
    #[error("{}", file::words(*.0))]
    System(Errno),
}

impl From<Errno> for Stays {
    fn from(errno: Errno) -> Stays {
        Stays::System(errno)
    }
}

impl QueueFolder {
    /// Brings its files into `checked`. What stays is told, and the rest goes on.
    pub(super) fn bring(&self, checked: BorrowedFd<'_>) {
        let path = self.path.display();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, &self.path, flags, Mode::empty());
        let brought = opened.and_then(|folder| self.bring_all(&folder, checked));
        match brought {
            Ok(0) => {}
            Ok(count) => {
                info!(event = "spool.queue", queue = self.queue, %path, count, "files taken from the folder of a queue")
            }
            Err(errno) => {
                let why = file::words(errno);
                warn!(event = "spool.queue", queue = self.queue, %path, why, "the folder of a queue cannot be read: files in it are not sent");
            }
        }
    }

    fn bring_all(&self, folder: &OwnedFd, checked: BorrowedFd<'_>) -> Result<usize, Errno> {
        if is_same(folder, checked)? {
            return Ok(0);
        }
        let mut pass = Pass::start(folder.as_fd())?;
        let mut found = Vec::new();
        while !pass.is_over() && found.len() < FILES_MAX {
            found.extend(pass.next_slice(folder.as_fd()).into_iter().filter(is_to_be_brought));
        }
        let mut count = 0;
        for observation in found {
            match self.bring_one(folder, checked, &observation) {
                Ok(()) => count += 1,
                Err(why) => self.tell(&observation.name, &why),
            }
        }
        if count > 0 {
            // Its new place is on disk before the journal knows the file: it is not met here again.
            rustix::fs::fsync(checked)?;
            rustix::fs::fsync(folder)?;
        }
        Ok(count)
    }

    fn tell(&self, name: &FileName, why: &Stays) {
        let file = self.path.join(String::from_utf8_lossy(name.as_bytes()).as_ref());
        warn!(
            event = "spool.queue", queue = self.queue, file = %file.display(), %why,
            "a file in the folder of a queue stays there and is not sent; it is looked at again at the next start"
        );
    }

    fn bring_one(
        &self,
        folder: &OwnedFd,
        checked: BorrowedFd<'_>,
        observation: &Observation,
    ) -> Result<(), Stays> {
        let name = &observation.name;
        if file::stat(folder.as_fd(), &name.lock())?.is_some() {
            return Err(Stays::Locked);
        }
        if file::stat(checked, name.as_bytes())?.is_some() || file::stat(checked, &name.lock())?.is_some() {
            return Err(Stays::NameTaken);
        }
        if rustix::fs::fstat(folder)?.st_dev != rustix::fs::fstat(checked)?.st_dev {
            return Err(Stays::OtherFileSystem);
        }
        self.give_queue(folder, name)?;
        match file::rename((folder.as_fd(), name.as_bytes()), (checked, name.as_bytes())) {
            Err(Errno::EXIST) => Err(Stays::NameTaken),
            Err(Errno::XDEV) => Err(Stays::OtherFileSystem),
            moved => Ok(moved?),
        }
    }

    /// Has the file say which queue it is for, whatever it said.
    fn give_queue(&self, folder: &OwnedFd, name: &FileName) -> Result<(), Stays> {
        let opened = file::open(folder.as_fd(), name.as_bytes())?;
        let stat = rustix::fs::fstat(&opened)?;
        let octets = file::read_start(&opened, FILE_OCTETS_MAX + 1)?;
        let is_regular = file::kind(&stat) == Kind::Regular && stat.st_nlink == 1;
        let document = Document::read(&octets).ok().filter(|_| is_regular).ok_or(Stays::Irregular)?;
        if names(&document, &self.queue) {
            return Ok(());
        }
        let draft = create(folder, DRAFT, OFlags::TRUNC, 0o600)?;
        let written = self.write(&draft, &document, &stat);
        let replaced =
            written.and_then(|()| Ok(rustix::fs::renameat(folder, DRAFT, folder, name.as_bytes())?));
        if replaced.is_err() {
            // What cannot be removed is written over by the next.
            let _ = rustix::fs::unlinkat(folder, DRAFT, AtFlags::empty());
        }
        replaced
    }

    /// Writes the file with the name of its queue, with its mode and its owner.
    fn write(&self, draft: &OwnedFd, document: &Document, stat: &Stat) -> Result<(), Stays> {
        let entry = Entry::new(Header::Queue, &self.queue);
        file::write_all(draft, &document.with_header(entry))?;
        let owner = (Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
        let is_kept = rustix::fs::fchown(draft, owner.0, owner.1).is_ok();
        if !is_kept && rustix::fs::fstat(draft)?.st_uid != stat.st_uid && !document.includes().is_empty() {
            return Err(Stays::OwnerLost);
        }
        rustix::fs::fchmod(draft, Mode::from_raw_mode(stat.st_mode & 0o777))?;
        Ok(rustix::fs::fsync(draft)?)
    }
}

/// Whether its last `Queue:` or `Provider:` is this one.
fn names(document: &Document, queue: &str) -> bool {
    let said = document.headers().filter(|(header, _)| matches!(header, Header::Queue | Header::Provider));
    said.last().is_some_and(|(_, value)| value == queue.as_bytes())
}

/// What smsd looks at in the folder of a queue.
fn is_to_be_brought(observation: &Observation) -> bool {
    let Observation { name, kind, identity, .. } = observation;
    *kind != Kind::Directory && !name.is_ignored() && identity.size >= FILE_OCTETS_MIN
}

fn is_same(folder: &OwnedFd, other: BorrowedFd<'_>) -> Result<bool, Errno> {
    let place = |stat: Stat| (stat.st_dev, stat.st_ino);
    Ok(place(rustix::fs::fstat(folder)?) == place(rustix::fs::fstat(other)?))
}
