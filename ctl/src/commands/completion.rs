//! `smsctl completion`: what a shell needs to complete our words.

use clap::CommandFactory;
use clap_complete::Shell;
use smsgrid_proto::Exit;

use crate::args::Args;
use crate::desk::Desk;
use crate::failure::Failure;

/// Prints the script of `shell`.
pub(crate) fn print(shell: Shell, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    // The generator panics when it cannot write, and a reader may go away: it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "smsctl", &mut script);
    desk.out.write_all(&script)?;
    Ok(Exit::Done)
}
