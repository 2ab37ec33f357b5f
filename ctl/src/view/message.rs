//! An outgoing message and what is known of it.

use serde_json::{Value, json};
use smsgrid_proto::State;

use super::json::{self, Moment};

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) state: Option<State>,
    /// How many parts it has.
    pub(crate) parts: u32,
    /// An earlier request under the same key made it.
    pub(crate) replayed: bool,
    /// A read that names it sees the message.
    pub(crate) revision: String,
    pub(crate) key: String,
}

/// A message. What a list leaves out is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) text: String,
    /// None for a state this program does not know.
    pub(crate) state: Option<State>,
    pub(crate) parts: Vec<Part>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) possible_duplicate: bool,
    pub(crate) waiting_for: Option<Waiting>,
    pub(crate) reason: String,
    /// Its history, oldest first.
    pub(crate) steps: Vec<Step>,
    pub(crate) revision: String,
    pub(crate) client: String,
    pub(crate) key: String,
    pub(crate) priority: &'static str,
    pub(crate) uncertain: &'static str,
    /// Whether a delivery report is asked for.
    pub(crate) report: bool,
    pub(crate) flash: bool,
    /// Only this modem may carry it.
    pub(crate) modem: String,
    pub(crate) alphabet: &'static str,
    pub(crate) accepted: Option<Moment>,
    pub(crate) changed: Option<Moment>,
    pub(crate) at: Option<Moment>,
    pub(crate) deadline: Option<Moment>,
    pub(crate) held: bool,
    pub(crate) dead_letter: bool,
    /// A voice call instead of an SMS.
    pub(crate) call: Option<Call>,
}

/// A voice call with tones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) tones: String,
    /// How often they are played.
    pub(crate) rounds: u32,
    /// How long an answer is waited for, when the call says so.
    pub(crate) wait_seconds: Option<u32>,
}

/// One part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) state: &'static str,
    /// TP-MR.
    pub(crate) message_reference: Option<u32>,
    pub(crate) modem: String,
    pub(crate) node: String,
    /// How the call ended.
    pub(crate) call_result: String,
}

/// One try to put one part on the air.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) attempt: u32,
    pub(crate) part: u32,
    pub(crate) node: String,
    pub(crate) modem: String,
    pub(crate) outcome: &'static str,
    pub(crate) cause: String,
    pub(crate) epoch: u64,
    pub(crate) started: Option<Moment>,
    pub(crate) ended: Option<Moment>,
    /// How the call ended.
    pub(crate) call_result: String,
}

/// One step in the life of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) time: Option<Moment>,
    pub(crate) state: Option<State>,
    pub(crate) node: String,
    pub(crate) modem: String,
    pub(crate) why: String,
}

/// What a waiting message waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// A stable word.
    pub(crate) what: &'static str,
    pub(crate) until: Option<Moment>,
    /// The same in words.
    pub(crate) text: String,
}

/// The word of a state, known or not.
pub(crate) fn word(state: Option<State>) -> &'static str {
    state.map_or("unknown", State::word)
}

impl Accepted {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "to": self.to, "state": word(self.state), "parts": self.parts, "replayed": self.replayed,
            "key": self.key, "revision": self.revision,
        })
    }
}

impl Message {
    pub(crate) fn state_word(&self) -> &'static str {
        word(self.state)
    }

    /// Whether nothing more is to come of it by itself: it ended, or it waits for a person.
    pub(crate) fn rests(&self) -> bool {
        let waits_for_a_person = self.uncertain == "hold";
        self.state.is_some_and(|state| match state {
            State::Scheduled | State::Queued | State::Claimed | State::Sending => false,
            State::Sent => !self.report,
            State::Uncertain => waits_for_a_person,
            State::Delivered
            | State::Undelivered
            | State::Failed
            | State::Expired
            | State::Canceled
            | State::Rejected => true,
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "to": self.to,
            "text": self.text,
            "state": self.state_word(),
            "parts": self.parts.iter().map(Part::json).collect::<Vec<_>>(),
            "attempts": self.attempts.iter().map(Attempt::json).collect::<Vec<_>>(),
            "possible_duplicate": self.possible_duplicate,
            "waiting_for": self.waiting_for.as_ref().map(Waiting::json),
            "reason": json::text(&self.reason),
            "events": self.steps.iter().map(Step::json).collect::<Vec<_>>(),
            "revision": self.revision,
            "client": json::text(&self.client),
            "key": json::text(&self.key),
            "priority": self.priority,
            "uncertain": self.uncertain,
            "report": self.report,
            "flash": self.flash,
            "modem": json::text(&self.modem),
            "alphabet": self.alphabet,
            "accepted": json::moment(self.accepted),
            "changed": json::moment(self.changed),
            "at": json::moment(self.at),
            "deadline": json::moment(self.deadline),
            "held": self.held,
            "dead_letter": self.dead_letter,
            "call": self.call.as_ref().map(Call::json),
        })
    }
}

impl Call {
    fn json(&self) -> Value {
        json!({ "tones": self.tones, "rounds": self.rounds, "wait_seconds": self.wait_seconds })
    }
}

impl Part {
    fn json(&self) -> Value {
        json!({
            "number": self.number,
            "state": self.state,
            "message_reference": self.message_reference,
            "modem": json::text(&self.modem),
            "node": json::text(&self.node),
            "call_result": json::text(&self.call_result),
        })
    }
}

impl Attempt {
    fn json(&self) -> Value {
        json!({
            "attempt": self.attempt,
            "part": self.part,
            "node": json::text(&self.node),
            "modem": json::text(&self.modem),
            "outcome": self.outcome,
            "cause": json::text(&self.cause),
            "epoch": self.epoch,
            "started": json::moment(self.started),
            "ended": json::moment(self.ended),
            "call_result": json::text(&self.call_result),
        })
    }
}

impl Step {
    /// The member of `events`.
    pub(crate) fn json(&self) -> Value {
        json!({
            "time": json::moment(self.time),
            "state": word(self.state),
            "node": json::text(&self.node),
            "modem": json::text(&self.modem),
            "why": json::text(&self.why),
        })
    }
}

impl Waiting {
    fn json(&self) -> Value {
        json!({ "what": self.what, "until": json::moment(self.until), "text": self.text })
    }
}

#[test]
fn a_message_rests_when_nothing_more_comes_by_itself() {
    let message = |state, report, uncertain| Message { state, report, uncertain, ..Message::default() };

    assert!(message(Some(State::Sent), false, "resend").rests());
    assert!(!message(Some(State::Sent), true, "resend").rests(), "a report is to come");
    assert!(message(Some(State::Delivered), true, "resend").rests());
    assert!(!message(Some(State::Uncertain), false, "resend").rests());
    assert!(message(Some(State::Uncertain), false, "hold").rests());
    assert!(!message(None, false, "resend").rests());
}
