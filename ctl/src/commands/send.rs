//! `smsctl send`: every message has a key, so that doubt is never a reason not to ask again.

use std::io::Read;

use smsgrid_proto::{Exit, Reason};

use super::journey::{self, Manner};
use crate::args::{Priority, SendArgs, Uncertain, moment};
use crate::client::{Client, Failed, Submission, Submitted};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{accepted_sheet, count, quoted};
use crate::view::{self, Accepted, Message};

/// Most octets of a text read from standard input; a node takes fewer.
const TEXT_OCTETS_MAX: u64 = 1024 * 1024;
/// Most recipients of one command.
const RECIPIENTS_MAX: usize = 10_000;

/// Sends.
pub(crate) async fn run(args: &SendArgs, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let key = args.key.clone().unwrap_or_else(|| ulid::Ulid::new().to_string());
    let submissions = submissions(args, &key, desk)?;
    if desk.global.dry_run {
        return dry_run(&submissions, desk);
    }
    let mut client = desk.client()?;
    let again = repetition(&submissions, &key, &client);
    desk.part_with(format!(
        "Stopped. It is not known whether it was accepted; this does not send it twice:\n  {again}"
    ));
    let submitted = client.submit(&submissions).await;
    let (accepted, mut exit) = settle(&submissions, submitted, &again, desk)?;
    if accepted.is_empty() {
        return Ok(exit);
    }
    if !args.watch && args.wait.is_none() {
        desk.list(&accepted_sheet(&accepted, desk.style))?;
        return Ok(exit);
    }
    let ended = wait(args, &accepted, &mut client, desk).await?;
    exit = match (exit, journey::exit(&ended)) {
        (Exit::Done, ended) => ended,
        (exit, _) => exit,
    };
    let shown = args.watch && (desk.global.output.is_for_people() || is_told_line_by_line(desk));
    if !shown {
        desk.list(&accepted_sheet(&as_ended(&accepted, &ended), desk.style))?;
    }
    Ok(exit)
}

fn is_told_line_by_line(desk: &Desk<'_>) -> bool {
    desk.global.output == crate::args::Format::Ndjson
}

/// Follows what was accepted.
async fn wait(
    args: &SendArgs,
    accepted: &[Accepted],
    client: &mut Client,
    desk: &mut Desk<'_>,
) -> Result<Vec<Message>, Failure> {
    let ids: Vec<(String, String)> =
        accepted.iter().map(|one| (one.id.clone(), one.revision.clone())).collect();
    let manner = Manner { tell: args.watch, limit: args.wait };
    journey::follow(&ids, manner, client, desk).await.map_err(|failure| {
        let what = match accepted {
            [one] => format!("The message was accepted and goes on: smsctl msg watch {}", one.id),
            _ => "The messages were accepted and go on: smsctl msg list".to_owned(),
        };
        failure.effect(what)
    })
}

fn as_ended(accepted: &[Accepted], ended: &[Message]) -> Vec<Accepted> {
    let state =
        |one: &Accepted| ended.iter().find(|message| message.id == one.id).and_then(|message| message.state);
    accepted.iter().map(|one| Accepted { state: state(one), ..one.clone() }).collect()
}

/// One submission for each recipient.
fn submissions(args: &SendArgs, key: &str, desk: &Desk<'_>) -> Result<Vec<Submission>, Failure> {
    if args.to.len() > RECIPIENTS_MAX {
        return Err(Failure::wrong(format!("at most {RECIPIENTS_MAX} recipients at once")));
    }
    let mut sorted: Vec<&String> = args.to.iter().collect();
    sorted.sort_unstable();
    if let Some(twice) =
        sorted.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first()))
    {
        let number = twice.map(|number| quoted(number)).unwrap_or_default();
        return Err(Failure::wrong(format!("{number} is named twice")).fix("name every recipient once"));
    }
    let text = if args.message == "-" { text_from_input()? } else { args.message.clone() };
    let at = args.at.as_deref().map(|at| {
        moment(at, desk.style.now)
            .map_err(|how| Failure::wrong(format!("{} is no moment", quoted(at))).fix(how))
    });
    let at = at.transpose()?;
    let alone = args.to.len() == 1;
    let submission = |to: &String| Submission {
        to: to.clone(),
        text: text.clone(),
        key: if alone { key.to_owned() } else { format!("{key}:{to}") },
        report: args.report,
        priority: args.priority,
        modem: args.modem.clone().unwrap_or_default(),
        uncertain: args.uncertain,
        validity: args.validity,
        at,
        flash: args.flash,
        max_parts: args.max_parts.unwrap_or_default(),
        plain: args.plain,
    };
    Ok(args.to.iter().map(submission).collect())
}

fn text_from_input() -> Result<String, Failure> {
    let mut text = String::new();
    let input = std::io::stdin().lock().take(TEXT_OCTETS_MAX).read_to_string(&mut text);
    input.map_err(|error| Failure::wrong(format!("cannot read the text from standard input: {error}")))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn dry_run(submissions: &[Submission], desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let length = submissions.first().map_or(0, |one| one.text.chars().count());
    let to: Vec<&str> = submissions.iter().map(|one| one.to.as_str()).collect();
    let what = format!(
        "Would send {} to {}. Nothing was sent, no server was asked.",
        count(length, "character"),
        to.join(", ")
    );
    desk.say(&what);
    Ok(Exit::Done)
}

/// What was accepted; what was not is told, and decides the exit.
fn settle(
    submissions: &[Submission],
    submitted: Vec<Submitted>,
    again: &str,
    desk: &mut Desk<'_>,
) -> Result<(Vec<Accepted>, Exit), Failure> {
    let alone = submissions.len() == 1;
    let mut accepted = Vec::new();
    let mut exits = Vec::new();
    let mut unknown = false;
    for (submission, result) in submissions.iter().zip(submitted) {
        match result {
            Ok(one) => accepted.push(one),
            Err(failed) => {
                unknown |= matches!(failed, Failed::Unknown(_));
                let failure = failure(failed, submission, again);
                if alone {
                    return Err(failure);
                }
                exits.push(failure.exit);
                desk.say(&format!("to {}:", quoted(&submission.to)));
                desk.tell(&failure);
            }
        }
    }
    let exit = match exits.first() {
        None => Exit::Done,
        Some(_) if unknown => Exit::OutcomeUnknown,
        Some(_) if !accepted.is_empty() => Exit::PartlyDone,
        Some(first) if exits.iter().all(|exit| exit == first) => *first,
        Some(_) => Exit::Rejected,
    };
    Ok((accepted, exit))
}

fn failure(failed: Failed, submission: &Submission, again: &str) -> Failure {
    match failed {
        Failed::Unknown(why) => Failure::of(
            Reason::OutcomeUnknown,
            "the connection broke after the message was handed over; it may have been accepted",
        )
        .why(why)
        .fix(format!("run this; it does not send twice: {again}")),
        Failed::Refused(refusal) if refusal.exit() != Exit::NoQuorum => {
            Failure::from(*refusal).effect("Nothing was sent.")
        }
        failed @ (Failed::Refused(_) | Failed::Unreachable(_)) => Failure::from(failed).effect(format!(
            "Nothing was accepted. Repeating it with --key {} is safe.",
            shell(&submission.key)
        )),
    }
}

/// The very command that repeats this one under its key. It names the servers, wherever they came from: a variable or the
/// context in use may name another cluster by then, and that one does not know the key.
fn repetition(submissions: &[Submission], key: &str, client: &Client) -> String {
    let Some(first) = submissions.first() else { return String::new() };
    let mut words = vec!["smsctl".to_owned()];
    for server in client.servers() {
        words.extend(["--server".to_owned(), shell(server)]);
    }
    words.push("send".to_owned());
    words.extend(submissions.iter().map(|one| shell(&one.to)));
    // Attached, since a text may begin with a hyphen.
    words.push(format!("--message={}", shell(&first.text)));
    words.push(format!("--key={}", shell(key)));
    words.extend(first.report.then(|| "--report".to_owned()));
    words.extend(first.priority.map(|priority| format!("--priority={}", priority_word(priority))));
    words.extend((!first.modem.is_empty()).then(|| format!("--modem={}", shell(&first.modem))));
    words.extend(first.uncertain.map(|uncertain| format!("--uncertain={}", uncertain_word(uncertain))));
    words.extend(first.validity.map(|validity| format!("--validity={}", shell(&span(validity)))));
    words.extend(first.at.map(|at| format!("--at={}", view::rfc3339(at))));
    words.extend(first.flash.then(|| "--flash".to_owned()));
    words.extend((first.max_parts > 0).then(|| format!("--max-parts={}", first.max_parts)));
    words.extend(first.plain.then(|| "--plain".to_owned()));
    words.join(" ")
}

fn span(span: std::time::Duration) -> String {
    humantime::format_duration(span).to_string()
}

const fn priority_word(priority: Priority) -> &'static str {
    match priority {
        Priority::Bulk => "bulk",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Emergency => "emergency",
    }
}

const fn uncertain_word(uncertain: Uncertain) -> &'static str {
    match uncertain {
        Uncertain::Resend => "resend",
        Uncertain::Hold => "hold",
        Uncertain::Fail => "fail",
    }
}

/// A word as a shell reads it back.
fn shell(word: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "+-_.,:/@%=[]".contains(c);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.to_owned();
    }
    if !word.chars().any(char::is_control) {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    let escape = |c: char| match c {
        '\'' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("$'{}'", word.chars().map(escape).collect::<String>())
}

#[test]
fn a_word_is_quoted_as_a_shell_reads_it_back() {
    assert_eq!(shell("+4915112345678"), "+4915112345678");
    assert_eq!(shell("it's $HOME"), "'it'\\''s $HOME'");
    assert_eq!(shell("a\nb'"), "$'a\\nb\\''");
    assert_eq!(shell(""), "''");
}
