//! Where a demo keeps what.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How a temporary folder begins; smsctl finds running demos by it.
const PREFIX: &str = "smsgrid-demo-";

/// The folder of a demo.
#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    /// Removes the folder when the demo ends.
    temporary: Option<tempfile::TempDir>,
}

impl Places {
    /// The folder `keep`, made where it is missing, or a temporary one. Nobody else may look into it.
    pub(super) fn make(keep: Option<&Path>) -> io::Result<Places> {
        match keep {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
                Ok(Places { root: folder.canonicalize()?, temporary: None })
            }
            None => {
                let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
                Ok(Places { root: folder.path().to_owned(), temporary: Some(folder) })
            }
        }
    }

    /// Whether it stays when the demo ends.
    pub(super) fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// Everything is below it.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of one node.
    pub(super) fn node(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The configuration of one node.
    pub(super) fn config(&self, name: &str) -> PathBuf {
        self.node(name).join("smsgrid.toml")
    }

    /// Where the devices of the simulated modems are linked.
    pub(super) fn modems(&self) -> PathBuf {
        self.root.join("modems")
    }

    /// What the simulated network took.
    pub(super) fn ledger(&self) -> PathBuf {
        self.root.join("ledger.jsonl")
    }

    /// The socket that takes orders.
    pub(super) fn control(&self) -> PathBuf {
        self.root.join("control")
    }
}
