//! A record as clients see it.

use smsgrid::model::{Address, Call, MessageClass, MessageState, Origin, TypeOfNumber};
use smsgrid::queue::{AttemptRecord, Claim, PartView, Record, WaitingFor};
use smsgrid::text::{self, DataCoding};
use smsgrid_proto::v1;

use super::names::Names;
use super::request::timestamp;
use super::words;

/// How much of a record an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything.
    Whole,
    /// Without attempts and history: for lists.
    Line,
}

/// The message of a record. `waiting` is what the queue says it waits for.
pub(super) fn message(
    record: &Record,
    waiting: Option<&WaitingFor>,
    names: &Names,
    detail: Detail,
) -> v1::Message {
    let content = &record.content;
    let user_data = || content.parts.iter().map(|part| &part.user_data);
    let is_whole = detail == Detail::Whole;
    let spool = match &record.origin {
        Origin::Api => String::new(),
        Origin::Spool { node, intake } => format!("{node}:{intake}"),
    };
    v1::Message {
        id: record.id.to_string(),
        to: to(&content.destination),
        text: text::join(user_data()).unwrap_or_default(),
        state: words::state(record.state()).into(),
        parts: record.parts().map(|view| part(&view, names)).collect(),
        attempts: if is_whole { attempts(record, names) } else { Vec::new() },
        possible_duplicate: record.possible_duplicate,
        waiting_for: waiting.map(words::waiting_for),
        reason: record.cause().map(|cause| words::reason(&cause)).unwrap_or_default(),
        events: if is_whole { history(record, names) } else { Vec::new() },
        revision: String::new(),
        client: record.client.to_string(),
        key: record.key.as_ref().map(|key| key.as_str().to_owned()).unwrap_or_default(),
        priority: words::priority(record.priority).into(),
        uncertain: words::uncertain(record.uncertain).into(),
        report: content.options.status_report,
        flash: user_data().any(is_flash),
        modem: record.route.modem.as_ref().map(ToString::to_string).unwrap_or_default(),
        tags: record.route.tags.iter().map(ToString::to_string).collect(),
        alphabet: words::alphabet(content.alphabet).into(),
        accepted: Some(timestamp(record.accepted)),
        changed: Some(timestamp(record.changed)),
        at: record.is_scheduled().then(|| timestamp(record.not_before())),
        deadline: record.deadline.map(timestamp),
        held: record.held,
        dead_letter: record.state() == MessageState::Failed && !record.discarded,
        spool,
        call: content.call.as_deref().map(call),
    }
}

fn call(call: &Call) -> v1::Call {
    v1::Call {
        tones: call.tones.clone(),
        rounds: u32::from(call.rounds),
        wait_seconds: call.wait_seconds.map(u32::from),
    }
}

/// A number as people write it.
pub(super) fn to(address: &Address) -> String {
    let plus = if address.type_of_number() == TypeOfNumber::International { "+" } else { "" };
    format!("{plus}{}", address.reveal())
}

fn is_flash(user_data: &smsgrid::model::UserData) -> bool {
    DataCoding(user_data.data_coding).class() == Some(MessageClass::Class0)
}

fn part(view: &PartView<'_>, names: &Names) -> v1::Part {
    let (claim, attempt) = view.attempt.unzip();
    v1::Part {
        number: u32::from(view.number.0),
        state: words::part_state(view.state).into(),
        message_reference: attempt.and_then(|attempt| attempt.message_reference).map(u32::from),
        modem: claim.map(|claim| claim.modem.to_string()).unwrap_or_default(),
        node: claim.map(|claim| names.name(claim.node)).unwrap_or_default(),
        call_result: attempt.and_then(|attempt| attempt.call).map(|end| end.to_string()).unwrap_or_default(),
    }
}

fn attempts(record: &Record, names: &Names) -> Vec<v1::Attempt> {
    let made = record.claims().iter().flat_map(|claim| claim.attempts.iter().map(move |made| (claim, made)));
    (1..).zip(made).map(|(number, (claim, made))| attempt(number, claim, made, names)).collect()
}

fn attempt(number: u32, claim: &Claim, made: &AttemptRecord, names: &Names) -> v1::Attempt {
    v1::Attempt {
        attempt: number,
        node: names.name(claim.node),
        modem: claim.modem.to_string(),
        outcome: words::outcome(made.state).into(),
        cause: made.failing.as_ref().map(words::failing_words).unwrap_or_default(),
        part: u32::from(made.part.0),
        epoch: claim.epoch.0,
        started: Some(timestamp(made.started)),
        ended: made.ended.map(timestamp),
        message_reference: made.message_reference.map(u32::from),
        call_result: made.call.map(|end| end.to_string()).unwrap_or_default(),
    }
}

fn history(record: &Record, names: &Names) -> Vec<v1::HistoryEvent> {
    let steps = record.history().into_iter();
    steps
        .map(|step| v1::HistoryEvent {
            time: Some(timestamp(step.at)),
            state: words::state(step.state).into(),
            node: step.node.map(|node| names.name(node)).unwrap_or_default(),
            modem: step.modem.map(|modem| modem.to_string()).unwrap_or_default(),
            why: step.why.as_ref().map(words::reason).unwrap_or_default(),
        })
        .collect()
}
