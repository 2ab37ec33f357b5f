//! The command line of Smsgrid: it asks, and says what it was told. It knows only the public vocabulary of `proto`.
//!
//! Data goes to standard output, talk to standard error, and the exit code says how it ended.

mod args;
mod commands;
mod output;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use smsgrid_proto::Exit;

use args::Args;
use output::Failure;

/// Runs `smsctl` with these arguments, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    run_on(args, &mut io::stdout().lock(), &mut io::stderr().lock()).into()
}

/// Runs `smsctl` with data to `out` and talk to `talk`.
fn run_on(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, talk: &mut dyn Write) -> Exit {
    let ended = match Args::try_parse_from(args) {
        Ok(args) => commands::run(&args.command, out),
        Err(usage) if usage.use_stderr() => Err(Failure::usage(&usage)),
        Err(help) => write!(out, "{help}").map(|()| Exit::Done).map_err(Failure::from),
    };
    match ended.and_then(|exit| out.flush().map(|()| exit).map_err(Failure::from)) {
        Ok(exit) => exit,
        Err(failure) => failure.tell(talk),
    }
}

#[cfg(test)]
mod tests;
