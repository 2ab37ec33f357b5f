//! Real processes, ended by pid, with their output kept for the report of a failed test.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Most lines of output kept of one process.
const LINES_MAX: usize = 10_000;

/// A running process. Dropping it kills it and waits for it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `program` with `arguments`; both of its streams are read line by line.
    pub fn start<S: AsRef<std::ffi::OsStr>>(program: &Path, arguments: &[S]) -> Process {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let output = Arc::new(Mutex::new(Vec::new()));
        let stdout = child.stdout.take().map(|stream| collect(stream, output.clone()));
        let stderr = child.stderr.take().map(|stream| collect(stream, output.clone()));
        Process { child, output, readers: [stdout, stderr].into_iter().flatten().collect() }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far, both streams.
    pub fn output(&self) -> Vec<String> {
        self.output.lock().expect("no reader panics").clone()
    }

    /// The first line that satisfies `wanted`; panics with the whole output when it does not come.
    pub fn wait_for_line(&self, what: &str, patience: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let found = wait::poll(patience, || self.output().into_iter().find(|line| wanted(line)));
        found.unwrap_or_else(|| {
            panic!("waited {patience:?} in vain for {what}; output:\n{}", self.output().join("\n"))
        })
    }

    /// Sends it `signal`.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        kill_process(pid, signal).expect("the child is ours");
    }

    /// Ends it with SIGKILL and waits.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.join();
    }

    /// Asks it to end with SIGTERM and waits for its exit status.
    pub fn terminate(&mut self, patience: Duration) -> ExitStatus {
        if self.exit_status().is_none() {
            self.signal(Signal::TERM);
        }
        self.wait(patience)
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let status = wait::until("the process to end", patience, || self.exit_status());
        self.join();
        status
    }

    /// Its exit status, when it has ended.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    fn join(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("no reader panics");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            // A report that cannot be written must not hide the failure it belongs to.
            let _ = writeln!(
                std::io::stderr(),
                "output of process {}:\n{}",
                self.pid(),
                self.output().join("\n")
            );
        }
    }
}

fn collect(stream: impl Read + Send + 'static, output: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut lines = output.lock().expect("no reader panics");
            if lines.len() < LINES_MAX {
                lines.push(line);
            }
        }
    })
}
