//! `smsnode demo` as its reader uses it: a folder is printed, a file dropped there leaves, Ctrl-C counts up.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use smsgrid_tests::ledger::Ledger;
use smsgrid_tests::process::Process;
use smsgrid_tests::wait;

use super::SMSNODE;

/// How long anything of the demo may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// hello to +491700000001, without status report, as SMS-SUBMIT after an empty service centre address.
const HELLO_ENDS_WITH: &str = "05E8329BFD06";

#[test]
fn a_file_dropped_into_the_demo_leaves_and_is_counted_at_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut demo, places) = start(dir.path(), &[]);
    assert_eq!(places["v"], 1);
    assert_eq!(places["modems"], json!(["GSM1", "GSM2", "GSM3", "GSM4", "GSM5", "GSM6"]));
    assert_eq!(places["nodes"].as_array().map(Vec::len), Some(3));

    let begun = Instant::now();
    drop_file(&places, "hello", "To: +491700000001\n\nhello");
    let sent = wait_for_sent(&places, "hello");
    // A figure for whoever watches; it may go unread.
    let _ =
        writeln!(std::io::stderr(), "dropped, on the air and filed in {} ms", begun.elapsed().as_millis());

    let names: Vec<&str> =
        sent.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["To", "Modem", "Sent", "Sending_time", "IMSI", "IMEI"], "{sent}");
    assert!(sent.ends_with("\n\nhello"), "{sent}");
    let entries = Ledger::at(&path(&places, "ledger")).entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].destination.as_str(), entries[0].text.as_deref()),
        ("491700000001", Some("hello"))
    );
    assert!(entries[0].pdu.ends_with(HELLO_ENDS_WITH), "{}", entries[0].pdu);
    assert!(sent.contains(&format!("IMSI: {}\n", entries[0].imsi)), "{sent}");

    demo.signal(Signal::INT);
    assert!(demo.wait(PATIENCE).success());
    assert_eq!(last_line(&demo), json!({"accepted": 1, "sent": 1, "failed": 0, "waiting": 0, "lost": 0}));
    assert!(path(&places, "sent").join("hello").exists(), "what is kept stays");
}

#[test]
fn a_broken_file_is_filed_with_its_reason_and_counted_by_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut demo, places) = start(dir.path(), &["--nodes", "1", "--modems", "1"]);

    drop_file(&places, "broken", "no header at all\n\nhello");
    drop_file(&places, "right", "To: 491700000001\n\nhello");

    wait_for_sent(&places, "right");
    let failed = path(&places, "failed").join("broken");
    wait::until_true("the broken file in failed", PATIENCE, || failed.exists());
    let content = fs::read_to_string(&failed).expect("readable");
    assert!(content.contains("Fail_reason: No destination\n"), "{content}");
    demo.signal(Signal::INT);
    assert!(demo.wait(PATIENCE).success());
    assert_eq!(last_line(&demo)["accepted"], 1);
    assert_eq!(demo.output().iter().filter(|line| line.contains("SPOOL_BAD_FILE")).count(), 1);
}

#[test]
fn a_demo_that_keeps_nothing_leaves_nothing() {
    let mut demo = Process::start(Path::new(SMSNODE), &["demo", "--port=0", "--json", "--quiet"]);
    let places = first_line(&demo);
    let folder = path(&places, "folder");
    assert!(folder.is_dir());

    demo.signal(Signal::INT);

    assert!(demo.wait(PATIENCE).success());
    assert!(!folder.exists());
}

/// A quiet demo in a folder that is kept, and what its first line says.
fn start(dir: &Path, more: &[&str]) -> (Process, Value) {
    let keep = dir.join("demo").display().to_string();
    let arguments = [&["demo", "--port=0", "--json", "--quiet", "--keep", &keep], more].concat();
    let demo = Process::start(Path::new(SMSNODE), &arguments);
    let places = first_line(&demo);
    (demo, places)
}

/// The first line of all, which says where everything is.
fn first_line(demo: &Process) -> Value {
    let line = demo.wait_for_line("where everything is", PATIENCE, is_beginning);
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn last_line(demo: &Process) -> Value {
    let output = demo.output();
    let line = output.iter().rfind(|line| line.contains("accepted")).expect("a count at the end");
    serde_json::from_str(line).expect("one line of JSON")
}

/// A path of the whole demo, or else of its first node.
fn path(places: &Value, key: &str) -> PathBuf {
    let found = places[key].as_str().or_else(|| places["nodes"][0][key].as_str());
    PathBuf::from(found.unwrap_or_else(|| panic!("no {key} in {places}")))
}

/// Moves a file in, as the demo itself recommends.
fn drop_file(places: &Value, name: &str, content: &str) {
    let outgoing = path(places, "outgoing");
    let draft = outgoing.with_file_name(format!("{name}.draft"));
    fs::write(&draft, content).expect("writable");
    fs::rename(&draft, outgoing.join(name)).expect("same file system");
}

fn wait_for_sent(places: &Value, name: &str) -> String {
    let file = path(places, "sent").join(name);
    wait::until_true(&format!("{name} in sent"), PATIENCE, || file.exists());
    fs::read_to_string(&file).expect("readable")
}

/// Whether a line is the one that says where everything is, and none of the log.
fn is_beginning(line: &str) -> bool {
    line.contains("\"ready_ms\"")
}
