//! One run of `smsctl`.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use smsgrid_tests::wait;

/// The program under test.
pub(crate) const SMSCTL: &str = env!("CARGO_BIN_EXE_smsctl-under-test");
/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run left.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Answer {
    /// The data as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The data as JSON, one value a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        self.out.lines().map(read).collect()
    }
}

/// A run under way.
pub(crate) struct Run {
    child: Child,
    out: JoinHandle<String>,
    talk: JoinHandle<String>,
}

/// Runs `smsctl` against these servers and waits for its end.
pub(crate) fn smsctl(servers: &[&str], words: &[&str]) -> Answer {
    start(servers, words).wait()
}

/// Starts `smsctl` against these servers.
pub(crate) fn start(servers: &[&str], words: &[&str]) -> Run {
    start_with(command(servers, words), None)
}

/// Runs `smsctl` with this standard input.
pub(crate) fn smsctl_reading(servers: &[&str], words: &[&str], input: &str) -> Answer {
    start_with(command(servers, words), Some(input)).wait()
}

/// A command with nothing of the surroundings in it.
pub(crate) fn command(servers: &[&str], words: &[&str]) -> Command {
    let mut command = Command::new(SMSCTL);
    command.args(servers.iter().flat_map(|server| ["--server", server])).args(words);
    for name in ["SMSCTL_SERVER", "SMSCTL_CONTEXT", "SMSCTL_DEMO", "XDG_CONFIG_HOME", "HOME", "NO_COLOR"] {
        command.env_remove(name);
    }
    command
}

/// Starts a command.
pub(crate) fn start_with(mut command: Command, input: Option<&str>) -> Run {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {SMSCTL}: {error}"));
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.as_bytes()).expect("it reads its input");
    }
    let out = collect(child.stdout.take().expect("a pipe"));
    let talk = collect(child.stderr.take().expect("a pipe"));
    Run { child, out, talk }
}

impl Run {
    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        kill_process(pid, Signal::INT).expect("the child is ours");
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Answer {
        let ended = wait::poll(PATIENCE, || self.child.try_wait().expect("a child can be waited for"));
        if ended.is_none() {
            // It is ours, and gives its output only once it has ended.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let out = self.out.join().expect("no reader panics");
        let talk = self.talk.join().expect("no reader panics");
        let status = ended.unwrap_or_else(|| panic!("it did not end: {out}\n{talk}"));
        Answer { exit: status.code().unwrap_or(-1), out, talk }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What is read when the pipe breaks is what there is.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
