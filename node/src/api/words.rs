//! The words of the core as the numbers of the wire, and back.

use smsgrid::model::{self, MessageState, UncertainPolicy};
use smsgrid::queue::{AttemptState, Failing, Failure, StateCause, Verdict, WaitingFor};
use smsgrid_proto::v1;

use super::refusal::Refusal;
use super::request::{known, timestamp};

/// The state of a message.
pub(super) const fn state(state: MessageState) -> v1::MessageState {
    match state {
        MessageState::Scheduled => v1::MessageState::Scheduled,
        MessageState::Queued => v1::MessageState::Queued,
        MessageState::Claimed => v1::MessageState::Claimed,
        MessageState::Sending => v1::MessageState::Sending,
        MessageState::Sent => v1::MessageState::Sent,
        MessageState::Delivered => v1::MessageState::Delivered,
        MessageState::Undelivered => v1::MessageState::Undelivered,
        MessageState::Failed => v1::MessageState::Failed,
        MessageState::Uncertain => v1::MessageState::Uncertain,
        MessageState::Expired => v1::MessageState::Expired,
        MessageState::Canceled => v1::MessageState::Canceled,
        MessageState::Rejected => v1::MessageState::Rejected,
    }
}

/// The states a request filters by.
pub(super) fn states(numbers: &[i32]) -> Result<Vec<MessageState>, Refusal> {
    let read = |(index, number): (usize, &i32)| {
        let field = format!("states[{index}]");
        let word = known::<v1::MessageState>(*number, &field)?;
        let found = MessageState::ALL.into_iter().find(|known| state(*known) == word);
        found.ok_or_else(|| Refusal::field(field, "names no state"))
    };
    numbers.iter().enumerate().map(read).collect()
}

/// Where a part stands.
pub(super) const fn part_state(state: AttemptState) -> v1::PartState {
    match state {
        AttemptState::None => v1::PartState::Waiting,
        AttemptState::InFlight => v1::PartState::Sending,
        AttemptState::Uncertain => v1::PartState::Uncertain,
        AttemptState::Released => v1::PartState::Released,
        AttemptState::Sent => v1::PartState::Sent,
        AttemptState::NotAired => v1::PartState::NotSent,
    }
}

/// What became of an attempt.
pub(super) const fn outcome(state: AttemptState) -> v1::Outcome {
    match state {
        AttemptState::None => v1::Outcome::Unspecified,
        AttemptState::InFlight => v1::Outcome::InFlight,
        AttemptState::Uncertain => v1::Outcome::Uncertain,
        AttemptState::Released => v1::Outcome::Released,
        AttemptState::Sent => v1::Outcome::Sent,
        AttemptState::NotAired => v1::Outcome::NotSent,
    }
}

/// How urgent a message is.
pub(super) const fn priority(priority: model::Priority) -> v1::Priority {
    match priority {
        model::Priority::Bulk => v1::Priority::Bulk,
        model::Priority::Normal => v1::Priority::Normal,
        model::Priority::High => v1::Priority::High,
        model::Priority::Emergency => v1::Priority::Emergency,
    }
}

/// What becomes of a message in doubt.
pub(super) const fn uncertain(policy: UncertainPolicy) -> v1::UncertainPolicy {
    match policy {
        UncertainPolicy::Resend => v1::UncertainPolicy::Resend,
        UncertainPolicy::Hold => v1::UncertainPolicy::Hold,
        UncertainPolicy::Fail => v1::UncertainPolicy::Fail,
    }
}

/// The alphabet a message is written in.
pub(super) const fn alphabet(alphabet: model::Alphabet) -> v1::Alphabet {
    match alphabet {
        model::Alphabet::Gsm7 { .. } => v1::Alphabet::Gsm7,
        model::Alphabet::Ucs2 => v1::Alphabet::Ucs2,
        model::Alphabet::Data8 => v1::Alphabet::Data8,
    }
}

/// What a person said.
pub(super) const fn verdict(verdict: Verdict) -> v1::Verdict {
    match verdict {
        Verdict::Sent => v1::Verdict::Sent,
        Verdict::NotSent => v1::Verdict::NotSent,
    }
}

/// What a message waits for.
pub(super) fn waiting_for(waiting: &WaitingFor) -> v1::WaitingFor {
    let (what, until, text) = match waiting {
        WaitingFor::Schedule(until) => (v1::Waiting::Schedule, Some(*until), "its time".to_owned()),
        WaitingFor::Retry(until) => (v1::Waiting::Retry, Some(*until), "the next try".to_owned()),
        WaitingFor::Person => (v1::Waiting::Release, None, "somebody to release it".to_owned()),
        WaitingFor::Verdict => (v1::Waiting::Verdict, None, "somebody to say whether it was sent".to_owned()),
        WaitingFor::Evidence(until) => {
            (v1::Waiting::Evidence, Some(*until), "evidence of whether it was sent".to_owned())
        }
        WaitingFor::Sim(imsi) => {
            (v1::Waiting::Sim, None, format!("the SIM it has started on, {}", tail(imsi.as_str())))
        }
        WaitingFor::OtherModem(until) => {
            (v1::Waiting::OtherModem, Some(*until), "another modem than the one that was at fault".to_owned())
        }
        WaitingFor::Modem => (v1::Waiting::Modem, None, "a modem to be free".to_owned()),
        WaitingFor::Route => (v1::Waiting::Route, None, "a modem that may carry it".to_owned()),
    };
    v1::WaitingFor { what: what.into(), until: until.map(timestamp), text }
}

/// Why a message is in its state, or moved to it.
pub(super) fn reason(cause: &StateCause) -> String {
    let words = match cause {
        StateCause::Failed(failure) => return failed(failure),
        StateCause::Rejected(rejection) => return rejection.to_string(),
        StateCause::Attempt(failing) => return failing_words(failing),
        StateCause::ModemGone => "its modem or node was lost before anything was sent",
        StateCause::Deadline => "its time was over before it was sent",
        StateCause::Resend => "no evidence came; it is sent again and may arrive twice",
        StateCause::Evidence => "evidence of what became of it came late",
        StateCause::Resolved(Verdict::Sent) => "somebody said that it was sent",
        StateCause::Resolved(Verdict::NotSent) => "somebody said that it was not sent",
        StateCause::Canceled => "it was withdrawn",
        StateCause::Held => "somebody holds it",
        StateCause::Retried => "somebody had it sent again",
    };
    words.to_owned()
}

/// Why an attempt is not known to be sent.
pub(super) fn failing_words(failing: &Failing) -> String {
    match failing {
        Failing::Refused(refusal) => format!("{}, {}", refusal.cause, refusal.disposition),
        Failing::NotWritten(reason) => reason.to_string(),
        Failing::Doubt(doubt) => doubt.to_string(),
    }
}

/// A number of people or of a SIM, its last four digits only.
pub(super) fn tail(digits: &str) -> String {
    let shown = digits.len().saturating_sub(4);
    format!("…{}", digits.get(shown..).unwrap_or_default())
}

fn failed(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => format!("refused for good: {}", refusal.cause),
        Failure::AttemptsUsed(refusal) => format!("the last try was refused: {}", refusal.cause),
        Failure::Poison => "a modem went wrong each time it was sent".to_owned(),
        Failure::Partial => "some parts were sent, the others were not".to_owned(),
        Failure::Uncertain => "nobody knows whether it was sent".to_owned(),
    }
}
