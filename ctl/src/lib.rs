//! The command line of Smsgrid: it asks, and says what it was told. It knows only `proto` and the public API.
//!
//! Data goes to standard output, talk to standard error, and the exit code says how it ended.

mod args;
mod client;
mod commands;
mod contexts;
mod desk;
mod environment;
mod failure;
mod nearest;
mod render;
mod view;

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use smsgrid_proto::Exit;

use args::Args;
use desk::{Desk, Parting};
use environment::Environment;
use failure::Failure;

/// Runs `smsctl` with these arguments, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::of_process();
    run_on(args, environment, &mut io::stdout().lock(), &mut io::stderr().lock()).into()
}

/// Runs `smsctl` with data to `out` and talk to `talk`.
fn run_on(
    args: impl IntoIterator<Item = OsString>,
    environment: Environment,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> Exit {
    let ended = match Args::try_parse_from(args) {
        Ok(args) => carry_out(args, environment, out, talk),
        Err(usage) if usage.use_stderr() => Err(Failure::usage(&usage)),
        Err(help) => write!(out, "{help}").map(|()| Exit::Done).map_err(Failure::from),
    };
    match ended.and_then(|exit| out.flush().map(|()| exit).map_err(Failure::from)) {
        Ok(exit) => exit,
        Err(failure) => failure.tell(talk),
    }
}

/// Carries out a command until it ends, or until Ctrl-C does.
fn carry_out(
    args: Args,
    environment: Environment,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Unexpected, format!("the system gives no timers and sockets: {error}"))
    })?;
    let parting: Parting = Rc::new(RefCell::new(String::new()));
    let mut desk = Desk::new(out, talk, args.global, environment, parting.clone());
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = commands::run(args.command, &mut desk) => ended,
            () = interrupted() => Err(Failure::silent(Exit::Interrupted)),
        }
    });
    // A question that nobody answered may still be waiting for its line.
    runtime.shutdown_background();
    if matches!(&ended, Err(failure) if failure.exit == Exit::Interrupted) {
        let words = parting.borrow();
        if !words.is_empty() {
            desk.say(&format!("\n{words}"));
        }
    }
    ended
}

/// Resolves at Ctrl-C; never where it cannot be heard.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
