//! Single files: opened without following or waiting, moved without overwriting.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use smsgrid::sms_file::FILE_OCTETS_MAX;
use smsgrid::worker::intake::{Fault, FileName, Identity, Kind, Observation};

/// Opens a file of a folder for reading. Nothing is followed, nothing outside the folder is reached, and a FIFO does
/// not block.
pub(super) fn open(folder: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(folder, name, flags, Mode::empty(), resolve) {
        // Old kernels and sandboxes lack openat2; a name without a slash and O_NOFOLLOW say the same.
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {
            rustix::fs::openat(folder, name, flags, Mode::empty())
        }
        // A socket or a device without a driver.
        Err(Errno::NXIO | Errno::NODEV) => Err(Errno::LOOP),
        opened => opened,
    }
}

/// What a name stands for, itself, not what it may point to.
pub(super) fn stat(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Option<Stat>, Errno> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Gives a file another name or folder; an existing file of that name stays and the move does not happen.
pub(super) fn rename(from: (BorrowedFd<'_>, &[u8]), to: (BorrowedFd<'_>, &[u8])) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            rustix::fs::linkat(from.0, from.1, to.0, to.1, AtFlags::empty())?;
            rustix::fs::unlinkat(from.0, from.1, AtFlags::empty())
        }
        renamed => renamed,
    }
}

/// Removes a file; what is no plain file, or too large for a message, gets the name `aside` instead.
pub(super) fn put_away(folder: BorrowedFd<'_>, name: &[u8], aside: &FileName) -> Result<(), Errno> {
    let found = stat(folder, name)?.ok_or(Errno::NOENT)?;
    if kind(&found) == Kind::Regular && identity(&found).size <= FILE_OCTETS_MAX as u64 {
        return rustix::fs::unlinkat(folder, name, AtFlags::empty());
    }
    rename((folder, name), (folder, aside.as_bytes()))
}

/// Which file it is.
#[allow(clippy::useless_conversion, reason = "the width differs between architectures")]
pub(super) fn identity(stat: &Stat) -> Identity {
    let seconds = u64::try_from(stat.st_mtime).unwrap_or_default();
    // Never negative, never above a second.
    let nanos = u64::try_from(stat.st_mtime_nsec).unwrap_or_default();
    Identity {
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or_default(),
        mtime_ns: seconds.saturating_mul(1_000_000_000).saturating_add(nanos),
    }
}

/// What is seen of a file.
#[allow(clippy::useless_conversion, reason = "the width differs between architectures")]
pub(super) fn observation(name: FileName, stat: &Stat) -> Observation {
    Observation {
        name,
        kind: kind(stat),
        identity: identity(stat),
        links: u64::from(stat.st_nlink),
        owner: stat.st_uid,
    }
}

/// What kind of file it is.
pub(super) fn kind(stat: &Stat) -> Kind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::Regular,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Kind::Special,
    }
}

/// Reads at most `octets_max` from the start of a file.
pub(super) fn read_start(file: impl AsFd, octets_max: usize) -> Result<Vec<u8>, Errno> {
    let mut octets = vec![0; octets_max];
    let mut filled = 0;
    while filled < octets.len() {
        match rustix::io::read(&file, &mut octets[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    octets.truncate(filled);
    Ok(octets)
}

/// Writes all of it.
pub(super) fn write_all(file: impl AsFd, mut octets: &[u8]) -> Result<(), Errno> {
    while !octets.is_empty() {
        match rustix::io::write(&file, octets) {
            Ok(count) => octets = &octets[count..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// What the machine is told of an error.
pub(super) fn fault(errno: Errno) -> Fault {
    match errno {
        Errno::EXIST | Errno::NOTEMPTY => Fault::Exists,
        Errno::NOENT => Fault::Missing,
        Errno::XDEV => Fault::OtherFileSystem,
        other => Fault::Io(words(other)),
    }
}

/// What an error means, in the words of the system and without its number.
pub(super) fn words(errno: Errno) -> String {
    let told = std::io::Error::from(errno).to_string();
    told.split(" (os error").next().unwrap_or_default().to_owned()
}
