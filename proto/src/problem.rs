//! One problem, told the same way by every program: what happened, why, the way out, the consequence.

use std::fmt;

use crate::Reason;

/// What went wrong, for a person and for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stable word.
    pub reason: Reason,
    /// What happened, with the object, in one line.
    pub title: String,
    /// The cause or the evidence.
    pub why: Option<String>,
    /// A command or a setting; the catalogue's own when none is better.
    pub fix: Option<String>,
    /// What follows from it, when that matters.
    pub effect: Option<String>,
}

impl Problem {
    /// The problem that `title` names, with the way out of the catalogue.
    pub fn new(reason: Reason, title: impl Into<String>) -> Problem {
        Problem { reason, title: title.into(), why: None, fix: None, effect: None }
    }

    /// Adds the cause or the evidence.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Problem {
        self.why = Some(why.into());
        self
    }

    /// Puts a better way out in the place of the catalogue's.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Problem {
        self.fix = Some(fix.into());
        self
    }

    /// Adds what follows from it.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Problem {
        self.effect = Some(effect.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.title, self.reason)?;
        if let Some(why) = &self.why {
            write!(f, "\n  why: {why}")?;
        }
        write!(f, "\n  fix: {}", self.fix.as_deref().unwrap_or(self.reason.fix()))?;
        match &self.effect {
            Some(effect) => write!(f, "\n  {effect}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

#[test]
fn a_problem_says_what_why_and_the_way_out() {
    let problem = Problem::new(Reason::PortBusy, "/dev/ttyUSB0 is in use")
        .why("ModemManager (pid 812) has it")
        .effect("GSM1 did not start.");

    let lines: Vec<String> = problem.to_string().lines().map(str::to_owned).collect();

    assert_eq!(lines[0], "/dev/ttyUSB0 is in use [PORT_BUSY]");
    assert_eq!(lines[1], "  why: ModemManager (pid 812) has it");
    assert_eq!(lines[2], format!("  fix: {}", Reason::PortBusy.fix()));
    assert_eq!(lines[3], "  GSM1 did not start.");
    assert!(problem.fix("stop it").to_string().contains("\n  fix: stop it\n"));
}
