//! Which PINs were tried and did not unlock their SIM: a wrong PIN is never tried twice, not even after a restart.
//!
//! One small text file a trial in `data_dir/pins`, written before the PIN leaves for the SIM and removed when the SIM
//! took it. It names the modem and its port and holds a salted digest of the PIN, which hides the PIN from a glance only:
//! four digits can be guessed.
//!
//! What a mark should name is the SIM, but most modems do not tell which SIM they hold before it is unlocked. A PIN
//! counts as tried when a mark has its digest and the name **or** the port of the modem: one may be renamed or plugged in
//! elsewhere without a second try, and two modems whose SIMs have the same PIN do not get in each other's way. Only who
//! changes name and port at once gets another try.
//!
//! Every doubt speaks for "tried". A mark that cannot be read or was damaged counts for every modem, since it could be
//! about any; a PIN that was on its way when this process was killed stays marked, even if the SIM is found ready after
//! that: somebody else may have unlocked it, or it is another one. The way out is a person's: remove the file, which is
//! named wherever a PIN is not used because of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use smsgrid::model::Name;

use crate::secret::Secret;

/// Most octets of a mark; the path of a device takes most of them.
const MARK_OCTETS_MAX: u64 = 32 * 1024;
/// Most marks that are looked at. With more of them every PIN counts as tried.
const MARKS_MAX: usize = 10_000;

/// The mark that the PIN of one modem was tried.
#[derive(Clone, Debug)]
pub struct PinMark {
    folder: PathBuf,
    file: PathBuf,
    modem: Name,
    /// Escaped: a path may hold anything.
    port: String,
    pin: Secret,
}

/// Why a PIN counts as tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The file that says so, or cannot be read.
    pub file: PathBuf,
    /// Why it cannot be read; none when it says that this PIN was tried.
    pub doubt: Option<String>,
}

impl PinMark {
    /// The mark of `pin` for the modem `modem` at `port`, below the data directory. Nothing is read or written yet.
    pub fn new(data_dir: &Path, modem: &Name, port: &str, pin: &Secret) -> PinMark {
        let folder = data_dir.join("pins");
        PinMark {
            file: folder.join(format!("{modem}.{}", ulid::Ulid::new())),
            folder,
            modem: modem.clone(),
            port: port.escape_debug().to_string(),
            pin: pin.clone(),
        }
    }

    /// The file that remembers the PIN.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether this PIN was tried and is not known to have unlocked the SIM. From then on [`PinMark::file`] is the file
    /// that says so.
    pub fn recall(&mut self) -> Option<Tried> {
        let tried = self.search()?;
        self.file.clone_from(&tried.file);
        Some(tried)
    }

    /// Writes down that the PIN is about to be tried; durable when it returns.
    pub fn set(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        if let Some(data_dir) = self.folder.parent() {
            sync_folder(data_dir)?;
        }
        let unfinished = self.folder.join(format!(".{}", file_name(&self.file)));
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.file)?;
        sync_folder(&self.folder)
    }

    /// The PIN unlocked the SIM, or was not used; the mark is gone for good when it returns.
    pub fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Ok(()) => sync_folder(&self.folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn search(&self) -> Option<Tried> {
        let doubt = |file: &Path, why: String| Some(Tried { file: file.to_owned(), doubt: Some(why) });
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return doubt(&self.folder, error.to_string()),
        };
        let mut found = None;
        for (number, entry) in entries.enumerate() {
            let file = match entry {
                Ok(entry) if number < MARKS_MAX => entry.path(),
                Ok(_) => return doubt(&self.folder, format!("it holds more than {MARKS_MAX} files")),
                Err(error) => return doubt(&self.folder, error.to_string()),
            };
            match self.is_marked_by(&file) {
                Ok(true) => return Some(Tried { file, doubt: None }),
                Ok(false) => {}
                Err(error) => found = doubt(&file, error.to_string()),
            }
        }
        found
    }

    fn is_marked_by(&self, file: &Path) -> io::Result<bool> {
        // Never finished, so its PIN never left.
        if file_name(file).starts_with('.') {
            return Ok(false);
        }
        let mut text = String::new();
        match File::open(file) {
            Ok(file) => file.take(MARK_OCTETS_MAX).read_to_string(&mut text)?,
            // Another modem's, gone since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is no mark, or was damaged");
        let mark = Mark::parse(&text).ok_or_else(damaged)?;
        let same_modem = mark.modem == self.modem.as_str() || mark.port == self.port;
        Ok(same_modem && mark.digest == digest(mark.salt, &self.pin))
    }

    fn text(&self) -> String {
        let salt = ulid::Ulid::new().to_string();
        let digest = digest(&salt, &self.pin);
        let body = format!("modem {}\nport {}\nsalt {salt}\ndigest {digest}", self.modem, self.port);
        let check = hash(body.as_bytes(), b"");
        format!("{body}\ncheck {check}\n")
    }
}

/// What a file says.
struct Mark<'a> {
    modem: &'a str,
    port: &'a str,
    salt: &'a str,
    digest: &'a str,
}

impl Mark<'_> {
    fn parse(text: &str) -> Option<Mark<'_>> {
        let (body, check) = text.strip_suffix('\n')?.rsplit_once("\ncheck ")?;
        if hash(body.as_bytes(), b"") != check {
            return None;
        }
        let mut lines = body.split('\n');
        let mut value = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        Some(Mark {
            modem: value("modem")?,
            port: value("port")?,
            salt: value("salt")?,
            digest: value("digest")?,
        })
    }
}

fn digest(salt: &str, pin: &Secret) -> String {
    hash(salt.as_bytes(), pin.reveal().as_bytes())
}

fn hash(first: &[u8], second: &[u8]) -> String {
    let octets = Sha256::new().chain_update(first).chain_update(second).finalize();
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes what was created, renamed or removed in `folder` outlast a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tried_pin_is_remembered_and_another_is_not_taken_for_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let marked = mark(dir.path(), "GSM1", "/dev/modem", "1234");
        marked.set().expect("written");

        let tried = mark(dir.path(), "GSM1", "/dev/modem", "1234").recall().expect("it was tried");
        assert_eq!(tried, Tried { file: marked.file().to_owned(), doubt: None });
        assert_eq!(mark(dir.path(), "GSM1", "/dev/modem", "4321").recall(), None);

        marked.clear().expect("removed");
        marked.clear().expect("nothing left to remove");
        assert_eq!(mark(dir.path(), "GSM1", "/dev/modem", "1234").recall(), None);
    }

    #[test]
    fn a_modem_renamed_or_plugged_in_elsewhere_does_not_try_its_pin_again() {
        let dir = tempfile::tempdir().expect("a directory");
        mark(dir.path(), "GSM1", "/dev/modem", "1234").set().expect("written");

        assert!(mark(dir.path(), "OFFICE", "/dev/modem", "1234").recall().is_some());
        assert!(mark(dir.path(), "GSM1", "tcp:modem:7000", "1234").recall().is_some());
        assert_eq!(mark(dir.path(), "OFFICE", "tcp:modem:7000", "1234").recall(), None);
    }

    #[test]
    fn every_refused_pin_is_remembered_and_the_accepted_one_alone_is_forgotten() {
        let dir = tempfile::tempdir().expect("a directory");
        for pin in ["1111", "2222", "3333"] {
            mark(dir.path(), "GSM1", "/dev/modem", pin).set().expect("written");
        }

        let mut accepted = mark(dir.path(), "GSM1", "/dev/modem", "3333");
        accepted.recall().expect("it was tried");
        accepted.clear().expect("removed");

        let tried = |pin| mark(dir.path(), "GSM1", "/dev/modem", pin).recall().is_some();
        assert_eq!(["1111", "2222", "3333"].map(tried), [true, true, false]);
    }

    #[test]
    fn a_mark_that_cannot_be_read_counts_as_tried_and_is_named_with_the_cause() {
        let whole = "modem GSM2\nport /dev/other\nsalt s\ndigest d";
        let short = whole.as_bytes().to_vec();
        let wrong_check = format!("{whole}\ncheck 00\n").into_bytes();
        for damaged in [Vec::new(), b"1234".to_vec(), short, wrong_check, vec![0xFF; 48]] {
            let dir = tempfile::tempdir().expect("a directory");
            fs::create_dir(dir.path().join("pins")).expect("a folder");
            let file = dir.path().join("pins/GSM2.0");
            fs::write(&file, &damaged).expect("written");

            let tried = mark(dir.path(), "GSM1", "/dev/modem", "1234").recall().expect("a doubt");

            assert_eq!(tried.file, file);
            assert!(tried.doubt.is_some(), "{damaged:?}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_listed_counts_as_tried_and_a_missing_one_does_not() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(mark(dir.path(), "GSM1", "/dev/modem", "1234").recall(), None);

        fs::write(dir.path().join("pins"), "a file").expect("written");

        let tried = mark(dir.path(), "GSM1", "/dev/modem", "1234").recall().expect("a doubt");
        assert_eq!(tried.file, dir.path().join("pins"));
        assert!(tried.doubt.is_some());
    }

    #[test]
    fn a_mark_that_was_never_finished_says_nothing_and_hides_no_other() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("pins")).expect("a folder");
        fs::write(dir.path().join("pins/.GSM1.0"), "modem GS").expect("written");
        assert_eq!(mark(dir.path(), "GSM1", "/dev/modem", "1234").recall(), None);

        fs::write(dir.path().join("pins/GSM2.0"), "damaged").expect("written");
        let marked = mark(dir.path(), "GSM1", "/dev/modem", "1234");
        marked.set().expect("written");

        let tried = mark(dir.path(), "GSM1", "/dev/modem", "1234").recall().expect("it was tried");
        assert_eq!(tried, Tried { file: marked.file().to_owned(), doubt: None });
    }

    #[test]
    fn neither_a_mark_nor_its_file_shows_the_pin() {
        let dir = tempfile::tempdir().expect("a directory");
        let marked = mark(dir.path(), "GSM1", "/dev/modem\nsalt x", "48151623");
        marked.set().expect("written");

        let text = fs::read_to_string(marked.file()).expect("readable");
        assert!(!text.contains("48151623") && !format!("{marked:?}").contains("48151623"));
        assert!(mark(dir.path(), "GSM2", "/dev/modem\nsalt x", "48151623").recall().is_some());
    }

    fn mark(data_dir: &Path, modem: &str, port: &str, pin: &str) -> PinMark {
        PinMark::new(data_dir, &Name::new(modem).expect("a name"), port, &Secret::new(pin))
    }
}
