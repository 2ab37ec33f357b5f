//! What a node does not start with: a wrong configuration, a data directory that is not its own, in use or damaged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use smsgrid_tests::process::Process;

use super::SMSNODE;
use super::pair::{PATIENCE, Pair};

#[test]
fn a_bad_configuration_tells_every_fault_and_starts_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = dir.path().join("smsgrid.toml");
    let (data, spool) = (dir.path().join("data"), dir.path().join("spool"));
    let text = format!(
        "[node]\nname = \"gw-a\"\ndata_dir = \"{}\"\n\n[spool]\ndir = \"{}\"\nsettle_time = \"3 days ago\"\n\n\
         [modems.GSM1]\nport = \"/dev/ttyNONE\"\nbaudrat = 9600\n\n[modems.GSM2]\nport = \"/dev/ttyNONE\"\n\n[listen]\napi = \"127.0.0.1:0\"\n",
        data.display(),
        spool.display()
    );
    fs::write(&config, text).expect("writable");

    let (code, output) = refused(&config);

    let told = output.join("\n");
    assert_eq!(code, Some(2), "{told}");
    let faults = [
        "smsgrid.toml line 7: `settle_time = \"3 days ago\"` is not a duration [CONFIG_BAD_VALUE]",
        "smsgrid.toml line 11: `baudrat` is not a setting of `[modems.GSM1]` [CONFIG_UNKNOWN_KEY]",
        "fix: did you mean `baudrate`?",
        "modems GSM1 and GSM2 both use port \"/dev/ttyNONE\" (lines 10 and 14) [CONFIG_CONFLICT]",
        "3 faults: nothing was started",
    ];
    for fault in faults {
        assert_eq!(told.matches(fault).count(), 1, "{fault:?} in {told}");
    }
    assert!(!data.exists() && !spool.exists(), "a refused start leaves nothing behind");
}

#[test]
fn a_data_directory_of_another_node_is_refused_and_left_as_it_is() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.sends("before");
    pair.stop();
    let before = contents(&pair.dir().join("data"));
    let config = pair.gateway.config();
    let text = fs::read_to_string(&config).expect("written");
    fs::write(&config, text.replace("gw-a", "gw-b")).expect("writable");

    let line = refused_with(&config, "STORE_FOREIGN", 1);

    let words = ["belongs to node 'gw-a'", "configured as 'gw-b'", "data_dir elsewhere", "Never delete it"];
    holds(&line, &words);
    assert_eq!(contents(&pair.dir().join("data")), before);
    fs::write(&config, text).expect("writable");
    pair.gateway.start();
    pair.sends("afterwards");
    pair.stop();
}

#[test]
fn a_data_directory_in_use_is_refused_and_its_node_goes_on() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.sends("before");

    let line = refused_with(&pair.gateway.config(), "STORE_BUSY", 1);

    holds(&line, &["is in use by another smsnode", "Stop the other one"]);
    pair.sends("afterwards");
    pair.stop();
}

#[test]
fn a_damaged_log_is_refused_and_nothing_is_sent_from_it() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    for name in ["one", "two", "three"] {
        pair.sends(name);
    }
    pair.stop();
    let segment = pair.dir().join("data/log/00000000000000000001.log");
    let sound = fs::read(&segment).expect("the first segment");
    let mut damaged = sound.clone();
    // Far below what is known to be durable: no interrupted write looks like this.
    damaged[400] ^= 0x20;
    fs::write(&segment, &damaged).expect("writable");
    pair.drop_file("waits");

    let line = refused_with(&pair.gateway.config(), "STORE_DAMAGED", 1);

    holds(&line, &["log", "Keep a copy", "unsent messages"]);
    assert_eq!(fs::read(&segment).expect("still there"), damaged, "nothing is cut off or written over");
    assert_eq!(pair.gateway.names("outgoing"), ["waits"]);
    fs::write(&segment, &sound).expect("writable");
    pair.gateway.start();
    pair.wait_for_sent("waits");
    assert_eq!((pair.copies("waits"), pair.copies("one")), (1, 1));
    pair.stop();
}

#[test]
fn an_emptied_log_is_refused_instead_of_begun_afresh() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.sends("one");
    pair.stop();
    let log = pair.dir().join("data/log");
    let kept = pair.dir().join("kept");
    fs::rename(&log, &kept).expect("same file system");

    refused_with(&pair.gateway.config(), "STORE_DAMAGED", 1);

    fs::remove_dir_all(&log).expect("made again, and empty");
    fs::rename(&kept, &log).expect("same file system");
    pair.gateway.start();
    pair.sends("two");
    assert_eq!(pair.copies("one"), 1);
    pair.stop();
}

#[test]
fn a_damaged_identity_is_refused() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.sends("before");
    pair.stop();
    fs::write(pair.dir().join("data/identity"), "{").expect("writable");

    let line = refused_with(&pair.gateway.config(), "STORE_DAMAGED", 1);

    holds(&line, &["identity", "is damaged", "Keep a copy"]);
}

/// Exit code and output of a node that does not start.
fn refused(config: &Path) -> (Option<i32>, Vec<String>) {
    let arguments = ["run".as_ref(), "--config".as_ref(), config.as_os_str()];
    let mut process = Process::start(Path::new(SMSNODE), &arguments);
    let status = process.wait(PATIENCE);
    (status.code(), process.output())
}

/// The one line that says why a node does not start.
fn refused_with(config: &Path, reason: &str, exit: i32) -> Value {
    let (code, output) = refused(config);
    let told: Vec<&String> = output.iter().filter(|line| line.contains(reason)).collect();
    assert_eq!((code, told.len()), (Some(exit), 1), "{output:#?}");
    let line: Value = serde_json::from_str(told[0]).expect("a line of the log");
    holds(&line, &["smsnode did not start", "nothing was sent"]);
    line
}

fn holds(line: &Value, words: &[&str]) {
    let text = line.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in {text}");
    }
}

/// Every file below a folder with its content.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.clone(), fs::read(path).expect("readable"))),
            }
        }
    }
    found.sort();
    found
}
