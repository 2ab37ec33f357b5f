//! The daemon of Smsgrid: it owns every effect and joins the engines of the core.

pub mod administrator;
pub mod api;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod handlers;
pub mod history;
pub mod identity;
pub mod machine;
pub mod modem;
pub mod node;
pub mod outbox;
pub mod peer;
pub mod raft;
pub mod secret;
pub mod sim;
pub mod spool;
pub mod store;
pub mod submit;
pub mod tasks;
pub mod telemetry;

mod cli;
mod cores;
mod demo;
#[cfg(test)]
mod fixture;
mod gathered;
mod reload;
mod run;
mod smsd;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// Runs `smsnode` with these arguments, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _flush = telemetry::FlushAtEnd;
    cli::run(args, &mut io::stdout(), &mut telemetry::Talk).into()
}
