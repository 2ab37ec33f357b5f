//! Power cuts and full disks: each node keeps its data on a file system of its own. Needs root, loop devices, ext4.

mod cuts;
mod disk;
mod full;

use std::path::Path;

/// The daemon under test.
fn smsnode() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"))
}

/// A line for whoever watches; it may go unread.
fn tell(line: &str) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n"));
}
