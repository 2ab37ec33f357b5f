//! Voice calls: dialling, how the one who is called takes it, tones, and hanging up (TS 27.007, V.250).
//!
//! ```text
//!            ATD…;          delay: answers            +CHUP, ATH
//!  no call ────────▶ rings ───────────────▶ active ─────────────▶ no call: one entry in the ledger
//!                      └─ busy, no answer, no carrier, hangs up ──────▶
//! ```

use serde::{Deserialize, Serialize};

use crate::model::{Time, is_tone};

use super::answer::{Answer, Fault, information};
use super::ledger::Entry;
use super::line::{Argument, Command, Operation};
use super::modem::{Event, Modem};
use super::schedule::Task;

/// Most digits of a number that is dialled.
const NUMBER_DIGITS_MAX: usize = 20;
/// Most rounds of tones the ledger keeps of one call.
const ROUNDS_MAX: usize = 256;
/// Operation not allowed: a tone without a call, a call beside another.
const NOT_ALLOWED: Fault = Fault::Cme(3);

/// How the one who is called takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// Answers, and stays until we hang up.
    Answers,
    /// Answers, and hangs up after the first tones.
    Leaves,
    /// The line is busy.
    Busy,
    /// The network gives up.
    NoAnswer,
    /// There is no connection.
    NoCarrier,
    /// Lets it ring for ever.
    Rings,
}

/// A call in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEntry {
    /// Whether it was answered.
    pub answered: bool,
    /// The tones that were heard, a text for each command line.
    pub tones: Vec<String>,
    /// Who ended it: `us`, `callee`, `network` or `power`.
    pub ended_by: String,
}

/// A call under way.
#[derive(Clone, Debug)]
pub(super) struct Line {
    number: String,
    answered: bool,
    tones: Vec<String>,
    /// The answer to the dialling is still owed.
    awaited: bool,
}

impl Callee {
    /// The final result of a call that is not answered.
    const fn word(self) -> Option<&'static str> {
        match self {
            Callee::Busy => Some("BUSY"),
            Callee::NoAnswer => Some("NO ANSWER"),
            Callee::NoCarrier => Some("NO CARRIER"),
            Callee::Answers | Callee::Leaves | Callee::Rings => None,
        }
    }
}

impl Modem {
    /// `ATD…;`: whether the number can be dialled now. What follows is [`Modem::ring`].
    pub(super) fn dial(&mut self, command: &Command) -> Result<(), Fault> {
        let Operation::Set(arguments) = &command.operation else { return Err(Fault::Plain) };
        let number = arguments.first().map(|argument| argument.text.clone()).unwrap_or_default();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let is_number = (1..=NUMBER_DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(is_tone);
        if !is_number || self.call.is_some() || !self.registration().is_registered() {
            return Err(NOT_ALLOWED);
        }
        self.call = Some(Line { number, answered: false, tones: Vec::new(), awaited: true });
        Ok(())
    }

    /// The number was dialled: it rings, and the answer waits for the callee unless the modem answers at once.
    pub(super) fn ring(&mut self, now: Time) {
        let wait = self.random.wait(self.personality.ringing);
        if self.personality.dials_at_once {
            self.call.iter_mut().for_each(|call| call.awaited = false);
            self.finish(&Answer::default(), Ok(()));
        }
        if self.personality.callee != Callee::Rings {
            self.after(wait, Task::Callee, now);
        }
    }

    /// The callee does what it does.
    pub(super) fn callee_acts(&mut self, now: Time) {
        let Some(call) = &mut self.call else { return };
        let awaited = std::mem::replace(&mut call.awaited, false);
        match self.personality.callee.word() {
            None if call.answered => self.end_call("callee", "NO CARRIER", now),
            None => {
                call.answered = true;
                if awaited {
                    self.finish(&Answer::default(), Ok(()));
                }
            }
            Some(word) if awaited => {
                self.note_call("network", now);
                self.give(information(word, self.settings.wording));
            }
            Some(word) => self.end_call("network", word, now),
        }
    }

    /// Whether the answer to the dialling is owed: a command gives the call up then (V.250 section 5.6.1).
    pub(super) fn is_dialling(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.awaited)
    }

    /// Gives up a call that is being dialled.
    pub(super) fn give_up_dialling(&mut self, now: Time) {
        self.schedule.cancel(&Task::Callee);
        self.note_call("us", now);
        self.write(&information("NO CARRIER", self.settings.wording));
    }

    pub(super) fn call_command(
        &mut self,
        command: &Command,
        answer: &mut Answer,
        now: Time,
    ) -> Result<(), Fault> {
        match (command.name.as_str(), &command.operation) {
            ("+VTS", Operation::Set(tones)) => self.play(tones, now),
            ("+VTS", Operation::Test) => {
                answer.line("+VTS: (0-9,*,#)");
                Ok(())
            }
            ("+CHUP" | "H", Operation::Execute) => self.hang_up(now),
            ("H", Operation::Set(argument)) if argument.iter().all(|a| a.number() == Some(0)) => {
                self.hang_up(now)
            }
            ("+CPAS", Operation::Execute) => {
                let status = self.call.as_ref().map_or(0, |call| if call.answered { 4 } else { 3 });
                answer.line(format!("+CPAS: {status}"));
                Ok(())
            }
            ("+CLCC", Operation::Execute) => {
                answer.0.extend(self.call.as_ref().map(Line::listed));
                Ok(())
            }
            _ => Err(Fault::PARAMETERS),
        }
    }

    /// Tones are the keys of a telephone, each by itself, and are heard in an answered call only.
    fn play(&mut self, tones: &[Argument], now: Time) -> Result<(), Fault> {
        let is_key = |tone: &Argument| tone.text.len() == 1 && tone.text.bytes().all(is_tone);
        if tones.is_empty() || !tones.iter().all(is_key) {
            return Err(Fault::PARAMETERS);
        }
        let heard: String = tones.iter().map(|tone| tone.text.as_str()).collect();
        let Some(call) = self.call.as_mut().filter(|call| call.answered) else { return Err(NOT_ALLOWED) };
        if call.tones.len() < ROUNDS_MAX {
            call.tones.push(heard);
        }
        if self.personality.callee == Callee::Leaves {
            let wait = self.random.wait(self.personality.ringing);
            self.schedule.cancel(&Task::Callee);
            self.schedule.add(now + wait, Task::Callee);
        }
        Ok(())
    }

    fn hang_up(&mut self, now: Time) -> Result<(), Fault> {
        self.schedule.cancel(&Task::Callee);
        self.note_call("us", now);
        Ok(())
    }

    fn end_call(&mut self, who: &str, word: &str, now: Time) {
        self.note_call(who, now);
        self.unsolicited(word);
    }

    /// The call is over: it stands in the ledger.
    pub(super) fn note_call(&mut self, who: &str, now: Time) {
        let Some(Line { number, answered, tones, awaited: _ }) = self.call.take() else { return };
        let Some(card) = &self.card else { return };
        let call = CallEntry { answered, tones, ended_by: who.to_owned() };
        let entry =
            Entry::of_call(self.calendar(now), self.imei.as_str(), card.imsi().as_str(), &number, call);
        self.event(Event::Ledger(entry));
    }
}

impl Line {
    /// State 0 is active, 3 alerting; 145 is the type of an international number.
    fn listed(&self) -> String {
        let state = if self.answered { 0 } else { 3 };
        let kind = if self.number.starts_with('+') { 145 } else { 129 };
        format!("+CLCC: 1,0,{state},0,0,\"{}\",{kind}", self.number)
    }
}
