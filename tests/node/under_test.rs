//! The daemon as tests start it: the very library, in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    smsgrid_node::run(std::env::args_os())
}
