//! One pass over a folder, a slice at a time.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;
use smsgrid::worker::intake::{FileName, Observation};

use super::file;

/// Entries looked at before something else gets its turn.
const SLICE_ENTRIES: usize = 256;

/// A pass that goes on where it stopped; what is moved in meanwhile may or may not be seen.
#[derive(Debug)]
pub(super) struct Pass {
    entries: Option<Dir>,
    /// The folder could not be read to its end.
    broken_off: Option<Errno>,
    /// An entry could not be looked at.
    unseen: Option<Errno>,
}

impl Pass {
    /// Starts at the beginning of the folder.
    pub(super) fn start(folder: BorrowedFd<'_>) -> Result<Pass, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let own: OwnedFd = rustix::fs::openat(folder, ".", flags, Mode::empty())?;
        if rustix::fs::fstat(&own)?.st_nlink == 0 {
            // A folder that was removed still reads as an empty one.
            return Err(Errno::NOENT);
        }
        Ok(Pass { entries: Some(Dir::new(own)?), broken_off: None, unseen: None })
    }

    /// The next entries. Names that are no names of message files are passed over.
    pub(super) fn next_slice(&mut self, folder: BorrowedFd<'_>) -> Vec<Observation> {
        let mut observations = Vec::new();
        for _ in 0..SLICE_ENTRIES {
            let entry = match self.entries.as_mut().and_then(Dir::read) {
                Some(Ok(entry)) => entry,
                Some(Err(Errno::INTR)) => continue,
                ended => {
                    self.broken_off = ended.and_then(Result::err);
                    self.entries = None;
                    break;
                }
            };
            let name = FileName::new(entry.file_name().to_bytes());
            let Some(name) = name.filter(|name| !name.as_bytes().starts_with(b".")) else { continue };
            match file::stat(folder, name.as_bytes()) {
                Ok(Some(stat)) => observations.push(file::observation(name, &stat)),
                Ok(None) => {}
                Err(errno) => self.unseen = Some(errno),
            }
        }
        observations
    }

    /// Why the end that was reached is not that of the folder.
    pub(super) fn broken_off(&self) -> Option<Errno> {
        self.broken_off
    }

    /// Why entries may be missing from what was seen.
    pub(super) fn fault(&self) -> Option<Errno> {
        self.broken_off.or(self.unseen)
    }

    /// Whether there is nothing more to be read.
    pub(super) fn is_over(&self) -> bool {
        self.entries.is_none()
    }
}
