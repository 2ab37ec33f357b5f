//! Commands, the bytes they are and the grammar of their answers.

use std::fmt;
use std::time::Duration;

use super::response::after_prefix;
use super::storage::Memory;
use super::trace::{shown_tones, told};
use super::{Expectation, Profile, Slot};

/// Ends the PDU and hands the part over.
const CTRL_Z: u8 = 0x1A;

/// One command line, or the PDU with its Ctrl-Z.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Command {
    line: String,
    kind: Kind,
    /// What its answer looks like before the final result.
    pub(super) grammar: Grammar,
    /// What ends its answer instead of a final result.
    pub(super) expects: Option<Expectation>,
    timeout: Timeout,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    /// Holds a PIN, or comes from a person who may have written anything into it.
    Secret,
    /// This many tones, which may be a PIN.
    Tones(usize),
    /// Characters of a PDU, ended with Ctrl-Z.
    Pdu,
    /// The same, and the line that comes back is looked at.
    VerifiedPdu,
}

/// The form of the lines between a command and its final result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    /// None; while the modem may still be in `ATV0` a number is a final result.
    Nothing {
        /// Whether numbers are final results.
        numeric: bool,
    },
    /// Lines that begin with this and a colon.
    Prefixed(String),
    /// `+CREG: n,stat` and its kin: the form with a quoted second field is unsolicited.
    Registration(&'static str),
    /// Lines without a prefix, or with this one.
    Words(String),
    /// Headers with this prefix, each followed by a PDU.
    Stored(&'static str),
    /// The prompt.
    Prompt,
    /// `+CMGS: n`.
    Reference,
    /// A word about the call, which ends it like a final result.
    Call,
    /// Whatever is said of the call: its time ends it.
    Unheard,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Timeout {
    Command,
    Prompt,
    Of(Duration),
}

impl Command {
    /// `AT`, answered at once by a modem that can answer.
    pub(super) fn attention() -> Command {
        Command::numeric("AT")
    }

    /// A command whose answer may still be a number.
    pub(super) fn numeric(line: &'static str) -> Command {
        let grammar = Grammar::Nothing { numeric: true };
        let timeout = Timeout::Of(Duration::from_secs(2));
        Command { line: line.to_owned(), kind: Kind::Open, grammar, expects: None, timeout }
    }

    /// A command answered by its final result alone.
    pub(super) fn set(line: impl Into<String>) -> Command {
        Command::open(line, Grammar::Nothing { numeric: false })
    }

    /// A command answered by lines with a prefix.
    pub(super) fn query(line: impl Into<String>, prefix: &str) -> Command {
        Command::open(line, Grammar::Prefixed(prefix.to_owned()))
    }

    /// `AT+CREG?` and its kin.
    pub(super) fn registration(line: &'static str, prefix: &'static str) -> Command {
        Command::open(line, Grammar::Registration(prefix))
    }

    /// A command answered by words, sometimes with the prefix of the command before them.
    pub(super) fn words(line: impl Into<String>) -> Command {
        let line = line.into();
        let prefix = prefix_of(&line).to_owned();
        Command::open(line, Grammar::Words(prefix))
    }

    /// Dials.
    pub(super) fn call(line: String) -> Command {
        Command::open(line, Grammar::Call)
    }

    /// Plays so many tones in a call.
    pub(super) fn tones(line: String, count: usize) -> Command {
        Command { kind: Kind::Tones(count), ..Command::call(line) }
    }

    /// Dials, and rings as long as its time.
    pub(super) fn ring(line: String) -> Command {
        Command::open(line, Grammar::Unheard)
    }

    /// Selects the memory to read from.
    pub(super) fn select(memory: Memory) -> Command {
        Command::query(format!("AT+CPMS=\"{memory}\""), "+CPMS").within(Duration::from_secs(30))
    }

    /// Every message of the selected memory.
    pub(super) fn list() -> Command {
        Command::open("AT+CMGL=4", Grammar::Stored("+CMGL")).within(Duration::from_secs(60))
    }

    /// The message in a slot of the selected memory.
    pub(super) fn read(slot: Slot) -> Command {
        Command::open(format!("AT+CMGR={}", slot.index), Grammar::Stored("+CMGR"))
    }

    /// Frees a slot of the selected memory.
    pub(super) fn delete(slot: Slot) -> Command {
        Command::set(format!("AT+CMGD={}", slot.index)).within(Duration::from_secs(30))
    }

    /// Announces a part and asks for the prompt.
    pub(super) fn announce(tpdu_length: u16) -> Command {
        let line = format!("AT+CMGS={tpdu_length}");
        Command { line, kind: Kind::Open, grammar: Grammar::Prompt, expects: None, timeout: Timeout::Prompt }
    }

    /// The last characters of a PDU, and Ctrl-Z.
    pub(super) fn hand_over(pdu_end: &str, result_timeout: Duration) -> Command {
        let timeout = Timeout::Of(result_timeout);
        Command {
            line: pdu_end.to_owned(),
            kind: Kind::Pdu,
            grammar: Grammar::Reference,
            expects: None,
            timeout,
        }
    }

    /// The same PDU, whose echo is looked at.
    pub(super) fn verified(mut self) -> Command {
        self.kind = Kind::VerifiedPdu;
        self
    }

    /// Whether nothing but its name is shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret | Kind::Tones(_))
    }

    /// Whether the line that comes back is looked at.
    pub(super) fn is_verified(&self) -> bool {
        self.kind == Kind::VerifiedPdu
    }

    /// The same command, not to be shown.
    pub(super) fn secret(mut self) -> Command {
        self.kind = Kind::Secret;
        self
    }

    /// The same command with another deadline.
    pub(super) fn within(mut self, timeout: Duration) -> Command {
        self.timeout = Timeout::Of(timeout);
        self
    }

    /// The same command whose answer has to hold something.
    pub(super) fn expecting(mut self, expects: Option<Expectation>) -> Command {
        self.expects = expects;
        self
    }

    /// How long its answer may take.
    pub(super) fn timeout(&self, profile: &Profile) -> Duration {
        match self.timeout {
            Timeout::Command => profile.command_timeout,
            Timeout::Prompt => profile.prompt_timeout,
            Timeout::Of(timeout) => timeout,
        }
    }

    /// The bytes, in pieces that are written one after the other; with the last one it is handed over. The
    /// line ends with CR alone: a line feed after it would be the first character of a PDU.
    pub(super) fn pieces(&self) -> Vec<Vec<u8>> {
        match self.kind {
            Kind::Open | Kind::Secret | Kind::Tones(_) => vec![format!("{}\r", self.line).into_bytes()],
            Kind::Pdu | Kind::VerifiedPdu => vec![self.line.clone().into_bytes(), vec![CTRL_Z]],
        }
    }

    /// Whether `line` is this command come back.
    pub(super) fn is_echoed_by(&self, line: &str) -> bool {
        line == self.line
    }

    /// Whether its answer, and nothing else, begins like `line`.
    pub(super) fn claims(&self, line: &str) -> bool {
        match &self.grammar {
            Grammar::Nothing { .. } | Grammar::Prompt | Grammar::Call | Grammar::Unheard => false,
            Grammar::Prefixed(prefix) | Grammar::Words(prefix) => after_prefix(line, prefix).is_some(),
            Grammar::Stored(prefix) => after_prefix(line, prefix).is_some(),
            Grammar::Registration(prefix) => after_prefix(line, prefix).is_some_and(is_registration_answer),
            Grammar::Reference => after_prefix(line, "+CMGS").is_some(),
        }
    }

    /// Whether a number is a final result of this command.
    pub(super) fn is_numeric(&self) -> bool {
        self.grammar == Grammar::Nothing { numeric: true }
    }

    /// Whether a restart of the modem ends it.
    pub(super) fn ends_on_restart(&self) -> bool {
        matches!(self.grammar, Grammar::Prompt | Grammar::Reference | Grammar::Call | Grammar::Unheard)
    }

    /// Whether the prompt ends it.
    pub(super) fn awaits_prompt(&self) -> bool {
        self.grammar == Grammar::Prompt
    }

    /// Whether it puts a part on the air, or a call through.
    pub(super) fn hands_over(&self) -> bool {
        matches!(self.grammar, Grammar::Reference | Grammar::Call | Grammar::Unheard)
    }

    /// Whether it is the end of a PDU.
    pub(super) fn is_pdu(&self) -> bool {
        matches!(self.kind, Kind::Pdu | Kind::VerifiedPdu)
    }

    /// Whether `+CMS ERROR` can be its final result; otherwise that line belongs to an earlier command.
    pub(super) fn may_end_with_cms(&self) -> bool {
        self.line.starts_with("AT+C") || self.is_pdu()
    }

    /// The line without the prefix of this command's answers.
    pub(super) fn without_prefix<'a>(&self, line: &'a str) -> &'a str {
        match &self.grammar {
            Grammar::Words(prefix) | Grammar::Prefixed(prefix) => after_prefix(line, prefix).unwrap_or(line),
            Grammar::Nothing { .. }
            | Grammar::Registration(_)
            | Grammar::Stored(_)
            | Grammar::Prompt
            | Grammar::Reference
            | Grammar::Call
            | Grammar::Unheard => line,
        }
    }

    /// What may be shown of it.
    pub(super) fn shown(&self) -> String {
        match self.kind {
            Kind::Open => self.line.clone(),
            Kind::Secret => match self.line.split_once('=') {
                Some((name, _)) => format!("{name}=****"),
                None => self.line.clone(),
            },
            Kind::Tones(count) => shown_tones(count),
            Kind::Pdu | Kind::VerifiedPdu => format!("<{} characters of PDU> <Ctrl-Z>", self.line.len()),
        }
    }

    /// What a person may be told of it.
    pub(super) fn told(&self) -> String {
        told(&self.shown())
    }

    fn open(line: impl Into<String>, grammar: Grammar) -> Command {
        Command { line: line.into(), kind: Kind::Open, grammar, expects: None, timeout: Timeout::Command }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The prefix of the answers to a command: `+CGMI` for `AT+CGMI`, `^SYSINFO` for `AT^SYSINFO`.
fn prefix_of(line: &str) -> &str {
    let name = line.get(2..).unwrap_or_default();
    let end = name.char_indices().skip(1).find(|(_, c)| !c.is_ascii_alphanumeric()).map(|(at, _)| at);
    name.get(..end.unwrap_or(name.len())).unwrap_or_default()
}

/// `n,stat...` answers; `stat` or `stat,"area","cell"` comes unasked.
fn is_registration_answer(text: &str) -> bool {
    text.split(',').nth(1).is_some_and(|field| field.trim().bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_with_carriage_return_alone_and_a_pdu_with_ctrl_z_of_its_own() {
        assert_eq!(Command::announce(27).pieces(), [b"AT+CMGS=27\r".to_vec()]);
        let pdu = Command::hand_over("00AB", Duration::from_secs(90));
        assert_eq!(pdu.pieces(), [b"00AB".to_vec(), vec![0x1A]]);
    }

    #[test]
    fn neither_a_pin_nor_a_pdu_is_shown() {
        let pin = Command::set("AT+CPIN=\"4711\"").secret();
        let pdu = Command::hand_over("00AB", Duration::from_secs(90));

        assert_eq!(format!("{pin:?}"), "AT+CPIN=****");
        assert_eq!(format!("{pdu:?}"), "<4 characters of PDU> <Ctrl-Z>");
    }

    #[test]
    fn tones_are_counted_and_not_shown() {
        let tones = Command::tones("AT+VTS=4;+VTS=7;+VTS=1;+VTS=1".to_owned(), 4);

        assert_eq!(format!("{tones:?}"), "AT+VTS=<4 tones>");
        assert_eq!(tones.told(), "AT+VTS=<4 tones>");
        assert_eq!(tones.pieces(), [b"AT+VTS=4;+VTS=7;+VTS=1;+VTS=1\r".to_vec()]);
    }

    #[test]
    fn a_registration_that_comes_unasked_is_not_taken_for_the_answer() {
        let ask = Command::registration("AT+CREG?", "+CREG");

        for answer in ["+CREG: 0,1", "+CREG: 2,1,\"00C3\",\"19AB\"", "+CREG: 000,001"] {
            assert!(ask.claims(answer), "{answer}");
        }
        for unasked in ["+CREG: 1", "+CREG: 1,\"00C3\",\"19AB\"", "+CEREG: 0,1"] {
            assert!(!ask.claims(unasked), "{unasked}");
        }
    }

    #[test]
    fn the_prefix_of_a_command_is_its_name() {
        assert_eq!(prefix_of("AT+CGMI"), "+CGMI");
        assert_eq!(prefix_of("AT+CUSD=1,\"*100#\",15"), "+CUSD");
        assert_eq!(prefix_of("AT^SYSINFO"), "^SYSINFO");
        assert_eq!(prefix_of("AT"), "");
    }
}
