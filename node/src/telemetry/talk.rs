//! What a command says itself, beside the events.

use std::fmt;
use std::io::{self, Write};

use super::{Standard, is_begun};

/// Standard error. As soon as events are told, what is said there goes the way they go: in their order, and no reader
/// holds it up.
pub(crate) struct Talk;

impl Write for Talk {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if is_begun() {
            Standard::Error.queued(Box::new(dropped)).write(octets)
        } else {
            io::stderr().write(octets)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Says it in one piece, so that no event gets between.
    fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.write_all(text.to_string().as_bytes())
    }
}

fn dropped(count: u64) -> String {
    format!("{count} lines were dropped here: they were not read, or could not be written\n")
}
