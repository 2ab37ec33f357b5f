//! What a failed call means: was it looked at, was nothing done, or can nobody say.

use smsgrid_proto::{Exit, Reason, v1};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::server::cause;
use crate::failure::Failure;

/// What a server said no with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The word of the catalogue; empty when it gave none.
    pub(crate) word: String,
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) fix: String,
    /// The field of the request at fault.
    pub(crate) field: String,
    exit: Option<Exit>,
    /// Where a watch that ended goes on.
    pub(super) revision: Option<String>,
}

/// What a failed call means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The server looked at it and said no; so would every other.
    Refused(Box<Refusal>),
    /// Certainly nothing was done; another server, or this one later, may do it.
    Elsewhere(Box<Refusal>),
    /// It may have been done.
    Doubt(String),
}

/// Words that mean: not here, or not now.
const ELSEWHERE: [&str; 6] =
    ["NO_QUORUM", "LEADER_CHANGING", "OVERLOADED", "BEHIND", "NODE_STOPPING", "WATCH_ENDED"];

/// Reads a failed call.
pub(super) fn meaning(status: &Status) -> Meaning {
    let refusal = Refusal::of(status);
    match refusal.reason() {
        Some(Reason::OutcomeUnknown) => Meaning::Doubt(refusal.title),
        _ if refusal.is_elsewhere() => Meaning::Elsewhere(refusal.into()),
        Some(_) => Meaning::Refused(refusal.into()),
        None => meaning_of_code(status, refusal),
    }
}

/// A failure without a word that is known: a server of another version, something between, or a broken connection.
fn meaning_of_code(status: &Status, refusal: Refusal) -> Meaning {
    match status.code() {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => Meaning::Refused(refusal.into()),
        Code::ResourceExhausted => Meaning::Elsewhere(refusal.into()),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Meaning::Doubt(broken(status)),
    }
}

/// How a connection broke.
fn broken(status: &Status) -> String {
    let source = std::error::Error::source(status).map(cause);
    source.unwrap_or_else(|| status.message().to_owned())
}

impl Refusal {
    fn of(status: &Status) -> Refusal {
        let info = status.get_details_error_info();
        let told = |name: &str| info.as_ref().and_then(|info| info.metadata.get(name)).cloned();
        let help = status.get_details_help().and_then(|help| help.links.into_iter().next());
        let violation =
            status.get_details_bad_request().and_then(|bad| bad.field_violations.into_iter().next());
        let (field, description) =
            violation.map(|violation| (violation.field, violation.description)).unwrap_or_default();
        Refusal {
            word: info.as_ref().map(|info| info.reason.clone()).unwrap_or_default(),
            title: if status.message().is_empty() {
                description.clone()
            } else {
                status.message().to_owned()
            },
            why: told("why").unwrap_or(if description == status.message() {
                String::new()
            } else {
                description
            }),
            fix: told("fix").or(help.map(|help| help.description)).unwrap_or_default(),
            field,
            exit: Some(exit_of_code(status.code())),
            revision: told("revision"),
        }
    }

    /// The problem of one item of a batch.
    pub(super) fn of_problem(problem: v1::Problem) -> Refusal {
        Refusal {
            word: problem.reason,
            title: problem.title,
            why: problem.why,
            fix: problem.fix,
            field: problem.field,
            exit: Some(exit_of_code(Code::from_i32(problem.code))),
            revision: None,
        }
    }

    /// Its reason, when this program knows the word.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.word.parse().ok()
    }

    /// What it means for one item of a batch.
    pub(super) fn into_meaning(self) -> Meaning {
        match self.reason() {
            Some(Reason::OutcomeUnknown) => Meaning::Doubt(self.title),
            _ if self.is_elsewhere() => Meaning::Elsewhere(self.into()),
            Some(_) | None => Meaning::Refused(self.into()),
        }
    }

    /// Whether it means: not here, or not now.
    pub(super) fn is_elsewhere(&self) -> bool {
        ELSEWHERE.contains(&self.word.as_str())
    }

    /// How a command ends that fails with it.
    pub(crate) fn exit(&self) -> Exit {
        self.reason().map(Reason::exit).or(self.exit).unwrap_or(Exit::Unexpected)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let fix = match refusal.reason() {
            Some(reason) if refusal.fix.is_empty() => reason.fix().to_owned(),
            Some(_) | None => refusal.fix.clone(),
        };
        Failure::new(refusal.exit(), refusal.title).word(refusal.word).why(refusal.why).fix(fix)
    }
}

/// How a command ends that fails with a code, where no known word says it better.
fn exit_of_code(code: Code) -> Exit {
    match code {
        Code::NotFound => Exit::NotFound,
        Code::PermissionDenied | Code::Unauthenticated => Exit::NotAllowed,
        Code::InvalidArgument | Code::AlreadyExists | Code::OutOfRange | Code::FailedPrecondition => {
            Exit::Rejected
        }
        Code::Unavailable | Code::ResourceExhausted => Exit::NoQuorum,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss => Exit::Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    fn status(code: Code, word: &str) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(word, "smsgrid", HashMap::from([("why".to_owned(), "so".to_owned())]));
        Status::with_error_details(code, "no", details)
    }

    #[test]
    fn a_word_decides_what_a_failed_call_means() {
        let refused = meaning(&status(Code::Unavailable, "KEY_REUSED"));
        let elsewhere = meaning(&status(Code::Unavailable, "NO_QUORUM"));
        let doubt = meaning(&status(Code::DeadlineExceeded, "OUTCOME_UNKNOWN"));

        assert!(
            matches!(&refused, Meaning::Refused(no) if no.exit() == Exit::Rejected && no.why == "so"),
            "{refused:?}"
        );
        assert!(matches!(&elsewhere, Meaning::Elsewhere(no) if no.exit() == Exit::NoQuorum), "{elsewhere:?}");
        assert_eq!(doubt, Meaning::Doubt("no".to_owned()));
    }

    #[test]
    fn a_broken_connection_leaves_doubt() {
        for code in
            [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal, Code::DeadlineExceeded]
        {
            assert_eq!(meaning(&Status::new(code, "broken")), Meaning::Doubt("broken".to_owned()), "{code}");
        }
    }

    #[test]
    fn a_word_nobody_knows_is_judged_by_its_code() {
        let refused = meaning(&status(Code::FailedPrecondition, "OF_A_LATER_VERSION"));

        assert!(matches!(&refused, Meaning::Refused(no) if no.exit() == Exit::Rejected), "{refused:?}");
        assert!(
            matches!(meaning(&Status::new(Code::NotFound, "x")), Meaning::Refused(no) if no.exit() == Exit::NotFound)
        );
    }

    #[test]
    fn the_field_at_fault_is_told() {
        let details = ErrorDetails::with_bad_request_violation("to", "it is no number");
        let status = Status::with_error_details(Code::InvalidArgument, "", details);

        let Meaning::Refused(refusal) = meaning(&status) else { panic!("it was looked at") };

        assert_eq!((refusal.field.as_str(), refusal.title.as_str()), ("to", "it is no number"));
    }
}
