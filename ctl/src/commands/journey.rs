//! Messages followed to their end, at whichever server tells of them.

use std::time::Duration;

use serde_json::{Value, json};
use smsgrid_proto::{Exit, State};
use tokio::time::{Instant, timeout_at};

use crate::args::Format;
use crate::client::{Client, Follow, Told, Watched};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::Progress;
use crate::view::{Event, Message, Step};

/// Most messages a server watches by name.
const NAMED_MAX: usize = 100;
/// A wait this long is none: a century.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How messages are followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Whether each step is told.
    pub(crate) tell: bool,
    /// How long; for ever when there is no limit.
    pub(crate) limit: Option<Duration>,
}

/// A message on its way.
struct Journey {
    message: Message,
    /// Everything up to this revision is known of it.
    revision: String,
    last: Option<Step>,
}

/// Follows messages, each at least as of its revision, until each rests or time is over. Gives them as they then are.
pub(crate) async fn follow(
    ids: &[(String, String)],
    manner: Manner,
    client: &mut Client,
    desk: &mut Desk<'_>,
) -> Result<Vec<Message>, Failure> {
    let deadline = Instant::now() + manner.limit.unwrap_or(FOREVER).min(FOREVER);
    let mut teller = Teller { progress: Progress::new(desk.style), tell: manner.tell };
    let mut journeys = Vec::new();
    for (id, revision) in ids {
        let message = client.message(id, revision).await?;
        desk.part_with(parting(ids.len(), &message.id));
        let mut journey = Journey { revision: message.revision.clone(), message, last: None };
        let steps = journey.message.steps.clone();
        for step in &steps {
            teller.step(&mut journey, step, desk)?;
        }
        journeys.push(journey);
    }
    let watched = if journeys.len() <= NAMED_MAX {
        Watched::Messages(journeys.iter().map(|journey| journey.message.id.clone()).collect())
    } else {
        Watched::Everything(Vec::new())
    };
    let from = journeys.iter().map(|journey| journey.revision.clone()).min().unwrap_or_default();
    let mut changed = false;
    let mut stream = client.follow(watched, &from);
    while journeys.iter().any(|journey| !journey.message.rests()) {
        match timeout_at(deadline, stream.next()).await {
            Ok(told) => changed |= take(&told?, &mut journeys, &mut teller, desk)?,
            Err(_) => break,
        }
    }
    drop::<Follow<'_>>(stream);
    if changed {
        read_again(&mut journeys, client).await;
    }
    for journey in &journeys {
        teller.end(journey, desk)?;
    }
    Ok(journeys.into_iter().map(|journey| journey.message).collect())
}

/// How a command ends that followed these messages.
pub(crate) fn exit(messages: &[Message]) -> Exit {
    let well = |message: &&Message| matches!(message.state, Some(State::Sent | State::Delivered));
    let goes_on = |message: &Message| !message.rests() || message.state == Some(State::Uncertain);
    let sent = messages.iter().filter(well).count();
    if messages.iter().any(goes_on) {
        Exit::StillGoing
    } else if sent == messages.len() {
        Exit::Done
    } else if sent == 0 {
        Exit::Rejected
    } else {
        Exit::PartlyDone
    }
}

fn parting(count: usize, id: &str) -> String {
    if count == 1 {
        format!("Stopped watching. The message goes on: smsctl msg watch {id}")
    } else {
        "Stopped watching. The messages go on: smsctl msg list".to_owned()
    }
}

/// Takes what a watch tells; whether a message changed.
fn take(
    told: &Told,
    journeys: &mut [Journey],
    teller: &mut Teller,
    desk: &mut Desk<'_>,
) -> Result<bool, Failure> {
    match told {
        Told::Progress(_) => Ok(false),
        Told::Event(event) => {
            let of_it = |journey: &&mut Journey| {
                journey.message.id == event.id && journey.revision < event.revision && event.state.is_some()
            };
            let Some(journey) = journeys.iter_mut().find(of_it) else { return Ok(false) };
            teller.event(journey, event, desk)?;
            Ok(true)
        }
        Told::Resync { messages, .. } => {
            for message in messages {
                let Some(journey) = journeys.iter_mut().find(|journey| journey.message.id == message.id)
                else {
                    continue;
                };
                let missed = missed(journey, message);
                journey.message = message.clone();
                message.revision.clone_into(&mut journey.revision);
                for step in &missed {
                    teller.step(journey, step, desk)?;
                }
            }
            Ok(!messages.is_empty())
        }
    }
}

/// The steps of a message after the last one that was told.
fn missed(journey: &Journey, message: &Message) -> Vec<Step> {
    let told = journey.last.as_ref().and_then(|last| message.steps.iter().rposition(|step| step == last));
    match told {
        Some(at) => message.steps.iter().skip(at + 1).cloned().collect(),
        // The history was cut, or tells it in other words: what is later than the last is new.
        None => {
            let since = journey.last.as_ref().and_then(|last| last.time);
            message.steps.iter().filter(|step| step.time > since).cloned().collect()
        }
    }
}

/// Reads messages again, whole, now that they rest. One that cannot be read, or only as it was before, stays as the
/// watch told it.
async fn read_again(journeys: &mut [Journey], client: &mut Client) {
    for journey in journeys {
        let read = client.message(&journey.message.id, &journey.revision).await;
        if let Some(message) = read.ok().filter(|message| message.revision >= journey.revision) {
            journey.message = message;
        }
    }
}

/// Tells steps, where they are to be told.
struct Teller {
    progress: Progress,
    tell: bool,
}

impl Teller {
    fn event(&mut self, journey: &mut Journey, event: &Event, desk: &mut Desk<'_>) -> Result<(), Failure> {
        journey.message.state = event.state;
        event.revision.clone_into(&mut journey.revision);
        self.step(journey, &event.step(), desk)
    }

    fn step(&mut self, journey: &mut Journey, step: &Step, desk: &mut Desk<'_>) -> Result<(), Failure> {
        if journey.last.as_ref() == Some(step) {
            return Ok(());
        }
        journey.last = Some(step.clone());
        match (self.tell, desk.global.output) {
            (true, Format::Table | Format::Wide) => {
                let line = self.progress.step(&journey.message.id, step, journey.message.parts.len());
                desk.line(&line, Value::Null)
            }
            (true, Format::Ndjson) => desk.line("", object(journey, step)),
            (true, Format::Json | Format::Csv | Format::Name) | (false, _) => Ok(()),
        }
    }

    fn end(&self, journey: &Journey, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let Some(step) = &journey.last else { return Ok(()) };
        if self.tell && desk.global.output.is_for_people() {
            desk.line(&self.progress.end(&journey.message.id, step), Value::Null)?;
        }
        Ok(())
    }
}

/// A step as a line of NDJSON.
fn object(journey: &Journey, step: &Step) -> Value {
    let mut object = step.json();
    if let Value::Object(members) = &mut object {
        members.insert("id".to_owned(), json!(journey.message.id));
        members.insert("revision".to_owned(), json!(journey.revision));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(state: State) -> Message {
        Message { state: Some(state), uncertain: "hold", ..Message::default() }
    }

    #[test]
    fn the_exit_says_whether_all_some_or_none_were_sent() {
        let (sent, failed) = (message(State::Sent), message(State::Failed));
        let exit =
            |messages: &[&Message]| exit(&messages.iter().map(|one| (*one).clone()).collect::<Vec<_>>());

        assert_eq!(exit(&[&sent, &sent]), Exit::Done);
        assert_eq!(exit(&[&sent, &failed]), Exit::PartlyDone);
        assert_eq!(exit(&[&failed]), Exit::Rejected);
        assert_eq!(exit(&[&sent, &message(State::Sending)]), Exit::StillGoing);
        assert_eq!(exit(&[&message(State::Uncertain)]), Exit::StillGoing);
    }

    #[test]
    fn after_a_gap_only_steps_not_told_yet_are_told() {
        let step = |state, seconds| Step {
            state: Some(state),
            time: chrono::DateTime::from_timestamp(seconds, 0),
            ..Step::default()
        };
        let steps = [step(State::Queued, 1), step(State::Claimed, 2), step(State::Sent, 3)];
        let whole = Message { steps: steps.to_vec(), ..Message::default() };
        let journey = |last: &Step| Journey {
            message: Message::default(),
            revision: String::new(),
            last: Some(last.clone()),
        };

        assert_eq!(missed(&journey(&steps[1]), &whole), steps[2..]);
        assert_eq!(missed(&journey(&step(State::Queued, 2)), &whole), steps[2..], "told in other words");
    }
}
