//! Every conversation, compared with what really happens.

use std::fs;
use std::path::{Path, PathBuf};

use crate::script;

/// With this in the environment the files are written anew.
const REWRITE: &str = "SMSGRID_REWRITE";

#[test]
fn every_conversation_goes_as_it_is_written() {
    let rewrite = std::env::var_os(REWRITE).is_some();
    let mut wrong = Vec::new();
    for path in files() {
        let written = fs::read_to_string(&path).expect("a conversation");

        let played = script::play(&written);

        if played == written {
            continue;
        }
        if rewrite {
            fs::write(&path, played).expect("a conversation written anew");
        } else {
            wrong.push(first_difference(&path, &written, &played));
        }
    }
    assert!(wrong.is_empty(), "{}\n({REWRITE}=1 writes them anew)", wrong.join("\n"));
}

#[test]
fn a_conversation_that_goes_otherwise_is_noticed() {
    let script = "= configured\n* survey\n> AT+CSQ\n";

    assert_eq!(script::play(script), script);
    assert_ne!(script::play("= configured\n* survey\n> AT+CREG?\n"), "= configured\n* survey\n> AT+CREG?\n");
}

/// The conversations, in order of their names.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts/data");
    let entries = fs::read_dir(folder).expect("the folder of conversations");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn first_difference(path: &Path, written: &str, played: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let differing = written.lines().zip(played.lines()).position(|(written, played)| written != played);
    let at = differing.unwrap_or(written.lines().count().min(played.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
    format!("{name}:{}\n  written: {}\n  went:    {}", at + 1, line(written), line(played))
}
