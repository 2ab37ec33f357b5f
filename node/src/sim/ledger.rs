//! The ledger file: one line of JSON a part, written with a single append before the modem answers.
//!
//! It must outlive a killed node and a killed simulator, which the page cache does; it is not synced, since it is no
//! record of the product but of the test of it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use smsgrid::simulator::Entry;

use super::SimError;

/// An open ledger, shared by all modems of the process and safe to share with other processes.
#[derive(Debug)]
pub(super) struct LedgerFile {
    path: PathBuf,
    file: File,
}

impl LedgerFile {
    /// Opens `path` for appending; it is made when it is not there.
    pub(super) fn open(path: &Path) -> Result<LedgerFile, SimError> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|source| SimError::Ledger { path: path.to_owned(), source })?;
        Ok(LedgerFile { path: path.to_owned(), file })
    }

    /// Appends all entries at once.
    pub(super) fn append(&mut self, entries: &[Entry]) -> Result<(), SimError> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).map_err(|source| self.fault(source.into()))?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(|source| self.fault(source))
    }

    fn fault(&self, source: std::io::Error) -> SimError {
        SimError::Ledger { path: self.path.clone(), source }
    }
}
