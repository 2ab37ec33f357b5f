//! One file from the folder of a queue into `checked`, where it says itself which queue it is for.
//!
//! ```text
//! QUEUE/NAME ──no name is lost──▶ QUEUE/.smsgrid-claimed/NAME ──▶ the same with its `Queue:` ──▶ checked/NAME
//! ```
//!
//! After a stop anywhere the file stands in one of the three, and goes on from there. Only this process writes into the
//! folder in the middle, and no move of the three replaces a file of somebody else.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;
use smsgrid::sms_file::{self, Document, Entry, FILE_OCTETS_MAX, Header};
use smsgrid::worker::intake::{FileName, Identity, Kind};

use super::disk::create;
use super::file;

/// The folder in the folder of a queue for a file that is on its way; hidden, so that nobody looks for files there.
pub(super) const CLAIMED: &[u8] = b".smsgrid-claimed";
/// The name there of a file while it is written anew.
const DRAFT: &[u8] = b".draft";

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
pub(super) enum Stays {
    #[error("a `.LOCK` file stands beside it")]
    Locked,
    #[error("a file or lock of its name stands in `checked`")]
    NameTaken,
    #[error("an earlier file of its name is still on its way")]
    NameClaimed,
    #[error("the folder lies on another file system than `checked`: move the file into `outgoing`")]
    OtherFileSystem,
    #[error("it is no message file: no regular file of one name and at most {FILE_OCTETS_MAX} octets")]
    Irregular,
    #[error("it includes another file, and would lose its owner: move it into `outgoing`")]
    OwnerLost,
    /// Somebody is at work on it.
    #[error("it changes")]
    Changing,
    #[error("{}", file::words(*.0))]
    System(Errno),
}

impl From<Errno> for Stays {
    fn from(errno: Errno) -> Stays {
        Stays::System(errno)
    }
}

/// A folder that is open, with that for files on their way.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) folder: OwnedFd,
    claimed: Option<OwnedFd>,
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: FileName,
    pub(super) identity: Identity,
    /// It is on its way since an earlier run.
    pub(super) is_claimed: bool,
}

impl Opened {
    pub(super) fn open(queue: &QueueFolder) -> Result<Opened, Errno> {
        let folder = open_folder(CWD, queue.path.as_os_str().as_encoded_bytes(), OFlags::empty())?;
        let claimed = match claimed(&folder) {
            Err(Errno::NOENT) => None,
            opened => Some(opened?),
        };
        Ok(Opened { folder, claimed })
    }

    /// The folder for files on their way, where there is one.
    pub(super) fn claimed(&self) -> Option<BorrowedFd<'_>> {
        self.claimed.as_ref().map(AsFd::as_fd)
    }

    /// Whether it is this very folder.
    pub(super) fn is(&self, other: BorrowedFd<'_>) -> Result<bool, Errno> {
        let place = |stat: Stat| (stat.st_dev, stat.st_ino);
        Ok(place(rustix::fs::fstat(&self.folder)?) == place(rustix::fs::fstat(other)?))
    }

    /// Brings the renames to disk.
    pub(super) fn sync(&self) -> Result<(), Errno> {
        self.claimed().map_or(Ok(()), rustix::fs::fsync)?;
        rustix::fs::fsync(&self.folder)
    }

    /// Removes the folder for files on their way, unless one is left there.
    pub(super) fn tidy(self) {
        let Some(claimed) = &self.claimed else { return };
        // Mostly there is none.
        let _ = rustix::fs::unlinkat(claimed, DRAFT, AtFlags::empty());
        let _ = rustix::fs::unlinkat(&self.folder, CLAIMED, AtFlags::REMOVEDIR);
    }

    fn make_claimed(&mut self) -> Result<(), Errno> {
        if self.claimed.is_none() {
            match rustix::fs::mkdirat(&self.folder, CLAIMED, Mode::from_raw_mode(0o700)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            self.claimed = Some(claimed(&self.folder)?);
        }
        Ok(())
    }
}

fn open_folder(at: impl AsFd, path: &[u8], how: OFlags) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | how;
    rustix::fs::openat(at, path, flags, Mode::empty())
}

/// Opens the folder for files on their way. One that others may write into is not used.
fn claimed(folder: &OwnedFd) -> Result<OwnedFd, Errno> {
    let claimed = open_folder(folder, CLAIMED, OFlags::NOFOLLOW)?;
    let stat = rustix::fs::fstat(&claimed)?;
    let is_ours = stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & 0o022 == 0;
    if is_ours { Ok(claimed) } else { Err(Errno::PERM) }
}

/// The move of files of one queue.
pub(super) struct Bringing<'a> {
    pub(super) queue: &'a str,
    pub(super) opened: &'a mut Opened,
    pub(super) checked: BorrowedFd<'a>,
    /// How files are read.
    pub(super) messages: &'a sms_file::Settings,
}

impl Bringing<'_> {
    /// Brings a file into `checked`. One that stays has its own name again, unless that was taken meanwhile.
    pub(super) fn bring(&mut self, found: &Found) -> Result<(), Stays> {
        let name = &found.name;
        self.look(name)?;
        self.opened.make_claimed()?;
        let opened = &*self.opened;
        let claimed = opened.claimed().ok_or(Errno::NOENT)?;
        let is_written = self.draft(if found.is_claimed { claimed } else { opened.folder.as_fd() }, found)?;
        if !found.is_claimed {
            match file::rename((opened.folder.as_fd(), name.as_bytes()), (claimed, name.as_bytes())) {
                Err(Errno::EXIST) => return Err(Stays::NameClaimed),
                Err(Errno::NOENT) => return Err(Stays::Changing),
                moved => moved?,
            }
        }
        let moved = self.go_on(claimed, found, is_written);
        if moved.is_err() {
            // Where its name was taken meanwhile it stays where it is, and is met there.
            let _ = file::rename((claimed, name.as_bytes()), (opened.folder.as_fd(), name.as_bytes()));
        }
        moved
    }

    fn look(&self, name: &FileName) -> Result<(), Stays> {
        let folder = self.opened.folder.as_fd();
        if file::stat(folder, &name.lock())?.is_some() {
            return Err(Stays::Locked);
        }
        if file::stat(self.checked, name.as_bytes())?.is_some()
            || file::stat(self.checked, &name.lock())?.is_some()
        {
            return Err(Stays::NameTaken);
        }
        if rustix::fs::fstat(folder)?.st_dev != rustix::fs::fstat(self.checked)?.st_dev {
            return Err(Stays::OtherFileSystem);
        }
        Ok(())
    }

    /// The file has its own name no more: what stands there now is this very file, or another that came in between.
    fn go_on(&self, claimed: BorrowedFd<'_>, found: &Found, is_written: bool) -> Result<(), Stays> {
        let name = found.name.as_bytes();
        let stands = file::stat(claimed, name)?.map(|stat| file::identity(&stat));
        if stands != Some(found.identity) {
            return Err(Stays::Changing);
        }
        if is_written {
            rustix::fs::renameat(claimed, DRAFT, claimed, name)?;
        }
        match file::rename((claimed, name), (self.checked, name)) {
            Err(Errno::EXIST) => Err(Stays::NameTaken),
            Err(Errno::XDEV) => Err(Stays::OtherFileSystem),
            moved => Ok(moved?),
        }
    }

    /// Writes the file anew with the queue it is for, unless it says that. Whether it did.
    fn draft(&self, folder: BorrowedFd<'_>, found: &Found) -> Result<bool, Stays> {
        let opened = match file::open(folder, found.name.as_bytes()) {
            Err(Errno::LOOP) => return Err(Stays::Irregular),
            Err(Errno::NOENT) => return Err(Stays::Changing),
            opened => opened?,
        };
        let stat = rustix::fs::fstat(&opened)?;
        if file::kind(&stat) != Kind::Regular || stat.st_nlink != 1 {
            return Err(Stays::Irregular);
        }
        if file::identity(&stat) != found.identity {
            return Err(Stays::Changing);
        }
        let octets = file::read_start(&opened, FILE_OCTETS_MAX + 1)?;
        let read = Document::read_translated(&octets, &self.messages.translation);
        let document = read.map_err(|_| Stays::Irregular)?;
        if names(&document, self.queue) {
            return Ok(false);
        }
        let claimed = self.opened.claimed().ok_or(Errno::NOENT)?;
        match rustix::fs::unlinkat(claimed, DRAFT, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
        let draft = create(claimed, DRAFT, OFlags::EXCL, 0o600)?;
        self.write(&draft, &document, &stat)?;
        Ok(true)
    }

    /// Writes the file with the name of its queue, with its mode and its owner. The English name of the header is known in
    /// every language.
    fn write(&self, draft: &OwnedFd, document: &Document, stat: &Stat) -> Result<(), Stays> {
        let entry = Entry::new(Header::Queue, self.queue);
        file::write_all(draft, &document.with_header(entry))?;
        let owner = (Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
        // Only who includes other files needs its owner later.
        let _ = rustix::fs::fchown(draft, owner.0, owner.1);
        let got = rustix::fs::fstat(draft)?;
        if loses_owner(document, (stat.st_uid, stat.st_gid), (got.st_uid, got.st_gid)) {
            return Err(Stays::OwnerLost);
        }
        rustix::fs::fchmod(draft, Mode::from_raw_mode(stat.st_mode & 0o777))?;
        Ok(rustix::fs::fsync(draft)?)
    }
}

/// Whether it says at last that it is for this queue: what it includes behind that may name another.
fn names(document: &Document, queue: &str) -> bool {
    let is_of_queue = |header: &Header| matches!(header, Header::Queue | Header::Provider | Header::Include);
    let last = document.headers().filter(|(header, _)| is_of_queue(header)).last();
    last.is_some_and(|(header, value)| header != Header::Include && value == queue.as_bytes())
}

/// Whether the files it includes would be read for somebody else.
fn loses_owner(document: &Document, had: (u32, u32), has: (u32, u32)) -> bool {
    had != has && !document.includes().is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smsgrid::sms_file::Translation;

    use super::*;

    fn german(file: &str) -> Document {
        let language = b"Include: = Datei:\nQueue: = Schlange:\n";
        let translation = Arc::new(Translation::read(language).expect("sound"));
        Document::read_translated(file.as_bytes(), &translation).expect("small")
    }

    #[test]
    fn only_who_includes_nothing_may_lose_its_owner_in_any_language() {
        for (file, includes) in [
            ("To: 1\nDatei: /etc/shadow\n\nx", true),
            ("To: 1\nInclude: /etc/shadow\n\nx", true),
            ("To: 1\n\nDatei: /etc/shadow", false),
        ] {
            let document = german(file);
            assert!(!loses_owner(&document, (1000, 1000), (1000, 1000)), "{file}");
            assert_eq!(loses_owner(&document, (1000, 1000), (0, 1000)), includes, "{file}");
            assert_eq!(loses_owner(&document, (1000, 1000), (1000, 0)), includes, "{file}");
        }
    }

    #[test]
    fn a_file_names_its_queue_in_any_language_unless_something_behind_may_name_another() {
        for (file, named) in [
            ("To: 1\nQueue: FAST\n\nx", true),
            ("To: 1\nProvider: FAST\n\nx", true),
            ("To: 1\nSchlange: FAST\n\nx", true),
            ("To: 1\nInclude: /x\nSchlange: FAST\n\nx", true),
            ("To: 1\nQueue: FAST\nSchlange: SLOW\n\nx", false),
            ("To: 1\nSchlange: FAST\nDatei: /x\n\nx", false),
            ("To: 1\n\nQueue: FAST", false),
        ] {
            assert_eq!(names(&german(file), "FAST"), named, "{file}");
        }
    }
}
