//! Who this data directory belongs to, and how often its node has started.
//!
//! The identity lives in the directory, never in the configuration alone: a directory used under
//! another name could vote twice or send twice. The start number is durable before the node says it
//! to anyone, and only grows.

mod cluster_id;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use smsgrid::model::{Name, NodeId, StartNumber};

pub use cluster_id::{ClusterId, NotAClusterId};

/// The layout of a data directory this program reads and writes.
const FORMAT: u32 = 1;
/// The file that holds the identity.
const FILE: &str = "identity";

/// What the identity file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Layout of the directory.
    pub format: u32,
    /// The cluster, drawn when it was formed.
    pub cluster: ClusterId,
    /// The node's name.
    pub name: Name,
    /// The node's number in the cluster.
    pub node: NodeId,
    /// How often the node has started.
    pub start: StartNumber,
    /// Whether the log was there once: from then on an empty one is a lost one.
    #[serde(default)]
    pub log_begun: bool,
}

/// A data directory this process holds alone, with its identity.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    identity: Identity,
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Another process has it.
    #[error("data directory {path} is in use by another smsnode")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It belongs to another node.
    #[error("data directory {path} belongs to node '{found}', this node is configured as '{wanted}'")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// The node it belongs to.
        found: Name,
        /// The node of the configuration.
        wanted: Name,
    },
    /// It was written by a program with another layout.
    #[error("data directory {path} has format {found}, this program reads format {FORMAT}")]
    Format {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The identity file cannot be read as one.
    #[error("identity file {path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The identity file is gone while the log is there.
    #[error("data directory {path} holds a log but no identity file")]
    Lost {
        /// The directory.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DataDir {
    /// Opens `path` for the node `name`, creating it when it is not there, and counts this start.
    pub fn open(path: &Path, name: &Name) -> Result<DataDir, IdentityError> {
        let io = |what| move |source| IdentityError::Io { what, path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io("create"))?;
        let lock = lock(path)?;
        let mut identity = match read(path)? {
            Some(identity) => identity,
            None if path.join("log").exists() => return Err(IdentityError::Lost { path: path.to_owned() }),
            None => Identity {
                format: FORMAT,
                cluster: ClusterId::draw(),
                name: name.clone(),
                node: NodeId(1),
                start: StartNumber(0),
                log_begun: false,
            },
        };
        check(path, &identity, name)?;
        identity.start = identity.start.next();
        write(path, &identity).map_err(io("write the identity of"))?;
        Ok(DataDir { path: path.to_owned(), identity, _lock: lock })
    }

    /// Takes the next start number, durable when this returns: for a session that was lost while alive.
    pub fn next_start(&mut self) -> Result<StartNumber, IdentityError> {
        self.identity.start = self.identity.start.next();
        self.write()?;
        Ok(self.identity.start)
    }

    fn write(&self) -> Result<(), IdentityError> {
        write(&self.path, &self.identity).map_err(|source| IdentityError::Io {
            what: "write the identity of",
            path: self.path.clone(),
            source,
        })
    }

    /// Remembers that the log is there, durable when this returns.
    pub fn log_is_there(&mut self) -> Result<(), IdentityError> {
        if self.identity.log_begun {
            return Ok(());
        }
        self.identity.log_begun = true;
        self.write()
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

fn lock(path: &Path) -> Result<File, IdentityError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.join("LOCK"))
        .map_err(|source| IdentityError::Io { what: "lock", path: path.to_owned(), source })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_) => Err(IdentityError::InUse { path: path.to_owned() }),
    }
}

fn read(path: &Path) -> Result<Option<Identity>, IdentityError> {
    let file = path.join(FILE);
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| IdentityError::Damaged { path: file, why: error.to_string() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IdentityError::Io { what: "read", path: file, source }),
    }
}

fn check(path: &Path, identity: &Identity, name: &Name) -> Result<(), IdentityError> {
    if identity.format != FORMAT {
        return Err(IdentityError::Format { path: path.to_owned(), found: identity.format });
    }
    if identity.name != *name {
        let (found, wanted) = (identity.name.clone(), name.clone());
        return Err(IdentityError::Foreign { path: path.to_owned(), found, wanted });
    }
    Ok(())
}

/// Replaces the file as a whole: the old one or the new one is there after a crash, never half of one.
fn write(path: &Path, identity: &Identity) -> io::Result<()> {
    let temporary = path.join("identity.new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    file.write_all(&serde_json::to_vec(identity)?)?;
    file.sync_all()?;
    fs::rename(&temporary, path.join(FILE))?;
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    #[test]
    fn every_start_has_a_greater_number_than_the_last() {
        let dir = tempfile::tempdir().expect("a directory");

        let first = DataDir::open(dir.path(), &name("gw-a")).expect("opens").identity().clone();
        let mut second = DataDir::open(dir.path(), &name("gw-a")).expect("opens again");

        assert_eq!(second.identity().cluster, first.cluster);
        assert_eq!(second.identity().start, first.start.next());
        let third = second.next_start().expect("written");
        assert_eq!(third, first.start.next().next());
        drop(second);
        let reopened = DataDir::open(dir.path(), &name("gw-a")).expect("opens a third time");
        assert_eq!(reopened.identity().start, third.next());
    }

    #[test]
    fn a_directory_of_another_node_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        drop(DataDir::open(dir.path(), &name("gw-a")).expect("opens"));

        let error = DataDir::open(dir.path(), &name("gw-b")).expect_err("refused");

        assert!(matches!(error, IdentityError::Foreign { .. }), "{error}");
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let _held = DataDir::open(dir.path(), &name("gw-a")).expect("opens");

        let error = DataDir::open(dir.path(), &name("gw-a")).expect_err("refused");

        assert!(matches!(error, IdentityError::InUse { .. }), "{error}");
    }

    #[test]
    fn a_log_without_an_identity_is_refused_instead_of_starting_afresh() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("log")).expect("created");

        let error = DataDir::open(dir.path(), &name("gw-a")).expect_err("refused");

        assert!(matches!(error, IdentityError::Lost { .. }), "{error}");
    }

    #[test]
    fn a_damaged_identity_is_refused_instead_of_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(FILE), b"{").expect("written");

        let error = DataDir::open(dir.path(), &name("gw-a")).expect_err("refused");

        assert!(matches!(error, IdentityError::Damaged { .. }), "{error}");
    }
}
