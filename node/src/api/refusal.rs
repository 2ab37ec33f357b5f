//! A request that is not done: the code, the word, the field and what is certain, said once for every way it is told.

use std::collections::HashMap;
use std::time::Duration;

use smsgrid_proto::{DOMAIN, Problem, Reason, v1};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::limits::RETRY_AFTER;
use crate::raft::{ProposeError, Rejection};

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(Box<Told>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    code: Code,
    problem: Problem,
    /// The field at fault.
    field: Option<String>,
    retry_after: Option<Duration>,
    /// What a program may need: the id, the key, the revision.
    facts: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal with the catalogue's way out.
    pub(super) fn new(code: Code, reason: Reason, title: impl Into<String>) -> Refusal {
        let problem = Problem::new(reason, title);
        Refusal(Box::new(Told { code, problem, field: None, retry_after: None, facts: Vec::new() }))
    }

    /// A field has a value it cannot have.
    pub(super) fn field(field: impl Into<String>, fault: impl std::fmt::Display) -> Refusal {
        let field = field.into();
        Refusal::new(Code::InvalidArgument, Reason::BadRequest, format!("{field} {fault}")).at(field)
    }

    /// There is no such thing.
    pub(super) fn not_found(title: impl Into<String>) -> Refusal {
        Refusal::new(Code::NotFound, Reason::NotFound, title)
    }

    /// The command of a person did not get its reply.
    pub(super) fn proposal(error: &ProposeError, electing: bool) -> Refusal {
        match error {
            ProposeError::Rejected(rejection) => Refusal::rejection(*rejection, electing),
            ProposeError::Unknown(_) => Refusal::unknown(),
        }
    }

    /// A command that is certainly not in the log. `electing`: nodes enough are there, they only look for a leader.
    fn rejection(rejection: Rejection, electing: bool) -> Refusal {
        match rejection {
            Rejection::Overloaded => Refusal::unavailable(
                Reason::Overloaded,
                "this node takes no more at once; nothing was accepted",
            ),
            Rejection::NoLeader | Rejection::Late => Refusal::no_leader(electing),
            Rejection::TooLarge { octets, octets_max } => Refusal::new(
                Code::InvalidArgument,
                Reason::BadRequest,
                format!("the request takes {octets} octets in the log, which takes {octets_max} at once"),
            ),
            Rejection::Stopped => Refusal::stopping(),
        }
    }

    /// Nobody leads, so nothing can be accepted or read for certain.
    pub(super) fn no_leader(electing: bool) -> Refusal {
        if electing {
            let title = "a new leader is being elected; nothing was accepted";
            return Refusal::unavailable(Reason::LeaderChanging, title);
        }
        let title = "the cluster cannot accept messages now: no majority answers; nothing was accepted";
        Refusal::unavailable(Reason::NoQuorum, title)
    }

    /// The node stops.
    pub(super) fn stopping() -> Refusal {
        Refusal::unavailable(Reason::NodeStopping, "this node is stopping; nothing was accepted")
    }

    /// Nobody knows whether the request had its effect.
    pub(super) fn unknown() -> Refusal {
        let title = "it is not known whether the request was accepted: no answer came in time";
        Refusal::new(Code::DeadlineExceeded, Reason::OutcomeUnknown, title)
    }

    /// Not now; asking again is safe.
    pub(super) fn unavailable(reason: Reason, title: impl Into<String>) -> Refusal {
        let mut refusal = Refusal::new(Code::Unavailable, reason, title);
        refusal.0.retry_after = Some(RETRY_AFTER);
        refusal
    }

    /// Names the field at fault.
    pub(super) fn at(mut self, field: impl Into<String>) -> Refusal {
        self.0.field = Some(field.into());
        self
    }

    /// Puts the field into the item of a list: `messages[3].to`.
    pub(super) fn inside(mut self, item: &str) -> Refusal {
        self.0.field = Some(match self.0.field.take() {
            Some(field) => format!("{item}.{field}"),
            None => item.to_owned(),
        });
        self
    }

    /// Adds the cause or the evidence.
    pub(super) fn why(mut self, why: impl Into<String>) -> Refusal {
        self.0.problem.why = Some(why.into());
        self
    }

    /// Puts a better way out in the place of the catalogue's.
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Refusal {
        self.0.problem.fix = Some(fix.into());
        self
    }

    /// Adds what a program may need.
    pub(super) fn fact(mut self, name: &'static str, value: impl Into<String>) -> Refusal {
        self.0.facts.push((name, value.into()));
        self
    }

    /// The word.
    pub(super) fn reason(&self) -> Reason {
        self.0.problem.reason
    }

    /// The code of a call.
    pub(super) fn code(&self) -> Code {
        self.0.code
    }

    /// The same as the item of a batch.
    pub(super) fn into_item(self) -> v1::Problem {
        let Told { code, problem, field, .. } = *self.0;
        v1::Problem {
            reason: problem.reason.word().to_owned(),
            title: problem.title,
            why: problem.why.unwrap_or_default(),
            fix: problem.fix.unwrap_or_else(|| problem.reason.fix().to_owned()),
            field: field.unwrap_or_default(),
            code: code as i32,
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        let Told { code, problem, field, retry_after, facts } = *refusal.0;
        let mut metadata: HashMap<String, String> =
            facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let fix = problem.fix.unwrap_or_else(|| problem.reason.fix().to_owned());
        metadata.insert("fix".to_owned(), fix);
        metadata.extend(problem.why.map(|why| ("why".to_owned(), why)));
        let mut details = ErrorDetails::with_error_info(problem.reason.word(), DOMAIN, metadata);
        if let Some(field) = field {
            details.add_bad_request_violation(field, problem.title.clone());
        }
        if let Some(delay) = retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(code, problem.title, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_word_field_hint_and_way_out() {
        let refusal = Refusal::field("to", "is empty").inside("messages[3]").fact("id", "x").why("evidence");

        let item = refusal.clone().into_item();
        let status = Status::from(refusal);
        let details = status.get_error_details();

        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "to is empty"));
        let info = details.error_info().expect("a word");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("BAD_REQUEST", "smsgrid"));
        assert_eq!(info.metadata["id"], "x");
        assert_eq!(info.metadata["why"], "evidence");
        assert_eq!(info.metadata["fix"], Reason::BadRequest.fix());
        assert_eq!(details.bad_request().expect("a field").field_violations[0].field, "messages[3].to");
        assert_eq!((item.field.as_str(), item.code), ("messages[3].to", 3));
    }

    #[test]
    fn what_passes_says_when_to_ask_again_and_that_nothing_was_accepted() {
        let overloaded = ProposeError::Rejected(Rejection::Overloaded);
        let leaderless = ProposeError::Rejected(Rejection::NoLeader);
        let told = [
            (Refusal::proposal(&overloaded, false), "OVERLOADED"),
            (Refusal::proposal(&leaderless, false), "NO_QUORUM"),
            (Refusal::proposal(&leaderless, true), "LEADER_CHANGING"),
            (Refusal::proposal(&ProposeError::Rejected(Rejection::Stopped), false), "NODE_STOPPING"),
        ];

        for (refusal, word) in told {
            let status = Status::from(refusal);
            assert_eq!(status.code(), Code::Unavailable);
            assert!(status.message().ends_with("nothing was accepted"), "{}", status.message());
            let details = status.get_error_details();
            assert_eq!(details.error_info().expect("a word").reason, word);
            assert!(details.retry_info().expect("a hint").retry_delay.is_some());
        }
        let unknown = Status::from(Refusal::proposal(&ProposeError::Unknown(None), false));
        assert_eq!(unknown.code(), Code::DeadlineExceeded);
        assert!(!unknown.message().contains("nothing was accepted"));
    }
}
