//! A port that is not there, that another process has, that is forbidden: one line each, and the other modem goes on.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use smsgrid_tests::process::Process;

use super::pair::Pair;

/// The user nobody, whom no device belongs to.
const NOBODY: u32 = 65534;
/// From util-linux, which Debian always has.
const SETPRIV: &str = "setpriv";

#[test]
fn a_port_that_is_missing_is_told_once_and_used_when_it_appears() {
    let mut pair = Pair::new("fast", "");
    pair.order("vanish 0");
    pair.gateway.start();

    let port = pair.port().display().to_string();
    pair.wait_for_trouble("PORT_GONE", &["GSM1", &port, "is not there", "plug the modem in"]);
    pair.sends_by_gsm2("meanwhile");
    pair.stays_quiet("PORT_GONE");

    pair.order("return 0");
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    assert_eq!(pair.troubles("PORT_GONE").len(), 1);
    pair.stop();
}

#[test]
fn a_port_that_another_process_has_locked_is_told_with_its_pid_and_used_when_it_lets_go() {
    let mut pair = Pair::new("fast", "");
    let port = pair.port().display().to_string();
    let mut holder = Process::start(Path::new("flock"), &["--no-fork", &port, "sleep", "600"]);
    wait_for_lock(&holder);
    pair.gateway.start();

    let holder_words = format!("sleep (pid {})", holder.pid());
    pair.wait_for_trouble("PORT_BUSY", &["GSM1", &port, "is in use by", &holder_words, "stop "]);
    pair.sends_by_gsm2("meanwhile");
    pair.stays_quiet("PORT_BUSY");

    holder.kill();
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    assert_eq!(pair.troubles("PORT_BUSY").len(), 1);
    pair.stop();
}

#[test]
fn a_port_that_is_forbidden_is_told_with_its_owner_and_mode_and_used_when_it_is_allowed() {
    let mut pair = Pair::new("fast", "");
    let (forbidden, allowed) = (pair.port(), pair.simulator.ports()[1].clone());
    set_mode(&forbidden, 0o000);
    set_mode(&allowed, 0o666);
    start_without_privileges(&mut pair);

    let port = forbidden.display().to_string();
    let owner = fs::metadata(&forbidden).map(|meta| format!("{}:{}", meta.uid(), meta.gid()));
    let owner = owner.expect("the device is there");
    let words = ["GSM1", &port, "permission denied", &owner, "mode 0000", "dialout", "restart smsnode"];
    pair.wait_for_trouble("PORT_PERMISSION", &words);
    pair.sends_by_gsm2("meanwhile");

    set_mode(&forbidden, 0o666);
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    assert_eq!(pair.troubles("PORT_PERMISSION").len(), 1);
    pair.stop();
}

/// Waits until the process has the lock: `flock` has become the program it was to start.
fn wait_for_lock(holder: &Process) {
    let comm = format!("/proc/{}/comm", holder.pid());
    smsgrid_tests::wait::until_true("the lock", super::pair::PATIENCE, || {
        fs::read_to_string(&comm).is_ok_and(|name| name.trim() == "sleep")
    });
}

/// Follows the link to the device.
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the device is ours");
}

/// Root may open everything, so the node runs as nobody. Whoever is not root runs the node as himself: a device of
/// mode 0000 is closed to its owner too.
fn start_without_privileges(pair: &mut Pair) {
    if !rustix::process::geteuid().is_root() {
        return pair.gateway.start();
    }
    give_to_nobody(pair.dir());
    let user = NOBODY.to_string();
    let arguments = ["--reuid", &user, "--regid", &user, "--clear-groups"];
    pair.gateway.start_through(Path::new(SETPRIV), &arguments);
}

fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give away");
    if path.is_symlink() || !path.is_dir() {
        return;
    }
    for entry in fs::read_dir(path).expect("a folder") {
        let path = entry.expect("an entry").path();
        if !path.is_symlink() {
            give_to_nobody(&path);
        }
    }
}
