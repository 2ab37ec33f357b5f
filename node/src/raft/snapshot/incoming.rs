//! A snapshot on its way in: blocks are checked and written as they come, and a transfer that was cut off goes on
//! where it was, even after a restart.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::blocks::{MAGIC, PREFIX_OCTETS, check, damaged, length};
use super::file::{Header, SnapshotFile, SnapshotId, header};
use super::folder::Folder;
use crate::raft::payload::Octets;
use crate::raft::types::Vote;

/// One block of a snapshot on the wire; the octets are those of the file, the first block with the magic before it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::raft) struct Block {
    /// The leader that sends it.
    pub(in crate::raft) vote: Vote,
    /// The file.
    pub(in crate::raft) id: SnapshotId,
    /// Octet of the file at which the block begins.
    pub(in crate::raft) offset: u64,
    /// The block; none asks which one is wanted.
    pub(in crate::raft) octets: Octets,
}

/// What is wanted after a block.
#[derive(Debug)]
pub(in crate::raft) enum Received {
    /// The block that begins at this octet.
    Wants(u64),
    /// Nothing: the file is complete and synced.
    Complete(SnapshotFile),
}

/// The file that is being written.
#[derive(Debug)]
pub(in crate::raft) struct Incoming {
    id: SnapshotId,
    path: PathBuf,
    file: File,
    /// Octets that are sound.
    offset: u64,
    /// Number of the next block.
    number: u32,
    header: Option<Header>,
    is_complete: bool,
}

impl Incoming {
    /// Goes on with the file `id`, or begins it; every other one is given up. Blocks.
    pub(in crate::raft) fn resume(folder: &Folder, id: SnapshotId) -> io::Result<Incoming> {
        folder.keep_incoming(Some(id))?;
        let path = folder.incoming(id);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mut incoming =
            Incoming { id, path, file, offset: 0, number: 0, header: None, is_complete: false };
        incoming.scan()?;
        incoming.file.set_len(incoming.offset)?;
        incoming.file.seek(SeekFrom::Start(incoming.offset))?;
        Ok(incoming)
    }

    pub(in crate::raft) fn id(&self) -> SnapshotId {
        self.id
    }

    /// Takes a block, if it is the one wanted. Blocks.
    pub(in crate::raft) fn take(&mut self, block: &Block) -> io::Result<Received> {
        let octets = block.octets.as_ref();
        if !octets.is_empty() && block.offset == self.offset && !self.is_complete {
            self.accept(octets)?;
            self.file.write_all(octets)?;
        }
        match (&self.header, self.is_complete) {
            (Some(header), true) => {
                self.file.sync_all()?;
                Ok(Received::Complete(SnapshotFile { path: self.path.clone(), header: header.clone() }))
            }
            (Some(_) | None, _) => Ok(Received::Wants(self.offset)),
        }
    }

    /// Counts the blocks that are there and sound.
    fn scan(&mut self) -> io::Result<()> {
        let mut input = BufReader::new(self.file.try_clone()?);
        while let Some(block) = next(&mut input, self.number == 0) {
            if self.accept(&block).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Checks one whole block and moves on.
    fn accept(&mut self, octets: &[u8]) -> io::Result<()> {
        let block = match self.number {
            0 => octets.strip_prefix(MAGIC).ok_or_else(|| damaged("it does not begin as a snapshot"))?,
            _ => octets,
        };
        let (prefix, content) =
            block.split_first_chunk::<PREFIX_OCTETS>().ok_or_else(|| damaged("a block is cut"))?;
        check(self.number, *prefix, content)?;
        if self.number == 0 {
            let header = header(content)?;
            if header.id != self.id {
                return Err(damaged("it is another snapshot"));
            }
            self.header = Some(header);
        } else {
            self.is_complete = content.is_empty();
        }
        self.number += 1;
        self.offset += octets.len() as u64;
        Ok(())
    }
}

/// Reads the block that begins at `offset` of a snapshot file, as it goes over the wire. Blocks.
pub(in crate::raft) fn block_at(file: &mut File, offset: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    next(file, offset == 0).ok_or_else(|| damaged("the snapshot ends early"))
}

/// The next block with its prefix, if it is there whole.
fn next(input: &mut impl Read, is_first: bool) -> Option<Vec<u8>> {
    let mut block = vec![0; if is_first { MAGIC.len() } else { 0 }];
    input.read_exact(&mut block).ok()?;
    let mut prefix = [0; PREFIX_OCTETS];
    input.read_exact(&mut prefix).ok()?;
    let length = length(prefix).ok()?;
    block.extend(prefix);
    let before = block.len();
    block.resize(before + length, 0);
    input.read_exact(block.get_mut(before..)?).ok()?;
    Some(block)
}
