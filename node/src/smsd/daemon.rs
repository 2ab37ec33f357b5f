//! Into the background: the program starts itself again and stays until the new process says that it has started.
//!
//! A process with threads cannot be forked safely, so nothing is forked. The new process gets the configuration as it
//! was read, or chosen, through its standard input.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use smsgrid_proto::Exit;

use crate::telemetry;

/// The first word of the new process, which tells it what it is. It is no variable, or handlers would inherit it.
const WORD: &str = "--background";
/// What the new process says when it has started.
const STARTED: &str = "started\n";

/// The words of smsd, and whether this is the process of the background.
pub(super) fn words(words: &[OsString]) -> (&[OsString], bool) {
    match words.split_first() {
        Some((first, rest)) if first == WORD => (rest, true),
        Some(_) | None => (words, false),
    }
}

/// The configuration that the process before this one gives it.
pub(super) fn inherited() -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    io::stdin().lock().read_to_end(&mut octets)?;
    Ok(octets)
}

/// Starts this program again with the same words and waits until it has started, or failed.
pub(super) fn start(octets: &[u8], words: &[OsString]) -> io::Result<Exit> {
    let mut child = Command::new(env::current_exe()?)
        .args(["smsd", WORD])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A child that ends before it has read all says itself why.
        let _ = input.write_all(octets);
    }
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    if line == STARTED {
        return Ok(Exit::Done);
    }
    child.wait()?;
    Ok(Exit::Unexpected)
}

/// Leaves the session of whoever started it.
pub(super) fn leave_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Says that it has started, and lets go of the streams of whoever started it, to whom everything told so far is written
/// before. With a reader that does not read this takes a moment.
pub(super) fn has_started() -> io::Result<()> {
    telemetry::flush();
    let mut out = io::stdout();
    out.write_all(STARTED.as_bytes())?;
    out.flush()?;
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}
