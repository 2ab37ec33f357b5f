//! A pseudo terminal with a symbolic link to the end the driver opens.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, ioctl_tiocnxcl, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;

use super::SimError;
use super::port::Happened;

/// A pseudo terminal at a link. Dropping it takes the link away.
#[derive(Debug)]
pub(super) struct PtyPort {
    link: PathBuf,
    open: Option<Pair>,
}

#[derive(Debug)]
struct Pair {
    modem_end: AsyncFd<OwnedFd>,
    /// The driver's end, held open so that a driver may close and open it again: without it, reading the modem's end
    /// fails all the while nobody has the other.
    driver_end: OwnedFd,
    device: PathBuf,
}

impl PtyPort {
    /// Makes a pseudo terminal and its link. A link that is there is replaced, anything else is left alone.
    pub(super) fn open(link: &Path) -> Result<PtyPort, SimError> {
        let mut port = PtyPort { link: link.to_owned(), open: None };
        port.reopen()?;
        Ok(port)
    }

    /// File name of the link.
    pub(super) fn name(&self) -> String {
        self.link.file_name().unwrap_or(self.link.as_os_str()).to_string_lossy().into_owned()
    }

    /// The driver's end, while it is open.
    pub(super) fn device(&self) -> Option<&Path> {
        self.open.as_ref().map(|pair| pair.device.as_path())
    }

    /// See [`Port::wait`](super::port::Port::wait).
    pub(super) async fn wait(&mut self, buffer: &mut [u8], wants_write: bool) -> io::Result<Happened> {
        let Some(pair) = &self.open else { return std::future::pending().await };
        loop {
            let mut guard = tokio::select! {
                readable = pair.modem_end.readable() => readable?,
                writable = pair.modem_end.writable(), if wants_write => {
                    // Cleared here: the write that follows finds out anew how much room there is.
                    writable?.clear_ready();
                    return Ok(Happened::Writable);
                }
            };
            if let Ok(read) = guard.try_io(|end| Ok(rustix::io::read(end.get_ref(), &mut *buffer)?)) {
                pair.share();
                return read.map(Happened::Read);
            }
        }
    }

    /// Writes what there is room for.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(pair) = &self.open else { return Ok(bytes.len()) };
        match rustix::io::write(pair.modem_end.get_ref(), bytes) {
            Ok(written) => Ok(written),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Closes both ends and takes the link away: a driver's reads and writes fail from now on.
    pub(super) fn close(&mut self) {
        if let Some(pair) = self.open.take()
            && fs::read_link(&self.link).is_ok_and(|target| target == pair.device)
        {
            // Nothing can be done about a link that stays; it leads nowhere.
            let _ = fs::remove_file(&self.link);
        }
    }

    /// Makes another pseudo terminal at the same link.
    pub(super) fn reopen(&mut self) -> Result<(), SimError> {
        self.close();
        let fault = |source| SimError::Pty { link: self.link.clone(), source };
        let pair = Pair::new().map_err(fault)?;
        replace_link(&self.link, &pair.device).map_err(fault)?;
        self.open = Some(pair);
        Ok(())
    }
}

impl Drop for PtyPort {
    fn drop(&mut self) {
        self.close();
    }
}

impl Pair {
    fn new() -> io::Result<Pair> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let modem_end = openpt(flags)?;
        grantpt(&modem_end)?;
        unlockpt(&modem_end)?;
        let name = ptsname(&modem_end, Vec::new())?;
        let driver_end = ioctl_tiocgptpeer(&modem_end, flags)?;
        let mut attributes = tcgetattr(&driver_end)?;
        attributes.make_raw();
        tcsetattr(&driver_end, OptionalActions::Now, &attributes)?;
        fcntl_setfl(&modem_end, fcntl_getfl(&modem_end)? | OFlags::NONBLOCK)?;
        let device = PathBuf::from(OsStr::from_bytes(name.as_bytes()));
        Ok(Pair { modem_end: registered(modem_end)?, driver_end, device })
    }

    /// Takes back the exclusive use a driver may have claimed (TIOCEXCL). A serial device forgets it when a killed
    /// driver's descriptor closes; this one would not, since its other end stays open here.
    fn share(&self) {
        // It cannot fail on a terminal, and a driver that opened it alone is served all the same.
        let _ = ioctl_tiocnxcl(&self.driver_end);
    }
}

#[allow(
    deprecated,
    reason = "sound here, an OwnedFd keeps its descriptor for life; what replaces it is an unsafe function"
)]
fn registered(end: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(end)
}

/// Makes `link` lead to `target` in one step, so that a driver finds the old or the new, never nothing.
fn replace_link(link: &Path, target: &Path) -> io::Result<()> {
    if fs::symlink_metadata(link).is_ok_and(|there| !there.file_type().is_symlink()) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is no link is in the way"));
    }
    let mut name = link.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = link.with_file_name(name);
    // Left over from a process of the same number that was killed here.
    let _ = fs::remove_file(&beside);
    symlink(target, &beside)?;
    fs::rename(&beside, link)
}
