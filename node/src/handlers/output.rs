//! What a program says: the beginning is kept, the rest is read and counted, so that no program waits for us.

use std::io;
use std::os::fd::OwnedFd;

use tokio::net::unix::pipe;

/// Octets of each stream that are kept.
const KEPT_MAX: usize = 64 * 1024;
/// Lines of each stream that are told.
const LINES_MAX: usize = 200;
/// Octets read at once.
const READ_OCTETS: usize = 16 * 1024;
/// Reads in a row before others get their turn, and most that are done of a stream whose program has ended.
const READS_MAX: usize = 16;

/// One stream of a running program.
#[derive(Debug)]
pub(super) struct Capture {
    pipe: pipe::Receiver,
    kept: Vec<u8>,
    octets: u64,
    is_open: bool,
}

/// What a stream said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its first lines.
    pub lines: Vec<String>,
    /// Octets that are not in them.
    pub left_out: u64,
}

impl Capture {
    /// Takes over the end of a pipe.
    pub(super) fn new(pipe: OwnedFd) -> io::Result<Capture> {
        let pipe = pipe::Receiver::from_owned_fd(pipe)?;
        Ok(Capture { pipe, kept: Vec::new(), octets: 0, is_open: true })
    }

    /// Reads until every writer has closed the stream. Safe to drop.
    pub(super) async fn read(&mut self) {
        while self.is_open && self.pipe.readable().await.is_ok() {
            self.take();
            tokio::task::yield_now().await;
        }
    }

    /// Reads what is there, up to a bound: somebody may go on writing for ever.
    pub(super) fn take(&mut self) {
        let mut octets = [0; READ_OCTETS];
        for _ in 0..READS_MAX {
            match self.pipe.try_read(&mut octets) {
                Ok(0) => self.is_open = false,
                Ok(read) => {
                    self.note(&octets[..read]);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.is_open = false,
            }
            return;
        }
    }

    fn note(&mut self, octets: &[u8]) {
        let room = (KEPT_MAX - self.kept.len()).min(octets.len());
        self.kept.extend_from_slice(&octets[..room]);
        self.octets += octets.len() as u64;
    }

    /// Whether somebody may still write.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> Said {
        let mut lines: Vec<&[u8]> = self.kept.split(|octet| *octet == b'\n').collect();
        lines.pop_if(|last| last.is_empty());
        lines.truncate(LINES_MAX);
        let told: usize = lines.iter().map(|line| line.len() + 1).sum();
        let lines = lines
            .into_iter()
            .map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned());
        Said { lines: lines.collect(), left_out: self.octets.saturating_sub(told as u64) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A stream into which `octets` were written, and then closed.
    async fn captured(octets: &[u8]) -> Said {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let mut capture = Capture::new(reader.into()).expect("a pipe");
        let octets = octets.to_vec();
        let written = tokio::task::spawn_blocking(move || writer.write_all(&octets));
        capture.read().await;
        written.await.expect("no panic").expect("it is read");
        assert!(!capture.is_open());
        capture.said()
    }

    #[tokio::test]
    async fn a_few_lines_are_kept_whole() {
        let said = captured(b"one\r\n\ntwo \xff\nlast").await;
        assert_eq!(
            said,
            Said { lines: ["one", "", "two \u{fffd}", "last"].map(str::to_owned).to_vec(), left_out: 0 }
        );
        assert_eq!(captured(b"").await, Said::default());
    }

    #[tokio::test]
    async fn of_a_flood_the_beginning_is_kept_and_the_rest_counted() {
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        let said = captured(&line.repeat(100_000)).await;
        assert_eq!((said.lines.len(), said.left_out), (200, 10_000_000 - 200 * 100));

        let said = captured(&b"x".repeat(1_000_000)).await;
        assert_eq!((said.lines.len(), said.lines[0].len()), (1, KEPT_MAX));
        assert_eq!(said.left_out, 1_000_000 - KEPT_MAX as u64 - 1);
    }
}
