//! Names of files in the spool folders.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::IntakeId;

/// What stands behind the name of a locked file.
pub const LOCK_SUFFIX: &[u8] = b".LOCK";
/// Longest name Linux file systems hold, in octets.
const NAME_OCTETS_MAX: usize = 255;

/// The name of one entry of a folder: no slash, no NUL, and short enough that its lock has a name too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct FileName(Vec<u8>);

/// Octets that cannot name a message file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a message file")]
pub struct FileNameError;

impl FileName {
    /// The name made of these octets, if they can be one.
    pub fn new(octets: &[u8]) -> Option<FileName> {
        let fits = !octets.is_empty() && octets.len() + LOCK_SUFFIX.len() <= NAME_OCTETS_MAX;
        let plain = octets != b"." && octets != b".." && !octets.iter().any(|o| matches!(o, b'/' | 0));
        (fits && plain).then(|| FileName(octets.to_vec()))
    }

    /// The octets of the name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of the lock beside the file.
    pub fn lock(&self) -> Vec<u8> {
        [&self.0, LOCK_SUFFIX].concat()
    }

    /// Whether smsd leaves a file of this name alone: hidden, marked as locked, or a lock.
    pub fn is_ignored(&self) -> bool {
        self.0.starts_with(b".") || self.0.starts_with(b"LOCKED") || self.0.ends_with(LOCK_SUFFIX)
    }

    /// The file a lock of this name stands for.
    pub fn locked_file(&self) -> Option<FileName> {
        self.0.strip_suffix(LOCK_SUFFIX).and_then(FileName::new)
    }

    /// The name under which a thing of this name is set aside: one that nobody takes.
    pub fn aside(&self, id: IntakeId) -> FileName {
        let together = [b"LOCKED.", self.0.as_slice(), format!(".{id}").as_bytes()].concat();
        FileName::new(&together).unwrap_or_else(|| FileName(format!("LOCKED.{id}").into_bytes()))
    }

    /// Whether this id stands at the end of the name.
    pub(super) fn ends_with(&self, id: IntakeId) -> bool {
        self.0.ends_with(id.to_string().as_bytes())
    }

    /// This name with something behind it; that alone when together they are too long.
    pub fn with_suffix(&self, suffix: &str) -> FileName {
        let together = [&self.0, b".".as_slice(), suffix.as_bytes()].concat();
        FileName::new(&together).unwrap_or_else(|| FileName(suffix.as_bytes().to_vec()))
    }
}

impl TryFrom<Vec<u8>> for FileName {
    type Error = FileNameError;

    fn try_from(octets: Vec<u8>) -> Result<FileName, FileNameError> {
        FileName::new(&octets).ok_or(FileNameError)
    }
}

impl From<FileName> for Vec<u8> {
    fn from(name: FileName) -> Vec<u8> {
        name.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_smsd_leaves_alone_are_left_alone() {
        let ignored = |name: &[u8]| FileName::new(name).expect("a name").is_ignored();

        assert!(ignored(b".hidden") && ignored(b"LOCKEDx") && ignored(b"a.LOCK"));
        assert!(!ignored(b"a.lock") && !ignored(b"xLOCKED") && !ignored(b"a.LOCK.txt"));
    }

    #[test]
    fn what_could_leave_the_folder_is_no_name() {
        for octets in [b"".as_slice(), b".", b"..", b"a/b", b"a\0b", &[b'x'; 251]] {
            assert_eq!(FileName::new(octets), None);
        }
        assert!(FileName::new(&[b'x'; 250]).is_some());
    }

    #[test]
    fn a_name_is_shown_on_one_line() {
        assert_eq!(FileName::new(b"a\nb\xFF").expect("a name").to_string(), "a\\nb\\xff");
    }

    #[test]
    fn a_thing_set_aside_has_a_name_nobody_takes() {
        let id = IntakeId::from_bytes([1; 16]);
        let short = FileName::new(b"a").expect("a name").aside(id);
        let long = FileName::new(&[b'x'; 250]).expect("a name").aside(id);

        assert!(short.is_ignored() && short.to_string().starts_with("LOCKED.a."));
        assert!(long.is_ignored() && long.to_string().starts_with("LOCKED.0"));
    }

    #[test]
    fn a_suffix_never_makes_a_name_too_long() {
        let long = FileName::new(&[b'x'; 250]).expect("a name");
        assert_eq!(long.with_suffix("01").as_bytes(), b"01");
        assert_eq!(FileName::new(b"a").expect("a name").with_suffix("01").as_bytes(), b"a.01");
    }
}
