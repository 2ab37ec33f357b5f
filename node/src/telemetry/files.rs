//! The files of the logs: a thread each appends the lines, so that a disk that does not answer holds nobody up.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::descriptor::Descriptor;
use super::queued::{Dropped, Queued};

/// Mode of a file.
const MODE: u32 = 0o640;

/// A log that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Its file cannot be opened.
    #[error("the log {} cannot be opened", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What became of the files that were opened anew.
#[derive(Debug, Default)]
pub struct Reopened {
    /// Whether there is any file.
    pub is_file: bool,
    /// Those that go on where they were.
    pub failures: Vec<LogError>,
}

/// The files of all logs, by their paths: logs with the same path share it.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<PathBuf, Queued>);

impl Files {
    /// What takes the lines for a file, which is made when it is not there.
    pub(super) fn open(&mut self, path: &Path, dropped: Dropped) -> Result<Queued, LogError> {
        if let Some(open) = self.0.get(path) {
            return Ok(open.clone());
        }
        let begun = append(path).and_then(|file| Queued::begin(Box::new(Descriptor(file)), dropped));
        let queue = begun.map_err(|source| LogError::Open { path: path.to_owned(), source })?;
        self.0.insert(path.to_owned(), queue.clone());
        Ok(queue)
    }

    /// Opens all anew; one that cannot be keeps no other back. What was told before goes to the old file. This waits for
    /// the disk.
    pub(super) fn reopen(&self) -> Reopened {
        let mut reopened = Reopened { is_file: !self.0.is_empty(), failures: Vec::new() };
        for (path, queue) in &self.0 {
            match append(path) {
                Ok(anew) => queue.move_to(Box::new(Descriptor(anew))),
                Err(source) => reopened.failures.push(LogError::Open { path: path.clone(), source }),
            }
        }
        reopened
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = &Queued> {
        self.0.values()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}
