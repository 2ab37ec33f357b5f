//! What is about to run, and under which rules.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use smsgrid::worker::handlers;

use super::trust;

/// The environment of a program under the strict rules, beside `HOME`.
const ENVIRONMENT: [(&str, &str); 2] =
    [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("LANG", "C.UTF-8")];
/// Carries the id of an event, the same each time it is told.
const EVENT_ID: &str = "SMSGRID_EVENT_ID";

/// How programs are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Only a program nobody else may change, with an environment of our own, in a folder of their own, without a way
    /// to more rights; what it leaves running ends with it.
    Strict {
        /// The folder.
        folder: PathBuf,
    },
    /// As smsd: our environment, the root folder, and what it leaves running stays.
    Smsd,
}

/// A program about to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Launch {
    /// What is executed.
    pub command: handlers::Command,
    /// The shell, for a line.
    pub shell: String,
    /// What it is told.
    pub arguments: Vec<Vec<u8>>,
    /// The event it is told.
    pub event: Option<String>,
    /// How long it may run, for whoever is told that it was ended.
    pub limit: Option<Duration>,
}

impl Launch {
    /// The command of the system, in a process group of its own, or why it must not run. Asks the disk, which may not
    /// answer.
    pub(super) fn command(&self, rules: &Rules) -> Result<Command, String> {
        let argv = trust::whole(&self.command).argv(&self.shell, &self.arguments);
        let mut words = argv.iter().map(|word| OsStr::from_bytes(word));
        let program = Path::new(words.next().unwrap_or_default());
        let mut command = match rules {
            Rules::Strict { folder } => {
                let mut command = Command::new(trust::resolve(program)?);
                command.arg0(program).env_clear().envs(ENVIRONMENT).env("HOME", folder).current_dir(folder);
                command
            }
            Rules::Smsd => {
                let mut command = Command::new(program);
                command.current_dir("/");
                command
            }
        };
        command.args(words).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(event) = &self.event {
            command.env(EVENT_ID, event);
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_disk_is_asked_what_a_line_with_blanks_is_only_when_it_starts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("on sms");
        let (shell, arguments) = ("/bin/sh".to_owned(), vec![b"SENT".to_vec()]);
        let command = handlers::Command::Line(path.display().to_string());
        let launch = Launch { command, shell, arguments, event: None, limit: None };
        let program = || launch.command(&Rules::Smsd).expect("a command").get_program().to_owned();
        assert_eq!(program(), "/bin/sh");

        fs::write(&path, "#!/bin/sh\n").expect("room");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        assert_eq!(program(), path);
    }
}
