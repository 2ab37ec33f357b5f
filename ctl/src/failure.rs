//! Why a command did not end as asked, told the same way whatever it was: what happened, why, the way out.

use std::fmt;
use std::io::{self, Write};

use smsgrid_proto::{Exit, Problem, Reason};

use crate::render::tame;

/// Why a command did not end as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    text: Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    /// Everything was said already, or there is nobody left to say it to.
    Nothing,
    /// The parser's own words.
    Usage(String),
    Told(Box<Told>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    title: String,
    why: Option<String>,
    fix: Option<String>,
    effect: Option<String>,
    /// The word of the catalogue.
    word: Option<String>,
}

impl Failure {
    /// The failure that `title` tells, ending with `exit`.
    pub(crate) fn new(exit: Exit, title: impl Into<String>) -> Failure {
        let told = Told { title: title.into(), why: None, fix: None, effect: None, word: None };
        Failure { exit, text: Text::Told(Box::new(told)) }
    }

    /// A word, an option or a value that cannot be understood.
    pub(crate) fn wrong(title: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, title)
    }

    /// A command line that cannot be understood, in the words of its parser.
    pub(crate) fn usage(error: &clap::Error) -> Failure {
        Failure { exit: Exit::Usage, text: Text::Usage(error.to_string()) }
    }

    /// An end about which everything was said.
    pub(crate) fn silent(exit: Exit) -> Failure {
        Failure { exit, text: Text::Nothing }
    }

    /// One of the catalogue.
    pub(crate) fn of(reason: Reason, title: impl Into<String>) -> Failure {
        Failure::new(reason.exit(), title).word(reason.word()).fix(reason.fix())
    }

    #[must_use]
    pub(crate) fn why(self, why: impl Into<String>) -> Failure {
        self.with(|told| told.why = some(why.into()))
    }

    #[must_use]
    pub(crate) fn fix(self, fix: impl Into<String>) -> Failure {
        self.with(|told| told.fix = some(fix.into()))
    }

    #[must_use]
    pub(crate) fn effect(self, effect: impl Into<String>) -> Failure {
        self.with(|told| told.effect = some(effect.into()))
    }

    #[must_use]
    pub(crate) fn word(self, word: impl Into<String>) -> Failure {
        self.with(|told| told.word = some(word.into()))
    }

    fn with(mut self, change: impl FnOnce(&mut Told)) -> Failure {
        if let Text::Told(told) = &mut self.text {
            change(told);
        }
        self
    }

    /// Says it, and gives the exit.
    pub(crate) fn tell(&self, talk: &mut dyn Write) -> Exit {
        let text = self.to_string();
        if !text.is_empty() {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(talk, "{text}");
        }
        self.exit
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Text::Nothing => Ok(()),
            Text::Usage(text) => f.write_str(text.trim_end()),
            Text::Told(told) => {
                write!(f, "{told}")?;
                match &told.word {
                    Some(word) if word.parse::<Reason>().is_ok() => {
                        write!(f, "\n  exit {}, smsctl errors {word}", self.exit.code())
                    }
                    Some(_) | None => write!(f, "\n  exit {}", self.exit.code()),
                }
            }
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", tame(&self.title))?;
        if let Some(word) = &self.word {
            write!(f, " [{}]", tame(word))?;
        }
        for (name, text) in [("why", &self.why), ("fix", &self.fix)] {
            if let Some(text) = text {
                write!(f, "\n  {name}: {}", tame(text))?;
            }
        }
        match &self.effect {
            Some(effect) => write!(f, "\n  {}", tame(effect)),
            None => Ok(()),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let fix = problem.fix.unwrap_or_else(|| problem.reason.fix().to_owned());
        Failure::of(problem.reason, problem.title)
            .why(problem.why.unwrap_or_default())
            .fix(fix)
            .effect(problem.effect.unwrap_or_default())
    }
}

impl From<io::Error> for Failure {
    /// A reader that has seen enough, as in `smsctl errors | head`, is no failure.
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::silent(Exit::Done);
        }
        Failure::new(Exit::Unexpected, format!("cannot write the answer: {error}"))
    }
}

#[test]
fn a_failure_says_what_why_the_way_out_and_its_exit() {
    let failure = Failure::of(Reason::BadNumber, "'0151' is no number").why("it is a national number");

    assert_eq!(
        failure.to_string(),
        format!(
            "error: '0151' is no number [BAD_NUMBER]\n  why: it is a national number\n  fix: {}\n  exit 7, smsctl errors BAD_NUMBER",
            Reason::BadNumber.fix()
        )
    );
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal() {
    let failure = Failure::new(Exit::Rejected, "no\u{1b}[2J").why("\r").word("ODD");

    assert_eq!(failure.to_string(), "error: no\\u{1b}[2J [ODD]\n  why: \\r\n  exit 7");
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));

    assert_eq!((failure.exit, failure.to_string()), (Exit::Done, String::new()));
}
