//! The command line as tests start it: the very library, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    smsgrid_ctl::run(std::env::args_os())
}
