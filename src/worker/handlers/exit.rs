//! How a program ended, and what that means.

use std::fmt;
use std::time::Duration;

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was ended after this time, with everything it had started.
    TimedOut(Duration),
    /// It could not be started: why.
    NotStarted(String),
}

/// What a code of the check handler means that has no meaning, and what it means that it did not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The file is sent, as with smsd.
    Accept,
    /// The file is refused.
    Reject,
}

/// What becomes of a file that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent.
    Accepted,
    /// It is filed as failed.
    Rejected {
        /// `Fail_reason:`
        reason: String,
    },
    /// The handler has taken it over; what is left of it is removed.
    Spooled,
}

impl Exit {
    /// Whether the program did what it should.
    pub fn is_success(&self) -> bool {
        *self == Exit::Code(0)
    }

    /// What the exit of the check handler means.
    pub fn verdict(&self, otherwise: Otherwise) -> Verdict {
        match (self, otherwise) {
            (Exit::Code(0), _) => Verdict::Accepted,
            (Exit::Code(1), _) => Verdict::Rejected { reason: "Rejected by checkhandler".to_owned() },
            (Exit::Code(2), _) => Verdict::Spooled,
            (
                Exit::Code(_) | Exit::Signal(_) | Exit::TimedOut(_) | Exit::NotStarted(_),
                Otherwise::Accept,
            ) => Verdict::Accepted,
            (
                Exit::Code(_) | Exit::Signal(_) | Exit::TimedOut(_) | Exit::NotStarted(_),
                Otherwise::Reject,
            ) => Verdict::Rejected { reason: format!("Not accepted: the checkhandler {self}") },
        }
    }

    /// Whether a check handler that ended like this said nothing about its file.
    pub fn is_no_verdict(&self) -> bool {
        !matches!(self, Exit::Code(0..=2))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "returned {code}"),
            Exit::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Exit::TimedOut(limit) => write!(f, "did not end within {} s and was ended", limit.as_secs_f64()),
            Exit::NotStarted(why) => write!(f, "cannot be started: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_a_check_are_those_of_smsd() {
        for otherwise in [Otherwise::Accept, Otherwise::Reject] {
            let reason = "Rejected by checkhandler".to_owned();
            assert_eq!(Exit::Code(0).verdict(otherwise), Verdict::Accepted);
            assert_eq!(Exit::Code(1).verdict(otherwise), Verdict::Rejected { reason });
            assert_eq!(Exit::Code(2).verdict(otherwise), Verdict::Spooled);
        }
    }

    #[test]
    fn an_exit_that_says_nothing_counts_as_was_chosen() {
        let silent = [
            (Exit::Code(3), "Not accepted: the checkhandler returned 3"),
            (Exit::Code(127), "Not accepted: the checkhandler returned 127"),
            (Exit::Signal(9), "Not accepted: the checkhandler was ended by signal 9"),
            (
                Exit::TimedOut(Duration::from_millis(1500)),
                "Not accepted: the checkhandler did not end within 1.5 s and was ended",
            ),
            (
                Exit::NotStarted("no such file".to_owned()),
                "Not accepted: the checkhandler cannot be started: no such file",
            ),
        ];
        for (exit, reason) in silent {
            assert!(exit.is_no_verdict());
            assert_eq!(exit.verdict(Otherwise::Accept), Verdict::Accepted);
            assert_eq!(exit.verdict(Otherwise::Reject), Verdict::Rejected { reason: reason.to_owned() });
        }
        assert!(!Exit::Code(2).is_no_verdict());
    }
}
