//! Handlers whose programs are small scripts in a folder of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::model::{Time, Timestamp};
use smsgrid::sms_file::MessageIds;
use smsgrid::worker::handlers::{Command, Event, Occasion, Otherwise};
use smsgrid_node::clock::{Clock, Hand};
use smsgrid_node::handlers::{Handlers, Rules, Settings};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long a test waits for what should take milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with scripts, and a runtime.
pub(crate) struct Rig {
    root: TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) settings: Settings,
}

impl Rig {
    /// Under the strict rules.
    pub(crate) fn strict() -> Rig {
        let root = tempfile::tempdir().expect("a folder");
        let rules = Rules::Strict { folder: root.path().join("home") };
        Rig { settings: settings(rules), root, runtime: Runtime::new().expect("threads") }
    }

    /// As smsd.
    pub(crate) fn as_smsd() -> Rig {
        let root = tempfile::tempdir().expect("a folder");
        Rig { settings: settings(Rules::Smsd), root, runtime: Runtime::new().expect("threads") }
    }

    /// The rules by turns.
    pub(crate) fn both() -> [Rig; 2] {
        [Rig::strict(), Rig::as_smsd()]
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A script of the shell that finds its folder in `$D`, as a command under the rules.
    pub(crate) fn script(&self, name: &str, body: &str) -> Command {
        let path = self.path(name);
        let folder = self.root.path().display();
        fs::write(&path, format!("#!/bin/sh\nD='{folder}'\n{body}\n")).expect("room");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        match self.settings.rules {
            Rules::Strict { .. } => Command::Direct(vec![path.display().to_string()]),
            Rules::Smsd => Command::Line(path.display().to_string()),
        }
    }

    pub(crate) fn handlers(&self) -> Handlers {
        Handlers::new(self.settings.clone(), Clock::system()).expect("a thread")
    }

    /// With a clock that stands still until it is moved.
    pub(crate) fn handlers_by_hand(&self) -> (Handlers, Hand) {
        let (clock, hand) =
            Clock::manual(Time::from_millis(1_000), Timestamp::from_unix_millis(1_795_338_506_000));
        (Handlers::new(self.settings.clone(), clock).expect("a thread"), hand)
    }

    /// What a script wrote; empty when it has written nothing yet.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read(self.path(name))
            .map_or_else(|_| String::new(), |octets| String::from_utf8_lossy(&octets).into_owned())
    }

    /// The process a script wrote the number of.
    pub(crate) fn process(&self, name: &str) -> Process {
        Process(self.read(name).trim().parse().expect("a pid"))
    }
}

/// A process somebody started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(i32);

impl Process {
    /// Whether it runs; a zombie does not.
    pub(crate) fn runs(self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/stat", self.0));
        status.is_ok_and(|status| !status.contains(") Z "))
    }

    /// Whether it was reaped.
    pub(crate) fn is_reaped(self) -> bool {
        !Path::new(&format!("/proc/{}", self.0)).exists()
    }
}

pub(crate) fn sent(id: &str, file: impl AsRef<[u8]>) -> Event {
    let occasion = Occasion::Sent(vec![7]);
    Event { id: id.to_owned(), occasion, file: file.as_ref().to_vec(), modem: None }
}

fn settings(rules: Rules) -> Settings {
    Settings {
        eventhandler: None,
        eventhandlers: Default::default(),
        message_ids: MessageIds::Last,
        alarmhandler: None,
        alarmlevel: 4,
        checkhandler: None,
        check_otherwise: Otherwise::Reject,
        start: None,
        child: None,
        regular: Vec::new(),
        shell: "/bin/sh".to_owned(),
        rules,
        log_output: true,
        time_limit: Duration::from_secs(60),
        attempts: 1,
        events: 4,
        checks: 4,
    }
}
