//! The file that is read where no option names one: `/etc/smsd.conf`, in a mount namespace with an `/etc` of its own.

use std::path::Path;
use std::process::Command;

use smsgrid_tests::process::Process;
use smsgrid_tests::smsd::{PATIENCE, Place, text};

use super::{SMSNODE, bare};

/// `smsnode smsd` without `-c`, after `first` was done in the namespace; its `/etc` is empty before that.
fn words(place: &Place, first: &str) -> Vec<String> {
    let data = format!("SMSGRID_DATA_DIR={}", place.path("data").display());
    let line = format!("mount -t tmpfs none /etc && {first} && exec \"$@\"");
    let words = [
        "-m",
        "sh",
        "-c",
        &line,
        "sh",
        "env",
        &data,
        "SMSGRID_LISTEN_API=127.0.0.1:0",
        SMSNODE,
        "smsd",
        "-t",
    ];
    words.map(str::to_owned).into()
}

#[test]
fn without_c_the_usual_file_is_read() {
    let place = Place::with_modem(SMSNODE, "fast", "");
    let copy = format!("cp {} /etc/smsd.conf", place.conf().display());
    let mut process = Process::start(Path::new("unshare"), &words(&place, &copy));

    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");

    assert!(process.terminate(PATIENCE).success());
}

#[test]
fn one_that_is_missing_is_told_with_its_path_and_ends_with_one() {
    let place = bare("");

    let output = Command::new("unshare").args(words(&place, "true")).output().expect("unshare runs");

    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot read the configuration /etc/smsd.conf"), "{told}");
    assert!(told.contains("No such file"), "{told}");
    assert!(!place.path("data").exists());
}
