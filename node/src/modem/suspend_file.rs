//! The suspend file, read again every second: an operator's `echo GSM1: reason >> FILE` needs no other program.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use smsgrid::worker::modem::Suspensions;
use smsgrid_proto::Reason;
use tokio::sync::watch;
use tracing::error;

/// How often it is read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// Longest file; a longer one counts as unreadable.
const OCTETS_MAX: u64 = 64 * 1024;

/// Which modems are suspended, as of now.
pub type Suspended = watch::Receiver<Arc<Suspensions>>;

/// How often one round was wanted of every suspended modem.
pub type Breaks = watch::Receiver<u64>;

/// What reads the file.
pub struct SuspendFile {
    path: Option<PathBuf>,
    now: watch::Sender<Arc<Suspensions>>,
    is_told: bool,
}

impl SuspendFile {
    /// Reads the file once, if there is one to be read: a modem it names is not touched.
    pub fn open(path: Option<&Path>) -> (SuspendFile, Suspended) {
        let (now, suspended) = watch::channel(Arc::default());
        let mut file = SuspendFile { path: path.map(Path::to_owned), now, is_told: false };
        if let Some(path) = path {
            let text = read(path);
            file.take(path, text);
        }
        (file, suspended)
    }

    /// Follows the file, for ever.
    pub async fn follow(mut self) {
        let Some(path) = self.path.clone() else { return std::future::pending().await };
        let mut ticks = tokio::time::interval(READ_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let file = path.clone();
            if let Ok(text) = tokio::task::spawn_blocking(move || read(&file)).await {
                self.take(&path, text);
            }
        }
    }

    /// A file that is not there names nobody. One that cannot be read changes nothing: who is suspended stays so.
    fn take(&mut self, path: &Path, text: io::Result<String>) {
        match text {
            Ok(text) => {
                self.is_told = false;
                let read = Suspensions::read(&text);
                self.now.send_if_modified(|now| {
                    let is_other = **now != read;
                    if is_other {
                        *now = Arc::new(read);
                    }
                    is_other
                });
            }
            Err(failure) if !std::mem::replace(&mut self.is_told, true) => {
                let reason = Reason::SuspendFileUnreadable;
                error!(
                    event = "modem.suspend_file", reason = reason.word(), why = %failure, fix = reason.fix(),
                    "the suspend file {} cannot be read; which modems are suspended stays as it was", path.display()
                );
            }
            Err(_) => {}
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let kind = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        metadata => metadata?,
    };
    // A FIFO would hold up whoever opens it.
    if !kind.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut octets = Vec::new();
    File::open(path)?.take(OCTETS_MAX + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|octets| octets > OCTETS_MAX) {
        return Err(io::Error::other("it has more than 64 KiB"));
    }
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(suspended: &Suspended) -> Option<String> {
        suspended.borrow().reason("GSM1").map(str::to_owned)
    }

    #[test]
    fn what_cannot_be_read_changes_nothing_and_what_is_gone_names_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("suspend");
        fs::write(&path, "GSM1: why\n").expect("room");
        let (mut file, suspended) = SuspendFile::open(Some(&path));
        assert_eq!(reason(&suspended).as_deref(), Some("why"));

        fs::write(&path, "x".repeat(70_000)).expect("room");
        file.take(&path, read(&path));
        assert_eq!(reason(&suspended).as_deref(), Some("why"));

        fs::remove_file(&path).expect("it is there");
        file.take(&path, read(&path));
        assert_eq!(reason(&suspended), None);
    }
}
