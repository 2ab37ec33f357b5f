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
/// Commands that change nothing, without parameters.
const READING: &[&str] = &[
    "CBC", "CCID", "CEER", "CGMI", "CGMM", "CGMR", "CGSN", "CIMI", "CNUM", "CPAS", "CSQ", "GCAP", "GMI",
    "GMM", "GMR", "GSN", "ICCID", "SYSINFO",
];
/// The request to the network, which changes nothing in the dialogue.
const TO_NETWORK: &str = "CUSD=";
/// Extended commands after which the modem may have forgotten all that it was told.
const RESTARTING: &[&str] = &["CFUN", "RESET", "CRST", "IPR", "ICF", "CMUX"];
/// What an extended command begins with.
const EXTENDED: &[char] = &['+', '^', '$', '*', '%', '#', '_', '!'];

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

/// What a command line leaves of the settings a part is sent under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Leaves {
    /// All of them.
    Everything,
    /// Echo or the form of messages may be another.
    Doubt,
    /// The modem may have gone back to those of its factory.
    Nothing,
}

impl Leaves {
    /// An error too: what stands before the command that was refused was carried out.
    fn of(line: &str) -> Leaves {
        let capitals = line.to_ascii_uppercase();
        let commands = capitals.get("AT".len()..).unwrap_or_default().split(';');
        commands.map(|command| Leaves::of_command(command.trim())).max().unwrap_or(Leaves::Nothing)
    }

    fn of_command(command: &str) -> Leaves {
        let Some(extended) = command.strip_prefix(EXTENDED) else {
            return if command.is_empty() || command == "I" { Leaves::Everything } else { Leaves::Nothing };
        };
        let asked = extended.strip_suffix('?').map(|name| name.strip_suffix('=').unwrap_or(name));
        let is_query = asked.is_some_and(|name| name.bytes().all(|octet| octet.is_ascii_alphanumeric()));
        if is_query || READING.contains(&extended) || extended.starts_with(TO_NETWORK) {
            Leaves::Everything
        } else if RESTARTING.iter().any(|name| extended.contains(name)) {
            Leaves::Nothing
        } else {
            Leaves::Doubt
        }
    }
}

impl Dialogue for Ask {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Ask
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        let Input::Reply(reply) = input else {
            // It may select another memory.
            context.modem.selected = None;
            context.modem.is_questioned = true;
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
        context.modem.is_questioned = !is_over;
        let leaves = Leaves::of(&self.line);
        // A part under other settings would be sent as a text of hex digits to the number its length is.
        context.modem.configured &= leaves != Leaves::Nothing;
        // What is still to come of its answer must not become that of the next command.
        match is_over && leaves != Leaves::Doubt {
            true => Step::End,
            false => Step::Continue(Box::new(Recover::new(Duration::ZERO))),
        }
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

    #[test]
    fn only_what_is_known_to_read_leaves_the_settings_as_they_are() {
        for (leaves, lines) in [
            (
                Leaves::Everything,
                &["AT", "ATI", "at+csq", "AT+CMGF?", "AT+CMGF=?", "AT+CUSD=1,\"*100#\",15"][..],
            ),
            (Leaves::Everything, &["AT+CREG?;+COPS?"]),
            (
                Leaves::Doubt,
                &["AT+CMGF=1", "AT+CMGF=1;+CSQ?", "AT+CSQ;+CMGF=1", "AT+CPBW=1,\"a?", "AT^UNKNOWN"],
            ),
            (Leaves::Doubt, &["AT+CUSD=1;+CMGF=1"]),
            (Leaves::Nothing, &["ATZ", "at&f", "ATE1", "ATV0", "ATE0+CMGF=1", "AT+CSQ;Z", "AT+CFUN=1,1"]),
        ] {
            for line in lines {
                assert_eq!(Leaves::of(line), leaves, "{line}");
            }
        }
    }
}
