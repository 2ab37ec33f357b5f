//! `smsctl events`: everything that happens in the cluster.

use serde_json::Value;
use smsgrid_proto::Exit;

use crate::args::{EventsArgs, Format};
use crate::client::{Client, Told, Watched};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::render::{event_line, event_sheet, quoted};
use crate::view::Event;

/// The revision before everything: a watch from here is told what the node still keeps.
const BEGINNING: &str = "000";

/// Shows what happened lately, or follows what happens.
pub(crate) async fn run(args: &EventsArgs, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let kinds = Client::kinds(&args.kind).map_err(|(wrong, known)| {
        let hint = nearest(&wrong, known.iter().map(String::as_str));
        let hint = hint.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        Failure::wrong(format!("{} is no kind of event", quoted(&wrong)))
            .fix(format!("{hint}kinds: {}", known.join(", ")))
    })?;
    let watched = Watched::Everything(kinds);
    let mut client = desk.client()?;
    if args.follow {
        follow(watched, args.from.as_deref().unwrap_or_default(), &mut client, desk).await
    } else {
        lately(watched, args.from.as_deref().unwrap_or(BEGINNING), &mut client, desk).await
    }
}

/// Everything after `from` that is known now.
async fn lately(
    watched: Watched,
    from: &str,
    client: &mut Client,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let (_, freshness) = client.members().await?;
    let now = freshness.revision;
    let mut events: Vec<Event> = Vec::new();
    let mut stream = client.follow(watched, from);
    loop {
        match stream.next().await? {
            Told::Event(event) if event.revision > now => break,
            Told::Event(event) => {
                let is_last = event.revision == now;
                events.push(event);
                if is_last {
                    break;
                }
            }
            Told::Progress(revision) if revision >= now => break,
            Told::Progress(_) => {}
            Told::Resync { oldest, .. } => stream.go_back(&oldest),
        }
    }
    drop(stream);
    if desk.global.output == Format::Table && desk.global.columns.is_empty() {
        for event in &events {
            desk.line(&event_line(event, desk.style), Value::Null)?;
        }
        return Ok(Exit::Done);
    }
    desk.list(&event_sheet(&events, desk.style))?;
    Ok(Exit::Done)
}

/// Everything after `from`, until Ctrl-C.
async fn follow(
    watched: Watched,
    from: &str,
    client: &mut Client,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let mut last = from.to_owned();
    let mut stream = client.follow(watched, from);
    loop {
        if !last.is_empty() {
            desk.part_with(format!("Stopped. To go on without a gap: smsctl events --follow --from {last}"));
        }
        match stream.next().await? {
            Told::Event(event) => {
                let line = match desk.global.output {
                    Format::Name => event.revision.clone(),
                    Format::Table | Format::Wide | Format::Json | Format::Ndjson | Format::Csv => {
                        event_line(&event, desk.style)
                    }
                };
                desk.line(&line, event.json())?;
                last = event.revision;
            }
            Told::Progress(revision) => last = revision,
            Told::Resync { oldest, .. } => {
                desk.say("Some events are missing here: the server no longer keeps them.");
                stream.go_back(&oldest);
            }
        }
    }
}
