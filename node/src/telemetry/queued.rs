//! A sink that never waits for its reader: lines are written by a thread of their own.
//!
//! ```text
//! whoever tells ──line──> waiting, bounded ──> thread ──> reader
//!                  │ no room: counted, until half is free; then one line says how many
//! ```
//!
//! A reader that stops reading, a pipe that is full or a terminal that is held, so costs lines and holds nobody up.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

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
    lines: VecDeque<Line>,
    octets: usize,
    /// Lines for which there was no room, since one was taken last.
    dropped: u64,
    /// Lines that could not be written, since one was taken last. The next that is told says so too: a sink that takes
    /// nothing is not asked again and again.
    failed: u64,
    tell_dropped: Dropped,
    /// Number of the line that was told last.
    told: u64,
    /// Number of the line that was written last, or could not be.
    over: u64,
    /// Where the lines after this number go.
    moved: Option<(u64, Sink)>,
}

/// What the thread does next.
enum Next {
    Write(Line),
    Move(Sink),
}

/// A line, and how many lines are missing without it.
struct Line {
    text: Vec<u8>,
    stands_for: u64,
}

impl Queued {
    /// A thread that writes to `sink`, for as long as the process lives.
    pub(super) fn begin(sink: Sink, tell_dropped: Dropped) -> io::Result<Queued> {
        let lines = VecDeque::new();
        let (octets, dropped, failed, told, over, moved) = (0, 0, 0, 0, 0, None);
        let waiting = Waiting { lines, octets, dropped, failed, tell_dropped, told, over, moved };
        let queued = Queued(Arc::new(Shared { waiting: Mutex::new(waiting), changed: Condvar::new() }));
        let shared = queued.0.clone();
        std::thread::Builder::new().name("telemetry".to_owned()).spawn(move || shared.write_to(sink))?;
        Ok(queued)
    }

    /// From here on lines go to `sink`; those told so far go where they went. One of these waits at most: a newer one takes
    /// its place, also for the lines told between the two.
    pub(super) fn move_to(&self, sink: Sink) {
        let replaced = self.0.waiting().move_to(sink);
        self.0.changed.notify_all();
        // Not under the lock: letting go of a file may take long.
        drop(replaced);
    }

    /// Everything told so far: the number of its last line.
    pub(super) fn told(&self) -> u64 {
        self.0.waiting().told_so_far()
    }

    /// Waits until everything up to this line is written, or could not be. Whether it is.
    pub(super) fn wait_for(&self, line: u64, deadline: Instant) -> bool {
        let mut waiting = self.0.waiting();
        while waiting.over < line {
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

impl fmt::Debug for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queued").finish_non_exhaustive()
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
            let line = match self.next() {
                Next::Write(line) => line,
                Next::Move(to) => {
                    sink = to;
                    continue;
                }
            };
            let written = sink.write_all(&line.text).and_then(|()| sink.flush());
            self.waiting().end(&line, written.is_ok());
            self.changed.notify_all();
        }
    }

    fn next(&self) -> Next {
        let mut waiting = self.waiting();
        loop {
            if let Some(next) = waiting.take_move().or_else(|| waiting.take()) {
                return next;
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
        self.dropped += std::mem::take(&mut self.failed);
        self.settle();
        self.push(line.to_vec(), 1);
    }

    fn move_to(&mut self, sink: Sink) -> Option<Sink> {
        let after = self.moved.as_ref().map_or(self.told_so_far(), |(after, _)| *after);
        self.moved.replace((after, sink)).map(|(_, replaced)| replaced)
    }

    /// The new sink, once everything before it is over.
    fn take_move(&mut self) -> Option<Next> {
        let over = self.over;
        self.moved.take_if(|(after, _)| *after <= over).map(|(_, sink)| Next::Move(sink))
    }

    /// The next line, when there is one.
    fn take(&mut self) -> Option<Next> {
        if self.lines.is_empty() {
            self.settle();
        }
        let line = self.lines.pop_front()?;
        self.octets -= line.text.len();
        Some(Next::Write(line))
    }

    /// Says how many lines were dropped here.
    fn settle(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let line = (self.tell_dropped)(dropped);
            self.push(line.into_bytes(), dropped);
        }
    }

    fn push(&mut self, text: Vec<u8>, stands_for: u64) {
        self.octets += text.len();
        self.told += 1;
        self.lines.push_back(Line { text, stands_for });
    }

    /// A line that says how many were dropped is told when there is room again.
    fn told_so_far(&self) -> u64 {
        self.told + u64::from(self.dropped > 0)
    }

    /// The thread is done with a line.
    fn end(&mut self, line: &Line, is_written: bool) {
        self.over += 1;
        if !is_written {
            self.failed += line.stands_for;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);
    /// As many lines fit while nobody reads, of this length, and one more is with the reader.
    const LINE_OCTETS: usize = 1000;
    const LINES_MAX: usize = WAITING_OCTETS_MAX / LINE_OCTETS;

    /// A reader that takes a line when it is let, and all of them once nobody holds it.
    struct Held {
        reads: Receiver<io::Result<()>>,
        seen: Sender<String>,
    }

    impl Write for Held {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.reads.recv().unwrap_or(Ok(()))?;
            let _ = self.seen.send(String::from_utf8_lossy(line).into_owned());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn held() -> (Queued, Sender<io::Result<()>>, Receiver<String>) {
        let (read, reads) = mpsc::channel();
        let (seen, lines) = mpsc::channel();
        let dropped = Box::new(|count| format!("{count} dropped"));
        (Queued::begin(Box::new(Held { reads, seen }), dropped).expect("a thread"), read, lines)
    }

    fn tell(queued: &Queued, number: usize) {
        let line = format!("{number:0LINE_OCTETS$}");
        queued.clone().write_all(line.as_bytes()).expect("it never fails");
    }

    fn is_flushed(queued: &Queued, within: Duration) -> bool {
        queued.wait_for(queued.told(), Instant::now() + within)
    }

    #[test]
    fn a_reader_that_does_not_read_holds_nobody_up_and_is_told_later_how_much_it_missed() {
        let (queued, read, lines) = held();
        let told = 2 * LINES_MAX;

        (0..told).for_each(|number| tell(&queued, number));
        assert!(!is_flushed(&queued, Duration::from_millis(10)), "nothing is read");
        drop(read);
        assert!(is_flushed(&queued, SOON));
        tell(&queued, told);
        assert!(is_flushed(&queued, SOON));

        let lines: Vec<String> = lines.try_iter().collect();
        let at = lines.iter().position(|line| line.ends_with(" dropped")).expect("it is told");
        let missed: usize = lines[at].trim_end_matches(" dropped").parse().expect("a count");
        let numbers = lines.iter().filter_map(|line| line.parse().ok());
        let expected = (0..at).chain(at + missed..told + 1);
        assert_eq!(numbers.collect::<Vec<usize>>(), expected.collect::<Vec<_>>());
        assert!((LINES_MAX..=LINES_MAX + 1).contains(&at), "{at}");
        assert_eq!(lines.len(), told + 1 - missed + 1, "it is told once");
    }

    #[test]
    fn a_reader_that_reads_again_is_told_in_one_line_what_it_missed_until_half_is_free() {
        let (queued, read, lines) = held();
        let read_some = |count| {
            (0..count).for_each(|_| read.send(Ok(())).expect("the thread lives"));
            (0..count).map(|_| lines.recv_timeout(SOON).expect("it is written")).collect::<Vec<_>>()
        };

        (0..LINES_MAX + 10).for_each(|number| tell(&queued, number));
        read_some(LINES_MAX / 4);
        tell(&queued, LINES_MAX + 10);
        read_some(LINES_MAX / 2);
        tell(&queued, LINES_MAX + 11);
        drop(read);
        assert!(is_flushed(&queued, SOON));

        let left: Vec<String> = lines.try_iter().collect();
        let [.., last, note, after] = &left[..] else { panic!("{left:?}") };
        let [last, after] = [last, after].map(|line| line.parse::<usize>().expect("a number"));
        assert_eq!((note, after), (&format!("{} dropped", LINES_MAX + 10 - last), LINES_MAX + 11));
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_said_with_the_next_line() {
        let (queued, read, lines) = held();
        let fail = || read.send(Err(io::ErrorKind::StorageFull.into())).expect("the thread lives");

        fail();
        tell(&queued, 0);
        assert!(is_flushed(&queued, SOON));
        // Neither the line that says so, nor the one after it.
        (0..2).for_each(|_| fail());
        tell(&queued, 1);
        assert!(is_flushed(&queued, SOON));
        drop(read);
        tell(&queued, 2);
        assert!(is_flushed(&queued, SOON));

        let lines: Vec<String> = lines.try_iter().collect();
        assert_eq!(lines, ["2 dropped".to_owned(), format!("{:0LINE_OCTETS$}", 2)]);
    }

    #[test]
    fn what_was_told_before_a_move_goes_where_it_went() {
        let (queued, read, old) = held();
        let (seen, replaced) = mpsc::channel();
        let (anew, new) = mpsc::channel();
        let open = |seen| Box::new(Held { reads: mpsc::channel().1, seen });

        tell(&queued, 0);
        tell(&queued, 1);
        queued.move_to(open(seen));
        tell(&queued, 2);
        queued.move_to(open(anew));
        tell(&queued, 3);
        drop(read);
        assert!(is_flushed(&queued, SOON));

        let numbers = |lines: Receiver<String>| {
            lines.try_iter().filter_map(|line| line.parse().ok()).collect::<Vec<usize>>()
        };
        assert_eq!([old, replaced, new].map(numbers), [vec![0, 1], vec![], vec![2, 3]]);
    }

    #[test]
    fn only_what_was_told_before_is_waited_for() {
        let (queued, read, lines) = held();
        tell(&queued, 0);
        let told = queued.told();
        tell(&queued, 1);
        assert!(!queued.wait_for(told, Instant::now()), "nothing is read");

        read.send(Ok(())).expect("the thread lives");

        assert!(queued.wait_for(told, Instant::now() + SOON));
        assert!(!is_flushed(&queued, Duration::from_millis(10)), "the other is not read");
        assert_eq!(lines.try_iter().count(), 1);
    }
}
