//! Which of the three honest answers a failed submission is.

use smsgrid_proto::{DOMAIN, Reason};
use tonic::Status;
use tonic_types::StatusExt;

use crate::history::Answer;

/// Rejected only where the node says so in words that mean certainty; whatever else happened, nobody knows.
pub(super) fn of(status: &Status) -> Answer {
    let info = status.get_details_error_info().filter(|info| info.domain == DOMAIN);
    match info.map(|info| info.reason) {
        Some(reason) if is_certain(&reason) => Answer::Rejected { reason },
        Some(reason) => Answer::Unknown { why: reason },
        None => Answer::Unknown { why: format!("{}: {}", status.code(), status.message()) },
    }
}

fn is_certain(word: &str) -> bool {
    let certain = [
        Reason::BadNumber,
        Reason::MessageTooLong,
        Reason::BadRequest,
        Reason::MessageRejected,
        Reason::KeyReused,
        Reason::QueueFull,
        Reason::Overloaded,
        Reason::NoQuorum,
        Reason::LeaderChanging,
    ];
    certain.iter().any(|reason| reason.word() == word)
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;

    fn status(domain: &str, reason: &str) -> Status {
        let metadata = [("revision".to_owned(), "1".to_owned())];
        let details = ErrorDetails::with_error_info(reason, domain, metadata);
        Status::with_error_details(Code::Unavailable, "no", details)
    }

    #[test]
    fn only_a_word_of_certainty_from_a_node_is_a_rejection() {
        assert_eq!(of(&status(DOMAIN, "NO_QUORUM")), Answer::Rejected { reason: "NO_QUORUM".into() });
        assert!(matches!(of(&status(DOMAIN, "OUTCOME_UNKNOWN")), Answer::Unknown { .. }));
        assert!(matches!(of(&status("elsewhere", "NO_QUORUM")), Answer::Unknown { .. }));
        assert!(matches!(of(&Status::unavailable("connection refused")), Answer::Unknown { .. }));
    }
}
