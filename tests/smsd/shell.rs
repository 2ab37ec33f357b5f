//! The shell is tried before anything starts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use smsgrid_tests::smsd::{PATIENCE, Place, text};

use super::{bare, with_modem};

/// A shell that says nothing and succeeds, as one that is broken does.
fn broken(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("shell");
    fs::write(&path, "#!/bin/sh\nexit 0\n").expect("a folder of the test");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("ours");
    path.display().to_string()
}

fn refused(place: &Place) -> String {
    let output = place.smsd(&["-c", &place.conf().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!place.path("data").exists() && !place.path("pidfile").exists());
    text(&output.stderr)
}

#[test]
fn a_shell_that_does_not_work_prevents_the_start_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for (shell, why) in [
        (broken(&folder), "to `echo OK` it said \"\""),
        ("/bin/false".to_owned(), "it returned 1"),
        ("/no/such/shell".to_owned(), "No such file"),
    ] {
        let place = bare(&format!("shell = {shell}"));

        let told = refused(&place);

        let begin = format!("`handlers.shell` cannot be run: the shell {shell} does not run a line: ");
        assert!(told.contains(&begin) && told.contains(why), "{told}");
        assert!(told.contains("There was 1 major problem found."), "{told}");
        assert!(place.read("logfile").contains(&begin), "{}", place.read("logfile"));
    }
}

#[test]
fn without_the_test_such_a_shell_starts_and_messages_leave() {
    let folder = tempfile::tempdir().expect("a folder");
    let shell = broken(&folder);
    for switch in ["shell_test = no", "executable_check = no"] {
        let place = with_modem("fast", &format!("shell = {shell}\n{switch}"));
        let mut process = place.foreground(&[]);

        place.drop_file("hello", "hello");
        place.wait_for_sent("hello");

        assert!(process.terminate(PATIENCE).success(), "{switch}");
    }
}
