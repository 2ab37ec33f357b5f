//! A daemon that was never root's: it runs as whoever started it, and switches to nobody.

use std::os::unix::fs::{MetadataExt, chown};
use std::process::{Command, Output};

use rustix::process::Signal;
use smsgrid_tests::smsd::{PATIENCE, Place, text};
use smsgrid_tests::wait;

use super::{SMSNODE, give, id, status};

/// `smsnode smsd` started by the user smsd, with all groups of that user.
fn start(place: &Place, words: &[&str]) -> Output {
    let user = ["--reuid=smsd", "--regid=smsd", "--init-groups", "--"];
    let daemon = place.command(&["smsd"], words);
    let mut command = Command::new("setpriv");
    command.args(user).arg(daemon.get_program()).args(daemon.get_args());
    for (name, value) in daemon.get_envs() {
        command.env(name, value.expect("it is set"));
    }
    command.output().expect("setpriv runs")
}

#[test]
fn a_daemon_of_an_ordinary_user_runs_from_the_start_to_the_stop() {
    // A user to become is named and is another one: without root's rights that changes nothing, as with smsd.
    for settings in ["", "user = daemon\ngroup = daemon"] {
        let place = Place::with_modem(SMSNODE, "fast", settings);
        give(&place);
        let port = place.simulator().ports()[0].clone();
        chown(port, Some(id("-u")[0]), None).expect("this test runs as root");
        let conf = format!("-c{}", place.conf().display());

        let output = start(&place, &[&conf]);

        assert!(output.status.success(), "{}", text(&output.stderr));
        let pid = place.pid().expect("a pidfile");
        assert_eq!(status(pid, "Uid:"), vec![id("-u")[0]; 4]);
        assert_eq!(status(pid, "Gid:"), vec![id("-g")[0]; 4]);
        assert!(place.read("logfile").contains("Running as smsd:smsd "), "{}", place.read("logfile"));
        place.drop_file("hello", "hello");
        place.wait_for_sent("hello");
        for path in ["data", "sent/hello", "pidfile", "logfile"] {
            let owner = std::fs::metadata(place.path(path)).expect(path).uid();
            assert_eq!(owner, id("-u")[0], "{path}");
        }

        place.signal(Signal::TERM);
        place.wait_for_end(pid);

        assert!(place.read("logfile").contains("Smsd mainprocess terminated. PID: "));
        wait::until_true("the pidfile to go", PATIENCE, || !place.path("pidfile").exists());
    }
}

#[test]
fn what_an_ordinary_user_may_not_use_is_told_and_nothing_starts() {
    let place = super::bare("");
    give(&place);
    chown(place.path("checked"), Some(0), Some(0)).expect("this test runs as root");
    let conf = format!("-c{}", place.conf().display());

    let output = start(&place, &[&conf]);

    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains(&format!("Directory {} ", place.path("checked").display())), "{told}");
    assert!(told.contains("There was 1 major problem found."), "{told}");
    assert!(!place.path("pidfile").exists());
}
