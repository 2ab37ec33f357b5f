//! One command of the host's own.

use std::time::Duration;

use crate::at::command::Command;
use crate::at::exchange::End;
use crate::at::response::FinalResult;
use crate::at::{AnswerEnd, Event, Expectation, Failure, ProcedureKind};

use super::{Context, Dialogue, Input, Recover, Step, failed};

/// Longest command line written, in octets.
const LINE_OCTETS_MAX: usize = 512;
/// Commands that put a message on the air; those go through `SendPart` alone.
const SENDING: &[&str] = &["+CMGS", "+CMSS", "+CMGC"];
/// Commands whose parameters are secret.
const SECRET: &[&str] = &["+CPIN", "+CPWD", "+CLCK", "^CPIN"];

#[derive(Debug)]
pub(super) struct Ask {
    line: String,
    expects: Option<Expectation>,
    patience: Duration,
}

impl Ask {
    pub(super) fn new(line: String, expects: Option<Expectation>, patience: Duration) -> Ask {
        Ask { line, expects, patience }
    }
}

/// Whether the line is one command line and sends no message.
pub(crate) fn is_askable(line: &str) -> bool {
    let capitals = line.to_ascii_uppercase();
    line.len() <= LINE_OCTETS_MAX
        && capitals.starts_with("AT")
        && line.bytes().all(|b| (0x20..0x7F).contains(&b))
        && !SENDING.iter().any(|command| capitals.contains(command))
}

impl Dialogue for Ask {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Ask
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let Input::Reply(reply) = input else {
            // It may select another memory.
            context.modem.selected = None;
            let command =
                Command::words(self.line.clone()).within(self.patience).expecting(self.expects.take());
            let capitals = self.line.to_ascii_uppercase();
            let secret = SECRET.iter().any(|command| capitals.contains(command));
            return Step::Ask(if secret { command.secret() } else { command });
        };
        let end = match reply.end {
            End::Result(_) | End::Numeric(_) if reply.is_fulfilled => AnswerEnd::Expected,
            End::Result(result) | End::Numeric(result) => AnswerEnd::Result(result),
            End::Prompt => AnswerEnd::Result(FinalResult::Error(None)),
            End::Silent => AnswerEnd::Silence,
            End::Restarted | End::PortLost => return failed(ProcedureKind::Ask, Failure::Silent, context),
        };
        let is_over = match end {
            AnswerEnd::Result(_) => true,
            AnswerEnd::Expected => reply.lines.iter().any(|line| FinalResult::parse(line).is_some()),
            AnswerEnd::Silence => false,
        };
        context.events.push_back(Event::Answered { lines: reply.lines, end });
        // What is still to come of its answer must not become that of the next command.
        if is_over { Step::End } else { Step::Continue(Box::new(Recover::new(Duration::ZERO))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_could_carry_a_second_command_or_a_message_is_refused() {
        assert!(is_askable("AT+CUSD=1,\"*100#\",15"));
        for line in ["AT\rAT+CMGS=1", "AT\x1a", "AT+cmgs=27", "AT+CMSS=1", "hello", "", "AT\u{e9}"] {
            assert!(!is_askable(line), "{line:?}");
        }
        assert!(!is_askable(&format!("AT{}", "A".repeat(600))));
    }
}
