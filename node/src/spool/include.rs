//! Files that message files include: read for whoever sends them, so only what he could read himself.
//!
//! The daemon may read more than he: nothing of that must leave as a message. So the path is gone from the root on, folder
//! by folder without following anything, and each is judged as it is open, by its owner, group and mode.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{CWD, Mode, OFlags, Stat};
use rustix::io::Errno;
use smsgrid::sms_file::FILE_OCTETS_MAX;
use smsgrid::worker::intake::{Kind, Ownership};

use super::file;

/// Longest path that is gone.
pub(super) const PATH_OCTETS_MAX: usize = 755;
/// Permissions of everybody to read a file and to go through a folder; those of the group and the owner stand 3 and 6
/// bits further left.
const READ: u32 = 0o4;
const PASS: u32 = 0o1;
const GROUP_SHIFT: u32 = 3;
const OWNER_SHIFT: u32 = 6;
/// The list of users and groups that says more than the mode.
const ACCESS_LIST: &str = "system.posix_acl_access";
/// File systems, by their numbers in `statfs`, where owner and mode decide who reads a file: ext2 to ext4, XFS, Btrfs, F2FS,
/// bcachefs, ZFS, JFS, UBIFS, JFFS2, EROFS, SquashFS, overlayfs, tmpfs, ramfs; and autofs, whose folders lead to others.
const JUDGED: [u32; 15] = [
    0xEF53,
    0x5846_5342,
    0x9123_683E,
    0xF2F5_2010,
    0xCA45_1A4E,
    0x2FC1_2FC1,
    0x3153_464A,
    0x2405_1905,
    0x72B6,
    0xE0F5_E1E2,
    0x7371_7368,
    0x794C_7630,
    0x0102_1994,
    0x8584_58F6,
    0x0187,
];

/// Who sends the file that includes others; none when nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender(pub(super) Option<u32>);

/// Why a file is not included.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotIncluded {
    #[error("the path does not begin with /")]
    Relative,
    #[error("the path is longer than {PATH_OCTETS_MAX} octets")]
    LongPath,
    #[error("nobody knows who put the message file there: put it into `outgoing` once more")]
    Unowned,
    /// One answer, so that nobody learns what is there and not his.
    #[error("there is none that uid {0} can read")]
    Denied(u32),
    #[error("it is no regular file")]
    Irregular,
    #[error("it has more than {FILE_OCTETS_MAX} octets")]
    TooLarge,
    #[error("uid {0} can read it and smsnode, uid {1}, cannot: let its user or group read it")]
    NotOurs(u32, u32),
    #[error("smsnode, uid {0}, may not enter a folder of its path: let smsnode's user or group pass it (x)")]
    NotEntered(u32),
    #[error("it lies on a file system whose permissions smsnode cannot judge: copy it to a disk")]
    OtherFileSystem,
    #[error(
        "it or a folder of its path has an access list, which smsnode does not judge: remove that (setfacl -b)"
    )]
    AccessList,
    /// It may pass: no word about the file.
    #[error("{}", file::words(*.0))]
    System(Errno),
}

/// The octets of the file at `path`, if `sender` could read it himself.
pub(super) fn read(path: &[u8], sender: Sender) -> Result<Vec<u8>, NotIncluded> {
    if path.len() > PATH_OCTETS_MAX {
        return Err(NotIncluded::LongPath);
    }
    let path = Path::new(OsStr::from_bytes(path));
    if !path.is_absolute() {
        return Err(NotIncluded::Relative);
    }
    let user = sender.0.ok_or(NotIncluded::Unowned)?;
    // Links are resolved first: what they lead to is gone to by itself.
    let resolved = fs::canonicalize(path).map_err(|error| unresolved(&error, user))?;
    let mut names: Vec<OsString> = resolved.components().filter_map(name).collect();
    let last = names.pop().ok_or(NotIncluded::Irregular)?;
    let mut folder = open(None, OsStr::new("/"), OFlags::PATH | OFlags::DIRECTORY, user)?;
    for name in names {
        folder = open(Some(&folder), &name, OFlags::PATH | OFlags::DIRECTORY, user)?;
        judge(user, PASS, &folder)?;
    }
    let found = open(Some(&folder), &last, OFlags::PATH, user)?;
    let judged = stat(&found)?;
    may(user, READ, &judged)?;
    if file::kind(&judged) != Kind::Regular {
        return Err(NotIncluded::Irregular);
    }
    judge(user, READ, &found)?;
    contents(&folder, &last, &judged, user)
}

/// Reads the file that was judged, and no other that took its name meanwhile.
fn contents(folder: &OwnedFd, name: &OsStr, judged: &Stat, user: u32) -> Result<Vec<u8>, NotIncluded> {
    let opened = open(Some(folder), name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, user)?;
    let found = stat(&opened)?;
    if (found.st_dev, found.st_ino) != (judged.st_dev, judged.st_ino) {
        return Err(NotIncluded::Denied(user));
    }
    let octets = file::read_start(&opened, FILE_OCTETS_MAX + 1).map_err(NotIncluded::System)?;
    if octets.len() > FILE_OCTETS_MAX { Err(NotIncluded::TooLarge) } else { Ok(octets) }
}

fn name(component: Component<'_>) -> Option<OsString> {
    match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::RootDir | Component::CurDir | Component::ParentDir | Component::Prefix(_) => None,
    }
}

fn open(folder: Option<&OwnedFd>, name: &OsStr, flags: OFlags, user: u32) -> Result<OwnedFd, NotIncluded> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match folder {
        Some(folder) => rustix::fs::openat(folder, name, flags, Mode::empty()),
        None => rustix::fs::openat(CWD, name, flags, Mode::empty()),
    };
    opened.map_err(|errno| match errno {
        Errno::ACCESS | Errno::PERM => NotIncluded::NotOurs(user, rustix::process::geteuid().as_raw()),
        // Links that appear now, and names that are gone.
        Errno::LOOP | Errno::NOENT | Errno::NOTDIR => NotIncluded::Denied(user),
        other => NotIncluded::System(other),
    })
}

fn stat(opened: &OwnedFd) -> Result<Stat, NotIncluded> {
    rustix::fs::fstat(opened).map_err(NotIncluded::System)
}

/// Refuses what is open unless `user` has this permission and nothing but owner and mode decides that.
fn judge(user: u32, permission: u32, opened: &OwnedFd) -> Result<(), NotIncluded> {
    let found = stat(opened)?;
    may(user, permission, &found)?;
    if !is_judged(opened)? {
        return Err(NotIncluded::OtherFileSystem);
    }
    let is_by_class = user != 0 && found.st_uid != user;
    if is_by_class && has_access_list(opened)? {
        return Err(NotIncluded::AccessList);
    }
    Ok(())
}

/// In `/proc`, say, whoever opens a file decides, and that would be smsnode.
#[allow(clippy::useless_conversion, reason = "the width differs between architectures")]
fn is_judged(opened: &OwnedFd) -> Result<bool, NotIncluded> {
    let kind = rustix::fs::fstatfs(opened).map_err(NotIncluded::System)?.f_type;
    Ok(u32::try_from(kind).is_ok_and(|kind| JUDGED.contains(&kind)))
}

/// With one, the bits of the group are a mask, and single users may be denied.
fn has_access_list(opened: &OwnedFd) -> Result<bool, NotIncluded> {
    // What is opened as a place alone has its attributes under this name only.
    let path = format!("/proc/self/fd/{}", opened.as_raw_fd());
    match rustix::fs::getxattr(path.as_str(), ACCESS_LIST, &mut [0_u8; 0]) {
        Ok(_) => Ok(true),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(false),
        // Without /proc nobody can say; it is refused like one that has a list.
        Err(Errno::NOENT) => Ok(true),
        Err(errno) => Err(NotIncluded::System(errno)),
    }
}

/// Why a path leads nowhere.
fn unresolved(error: &io::Error, user: u32) -> NotIncluded {
    match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => NotIncluded::NotEntered(rustix::process::geteuid().as_raw()),
        None | Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => {
            NotIncluded::Denied(user)
        }
        Some(other) => NotIncluded::System(other),
    }
}

/// Whether `user` has this permission. His groups are not known: what he does not own, its group and everybody else must
/// have it.
fn may(user: u32, permission: u32, of: &Stat) -> Result<(), NotIncluded> {
    let needed = match of.st_uid == user {
        true => permission << OWNER_SHIFT,
        false => permission << GROUP_SHIFT | permission,
    };
    let is_allowed = user == 0 || of.st_mode & needed == needed;
    if is_allowed { Ok(()) } else { Err(NotIncluded::Denied(user)) }
}

impl Sender {
    /// Of a file that is this now. What belongs to smsnode itself was written anew by the check handler, or was its own when
    /// it was taken.
    pub(super) fn of(now: &Stat, ownership: Ownership) -> Sender {
        let owner = ownership.copied.unwrap_or(now.st_uid);
        let is_own = owner == rustix::process::geteuid().as_raw();
        Sender(if is_own { ownership.taken } else { Some(owner) })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::fs::FileType;

    use super::*;

    /// Somebody who owns none of the files of these tests.
    const STRANGER: Sender = Sender(Some(61_234));

    fn told(path: &Path, sender: Sender) -> Result<String, String> {
        let octets = read(path.as_os_str().as_bytes(), sender).map_err(|why| why.to_string())?;
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    }

    fn own(path: &Path) -> Stat {
        rustix::fs::stat(path).expect("it is there")
    }

    #[test]
    fn a_file_is_read_as_far_as_its_reader_could_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o755);
        let (inner, path) = (folder.path().join("inner"), folder.path().join("inner/text"));
        fs::create_dir(&inner).expect("ours");
        fs::write(&path, "words").expect("ours");
        let denied = Err("there is none that uid 61234 can read".to_owned());

        for (folder_mode, mode, expected) in [
            (0o755, 0o644, true),
            (0o711, 0o644, true),
            (0o755, 0o640, false),
            // Nobody knows whether he is in the group that is denied it.
            (0o755, 0o604, false),
            (0o705, 0o644, false),
            (0o750, 0o644, false),
            (0o700, 0o644, false),
            (0o754, 0o644, false),
        ] {
            set_mode(&inner, folder_mode);
            set_mode(&path, mode);
            let of = |is_allowed: bool| if is_allowed { Ok("words".to_owned()) } else { denied.clone() };
            assert_eq!(told(&path, STRANGER), of(expected), "{folder_mode:o} {mode:o}");
        }
        assert_eq!(told(&folder.path().join("missing"), STRANGER), denied);
        set_mode(&path, 0o600);
        set_mode(&inner, 0o700);
        let owner = Sender(Some(own(&path).st_uid));
        assert_eq!(told(&path, owner), Ok("words".to_owned()));
        let unowned = told(&path, Sender(None)).expect_err("nobody's");
        assert!(unowned.starts_with("nobody knows who"), "{unowned}");
    }

    #[test]
    fn a_link_gives_no_more_than_what_it_leads_to() {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o755);
        let (secret, open) = (folder.path().join("secret"), folder.path().join("open"));
        fs::write(&secret, "secret").expect("ours");
        fs::write(&open, "open").expect("ours");
        set_mode(&secret, 0o600);
        set_mode(&open, 0o644);
        for (name, target) in [("a", &secret), ("b", &open)] {
            symlink(target, folder.path().join(name)).expect("ours");
        }

        assert!(told(&folder.path().join("a"), STRANGER).is_err());
        assert_eq!(told(&folder.path().join("b"), STRANGER), Ok("open".to_owned()));
    }

    /// An access list that denies uid 61234 everything, with the bits of 0644 or 0755 for all others.
    fn deny_stranger(path: &Path, others: u16) {
        let entries = [(1, others | 2, u32::MAX), (2, 0, 61_234), (4, others, u32::MAX)];
        let rest = [(0x10, others, u32::MAX), (0x20, others, u32::MAX)];
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries.into_iter().chain(rest) {
            list.extend(u16::to_le_bytes(tag));
            list.extend(u16::to_le_bytes(permissions));
            list.extend(u32::to_le_bytes(id));
        }
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(path, ACCESS_LIST, &list, flags).expect("a file system with access lists");
    }

    #[test]
    fn an_access_list_is_not_taken_for_a_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o755);
        let path = folder.path().join("text");
        fs::write(&path, "words").expect("ours");
        set_mode(&path, 0o644);
        assert_eq!(told(&path, STRANGER), Ok("words".to_owned()));

        deny_stranger(folder.path(), 5);
        assert!(told(&path, STRANGER).expect_err("denied").contains("has an access list"));
        let owner = Sender(Some(own(&path).st_uid));
        assert_eq!(told(&path, owner), Ok("words".to_owned()));

        rustix::fs::removexattr(folder.path(), ACCESS_LIST).expect("it has one");
        assert_eq!(told(&path, STRANGER), Ok("words".to_owned()));
        deny_stranger(&path, 4);
        assert!(told(&path, STRANGER).expect_err("denied").contains("has an access list"));
    }

    #[test]
    fn what_is_judged_when_it_is_opened_is_not_opened_for_others() {
        for path in ["/proc/self/status", "/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"] {
            for sender in [STRANGER, Sender(Some(0))] {
                if Path::new(path).exists() {
                    let why = told(Path::new(path), sender).expect_err("refused");
                    assert!(why.contains("whose permissions smsnode cannot judge"), "{path}: {why}");
                }
            }
        }
    }

    #[test]
    fn a_fault_that_may_pass_is_no_word_about_the_file() {
        let told = |errno: Errno| unresolved(&io::Error::from(errno), 1003);
        for errno in [Errno::MFILE, Errno::NFILE, Errno::IO, Errno::STALE, Errno::NOMEM] {
            assert!(matches!(told(errno), NotIncluded::System(found) if found == errno), "{errno}");
        }
        for errno in [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG] {
            assert!(matches!(told(errno), NotIncluded::Denied(1003)), "{errno}");
        }
        assert!(told(Errno::ACCESS).to_string().contains("may not enter a folder of its path"));
    }

    #[test]
    fn what_is_no_file_of_a_message_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o755);
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a FIFO");
        let large = folder.path().join("large");
        fs::write(&large, vec![b'x'; FILE_OCTETS_MAX + 1]).expect("ours");
        set_mode(&large, 0o644);
        set_mode(&fifo, 0o644);

        let irregular = Err("it is no regular file".to_owned());
        for path in [fifo.as_path(), folder.path(), Path::new("/dev/zero"), Path::new("/")] {
            assert_eq!(told(path, STRANGER), irregular, "{}", path.display());
        }
        assert_eq!(told(&large, STRANGER), Err(format!("it has more than {FILE_OCTETS_MAX} octets")));
        assert_eq!(told(Path::new("text"), STRANGER), Err("the path does not begin with /".to_owned()));
        let long = format!("/{}", "x".repeat(PATH_OCTETS_MAX));
        assert!(told(Path::new(&long), STRANGER).expect_err("long").contains("longer than 755"));
    }
}
