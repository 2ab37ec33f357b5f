//! The directory of a log: an exclusive lock, and the steps carried out as they are.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock, fstatfs};
use rustix::io::Errno;
use smsgrid::log::{self, Step};

/// Most files kept open at once.
const HANDLES_MAX: usize = 8;
/// How much is written as zeros at once, ahead of what the log writes: more makes one sync in many longer, less makes
/// more of them long.
const AHEAD_OCTETS: u64 = 128 << 10;
/// What lies behind a write and is left alone, up to the end of its page: a mark of the floor may stand there.
const MARKED_OCTETS: u64 = 2 * PAGE_OCTETS;
/// What a disk writes at once.
const PAGE_OCTETS: u64 = 4096;
/// The file whose lock says that the directory is in use.
const LOCK: &str = "lock";
/// `f_type` of file systems that do not keep what they acknowledge: NFS, SMB, CIFS, SMB2, 9P, FUSE.
const UNFIT: [u32; 6] = [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x6573_5546];

/// What the log needs of a disk.
pub trait Disk: Send + Sync + 'static {
    /// The segments that have a file.
    fn segments(&self) -> io::Result<Vec<u64>>;
    /// Replaces `into` by the whole content of `segment`.
    fn load(&self, segment: u64, into: &mut Vec<u8>) -> io::Result<()>;
    /// Reads from `octet` of `segment` until `into` is full or the file ends; returns the octets read.
    fn read_at(&self, segment: u64, octet: u32, into: &mut [u8]) -> io::Result<usize>;
    /// Carries one step out.
    fn carry_out(&self, step: &Step) -> io::Result<()>;
}

/// A directory of segment files, held by this process alone.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    directory: File,
    handles: Mutex<BTreeMap<u64, Arc<File>>>,
    ahead: Mutex<Ahead>,
    _lock: File,
}

/// How far the newest segment was written with zeros.
#[derive(Clone, Copy, Debug, Default)]
struct Ahead {
    segment: u64,
    octet: u64,
}

impl Directory {
    /// Creates the directory if it is missing and locks it. [`io::ErrorKind::WouldBlock`] when another process or
    /// handle has it, [`io::ErrorKind::Unsupported`] when its file system does not keep what it acknowledges.
    pub fn open(path: &Path) -> io::Result<Directory> {
        create(path)?;
        let directory = File::open(path)?;
        let file_system = fstatfs(&directory)?;
        if UNFIT.contains(&(file_system.f_type as u32)) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a log needs a local disk, this is a network or FUSE mount",
            ));
        }
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join(LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Directory {
            path: path.to_owned(),
            directory,
            handles: Mutex::default(),
            ahead: Mutex::default(),
            _lock: lock,
        })
    }

    fn file(&self, segment: u64) -> PathBuf {
        self.path.join(log::file_name(segment))
    }

    /// The file of `segment`, open for reading and writing. The oldest is closed first, so the one written to
    /// stays open and no failed write-back can go unseen between a write and its sync.
    fn handle(&self, segment: u64) -> io::Result<Arc<File>> {
        if let Some(file) = self.with_handles(|handles| handles.get(&segment).cloned()) {
            return Ok(file);
        }
        let file = OpenOptions::new().read(true).write(true).open(self.file(segment))?;
        Ok(self.keep(segment, file))
    }

    fn keep(&self, segment: u64, file: File) -> Arc<File> {
        let file = Arc::new(file);
        self.with_handles(|handles| {
            handles.insert(segment, file.clone());
            while handles.len() > HANDLES_MAX {
                handles.pop_first();
            }
        });
        file
    }

    fn with_handles<T>(&self, act: impl FnOnce(&mut BTreeMap<u64, Arc<File>>) -> T) -> T {
        act(&mut self.handles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn create(&self, segment: u64, octets: u32) -> io::Result<()> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.file(segment))?;
        match fallocate(&file, FallocateFlags::empty(), 0, u64::from(octets)) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(u64::from(octets))?,
            Err(errno) => return Err(errno.into()),
        }
        self.keep(segment, file);
        Ok(())
    }

    fn write(&self, segment: u64, octet: u32, bytes: &[u8]) -> io::Result<()> {
        let file = self.handle(segment)?;
        file.write_all_at(bytes, u64::from(octet))?;
        self.write_ahead(segment, &file, u64::from(octet) + bytes.len() as u64)
    }

    /// Writes the zeros that are there already, some way ahead of `end`, the end of what was written.
    ///
    /// A reserved block becomes one with content at the first write to it, which a file system puts into its journal:
    /// the sync then waits for two writes, one after the other, instead of one. This way one sync in many does.
    fn write_ahead(&self, segment: u64, file: &File, end: u64) -> io::Result<()> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let free = (end + MARKED_OCTETS).next_multiple_of(PAGE_OCTETS);
        if segment > ahead.segment {
            *ahead = Ahead { segment, octet: free };
        } else if segment < ahead.segment || free <= ahead.octet {
            return Ok(());
        }
        // A large group reaches past what was written ahead before it.
        let from = ahead.octet.max(end);
        let upto = (free + AHEAD_OCTETS).min(file.metadata()?.len());
        let zeros = vec![0; usize::try_from(upto.saturating_sub(from)).unwrap_or_default()];
        file.write_all_at(&zeros, from)?;
        ahead.octet = from + zeros.len() as u64;
        Ok(())
    }

    fn unlink(&self, segment: u64) -> io::Result<()> {
        self.with_handles(|handles| handles.remove(&segment));
        match fs::remove_file(self.file(segment)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

impl Disk for Directory {
    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            segments.extend(entry?.file_name().to_str().and_then(log::segment_of));
        }
        Ok(segments)
    }

    fn load(&self, segment: u64, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        File::open(self.file(segment))?.read_to_end(into)?;
        Ok(())
    }

    fn read_at(&self, segment: u64, octet: u32, into: &mut [u8]) -> io::Result<usize> {
        let file = self.handle(segment)?;
        let mut read = 0;
        while let Some(rest) = into.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, u64::from(octet) + read as u64) {
                Ok(0) => break,
                Ok(octets) => read += octets,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn carry_out(&self, step: &Step) -> io::Result<()> {
        match step {
            Step::Create { segment, octets } => self.create(*segment, *octets),
            Step::Write { segment, octet, bytes } => self.write(*segment, *octet, bytes),
            Step::Sync { segment } => self.handle(*segment)?.sync_data(),
            Step::SyncDirectory => self.directory.sync_all(),
            Step::Unlink { segment } => self.unlink(*segment),
        }
    }
}

/// Creates the directory, readable by its owner only, and makes its name durable.
fn create(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        other => other?,
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_in_use_cannot_be_opened_a_second_time() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let path = temporary.path().join("log");

        let held = Directory::open(&path).expect("nobody has it");
        let second = Directory::open(&path).expect_err("it is held");
        assert_eq!(second.kind(), io::ErrorKind::WouldBlock);

        drop(held);
        assert!(Directory::open(&path).is_ok());
    }

    #[test]
    fn a_segment_that_is_gone_already_can_be_unlinked_and_an_existing_one_not_created() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let disk = Directory::open(&temporary.path().join("log")).expect("nobody has it");

        assert!(disk.carry_out(&Step::Unlink { segment: 4 }).is_ok());
        disk.carry_out(&Step::Create { segment: 4, octets: 8192 }).expect("room");
        assert!(disk.carry_out(&Step::Create { segment: 4, octets: 8192 }).is_err());
        assert_eq!(disk.segments().expect("readable"), [4]);
        let mut bytes = Vec::new();
        disk.load(4, &mut bytes).expect("readable");
        assert_eq!(bytes, [0; 8192]);
    }

    #[test]
    fn zeros_written_ahead_touch_nothing_that_was_written_and_no_mark_behind_it() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let path = temporary.path().join("log");
        let (segment, octets) = (4, 1 << 20);
        let write =
            |octet: u32, octets, content| Step::Write { segment, octet, bytes: vec![content; octets] };
        let steps = [write(0, 100, 1), write(100, 32, 2), write(4096, 32, 3)];
        let disk = Directory::open(&path).expect("nobody has it");
        disk.carry_out(&Step::Create { segment, octets }).expect("room");
        steps.iter().for_each(|step| disk.carry_out(step).expect("a sound disk"));
        drop(disk);

        let disk = Directory::open(&path).expect("nobody has it");
        disk.carry_out(&write(100, 50, 4)).expect("a sound disk");
        disk.carry_out(&write(octets - 16, 16, 5)).expect("a sound disk");

        let mut bytes = Vec::new();
        disk.load(segment, &mut bytes).expect("readable");
        let mut expected = vec![0; 1 << 20];
        for (octet, octets, content) in [(0, 100, 1), (100, 50, 4), (4096, 32, 3), ((1 << 20) - 16, 16, 5)] {
            expected[octet..][..octets].fill(content);
        }
        assert!(bytes == expected, "other octets, or another length: {}", bytes.len());
    }
}
