//! A modem that notes when its driver speaks: simulated as all others, on a thread and a pty of its own in this
//! process, so that its clock is ours.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use smsgrid::model::{Time, Timestamp};
use smsgrid::simulator::{Event, Modem, Spec};
use tokio::sync::mpsc::UnboundedSender;

/// Longest wait until it is looked whether the modem has to end.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One thing a probe noted.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Number of the modem.
    pub modem: u32,
    /// What.
    pub noted: Noted,
    /// When.
    pub at: Instant,
}

/// What a probe notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The first octet of `AT+CMGS` came.
    Command,
    /// The prompt went out.
    Prompt,
    /// Ctrl-Z came.
    Part,
    /// `+CMGS` went out.
    Answer,
}

/// A running modem.
pub struct Probe {
    /// Where a driver finds it.
    pub port: PathBuf,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Wire {
    number: u32,
    modem: Modem,
    modem_end: OwnedFd,
    /// Held open, so that reading the other end does not fail while no driver is there.
    _driver_end: OwnedFd,
    begun: Instant,
    notes: UnboundedSender<Note>,
}

impl Probe {
    /// Modem `number`, with this personality; what it notes goes to `notes`, in order.
    pub fn start(number: u32, personality: &str, notes: UnboundedSender<Note>) -> Probe {
        let spec: Spec = personality.parse().expect("a personality");
        let (modem_end, driver_end, port) = pty().expect("a pseudo terminal");
        let modem = Modem::new(&spec, number, Timestamp::ZERO, Time::ZERO);
        let begun = Instant::now();
        let wire = Wire { number, modem, modem_end, _driver_end: driver_end, begun, notes };
        let ends = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let ends = ends.clone();
            move || wire.serve(&ends).expect("a pseudo terminal that works")
        });
        Probe { port, ends, thread: Some(thread) }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has said why.
            let _ = thread.join();
        }
    }
}

impl Wire {
    fn serve(mut self, ends: &AtomicBool) -> io::Result<()> {
        let mut buffer = [0; 4096];
        while !ends.load(Ordering::Relaxed) {
            self.settle()?;
            if !self.wait()? {
                self.modem.handle_timeout(self.now());
                continue;
            }
            let octets = rustix::io::read(&self.modem_end, &mut buffer)?;
            let read = buffer.get(..octets).unwrap_or_default();
            if read.windows(7).any(|window| window == b"AT+CMGS") {
                self.note(Noted::Command);
            }
            if read.contains(&0x1A) {
                self.note(Noted::Part);
            }
            let now = self.now();
            self.modem.handle_input(read, now);
        }
        Ok(())
    }

    /// Lets the modem speak; what it accepts is in no ledger, since nobody counts it.
    fn settle(&mut self) -> io::Result<()> {
        while let Some(event) = self.modem.poll_event() {
            if matches!(event, Event::Ledger(_)) {
                let now = self.now();
                self.modem.ledger_written(now);
            }
        }
        while let Some(bytes) = self.modem.poll_transmit() {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let written = rustix::io::write(&self.modem_end, rest)?;
                rest = rest.get(written..).unwrap_or_default();
            }
            if bytes.ends_with(b"> ") {
                self.note(Noted::Prompt);
            }
            if bytes.windows(6).any(|window| window == b"+CMGS:") {
                self.note(Noted::Answer);
            }
        }
        Ok(())
    }

    /// Waits for octets or for the modem's next moment. Whether there are octets.
    fn wait(&self) -> io::Result<bool> {
        let due = self.modem.poll_timeout().map(|due| due.since(Time::ZERO));
        let wait = due.map_or(LOOK_EVERY, |due| due.saturating_sub(self.begun.elapsed()).min(LOOK_EVERY));
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let mut ends = [PollFd::new(&self.modem_end, PollFlags::IN)];
        Ok(poll(&mut ends, Some(&wait))? > 0)
    }

    fn now(&self) -> Time {
        Time::from_millis(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn note(&self, noted: Noted) {
        // Whoever listened is gone.
        let _ = self.notes.send(Note { modem: self.number, noted, at: Instant::now() });
    }
}

fn pty() -> io::Result<(OwnedFd, OwnedFd, PathBuf)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let modem_end = openpt(flags)?;
    grantpt(&modem_end)?;
    unlockpt(&modem_end)?;
    let port = ptsname(&modem_end, Vec::new())?;
    let driver_end = ioctl_tiocgptpeer(&modem_end, flags)?;
    let mut attributes = tcgetattr(&driver_end)?;
    attributes.make_raw();
    tcsetattr(&driver_end, OptionalActions::Now, &attributes)?;
    Ok((modem_end, driver_end, PathBuf::from(port.to_string_lossy().into_owned())))
}
