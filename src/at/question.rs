//! A command of the operator's that is asked between messages, and what its answer has to hold.
//!
//! ```text
//! AT+CSQ                       until the final result
//! [\+CREG: [0-9],[15]]AT+CREG? until the answer holds what the regular expression says
//! AT+CUSD=1,"*100#",15         until the network has answered
//! ```

use regex::bytes::{Regex, RegexBuilder};

use super::dialogue::is_askable;
use super::trace::without_secret;

/// Begins a request to the network whose answer follows the final result.
const TO_NETWORK: &str = "AT+CUSD";
/// What is longer than this asks for something.
const TO_NETWORK_MIN: usize = 9;
/// A whole answer of the network: with every quotation mark that was opened closed again, over several lines too.
const OF_NETWORK: &str = r#"\+CUSD:[^"]*("[^"]*"[^"]*)*$"#;
/// Most octets a regular expression may become.
const EXPECTATION_OCTETS_MAX: usize = 1 << 20;

/// A command and what ends its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    written: String,
    line: String,
    expects: Option<Expectation>,
    is_to_network: bool,
}

/// What an answer has to hold: an extended regular expression.
#[derive(Clone, Debug)]
pub struct Expectation(Regex);

/// Why a text is no question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// It is no command that may be asked.
    #[error("a command is AT and printable ASCII, one line, and sends no message")]
    Unaskable,
    /// What stands before the command cannot be read.
    #[error("what stands in its brackets is no regular expression: {0}")]
    Expectation(String),
}

impl Question {
    /// Reads `COMMAND` or `[REGEX]COMMAND`.
    pub fn read(text: &str) -> Result<Question, QuestionError> {
        let written = text.trim();
        let (expects, line) = match divided(written) {
            Some((pattern, line)) => (Some(Expectation::new(pattern)?), line.trim()),
            None => (None, written),
        };
        if !is_askable(line) {
            return Err(QuestionError::Unaskable);
        }
        let begins = line.get(..TO_NETWORK.len()).is_some_and(|name| name.eq_ignore_ascii_case(TO_NETWORK));
        let is_to_network = begins && line.len() > TO_NETWORK_MIN;
        let expects = match expects {
            None if is_to_network => Some(Expectation::new(OF_NETWORK)?),
            expects => expects,
        };
        Ok(Question { written: written.to_owned(), line: line.to_owned(), expects, is_to_network })
    }

    /// The command line.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// What its answer has to hold; none when any answer will do.
    pub fn expects(&self) -> Option<&Expectation> {
        self.expects.as_ref()
    }

    /// Whether the network has to answer too.
    pub fn is_to_network(&self) -> bool {
        self.is_to_network
    }

    /// It as the operator wrote it, without parameters that are secret.
    pub fn shown(&self) -> String {
        without_secret(&self.written).unwrap_or_else(|| self.written.clone())
    }
}

impl Expectation {
    fn new(pattern: &str) -> Result<Expectation, QuestionError> {
        let regex = RegexBuilder::new(pattern)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(EXPECTATION_OCTETS_MAX)
            .build();
        let told = |error: regex::Error| error.to_string().lines().last().unwrap_or_default().to_owned();
        regex.map(Expectation).map_err(|error| QuestionError::Expectation(told(error)))
    }

    /// Whether these lines hold it.
    pub(super) fn is_met_by(&self, lines: &[String]) -> bool {
        self.0.is_match(lines.join("\n").as_bytes())
    }
}

impl PartialEq for Expectation {
    fn eq(&self, other: &Expectation) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Expectation {}

/// What stands in the brackets, which may hold others, and the command behind them.
fn divided(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    let ends = inside.match_indices(']').map(|(at, _)| at);
    let begins_command = |at: &usize| {
        let rest = inside.get(at + 1..).unwrap_or_default().trim_start();
        rest.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("AT"))
    };
    let end = ends.into_iter().find(begins_command)?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_met(text: &str, lines: &[&str]) -> bool {
        let question = Question::read(text).expect("a question");
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        question.expects().expect("an expectation").is_met_by(&lines)
    }

    #[test]
    fn an_expectation_stands_in_brackets_before_its_command() {
        let plain = Question::read("  AT+CSQ ").expect("a command");
        assert_eq!((plain.line(), plain.expects()), ("AT+CSQ", None));
        let bracketed = Question::read("[[0-9]+,(1|5)]AT+CREG?").expect("a command");
        assert_eq!(bracketed.line(), "AT+CREG?");
        assert_eq!(bracketed.shown(), "[[0-9]+,(1|5)]AT+CREG?");

        assert!(is_met("[[0-9]+,(1|5)]AT+CREG?", &["+CREG: 0,5"]));
        assert!(!is_met("[[0-9]+,(1|5)]AT+CREG?", &["+CREG: 0,2", "OK"]));
        assert!(is_met("[^one.two$]AT+X", &["one", "two"]), "a point stands for the end of a line too");
    }

    #[test]
    fn a_request_to_the_network_is_answered_when_its_text_is_whole() {
        const USSD: &str = "AT+CUSD=1,\"*100#\",15";
        assert!(Question::read(USSD).expect("a command").is_to_network());
        assert!(!is_met(USSD, &["OK"]));
        assert!(!is_met(USSD, &["OK", "+CUSD: 0,\"Balance"]));
        assert!(is_met(USSD, &["OK", "+CUSD: 0,\"Balance", "5 EUR\",15"]));
        assert!(is_met(USSD, &["+CUSD: 4"]));
        assert_eq!(Question::read("AT+CUSD=1").expect("a command").expects(), None);
    }

    #[test]
    fn what_could_do_more_than_ask_is_refused_and_no_secret_is_shown() {
        for text in ["", "hello", "[OK]", "[OK]hello", "AT+CMGS=27", "[>]AT+CMGS=27", "AT\u{e4}", "AT\rATD1;"]
        {
            assert_eq!(Question::read(text), Err(QuestionError::Unaskable), "{text:?}");
        }
        assert!(matches!(Question::read("[(]AT"), Err(QuestionError::Expectation(_))));
        let pin = Question::read("[READY]AT+CPIN=\"4711\"").expect("a command");
        assert_eq!((pin.line(), pin.shown().as_str()), ("AT+CPIN=\"4711\"", "[READY]AT+CPIN=****"));
    }
}
