//! The blacklist and the whitelist as they are on disk now.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use smsgrid::worker::handlers::of_unreadable_list;
use smsgrid::worker::routing::{ListError, NumberList};
use smsgrid_proto::Reason;
use tracing::{error, info, warn};

use crate::config::Spool;
use crate::handlers::Handlers;

/// Largest file, in octets.
const FILE_OCTETS_MAX: u64 = 16 << 20;
/// A file that was changed this recently may change again without its times showing it.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// Most entries that are told because no number begins with them.
const DEAD_TOLD_MAX: usize = 5;

/// The lists of a node, either of which may be none.
#[derive(Debug)]
pub(super) struct Lists {
    /// Told when one of them cannot be read any more.
    handlers: Option<Handlers>,
    blacklist: Option<ListFile>,
    whitelist: Option<ListFile>,
}

/// Both lists at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Current {
    pub(super) blacklist: Option<Arc<NumberList>>,
    pub(super) whitelist: Option<Arc<NumberList>>,
}

/// A list cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the {what} {} cannot be read", path.display())]
pub struct ListFault {
    /// Which it is.
    what: &'static str,
    /// Where it is.
    path: PathBuf,
    /// Why.
    #[source]
    why: Unreadable,
}

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("it is no regular file")]
    Irregular,
    #[error("it has more than {FILE_OCTETS_MAX} octets")]
    TooLarge,
    #[error(transparent)]
    Content(#[from] ListError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Lists {
    /// The lists at these paths, both of which have to be readable.
    pub(super) fn open(
        blacklist: Option<&Path>,
        whitelist: Option<&Path>,
        handlers: Option<Handlers>,
    ) -> Result<Lists, ListFault> {
        let lists = Lists::named(blacklist, whitelist);
        lists.read()?;
        Ok(Lists { handlers, ..lists })
    }

    fn named(blacklist: Option<&Path>, whitelist: Option<&Path>) -> Lists {
        let file = |path: Option<&Path>, what| path.map(|path| ListFile::new(path.to_owned(), what));
        Lists {
            handlers: None,
            blacklist: file(blacklist, "blacklist"),
            whitelist: file(whitelist, "whitelist"),
        }
    }

    /// Why each of the lists that cannot be read cannot.
    fn faults(&self) -> Vec<ListFault> {
        let files = [&self.blacklist, &self.whitelist];
        files.into_iter().flatten().filter_map(|file| file.load().err()).collect()
    }

    /// Whether there is nothing to read.
    pub(super) fn is_empty(&self) -> bool {
        self.blacklist.is_none() && self.whitelist.is_none()
    }

    /// The lists as they are now; none while one of them cannot be read, which is told once.
    pub(super) fn current(&self) -> Option<Current> {
        let (fault, files) = match self.read() {
            Ok(current) => return Some(current),
            Err(fault) => (fault, [&self.blacklist, &self.whitelist]),
        };
        let file = files.into_iter().flatten().find(|file| file.what == fault.what)?;
        if file.tell(&fault)
            && let Some(handlers) = &self.handlers
        {
            handlers.alarm(of_unreadable_list(fault.what, fault.path.as_os_str().as_bytes()));
        }
        None
    }

    fn read(&self) -> Result<Current, ListFault> {
        let read = |file: &Option<ListFile>| file.as_ref().map(ListFile::read).transpose();
        Ok(Current { blacklist: read(&self.blacklist)?, whitelist: read(&self.whitelist)? })
    }
}

/// Why each list of a spool that cannot be read cannot.
pub(crate) fn list_faults(spool: &Spool) -> Vec<ListFault> {
    Lists::named(spool.blacklist.as_deref(), spool.whitelist.as_deref()).faults()
}

/// One file, read again when it is another or has changed.
#[derive(Debug)]
struct ListFile {
    path: PathBuf,
    what: &'static str,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// What was read, and of which file; none when it has to be read again.
    list: Option<(Stamp, Arc<NumberList>)>,
    /// Whether it is known that it cannot be read.
    is_told: bool,
}

/// Which file it was, and in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    octets: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl ListFile {
    fn new(path: PathBuf, what: &'static str) -> ListFile {
        ListFile { path, what, held: Mutex::default() }
    }

    fn read(&self) -> Result<Arc<NumberList>, ListFault> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = fs::metadata(&self.path).map_err(|error| self.fault(error.into()))?;
        if let Some((stamp, list)) = &held.list
            && *stamp == Stamp::of(&now)
        {
            return Ok(Arc::clone(list));
        }
        let (metadata, list) = self.load()?;
        self.tell_read(&list, std::mem::take(&mut held.is_told));
        let list = Arc::new(list);
        held.list = is_settled(&metadata).then(|| (Stamp::of(&metadata), Arc::clone(&list)));
        Ok(list)
    }

    /// What the file has, which is told to nobody.
    fn load(&self) -> Result<(Metadata, NumberList), ListFault> {
        load(&self.path).map_err(|why| self.fault(why))
    }

    fn fault(&self, why: Unreadable) -> ListFault {
        ListFault { what: self.what, path: self.path.clone(), why }
    }

    /// Says why it cannot be read; false when that was said already.
    fn tell(&self, fault: &ListFault) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let news = !std::mem::replace(&mut held.is_told, true);
        if news {
            let reason = Reason::SpoolListUnreadable;
            let (why, fix) = (fault.why.to_string(), reason.fix());
            error!(event = "spool.list", reason = reason.word(), why, fix, "{fault}; files wait");
        }
        news
    }

    fn tell_read(&self, list: &NumberList, was_unreadable: bool) {
        let path = self.path.display();
        if was_unreadable {
            info!(event = "spool.list", %path, entries = list.len(), "the {} is read again", self.what);
        }
        let dead: Vec<String> = list.dead().take(DEAD_TOLD_MAX).collect();
        if !dead.is_empty() {
            let fix = "write digits alone, the country code first, one number a line";
            let entries = dead.join(" | ");
            warn!(event = "spool.list", %path, entries, fix, "no number begins with entries of the {}", self.what);
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            inode: metadata.ino(),
            octets: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

fn load(path: &Path) -> Result<(Metadata, NumberList), Unreadable> {
    // One that is a FIFO would hold up whoever opens it.
    if !fs::metadata(path)?.is_file() {
        return Err(Unreadable::Irregular);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut octets = Vec::new();
    file.take(FILE_OCTETS_MAX + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|octets| octets > FILE_OCTETS_MAX) {
        return Err(Unreadable::TooLarge);
    }
    Ok((metadata, NumberList::read(&octets)?))
}

/// Whether a later change shows in its times, which have the grain of the kernel's clock.
fn is_settled(metadata: &Metadata) -> bool {
    let age = metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age > SETTLED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(lists: &Lists, number: &str) -> Option<bool> {
        let current = lists.current()?;
        Some(current.blacklist.is_some_and(|list| list.find(number).is_some()))
    }

    #[test]
    fn a_list_counts_as_it_is_on_disk_at_that_moment() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("blacklist");
        fs::write(&path, "491\n").expect("room");
        let lists = Lists::open(Some(&path), None, None).expect("a list");

        assert_eq!((has(&lists, "4917"), has(&lists, "4930")), (Some(true), Some(false)));
        for digit in 2..9 {
            fs::write(&path, format!("49{digit}\n")).expect("room");
            assert_eq!((has(&lists, "4917"), has(&lists, &format!("49{digit}"))), (Some(false), Some(true)));
        }
        let old = File::open(&path).expect("a file");
        old.set_modified(SystemTime::now() - 2 * SETTLED_AFTER).expect("its time");
        assert_eq!(has(&lists, "498"), Some(true));
        assert!(
            lists
                .blacklist
                .as_ref()
                .is_some_and(|file| file.held.lock().is_ok_and(|held| held.list.is_some()))
        );
        fs::write(&path, "33\n").expect("room");
        assert_eq!(has(&lists, "498"), Some(false));
    }

    #[test]
    fn without_a_list_that_should_be_there_nothing_is_known() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("list");
        let fault = Lists::open(None, Some(&path), None).expect_err("there is none");
        assert!(fault.to_string().contains("the whitelist"), "{fault}");
        assert!(Lists::open(Some(dir.path()), None, None).is_err());

        fs::write(&path, "1\n").expect("room");
        let lists = Lists::open(Some(&path), None, None).expect("a list");
        fs::remove_file(&path).expect("it was there");
        assert_eq!(has(&lists, "1"), None);
        fs::write(&path, "1\n").expect("room");
        assert_eq!(has(&lists, "1"), Some(true));
    }
}
