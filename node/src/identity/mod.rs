//! Who this data directory belongs to, how far its cluster has come, and how often its node has started.
//!
//! The identity lives in the directory, never in the configuration alone: a directory used under
//! another name could vote twice or send twice. The start number is durable before the node says it
//! to anyone, and only grows.

mod cluster_id;
mod phase;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use smsgrid::model::{Name, NodeId, StartNumber};
use smsgrid_proto::{Problem, Reason};

use crate::cluster::Founders;

pub use cluster_id::{ClusterId, NotAClusterId};
pub use phase::Phase;

/// The layout of a data directory this program reads and writes.
const FORMAT: u32 = 2;
/// The file that holds the identity.
const FILE: &str = "identity";

/// What the identity file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Layout of the directory.
    pub format: u32,
    /// The cluster's name.
    pub cluster_name: Name,
    /// SHA-256 over the list of the founding members, in hexadecimal digits.
    pub founders: String,
    /// How far the cluster has come, and its id.
    pub phase: Phase,
    /// The node's name.
    pub name: Name,
    /// The node's number in the cluster; without one, the number it would have.
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
    /// It belongs to a cluster of another name.
    #[error("data directory {path} belongs to cluster '{found}', this node is configured for '{wanted}'")]
    ForeignCluster {
        /// The directory.
        path: PathBuf,
        /// The cluster it belongs to.
        found: Name,
        /// The cluster of the configuration.
        wanted: Name,
    },
    /// The list of the founding members changed while the cluster was forming.
    #[error(
        "data directory {path} was to form a cluster with other members than the configuration lists now"
    )]
    OtherFounders {
        /// The directory.
        path: PathBuf,
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
    /// The identity file is gone, or of a node without a cluster, while the log is there.
    #[error("data directory {path} holds a log but not the identity of its cluster")]
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
    /// Opens `path` for the node that `founders` say this is, creating it when it is not there, and counts this start.
    /// While the directory has no cluster the configuration decides which one; once it has formed, the list of founders
    /// is no longer looked at.
    pub fn open(path: &Path, founders: &Founders) -> Result<DataDir, IdentityError> {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
        created.map_err(|source| IdentityError::Io { what: "create", path: path.to_owned(), source })?;
        let lock = lock(path)?;
        let mut identity = match read(path)? {
            Some(found) => found,
            None => fresh(founders),
        };
        check(path, &identity, founders)?;
        if identity.phase == Phase::Empty {
            identity = Identity { start: identity.start, ..fresh(founders) };
        }
        identity.start = identity.start.next();
        write(path, &identity).map_err(|source| io_error(path, source))?;
        Ok(DataDir { path: path.to_owned(), identity, _lock: lock })
    }

    /// The cluster has come further, durable when this returns.
    pub fn move_to(&mut self, phase: Phase) -> Result<(), IdentityError> {
        let moved = Identity { phase, ..self.identity.clone() };
        write(&self.path, &moved).map_err(|source| io_error(&self.path, source))?;
        self.identity = moved;
        Ok(())
    }

    /// Opens the directory of a node that has stopped, whoever it is, and changes nothing: for tools that read it.
    pub fn of_stopped(path: &Path) -> Result<DataDir, IdentityError> {
        let lock = lock(path)?;
        match read(path)? {
            Some(identity) => Ok(DataDir { path: path.to_owned(), identity, _lock: lock }),
            None => Err(IdentityError::Lost { path: path.to_owned() }),
        }
    }

    /// Takes the next start number, durable when this returns: for a session that was lost while alive.
    pub fn next_start(&mut self) -> Result<StartNumber, IdentityError> {
        self.identity.start = self.identity.start.next();
        self.write()?;
        Ok(self.identity.start)
    }

    fn write(&self) -> Result<(), IdentityError> {
        write(&self.path, &self.identity).map_err(|source| io_error(&self.path, source))
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

impl IdentityError {
    /// What happened, for people.
    pub fn problem(&self) -> Problem {
        let problem = |reason| Problem::new(reason, self.to_string());
        match self {
            IdentityError::InUse { .. } => problem(Reason::StoreBusy),
            IdentityError::Foreign { .. } | IdentityError::ForeignCluster { .. } => problem(Reason::StoreForeign),
            IdentityError::OtherFounders { .. } => problem(Reason::ClusterMismatch)
                .why("every founding member must have the same list from the first one to the last")
                .fix("Write the old list again. To form it with another one, empty data_dir on every member: nothing was sent."),
            IdentityError::Format { .. } => problem(Reason::StoreForeign)
                .why("it was written by another version of smsnode, and this one changes nothing of it")
                .fix("Let that version send what is left in it, then give this one a data_dir of its own."),
            IdentityError::Damaged { .. } | IdentityError::Lost { .. } => problem(Reason::StoreDamaged),
            IdentityError::Io { .. } => problem(Reason::DiskFailed),
        }
    }
}

fn io_error(path: &Path, source: io::Error) -> IdentityError {
    IdentityError::Io { what: "write the identity of", path: path.to_owned(), source }
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

/// An identity without a cluster.
fn fresh(founders: &Founders) -> Identity {
    Identity {
        format: FORMAT,
        cluster_name: founders.cluster_name().clone(),
        founders: founders.digest(),
        phase: Phase::Empty,
        name: founders.own_name().clone(),
        node: founders.own(),
        start: StartNumber(0),
        log_begun: false,
    }
}

/// The part of the file that says how to read the rest.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

fn read(path: &Path) -> Result<Option<Identity>, IdentityError> {
    let file = path.join(FILE);
    let octets = match fs::read(&file) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(IdentityError::Io { what: "read", path: file, source }),
    };
    let damaged =
        |error: serde_json::Error| IdentityError::Damaged { path: file.clone(), why: error.to_string() };
    let head: Head = serde_json::from_slice(&octets).map_err(damaged)?;
    if head.format != FORMAT {
        return Err(IdentityError::Format { path: path.to_owned(), found: head.format });
    }
    serde_json::from_slice(&octets).map(Some).map_err(damaged)
}

fn check(path: &Path, identity: &Identity, founders: &Founders) -> Result<(), IdentityError> {
    let path = || path.to_owned();
    if identity.name != *founders.own_name() {
        let (found, wanted) = (identity.name.clone(), founders.own_name().clone());
        return Err(IdentityError::Foreign { path: path(), found, wanted });
    }
    if identity.phase == Phase::Empty {
        let has_log = path().join("log").exists();
        return if has_log { Err(IdentityError::Lost { path: path() }) } else { Ok(()) };
    }
    if identity.cluster_name != *founders.cluster_name() {
        let (found, wanted) = (identity.cluster_name.clone(), founders.cluster_name().clone());
        return Err(IdentityError::ForeignCluster { path: path(), found, wanted });
    }
    if identity.phase.is_forming() && identity.founders != founders.digest() {
        return Err(IdentityError::OtherFounders { path: path() });
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
mod tests;
