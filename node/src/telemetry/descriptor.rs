//! A sink over a descriptor, past the locks of the standard library, which whoever ends the process takes.

use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Writes to a descriptor. It waits for the reader also where the descriptor does not: others share it and may have made
/// it so.
pub(super) struct Descriptor<F>(pub(super) F);

impl<F: AsFd> Write for Descriptor<F> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&self.0, octets) {
                Err(Errno::AGAIN) => wait_for_room(&self.0)?,
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wait_for_room(descriptor: &impl AsFd) -> io::Result<()> {
    match poll(&mut [PollFd::new(descriptor, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::thread;

    use rustix::fs::{OFlags, fcntl_setfl};

    use super::*;

    /// More than a pipe holds.
    const OCTETS: usize = 1 << 20;

    #[test]
    fn nothing_is_cut_where_the_descriptor_does_not_wait() {
        let (mut reader, pipe) = io::pipe().expect("a pipe");
        fcntl_setfl(&pipe, OFlags::NONBLOCK).expect("it is a pipe");
        let text: Vec<u8> = (0..=u8::MAX).cycle().take(OCTETS).collect();
        let told = text.clone();

        let writer = thread::spawn(move || Descriptor(pipe).write_all(&told));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("the writer ends");

        writer.join().expect("no panic").expect("it waits");
        assert!(read == text);
    }
}
