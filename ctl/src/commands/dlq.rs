//! `smsctl dlq`: messages that failed and wait for a person.

use smsgrid_proto::Exit;

use super::msg;
use crate::args::{DeadArgs, DlqCommand};
use crate::client::{Change, Query};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{count, message_card};

/// Most dead letters dealt with at once.
const ALL_MAX: usize = 100_000;

/// Carries out a command about dead letters.
pub(crate) async fn run(command: &DlqCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    match command {
        DlqCommand::List(args) => msg::list(args, dead_letters(), desk).await,
        DlqCommand::Show { ids } => msg::show(ids, desk, message_card).await,
        DlqCommand::Retry(args) => {
            let ids = which(args, "Queue", "again?", None, desk).await?;
            msg::change(&ids, Change::Retry, desk).await
        }
        DlqCommand::Discard(args) => {
            let ids = which(args, "Discard", "for good?", Some("discard"), desk).await?;
            msg::change(&ids, Change::Discard, desk).await
        }
    }
}

fn dead_letters() -> Query {
    Query { dead_letters: true, ..Query::default() }
}

/// The ids named, or those of all dead letters once a person agrees.
async fn which(
    args: &DeadArgs,
    verb: &str,
    question: &str,
    word: Option<&'static str>,
    desk: &mut Desk<'_>,
) -> Result<Vec<String>, Failure> {
    if !args.all {
        return Ok(args.ids.clone());
    }
    let listed = desk.client()?.messages(&dead_letters(), ALL_MAX).await?;
    let ids: Vec<String> = listed.messages.into_iter().map(|message| message.id).collect();
    if !ids.is_empty() && !desk.global.dry_run {
        let all = count(ids.len(), "dead letter");
        desk.confirm(&format!("{verb} {all} {question}"), word).await?;
    }
    Ok(ids)
}
