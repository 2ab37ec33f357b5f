//! Whether the folders the node works in are still those it was started with.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD};
use smsgrid::worker::handlers::{Alarm, of_lost_folder};

use crate::config::Spool;

/// A folder as it was at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    path: PathBuf,
    place: (u64, u64),
}

/// The folders of a spool.
#[derive(Clone, Debug, Default)]
pub(super) struct Folders(Vec<Known>);

impl Folders {
    /// Remembers which folders these are now. One that is not there is told by whoever opens it.
    pub(super) fn now(spool: Option<&Spool>) -> Folders {
        let paths = spool.map(|spool| [&spool.outgoing, &spool.checked, &spool.sent, &spool.failed]);
        let known = |path: &&PathBuf| Some(Known { path: path.to_path_buf(), place: place(path).ok()? });
        Folders(paths.iter().flatten().filter_map(known).collect())
    }

    /// Why the node cannot go on with one of them.
    pub(super) fn lost(&self) -> Option<Alarm> {
        self.0.iter().find_map(|known| {
            let why = known.fault()?;
            Some(of_lost_folder(known.path.as_os_str().as_bytes(), &why))
        })
    }
}

impl Known {
    fn fault(&self) -> Option<String> {
        match place(&self.path) {
            Err(error) => return Some(error.to_string()),
            Ok(place) if place != self.place => {
                return Some("another folder stands in its place; restart smsnode to use it".to_owned());
            }
            Ok(_) => {}
        }
        let access = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
        let refused = rustix::fs::accessat(CWD, &self.path, access, AtFlags::EACCESS).err()?;
        Some(io::Error::from(refused).to_string())
    }
}

/// Which folder a path leads to.
fn place(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smsgrid::worker::routing::Routing;

    use super::*;

    #[test]
    fn a_folder_that_is_gone_or_another_one_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        for name in ["outgoing", "checked", "sent", "failed"] {
            fs::create_dir(path(name)).expect("ours");
        }
        let spool = Spool {
            outgoing: path("outgoing"),
            checked: path("checked"),
            sent: path("sent"),
            failed: path("failed"),
            keep_sent: true,
            keep_failed: true,
            trust_outgoing: false,
            settle_time: Duration::from_millis(500),
            sent_copy: None,
            failed_copy: None,
            eventhandler_use_copy: false,
            directory_order: false,
            keep_filename: true,
            store_original_filename: true,
            filename_preview: 0,
            blacklist: None,
            whitelist: None,
            routing: Routing::default(),
        };
        let folders = Folders::now(Some(&spool));
        assert_eq!(folders.lost(), None);

        fs::rename(path("sent"), path("away")).expect("ours");
        let lost =
            || folders.lost().map(|alarm| String::from_utf8(alarm.text).expect("the path of a test is text"));
        let told = lost().expect("it is gone");
        assert!(
            told.starts_with(&format!("Stopping. Cannot open dir {} No such file", path("sent").display())),
            "{told}"
        );
        fs::create_dir(path("sent")).expect("ours");
        assert!(lost().expect("it is another one").contains("another folder"));
    }
}
