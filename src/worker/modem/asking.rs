//! A command of the operator's, asked between two messages.
//!
//! ```text
//! Waiting ──set up, registered, lease, nothing under way──▶ Asked ──answer, or its time is over──▶ Given
//!    └── its time is over, or the modem is left ──▶ NotAsked    └── port lost ──▶ Lost
//! ```
//!
//! It never comes between the parts of a message, nor in a pause between them. While it waits an outcome fetches no next
//! message, and a claim that is there goes first when a command was asked after the message before: neither keeps the other
//! away.

use std::time::Duration;

use super::{Context, Effect, Link, ModemWorker};
use crate::at::{AnswerEnd, Procedure, ProcedureKind, Question};
use crate::model::{MessageId, Time};
use crate::queue::Registration;

/// How long a request to the network may take, in times of another command.
const NETWORK_FACTOR: u32 = 3;
/// How long a port that is not kept open stays open after an answer: another command may follow.
const LINGER: Duration = Duration::from_secs(2);

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The modem answered, or its time was over.
    Given {
        /// The lines before the end.
        lines: Vec<String>,
        /// What ended it.
        end: AnswerEnd,
    },
    /// It was asked, and the port was lost: nobody knows what the modem did.
    Lost,
    /// Nothing of it was written: the modem could not be asked in time, or is another node's.
    NotAsked,
}

/// A question, and until when it may be asked.
#[derive(Debug)]
struct Waiting {
    question: Question,
    until: Time,
}

/// The question of now, and what is left of those before.
#[derive(Debug, Default)]
pub(super) struct Asking {
    waiting: Option<Waiting>,
    /// It was given to the engine.
    is_asked: bool,
    /// A question was asked since the last part ended.
    had_turn: bool,
    /// The message of the last part, when others of it are to be sent: a pause gives its claim back meanwhile.
    unfinished: Option<MessageId>,
    /// Until when the port stays open.
    lingers_until: Time,
}

impl Asking {
    /// Whether a question waits to be asked.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// A message had its turn, or has it until its other parts are sent.
    pub(super) fn take_turn(&mut self, unfinished: Option<MessageId>) {
        self.had_turn = false;
        self.unfinished = unfinished;
    }

    /// Whether another question may follow soon.
    pub(super) fn lingers(&self, now: Time) -> bool {
        self.is_waiting() || self.lingers_until > now
    }

    /// When something of it is due, of what was not yet.
    pub(super) fn due(&self, seen: Time) -> Option<Time> {
        let until = self.waiting.as_ref().map(|waiting| waiting.until);
        [until, Some(self.lingers_until)].into_iter().flatten().filter(|due| *due > seen).min()
    }
}

impl ModemWorker {
    /// Ask the modem this between two messages, before `until`. Answered by one [`Effect::Answer`]; the next question
    /// comes after it.
    pub fn handle_question(&mut self, question: Question, until: Time, context: &Context<'_>) {
        if self.asking.is_waiting() || self.asking.is_asked {
            self.effects.push_back(Effect::Answer(Answer::NotAsked));
            return;
        }
        self.asking.waiting = Some(Waiting { question, until });
        self.proceed(context);
    }

    /// Asks the question that waits, if it is its turn. Whether it did.
    pub(super) fn ask(&mut self, registration: &Registration, context: &Context<'_>) -> bool {
        let is_turn = registration.claim.is_none() || !self.asking.had_turn;
        if !is_turn
            || self.is_between_parts(registration, context)
            || !context.lease.permits_writing(context.now)
        {
            return false;
        }
        let Some(Waiting { question, .. }) = self.asking.waiting.take() else { return false };
        self.asking.had_turn = true;
        self.asking.is_asked = true;
        let factor = if question.is_to_network() { NETWORK_FACTOR } else { 1 };
        let (line, expects) = (question.line().to_owned(), question.expects().cloned());
        let patience = self.settings.profile.command_timeout.saturating_mul(factor);
        self.start(Procedure::Ask { line, expects, patience }, context);
        if !self.engine.is_running(ProcedureKind::Ask) {
            self.answer(Answer::NotAsked);
        }
        true
    }

    /// Whether the next part of a message that was begun is to come: its claim is here, or comes as soon as a pause is
    /// over. What another modem has taken, or nothing but a person can end, keeps no question away.
    fn is_between_parts(&self, registration: &Registration, context: &Context<'_>) -> bool {
        let record = self.asking.unfinished.and_then(|message| context.queue.message(message));
        let misses =
            record.is_some_and(|record| !record.state().is_final() && record.missing_part().is_some());
        let pauses = self.allowance.is_resting(context.now) || self.takes_work(context);
        misses && (registration.claim.is_some() || (!registration.armed && pauses))
    }

    /// The modem answered.
    pub(super) fn answered(&mut self, lines: Vec<String>, end: AnswerEnd, now: Time) {
        self.asking.lingers_until = now + LINGER;
        // It made the modem forget its settings: what is claimed waits until it is set up again.
        self.is_waking |= self.registered.is_some() && !self.engine.is_configured();
        self.answer(Answer::Given { lines, end });
    }

    /// Whoever asks is not left waiting for what does not come any more.
    pub(super) fn settle_question(&mut self, now: Time) {
        if self.asking.is_asked && self.link != Link::Open {
            self.answer(Answer::Lost);
        }
        let is_over = |waiting: &mut Waiting| waiting.until <= now;
        let is_leaving = self.is_leaving();
        if self.asking.waiting.take_if(|waiting| is_leaving || is_over(waiting)).is_some() {
            self.effects.push_back(Effect::Answer(Answer::NotAsked));
        }
    }

    /// Ends the question that was asked.
    pub(super) fn answer(&mut self, answer: Answer) {
        if std::mem::take(&mut self.asking.is_asked) {
            self.effects.push_back(Effect::Answer(answer));
        }
    }
}
