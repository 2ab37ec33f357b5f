//! How fast one node is, from a submission or a file to the network: the rate with modems that take no time, the share
//! of the ideal rate with modems that take 300 ms, how long a modem waits between two messages, and how long a message
//! waits on an idle node. It prints figures and asserts nothing about time.
//!
//! `cargo bench -p smsgrid-tests --bench node [-- NAME]...`; the names are `rate`, `files`, `steady`, `gaps` and
//! `first-byte`, all of them without one. Data lies in the temporary folder: set `TMPDIR` to measure another disk.

#![allow(clippy::print_stdout)] // the figures are what it is for

mod files;
mod first_byte;
mod gaps;
mod load;
mod rate;
mod show;
mod steady;

use std::path::Path;

use smsgrid_tests::disk;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runs = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = |name: &str| {
        let folder = temporary.path().join(name);
        std::fs::create_dir(&folder).expect("the temporary folder is writable");
        folder
    };

    judge(temporary.path());
    if runs("rate") {
        rate::measure(&folder("rate")).await;
    }
    if runs("files") {
        files::measure(&folder("files")).await;
    }
    if runs("steady") {
        steady::measure(&folder("steady")).await;
    }
    if runs("gaps") {
        gaps::measure(&folder("gaps")).await;
    }
    if runs("first-byte") {
        first_byte::measure(&folder("first-byte")).await;
    }
    judge(temporary.path());
}

/// What the host gives at the moment: every figure depends on it.
fn judge(folder: &Path) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?");
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    println!("host: {processors} processors, load {load}; write and fdatasync: {}", disk::sync_times(folder));
}
