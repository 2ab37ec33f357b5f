//! `smsctl msg`: outgoing messages.

use smsgrid_proto::{Exit, Reason};

use super::journey::{self, Manner};
use super::query;
use crate::args::{ListArgs, MsgCommand};
use crate::client::{Change, Client, Failed, Lacking, Query};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{message_card, message_sheet, quoted, tame};
use crate::view::Message;

/// Most messages that are listed at once, when all are asked for.
const LIST_MAX: usize = 1_000_000;
/// Characters of a whole id.
const ID_CHARS: usize = 26;

/// Carries out a command about messages.
pub(crate) async fn run(command: &MsgCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    match command {
        MsgCommand::Show { ids } => show(ids, desk, message_card).await,
        MsgCommand::List(args) => list(args, Query::default(), desk).await,
        MsgCommand::Watch { ids, wait } => watch(ids, *wait, desk).await,
        MsgCommand::Cancel { ids } => change(ids, Change::Cancel, desk).await,
        MsgCommand::Retry { ids } => change(ids, Change::Retry, desk).await,
        MsgCommand::Hold { ids } => change(ids, Change::Hold, desk).await,
        MsgCommand::Release { ids } => change(ids, Change::Release, desk).await,
    }
}

/// Shows messages, each on the page that `card` makes of it.
pub(super) async fn show(
    ids: &[String],
    desk: &mut Desk<'_>,
    card: fn(&Message, crate::render::Style) -> String,
) -> Result<Exit, Failure> {
    let mut client = desk.client()?;
    let mut messages = Vec::new();
    for id in ids {
        messages.push(find(id, &mut client).await?);
    }
    let pages: Vec<String> = messages.iter().map(|message| card(message, desk.style)).collect();
    desk.pages(&pages, &message_sheet(&messages, desk.style))?;
    Ok(Exit::Done)
}

/// Lists messages that satisfy the words and `base`.
pub(super) async fn list(args: &ListArgs, base: Query, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let mut query = query::parse(&args.query, desk.style.now)?;
    if !base.states.is_empty() {
        query.states = base.states;
    }
    query.dead_letters = base.dead_letters;
    let limit = if args.all { LIST_MAX } else { usize::try_from(args.limit).unwrap_or(LIST_MAX) };
    let listed = desk.client()?.messages(&query, limit).await?;
    desk.list(&message_sheet(&listed.messages, desk.style))?;
    if listed.more {
        desk.say(&format!("Showing the newest {}; --all shows the rest.", listed.messages.len()));
    }
    if let Some(lacking) = listed.lacking {
        desk.say(&lacking_line(&lacking));
    }
    Ok(Exit::Done)
}

fn lacking_line(Lacking { node, why }: &Lacking) -> String {
    let node = tame(node);
    if why.is_empty() {
        return format!(
            "{node} lacks a part of the history; another node may have it: ask it with --server."
        );
    }
    format!(
        "Older messages that have ended are missing: {node} lacks a part of the history and got it from no other node \
         ({}). Ask again a little later, or another node with --server.",
        tame(why)
    )
}

async fn watch(
    ids: &[String],
    wait: Option<std::time::Duration>,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let mut client = desk.client()?;
    let mut found = Vec::new();
    for id in ids {
        let message = find(id, &mut client).await?;
        found.push((message.id, message.revision));
    }
    let manner = Manner { tell: true, limit: wait };
    let messages = journey::follow(&found, manner, &mut client, desk).await?;
    if !desk.global.output.is_for_people() && desk.global.output != crate::args::Format::Ndjson {
        desk.pages(&[], &message_sheet(&messages, desk.style))?;
    }
    Ok(journey::exit(&messages))
}

/// The message whose id is or begins with this; where several do, they are named.
pub(super) async fn find(id: &str, client: &mut Client) -> Result<Message, Failure> {
    let id = id.trim().to_ascii_uppercase();
    let answer = client.message(&id, "").await;
    let ambiguous = matches!(
        &answer,
        Err(Failed::Refused(refusal)) if refusal.reason() == Some(Reason::Ambiguous)
    );
    if ambiguous {
        return Err(candidates(&id, client).await);
    }
    Ok(answer?)
}

/// The messages that begin like this, as the way out.
async fn candidates(id: &str, client: &mut Client) -> Failure {
    let failure = Failure::of(Reason::Ambiguous, format!("{} stands for more than one message", quoted(id)));
    let Ok(listed) = client.messages(&beginning(id), 1_000).await else { return failure };
    let mut ids: Vec<String> =
        listed.messages.into_iter().map(|message| message.id).filter(|known| known.starts_with(id)).collect();
    let many = ids.len() > 10 || listed.more;
    ids.truncate(10);
    let rest = if many { ", and more" } else { "" };
    if ids.is_empty() { failure } else { failure.fix(format!("write one of: {}{rest}", ids.join(", "))) }
}

/// When messages were made whose id begins like this: an id begins with its time in milliseconds.
fn beginning(id: &str) -> Query {
    let moment = |fill: char| {
        let whole: String = id.chars().chain(std::iter::repeat(fill)).take(ID_CHARS).collect();
        let ulid = ulid::Ulid::from_string(&whole).ok()?;
        chrono::DateTime::from_timestamp_millis(i64::try_from(ulid.timestamp_ms()).ok()?)
    };
    // A message is made a moment before it is accepted.
    let accepted_by = moment('Z').and_then(|last| last.checked_add_signed(chrono::Duration::minutes(1)));
    Query { after: moment('0'), before: accepted_by, ..Query::default() }
}

/// Changes messages, each for itself.
pub(super) async fn change(ids: &[String], change: Change, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let mut client = desk.client()?;
    let mut changed = Vec::new();
    let mut failures = Vec::new();
    for id in ids {
        match change_one(id, change, &mut client, desk).await {
            Ok(message) => changed.push(message),
            Err(failure) if ids.len() == 1 => return Err(failure),
            Err(failure) => {
                desk.tell(&failure);
                failures.push(failure.exit);
            }
        }
    }
    if !desk.global.dry_run && (!changed.is_empty() || ids.is_empty()) {
        desk.list(&message_sheet(&changed, desk.style))?;
    }
    Ok(match failures.first() {
        None => Exit::Done,
        Some(_) if !changed.is_empty() => Exit::PartlyDone,
        Some(first) => *first,
    })
}

async fn change_one(
    id: &str,
    change: Change,
    client: &mut Client,
    desk: &mut Desk<'_>,
) -> Result<Message, Failure> {
    let message = find(id, client).await?;
    let id = message.id.clone();
    if desk.global.dry_run {
        let (what, state) = (intention(change), message.state_word());
        desk.say(&format!("Would {what} {id}, which is {state}. Nothing was done."));
        return Ok(message);
    }
    desk.part_with(format!("Stopped. Whether it was done, this tells: smsctl msg show {id}"));
    let changed = client.change(&id, change).await.map_err(|failed| {
        let unknown = matches!(failed, Failed::Unknown(_));
        let failure = Failure::from(failed);
        if unknown { failure.fix(format!("look at it: smsctl msg show {id}")) } else { failure }
    })?;
    desk.say(&done(change, &changed));
    Ok(changed)
}

const fn intention(change: Change) -> &'static str {
    match change {
        Change::Cancel => "cancel",
        Change::Retry => "queue again",
        Change::Discard => "take from the dead letters",
        Change::Hold => "hold",
        Change::Release => "release",
        Change::Resolve { .. } => "resolve",
    }
}

/// What changed, and how to undo it.
fn done(change: Change, message: &Message) -> String {
    let (id, state) = (&message.id, message.state_word());
    match change {
        Change::Cancel => format!("{id} is {state}."),
        Change::Retry => format!("{id} is {state} again.   Undo: smsctl msg cancel {id}"),
        Change::Discard => format!("{id} is no dead letter any more.   Undo: smsctl msg retry {id}"),
        Change::Hold => format!("{id} is held.   Undo: smsctl msg release {id}"),
        Change::Release => format!("{id} is given back to the modems.   Undo: smsctl msg hold {id}"),
        Change::Resolve { .. } => format!("{id} is {state}.   smsctl msg show {id}"),
    }
}

#[test]
fn the_beginning_of_an_id_says_when_the_message_was_made() {
    let query = beginning("01KAVX9C0Y");

    assert_eq!(query.after.zip(query.before).map(|(after, before)| (before - after).num_seconds()), Some(60));
    assert_eq!(beginning("!!").after, None);
}
