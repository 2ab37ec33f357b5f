//! Which PINs were tried and did not unlock their SIM: a wrong PIN is never tried twice, not even after a restart.
//!
//! One file a modem, holding a salt and a digest of the PIN, written before the PIN leaves for the SIM and removed
//! when the SIM is unlocked. The digest hides the PIN from a glance only: four digits can be guessed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use smsgrid::model::Name;

/// Octets of salt before the digest.
const SALT_OCTETS: usize = 16;

/// The mark of one modem.
#[derive(Clone, Debug)]
pub struct PinMark {
    folder: PathBuf,
    file: PathBuf,
}

impl PinMark {
    /// The mark of the modem `name` below the data directory.
    pub fn of(data_dir: &Path, name: &Name) -> PinMark {
        let folder = data_dir.join("pins");
        PinMark { file: folder.join(name.as_str()), folder }
    }

    /// Whether this PIN was tried and did not unlock the SIM.
    pub fn is_set(&self, pin: &str) -> bool {
        let Ok(mark) = fs::read(&self.file) else { return false };
        let Some((salt, digest)) = mark.split_at_checked(SALT_OCTETS) else { return false };
        digest == hash(salt, pin).as_slice()
    }

    /// Writes down that this PIN is about to be tried; durable when it returns.
    pub fn set(&self, pin: &str) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let salt = ulid::Ulid::new().to_bytes();
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&self.file)?;
        file.write_all(&salt)?;
        file.write_all(&hash(&salt, pin))?;
        file.sync_all()?;
        File::open(&self.folder)?.sync_all()
    }

    /// The PIN unlocked the SIM.
    pub fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn hash(salt: &[u8], pin: &str) -> Vec<u8> {
    Sha256::new().chain_update(salt).chain_update(pin.as_bytes()).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tried_pin_is_remembered_and_another_is_not_taken_for_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let name = Name::new("GSM1").expect("a name");

        PinMark::of(dir.path(), &name).set("1234").expect("written");

        let mark = PinMark::of(dir.path(), &name);
        assert!(mark.is_set("1234"));
        assert!(!mark.is_set("4321"));
        mark.clear().expect("removed");
        mark.clear().expect("nothing left to remove");
        assert!(!mark.is_set("1234"));
    }
}
