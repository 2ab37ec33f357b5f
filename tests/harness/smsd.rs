//! A folder with an smsd.conf and everything it names, and the daemon started on it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::Process;
use crate::sim::Simulator;
use crate::wait;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The folders of a spool that smsd needs.
pub const FOLDERS: [&str; 5] = ["outgoing", "checked", "incoming", "sent", "failed"];

/// A host that runs smsd.
#[derive(Debug)]
pub struct Place {
    smsnode: PathBuf,
    dir: tempfile::TempDir,
    simulator: Option<Simulator>,
}

impl Place {
    /// A host without modems: its one device is not there.
    pub fn bare(smsnode: &str, settings: &str) -> Place {
        let place = Place::empty(smsnode);
        place.write_conf(settings, &place.path("no-such-device"));
        place
    }

    /// A host with one simulated modem.
    pub fn with_modem(smsnode: &str, personality: &str, settings: &str) -> Place {
        Place::with_modems(smsnode, 1, personality, settings)
    }

    /// A host with several simulated modems, of which the first is in the configuration.
    pub fn with_modems(smsnode: &str, modems: usize, personality: &str, settings: &str) -> Place {
        let mut place = Place::empty(smsnode);
        let simulator = Simulator::start(&place.smsnode, place.dir.path(), modems, personality);
        place.write_conf(settings, &simulator.ports()[0].clone());
        place.simulator = Some(simulator);
        place
    }

    fn empty(smsnode: &str) -> Place {
        let dir = tempfile::tempdir().expect("a folder");
        for folder in FOLDERS {
            fs::create_dir(dir.path().join(folder)).expect("the test's folder is writable");
        }
        Place { smsnode: smsnode.into(), dir, simulator: None }
    }

    fn write_conf(&self, settings: &str, device: &Path) {
        let mut conf = String::from("devices = GSM1\n");
        for folder in FOLDERS {
            conf.push_str(&format!("{folder} = {}\n", self.path(folder).display()));
        }
        for file in ["pidfile", "infofile", "logfile"] {
            conf.push_str(&format!("{file} = {}\n", self.path(file).display()));
        }
        conf.push_str(&format!("loglevel = 6\n{settings}\n[GSM1]\ndevice = {}\n", device.display()));
        fs::write(self.conf(), conf).expect("the test's folder is writable");
    }

    /// A path below the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The configuration.
    pub fn conf(&self) -> PathBuf {
        self.path("smsd.conf")
    }

    /// The modem's network.
    pub fn simulator(&self) -> &Simulator {
        self.simulator.as_ref().expect("the place has a modem")
    }

    /// Puts a message into `outgoing` by rename.
    pub fn drop_file(&self, name: &str, text: &str) {
        let draft = self.path(&format!(".{name}"));
        fs::write(&draft, format!("To: 491700000001\n\n{text}")).expect("the test's folder is writable");
        fs::rename(&draft, self.path("outgoing").join(name)).expect("same file system");
    }

    /// Waits until a message has its result in `sent`.
    pub fn wait_for_sent(&self, name: &str) {
        wait::until_true(name, PATIENCE, || self.path("sent").join(name).exists());
    }

    /// The content of a file, empty when there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// What the daemon needs around it.
    fn environment(&self) -> [(&'static str, OsString); 2] {
        [("SMSGRID_DATA_DIR", self.path("data").into()), ("SMSGRID_LISTEN_API", "127.0.0.1:0".into())]
    }

    /// `smsnode smsd` with these words, to its end, or that of its parent.
    pub fn smsd(&self, words: &[&str]) -> Output {
        self.command(&["smsd"], words).output().expect("smsnode starts")
    }

    /// smsnode with these words before the others, in the environment of the daemon.
    pub fn command(&self, first: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new(&self.smsnode);
        command.args(first).args(words).envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// A script in the environment of the daemon.
    pub fn script(&self, script: &Path, action: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg(script).arg(action).envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// `smsnode smsd -t` on the configuration, with more words.
    pub fn foreground(&self, words: &[&str]) -> Process {
        let conf = format!("-c{}", self.conf().display());
        let all: Vec<&str> = ["smsd", "-t", &conf].into_iter().chain(words.iter().copied()).collect();
        self.process(&all)
    }

    /// smsnode with these words as a process that is watched.
    pub fn process(&self, words: &[&str]) -> Process {
        self.process_through("env", &[], words)
    }

    /// The same, started by another program that becomes it.
    pub fn process_through(&self, program: &str, before: &[&str], words: &[&str]) -> Process {
        let variable = |(name, value): (&str, OsString)| {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            variable
        };
        let mut all: Vec<OsString> = self.environment().map(variable).into();
        all.push(program.into());
        all.extend(before.iter().map(OsString::from));
        all.push(self.smsnode.clone().into());
        all.extend(words.iter().map(OsString::from));
        // It becomes the program, under the same number.
        Process::start(Path::new("/usr/bin/env"), &all)
    }

    /// Waits until the log has a line with this text, and gives the line.
    pub fn wait_for_log(&self, text: &str) -> String {
        let found = wait::poll(PATIENCE, || {
            self.read("logfile").lines().find(|line| line.contains(text)).map(str::to_owned)
        });
        found.unwrap_or_else(|| panic!("no `{text}` in the log:\n{}", self.read("logfile")))
    }

    /// The process that the pidfile names.
    pub fn pid(&self) -> Option<i32> {
        self.read("pidfile").trim().parse().ok()
    }

    /// Sends a signal to the daemon in the background.
    pub fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(Pid::from_raw).expect("the pidfile names the daemon");
        kill_process(pid, signal).expect("the daemon is ours");
    }

    /// Waits until the daemon in the background has ended.
    pub fn wait_for_end(&self, pid: i32) {
        wait::until_true("the daemon to end", PATIENCE, || is_gone(pid));
    }
}

impl Drop for Place {
    /// A daemon in the background is nobody's child.
    fn drop(&mut self) {
        if let Some(pid) = self.pid().filter(|pid| !is_gone(*pid) && is_ours(*pid)).and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Whether a process is gone, or has ended and nobody has asked for its status.
pub fn is_gone(pid: i32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    }
}

fn is_ours(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("smsnode"))
}

/// What a program said on one of its streams.
pub fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
