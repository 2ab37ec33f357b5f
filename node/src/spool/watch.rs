//! What the kernel says about the folder `outgoing` (inotify).
//!
//! `rustix` reads the events itself: the crates on top of it bring threads or buffers of their own, and the machine wants
//! exactly what the kernel says, loss of events included.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use smsgrid::worker::intake::{FileName, Hint};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Octets read at once: at least the longest event, some hundred short ones.
const BUFFER_OCTETS: usize = 16 * 1024;

/// The watch of one folder.
#[derive(Debug)]
pub struct Watch {
    events: AsyncFd<OwnedFd>,
}

impl Watch {
    /// Watches the open folder, whatever its path leads to later.
    pub fn open(folder: BorrowedFd<'_>) -> io::Result<Watch> {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let path = format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd());
        let flags = WatchFlags::MOVED_TO
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&events, path, flags)?;
        Ok(Watch { events: registered(events)? })
    }

    /// Waits for the folder to change and tells how. Safe to drop: what was not told comes again.
    pub async fn next(&mut self) -> io::Result<Vec<Hint>> {
        loop {
            let mut ready = self.events.readable().await?;
            if let Ok(hints) = ready.try_io(|events| read(events.get_ref())) {
                return hints;
            }
        }
    }
}

#[allow(deprecated, reason = "it asks for an owned descriptor, which this is; the other way is unsafe code")]
fn registered(events: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(events, Interest::READABLE)
}

fn read(events: &OwnedFd) -> io::Result<Vec<Hint>> {
    let mut buffer = [MaybeUninit::uninit(); BUFFER_OCTETS];
    let mut reader = Reader::new(events, &mut buffer);
    let mut hints = Vec::new();
    loop {
        match reader.next() {
            Ok(event) => hints.extend(hint(event.events(), event.file_name().map(|name| name.to_bytes()))),
            Err(Errno::AGAIN) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        if reader.is_buffer_empty() {
            return Ok(hints);
        }
    }
}

/// What an event means; most deletions mean nothing.
fn hint(events: ReadFlags, name: Option<&[u8]>) -> Option<Hint> {
    if events.contains(ReadFlags::QUEUE_OVERFLOW) {
        return Some(Hint::Overflow);
    }
    let name = FileName::new(name?)?;
    if events.contains(ReadFlags::MOVED_TO) {
        Some(Hint::MovedIn(name))
    } else if events.contains(ReadFlags::CLOSE_WRITE) {
        Some(Hint::Written(name))
    } else if events.contains(ReadFlags::CREATE) {
        Some(Hint::Appeared(name))
    } else {
        name.locked_file().map(|_| Hint::Gone(name))
    }
}
