//! The file on disk: read whole, replaced whole, closed to others.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use smsgrid_proto::{Exit, Reason};
use tokio::time::{Instant, sleep};

use super::Contexts;
use super::read::read;
use crate::failure::Failure;

/// Largest file that is read or written, in octets.
const OCTETS_MAX: u64 = 1 << 20;
/// Most links that are followed from it, one after the other.
const LINKS_MAX: usize = 40;
/// The folder of the file, below that of all configurations.
const FOLDER: &str = "smsgrid";
/// Its name.
const NAME: &str = "contexts.toml";
/// The file that is locked from a look at the contexts to the change.
const LOCK_NAME: &str = "contexts.lock";
/// How long another command may hold it; it reads and writes one small file meanwhile.
const HOLD_MAX: Duration = Duration::from_secs(5);
/// Between two tries to lock it.
const HOLD_PAUSE: Duration = Duration::from_millis(10);

/// Where the contexts are saved.
#[derive(Clone, Debug)]
pub(crate) struct ContextFile(PathBuf);

/// While it lives nobody else changes the file.
#[derive(Debug)]
pub(crate) struct Held {
    _lock: File,
}

impl ContextFile {
    /// The file below the folder of this user's configurations.
    pub(crate) fn below(configurations: &Path) -> ContextFile {
        ContextFile(configurations.join(FOLDER).join(NAME))
    }

    /// Where it lies.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What it says; nothing when it is not there.
    pub(crate) fn load(&self) -> Result<Contexts, Failure> {
        let text = match text(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contexts::default()),
            Err(error) => {
                let title = format!("cannot read the saved contexts in {}", self.0.display());
                let fix = "make it a file you can read, or name the servers: --server HOST:PORT";
                return Err(Failure::of(Reason::ConfigUnreadable, title).why(error.to_string()).fix(fix));
            }
        };
        read(&text).map_err(|fault| {
            let title = format!("{} line {}: {}", self.0.display(), fault.line, fault.what);
            let fix = fault.fix.map(|fix| format!("{fix} ")).unwrap_or_default();
            let fix = format!("{fix}Or name the servers: --server HOST:PORT");
            Failure::of(Reason::ConfigUnreadable, title).fix(fix).effect("No server was asked.")
        })
    }

    /// Lets nobody else change it until what is returned is dropped.
    pub(crate) async fn hold(&self) -> Result<Held, Failure> {
        let told = |why: String, fix: &str| {
            let title = format!("cannot lock the saved contexts in {}", self.0.display());
            Failure::new(Exit::Unexpected, title).why(why).fix(fix).effect("Nothing was changed.")
        };
        let lock = self.lock_file().map_err(|error| told(error.to_string(), "see who may write there"))?;
        let until = Instant::now() + HOLD_MAX;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Held { _lock: lock }),
                Err(Errno::WOULDBLOCK) if Instant::now() < until => sleep(HOLD_PAUSE).await,
                Err(Errno::WOULDBLOCK) => {
                    return Err(told("another command changes them".to_owned(), "run it again"));
                }
                Err(error) => return Err(told(error.to_string(), "see whether files can be locked there")),
            }
        }
    }

    /// A file of its own: the one with the contexts is another one after each change.
    fn lock_file(&self) -> io::Result<File> {
        self.make_folder()?;
        let path = self.0.with_file_name(LOCK_NAME);
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    }

    fn make_folder(&self) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// Replaces it: the old one or the new one is there after a crash, never half of one.
    pub(crate) fn store(&self, contexts: &Contexts) -> Result<(), Failure> {
        let text = contexts.written();
        if text.len() as u64 > OCTETS_MAX {
            let title = format!("the saved contexts would have more than {OCTETS_MAX} octets");
            let fix = "remove some: smsctl context remove NAME";
            return Err(Failure::new(Exit::Rejected, title).fix(fix).effect("Nothing was changed."));
        }
        let folder = self.replace(text.as_bytes()).map_err(|error| {
            let title = format!("cannot write the saved contexts to {}", self.0.display());
            let fix = "see who may write there, and whether the disk is full";
            Failure::new(Exit::Unexpected, title)
                .why(error.to_string())
                .fix(fix)
                .effect("Nothing was changed.")
        })?;
        self.settle(&folder)
    }

    /// Replaces it, and tells in which folder.
    fn replace(&self, octets: &[u8]) -> io::Result<PathBuf> {
        self.make_folder()?;
        let path = behind_links(&self.0)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let temporary = folder.join(format!(".{NAME}.{}", std::process::id()));
        let written = write_whole(&temporary, octets).and_then(|()| fs::rename(&temporary, &path));
        if written.is_err() {
            // What is left of it is no file of ours; that it stays is the smaller trouble.
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| folder.to_owned())
    }

    /// Makes the new name of the file in `folder` last. It is read from now on, even if this fails.
    fn settle(&self, folder: &Path) -> Result<(), Failure> {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| {
            let title = format!("cannot make sure that {} lasts", self.0.display());
            Failure::new(Exit::Unexpected, title)
                .why(error.to_string())
                .fix("see whether the disk is well, and what counts: smsctl context list")
                .effect("What was asked for is saved; it may not survive a power cut.")
        })
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(OCTETS_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > OCTETS_MAX {
        return Err(io::Error::other(format!("it has more than {OCTETS_MAX} octets")));
    }
    Ok(text)
}

/// The file to replace: a link stays one, and what it leads to is replaced or made.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new(".")).join(to),
            // The first is said of what is no link.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("more than {LINKS_MAX} links lead on from it")))
}

fn write_whole(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let folder = std::env::temp_dir().join(format!("smsctl-large-{}", std::process::id()));
    let file = ContextFile::below(&folder);
    let mut contexts = Contexts::default();
    let servers = vec![format!("http://{}:7170", "x".repeat(200)); super::SERVERS_MAX];
    for at in 0..super::CONTEXTS_MAX {
        contexts.add(&format!("test-{at}"), servers.clone()).expect("room");
    }

    let told = file.store(&contexts).expect_err("too large").to_string();

    assert!(told.contains("more than 1048576 octets"), "{told}");
    assert!(!folder.exists(), "nothing is made for it");
}

#[test]
fn what_is_saved_and_may_not_last_is_not_told_as_unchanged() {
    let nowhere = Path::new("/nowhere");

    let told = ContextFile::below(nowhere).settle(nowhere).expect_err("no folder").to_string();

    assert!(told.contains("is saved; it may not survive a power cut"), "{told}");
    assert!(!told.contains("Nothing was changed"), "{told}");
}
