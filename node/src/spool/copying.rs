//! Files on their way to a `checked` that lies on another file system.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;
use smsgrid::sms_file::FILE_OCTETS_MAX;
use smsgrid::worker::intake::{Copied, Copy, FileName, IntakeId, Irregularity, Kind};

use super::disk::{create, temporary};
use super::file;

/// The two folders.
pub(super) struct Copying<'a> {
    pub(super) outgoing: BorrowedFd<'a>,
    pub(super) checked: BorrowedFd<'a>,
}

/// Why there is no copy.
pub(super) enum CopyRefused {
    /// It is no message file.
    Irregular(Irregularity),
    /// The system refused.
    System(Errno),
}

impl From<Errno> for CopyRefused {
    fn from(errno: Errno) -> CopyRefused {
        CopyRefused::System(errno)
    }
}

impl Copying<'_> {
    /// Gives the file a name nobody else uses.
    pub(super) fn claim(&self, id: IntakeId, name: &FileName) -> Result<(), Errno> {
        file::rename((self.outgoing, name.as_bytes()), (self.outgoing, &temporary(id)))
    }

    /// Copies the claimed file and brings both to disk: after a power cut the same copy is made of it.
    pub(super) fn copy(&self, id: IntakeId) -> Result<Copied, CopyRefused> {
        let original = self.open(id)?;
        rustix::fs::fdatasync(&original)?;
        let octets = file::read_start(&original, FILE_OCTETS_MAX + 1)?;
        let stat = rustix::fs::fstat(&original)?;
        if octets.len() > FILE_OCTETS_MAX {
            return Err(CopyRefused::Irregular(Irregularity::TooLarge));
        }
        let inode = self.write(id, &octets, &stat)?;
        Ok(Copied { copy: Copy { inode, owner: stat.st_uid }, original: file::identity(&stat) })
    }

    /// Gives the copy its name.
    pub(super) fn adopt(&self, id: IntakeId, name: &FileName) -> Result<(), Errno> {
        file::rename((self.checked, &temporary(id)), (self.checked, name.as_bytes()))
    }

    fn open(&self, id: IntakeId) -> Result<OwnedFd, CopyRefused> {
        let named = file::stat(self.outgoing, &temporary(id))?.ok_or(Errno::NOENT)?;
        if file::kind(&named) == Kind::Symlink {
            return Err(CopyRefused::Irregular(Irregularity::Symlink));
        }
        let opened = match file::open(self.outgoing, &temporary(id)) {
            Err(Errno::LOOP) => return Err(CopyRefused::Irregular(Irregularity::Special)),
            opened => opened?,
        };
        let stat = rustix::fs::fstat(&opened)?;
        if file::kind(&stat) != Kind::Regular {
            return Err(CopyRefused::Irregular(Irregularity::Special));
        }
        if stat.st_nlink != 1 {
            return Err(CopyRefused::Irregular(Irregularity::Hardlink));
        }
        Ok(opened)
    }

    /// The copy has the mode and the age of the original; its owner stands in the journal.
    fn write(&self, id: IntakeId, octets: &[u8], original: &Stat) -> Result<u64, Errno> {
        let copy = create(self.checked, &temporary(id), OFlags::TRUNC, 0o600)?;
        file::write_all(&copy, octets)?;
        rustix::fs::fchmod(&copy, Mode::from_raw_mode(original.st_mode & 0o777))?;
        keep_age(&copy, original)?;
        rustix::fs::fsync(&copy)?;
        Ok(rustix::fs::fstat(&copy)?.st_ino)
    }
}

fn keep_age(copy: impl AsFd, original: &Stat) -> Result<(), Errno> {
    let nanos = file::identity(original).mtime_ns;
    let second = 1_000_000_000;
    let time = Timespec {
        tv_sec: i64::try_from(nanos / second).unwrap_or_default(),
        tv_nsec: i64::try_from(nanos % second).unwrap_or_default(),
    };
    rustix::fs::futimens(copy, &Timestamps { last_access: time, last_modification: time })
}
