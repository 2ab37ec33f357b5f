//! Whether the shell runs a line, which is seen before anything leans on it.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::trust;

/// The line it is given.
const LINE: &str = "echo OK";
/// What that line says.
const ANSWER: &[u8] = b"OK\n";
/// Octets of an answer that are read.
const ANSWER_OCTETS_MAX: u64 = 64;
/// How long the line may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Why the shell cannot be used; none when it can.
pub(super) fn failure(shell: &str) -> Option<String> {
    failure_within(shell, WITHIN)
}

fn failure_within(shell: &str, within: Duration) -> Option<String> {
    let told = |why: String| {
        Some(format!(
            "the shell {shell} does not run a line: {why}; `shell_test = no` starts with it as it is"
        ))
    };
    if let Err(why) = trust::executable(Path::new(shell)) {
        return told(why);
    }
    let mut command = Command::new(shell);
    command.args(["-c", LINE]).current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return told(error.to_string()),
    };
    let answer = answer(&mut child, within);
    // One that has closed its output by ending keeps its status; any other has to end now.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    match (answer, child.wait()) {
        (None, _) => told(format!("it said nothing to `{LINE}` in {} s", within.as_secs())),
        (Some(_), Ok(status)) if !status.success() => told(ended(status)),
        (Some(answer), Ok(_)) if answer == ANSWER => None,
        (Some(answer), Ok(_)) => told(format!("to `{LINE}` it said \"{}\"", answer.escape_ascii())),
        (Some(_), Err(error)) => told(error.to_string()),
    }
}

/// What it says until it ends; none when that takes too long.
fn answer(child: &mut Child, within: Duration) -> Option<Vec<u8>> {
    let output = child.stdout.take()?;
    let (reply, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let mut octets = Vec::new();
        // What was read before an error is looked at all the same.
        let _ = output.take(ANSWER_OCTETS_MAX).read_to_end(&mut octets);
        let _ = reply.send(octets);
    });
    answer.recv_timeout(within).ok()
}

fn ended(status: ExitStatus) -> String {
    status
        .code()
        .map_or_else(|| format!("it ended by a signal ({status})"), |code| format!("it returned {code}"))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_shell_runs_a_line_or_is_told_with_what_it_did() {
        let folder = tempfile::tempdir().expect("a folder");
        let shell = |text: &str| {
            let path = folder.path().join("shell");
            let draft = folder.path().join("draft");
            fs::write(&draft, format!("#!/bin/sh\n{text}\n")).expect("room");
            fs::set_permissions(&draft, Permissions::from_mode(0o755)).expect("ours");
            fs::rename(&draft, &path).expect("same folder");
            path.display().to_string()
        };

        assert_eq!(failure("/bin/sh"), None);
        for (shell, why) in [
            ("/no/such".to_owned(), "No such file"),
            ("/etc/passwd".to_owned(), "is not executable"),
            ("/bin/false".to_owned(), "it returned 1"),
            ("/bin/true".to_owned(), "it said \"\""),
            (shell("echo OK; kill -9 $$"), "by a signal"),
        ] {
            let told = failure(&shell).expect("a reason");
            assert!(told.contains(why) && told.contains(&shell), "{told}");
        }
    }

    #[test]
    fn one_that_never_answers_is_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shell");
        fs::write(&path, "#!/bin/sh\nwhile :; do :; done\n").expect("room");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("ours");

        let told = failure_within(&path.display().to_string(), Duration::from_millis(100));

        assert!(told.expect("a reason").contains("it said nothing"));
    }
}
