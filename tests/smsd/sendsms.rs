//! `deploy/sendsms`: the questions and the files of smsd's script.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use smsgrid_tests::smsd::text;

fn sendsms(outgoing: &Path, words: &[&str], typed: &[u8]) -> Output {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/sendsms");
    let mut child = Command::new("sh")
        .arg(script)
        .args(words)
        .env("SMS_OUTGOING", outgoing)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    // A script that asks nothing may have ended before.
    let _ = child.stdin.take().expect("a pipe").write_all(typed);
    child.wait_with_output().expect("it ends")
}

/// The files of a spool, sorted by what they hold.
fn files(outgoing: &Path) -> Vec<Vec<u8>> {
    let names = fs::read_dir(outgoing).expect("the folder is there").map(|entry| entry.expect("a name"));
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().expect("a plain name");
        assert!(name.starts_with("send_") && name.len() == 11, "{name}");
        assert_eq!(entry.metadata().expect("it is there").permissions().mode() & 0o777, 0o660);
        fs::read(entry.path()).expect("ours")
    };
    let mut files: Vec<Vec<u8>> = names.map(read).collect();
    files.sort();
    files
}

#[test]
fn each_destination_gets_a_file_of_its_own() {
    let dir = tempfile::tempdir().expect("a folder");

    let output = sendsms(dir.path(), &["491700000001", "491700000002", "hällo * $(x)"], b"");

    assert_eq!(text(&output.stdout), "-- \nText: hällo * $(x)\nTo: 491700000001\nTo: 491700000002\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let expected = |number: &str| format!("To: {number}\n\nhällo * $(x)").into_bytes();
    assert_eq!(files(dir.path()), [expected("491700000001"), expected("491700000002")]);
}

#[test]
fn what_is_missing_is_asked_for() {
    let dir = tempfile::tempdir().expect("a folder");

    let output = sendsms(dir.path(), &[], b"1 2\nhi \\ there\n");

    assert_eq!(text(&output.stdout), "Destination(s): Text: -- \nText: hi \\ there\nTo: 1\nTo: 2\n");
    assert_eq!(files(dir.path()), [b"To: 1\n\nhi \\ there", b"To: 2\n\nhi \\ there"]);
    for (typed, told) in [("\n", "No destination, stopping.\n"), ("1\n\n", "No text, stopping.\n")] {
        let output = sendsms(dir.path(), &[], typed.as_bytes());
        assert!(output.status.code() == Some(1) && text(&output.stdout).ends_with(told), "{typed:?}");
    }
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn a_text_that_latin_does_not_hold_goes_as_ucs2() {
    let dir = tempfile::tempdir().expect("a folder");

    assert!(sendsms(dir.path(), &["1", "日本"], b"").status.success());

    let mut expected = b"To: 1\nAlphabet: UCS\n\n".to_vec();
    expected.extend([0x65, 0xE5, 0x67, 0x2C]);
    assert_eq!(files(dir.path()), [expected]);
}

#[test]
fn a_text_that_is_none_and_a_spool_that_is_missing_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("missing");

    let output = sendsms(&missing, &["1", "hi"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("Nothing was sent to 1."), "{}", text(&output.stdout));
    let broken = sendsms(dir.path(), &["1"], b"\xFF\xFE\n");
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stdout).contains("The text is not UTF-8, stopping."), "{}", text(&broken.stdout));
    assert!(files(dir.path()).is_empty());
}
