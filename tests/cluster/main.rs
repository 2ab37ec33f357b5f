//! Clusters of three real processes, and what is done to them.

mod alone;
mod calm;
mod heir;
mod history;
mod kills;
mod lease;
mod listed;
mod metrics;
mod modems;
mod network;
mod pauses;
mod quorum;
mod syncs;
mod thousand;
mod wiped;

use std::path::Path;

use smsgrid_tests::cluster::Setup;
use smsgrid_tests::scenario::MODEM;

/// The daemon under test.
fn smsnode() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"))
}

/// Three nodes with two modems each, quick enough that kills meet many parts and slow enough that they meet one.
fn three() -> Setup {
    Setup::three(2, MODEM)
}

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A line for whoever watches; it may go unread.
fn tell(line: &str) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n"));
}
