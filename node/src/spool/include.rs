//! Files that message files include: read for whoever sends them, so only what he could read himself.
//!
//! The daemon may read more than he: nothing of that must leave as a message. So the path is gone from the root on, folder
//! by folder without following anything, and each is judged as it is open, by its owner, group and mode.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::OwnedFd;
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
    let resolved = fs::canonicalize(path).map_err(|_| NotIncluded::Denied(user))?;
    let mut names: Vec<OsString> = resolved.components().filter_map(name).collect();
    let last = names.pop().ok_or(NotIncluded::Irregular)?;
    let mut folder = open(None, OsStr::new("/"), OFlags::PATH | OFlags::DIRECTORY, user)?;
    for name in names {
        folder = open(Some(&folder), &name, OFlags::PATH | OFlags::DIRECTORY, user)?;
        may(user, PASS, &stat(&folder)?)?;
    }
    let found = open(Some(&folder), &last, OFlags::PATH, user)?;
    let judged = stat(&found)?;
    may(user, READ, &judged)?;
    if file::kind(&judged) != Kind::Regular {
        return Err(NotIncluded::Irregular);
    }
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
