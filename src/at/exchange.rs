//! One command and the lines that answer it.

use std::time::Duration;

use crate::model::Time;

use super::command::{Command, Grammar};
use super::response::{FinalResult, is_hex};

/// Lines kept of one answer; a full device memory lists in fewer.
const LINES_MAX: usize = 2048;
/// Lines kept of one that is looked at as a whole with each line.
const EXPECTED_LINES_MAX: usize = 64;
/// What ends a call, or the attempt at one, like a final result (TS 27.007, ITU-T V.250).
const CALL_WORDS: &[&str] = &["BUSY", "NO ANSWER", "NO CARRIER", "DELAYED", "NO DIALTONE", "NO DIAL TONE"];
/// How long `OK` may follow `+CMGS: n`: the part is sent, whatever comes.
const TRAILING_RESULT_TIMEOUT: Duration = Duration::from_secs(2);

/// A command in flight. Lines are its answer only once its bytes were taken to be written.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) command: Command,
    /// When it ends unanswered. Lines never move it later.
    pub(super) deadline: Time,
    /// Whether its first characters were on their way before its last.
    pub(super) has_begun: bool,
    /// Whether its last byte was taken.
    pub(super) handed_over: bool,
    lines: Vec<String>,
    /// What came back of a PDU.
    echo: Option<String>,
    pdu_expected: bool,
}

/// How an exchange ended, and what was read before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) end: End,
    pub(super) lines: Vec<String>,
    /// What came back of a PDU whose echo is looked at.
    pub(super) echo: Option<String>,
    /// Whether its lines hold what was expected of them.
    pub(super) is_fulfilled: bool,
    /// Whether the last byte of the command was taken; if not, none of its answers was its own.
    pub(super) handed_over: bool,
    /// Whether the modem may hold a part of the command.
    pub(super) has_begun: bool,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a final result.
    Result(FinalResult),
    /// With a final result in numbers: the modem is in `ATV0`.
    Numeric(FinalResult),
    /// With the prompt.
    Prompt,
    /// Not at all, until its deadline.
    Silent,
    /// The modem restarted or lost power.
    Restarted,
    /// The port failed.
    PortLost,
}

/// What an exchange did with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offered {
    Taken,
    Ended(End),
    Refused,
}

impl Exchange {
    pub(super) fn new(command: Command, deadline: Time) -> Exchange {
        Exchange {
            command,
            deadline,
            has_begun: false,
            handed_over: false,
            lines: Vec::new(),
            echo: None,
            pdu_expected: false,
        }
    }

    /// Takes a line that only its answer can begin with.
    pub(super) fn claim(&mut self, line: &str, now: Time) -> bool {
        if !self.handed_over || !self.command.claims(line) {
            return false;
        }
        self.pdu_expected = matches!(self.command.grammar, Grammar::Stored(_));
        if self.command.grammar == Grammar::Reference {
            self.deadline = self.deadline.min(now + TRAILING_RESULT_TIMEOUT);
        }
        self.keep(line);
        true
    }

    /// Takes any other line, unsolicited ones having been taken out before.
    pub(super) fn offer(&mut self, line: &str) -> Offered {
        if !self.handed_over {
            return Offered::Refused;
        }
        match self.end_of(line) {
            Some(end @ End::Result(FinalResult::Error(_))) => return Offered::Ended(end),
            Some(_) | None if self.command.expects.is_some() => return self.offer_expected(line),
            Some(end) => return Offered::Ended(end),
            None => {}
        }
        if self.command.grammar == Grammar::Unheard
            && (FinalResult::parse(line).is_some() || CALL_WORDS.contains(&line))
        {
            return Offered::Taken;
        }
        if self.command.grammar == Grammar::Call && CALL_WORDS.contains(&line) {
            self.keep(line);
            return Offered::Ended(End::Result(FinalResult::Error(None)));
        }
        if self.command.is_verified() && self.echo.is_none() {
            self.echo = Some(line.to_owned());
            return Offered::Taken;
        }
        if self.command.is_echoed_by(line) || line.starts_with("AT+") {
            return Offered::Taken;
        }
        if self.pdu_expected && is_hex(line) {
            self.pdu_expected = false;
            self.keep(line);
            return Offered::Taken;
        }
        if matches!(self.command.grammar, Grammar::Words(_)) {
            self.keep(line);
            return Offered::Taken;
        }
        Offered::Refused
    }

    /// Takes a line of an answer that has to hold something; a final result alone does not end it.
    fn offer_expected(&mut self, line: &str) -> Offered {
        if !self.command.is_echoed_by(line) {
            self.keep(line);
        }
        if self.is_fulfilled() { Offered::Ended(End::Result(FinalResult::Ok)) } else { Offered::Taken }
    }

    /// Whether its lines hold what they have to.
    pub(super) fn is_fulfilled(&self) -> bool {
        self.command.expects.as_ref().is_some_and(|expected| expected.is_met_by(&self.lines))
    }

    /// Whether no character of it can be at the modem.
    pub(super) fn is_unwritten(&self) -> bool {
        !self.has_begun && !self.handed_over
    }

    /// Ends the exchange.
    pub(super) fn reply(self, end: End) -> Reply {
        let (has_begun, is_fulfilled) = (!self.is_unwritten(), self.is_fulfilled());
        let Exchange { lines, echo, handed_over, .. } = self;
        Reply { end, lines, echo, is_fulfilled, handed_over, has_begun }
    }

    fn end_of(&self, line: &str) -> Option<End> {
        if self.command.is_numeric()
            && let Some(result) = FinalResult::parse_numeric(line)
        {
            return Some(End::Numeric(result));
        }
        let result = FinalResult::parse(line).filter(|_| self.command.grammar != Grammar::Unheard)?;
        let foreign = line.starts_with("+CMS ERROR") && !self.command.may_end_with_cms();
        (!foreign).then_some(End::Result(result))
    }

    fn keep(&mut self, line: &str) {
        let max = if self.command.expects.is_some() { EXPECTED_LINES_MAX } else { LINES_MAX };
        if self.lines.len() < max {
            self.lines.push(line.to_owned());
        }
    }
}

impl Reply {
    /// Whether the command was accepted.
    pub(super) fn is_ok(&self) -> bool {
        match self.end {
            End::Result(FinalResult::Ok) | End::Numeric(FinalResult::Ok) => true,
            End::Result(FinalResult::Error(_))
            | End::Numeric(FinalResult::Error(_))
            | End::Prompt
            | End::Silent
            | End::Restarted
            | End::PortLost => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cause;

    #[test]
    fn a_line_from_before_the_command_was_written_is_not_its_answer() {
        let mut exchange = Exchange::new(Command::set("AT+CMGF=0"), Time::ZERO);

        assert_eq!(exchange.offer("OK"), Offered::Refused);
        exchange.handed_over = true;
        assert_eq!(exchange.offer("OK"), Offered::Ended(End::Result(FinalResult::Ok)));
    }

    #[test]
    fn a_network_cause_is_not_the_answer_to_attention() {
        let mut exchange = handed_over(Command::attention());

        assert_eq!(exchange.offer("+CMS ERROR: 38"), Offered::Refused);
        assert_eq!(exchange.offer("ERROR"), Offered::Ended(End::Result(FinalResult::Error(None))));
    }

    #[test]
    fn only_one_pdu_follows_a_header() {
        let mut exchange = handed_over(Command::list());

        assert_eq!(exchange.offer("00AB"), Offered::Refused);
        assert!(exchange.claim("+CMGL: 1,0,,1", Time::ZERO));
        assert_eq!(exchange.offer("00AB"), Offered::Taken);
        assert_eq!(exchange.offer("00CD"), Offered::Refused);
        let reply = exchange.reply(End::Result(FinalResult::Ok));
        assert_eq!(reply.lines, ["+CMGL: 1,0,,1", "00AB"]);
    }

    #[test]
    fn the_reference_shortens_the_wait_and_nothing_lengthens_it() {
        let mut exchange = handed_over(Command::hand_over("00AB", Duration::from_secs(90)));
        exchange.deadline = Time::from_millis(90_000);

        assert!(exchange.claim("+CMGS: 7", Time::from_millis(5000)));
        assert_eq!(exchange.deadline, Time::from_millis(7000));
        assert!(exchange.claim("+CMGS: 7", Time::from_millis(6900)));
        assert_eq!(exchange.deadline, Time::from_millis(7000));
        let refused = Offered::Ended(End::Result(FinalResult::Error(Some(Cause::Cms(500)))));
        assert_eq!(exchange.offer("+CMS ERROR: 500"), refused);
    }

    #[test]
    fn an_answer_that_has_to_hold_something_goes_on_until_it_does_or_is_an_error() {
        let question = crate::at::Question::read("[DONE]AT+X").expect("a command");
        let asked = || handed_over(Command::words("AT+X").expecting(question.expects().cloned()));
        let (mut met, mut refused) = (asked(), asked());

        for line in ["AT+X", "+X: 1", "OK"] {
            assert_eq!(met.offer(line), Offered::Taken, "{line}");
        }
        assert_eq!(met.offer("ALL DONE"), Offered::Ended(End::Result(FinalResult::Ok)));
        let reply = met.reply(End::Result(FinalResult::Ok));
        assert_eq!(
            (reply.is_fulfilled, reply.lines),
            (true, ["+X: 1", "OK", "ALL DONE"].map(str::to_owned).into())
        );
        assert_eq!(refused.offer("ERROR"), Offered::Ended(End::Result(FinalResult::Error(None))));
        for _ in 0..2 * EXPECTED_LINES_MAX {
            refused.offer("noise");
        }
        assert_eq!(refused.reply(End::Silent).lines.len(), EXPECTED_LINES_MAX);
    }

    #[test]
    fn an_endless_answer_is_bounded() {
        let mut exchange = handed_over(Command::words("AT+CGMI"));

        for _ in 0..2 * LINES_MAX {
            assert_eq!(exchange.offer("noise"), Offered::Taken);
        }
        assert_eq!(exchange.reply(End::Silent).lines.len(), LINES_MAX);
    }

    fn handed_over(command: Command) -> Exchange {
        let mut exchange = Exchange::new(command, Time::ZERO);
        exchange.handed_over = true;
        exchange
    }
}
