//! The two sides: Debian's smsd, and smsnode on the same smsd.conf.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::Process;
use crate::wait;

/// Debian's daemon.
const SMSD: &str = "/usr/sbin/smsd";
/// How long a daemon may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Debian's smsd.
    Smsd,
    /// Our node.
    Smsnode,
}

impl Side {
    /// Both.
    pub const ALL: [Side; 2] = [Side::Smsd, Side::Smsnode];

    /// Its name in a path.
    pub fn word(self) -> &'static str {
        match self {
            Side::Smsd => "smsd",
            Side::Smsnode => "smsnode",
        }
    }

    /// Whether it is here.
    pub fn is_installed(self) -> bool {
        match self {
            Side::Smsd => Path::new(SMSD).exists(),
            Side::Smsnode => true,
        }
    }

    /// Starts it in `dir` on this smsd.conf, and waits until it looks for files.
    pub fn start(self, smsnode: &Path, dir: &Path, configuration: &str) -> Process {
        match self {
            Side::Smsd => start_smsd(dir, configuration),
            Side::Smsnode => start_smsnode(smsnode, dir, configuration),
        }
    }

    /// Ends it as an operator does, and waits for it.
    pub fn stop(self, mut process: Process) {
        process.terminate(PATIENCE);
    }
}

fn start_smsd(dir: &Path, configuration: &str) -> Process {
    assert!(Side::Smsd.is_installed(), "{SMSD} is missing: install the package smstools, as .ci/run does");
    let file = written(dir, "smsd.conf", configuration);
    let log = dir.join("smsd.log");
    let mut process = Process::start(Path::new(SMSD), &[format!("-c{}", file.display()), "-t".to_owned()]);
    let has_begun = || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        // One that receives looks for messages instead of waiting for files.
        let waits =
            ["Waiting for messages to send", "No SMS received"].iter().any(|text| said.contains(text));
        (said.contains("Outgoing file checker has started") && waits).then_some(())
    };
    let begun = wait::poll(PATIENCE, has_begun);
    if begun.is_none() {
        // Killed, it would leave children behind that hold its output open.
        process.terminate(PATIENCE);
    }
    assert!(begun.is_some(), "smsd did not begin:\n{}", fs::read_to_string(&log).unwrap_or_default());
    process
}

/// On the very smsd.conf. What it does not say, the data and where clients are served, are variables, which `env` sets.
fn start_smsnode(smsnode: &Path, dir: &Path, configuration: &str) -> Process {
    let file = written(dir, "smsnode.conf", configuration);
    let words: [OsString; 6] = [
        format!("SMSGRID_DATA_DIR={}", dir.join("data").display()).into(),
        "SMSGRID_LISTEN_API=127.0.0.1:0".into(),
        smsnode.into(),
        "run".into(),
        "--config".into(),
        file.into(),
    ];
    Process::start(Path::new("env"), &words)
}

fn written(dir: &Path, name: &str, content: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).expect("the test's folder is writable");
    path
}
