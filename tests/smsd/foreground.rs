//! What keeps the daemon in the foreground: a setting, or a stream as its log.

use std::fs::{self, File};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use smsgrid_tests::smsd::{PATIENCE, Place};
use smsgrid_tests::wait;

use super::with_modem;

/// What the log says once it runs.
const STARTED: &str = "Outgoing file checker has started. PID: ";

/// A daemon that must not go into the background, its two streams in files.
struct Kept<'a> {
    place: &'a Place,
    child: Child,
}

impl Kept<'_> {
    fn start<'a>(place: &'a Place, words: &[&str]) -> Kept<'a> {
        let conf = format!("-c{}", place.conf().display());
        let words: Vec<&str> = [conf.as_str()].into_iter().chain(words.iter().copied()).collect();
        let file = |name: &str| File::create(place.path(name)).expect("the test's folder is writable");
        let mut command = place.command(&["smsd"], &words);
        let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().expect("smsnode starts");
        Kept { place, child }
    }

    /// Waits until the log, which is in this file, says that it runs; sends a message and ends it.
    fn sends_and_ends(mut self, log: &str) {
        wait::until_true("the start", PATIENCE, || self.place.read(log).contains(STARTED));
        let pid = i32::try_from(self.child.id()).expect("a number");
        assert!(self.place.read(log).contains(&format!("{STARTED}{pid}.")), "{}", self.place.read(log));
        assert_eq!(self.place.pid(), Some(pid), "no other process was started");
        self.place.drop_file("hello", "hello");
        self.place.wait_for_sent("hello");

        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("the child is ours");
        assert_eq!(self.child.wait().expect("a child").code(), Some(0));
        assert!(self.place.read(log).contains("Smsd mainprocess terminated. PID: "));
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn terminal_keeps_it_and_the_log_is_where_it_was() {
    let place = with_modem("fast", "terminal = yes");

    Kept::start(&place, &[]).sends_and_ends("logfile");
}

#[test]
fn a_stream_as_the_log_keeps_it_and_has_the_lines() {
    for (number, log, other) in [("1", "stdout", "stderr"), ("2", "stderr", "stdout")] {
        // From the command line, and from the file.
        let place = with_modem("fast", "");
        Kept::start(&place, &["-l", number]).sends_and_ends(log);
        assert_eq!(place.read(other), "", "nothing of the log is on the other stream");
        assert!(!place.path("logfile").exists());

        let place = with_modem("fast", "");
        let conf = place.read("smsd.conf");
        let line = format!("logfile = {}\n", place.path("logfile").display());
        assert!(conf.contains(&line));
        fs::write(place.conf(), conf.replace(&line, &format!("logfile = {number}\n"))).expect("ours");
        Kept::start(&place, &[]).sends_and_ends(log);
        assert_eq!(place.read(other), "", "nothing of the log is on the other stream");
    }
}
