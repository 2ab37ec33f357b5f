//! A program from its start until it is reaped, whoever holds it meanwhile.

use std::io;
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};

use rustix::process::{Pid, Signal, kill_process_group};

/// A started program that leads a process group. Dropped before it is reaped, it is killed with everything in its group.
#[derive(Debug)]
pub(super) struct Started {
    /// None when it was reaped: its number may be another's then.
    child: Option<Child>,
}

impl Started {
    pub(super) fn new(child: Child) -> Started {
        Started { child: Some(child) }
    }

    /// None when it was reaped.
    pub(super) fn pid(&self) -> Option<Pid> {
        self.child.as_ref().map(Pid::from_child)
    }

    /// Where it says what, once.
    pub(super) fn take_output(&mut self) -> io::Result<(ChildStdout, ChildStderr)> {
        let output = self.child.as_mut().and_then(|child| child.stdout.take().zip(child.stderr.take()));
        output.ok_or_else(|| io::Error::other("it has no output"))
    }

    /// Sends a signal to the whole group; one that is empty has nobody to hear it.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill_process_group(pid, signal);
        }
    }

    /// The status of the program that has ended; none when it has not.
    pub(super) fn reap(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok().flatten()?;
        self.child = None;
        Some(status)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        if let Some(mut child) = self.child.take() {
            // It is gone a little later, or, where it waits for a disk that does not answer, when that does.
            let wait = move || {
                let _ = child.wait();
            };
            // Where the system has no thread left, it stays a zombie until the node ends.
            drop(std::thread::Builder::new().name("handlers".to_owned()).spawn(wait));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn a_program_that_is_dropped_is_ended_with_what_it_started_and_reaped() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "(sleep 10; echo alive) & echo; wait"]).process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut started = Started::new(command.spawn().expect("a shell"));
        let mut said = BufReader::new(started.take_output().expect("pipes").0);
        said.read_line(&mut String::new()).expect("it has begun");
        let process = format!("/proc/{}", started.pid().expect("it runs").as_raw_nonzero());

        drop(started);

        assert_eq!(said.read_line(&mut String::new()).expect("its end"), 0, "what it started lives");
        let begun = Instant::now();
        while Path::new(&process).exists() {
            assert!(begun.elapsed() < PATIENCE, "it is a zombie");
            std::thread::yield_now();
        }
    }
}
