//! `smsnode`, the daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    smsgrid_node::run(std::env::args_os())
}
