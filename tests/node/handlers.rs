//! Programs of the operator around a whole node: killed between a result and its handler, held up by none of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::wait::until_true;

use super::SMSNODE;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node with a simulated modem and these settings of `[handlers]`.
fn gateway(dir: &Path, handlers: &str) -> Gateway {
    let modem = ("GSM1".to_owned(), "port = \"sim:fast\"\n".to_owned());
    let gateway = Gateway::prepare(Path::new(SMSNODE), dir, &[modem]);
    let config = fs::read_to_string(gateway.config()).expect("a file");
    fs::write(gateway.config(), format!("{config}\n[handlers]\n{handlers}\n")).expect("room");
    gateway
}

fn script(dir: &Path, name: &str, body: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, format!("#!/bin/sh\nD='{}'\n{body}\n", dir.display())).expect("room");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_handler_of_a_killed_node_is_run_again_under_the_same_id_until_it_has_returned() {
    let dir = tempfile::tempdir().expect("a folder");
    let body = "echo \"$SMSGRID_EVENT_ID $1 $2\" >>$D/begun; while ! test -e $D/go; do sleep 0.05; done; echo x >>$D/ended";
    let program = script(dir.path(), "on-event", body);
    let mut gateway = gateway(dir.path(), &format!("eventhandler = {program:?}"));
    let (begun, ended) = (dir.path().join("begun"), dir.path().join("ended"));
    gateway.start();
    gateway.drop_file("hello", b"To: +491700000001\n\nhello");
    until_true("the handler", PATIENCE, || lines(&begun).len() == 1);
    assert_eq!((gateway.names("sent"), gateway.names("checked")), (vec!["hello".to_owned()], vec![]));
    gateway.kill();

    gateway.start();
    until_true("the handler once more", PATIENCE, || lines(&begun).len() == 2);
    fs::write(dir.path().join("go"), "").expect("room");
    // The first handler has outlived its node.
    until_true("both ends", PATIENCE, || lines(&ended).len() == 2);
    gateway.stop();
    gateway.start();
    gateway.drop_file("next", b"To: +491700000001\n\nnext");
    until_true("the handler of the next", PATIENCE, || lines(&ended).len() == 3);
    gateway.stop();

    let told = lines(&begun);
    assert_eq!((told.len(), &told[0]), (3, &told[1]), "{told:?}");
    let hello = gateway.folder("sent").join("hello");
    assert!(told[0].ends_with(&format!(" SENT {}", hello.display())), "{told:?}");
    assert_ne!(told[0].split(' ').next(), told[2].split(' ').next());
}

#[test]
fn handlers_that_hang_delay_no_message() {
    const FILES: usize = 30;
    let dir = tempfile::tempdir().expect("a folder");
    let hangs = script(dir.path(), "hangs", "echo x >>$D/ran; sleep 100");
    let handlers = format!(
        "eventhandler = {hangs:?}\nalarmhandler = {hangs:?}\nalarmlevel = 7\nregular_run = {hangs:?}\nchild = {hangs:?}\ntime_limit = \"10m\""
    );
    let mut gateway = gateway(dir.path(), &handlers);
    gateway.start();
    for number in 0..FILES {
        gateway.drop_file(&format!("{number:02}"), format!("To: +4917000000{number:02}\n\nhello").as_bytes());
    }
    gateway.drop_file("broken", b"To: +491700000001");
    until_true("all results", PATIENCE, || {
        gateway.names("sent").len() == FILES && gateway.names("failed").len() == 1
    });

    // Four of events, one each of the others.
    until_true("all handlers", PATIENCE, || lines(&dir.path().join("ran")).len() == 4 + 3);
    gateway.kill();
}

#[test]
fn a_program_that_cannot_be_run_keeps_the_node_from_starting() {
    let dir = tempfile::tempdir().expect("a folder");
    let open = script(dir.path(), "open", "exit 0");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("ours");
    let fails = script(dir.path(), "fails", "exit 3");
    for (handlers, words) in [
        (format!("eventhandler = {open:?}"), "can be changed by others"),
        ("checkhandler = \"/nowhere/check\"".to_owned(), "`handlers.checkhandler` cannot be run"),
        (
            "checkhandler = \"/nowhere/check\"\nalarmhandler = \"/nowhere/alarm\"".to_owned(),
            "`handlers.alarmhandler` cannot be run",
        ),
        ("checkhandler = \"/nowhere/check\"".to_owned(), "Name a program that is there"),
        (format!("start = {fails:?}"), "`handlers.start` returned 3"),
    ] {
        let mut gateway = gateway(dir.path(), &handlers);
        gateway.start();
        let ended = gateway.process().wait(PATIENCE);

        assert!(!ended.success(), "{handlers}");
        let output = gateway.process().output().join("\n");
        assert!(output.contains(words), "{words}: {output}");
    }
}

/// The second half of the example in the seed's page: a message that is not delivered in time goes to another number.
/// The script is the one smsd comes with, as it is; it knows its folders by fixed paths, so it sees them in a mount of
/// its own.
#[cfg(feature = "lab")]
#[test]
fn the_regular_run_script_of_smsd_sends_to_the_alternate_number() {
    const SCRIPT: &str = "/usr/share/doc/smstools/examples/scripts/regular_run";
    let dir = tempfile::tempdir().expect("a folder");
    let spool = dir.path().join("spool");
    fs::create_dir_all(spool.join("scheduled")).expect("room");
    let run =
        format!("unshare --mount sh -c 'mount --bind {} /var/spool/sms && exec {SCRIPT}'", spool.display());
    let handlers = format!(
        "shell = \"/bin/sh\"\nexecutable_check = false\nregular_run = {run:?}\nregular_run_interval = \"1s\""
    );
    let mut gateway = gateway(dir.path(), &handlers);
    gateway.start();
    let file = "To: 491700000001\nAlternate_to: 491700000002\nReport: yes\n\nhello";
    gateway.drop_file("watched", file.as_bytes());
    until_true("the first message", PATIENCE, || gateway.names("sent") == ["watched"]);
    // Ten minutes pass.
    let sent = gateway.content("sent", "watched");
    let old =
        sent.lines().map(|line| if line.starts_with("Sent: ") { "Sent: 25-01-01 00:00:00" } else { line });
    fs::write(gateway.folder("sent").join("watched"), old.collect::<Vec<_>>().join("\n")).expect("room");
    until_true("the second message", PATIENCE, || gateway.names("sent").len() == 2);
    gateway.stop();

    let names = gateway.names("sent");
    let second = names.iter().find(|name| name.starts_with("regr_")).expect("the script's name");
    let second = gateway.content("sent", second);
    assert!(second.contains("To: 491700000002\n") && second.contains("\n\nhello"), "{second}");
    let first = gateway.content("sent", "watched");
    assert!(first.contains("Old-Alternate_to: 491700000002\n"), "{first}");
}

#[test]
fn what_programs_say_stands_in_the_log_line_by_line_unless_it_is_not_wanted() {
    for is_heard in [true, false] {
        let dir = tempfile::tempdir().expect("a folder");
        let speaks = script(dir.path(), "speaks", "echo one; echo two; echo wrong >&2; touch $D/ran");
        let mut gateway = gateway(dir.path(), &format!("eventhandler = {speaks:?}\nlog_output = {is_heard}"));
        gateway.start();
        gateway.drop_file("hello", b"To: +491700000001\n\nhello");
        until_true("the handler", PATIENCE, || dir.path().join("ran").exists());
        gateway.stop();

        let log = gateway.process().output();
        let said: Vec<&str> = log
            .iter()
            .filter_map(|line| line.split_once("eventhandler said: "))
            .map(|(_, said)| said)
            .collect();
        let begins = |words: &[&str]| {
            said.len() == words.len() && said.iter().zip(words).all(|(said, word)| said.starts_with(word))
        };
        let expected: &[&str] = if is_heard { &["one", "two", "wrong"] } else { &[] };
        assert!(begins(expected), "{log:#?}");
        assert!(
            !is_heard || log.iter().any(|line| line.contains("standard error") && line.contains("wrong"))
        );
    }
}
