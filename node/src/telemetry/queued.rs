//! A sink that never waits for its reader: lines are written by a thread of their own.
//!
//! ```text
//! whoever tells ──line──> waiting, bounded ──> thread ──> reader
//!                  │ no room: counted, until half is free; then one line says how many
//! ```
//!
//! A reader that stops reading, a pipe that is full or a terminal that is held, so costs lines and holds nobody up.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::layer::Sink;

/// Most octets that wait for the reader.
const WAITING_OCTETS_MAX: usize = 1 << 20;

/// Writes the line that says how many were dropped.
pub(super) type Dropped = Box<dyn Fn(u64) -> String + Send>;

/// Takes lines for a sink. Clones are the same.
#[derive(Clone)]
pub(super) struct Queued(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits, or nothing does any more.
    changed: Condvar,
}

struct Waiting {
    lines: VecDeque<Vec<u8>>,
    octets: usize,
    /// Lines for which there was no room, since one was taken last.
    dropped: u64,
    tell_dropped: Dropped,
    /// The thread has taken a line and not written it yet.
    is_writing: bool,
}

impl Queued {
    /// A thread that writes to `sink`, for as long as the process lives.
    pub(super) fn begin(sink: Sink, tell_dropped: Dropped) -> io::Result<Queued> {
        let lines = VecDeque::new();
        let waiting = Waiting { lines, octets: 0, dropped: 0, tell_dropped, is_writing: false };
        let queued = Queued(Arc::new(Shared { waiting: Mutex::new(waiting), changed: Condvar::new() }));
        let shared = queued.0.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_to(sink))?;
        Ok(queued)
    }

    /// Waits until everything told so far is written, for so long at most. Whether it is.
    pub(super) fn flush(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut waiting = self.0.waiting();
        while !waiting.is_over() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.0.changed.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Write for Queued {
    /// Takes one line; it never fails, and never waits for the reader.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.waiting().tell(line);
        self.0.changed.notify_all();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that can panic happens under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits, one write a line, so that lines of several processes do not mix.
    fn write_to(&self, mut sink: Sink) {
        loop {
            let line = self.next();
            // Nobody is left to tell of a failure.
            let _ = sink.write_all(&line).and_then(|()| sink.flush());
            self.waiting().is_writing = false;
            self.changed.notify_all();
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut waiting = self.waiting();
        loop {
            if let Some(line) = waiting.take() {
                return line;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Waiting {
    fn tell(&mut self, line: &[u8]) {
        // Once lines were dropped there is room again when half is free, so that few lines speak of that.
        let room = if self.dropped == 0 { WAITING_OCTETS_MAX } else { WAITING_OCTETS_MAX / 2 };
        if self.octets + line.len() > room {
            self.dropped += 1;
            return;
        }
        self.settle();
        self.push(line.to_vec());
    }

    /// The next line, when there is one.
    fn take(&mut self) -> Option<Vec<u8>> {
        if self.lines.is_empty() {
            self.settle();
        }
        let line = self.lines.pop_front()?;
        self.octets -= line.len();
        self.is_writing = true;
        Some(line)
    }

    /// Says how many lines were dropped here.
    fn settle(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let line = (self.tell_dropped)(dropped);
            self.push(line.into_bytes());
        }
    }

    fn push(&mut self, line: Vec<u8>) {
        self.octets += line.len();
        self.lines.push_back(line);
    }

    fn is_over(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0 && !self.is_writing
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A reader that takes a line when it is let, and all of them once nobody holds it.
    struct Held {
        reads: Receiver<()>,
        seen: Sender<String>,
    }

    impl Write for Held {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.reads.recv();
            let _ = self.seen.send(String::from_utf8_lossy(line).into_owned());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_does_not_read_holds_nobody_up_and_is_told_later_how_much_it_missed() {
        let (read, reads) = mpsc::channel();
        let (seen, lines) = mpsc::channel();
        let dropped = Box::new(|count| format!("{count} dropped"));
        let mut queued = Queued::begin(Box::new(Held { reads, seen }), dropped).expect("a thread");
        let tell = |queued: &mut Queued, number: usize| {
            queued.write_all(format!("{number:01000}").as_bytes()).expect("it never fails");
        };

        (0..2000).for_each(|number| tell(&mut queued, number));
        assert!(!queued.flush(Duration::from_millis(10)), "nothing is read");
        drop(read);
        assert!(queued.flush(SOON));
        tell(&mut queued, 2000);
        assert!(queued.flush(SOON));

        let lines: Vec<String> = lines.try_iter().collect();
        let at = lines.iter().position(|line| line.ends_with(" dropped")).expect("it is told");
        let missed: usize = lines[at].trim_end_matches(" dropped").parse().expect("a count");
        let numbers = lines.iter().filter_map(|line| line.parse().ok());
        let expected = (0..at).chain(at + missed..2001);
        assert_eq!(numbers.collect::<Vec<usize>>(), expected.collect::<Vec<_>>());
        assert!((900..=1100).contains(&missed), "{missed}");
        assert_eq!(lines.len(), 2001 - missed + 1, "it is told once");
    }
}
