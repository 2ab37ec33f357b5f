//! What files include, kept beside them in `checked` before they are submitted: whatever becomes of the included files, a
//! message submitted under a key stays the one it was.
//!
//! ```text
//! checked/.ID.included = for each Include: length of the path u32, path, length of the file u32, file    little endian
//! ```

use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, OFlags};
use rustix::io::Errno;
use smsgrid::sms_file::{FILE_OCTETS_MAX, INCLUDES_MAX};
use smsgrid::worker::intake::{IntakeId, Kind};

use super::disk::{create, temporary};
use super::file;
use super::include::PATH_OCTETS_MAX;

/// Octets of a length.
const LENGTH_OCTETS: usize = 4;
/// Longest file of this kind.
const KEPT_OCTETS_MAX: usize = INCLUDES_MAX * (2 * LENGTH_OCTETS + PATH_OCTETS_MAX + FILE_OCTETS_MAX);

/// What these paths stood for when they were read first; none when that was not kept, or is for other paths.
pub(super) fn read(
    checked: BorrowedFd<'_>,
    id: IntakeId,
    paths: &[Vec<u8>],
) -> Result<Option<Vec<Vec<u8>>>, Errno> {
    let opened = match file::open(checked, &name(id)) {
        Ok(opened) => opened,
        Err(Errno::NOENT | Errno::LOOP) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    let stat = rustix::fs::fstat(&opened)?;
    // What somebody else put there says nothing.
    let is_ours = file::kind(&stat) == Kind::Regular
        && stat.st_nlink == 1
        && stat.st_uid == rustix::process::geteuid().as_raw();
    if !is_ours {
        return Ok(None);
    }
    Ok(decode(&file::read_start(&opened, KEPT_OCTETS_MAX)?, paths))
}

/// Keeps what these paths stand for; it is on disk, whole, when this returns.
pub(super) fn write(
    checked: BorrowedFd<'_>,
    id: IntakeId,
    included: &[(Vec<u8>, Vec<u8>)],
) -> Result<(), Errno> {
    let draft = temporary(id);
    let kept = create(checked, &draft, OFlags::TRUNC, 0o600)?;
    file::write_all(&kept, &encode(included))?;
    rustix::fs::fsync(&kept)?;
    rustix::fs::renameat(checked, draft.as_slice(), checked, name(id).as_slice())?;
    rustix::fs::fsync(checked)
}

/// Removes what was kept, if anything was.
pub(super) fn remove(checked: BorrowedFd<'_>, id: IntakeId) {
    // What cannot be removed stays under a hidden name.
    let _ = rustix::fs::unlinkat(checked, name(id).as_slice(), AtFlags::empty());
}

/// Hidden, so that nobody takes it for a message.
fn name(id: IntakeId) -> Vec<u8> {
    format!(".{id}.included").into_bytes()
}

fn encode(included: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let strings = included.iter().flat_map(|(path, octets)| [path, octets]);
    let lengthened = strings.flat_map(|string| {
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX).to_le_bytes();
        [length.as_slice(), string.as_slice()].concat()
    });
    lengthened.collect()
}

/// The files of exactly these paths.
fn decode(mut kept: &[u8], paths: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for path in paths {
        if next(&mut kept)? != path.as_slice() {
            return None;
        }
        files.push(next(&mut kept)?.to_vec());
    }
    kept.is_empty().then_some(files)
}

fn next<'a>(kept: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = kept.split_first_chunk::<LENGTH_OCTETS>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (string, rest) = rest.split_at_checked(length)?;
    *kept = rest;
    Some(string)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_kept_is_for_its_paths_alone_and_whole_or_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = std::fs::File::open(folder.path()).expect("ours");
        let (checked, id) = (opened.as_fd(), IntakeId::from_bytes([7; 16]));
        let paths = [b"/a".to_vec(), b"/b".to_vec()];
        assert_eq!(read(checked, id, &paths), Ok(None));

        let included = [(paths[0].clone(), b"first\n".to_vec()), (paths[1].clone(), Vec::new())];
        write(checked, id, &included).expect("room");
        assert_eq!(read(checked, id, &paths), Ok(Some(vec![b"first\n".to_vec(), Vec::new()])));
        assert_eq!(read(checked, id, &paths[..1]), Ok(None));
        assert_eq!(read(checked, id, &[paths[1].clone(), paths[0].clone()]), Ok(None));

        let whole = encode(&included);
        assert!((0..whole.len()).all(|length| decode(&whole[..length], &paths).is_none()));
        remove(checked, id);
        assert_eq!(std::fs::read_dir(folder.path()).expect("ours").count(), 0);
    }

    #[test]
    fn a_link_under_the_name_of_what_is_kept_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = std::fs::File::open(folder.path()).expect("ours");
        let (checked, id) = (opened.as_fd(), IntakeId::from_bytes([7; 16]));
        let paths = [b"/a".to_vec()];
        std::fs::write(folder.path().join("other"), encode(&[(paths[0].clone(), b"x".to_vec())]))
            .expect("room");
        let kept = folder.path().join(String::from_utf8(name(id)).expect("a name"));
        symlink(folder.path().join("other"), &kept).expect("ours");
        assert_eq!(read(checked, id, &paths), Ok(None));

        std::fs::remove_file(&kept).expect("ours");
        std::fs::hard_link(folder.path().join("other"), &kept).expect("ours");
        assert_eq!(read(checked, id, &paths), Ok(None));
    }
}
