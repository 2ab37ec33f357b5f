//! One file for each noun that can be asked about.

mod completion;
mod errors;
mod version;

use std::io::Write;

use smsgrid_proto::Exit;

use crate::args::Command;
use crate::output::Failure;

/// Carries out one command.
pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        Command::Errors { reason: None, output } => errors::list(*output, out),
        Command::Errors { reason: Some(reason), output } => errors::explain(reason, *output, out),
        Command::Completion { shell } => completion::print(*shell, out),
        Command::Version { output } => version::print(*output, out),
    }
}
