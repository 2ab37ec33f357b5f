//! The folders of a spool: opened once, checked once, held by one process.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;
use smsgrid::worker::intake::{Destination, Folder, FolderTrouble};

use super::file;

/// File in `checked` whose lock says that a process works here.
const HOLDER: &str = ".smsgrid-holder";
/// Permission of people who are neither owner nor in the group to write.
const OTHERS_WRITE: u32 = 0o002;

/// Where the folders are; `sent` and `failed` may be missing, then results are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPaths {
    /// Where users put files.
    pub outgoing: PathBuf,
    /// Where taken files wait.
    pub checked: PathBuf,
    /// Results of sent messages.
    pub sent: Option<PathBuf>,
    /// Results of failed messages.
    pub failed: Option<PathBuf>,
    /// Copies of the results of sent messages.
    pub sent_copy: Option<PathBuf>,
    /// Copies of the results of failed messages.
    pub failed_copy: Option<PathBuf>,
}

/// How strictly folders are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A folder everybody may write to, or that belongs to somebody else, is refused; a result has the mode of its file.
    Strict,
    /// As smsd: such a folder is taken as it is, and the mode of a result is what the umask leaves of 0666.
    Lenient,
}

/// Open folders.
#[derive(Debug)]
pub struct Folders {
    outgoing: OwnedFd,
    checked: OwnedFd,
    sent: Option<OwnedFd>,
    failed: Option<OwnedFd>,
    strictness: Strictness,
    sent_copy: Option<OwnedFd>,
    failed_copy: Option<OwnedFd>,
    _holder: OwnedFd,
}

/// Why a folder cannot be used: one line that says what, why and what to do.
#[derive(Debug, thiserror::Error)]
#[error("spool folder `{folder}` {fault}; path {}", path.display())]
pub struct FolderError {
    /// Which folder.
    pub folder: Folder,
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: FolderFault,
}

/// What is wrong with a folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// There is none.
    #[error("is missing. why no such folder. fix create it and give it to the user smsnode runs as")]
    Missing,
    /// It is something else.
    #[error("is not a folder. why another kind of file has its name. fix remove that file")]
    NotAFolder,
    /// This process may not change it.
    #[error(
        "is not writable. why {owner}; smsnode runs as uid {user}. fix chown it to that user. Until then files stay in `outgoing`; gRPC works"
    )]
    NotWritable {
        /// Owner, group and mode.
        owner: Owner,
        /// Effective user of this process.
        user: u32,
    },
    /// Everybody may put files there.
    #[error("is writable by everybody. why {owner}. fix chmod o-w, or every local user could send messages")]
    WorldWritable {
        /// Owner, group and mode.
        owner: Owner,
    },
    /// It belongs to neither this user nor root.
    #[error("belongs to somebody else. why {owner}; smsnode runs as uid {user}. fix chown it to that user")]
    ForeignOwner {
        /// Owner, group and mode.
        owner: Owner,
        /// Effective user of this process.
        user: u32,
    },
    /// Another process works here.
    #[error("is in use by another process. why one node at a time owns a spool. fix stop the other one")]
    Held,
    /// Something else.
    #[error("cannot be opened. why {0}")]
    Io(#[from] Errno),
}

/// Owner, group and mode of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub user: u32,
    /// Group id.
    pub group: u32,
    /// Permission bits.
    pub mode: u32,
}

impl Folders {
    /// Opens, checks and holds the folders.
    pub fn open(paths: &FolderPaths, strictness: Strictness) -> Result<Folders, FolderError> {
        let outgoing = open(Folder::Outgoing, &paths.outgoing, strictness)?;
        let checked = open(Folder::Checked, &paths.checked, strictness)?;
        let optional = |folder, path: &Option<PathBuf>| {
            path.as_deref().map(|path| open(folder, path, strictness)).transpose()
        };
        let sent = optional(Folder::Sent, &paths.sent)?;
        let failed = optional(Folder::Failed, &paths.failed)?;
        let sent_copy = optional(Folder::SentCopy, &paths.sent_copy)?;
        let failed_copy = optional(Folder::FailedCopy, &paths.failed_copy)?;
        let in_checked = |fault| FolderError { folder: Folder::Checked, path: paths.checked.clone(), fault };
        let holder = hold(&checked).map_err(in_checked)?;
        Ok(Folders { outgoing, checked, sent, failed, sent_copy, failed_copy, strictness, _holder: holder })
    }

    /// A folder; none where results are not kept.
    pub fn get(&self, folder: Folder) -> Option<BorrowedFd<'_>> {
        match folder {
            Folder::Outgoing => Some(self.outgoing.as_fd()),
            Folder::Checked => Some(self.checked.as_fd()),
            Folder::Sent => self.sent.as_ref().map(AsFd::as_fd),
            Folder::Failed => self.failed.as_ref().map(AsFd::as_fd),
            Folder::SentCopy => self.sent_copy.as_ref().map(AsFd::as_fd),
            Folder::FailedCopy => self.failed_copy.as_ref().map(AsFd::as_fd),
        }
    }

    /// The folder of results.
    pub fn destination(&self, destination: Destination) -> Option<BorrowedFd<'_>> {
        self.get(destination.folder())
    }

    /// Why nothing can be changed in a folder now, whatever the file; none when it is not the folder's fault.
    pub fn trouble(&self, folder: Folder) -> Option<FolderTrouble> {
        let open = self.get(folder)?;
        let access = Access::WRITE_OK | Access::EXEC_OK | Access::READ_OK;
        let refused = rustix::fs::accessat(open, ".", access, AtFlags::EACCESS).err()?;
        let stat = rustix::fs::fstat(open).ok()?;
        Some(match refused {
            Errno::ACCESS | Errno::PERM => {
                let user = rustix::process::geteuid().as_raw();
                FolderTrouble::NotWritable {
                    owner: format!("{}; smsnode runs as uid {user}", Owner::of(&stat)),
                }
            }
            other => FolderTrouble::System(file::words(other)),
        })
    }

    /// How strictly they are judged.
    pub(super) fn strictness(&self) -> Strictness {
        self.strictness
    }

    /// Whether inode numbers of `outgoing` and `checked` can be compared.
    pub(super) fn share_a_file_system(&self) -> bool {
        let device = |folder: &OwnedFd| rustix::fs::fstat(folder).map(|stat| stat.st_dev).ok();
        device(&self.outgoing) == device(&self.checked)
    }

    /// The folder `outgoing`.
    pub fn outgoing(&self) -> BorrowedFd<'_> {
        self.outgoing.as_fd()
    }

    /// The folder `checked`.
    pub fn checked(&self) -> BorrowedFd<'_> {
        self.checked.as_fd()
    }
}

fn open(folder: Folder, path: &Path, strictness: Strictness) -> Result<OwnedFd, FolderError> {
    let opened = open_checked(path, strictness);
    opened.map_err(|fault| FolderError { folder, path: path.to_owned(), fault })
}

fn open_checked(path: &Path, strictness: Strictness) -> Result<OwnedFd, FolderFault> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT => FolderFault::Missing,
        Errno::NOTDIR => FolderFault::NotAFolder,
        Errno::ACCESS => match rustix::fs::stat(path) {
            Ok(stat) => not_writable(&stat),
            Err(errno) => FolderFault::Io(errno),
        },
        other => FolderFault::Io(other),
    })?;
    let stat = rustix::fs::fstat(&fd)?;
    let user = rustix::process::geteuid().as_raw();
    if strictness == Strictness::Strict && stat.st_mode & OTHERS_WRITE != 0 {
        return Err(FolderFault::WorldWritable { owner: Owner::of(&stat) });
    }
    if strictness == Strictness::Strict && stat.st_uid != user && stat.st_uid != 0 {
        return Err(FolderFault::ForeignOwner { owner: Owner::of(&stat), user });
    }
    let access = Access::WRITE_OK | Access::EXEC_OK | Access::READ_OK;
    match rustix::fs::accessat(&fd, ".", access, AtFlags::EACCESS) {
        Ok(()) => Ok(fd),
        Err(Errno::ACCESS | Errno::ROFS | Errno::PERM) => Err(not_writable(&stat)),
        Err(errno) => Err(FolderFault::Io(errno)),
    }
}

fn not_writable(stat: &Stat) -> FolderFault {
    FolderFault::NotWritable { owner: Owner::of(stat), user: rustix::process::geteuid().as_raw() }
}

/// Keeps every other process out as long as the descriptor is open.
fn hold(checked: &OwnedFd) -> Result<OwnedFd, FolderFault> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let holder = rustix::fs::openat(checked, HOLDER, flags, Mode::from_raw_mode(0o600))?;
    if FileType::from_raw_mode(rustix::fs::fstat(&holder)?.st_mode) != FileType::RegularFile {
        return Err(FolderFault::NotAFolder);
    }
    match rustix::fs::flock(&holder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(holder),
        Err(Errno::WOULDBLOCK) => Err(FolderFault::Held),
        Err(errno) => Err(FolderFault::Io(errno)),
    }
}

impl Owner {
    fn of(stat: &Stat) -> Owner {
        Owner { user: stat.st_uid, group: stat.st_gid, mode: stat.st_mode & 0o7777 }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner uid {}, group gid {}, mode {:04o}", self.user, self.group, self.mode)
    }
}
