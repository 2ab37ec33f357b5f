//! Messages: as lists, as one page, and as the question an uncertain one puts to a person.

use smsgrid_proto::{Role, State};

use super::sheet::{Cell, Column, Sheet};
use super::style::{Style, role};
use super::words::{count, tame};
use crate::view::{self, Accepted, Attempt, Call, Message, Step};

/// Characters of a text that a list shows.
const TEXT_CHARS_MAX: usize = 40;

/// What became of submissions.
pub(crate) fn accepted_sheet(accepted: &[Accepted], style: Style) -> Sheet {
    let columns = [
        Column::new("id"),
        Column::new("to"),
        Column::new("state"),
        Column::number("parts"),
        Column::wide("key"),
        Column::wide("revision"),
    ];
    let mut sheet = Sheet::new("messages", &columns);
    for message in accepted {
        let state = if message.replayed {
            format!("{} (accepted before under this key)", style.state(message.state))
        } else {
            style.state(message.state)
        };
        let cells = vec![
            Cell::new(&message.id),
            Cell::new(&message.to),
            Cell::new(state).plain(view::word(message.state)).role(role(message.state)),
            Cell::new(message.parts.to_string()),
            Cell::new(&message.key),
            Cell::new(&message.revision),
        ];
        sheet.push(&message.id, cells, message.json());
    }
    sheet
}

/// Messages as a list.
pub(crate) fn message_sheet(messages: &[Message], style: Style) -> Sheet {
    let columns = [
        Column::new("id"),
        Column::new("state"),
        Column::new("to"),
        Column::new("modem"),
        Column::new("changed"),
        Column::new("text"),
        Column::wide("node"),
        Column::wide("parts"),
        Column::wide("priority"),
        Column::wide("client"),
        Column::wide("reason"),
        Column::wide("accepted"),
        Column::wide("duplicate"),
    ];
    let mut sheet = Sheet::new("messages", &columns);
    for message in messages {
        sheet.push(&message.id, message_cells(message, style), message.json());
    }
    sheet
}

fn message_cells(message: &Message, style: Style) -> Vec<Cell> {
    let last = message.parts.iter().rev().find(|part| !part.modem.is_empty());
    let reason = if message.reason.is_empty() {
        message.waiting_for.as_ref().map(|waiting| waiting.text.clone()).unwrap_or_default()
    } else {
        message.reason.clone()
    };
    let moment = |moment: Option<view::Moment>| {
        Cell::maybe(moment.map(|moment| style.moment(moment)))
            .plain(moment.map(view::rfc3339).unwrap_or_default())
    };
    vec![
        Cell::new(&message.id),
        Cell::new(style.state(message.state)).plain(message.state_word()).role(role(message.state)),
        Cell::new(&message.to),
        Cell::maybe(last.map(|part| &part.modem)),
        moment(message.changed),
        Cell::new(cut(&message.text, style)).plain(&message.text),
        Cell::maybe(last.map(|part| &part.node)),
        Cell::new(message.parts.len().to_string()),
        Cell::new(message.priority),
        Cell::maybe(Some(&message.client)),
        Cell::maybe(Some(&reason)),
        moment(message.accepted),
        Cell::new(if message.possible_duplicate { "possible" } else { "no" }),
    ]
}

/// The beginning of a text.
fn cut(text: &str, style: Style) -> String {
    if text.chars().count() <= TEXT_CHARS_MAX {
        return text.to_owned();
    }
    let dots = style.pick("…", "...");
    let kept = TEXT_CHARS_MAX - dots.chars().count();
    text.chars().take(kept).chain(dots.chars()).collect()
}

/// All of one message on a page.
pub(crate) fn message_card(message: &Message, style: Style) -> String {
    let mut lines = vec![heading(message, style)];
    match &message.call {
        Some(call) => lines.push(format!("  call      {}", call_words(call, message))),
        None => lines.push(format!("  text      {}", tame(&message.text))),
    }
    lines.extend(settings(message, style));
    if let Some(waiting) = &message.waiting_for {
        let until = waiting.until.map(|until| format!(", until {}", style.moment(until))).unwrap_or_default();
        lines.push(format!("  waits     {}{until}", tame(&waiting.text)));
    }
    if !message.reason.is_empty() {
        lines.push(format!("  why       {}", tame(&message.reason)));
    }
    if message.possible_duplicate {
        let note = "it may arrive twice: it was sent again without proof that it had not been sent";
        lines.push(format!("  {}", style.paint(Role::Uncertain, note)));
    }
    if message.attempts.len() > 1 || message.attempts.iter().any(|attempt| attempt.outcome != "sent") {
        lines.push("Attempts".to_owned());
        lines.extend(message.attempts.iter().map(|attempt| attempt_line(attempt, style)));
    }
    if !message.steps.is_empty() {
        lines.push("History".to_owned());
        lines.extend(message.steps.iter().map(|step| step_line(step, style)));
    }
    lines.extend(next_commands(message));
    lines.join("\n")
}

/// What a call plays, and how it ended.
fn call_words(call: &Call, message: &Message) -> String {
    let tones = match call.tones.is_empty() {
        true => "no tones".to_owned(),
        false => format!("tones {}, up to {}", tame(&call.tones), count(call.rounds as usize, "time")),
    };
    let wait =
        call.wait_seconds.map(|seconds| format!(", waits {seconds} s for an answer")).unwrap_or_default();
    let result = message.parts.iter().find(|part| !part.call_result.is_empty());
    let result = result.map(|part| format!(", ended: {}", tame(&part.call_result))).unwrap_or_default();
    format!("{tones}{wait}{result}")
}

fn heading(message: &Message, style: Style) -> String {
    let state = style.paint(role(message.state), &style.state(message.state));
    let from =
        if message.client.is_empty() { String::new() } else { format!("  from {}", tame(&message.client)) };
    let parts = count(message.parts.len(), "part");
    format!("{}  {state}  to {}  {parts}{from}", style.bold(&message.id), tame(&message.to))
}

fn settings(message: &Message, style: Style) -> Vec<String> {
    let mut words = vec![message.priority.to_owned(), message.alphabet.to_owned()];
    words.extend(message.report.then(|| "with delivery report".to_owned()));
    words.extend(message.flash.then(|| "flash".to_owned()));
    words.extend((!message.modem.is_empty()).then(|| format!("only by {}", tame(&message.modem))));
    words.extend(message.held.then(|| "held by a person".to_owned()));
    words.extend(message.at.map(|at| format!("not before {}", style.moment(at))));
    words.extend(message.deadline.map(|deadline| format!("until {}", style.moment(deadline))));
    words.retain(|word| !word.is_empty());
    let references: Vec<String> = message
        .parts
        .iter()
        .filter_map(|part| part.message_reference)
        .map(|reference| reference.to_string())
        .collect();
    let mut lines = vec![format!("  options   {}", words.join(", "))];
    if !references.is_empty() {
        lines.push(format!("  reference {}", references.join(", ")));
    }
    if !message.key.is_empty() {
        lines.push(format!("  key       {}", tame(&message.key)));
    }
    lines
}

fn attempt_line(attempt: &Attempt, style: Style) -> String {
    let place = place(&attempt.node, &attempt.modem);
    let cause = if attempt.cause.is_empty() { String::new() } else { format!("  {}", tame(&attempt.cause)) };
    let (number, part, outcome) = (attempt.attempt, attempt.part, attempt.outcome);
    let when = style.maybe(attempt.started);
    format!("  {when}  attempt {number}, part {part}: {outcome}  {place}{cause}")
}

/// One step of a history.
fn step_line(step: &Step, style: Style) -> String {
    let word = format!("{:<11}", view::word(step.state));
    let state = style.paint(role(step.state), &word);
    let place = place(&step.node, &step.modem);
    let line = format!("  {}  {state}  {}", style.maybe(step.time), joined(&place, &tame(&step.why)));
    line.trim_end().to_owned()
}

/// `gw-a / GSM1`, or what is known of it.
pub(super) fn place(node: &str, modem: &str) -> String {
    [node, modem].into_iter().filter(|name| !name.is_empty()).map(tame).collect::<Vec<_>>().join(" / ")
}

/// Two phrases with a gap, or the one that is there.
pub(super) fn joined(first: &str, second: &str) -> String {
    [first, second].into_iter().filter(|phrase| !phrase.is_empty()).collect::<Vec<_>>().join("  ")
}

/// What one may type next about a message that needs somebody.
fn next_commands(message: &Message) -> Vec<String> {
    let id = &message.id;
    match message.state {
        Some(State::Uncertain) => vec![format!("Next  smsctl uncertain show {id}")],
        Some(State::Failed) if message.dead_letter => {
            vec![format!("Next  smsctl dlq retry {id}   or   smsctl dlq discard {id}")]
        }
        Some(State::Queued) if message.held => vec![format!("Next  smsctl msg release {id}")],
        Some(
            State::Scheduled
            | State::Queued
            | State::Claimed
            | State::Sending
            | State::Sent
            | State::Delivered
            | State::Undelivered
            | State::Failed
            | State::Expired
            | State::Canceled
            | State::Rejected,
        )
        | None => Vec::new(),
    }
}

/// What is known of an uncertain message, and the decision it asks for.
pub(crate) fn uncertain_card(message: &Message, style: Style) -> String {
    let mut lines = vec![heading(message, style)];
    lines.extend(message.steps.iter().map(|step| step_line(step, style)));
    lines.push("Attempts".to_owned());
    lines.extend(message.attempts.iter().map(|attempt| attempt_line(attempt, style)));
    let id = &message.id;
    lines.push(format!("Decide    smsctl uncertain resolve {id} --as sent       keep it, do not send again"));
    lines.push(format!(
        "          smsctl uncertain resolve {id} --as not-sent   send it again (risk: the person gets it twice)"
    ));
    let until = message.waiting_for.as_ref().and_then(|waiting| waiting.until);
    let then = match (message.uncertain, until) {
        ("resend", Some(until)) => {
            format!("it is sent again at {} unless evidence comes", style.moment(until))
        }
        ("fail", Some(until)) => format!("it is given up at {} unless evidence comes", style.moment(until)),
        ("hold", _) => "it waits for a person".to_owned(),
        _ => "it waits for evidence".to_owned(),
    };
    lines.push(format!("Policy    uncertain = \"{}\": {then}", message.uncertain));
    lines.join("\n")
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
