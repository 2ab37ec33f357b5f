//! `smsnode smsd` as a process: its command line, its files, its signals, and the scripts of `deploy/`.

mod background;
mod command_line;
mod conflict;
mod cores;
mod figures;
mod foreground;
mod logs;
mod queues;
mod refused;
mod regular_commands;
mod reload;
mod script;
mod sendsms;
mod shell;
mod stop;
mod umask;

use smsgrid_tests::smsd::Place;

/// The daemon under test.
const SMSNODE: &str = env!("CARGO_BIN_EXE_smsnode-under-test");

/// A host without modems.
fn bare(settings: &str) -> Place {
    Place::bare(SMSNODE, settings)
}

/// A host with one simulated modem.
fn with_modem(personality: &str, settings: &str) -> Place {
    Place::with_modem(SMSNODE, personality, settings)
}
