//! `smsctl`, the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    smsgrid_ctl::run(std::env::args_os())
}
