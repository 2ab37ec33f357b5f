//! One node of a cluster: its files, its process, its log.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Lines of its log that the report of a failed test shows.
const TAIL_LINES: usize = 80;

/// A node on an address of its own. Dropping it kills its process.
#[derive(Debug)]
pub struct Node {
    name: String,
    smsnode: PathBuf,
    config: PathBuf,
    log: PathBuf,
    api: SocketAddr,
    child: Option<Child>,
    is_paused: bool,
}

impl Node {
    /// A node whose configuration is written below `dir`, not started.
    pub(super) fn prepare(smsnode: &Path, dir: &Path, name: &str, api: SocketAddr, config: &str) -> Node {
        let folder = dir.join(name);
        fs::create_dir_all(&folder).expect("the test's folder is writable");
        let path = folder.join("smsgrid.toml");
        fs::write(&path, config).expect("the test's folder is writable");
        Node {
            name: name.to_owned(),
            smsnode: smsnode.to_owned(),
            config: path,
            log: dir.join(format!("{name}.log")),
            api,
            child: None,
            is_paused: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where clients reach it.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// Its pid, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether it was started and not ended by the test.
    pub fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// Everything it has written, over all its starts.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The end of its log.
    pub(super) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// Starts its process; does not wait until it is of use.
    pub(super) fn start(&mut self, environment: &[(String, String)]) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let mut log = open_log(&self.log);
        // A mark between the lives of the node; whatever becomes of it, the test goes on.
        let _ = writeln!(log, "----- {} starts", self.name);
        let second = log.try_clone().expect("a file can be opened twice");
        let child = Command::new(&self.smsnode)
            .args(["run".as_ref(), "--config".as_ref(), self.config.as_os_str()])
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(second)
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("{} does not start: {error}", self.name)));
        self.is_paused = false;
    }

    /// Its exit status, when its process ended by itself.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().expect("a child can be waited for")
    }

    /// Ends it with SIGKILL.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to drain and end; its exit status.
    pub(super) fn stop(&mut self, patience: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        let name = self.name.clone();
        let child = self.child.as_mut().expect("it runs");
        let ended = wait::poll(patience, || child.try_wait().expect("a child can be waited for"));
        self.child = ended.is_none().then(|| self.child.take()).flatten();
        ended.unwrap_or_else(|| panic!("{name} does not end within {patience:?}:\n{}", self.tail()))
    }

    /// Stops its process from running, without its knowledge.
    pub(super) fn pause(&mut self) {
        self.signal(Signal::STOP);
        self.is_paused = true;
    }

    /// Lets it run again.
    pub(super) fn resume(&mut self) {
        self.signal(Signal::CONT);
        self.is_paused = false;
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(|pid| Pid::from_raw(pid as i32)).expect("it runs");
        kill_process(pid, signal).expect("the child is ours");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn open_log(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("the test's folder is writable")
}
