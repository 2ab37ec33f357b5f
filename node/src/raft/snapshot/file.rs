//! One snapshot on disk: written from an image, read back into a state.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::blocks::{BlockReader, BlockWriter, damaged};
use crate::raft::types::SnapshotMeta;

/// Octets written between two syncs: one long flush at the end would stall the log's own.
const SYNC_EVERY: usize = 8 << 20;

/// Which file this is. Two nodes may write the same state differently, so the state does not name the file.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::raft) struct SnapshotId(u128);

/// What block 0 says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::raft) struct Header {
    /// Which file this is.
    pub(in crate::raft) id: SnapshotId,
    /// The last entry in it, and who belonged to the cluster then.
    pub(in crate::raft) meta: SnapshotMeta,
}

/// A complete snapshot file.
#[derive(Clone, Debug)]
pub(in crate::raft) struct SnapshotFile {
    pub(in crate::raft) path: PathBuf,
    pub(in crate::raft) header: Header,
}

impl SnapshotFile {
    /// The file at `path`, if its header is sound.
    pub(super) fn open(path: PathBuf) -> io::Result<SnapshotFile> {
        let (_, header) = begin(&path)?;
        Ok(SnapshotFile { path, header })
    }

    /// Writes a file and syncs it; its name is not durable yet.
    pub(super) fn write(
        path: &Path,
        header: &Header,
        image: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let out = BufWriter::new(Synced { file: File::create(path)?, since: 0 });
        let head = cbor4ii::serde::to_vec(Vec::new(), header).map_err(io::Error::other)?;
        let mut blocks = BlockWriter::begin(out, &head)?;
        image(&mut blocks)?;
        let out = blocks.end()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.file.sync_all()
    }

    /// Reads the image; every block is checked, and so is that `restore` leaves nothing unread.
    pub(in crate::raft) fn read<T>(
        &self,
        restore: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        let (mut blocks, _) = begin(&self.path)?;
        let restored = restore(&mut blocks)?;
        match blocks.read(&mut [0])? {
            0 => Ok(restored),
            _ => Err(damaged("octets follow the state")),
        }
    }
}

impl SnapshotId {
    /// An id no other file has.
    pub(in crate::raft) fn draw() -> io::Result<SnapshotId> {
        let mut octets = [0; 16];
        rustix::rand::getrandom(&mut octets, rustix::rand::GetRandomFlags::empty())?;
        Ok(SnapshotId(u128::from_le_bytes(octets)))
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The header in the octets of block 0.
pub(super) fn header(octets: &[u8]) -> io::Result<Header> {
    cbor4ii::serde::from_slice(octets).map_err(|_| damaged("the header cannot be read"))
}

fn begin(path: &Path) -> io::Result<(BlockReader<BufReader<File>>, Header)> {
    let (blocks, octets) = BlockReader::begin(BufReader::new(File::open(path)?))?;
    Ok((blocks, header(&octets)?))
}

/// A file that is synced every few megabytes.
struct Synced {
    file: File,
    since: usize,
}

impl Write for Synced {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        self.since += written;
        if self.since >= SYNC_EVERY {
            self.file.sync_data()?;
            self.since = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
