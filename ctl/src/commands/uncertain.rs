//! `smsctl uncertain`: messages of which nobody knows whether they were sent.

use smsgrid_proto::{Exit, State};

use super::msg;
use crate::args::UncertainCommand;
use crate::client::{Change, Query};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::uncertain_card;

/// Carries out a command about uncertain messages.
pub(crate) async fn run(command: &UncertainCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    match command {
        UncertainCommand::List(args) => {
            let base = Query { states: vec![State::Uncertain], ..Query::default() };
            msg::list(args, base, desk).await
        }
        UncertainCommand::Show { ids } => msg::show(ids, desk, uncertain_card).await,
        UncertainCommand::Resolve(args) => {
            let change = Change::Resolve { part: args.part.unwrap_or_default(), verdict: args.verdict };
            msg::change(std::slice::from_ref(&args.id), change, desk).await
        }
    }
}
