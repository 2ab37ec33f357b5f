//! Core files, which would hold texts and PINs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use smsgrid_tests::smsd::PATIENCE;
use smsgrid_tests::wait;

use super::{SMSNODE, with_modem};

#[test]
fn neither_the_daemon_nor_a_program_it_starts_leaves_a_core_file() {
    let programs = tempfile::tempdir().expect("a folder");
    let handler = programs.path().join("event");
    let place = with_modem("fast", &format!("eventhandler = {}", handler.display()));
    let limit = place.path("limit");
    fs::write(&handler, format!("#!/bin/sh\nulimit -S -c > {0}.new; mv {0}.new {0}\n", limit.display()))
        .expect("ours");
    fs::set_permissions(&handler, Permissions::from_mode(0o755)).expect("ours");
    let script = programs.path().join("start");
    let conf = place.conf();
    fs::write(&script, format!("ulimit -S -c hard; exec {SMSNODE} smsd -c{}\n", conf.display()))
        .expect("ours");

    assert!(place.script(&script, "").output().expect("it starts").status.success());
    let pid = place.pid().expect("a pidfile");
    place.drop_file("hello", "hello");
    wait::until_true("the handler", PATIENCE, || limit.exists());

    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("it runs");
    let of_cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let words: Vec<&str> = of_cores.split_whitespace().collect();
    // Where the hard limit allows none either, they were off before.
    assert_eq!(words[4], "0", "{of_cores}");
    assert_eq!(place.read("limit"), "0\n");
    place.signal(Signal::TERM);
    place.wait_for_end(pid);
}
