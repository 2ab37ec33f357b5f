//! Copies of results in folders of their own (`sent_copy`, `failed_copy`).

use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use smsgrid::worker::intake::FileName;

use super::disk::create;
use super::file;

/// Why there is no copy.
pub(super) enum Refused {
    /// There is no result to copy.
    NoResult,
    /// The system refused.
    System(Errno),
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Refused {
        Refused::System(errno)
    }
}

/// Copies the result that stands under its `temporary` name, and brings the copy and its name to disk. The name is never
/// taken from another file; the spare one, which is this result's alone, is.
pub(super) fn keep(
    results: BorrowedFd<'_>,
    copies: BorrowedFd<'_>,
    temporary: &[u8],
    name: FileName,
    spare: FileName,
) -> Result<FileName, Refused> {
    let (octets, mode) = match content(results, temporary) {
        Err(Errno::NOENT) => return Err(Refused::NoResult),
        read => read?,
    };
    let copy = create(copies, temporary, OFlags::TRUNC, 0o600)?;
    file::write_all(&copy, &octets)?;
    rustix::fs::fchmod(&copy, mode)?;
    rustix::fs::fsync(&copy)?;
    let name = match file::rename((copies, temporary), (copies, name.as_bytes())) {
        Ok(()) => name,
        // Made before a crash.
        Err(Errno::EXIST) if content(copies, name.as_bytes()).is_ok_and(|(found, _)| found == octets) => {
            rustix::fs::unlinkat(copies, temporary, AtFlags::empty())?;
            name
        }
        Err(Errno::EXIST) => {
            rustix::fs::renameat(copies, temporary, copies, spare.as_bytes())?;
            spare
        }
        Err(errno) => return Err(errno.into()),
    };
    rustix::fs::fsync(copies)?;
    Ok(name)
}

/// A file of ours, and its mode.
fn content(folder: BorrowedFd<'_>, name: &[u8]) -> Result<(Vec<u8>, Mode), Errno> {
    let opened = file::open(folder, name)?;
    let stat = rustix::fs::fstat(&opened)?;
    let size = usize::try_from(stat.st_size).unwrap_or_default();
    if size > RESULT_OCTETS_MAX {
        return Err(Errno::FBIG);
    }
    Ok((file::read_start(&opened, size)?, Mode::from_raw_mode(stat.st_mode & 0o777)))
}

/// Larger than any result: a message file, and the PDUs of all its parts in hex.
const RESULT_OCTETS_MAX: usize = 1 << 20;
