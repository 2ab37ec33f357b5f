//! The life of messages as it is watched: a line for each step, with the time since the start.

use smsgrid_proto::{Role, State};

use super::message::{joined, place};
use super::style::{Style, role};
use super::words::{age, count, tame};
use crate::view::{self, Moment, Step};

/// Lines of watched messages. An id stands in front of a line only where another message had the line before.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    /// Times are told since this moment.
    begun: Option<Moment>,
    /// The message of the line before.
    last: Option<String>,
}

/// Characters of the phrase in the middle of a line.
const PHRASE_WIDTH: usize = 48;

impl Progress {
    /// Watching begins.
    pub(crate) fn new(style: Style) -> Progress {
        Progress { style, begun: None, last: None }
    }

    /// The line of one step.
    pub(crate) fn step(&mut self, id: &str, step: &Step, parts: usize) -> String {
        let blank = " ".repeat(id.chars().count());
        let name = if self.last.as_deref() == Some(id) { blank } else { tame(id) };
        self.last = Some(id.to_owned());
        let word = format!("{:<11}", view::word(step.state));
        let state = self.style.paint(role(step.state), &word);
        let phrase = phrase(step, parts);
        format!("{name}  {state} {phrase:<PHRASE_WIDTH$} {}", self.since(step.time)).trim_end().to_owned()
    }

    /// The time since the first step.
    fn since(&mut self, time: Option<Moment>) -> String {
        let Some(time) = time else { return String::new() };
        let begun = *self.begun.get_or_insert(time);
        let span = time.signed_duration_since(begun).to_std().unwrap_or_default();
        format!("+{:.2} s", span.as_secs_f64())
    }

    /// The last sentence about a message.
    pub(crate) fn end(&self, id: &str, step: &Step) -> String {
        let took = step
            .time
            .zip(self.begun)
            .and_then(|(time, begun)| time.signed_duration_since(begun).to_std().ok());
        let within = took.map(|took| format!(" in {}", age(took))).unwrap_or_default();
        let id = tame(id);
        let (role, sentence) = match step.state {
            Some(State::Delivered) => (Role::Ok, format!("Delivered{within}.")),
            Some(State::Sent) => (Role::Ok, format!("Sent{within}.")),
            Some(State::Undelivered) => (Role::Bad, "It will not arrive.".to_owned()),
            Some(State::Failed) => {
                (Role::Bad, format!("Failed. Next: smsctl msg show {id}, smsctl dlq retry {id}"))
            }
            Some(State::Expired) => (Role::Warn, "Expired: it was not sent in time.".to_owned()),
            Some(State::Canceled) => (Role::Muted, "Canceled: it was not sent.".to_owned()),
            Some(State::Rejected) => (Role::Bad, "Rejected: it is not sent.".to_owned()),
            Some(State::Uncertain) => (
                Role::Uncertain,
                format!("It may or may not have been sent. Decide: smsctl uncertain show {id}"),
            ),
            Some(State::Scheduled | State::Queued | State::Claimed | State::Sending) | None => {
                (Role::Muted, format!("It goes on: smsctl msg watch {id}"))
            }
        };
        self.style.paint(role, &sentence)
    }
}

/// What a step says beside its word.
fn phrase(step: &Step, parts: usize) -> String {
    let place = place(&step.node, &step.modem);
    let why = tame(&step.why);
    if !place.is_empty() || !why.is_empty() {
        return joined(&place, &why);
    }
    match step.state {
        Some(State::Queued) => "accepted, on the disks of a majority".to_owned(),
        Some(State::Scheduled) => "accepted, not before its time".to_owned(),
        Some(State::Sending) => count(parts, "part"),
        Some(State::Delivered) => "handset report".to_owned(),
        Some(
            State::Claimed
            | State::Sent
            | State::Undelivered
            | State::Failed
            | State::Uncertain
            | State::Expired
            | State::Canceled
            | State::Rejected,
        )
        | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::fixed::{at, plain};
    use super::*;

    fn step(time: &str, state: State, modem: &str) -> Step {
        Step { time: at(time), state: Some(state), modem: modem.into(), ..Step::default() }
    }

    #[test]
    fn a_life_is_told_line_by_line_with_the_time_since_its_start() {
        let mut progress = Progress::new(plain());
        let lines = [
            progress.step("01HX7K2M9Q", &step("07:00:00.000", State::Queued, ""), 1),
            progress.step("01HX7K2M9Q", &step("07:00:00.030", State::Claimed, "GSM3"), 1),
            progress.step("01HX7K2M9Q", &step("07:00:02.410", State::Sent, "GSM3"), 1),
            progress.end("01HX7K2M9Q", &step("07:00:02.410", State::Sent, "GSM3")),
        ];

        assert_eq!(
            lines.join("\n"),
            "01HX7K2M9Q  queued      accepted, on the disks of a majority             +0.00 s\n\
             \x20           claimed     GSM3                                             +0.03 s\n\
             \x20           sent        GSM3                                             +2.41 s\n\
             Sent in 2.4 s."
        );
    }

    #[test]
    fn lines_of_two_messages_name_them() {
        let mut progress = Progress::new(plain());

        let first = progress.step("01A", &step("07:00:00", State::Queued, ""), 1);
        let second = progress.step("01B", &step("07:00:00", State::Queued, ""), 1);
        let third = progress.step("01A", &step("07:00:01", State::Failed, ""), 1);

        assert!(first.starts_with("01A ") && second.starts_with("01B ") && third.starts_with("01A "));
    }

    #[test]
    fn an_end_without_certainty_asks_for_the_decision() {
        let progress = Progress::new(plain());

        let end = progress.end("01A", &step("07:00:00", State::Uncertain, ""));

        assert_eq!(end, "It may or may not have been sent. Decide: smsctl uncertain show 01A");
    }
}
