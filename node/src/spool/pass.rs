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
}

impl Pass {
    /// Starts at the beginning of the folder.
    pub(super) fn start(folder: BorrowedFd<'_>) -> Result<Pass, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let own: OwnedFd = rustix::fs::openat(folder, ".", flags, Mode::empty())?;
        Ok(Pass { entries: Some(Dir::new(own)?) })
    }

    /// The next entries. Names that are no names of message files are passed over.
    pub(super) fn next_slice(&mut self, folder: BorrowedFd<'_>) -> Vec<Observation> {
        let mut observations = Vec::new();
        for _ in 0..SLICE_ENTRIES {
            let entry = self.entries.as_mut().and_then(Dir::read);
            let Some(Ok(entry)) = entry else {
                self.entries = None;
                break;
            };
            let name = FileName::new(entry.file_name().to_bytes());
            let Some(name) = name.filter(|name| !name.as_bytes().starts_with(b".")) else { continue };
            if let Ok(Some(stat)) = file::stat(folder, name.as_bytes()) {
                observations.push(file::observation(name, &stat));
            }
        }
        observations
    }

    /// Whether the folder has no more entries.
    pub(super) fn is_over(&self) -> bool {
        self.entries.is_none()
    }
}
