//! A copy of the sources with the mutants edited into it, and the daemon built from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::edits::Edit;

/// What of the repository makes the daemon.
const SOURCES: [&str; 8] = ["Cargo.toml", "Cargo.lock", ".cargo", "src", "proto", "node", "ctl", "tests"];
/// Files of the copy by their path in the repository.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The daemon of the copy goes by a name of its own, so that it never stands in the place of the sound one.
const RENAME: Edit =
    Edit { file: "tests/Cargo.toml", from: "name = \"smsnode-under-test\"", to: "name = \"smsnode-mutant\"" };
/// And its packages are of another version: cargo tells packages apart by that, not by where they lie, and would take
/// what is broken for what is sound.
const REVISE: Edit =
    Edit { file: "Cargo.toml", from: "version = \"0.1.0\"", to: "version = \"0.1.0-mutant\"" };
/// How a mutant looks whether it is awake.
const AWAKE: &str = r#"
/// Whether the environment wakes the mutant of this name.
pub fn is_mutant(name: &str) -> bool {
    static MUTANT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    MUTANT.get_or_init(|| std::env::var("SMSGRID_MUTANT").unwrap_or_default()) == name
}
"#;

/// Builds the daemon with `edits`; panics when one of them no longer fits the sources.
pub(crate) fn build(edits: &[Edit]) -> PathBuf {
    let workspace =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    let mut files = Files::new();
    for source in SOURCES {
        read(workspace, Path::new(source), &mut files);
    }
    for edit in edits.iter().chain([&RENAME, &REVISE]) {
        apply(edit, &mut files);
    }
    files.get_mut(Path::new("src/lib.rs")).expect("the core has a root").extend(AWAKE.as_bytes());
    write(&copy, &files);
    compile(&copy)
}

fn read(workspace: &Path, path: &Path, files: &mut Files) {
    let full = workspace.join(path);
    if !full.is_dir() {
        files.insert(path.to_owned(), fs::read(&full).expect("a readable source"));
        return;
    }
    for entry in fs::read_dir(&full).expect("a readable folder") {
        read(workspace, &path.join(entry.expect("a readable folder").file_name()), files);
    }
}

fn apply(edit: &Edit, files: &mut Files) {
    let content = files.get_mut(Path::new(edit.file)).unwrap_or_else(|| panic!("no file {}", edit.file));
    let text = String::from_utf8(std::mem::take(content)).expect("sources are UTF-8");
    let times = text.matches(edit.from).count();
    assert_eq!(times, 1, "how often {} has this, which a mutant is made of:\n{}", edit.file, edit.from);
    *content = text.replace(edit.from, edit.to).into_bytes();
}

/// Brings the copy up to date; equal files keep their time, so that cargo builds little.
fn write(copy: &Path, files: &Files) {
    for (path, content) in files {
        let path = copy.join(path);
        if fs::read(&path).is_ok_and(|old| old == *content) {
            continue;
        }
        fs::create_dir_all(path.parent().expect("below the copy")).expect("the target folder is writable");
        fs::write(&path, content).expect("the target folder is writable");
    }
    let mut old = Files::new();
    read(copy, Path::new(""), &mut old);
    for path in old.keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(copy.join(path)).expect("the target folder is writable");
    }
}

fn compile(copy: &Path) -> PathBuf {
    // What does not change between the copy and the workspace is built once for both.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of the target folder");
    let output = Command::new(env!("CARGO"))
        // Offline, not locked: the packages of another version change the lock file, and nothing else may.
        .args(["build", "--offline", "--package", "smsgrid-tests", "--bin", "smsnode-mutant"])
        .arg("--message-format=json-render-diagnostics")
        .arg("--target-dir")
        .arg(target)
        .current_dir(copy)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the mutants do not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut daemons = artifacts.filter(|message| message["target"]["name"] == "smsnode-mutant");
    let path = daemons.find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    path.expect("cargo names what it built")
}
