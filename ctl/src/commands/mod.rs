//! One file for each noun that can be asked about.

mod cluster;
mod completion;
mod config;
mod context;
mod demo;
mod dlq;
mod errors;
mod events;
mod journey;
mod modem;
mod msg;
mod node;
mod query;
mod send;
mod status;
mod uncertain;
mod version;

use smsgrid_proto::Exit;

use crate::args::Command;
use crate::desk::Desk;
use crate::failure::Failure;

/// Carries out one command.
pub(crate) async fn run(command: Command, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Send(args) => Box::pin(send::run(&args, desk)).await,
        Command::Status(args) => status::run(&args, desk).await,
        Command::Msg(command) => Box::pin(msg::run(&command, desk)).await,
        Command::Uncertain(command) => uncertain::run(&command, desk).await,
        Command::Dlq(command) => dlq::run(&command, desk).await,
        Command::Modem(command) => modem::run(&command, desk).await,
        Command::Node(command) => node::run(&command, desk).await,
        Command::Cluster(command) => cluster::run(&command, desk).await,
        Command::Events(args) => events::run(&args, desk).await,
        Command::Config(command) => config::run(&command, desk),
        Command::Context(command) => context::run(&command, desk).await,
        Command::Demo(command) => demo::run(&command, desk),
        Command::Errors { reason: None } => errors::list(desk),
        Command::Errors { reason: Some(reason) } => errors::explain(&reason, desk),
        Command::Completion { shell } => completion::print(shell, desk),
        Command::Version => version::print(desk),
    }
}
