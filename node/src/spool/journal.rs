//! The journal file of a spool: appended to, synced in groups, rewritten when most of it is done with.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use smsgrid::model::MessageId;
use smsgrid::worker::intake::{JournalError, MAGIC, Record, Replayed, frame, replay};

/// Nothing is rewritten before the file has grown to this.
const REWRITE_OCTETS_MIN: u64 = 256 * 1024;
/// Nor before it is this many times as long as what lives.
const REWRITE_FACTOR: u64 = 4;
/// Longest journal that is read: a million files, and more than a spool ever has at once.
const FILE_OCTETS_MAX: u64 = 1 << 30;

/// The open journal of a spool. One process at a time has it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// What the file says, for rewriting it.
    state: Replayed,
    length: u64,
    /// Length known to be on disk.
    floor: u64,
    /// Length after the last rewriting.
    base: u64,
}

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused.
    #[error("cannot open the spool journal {}", path.display())]
    Io {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the spool journal {} is in use by another process", path.display())]
    Held {
        /// Where it is.
        path: PathBuf,
    },
    /// What it holds cannot be trusted.
    #[error("the spool journal {} cannot be used. fix move it away only when no file of `checked` may be sent already", path.display())]
    Damaged {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        source: JournalError,
    },
}

impl Journal {
    /// Opens the journal in `folder`, which is created if need be, cuts a torn tail, and says what it holds.
    pub fn open(folder: &Path) -> Result<(Journal, Replayed), OpenError> {
        let path = folder.join("journal");
        let io = |source| OpenError::Io { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(OpenError::Held { path });
        }
        let mut octets = Vec::new();
        (&mut file).take(FILE_OCTETS_MAX).read_to_end(&mut octets).map_err(io)?;
        let state = replay(&octets).map_err(|source| OpenError::Damaged { path: path.clone(), source })?;
        let length = state.length as u64;
        let mut journal = Journal { path: path.clone(), file, state, length, floor: 0, base: length };
        journal.start().map_err(io)?;
        let state = journal.state.clone();
        Ok((journal, state))
    }

    /// The spool's number.
    pub fn uuid(&self) -> MessageId {
        self.state.uuid.unwrap_or(MessageId::from_bytes([0; 16]))
    }

    /// Writes a record behind the others, not yet to disk.
    pub fn append(&mut self, record: Record) -> io::Result<()> {
        let floor = u32::try_from(self.floor).unwrap_or(u32::MAX);
        let octets = frame(&record, floor);
        self.file.write_all(&octets)?;
        self.length += octets.len() as u64;
        self.state.apply(record);
        Ok(())
    }

    /// Brings every record to disk; rewrites the file where that makes it much shorter.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.length > REWRITE_OCTETS_MIN.max(REWRITE_FACTOR * self.base) {
            return self.rewrite();
        }
        self.file.sync_data()?;
        self.floor = self.length;
        Ok(())
    }

    /// Cuts the torn tail, begins a new journal, and brings to disk what was found, so that it can be relied on.
    fn start(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        if self.length == 0 {
            self.file.write_all(MAGIC)?;
            self.length = MAGIC.len() as u64;
        }
        if self.state.uuid.is_none() {
            let uuid = MessageId::from_bytes(ulid::Ulid::new().to_bytes());
            self.append(Record::Spool { uuid })?;
        }
        self.file.sync_all()?;
        sync_folder_of(&self.path)?;
        self.floor = self.length;
        Ok(())
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let temporary = self.path.with_extension("new");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&temporary)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let frames = self.state.records().into_iter().flat_map(|record| frame(&record, 0));
        let octets: Vec<u8> = MAGIC.iter().copied().chain(frames).collect();
        file.write_all(&octets)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)?;
        sync_folder_of(&self.path)?;
        self.file = file;
        self.length = octets.len() as u64;
        self.floor = self.length;
        self.base = self.length;
        Ok(())
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::worker::intake::{FileName, Identity};

    use super::*;

    #[test]
    fn a_new_journal_has_a_number_it_keeps() {
        let folder = tempfile::tempdir().expect("a folder");
        let uuid = Journal::open(folder.path()).expect("new").0.uuid();

        assert_eq!(Journal::open(folder.path()).expect("old").0.uuid(), uuid);
        assert_ne!(uuid, MessageId::from_bytes([0; 16]));
    }

    #[test]
    fn a_second_process_does_not_get_the_journal() {
        let folder = tempfile::tempdir().expect("a folder");
        let _first = Journal::open(folder.path()).expect("new");

        assert!(matches!(Journal::open(folder.path()), Err(OpenError::Held { .. })));
    }

    #[test]
    fn a_torn_tail_is_cut_and_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, _) = Journal::open(folder.path()).expect("new");
        journal.append(taken(1)).expect("room");
        journal.sync().expect("a disk");
        drop(journal);
        let path = folder.path().join("journal");
        let mut file = OpenOptions::new().append(true).open(&path).expect("a file");
        file.write_all(&frame(&taken(2), 0)[..20]).expect("room");
        drop(file);

        let (mut journal, replayed) = Journal::open(folder.path()).expect("torn");
        assert_eq!(replayed.pending.len(), 1);
        journal.append(taken(3)).expect("room");
        drop(journal);
        assert_eq!(Journal::open(folder.path()).expect("whole").1.pending.len(), 2);
    }

    #[test]
    fn a_journal_that_is_mostly_done_is_rewritten_and_stays_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, _) = Journal::open(folder.path()).expect("new");
        journal.append(taken(0)).expect("room");
        for number in 1..8_000 {
            journal.append(taken(number)).expect("room");
            journal.append(Record::Done { id: id(number) }).expect("room");
            if number % 500 == 0 {
                journal.sync().expect("a disk");
            }
        }
        let length = std::fs::metadata(folder.path().join("journal")).expect("a file").len();
        assert!(length < 2 * REWRITE_OCTETS_MIN, "{length} octets");
        let uuid = journal.uuid();
        drop(journal);

        let (journal, replayed) = Journal::open(folder.path()).expect("rewritten");
        assert_eq!(replayed.pending.keys().collect::<Vec<_>>(), [&id(0)]);
        assert_eq!(journal.uuid(), uuid);
    }

    fn taken(number: u32) -> Record {
        let name = FileName::new(format!("file-{number}").as_bytes()).expect("a name");
        Record::Taken {
            id: id(number),
            name,
            identity: Identity { inode: 1, size: 9, mtime_ns: 7 },
            place: None,
            owner: None,
        }
    }

    fn id(number: u32) -> MessageId {
        MessageId::from_bytes(u128::from(number).to_be_bytes())
    }
}
