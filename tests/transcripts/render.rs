//! What the engine does, in words.

use smsgrid::at::{Event, ModemFacts, SendEnd, Survey};
use smsgrid::model::{PartOutcome, Time};

pub(crate) fn seconds(at: Time) -> String {
    let ms = at.as_millis();
    match ms % 1000 {
        0 => format!("{}s", ms / 1000),
        rest => format!("{}.{rest:03}s", ms / 1000),
    }
}

pub(crate) fn written(octets: &[u8]) -> String {
    match octets {
        [0x1A] => ">> <Ctrl-Z>".to_owned(),
        [0x1B] => ">> <ESC>".to_owned(),
        [line @ .., b'\r'] => format!("> {}", String::from_utf8_lossy(line)),
        _ => format!(">> {}", String::from_utf8_lossy(octets)),
    }
}

pub(crate) fn event(event: &Event) -> Vec<String> {
    match event {
        Event::Initialised(facts) => initialised(facts),
        Event::Surveyed(survey) => vec![format!("Surveyed {}", surveyed(survey))],
        Event::SendEnded { attempt, end } => vec![format!("SendEnded {attempt} {}", send_end(end))],
        Event::LateAnswer { attempt, outcome } => vec![format!("LateAnswer {attempt} {}", sent(outcome))],
        Event::PduEchoed { attempt, echo } => vec![format!("PduEchoed {attempt} {echo:?}")],
        Event::PromptReached { attempt } => vec![format!("PromptReached {attempt}")],
        Event::Listed(listing) => {
            let count = |n: Option<u16>| n.map_or("?".to_owned(), |n| n.to_string());
            let (used, capacity) = (count(listing.used), count(listing.capacity));
            let complete = if listing.complete { "complete" } else { "incomplete" };
            let head = format!("Listed {} {used}/{capacity} {complete}", listing.memory);
            let messages = listing.messages.iter().map(|m| {
                let whole = if m.is_whole() { "" } else { " not whole" };
                format!("    {} status {}, {} octets{whole}: {}", m.slot, m.status, m.tpdu_length, m.pdu_hex)
            });
            std::iter::once(head).chain(messages).collect()
        }
        Event::Read { slot, message: None } => vec![format!("Read {slot} empty")],
        Event::Read { slot, message: Some(m) } => {
            vec![format!("Read {slot} status {}, {} octets: {}", m.status, m.tpdu_length, m.pdu_hex)]
        }
        Event::Deleted { slot } => vec![format!("Deleted {slot}")],
        Event::Unsolicited(urc) => vec![format!("{urc:?}")],
        Event::Traced(line) => vec![format!("trace {line}")],
        Event::InitialiseFailed(failure) => vec![format!("InitialiseFailed {failure:?}: {failure}")],
        Event::OwnRefused { command, cause } => {
            vec![format!(
                "OwnRefused {command:?} {}",
                cause.map_or("-".to_owned(), |cause| cause.to_string())
            )]
        }
        Event::Failed { procedure, failure } => vec![format!("{procedure:?} failed {failure:?}: {failure}")],
        Event::PinToBeTried { .. }
        | Event::PinAccepted
        | Event::Quiesced
        | Event::Answered { .. }
        | Event::ResetEnded(_)
        | Event::NeedsReopen
        | Event::NeedsPowerCycle => vec![format!("{event:?}")],
    }
}

fn send_end(end: &SendEnd) -> String {
    match end {
        SendEnd::Outcome(outcome) => sent(outcome),
        SendEnd::NotWritten { reason, cause } => match cause {
            Some(cause) => format!("NotWritten({reason:?}, {cause})"),
            None => format!("NotWritten({reason:?})"),
        },
        SendEnd::EarlierCopyAccepted => "EarlierCopyAccepted".to_owned(),
    }
}

fn sent(outcome: &PartOutcome) -> String {
    match outcome {
        PartOutcome::Sent { message_reference, service_centre_time } => match service_centre_time {
            Some(time) => format!("Sent({message_reference}, {} s)", time.as_unix_millis() / 1000),
            None => format!("Sent({message_reference})"),
        },
        PartOutcome::Refused(refusal) => format!("Refused({}, {:?})", refusal.cause, refusal.disposition),
        PartOutcome::Called(end) => format!("Called({end})"),
        PartOutcome::Uncertain(doubt) => format!("Uncertain({doubt:?})"),
    }
}

fn initialised(facts: &ModemFacts) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
    let memories: Vec<String> =
        facts.memories.iter().map(|m| format!("{} {}/{}", m.memory, m.used, m.capacity)).collect();
    vec![
        format!("Initialised imei {} imsi {}", facts.identity.imei, facts.identity.imsi),
        format!(
            "    {} {} {}, driver {}, PIN used: {}",
            text(&facts.manufacturer),
            text(&facts.model),
            text(&facts.revision),
            facts.driver,
            facts.pin_used
        ),
        format!(
            "    service centre {}, memories {}, announcements {}",
            text(&facts.service_centre),
            memories.join(", "),
            text(&facts.indications)
        ),
        format!("    {}", surveyed(&facts.survey)),
    ]
}

fn surveyed(survey: &Survey) -> String {
    let number = |n: Option<i16>| n.map_or("-".to_owned(), |n| n.to_string());
    let signal = survey.signal;
    let cell = survey.cell.as_ref().map(|(area, cell)| format!(" in {area}/{cell}")).unwrap_or_default();
    format!(
        "{:?}{cell}, {} dBm, bit errors {}, operator {}, SMS service {}",
        survey.registration,
        number(signal.dbm()),
        number(signal.ber.map(i16::from)),
        survey.operator.as_deref().unwrap_or("-"),
        number(survey.sms_service.map(i16::from))
    )
}
